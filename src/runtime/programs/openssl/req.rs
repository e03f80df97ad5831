//! `openssl req`: requests for certificates, and certificates that sign themselves.

use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::der::asn1::{BitString, SetOfVec};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Any, Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};

use super::config::Config;
use super::extensions::{self, Parties};
use super::keys::{Key, modulus, public_pem};
use super::names::{self, Layout};
use super::signing::{self, Hash};
use super::words::Words;
use super::x509::{Making, random_serial, serial_of};
use super::{Done, Failed, generating, opened, pem, put, put_secret, show, traced, words};
use crate::api::pki::request::Request;
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

const LABEL: &str = "CERTIFICATE REQUEST";
const FLAGS: &str = "new x509 nodes noenc noout text subject pubkey modulus verify batch utf8 multivalue-rdn newhdr verbose quiet sha256 sha384 sha512";
const VALUED: &str = "in out key keyout newkey subj addext days config section extensions reqexts set_serial nameopt inform outform keyform passin passout pkeyopt";
const DAYS: i64 = 30;

fn wrong(e: impl std::fmt::Display) -> Failed {
    e.to_string().into()
}

/// The words of a call, or what is wrong with them.
pub fn read(name: &str, args: &[String]) -> Result<Words, Failed> {
    words::parse(name, args, FLAGS, VALUED)?.ends()
}

/// Whether a request is made, and not only looked at.
pub fn is_new(w: &Words) -> bool {
    w.has("new") || w.has("newkey") || (w.has("x509") && !w.has("in"))
}

pub fn req(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = read(name, args)?;
    let config = match w.value("config") {
        Some(file) => Config::parse(&String::from_utf8_lossy(&opened(c, Some(file), "r")?)),
        None => Config::default(),
    };
    let hash = Hash::asked(&w);
    let key = if is_new(&w) {
        Some(own_key(c, name, &w)?)
    } else {
        w.value("key").map(|k| Key::read(c, Some(k), "private key")).transpose()?
    };
    let asked = match &key {
        Some(key) if is_new(&w) => {
            let subject = subject(c, name, &w, &config)?;
            let public = key.public()?;
            let section = w.value("reqexts").or_else(|| w.value("extensions")).or(config.get("req", "req_extensions"));
            let of = Parties { subject: &public, issuer: None };
            // What a certificate says is made further down.
            let wanted = if w.has("x509") { vec![] } else { wanted(c, &w, &config, section, &of, vec![])? };
            request(key, hash, subject, wanted)?
        }
        _ => parse(c, &w)?,
    };
    if w.has("verify") {
        let der = asked.to_der().map_err(wrong)?;
        let fits = Request::parse(&der).is_ok_and(|r| r.check_signature().is_ok());
        let text = if fits {
            "Certificate request self-signature verify OK"
        } else {
            "Certificate request self-signature verify failure"
        };
        c.err.extend(format!("{text}\n").bytes());
        if !fits {
            return Err(Failed { text: String::new(), code: 1 });
        }
    }
    if w.has("x509") {
        let Some(key) = &key else { return Err("We need a private key to sign with".into()) };
        return itself(c, &w, &config, hash, key, asked);
    }
    let layout = w.value("nameopt").map_or_else(Layout::default, Layout::named);
    let mut shown = String::new();
    let public = &asked.info.public_key;
    for (option, _) in &w.options {
        match option.as_str() {
            "pubkey" => shown.push_str(&public_pem(public)?),
            "text" => shown.push_str(&show::request(&asked, layout)),
            "subject" => shown.push_str(&format!("subject={}\n", names::shown(&asked.info.subject, layout))),
            "modulus" => shown.push_str(&modulus(public)),
            _ => {}
        }
    }
    if !w.has("noout") {
        let der = asked.to_der().map_err(wrong)?;
        if w.value("outform").is_some_and(|f| f.eq_ignore_ascii_case("der")) {
            put(c, w.value("out"), &der)?;
            return Ok(0);
        }
        shown.push_str(&pem::written(LABEL, &der));
    }
    put(c, w.value("out"), shown.as_bytes())?;
    Ok(0)
}

/// The key that signs: of a file, or a new one.
fn own_key(c: &mut Call<'_, '_>, name: &str, w: &Words) -> Result<Key, Failed> {
    if let Some(file) = w.value("key").filter(|_| !w.has("newkey")) {
        return Key::read(c, Some(file), "private key");
    }
    if !w.has("nodes") && !w.has("noenc") {
        return Err("kubetutor: keys are not encrypted here: add -nodes".into());
    }
    let kind = w.value("newkey").unwrap_or("rsa");
    let (kind, more) = kind.split_once(':').unwrap_or((kind, ""));
    let option = |wanted: &str| {
        w.values("pkeyopt").filter_map(|o| o.split_once(':')).find(|(n, _)| *n == wanted).map(|(_, v)| v)
    };
    let key = match kind.to_ascii_lowercase().as_str() {
        "rsa" => {
            let bits = match option("rsa_keygen_bits").unwrap_or(more) {
                "" => 2048,
                n => n.parse().unwrap_or(0),
            };
            if bits < 512 {
                return Err("Private key length too short, it needs to be at least 512 bits, not 0.".into());
            }
            generating::progress(c, w.has("quiet"));
            Key::rsa(c, bits)?
        }
        "ec" | "param" => match option("ec_paramgen_curve").unwrap_or(more) {
            "P-256" | "prime256v1" | "secp256r1" => Key::p256(c),
            _ => return Err("Error generating key".into()),
        },
        "ed25519" => Key::ed25519(c),
        other => {
            let line = format!(
                "0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:../crypto/evp/evp_fetch.c:386:Global default library context, Algorithm ({other} : 0), Properties (<null>)"
            );
            let text = format!("Unknown algorithm {other}\n{}", traced(c, &[line]));
            return Err(Failed { text, code: 1 });
        }
    };
    put_secret(c, name, Some(w.value("keyout").unwrap_or("privkey.pem")), key.pem()?.as_bytes())?;
    c.err.extend(b"-----\n");
    Ok(key)
}

/// `-subj`, or what a file says that asks nobody.
fn subject(c: &mut Call<'_, '_>, name: &str, w: &Words, config: &Config) -> Result<Name, Failed> {
    if let Some(text) = w.value("subj") {
        let parts = names::split(text).map_err(|e| format!("{name}: {e}"))?;
        return names::made(c, &parts);
    }
    let section = config.get("req", "distinguished_name").unwrap_or("req_distinguished_name");
    let pairs = config.section(section).unwrap_or_default();
    // `0.O` and `1.O` are both an organization.
    let bare = |n: &str| n.rsplit('.').next().unwrap_or(n).to_string();
    let part = |(n, v): &(String, String)| names::Part { field: bare(n), value: v.clone(), joined: false };
    let parts: Vec<names::Part> = pairs.iter().map(part).collect();
    if parts.is_empty() {
        return Err("error, no objects specified in config file\nproblems making Certificate Request".into());
    }
    names::made(c, &parts)
}

/// What is to stand beside the subject: by a section of the file, and by `-addext`.
fn wanted(
    c: &mut Call<'_, '_>,
    w: &Words,
    config: &Config,
    section: Option<&str>,
    of: &Parties<'_>,
    mut all: Vec<Extension>,
) -> Result<Vec<Extension>, Failed> {
    if let Some(section) = section {
        let Some(pairs) = config.section(section) else {
            return Err(format!("Error checking request extension section {section}").into());
        };
        let said = format!("Error checking request extension section {section}");
        all.extend(extensions::made(c, section, pairs, config, of, &said)?);
    }
    let added: Vec<(String, String)> = w
        .values("addext")
        .map(|a| a.split_once('=').map_or((a.to_string(), String::new()), |(n, v)| (n.trim().into(), v.trim().into())))
        .collect();
    let none = Config::default();
    let added = extensions::made(c, "default", &added, &none, of, "Error checking extensions defined using -addext")?;
    all.retain(|e| added.iter().all(|a| a.extn_id != e.extn_id));
    all.extend(added);
    Ok(all)
}

fn request(key: &Key, hash: Hash, subject: Name, wanted: Vec<Extension>) -> Result<CertReq, Failed> {
    let mut attributes = SetOfVec::default();
    if !wanted.is_empty() {
        let value = Any::encode_from(&ExtensionReq(wanted)).map_err(wrong)?;
        let values = SetOfVec::try_from(vec![value]).map_err(wrong)?;
        attributes.insert(Attribute { oid: ExtensionReq::OID, values }).map_err(wrong)?;
    }
    let info = CertReqInfo { version: Version::V1, subject, public_key: key.public()?, attributes };
    let signature = signing::sign(key, hash, &info.to_der().map_err(wrong)?)?;
    let signature = BitString::from_bytes(&signature).map_err(wrong)?;
    Ok(CertReq { info, algorithm: signing::algorithm(key, hash), signature })
}

fn parse(c: &mut Call<'_, '_>, w: &Words) -> Result<CertReq, Failed> {
    let file = w.value("in");
    let content = match super::input(c, file) {
        Err(e) if e != Errno::Again => {
            let said = super::cannot_open(c, file.unwrap_or("-"), e, "r");
            return Err(Failed { text: format!("{}Unable to load X509 request\n", said.text), code: 1 });
        }
        other => other.map_err(|e| Failed::from(e.text()))?,
    };
    from_file(c, &content, w.value("inform")).ok_or_else(|| {
        let line =
            "0480006C:PEM routines:get_name:no start line:../crypto/pem/pem_lib.c:760:Expecting: CERTIFICATE REQUEST";
        let text = format!("Unable to load X509 request\n{}", traced(c, &[line.into()]));
        Failed { text, code: 1 }
    })
}

/// The request in what was read.
pub fn from_file(_: &mut Call<'_, '_>, content: &[u8], form: Option<&str>) -> Option<CertReq> {
    if form.is_some_and(|f| f.eq_ignore_ascii_case("der")) {
        return CertReq::from_der(content).ok();
    }
    let block = crate::api::pem::blocks(content).into_iter().find(|b| b.label.ends_with(LABEL))?;
    CertReq::from_der(&block.bytes).ok()
}

/// A certificate whose own key has signed it.
fn itself(c: &mut Call<'_, '_>, w: &Words, config: &Config, hash: Hash, key: &Key, asked: CertReq) -> Done {
    let public = asked.info.public_key.clone();
    let of = Parties { subject: &public, issuer: Some(&public) };
    let section = w.value("extensions").or(config.get("req", "x509_extensions"));
    // The usual file of the distribution says this of an authority.
    let usual: Vec<(String, String)> = [
        ("subjectKeyIdentifier", "hash"),
        ("authorityKeyIdentifier", "keyid:always,issuer"),
        ("basicConstraints", "critical,CA:true"),
    ]
    .map(|(n, v)| (n.to_string(), v.to_string()))
    .into();
    let begin = if w.has("config") { vec![] } else { extensions::made(c, "v3_ca", &usual, config, &of, "")? };
    let mut all = wanted(c, w, config, section, &of, begin)?;
    if all.is_empty() {
        all = vec![];
    } else {
        extensions::identified(&mut all, &of)?;
    }
    let serial = match w.value("set_serial") {
        Some(n) => serial_of(n)?,
        None => random_serial(c),
    };
    let subject = asked.info.subject;
    let days = w.number("days")?.unwrap_or(DAYS);
    let making = Making { subject: subject.clone(), issuer: subject, public, serial, days, extensions: all };
    let made: Certificate = making.signed(c, key, hash)?;
    let layout = w.value("nameopt").map_or_else(Layout::default, Layout::named);
    let mut shown = String::new();
    if w.has("text") {
        shown.push_str(&show::certificate(&made, layout));
    }
    if w.has("subject") {
        shown.push_str(&format!("subject={}\n", names::shown(&made.tbs_certificate.subject, layout)));
    }
    if !w.has("noout") {
        shown.push_str(&pem::written("CERTIFICATE", &made.to_der().map_err(wrong)?));
    }
    put(c, w.value("out"), shown.as_bytes())?;
    Ok(0)
}
