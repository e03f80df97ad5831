//! Small things about bytes: `openssl rand`, `dgst`, `base64`.

use base64::Engine;
use sha2::Digest;
use x509_cert::der::Encode;

use super::keys::{Key, colons};
use super::signing::{self, Hash};
use super::words::Words;
use super::{Done, Failed, opened, pem, pkey, put, traced, words};
use crate::api::pki::request::has_signed;
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

/// More than that nobody looks at.
const MOST_RANDOM: i64 = 16 << 20;

pub fn random(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, "hex base64", "out rand writerand")?;
    let n = match w.rest.as_slice() {
        [] => 0,
        [n] => w.a_number(n)?,
        _ => return Err(format!("{name}: Use -help for summary.").into()),
    };
    let bytes = c.sys.noise(usize::try_from(n.clamp(0, MOST_RANDOM)).unwrap_or(0));
    let text = if w.has("hex") {
        format!("{}\n", colons(&bytes, false).replace(':', "")).into_bytes()
    } else if w.has("base64") {
        pem::wrapped(&bytes).into_bytes()
    } else {
        bytes
    };
    put(c, w.value("out"), &text)?;
    Ok(0)
}

const NAMES: [(&str, &str); 6] = [
    ("md5", "MD5"),
    ("sha1", "SHA1"),
    ("sha224", "SHA2-224"),
    ("sha256", "SHA2-256"),
    ("sha384", "SHA2-384"),
    ("sha512", "SHA2-512"),
];

fn digest_of(name: &str, data: &[u8]) -> Vec<u8> {
    match name {
        "md5" => md5::Md5::digest(data).to_vec(),
        "sha1" => sha1::Sha1::digest(data).to_vec(),
        "sha224" => sha2::Sha224::digest(data).to_vec(),
        "sha384" => sha2::Sha384::digest(data).to_vec(),
        "sha512" => sha2::Sha512::digest(data).to_vec(),
        _ => sha2::Sha256::digest(data).to_vec(),
    }
}

/// RFC 2104.
fn keyed(name: &str, key: &[u8], data: &[u8]) -> Vec<u8> {
    let block = if matches!(name, "sha384" | "sha512") { 128 } else { 64 };
    let mut key = if key.len() > block { digest_of(name, key) } else { key.to_vec() };
    key.resize(block, 0);
    let padded = |with: u8| key.iter().map(|b| b ^ with).collect::<Vec<u8>>();
    let inner = digest_of(name, &[&padded(0x36), data].concat());
    digest_of(name, &[padded(0x5c), inner].concat())
}

pub fn digest(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let flags = "md5 sha1 sha224 sha256 sha384 sha512 hex binary r c d";
    let w = words::parse(name, args, flags, "out hmac sign verify signature passin keyform")?;
    let asked = w.options.iter().rev().map(|(n, _)| n.as_str()).find(|n| NAMES.iter().any(|(m, _)| m == n));
    let asked = asked.or_else(|| Some(name).filter(|n| *n != "dgst"));
    let kind = asked.unwrap_or("sha256");
    // Only what is asked for is called by its whole name.
    let called = asked.map_or("SHA256", |k| NAMES.iter().find(|(n, _)| *n == k).map_or("", |(_, l)| *l));
    if w.has("sign") || w.has("verify") {
        return by_key(c, &w);
    }
    let files: Vec<Option<&str>> =
        if w.rest.is_empty() { vec![None] } else { w.rest.iter().map(|f| Some(f.as_str())).collect() };
    let (mut out, mut code) = (vec![], 0);
    for file in files {
        let data = match super::input(c, file) {
            Ok(data) => data,
            Err(Errno::Again) => return Ok(1),
            Err(e) => {
                let (file, why) = (file.unwrap_or_default(), e.text());
                let lines = [
                    format!(
                        "80000002:system library:file_ctrl:{why}:../crypto/bio/bss_file.c:297:calling fopen({file}, r)"
                    ),
                    "10080002:BIO routines:file_ctrl:system lib:../crypto/bio/bss_file.c:300:".into(),
                ];
                let text = format!("{file}: {why}\n{}", traced(c, &lines));
                c.err.extend(text.bytes());
                code = 1;
                continue;
            }
        };
        let sum = match w.value("hmac") {
            Some(key) => keyed(kind, key.as_bytes(), &data),
            None => digest_of(kind, &data),
        };
        let hex = colons(&sum, false);
        let hex = if w.has("c") { hex } else { hex.replace(':', "") };
        if w.has("binary") {
            out.extend(sum);
        } else if w.has("r") {
            out.extend(format!("{hex} *{}\n", file.unwrap_or("stdin")).bytes());
        } else {
            out.extend(format!("{called}({})= {hex}\n", file.unwrap_or("stdin")).bytes());
        }
    }
    put(c, w.value("out"), &out)?;
    Ok(code)
}

/// A digest that is signed, or whose signature is looked at.
fn by_key(c: &mut Call<'_, '_>, w: &Words) -> Done {
    let data = opened(c, w.rest.first().map(String::as_str), "r")?;
    let hash = Hash::asked(w);
    if let Some(file) = w.value("sign") {
        let key = Key::read(c, Some(file), "private key")?;
        put(c, w.value("out"), &signing::sign(&key, hash, &data)?)?;
        return Ok(0);
    }
    let key = pkey::public(c, w.value("verify"))?;
    let Some(file) = w.value("signature") else {
        return Err("No signature to verify: use the -signature option".into());
    };
    let signature = opened(c, Some(file), "rb")?;
    let algorithm = match (key.algorithm.oid, hash) {
        (super::keys::RSA, Hash::Sha384) => crate::api::pki::request::RSA_SHA384,
        (super::keys::RSA, Hash::Sha512) => crate::api::pki::request::RSA_SHA512,
        (super::keys::RSA, Hash::Sha256) => crate::api::pki::request::RSA_SHA256,
        (super::keys::EC, _) => crate::api::pki::request::ECDSA_SHA256,
        (other, _) => other,
    };
    let der = key.to_der().map_err(|e| Failed::from(e.to_string()))?;
    match has_signed(&der, algorithm, &data, &signature) {
        Some(true) => {
            c.line("Verified OK");
            Ok(0)
        }
        _ => {
            c.line("Verification failure");
            Ok(1)
        }
    }
}

pub fn encode(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, "base64 a A d e p", "in out k pass iter S")?;
    let w = match w {
        w if name == "enc" && !w.has("base64") && !w.has("a") => {
            return Err("kubetutor: enc only knows -base64 here".into());
        }
        w => w.ends()?,
    };
    let data = opened(c, w.value("in"), "rb")?;
    let made = match (w.has("d"), w.has("A")) {
        (true, flat) => decoded(&data, flat),
        (false, true) => base64::prelude::BASE64_STANDARD.encode(&*data).into_bytes(),
        (false, false) => pem::wrapped(&data).into_bytes(),
    };
    put(c, w.value("out"), &made)?;
    Ok(0)
}

/// What is no base64 gives nothing. A text without any end of a line is only read where it is said to be one line.
fn decoded(data: &[u8], flat: bool) -> Vec<u8> {
    if !flat && !data.contains(&b'\n') {
        return vec![];
    }
    let clean: Vec<u8> = data.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    base64::prelude::BASE64_STANDARD.decode(clean).unwrap_or_default()
}
