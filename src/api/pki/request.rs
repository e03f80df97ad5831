//! A request for a certificate (PKCS#10): what is asked for, and whether who asks has the key.

use rsa::pkcs1v15;
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{Ia5String, ObjectIdentifier};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq};

use super::wrong;

pub const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
pub const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
pub const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

pub struct Request {
    pub info: CertReqInfo,
    algorithm: ObjectIdentifier,
    signature: Vec<u8>,
}

pub fn dns_name(name: &str) -> Result<GeneralName, String> {
    Ok(GeneralName::DnsName(Ia5String::new(name).map_err(wrong)?))
}

/// Whether a key has signed something; nothing if that cannot be said, as the algorithm is not known.
pub fn has_signed(key: &[u8], algorithm: ObjectIdentifier, told: &[u8], signature: &[u8]) -> Option<bool> {
    let by_rsa = |check: fn(&rsa::RsaPublicKey, &[u8], &pkcs1v15::Signature) -> bool| {
        let key = rsa::RsaPublicKey::from_public_key_der(key);
        let signature = pkcs1v15::Signature::try_from(signature);
        key.is_ok_and(|k| signature.is_ok_and(|s| check(&k, told, &s)))
    };
    Some(match algorithm {
        RSA_SHA256 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha256>::new(k.clone()).verify(t, s).is_ok()),
        RSA_SHA384 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha384>::new(k.clone()).verify(t, s).is_ok()),
        RSA_SHA512 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha512>::new(k.clone()).verify(t, s).is_ok()),
        ECDSA_SHA256 => super::is_signed_by(key, told, signature),
        ED25519 => {
            let key = ed25519_dalek::VerifyingKey::from_public_key_der(key);
            let signature = ed25519_dalek::Signature::from_slice(signature);
            key.is_ok_and(|k| signature.is_ok_and(|s| k.verify(told, &s).is_ok()))
        }
        _ => return None,
    })
}

impl Request {
    /// # Errors
    /// It is none.
    pub fn parse(der: &[u8]) -> Result<Request, String> {
        let r = CertReq::from_der(der).map_err(|e| format!("unable to parse certificate request: {e}"))?;
        Ok(Request { algorithm: r.algorithm.oid, signature: r.signature.raw_bytes().to_vec(), info: r.info })
    }

    /// Whoever asks must have signed with the key that the certificate will be for.
    ///
    /// # Errors
    /// In the words of Go's `x509.CertificateRequest.CheckSignature`.
    pub fn check_signature(&self) -> Result<(), String> {
        let told = self.info.to_der().map_err(wrong)?;
        let key = self.info.public_key.to_der().map_err(wrong)?;
        let why = match (has_signed(&key, self.algorithm, &told, &self.signature), self.algorithm) {
            (Some(true), _) => return Ok(()),
            (None, _) => "x509: cannot verify signature: algorithm unimplemented",
            (_, ECDSA_SHA256) => "x509: ECDSA verification failure",
            (_, ED25519) => "x509: Ed25519 verification failure",
            _ => "crypto/rsa: verification error",
        };
        Err(format!("unable to verify certificate request signature: {why}"))
    }

    /// The names beside the subject, in the order in which a certificate lists them.
    pub(super) fn names(&self) -> Result<Vec<GeneralName>, String> {
        let mut all = vec![];
        for a in self.info.attributes.iter().filter(|a| a.oid == ExtensionReq::OID) {
            for value in a.values.iter() {
                let asked = ExtensionReq::from_der(&value.to_der().map_err(wrong)?).map_err(wrong)?;
                for e in asked.0.iter().filter(|e| e.extn_id == SubjectAltName::OID) {
                    all.extend(SubjectAltName::from_der(e.extn_value.as_bytes()).map_err(wrong)?.0);
                }
            }
        }
        let place = |n: &GeneralName| match n {
            GeneralName::DnsName(_) => Some(0),
            GeneralName::Rfc822Name(_) => Some(1),
            GeneralName::IpAddress(_) => Some(2),
            GeneralName::UniformResourceIdentifier(_) => Some(3),
            _ => None,
        };
        all.retain(|n| place(n).is_some());
        all.sort_by_key(place);
        Ok(all)
    }
}
