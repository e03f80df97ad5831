//! The certificate authority of a cluster: it signs what it is asked to, and says whose a certificate is.
//!
//! kubeadm keeps its key and certificate in `/etc/kubernetes/pki/ca.key` and `ca.crt`; kube-controller-manager signs with it and
//! publishes it (`kube-root-ca.crt`), kube-apiserver takes clients at their certificate's word. There it is an RSA key; here one of
//! P-256 that follows from the cluster's seed: made in no time, and a request is always signed alike.
//!
//! [`request`] is what somebody asks for, [`pem`](super::pem) its text.

pub mod request;
mod showing;

pub use showing::identity;

use ed25519_dalek::SigningKey as Ed25519;
use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use sha2::{Digest, Sha256};
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::der::asn1::{BitString, GeneralizedTime, ObjectIdentifier, OctetString, UtcTime};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, Encode, EncodePem};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::ext::pkix::{SubjectAltName, SubjectKeyIdentifier};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time as X509Time, Validity};

use super::time::Duration;
use super::{Time, User};

/// How long kubeadm's authority holds.
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
const ONE_YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// ecdsa-with-SHA256
const SIGNED_WITH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY_USE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const LABEL: &str = "CERTIFICATE";

#[derive(Debug)]
pub struct Authority {
    key: SigningKey,
    certificate: Certificate,
}

/// What a certificate is to say beside what was asked for.
pub struct Terms {
    pub not_before: Time,
    pub not_after: Time,
    pub key_usage: FlagSet<KeyUsages>,
    pub extended: Vec<ObjectIdentifier>,
}

/// What cannot be made or read, in words.
fn wrong(e: impl std::fmt::Display) -> String {
    e.to_string()
}

fn extension(value: &(impl Encode + AssociatedOid), critical: bool) -> Result<Extension, String> {
    Ok(Extension {
        extn_id: oid_of(value),
        critical,
        extn_value: OctetString::new(value.to_der().map_err(wrong)?).map_err(wrong)?,
    })
}

fn oid_of<T: AssociatedOid>(_: &T) -> ObjectIdentifier {
    T::OID
}

/// In two digits of a year while that will do, as RFC 5280 wants it.
///
/// # Errors
/// It is later than any certificate can say.
pub fn at(time: Time) -> Result<X509Time, String> {
    let since_1970 = std::time::Duration::from_secs(time.nanos() / 1_000_000_000);
    match UtcTime::from_unix_duration(since_1970) {
        Ok(t) => Ok(X509Time::UtcTime(t)),
        Err(_) => Ok(X509Time::GeneralTime(GeneralizedTime::from_unix_duration(since_1970).map_err(wrong)?)),
    }
}

fn seconds(t: X509Time) -> i64 {
    i64::try_from(t.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// By the key, as most programs name it.
fn key_id(key: &SubjectPublicKeyInfoOwned) -> Result<OctetString, String> {
    let digest = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(&digest[..20]).map_err(wrong)
}

/// A number that no other certificate of this authority has: it follows from what is signed.
fn serial(parts: &[&[u8]]) -> Result<SerialNumber, String> {
    let digest = parts.iter().fold(Sha256::new(), |d, p| d.chain_update(p)).finalize();
    // Positive, and no zero in front.
    let mut bytes = digest[..16].to_vec();
    bytes[0] = bytes[0] & 0x3f | 0x40;
    SerialNumber::new(&bytes).map_err(wrong)
}

impl Authority {
    /// The authority of that name in a cluster of that seed, made at that time.
    ///
    /// # Errors
    /// None that is known of: all that goes in is fit to be encoded.
    pub fn named(name: &str, seed: u64, made: Time) -> Result<Authority, String> {
        // Not every number is a key, but nearly every one is.
        let key = (0..=u8::MAX).find_map(|attempt| {
            let digest =
                Sha256::new().chain_update(name).chain_update(b"-authority-key").chain_update(seed.to_be_bytes());
            SigningKey::from_slice(&digest.chain_update([attempt]).finalize()).ok()
        });
        let key = key.ok_or("no key follows from this seed")?;
        let public = public(&key)?;
        let subject: Name = format!("CN={name}").parse().map_err(wrong)?;
        let mut tbs = TbsCertificate {
            version: Version::V3,
            serial_number: serial(&[name.as_bytes(), &seed.to_be_bytes()])?,
            signature: AlgorithmIdentifierOwned { oid: SIGNED_WITH, parameters: None },
            issuer: subject.clone(),
            validity: Validity { not_before: at(made)?, not_after: at(made + TEN_YEARS)? },
            subject,
            subject_public_key_info: public,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: None,
        };
        let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign);
        tbs.extensions = Some(vec![
            extension(&usage, true)?,
            extension(&BasicConstraints { ca: true, path_len_constraint: None }, true)?,
            extension(&SubjectKeyIdentifier(key_id(&tbs.subject_public_key_info)?), false)?,
            extension(&SubjectAltName(vec![request::dns_name(name)?]), false)?,
        ]);
        let certificate = signed(&key, tbs)?;
        Ok(Authority { key, certificate })
    }

    /// Its own certificate.
    pub fn certificate(&self) -> String {
        self.certificate.to_pem(LineEnding::LF).unwrap_or_default()
    }

    /// When that ends.
    pub fn ends(&self) -> Time {
        time(self.certificate.tbs_certificate.validity.not_after)
    }

    /// A certificate for what was asked for: its subject, its names and its key, and nothing else of it.
    /// Source: pkg/controller/certificates/authority.
    ///
    /// # Errors
    /// The request cannot be read, or was not signed by the key that it brings.
    pub fn sign(&self, asked: &[u8], terms: &Terms) -> Result<String, String> {
        let asked_for = request::Request::parse(asked)?;
        asked_for.check_signature()?;
        let names = asked_for.names()?;
        let number = serial(&[asked, &terms.not_before.nanos().to_be_bytes()])?;
        self.certify(asked_for.info.subject, asked_for.info.public_key, names, number, terms)
    }

    /// A certificate and its key for a client of that name in those groups, as kubeadm makes them for an administrator.
    ///
    /// # Errors
    /// The name is not fit for a certificate.
    pub fn client(&self, name: &str, groups: &[&str], made: Time) -> Result<(String, String), String> {
        let parts = groups.iter().map(|g| format!("O={g}")).chain([format!("CN={name}")]);
        let subject: Name = parts.rev().collect::<Vec<_>>().join(",").parse().map_err(wrong)?;
        let digest = Sha256::new().chain_update(self.key.to_bytes()).chain_update(name).finalize();
        let key = SigningKey::from_slice(&digest).map_err(wrong)?;
        let terms = Terms {
            not_before: made,
            not_after: made + ONE_YEAR,
            key_usage: KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
            extended: vec![CLIENT_AUTH],
        };
        let certificate = self.certify(subject, public(&key)?, vec![], serial(&[name.as_bytes(), &digest])?, &terms)?;
        let key = SecretKey::from(&key).to_pkcs8_pem(LineEnding::LF).map_err(wrong)?;
        Ok((certificate, key.to_string()))
    }

    fn certify(
        &self,
        subject: Name,
        key: SubjectPublicKeyInfoOwned,
        names: Vec<GeneralName>,
        number: SerialNumber,
        terms: &Terms,
    ) -> Result<String, String> {
        let own = &self.certificate.tbs_certificate;
        let mut extensions = vec![];
        if !terms.key_usage.is_empty() {
            extensions.push(extension(&KeyUsage(terms.key_usage), true)?);
        }
        if !terms.extended.is_empty() {
            extensions.push(extension(&ExtendedKeyUsage(terms.extended.clone()), false)?);
        }
        extensions.push(extension(&BasicConstraints { ca: false, path_len_constraint: None }, true)?);
        let of_authority = AuthorityKeyIdentifier {
            key_identifier: Some(key_id(&own.subject_public_key_info)?),
            ..AuthorityKeyIdentifier::default()
        };
        extensions.push(extension(&of_authority, false)?);
        if !names.is_empty() {
            extensions.push(extension(&SubjectAltName(names), subject.is_empty())?);
        }
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: number,
            signature: own.signature.clone(),
            issuer: own.subject.clone(),
            validity: Validity { not_before: at(terms.not_before)?, not_after: at(terms.not_after)? },
            subject,
            subject_public_key_info: key,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        signed(&self.key, tbs)?.to_pem(LineEnding::LF).map_err(wrong)
    }

    /// Whom a client with that certificate is: its common name is the user, its organizations are the groups.
    /// Real Kubernetes: apiserver/pkg/authentication/request/x509 CommonNameUserConversion.
    ///
    /// # Errors
    /// Why it is not believed, in the words of Go's crypto/x509.
    pub fn user(&self, certificate: &[u8], now: Time) -> Result<User, String> {
        let der = der_of(certificate).ok_or("no certificate")?;
        let c = Certificate::from_der(&der).map_err(wrong)?;
        let own = self.key.verifying_key();
        let told = c.tbs_certificate.to_der().map_err(wrong)?;
        let signature = DerSignature::try_from(c.signature.raw_bytes());
        if !signature.is_ok_and(|s| own.verify(&told, &s).is_ok()) {
            return Err("x509: certificate signed by unknown authority".into());
        }
        let (validity, now_in) = (c.tbs_certificate.validity, now.unix_seconds_and_nanos().0);
        let expired = |verb: &str, end: X509Time| {
            let text = "x509: certificate has expired or is not yet valid: current time";
            Err(format!("{text} {} is {verb} {}", now.rfc3339(), time(end).rfc3339()))
        };
        if now_in < seconds(validity.not_before) {
            return expired("before", validity.not_before);
        }
        if now_in > seconds(validity.not_after) {
            return expired("after", validity.not_after);
        }
        let uses = c.tbs_certificate.extensions.iter().flatten().find(|e| e.extn_id == ExtendedKeyUsage::OID);
        let uses = uses.map(|e| ExtendedKeyUsage::from_der(e.extn_value.as_bytes())).transpose().map_err(wrong)?;
        if uses.is_some_and(|u| !u.0.contains(&CLIENT_AUTH) && !u.0.contains(&ANY_USE)) {
            return Err("x509: certificate specifies an incompatible key usage".into());
        }
        let subject = &c.tbs_certificate.subject;
        let groups = parts(subject, ORGANIZATION);
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let name = parts(subject, COMMON_NAME).pop().unwrap_or_default();
        let digest: String = Sha256::digest(&der).iter().map(|b| format!("{b:02x}")).collect();
        let credential = ("authentication.kubernetes.io/credential-id".into(), vec![format!("X509SHA256={digest}")]);
        Ok(User { extra: [credential].into(), ..User::of(&name, &groups) })
    }
}

fn public(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned, String> {
    let der = key.verifying_key().to_public_key_der().map_err(wrong)?;
    SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).map_err(wrong)
}

/// Whether a client may use a key together with a certificate.
/// Real Kubernetes: Go's crypto/tls X509KeyPair.
///
/// # Errors
/// In its words, if not.
pub fn belong_together(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    let block = |text: &[u8], what: &str| {
        let found = super::pem::blocks(text).into_iter().find(|b| b.label == what || b.label.ends_with(what));
        found.ok_or_else(|| {
            let kind = if what == LABEL { "certificate" } else { "key" };
            format!("tls: failed to find any PEM data in {kind} input")
        })
    };
    let certificate = Certificate::from_der(&block(certificate, LABEL)?.bytes).map_err(wrong)?;
    let key = block(key, "PRIVATE KEY")?;
    let wanted = certificate.tbs_certificate.subject_public_key_info.to_der().map_err(wrong)?;
    let of_p256 = SecretKey::from_pkcs8_der(&key.bytes).or_else(|_| SecretKey::from_sec1_der(&key.bytes));
    let of_rsa =
        || RsaPrivateKey::from_pkcs8_der(&key.bytes).ok().or_else(|| RsaPrivateKey::from_pkcs1_der(&key.bytes).ok());
    let public = match of_p256 {
        Ok(k) => k.public_key().to_public_key_der().map_err(wrong)?,
        Err(_) => match (of_rsa(), Ed25519::from_pkcs8_der(&key.bytes)) {
            (Some(k), _) => k.to_public_key().to_public_key_der().map_err(wrong)?,
            (None, Ok(k)) => k.verifying_key().to_public_key_der().map_err(wrong)?,
            _ => return Err("tls: failed to parse private key".into()),
        },
    };
    (public.as_bytes() == wanted).then_some(()).ok_or("tls: private key does not match public key".into())
}

fn time(t: X509Time) -> Time {
    Time::from_nanos(u64::try_from(t.to_unix_duration().as_nanos()).unwrap_or(u64::MAX))
}

/// When a certificate ends.
///
/// # Errors
/// It cannot be read.
pub fn end_of(certificate: &[u8]) -> Result<Time, String> {
    let der = der_of(certificate).ok_or("expected the certificate associated with the CSR to be PEM encoded")?;
    Ok(time(Certificate::from_der(&der).map_err(wrong)?.tbs_certificate.validity.not_after))
}

fn der_of(pem: &[u8]) -> Option<Vec<u8>> {
    super::pem::blocks(pem).into_iter().find(|b| b.label == LABEL).map(|b| b.bytes)
}

/// What a name says in one of its fields, in order.
pub fn parts(name: &Name, field: ObjectIdentifier) -> Vec<String> {
    let all = name.0.iter().flat_map(|rdn| rdn.0.iter());
    all.filter(|a| a.oid == field).map(|a| String::from_utf8_lossy(a.value.value()).into_owned()).collect()
}

fn signed(key: &SigningKey, tbs: TbsCertificate) -> Result<Certificate, String> {
    let told = tbs.to_der().map_err(wrong)?;
    let signature: DerSignature = key.sign(&told);
    Ok(Certificate {
        signature_algorithm: tbs.signature.clone(),
        tbs_certificate: tbs,
        signature: BitString::from_bytes(signature.as_bytes()).map_err(wrong)?,
    })
}

/// Whether a key of P-256 has signed something.
fn is_signed_by(public: &[u8], told: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_public_key_der(public);
    key.is_ok_and(|k| DerSignature::try_from(signature).is_ok_and(|s| k.verify(told, &s).is_ok()))
}

#[cfg(test)]
mod tests;
