//! Requests and certificates in words: what `-text` prints.

use x509_cert::certificate::Certificate;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::request::{CertReq, ExtensionReq};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time as Moment;

use super::keys::{algorithm_name, colons, lines, public_text};
use super::names::{Layout, shown};
use super::{extensions, signing};
use crate::api::Time;
use crate::runtime::programs::moments;

pub fn time_of(t: Moment) -> Time {
    Time::from_nanos(u64::try_from(t.to_unix_duration().as_nanos()).unwrap_or(u64::MAX))
}

pub fn date(t: Moment) -> String {
    moments::shown(time_of(t), "%b %e %H:%M:%S %Y GMT")
}

/// The number of a version is one less than its name says.
fn version(n: u8) -> String {
    format!("        Version: {} ({n:#x})\n", n + 1)
}

fn key(k: &SubjectPublicKeyInfoOwned) -> String {
    let name = algorithm_name(k.algorithm.oid);
    format!("        Subject Public Key Info:\n            Public Key Algorithm: {name}\n{}", public_text(k, 16))
}

fn signature(algorithm: String, value: &[u8]) -> String {
    let mut t = format!("    Signature Algorithm: {algorithm}\n    Signature Value:\n");
    lines(&mut t, value, 18, 8);
    t
}

/// What a request wants to have said beside its subject.
pub fn requested(r: &CertReq) -> Vec<Extension> {
    let mut all = vec![];
    for a in r.info.attributes.iter().filter(|a| a.oid == ExtensionReq::OID) {
        for v in a.values.iter() {
            let asked = v.to_der().ok().and_then(|d| ExtensionReq::from_der(&d).ok());
            all.extend(asked.into_iter().flat_map(|e| e.0));
        }
    }
    all
}

pub fn request(r: &CertReq, layout: Layout) -> String {
    let mut t = "Certificate Request:\n    Data:\n".to_string() + &version(0);
    t.push_str(&format!("        Subject: {}\n", shown(&r.info.subject, layout)));
    t.push_str(&key(&r.info.public_key));
    t.push_str("        Attributes:\n");
    let asked = requested(r);
    if asked.is_empty() {
        t.push_str("            (none)\n");
    }
    t.push_str("            Requested Extensions:\n");
    asked.iter().for_each(|e| t.push_str(&extensions::text(e, 16)));
    t + &signature(signing::name(r.algorithm.oid), r.signature.raw_bytes())
}

/// The bytes of a serial number without a zero for its sign.
pub fn serial(c: &Certificate) -> Vec<u8> {
    let all = c.tbs_certificate.serial_number.as_bytes();
    let zeros = all.iter().take_while(|b| **b == 0).count().min(all.len().saturating_sub(1));
    all[zeros..].to_vec()
}

pub fn certificate(c: &Certificate, layout: Layout) -> String {
    let tbs = &c.tbs_certificate;
    let mut t = "Certificate:\n    Data:\n".to_string() + &version(tbs.version as u8);
    let serial = serial(c);
    match serial.len() {
        0..=8 => {
            let n = serial.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
            t.push_str(&format!("        Serial Number: {n} ({n:#x})\n"));
        }
        _ => t.push_str(&format!("        Serial Number:\n            {}\n", colons(&serial, false))),
    }
    t.push_str(&format!("        Signature Algorithm: {}\n", signing::name(tbs.signature.oid)));
    t.push_str(&format!("        Issuer: {}\n", shown(&tbs.issuer, layout)));
    t.push_str(&format!("        Validity\n            Not Before: {}\n", date(tbs.validity.not_before)));
    t.push_str(&format!("            Not After : {}\n", date(tbs.validity.not_after)));
    t.push_str(&format!("        Subject: {}\n", shown(&tbs.subject, layout)));
    t.push_str(&key(&tbs.subject_public_key_info));
    if let Some(all) = tbs.extensions.as_ref().filter(|all| !all.is_empty()) {
        t.push_str("        X509v3 extensions:\n");
        all.iter().for_each(|e| t.push_str(&extensions::text(e, 12)));
    }
    t + &signature(signing::name(c.signature_algorithm.oid), c.signature.raw_bytes())
}
