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

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

pub struct Request {
    pub info: CertReqInfo,
    algorithm: ObjectIdentifier,
    signature: Vec<u8>,
}

pub fn dns_name(name: &str) -> Result<GeneralName, String> {
    Ok(GeneralName::DnsName(Ia5String::new(name).map_err(wrong)?))
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
        let refused = |why: &str| Err(format!("unable to verify certificate request signature: {why}"));
        let told = self.info.to_der().map_err(wrong)?;
        let key = self.info.public_key.to_der().map_err(wrong)?;
        let by_rsa = |check: fn(&rsa::RsaPublicKey, &[u8], &pkcs1v15::Signature) -> bool| {
            let signature = pkcs1v15::Signature::try_from(self.signature.as_slice());
            match (rsa::RsaPublicKey::from_public_key_der(&key), signature) {
                (Ok(k), Ok(s)) if check(&k, &told, &s) => Ok(()),
                _ => refused("crypto/rsa: verification error"),
            }
        };
        match self.algorithm {
            RSA_SHA256 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha256>::new(k.clone()).verify(t, s).is_ok()),
            RSA_SHA384 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha384>::new(k.clone()).verify(t, s).is_ok()),
            RSA_SHA512 => by_rsa(|k, t, s| pkcs1v15::VerifyingKey::<Sha512>::new(k.clone()).verify(t, s).is_ok()),
            ECDSA_SHA256 if super::is_signed_by(&key, &told, &self.signature) => Ok(()),
            ECDSA_SHA256 => refused("x509: ECDSA verification failure"),
            _ => refused("x509: cannot verify signature: algorithm unimplemented"),
        }
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
