//! Signatures, and by which algorithm.

use ed25519_dalek::Signer as _;
use p256::ecdsa::DerSignature;
use rsa::pkcs1v15;
use rsa::signature::SignatureEncoding;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::der::Any;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::keys::{ED25519, Key};
use super::words::Words;
use crate::api::pki::request::{ECDSA_SHA256, RSA_SHA256, RSA_SHA384, RSA_SHA512};

/// The digests that one may ask for.
pub const DIGESTS: &str = "sha256 sha384 sha512";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub fn asked(w: &Words) -> Hash {
        let last = w.options.iter().rev().find(|(n, _)| DIGESTS.split(' ').any(|d| d == n));
        match last.map(|(n, _)| n.as_str()) {
            Some("sha384") => Hash::Sha384,
            Some("sha512") => Hash::Sha512,
            _ => Hash::Sha256,
        }
    }
}

/// With a key of P-256 always by SHA-256.
pub fn algorithm(key: &Key, hash: Hash) -> AlgorithmIdentifierOwned {
    let (oid, parameters) = match (key, hash) {
        (Key::Rsa(_), Hash::Sha256) => (RSA_SHA256, Some(Any::null())),
        (Key::Rsa(_), Hash::Sha384) => (RSA_SHA384, Some(Any::null())),
        (Key::Rsa(_), Hash::Sha512) => (RSA_SHA512, Some(Any::null())),
        (Key::P256(_), _) => (ECDSA_SHA256, None),
        (Key::Ed25519(_), _) => (ED25519, None),
    };
    AlgorithmIdentifierOwned { oid, parameters }
}

/// # Errors
/// The key is too small for the digest.
pub fn sign(key: &Key, hash: Hash, told: &[u8]) -> Result<Vec<u8>, String> {
    let small = |_| "error:0200007F:rsa routines:RSA_padding_add_PKCS1_type_1:digest too big for rsa key".to_string();
    Ok(match (key, hash) {
        (Key::Rsa(k), Hash::Sha256) => {
            pkcs1v15::SigningKey::<Sha256>::new((**k).clone()).try_sign(told).map_err(small)?.to_vec()
        }
        (Key::Rsa(k), Hash::Sha384) => {
            pkcs1v15::SigningKey::<Sha384>::new((**k).clone()).try_sign(told).map_err(small)?.to_vec()
        }
        (Key::Rsa(k), Hash::Sha512) => {
            pkcs1v15::SigningKey::<Sha512>::new((**k).clone()).try_sign(told).map_err(small)?.to_vec()
        }
        (Key::P256(k), _) => {
            let signature: DerSignature = p256::ecdsa::SigningKey::from(k).sign(told);
            signature.as_bytes().to_vec()
        }
        (Key::Ed25519(k), _) => k.sign(told).to_bytes().to_vec(),
    })
}

pub fn name(oid: ObjectIdentifier) -> String {
    match oid {
        RSA_SHA256 => "sha256WithRSAEncryption".into(),
        RSA_SHA384 => "sha384WithRSAEncryption".into(),
        RSA_SHA512 => "sha512WithRSAEncryption".into(),
        ECDSA_SHA256 => "ecdsa-with-SHA256".into(),
        ED25519 => "ED25519".into(),
        other => other.to_string(),
    }
}
