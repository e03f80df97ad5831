//! `openssl pkey`, `rsa`, `ec`: a key is read, shown, and written in another form.

use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::keys::{EC, Key, RSA, modulus, public_pem, public_text};
use super::{Done, Failed, pem, put, put_secret, words};
use crate::runtime::programs::Call;

pub fn pkey(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let flags = "noout text text_pub pubin pubout modulus check traditional";
    let w = words::parse(name, args, flags, "in out inform outform passin passout")?.ends()?;
    let file = w.value("in");
    let what = if name == "pkey" { "key" } else { "private key" };
    let (key, public) = if w.has("pubin") {
        (None, public(c, file)?)
    } else {
        let key = Key::read(c, file, what)?;
        let public = key.public()?;
        (Some(key), public)
    };
    let wanted = match name {
        "rsa" => RSA,
        "ec" => EC,
        _ => public.algorithm.oid,
    };
    if public.algorithm.oid != wanted {
        return Err(if name == "rsa" { "Not an RSA key" } else { "Not an EC key" }.into());
    }
    if name == "ec" {
        c.err.extend(b"read EC key\n");
    }
    let mut shown = String::new();
    match &key {
        Some(k) if w.has("text") => shown.push_str(&k.text()),
        _ if w.has("text") || w.has("text_pub") => shown.push_str(&public_text(&public, 0)),
        _ => {}
    }
    if w.has("modulus") {
        shown.push_str(&modulus(&public));
    }
    if w.has("check") {
        shown.push_str(match name {
            "rsa" => "RSA key ok\n",
            "ec" => "EC Key valid.\n",
            _ => "Key is valid\n",
        });
    }
    let only_public = key.is_none() || w.has("pubout");
    let mut written = String::new();
    if !w.has("noout") {
        match name {
            "rsa" => c.err.extend(b"writing RSA key\n"),
            "ec" => c.err.extend(b"writing EC key\n"),
            _ => {}
        }
        written = match &key {
            Some(k) if !only_public && (w.has("traditional") || name == "ec") => k.traditional()?,
            Some(k) if !only_public => k.pem()?,
            _ => public_pem(&public)?,
        };
    }
    // What is shown stands before the key, but `pkey` shows it after.
    let text = if name == "pkey" { written + &shown } else { shown + &written };
    match only_public {
        true => put(c, w.value("out"), text.as_bytes())?,
        false => put_secret(c, name, w.value("out"), text.as_bytes())?,
    }
    Ok(0)
}

/// The public key of a file.
pub fn public(c: &mut Call<'_, '_>, file: Option<&str>) -> Result<SubjectPublicKeyInfoOwned, Failed> {
    let found = pem::found(c, file, "public key", |b| b.label == "PUBLIC KEY", Some("PUBLIC KEY"))?;
    let key = found.first().and_then(|b| SubjectPublicKeyInfoOwned::from_der(&b.bytes).ok());
    key.ok_or_else(|| pem::unreadable(c, "public key", file, true))
}
