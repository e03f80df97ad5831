//! `openssl x509`: certificates are shown, and made of requests.

use sha1::Digest;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::der::asn1::{BitString, SetOfVec, Utf8StringRef};
use x509_cert::der::{Any, Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::name::{Name, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Validity;

use super::config::Config;
use super::extensions::{self, Parties};
use super::keys::{Key, colons, modulus, public_pem};
use super::names::{self, Layout};
use super::signing::{self, Hash};
use super::words::Words;
use super::{Done, Failed, opened, pem, put, req, show, traced, words};
use crate::api::Duration;
use crate::api::pki::{self, request::Request};
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

const FLAGS: &str = "req noout text subject issuer dates enddate startdate serial fingerprint pubkey modulus email hash subject_hash issuer_hash CAcreateserial clrext md5 sha1 sha256 sha384 sha512 nocert new";
const VALUED: &str = "in out CA CAkey CAserial days extfile extensions set_serial ext checkend nameopt certopt inform outform CAform CAkeyform signkey key keyform passin copy_extensions subj";
const LABEL: &str = "CERTIFICATE";
const DAYS: i64 = 30;
const DAY: u64 = 24 * 3_600;
/// The last year that a certificate can name.
const MOST_DAYS: i64 = 2_900_000;

fn wrong(e: impl std::fmt::Display) -> Failed {
    e.to_string().into()
}

/// All that a certificate will say.
pub struct Making {
    pub subject: Name,
    pub issuer: Name,
    pub public: SubjectPublicKeyInfoOwned,
    pub serial: Vec<u8>,
    pub days: i64,
    pub extensions: Vec<Extension>,
}

impl Making {
    pub fn signed(self, c: &Call<'_, '_>, key: &Key, hash: Hash) -> Result<Certificate, Failed> {
        let now = c.sys.now;
        let length = Duration::from_secs(self.days.unsigned_abs().min(MOST_DAYS.unsigned_abs()) * DAY);
        let end = if self.days < 0 {
            crate::api::Time::from_nanos(now.nanos().saturating_sub(length.as_nanos() as u64))
        } else {
            now + length
        };
        let algorithm = signing::algorithm(key, hash);
        let tbs = TbsCertificate {
            version: if self.extensions.is_empty() { Version::V1 } else { Version::V3 },
            serial_number: SerialNumber::new(&self.serial).map_err(wrong)?,
            signature: algorithm.clone(),
            issuer: self.issuer,
            validity: Validity { not_before: pki::at(now)?, not_after: pki::at(end)? },
            subject: self.subject,
            subject_public_key_info: self.public,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions).filter(|e| !e.is_empty()),
        };
        let signature = signing::sign(key, hash, &tbs.to_der().map_err(wrong)?)?;
        let signature = BitString::from_bytes(&signature).map_err(wrong)?;
        Ok(Certificate { tbs_certificate: tbs, signature_algorithm: algorithm, signature })
    }
}

/// 159 bits of chance.
pub fn random_serial(c: &mut Call<'_, '_>) -> Vec<u8> {
    let mut all = c.sys.noise(20);
    // Positive, and no zero in front.
    all[0] = all[0] & 0x7f | 1;
    all
}

/// A number as it is typed: decimal, or hexadecimal after `0x`.
pub fn serial_of(text: &str) -> Result<Vec<u8>, Failed> {
    let n = match text.strip_prefix("0x") {
        Some(hex) => rsa::BigUint::parse_bytes(hex.as_bytes(), 16),
        None => rsa::BigUint::parse_bytes(text.as_bytes(), 10),
    };
    let n = n.filter(|n| n.bits() < 160).ok_or_else(|| format!("x509: Failed to parse serial number '{text}'"))?;
    Ok(n.to_bytes_be())
}

pub fn x509(c: &mut Call<'_, '_>, name: &str, args: &[String]) -> Done {
    let w = words::parse(name, args, FLAGS, VALUED)?.ends()?;
    let days = w.number("days")?;
    let checkend = w.number("checkend")?;
    let certificate = if w.has("req") { issued(c, &w, days.unwrap_or(DAYS))? } else { read(c, &w)? };
    let mut text = shown(c, &w, &certificate)?;
    let mut code = 0;
    if let Some(seconds) = checkend {
        let end = show::time_of(certificate.tbs_certificate.validity.not_after).unix_seconds_and_nanos().0;
        let ends = end < c.sys.now.unix_seconds_and_nanos().0.saturating_add(seconds);
        text.push_str(if ends { "Certificate will expire\n" } else { "Certificate will not expire\n" });
        code = i32::from(ends);
    } else if !w.has("noout") && !w.has("nocert") {
        let der = certificate.to_der().map_err(wrong)?;
        if w.value("outform").is_some_and(|f| f.eq_ignore_ascii_case("der")) {
            put(c, w.value("out"), &der)?;
            return Ok(0);
        }
        text.push_str(&pem::written(LABEL, &der));
    }
    put(c, w.value("out"), text.as_bytes())?;
    Ok(code)
}

/// The certificate of a file.
pub fn load(c: &mut Call<'_, '_>, file: Option<&str>, what: &str) -> Result<Certificate, Failed> {
    let found = pem::found(c, file, what, |b| b.label.ends_with(LABEL) || b.label == "X509 CERTIFICATE", Some(LABEL));
    let parsed = found.and_then(|all| {
        let certificate = all.first().and_then(|b| Certificate::from_der(&b.bytes).ok());
        certificate.ok_or_else(|| pem::unreadable(c, what, file, true))
    });
    parsed.map_err(|failed| match failed.text.is_empty() {
        true => failed,
        false => Failed { text: format!("{}Unable to load {what}\n", failed.text), code: 1 },
    })
}

fn read(c: &mut Call<'_, '_>, w: &Words) -> Result<Certificate, Failed> {
    load(c, w.value("in"), "certificate")
}

/// What the options ask for, in their order.
fn shown(c: &mut Call<'_, '_>, w: &Words, certificate: &Certificate) -> Result<String, Failed> {
    let layout = w.value("nameopt").map_or_else(Layout::default, Layout::named);
    let tbs = &certificate.tbs_certificate;
    let mut t = String::new();
    for (option, value) in &w.options {
        match option.as_str() {
            "text" => t.push_str(&show::certificate(certificate, layout)),
            "subject" => t.push_str(&format!("subject={}\n", names::shown(&tbs.subject, layout))),
            "issuer" => t.push_str(&format!("issuer={}\n", names::shown(&tbs.issuer, layout))),
            "startdate" => t.push_str(&format!("notBefore={}\n", show::date(tbs.validity.not_before))),
            "enddate" => t.push_str(&format!("notAfter={}\n", show::date(tbs.validity.not_after))),
            "dates" => {
                t.push_str(&format!("notBefore={}\n", show::date(tbs.validity.not_before)));
                t.push_str(&format!("notAfter={}\n", show::date(tbs.validity.not_after)));
            }
            "serial" => t.push_str(&format!("serial={}\n", colons(&show::serial(certificate), true).replace(':', ""))),
            "fingerprint" => t.push_str(&fingerprint(w, &certificate.to_der().map_err(wrong)?)),
            "pubkey" => t.push_str(&public_pem(&tbs.subject_public_key_info)?),
            "modulus" => t.push_str(&modulus(&tbs.subject_public_key_info)),
            "hash" | "subject_hash" => t.push_str(&format!("{}\n", hash_of(&tbs.subject)?)),
            "issuer_hash" => t.push_str(&format!("{}\n", hash_of(&tbs.issuer)?)),
            "ext" => {
                let all = tbs.extensions.as_deref().unwrap_or_default();
                let named = |e: &&Extension| value.split(',').any(|n| extensions::is_named(e, n.trim()));
                let found: Vec<&Extension> = all.iter().filter(named).collect();
                if all.is_empty() {
                    t.push_str("No extensions in certificate\n");
                } else if found.is_empty() {
                    c.err.extend(format!("No extensions matching {value}\n").bytes());
                }
                found.iter().for_each(|e| t.push_str(&extensions::text(e, 0)));
            }
            _ => {}
        }
    }
    Ok(t)
}

fn fingerprint(w: &Words, der: &[u8]) -> String {
    let asked = w.options.iter().rev().find(|(n, _)| n == "md5" || n.starts_with("sha"));
    let (name, digest) = match asked.map_or("sha1", |(n, _)| n.as_str()) {
        "md5" => ("md5", md5::Md5::digest(der).to_vec()),
        "sha256" => ("sha256", sha2::Sha256::digest(der).to_vec()),
        "sha384" => ("sha384", sha2::Sha384::digest(der).to_vec()),
        "sha512" => ("sha512", sha2::Sha512::digest(der).to_vec()),
        _ if asked.is_some() => ("sha1", sha1::Sha1::digest(der).to_vec()),
        _ => ("SHA1", sha1::Sha1::digest(der).to_vec()),
    };
    format!("{name} Fingerprint={}\n", colons(&digest, true))
}

/// By which a directory of authorities names its files: small letters, single blanks.
fn hash_of(name: &Name) -> Result<String, Failed> {
    let mut all = vec![];
    for part in &name.0 {
        let mut plain = SetOfVec::default();
        for a in part.0.iter() {
            let text = String::from_utf8_lossy(a.value.value()).to_lowercase();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let value = Utf8StringRef::new(&text).map(Any::from).map_err(wrong)?;
            plain.insert(AttributeTypeAndValue { oid: a.oid, value }).map_err(wrong)?;
        }
        all.extend(RelativeDistinguishedName(plain).to_der().map_err(wrong)?);
    }
    let digest = sha1::Sha1::digest(&all);
    Ok(digest.iter().take(4).rev().map(|b| format!("{b:02x}")).collect())
}

/// A certificate for a request: signed by an authority, or by its own key.
fn issued(c: &mut Call<'_, '_>, w: &Words, days: i64) -> Result<Certificate, Failed> {
    let config = match w.value("extfile") {
        Some(file) => Some(Config::parse(&String::from_utf8_lossy(&opened(c, Some(file), "r")?))),
        None => None,
    };
    let file = w.value("in");
    let asked = match super::input(c, file) {
        Ok(content) => req::from_file(c, &content, w.value("inform")),
        Err(Errno::Again) => return Err(Failed { text: String::new(), code: 1 }),
        Err(e) => {
            let said = super::cannot_open(c, file.unwrap_or("-"), e, "r").text;
            return Err(Failed { text: format!("{said}Unable to load certificate request input\n"), code: 1 });
        }
    };
    let Some(asked) = asked else {
        let line =
            "0480006C:PEM routines:get_name:no start line:../crypto/pem/pem_lib.c:760:Expecting: CERTIFICATE REQUEST";
        let text = format!("Unable to load certificate request input\n{}", traced(c, &[line.into()]));
        return Err(Failed { text, code: 1 });
    };
    let der = asked.to_der().map_err(wrong)?;
    if !Request::parse(&der).is_ok_and(|r| r.check_signature().is_ok()) {
        return Err("Certificate request self-signature did not match the contents".into());
    }
    let subject = asked.info.subject.clone();
    c.err.extend(
        format!("Certificate request self-signature ok\nsubject={}\n", names::shown(&subject, Layout::Spaced)).bytes(),
    );
    let public = asked.info.public_key.clone();
    let (key, issuer, issuer_key) = match (w.value("CA"), w.value("signkey").or(w.value("key"))) {
        (Some(ca), _) => {
            let authority = load(c, Some(ca), "CA certificate")?.tbs_certificate;
            let key = Key::read(c, Some(w.value("CAkey").unwrap_or(ca)), "CA private key")?;
            if key.public()? != authority.subject_public_key_info {
                let line = "05800074:x509 certificate routines:X509_check_private_key:key values mismatch:../crypto/x509/x509_cmp.c:403:";
                let text = format!("CA certificate and CA private key do not match\n{}", traced(c, &[line.into()]));
                return Err(Failed { text, code: 1 });
            }
            (key, authority.subject, authority.subject_public_key_info)
        }
        (None, Some(file)) => (Key::read(c, Some(file), "private key")?, subject.clone(), public.clone()),
        (None, None) => {
            return Err("We need a private key to sign with, use -key or -CAkey or -CA with private key".into());
        }
    };
    let mut all = match w.value("copy_extensions") {
        Some("copy" | "copyall") => show::requested(&asked),
        _ => vec![],
    };
    let of = Parties { subject: &public, issuer: Some(&issuer_key) };
    if let Some(config) = &config {
        let section = w.value("extensions").or(config.get("default", "extensions")).unwrap_or("default");
        let said = format!("Error checking extension section {section}");
        let Some(pairs) = config.section(section) else { return Err(said.into()) };
        let made = extensions::made(c, section, pairs, config, &of, &said)?;
        all.retain(|e| made.iter().all(|m| m.extn_id != e.extn_id));
        all.extend(made);
    }
    if !all.is_empty() {
        extensions::identified(&mut all, &of)?;
    }
    let serial = serial(c, w)?;
    Making { subject, issuer, public, serial, days, extensions: all }.signed(c, &key, Hash::asked(w))
}

/// The number of the next certificate: given, of the authority's file, or by chance.
fn serial(c: &mut Call<'_, '_>, w: &Words) -> Result<Vec<u8>, Failed> {
    if let Some(n) = w.value("set_serial") {
        return serial_of(n);
    }
    let Some(ca) = w.value("CA") else { return Ok(random_serial(c)) };
    let beside = || match ca.rsplit_once('.') {
        Some((stem, end)) if !end.contains('/') => format!("{stem}.srl"),
        _ => format!("{ca}.srl"),
    };
    let file = w.value("CAserial").map_or_else(beside, String::from);
    let serial = match c.sys.read_file(&file) {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text).trim().to_string();
            let last = rsa::BigUint::parse_bytes(text.as_bytes(), 16)
                .ok_or_else(|| format!("x509: Unable to load number from {file}"))?;
            (last + rsa::BigUint::from(1u8)).to_bytes_be()
        }
        Err(_) if w.has("CAcreateserial") || !w.has("CAserial") => random_serial(c),
        Err(e) => return Err(super::cannot_open(c, &file, e, "r")),
    };
    if w.has("CAcreateserial") || c.sys.exists(&file) {
        let text = format!("{}\n", colons(&serial, true).replace(':', ""));
        put(c, Some(&file), text.as_bytes())?;
    }
    Ok(serial)
}
