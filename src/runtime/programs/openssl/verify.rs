//! `openssl verify`: whether certificates lead to an authority that is trusted.

use x509_cert::Certificate;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::BasicConstraints;

use super::names::{Layout, shown};
use super::{Done, Failed, show, traced, words, x509};
use crate::api::{Time, pki};
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

/// How long a chain may be.
const DEEPEST: usize = 100;

pub fn verify(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let flags = "verbose show_chain no-CApath no-CAfile x509_strict partial_chain";
    let w = words::parse(name, args, flags, "CAfile CApath untrusted trusted purpose verify_hostname")?;
    let mut trusted = vec![];
    for file in w.values("CAfile").chain(w.values("trusted")) {
        trusted.extend(authorities(c, file)?);
    }
    let mut between = vec![];
    for file in w.values("untrusted") {
        between.extend(authorities(c, file)?);
    }
    let files: Vec<Option<&str>> =
        if w.rest.is_empty() { vec![None] } else { w.rest.iter().map(|f| Some(f.as_str())).collect() };
    let mut code = 0;
    for file in files {
        let loaded = x509::load(c, file, "certificate file");
        let leaf = match loaded {
            Ok(leaf) => leaf,
            Err(failed) => {
                c.err.extend(failed.text.bytes());
                code = 2;
                continue;
            }
        };
        let called = file.unwrap_or("stdin");
        match walk(&leaf, &trusted, &between, c.sys.now) {
            Ok(()) => c.line(format!("{called}: OK")),
            Err((depth, of, number, why)) => {
                let subject = shown(&of, Layout::Spaced);
                let text = format!(
                    "{subject}\nerror {number} at {depth} depth lookup: {why}\nerror {called}: verification failed\n"
                );
                c.err.extend(text.bytes());
                code = 2;
            }
        }
    }
    Ok(code)
}

fn authorities(c: &mut Call<'_, '_>, file: &str) -> Result<Vec<Certificate>, Failed> {
    let content = match c.read(file) {
        Err(e) if e != Errno::Again => {
            let why = e.text();
            let lines = [
                format!("80000002:system library:BIO_new_file:{why}:../crypto/bio/bss_file.c:67:calling fopen({file}, r)"),
                "10000080:BIO routines:BIO_new_file:no such file:../crypto/bio/bss_file.c:75:".into(),
                "05880002:x509 certificate routines:X509_load_cert_crl_file_ex:system lib:../crypto/x509/by_file.c:229:".into(),
            ];
            return Err(Failed { text: format!("Error loading file {file}\n{}", traced(c, &lines)), code: 1 });
        }
        other => other.map_err(|e| Failed::from(e.text()))?,
    };
    let blocks = crate::api::pem::blocks(&content);
    let all: Vec<Certificate> = blocks.iter().filter_map(|b| Certificate::from_der(&b.bytes).ok()).collect();
    match all.is_empty() {
        false => Ok(all),
        true => {
            let line = "05800088:x509 certificate routines:X509_load_cert_crl_file_ex:no certificate or crl found:../crypto/x509/by_file.c:254:";
            let text = format!("Error loading file {file}\n{}", traced(c, &[line.into()]));
            Err(Failed { text, code: 1 })
        }
    }
}

/// At which depth, of which certificate, by which number, and why.
type Refusal = (usize, x509_cert::name::Name, u32, &'static str);

fn walk(leaf: &Certificate, trusted: &[Certificate], between: &[Certificate], now: Time) -> Result<(), Refusal> {
    let mut chain = vec![leaf];
    let refused = |depth: usize, of: &Certificate, number: u32, why: &'static str| {
        Err((depth, of.tbs_certificate.subject.clone(), number, why))
    };
    for depth in 0..DEEPEST {
        let Some(at) = chain.last().copied() else { break };
        let own = &at.tbs_certificate;
        let itself = own.subject == own.issuer;
        if trusted.contains(at) && itself {
            return dates(&chain, now);
        }
        let signer = |all: &'_ &Certificate| all.tbs_certificate.subject == own.issuer;
        let next = trusted.iter().find(signer).or_else(|| between.iter().filter(|b| *b != at).find(signer));
        let Some(next) = next else {
            return match (itself, depth) {
                (true, 0) => refused(0, at, 18, "self-signed certificate"),
                (true, _) => refused(depth, at, 19, "self-signed certificate in certificate chain"),
                _ => refused(depth, at, 20, "unable to get local issuer certificate"),
            };
        };
        if !may_sign(next) {
            return refused(depth + 1, next, 79, "invalid CA certificate");
        }
        if !has_signed(next, at) {
            return match itself {
                true => refused(depth, at, 18, "self-signed certificate"),
                false => refused(depth, at, 7, "certificate signature failure"),
            };
        }
        chain.push(next);
    }
    refused(DEEPEST, leaf, 22, "certificate chain too long")
}

fn dates(chain: &[&Certificate], now: Time) -> Result<(), Refusal> {
    for (depth, c) in chain.iter().enumerate().rev() {
        let v = &c.tbs_certificate.validity;
        if now < show::time_of(v.not_before) {
            return Err((depth, c.tbs_certificate.subject.clone(), 9, "certificate is not yet valid"));
        }
        if now > show::time_of(v.not_after) {
            return Err((depth, c.tbs_certificate.subject.clone(), 10, "certificate has expired"));
        }
    }
    Ok(())
}

/// One without any extensions is of a time when nobody said it.
fn may_sign(c: &Certificate) -> bool {
    let tbs = &c.tbs_certificate;
    let all = tbs.extensions.as_deref().unwrap_or_default();
    match all.iter().find(|e| e.extn_id == BasicConstraints::OID) {
        Some(e) => BasicConstraints::from_der(e.extn_value.as_bytes()).is_ok_and(|b| b.ca),
        None => all.is_empty() && tbs.subject == tbs.issuer,
    }
}

fn has_signed(authority: &Certificate, c: &Certificate) -> bool {
    let key = authority.tbs_certificate.subject_public_key_info.to_der();
    let told = c.tbs_certificate.to_der();
    let (Ok(key), Ok(told)) = (key, told) else { return false };
    pki::request::has_signed(&key, c.signature_algorithm.oid, &told, c.signature.raw_bytes()) == Some(true)
}
