//! Keys: how they are made, read, written and shown.

use ed25519_dalek::SigningKey as Ed25519;
use p256::SecretKey as P256;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::RngCore;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::chance::Chance;
use super::{Failed, pem};
use crate::api::pem::Block;
use crate::runtime::programs::Call;

pub const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What a larger key would take of the learner's time.
const MOST_BITS: i64 = 4096;

pub enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(P256),
    Ed25519(Ed25519),
}

impl Key {
    pub fn rsa(c: &mut Call<'_, '_>, bits: i64) -> Result<Key, Failed> {
        if bits > MOST_BITS {
            return Err(format!("kubetutor: a key of more than {MOST_BITS} bits would take too long here").into());
        }
        let mut chance = Chance::of(c.sys);
        let bits = usize::try_from(bits).unwrap_or(512);
        let key = RsaPrivateKey::new(&mut chance, bits).map_err(|e| e.to_string())?;
        Ok(Key::Rsa(Box::new(key)))
    }

    pub fn p256(c: &mut Call<'_, '_>) -> Key {
        Key::P256(P256::random(&mut Chance::of(c.sys)))
    }

    pub fn ed25519(c: &mut Call<'_, '_>) -> Key {
        let mut bytes = [0; 32];
        Chance::of(c.sys).fill_bytes(&mut bytes);
        Key::Ed25519(Ed25519::from_bytes(&bytes))
    }

    fn parse(b: &Block) -> Option<Key> {
        let der = &b.bytes;
        let rsa = |k| Key::Rsa(Box::new(k));
        match b.label.as_str() {
            "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(der).ok().map(rsa),
            "EC PRIVATE KEY" => P256::from_sec1_der(der).ok().map(Key::P256),
            _ => RsaPrivateKey::from_pkcs8_der(der)
                .ok()
                .map(rsa)
                .or_else(|| P256::from_pkcs8_der(der).ok().map(Key::P256))
                .or_else(|| Ed25519::from_pkcs8_der(der).ok().map(Key::Ed25519)),
        }
    }

    /// The one of a file; `what` is how OpenSSL names it.
    pub fn read(c: &mut Call<'_, '_>, file: Option<&str>, what: &str) -> Result<Key, Failed> {
        let fits = |b: &Block| b.label.ends_with("PRIVATE KEY");
        let found = pem::found(c, file, what, fits, Some("PRIVATE KEY"))?;
        match found.iter().find_map(Key::parse) {
            Some(key) => Ok(key),
            None => Err(pem::unreadable(c, what, file, true)),
        }
    }

    /// As PKCS#8, the form of today.
    pub fn pem(&self) -> Result<String, Failed> {
        let wrong = |e: rsa::pkcs8::Error| e.to_string();
        let der = match self {
            Key::Rsa(k) => k.to_pkcs8_der().map_err(wrong)?.as_bytes().to_vec(),
            Key::P256(k) => k.to_pkcs8_der().map_err(wrong)?.as_bytes().to_vec(),
            // Without the public half beside it.
            Key::Ed25519(k) => {
                let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
                [&head[..], &k.to_bytes()].concat()
            }
        };
        Ok(pem::written("PRIVATE KEY", &der))
    }

    /// In the form that each kind had of its own.
    pub fn traditional(&self) -> Result<String, Failed> {
        Ok(match self {
            Key::Rsa(k) => pem::written("RSA PRIVATE KEY", k.to_pkcs1_der().map_err(|e| e.to_string())?.as_bytes()),
            Key::P256(k) => pem::written("EC PRIVATE KEY", &sec1(k)),
            Key::Ed25519(_) => self.pem()?,
        })
    }

    pub fn public(&self) -> Result<SubjectPublicKeyInfoOwned, Failed> {
        let wrong = |e: x509_cert::spki::Error| e.to_string();
        let der = match self {
            Key::Rsa(k) => k.to_public_key().to_public_key_der().map_err(wrong)?,
            Key::P256(k) => k.public_key().to_public_key_der().map_err(wrong)?,
            Key::Ed25519(k) => k.verifying_key().to_public_key_der().map_err(wrong)?,
        };
        Ok(SubjectPublicKeyInfoOwned::from_der(der.as_bytes()).map_err(|e| e.to_string())?)
    }

    pub fn text(&self) -> String {
        let mut t = String::new();
        match self {
            Key::Rsa(k) => {
                t.push_str(&format!("Private-Key: ({} bit, {} primes)\n", k.n().bits(), k.primes().len()));
                let (p, q) = (&k.primes()[0], &k.primes()[1]);
                let one = BigUint::from(1u8);
                number(&mut t, "modulus", k.n(), 0);
                number(&mut t, "publicExponent", k.e(), 0);
                number(&mut t, "privateExponent", k.d(), 0);
                number(&mut t, "prime1", p, 0);
                number(&mut t, "prime2", q, 0);
                number(&mut t, "exponent1", &(k.d() % (p - &one)), 0);
                number(&mut t, "exponent2", &(k.d() % (q - &one)), 0);
                if let Some(c) = k.crt_coefficient() {
                    number(&mut t, "coefficient", &c, 0);
                }
            }
            Key::P256(k) => {
                t.push_str("Private-Key: (256 bit)\n");
                bytes(&mut t, "priv", &k.to_bytes(), 0);
                bytes(&mut t, "pub", k.public_key().to_encoded_point(false).as_bytes(), 0);
                t.push_str(CURVE);
            }
            Key::Ed25519(k) => {
                t.push_str("ED25519 Private-Key:\n");
                bytes(&mut t, "priv", &k.to_bytes(), 0);
                bytes(&mut t, "pub", k.verifying_key().as_bytes(), 0);
            }
        }
        t
    }
}

const CURVE: &str = "ASN1 OID: prime256v1\nNIST CURVE: P-256\n";
/// prime256v1, as an object identifier in DER.
pub const CURVE_DER: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

/// SEC 1's form, with the curve's name in it.
fn sec1(k: &P256) -> Vec<u8> {
    let point = k.public_key().to_encoded_point(false);
    let head = [0x30, 0x77, 2, 1, 1, 4, 0x20];
    let between = [&[0xa0, 0x0a][..], &CURVE_DER, &[0xa1, 0x44, 3, 0x42, 0]].concat();
    [&head[..], &k.to_bytes(), &between, point.as_bytes()].concat()
}

/// A number under its name: small ones on the same line.
fn number(t: &mut String, name: &str, n: &BigUint, indent: usize) {
    let mut all = n.to_bytes_be();
    if all.len() <= 8 {
        let small = all.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        t.push_str(&format!("{:indent$}{name}: {small} ({small:#x})\n", ""));
        return;
    }
    if all[0] & 0x80 != 0 {
        all.insert(0, 0);
    }
    bytes(t, name, &all, indent);
}

fn bytes(t: &mut String, name: &str, all: &[u8], indent: usize) {
    t.push_str(&format!("{:indent$}{name}:\n", ""));
    lines(t, all, 15, indent + 4);
}

/// Bytes with colons between them, so many to a line.
pub fn lines(t: &mut String, all: &[u8], wide: usize, indent: usize) {
    let rows: Vec<String> = all.chunks(wide).map(|r| colons(r, false)).collect();
    t.push_str(&rows.iter().map(|r| format!("{:indent$}{r}", "")).collect::<Vec<_>>().join(":\n"));
    t.push('\n');
}

pub fn colons(all: &[u8], upper: bool) -> String {
    let one = |b: &u8| if upper { format!("{b:02X}") } else { format!("{b:02x}") };
    all.iter().map(one).collect::<Vec<_>>().join(":")
}

/// A public key, as it stands alone and in certificates.
pub fn public_text(key: &SubjectPublicKeyInfoOwned, indent: usize) -> String {
    let raw = key.subject_public_key.raw_bytes();
    let mut t = String::new();
    let line = |t: &mut String, text: &str| t.push_str(&format!("{:indent$}{text}\n", ""));
    match key.algorithm.oid {
        RSA => match rsa_of(key) {
            Some(k) => {
                line(&mut t, &format!("Public-Key: ({} bit)", k.n().bits()));
                number(&mut t, "Modulus", k.n(), indent);
                number(&mut t, "Exponent", k.e(), indent);
            }
            None => line(&mut t, "Unable to load Public Key"),
        },
        EC => {
            // An uncompressed point is a byte and two numbers.
            line(&mut t, &format!("Public-Key: ({} bit)", raw.len().saturating_sub(1) * 4));
            bytes(&mut t, "pub", raw, indent);
            if raw.len() == 65 {
                CURVE.lines().for_each(|l| line(&mut t, l));
            }
        }
        ED25519 => {
            line(&mut t, "ED25519 Public-Key:");
            bytes(&mut t, "pub", raw, indent);
        }
        _ => line(&mut t, "Unable to load Public Key"),
    }
    t
}

pub fn rsa_of(key: &SubjectPublicKeyInfoOwned) -> Option<RsaPublicKey> {
    RsaPublicKey::from_public_key_der(&key.to_der().ok()?).ok()
}

pub fn algorithm_name(oid: ObjectIdentifier) -> String {
    match oid {
        RSA => "rsaEncryption".into(),
        EC => "id-ecPublicKey".into(),
        ED25519 => "ED25519".into(),
        other => other.to_string(),
    }
}

pub fn modulus(key: &SubjectPublicKeyInfoOwned) -> String {
    match rsa_of(key) {
        Some(k) => format!("Modulus={}\n", k.n().to_str_radix(16).to_uppercase()),
        None => "Modulus=No modulus for this public key type\n".into(),
    }
}

pub fn public_pem(key: &SubjectPublicKeyInfoOwned) -> Result<String, Failed> {
    Ok(pem::written("PUBLIC KEY", &key.to_der().map_err(|e| e.to_string())?))
}
