//! Whether a certificate and a private key belong together.
//! Real Kubernetes: Go's crypto/tls X509KeyPair, which pkg/registry/core/secret asks to warn of secrets that no server could
//! use. Go derives the public half of a key; here it is read where the key's file has it, and taken to fit where it has not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const CERTIFICATE: &str = "CERTIFICATE";

/// What is wrong with a pair.
pub fn problem(certificate: &[u8], key: &[u8]) -> Option<String> {
    check(certificate, key).err()
}

fn check(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    let certificate = find_certificate(certificate)?;
    let key = find_key(key)?;
    let public = public_key(&certificate).ok_or("x509: malformed certificate")?;
    let private = private_key(&key).ok_or("tls: failed to parse private key")?;
    if std::mem::discriminant(&public) != std::mem::discriminant(&private) {
        return Err("tls: private key type does not match public key type".into());
    }
    let (a, b) = (public.content(), private.content());
    // A key without its public half has nothing to compare.
    if b.is_some() && a != b { Err("tls: private key does not match public key".into()) } else { Ok(()) }
}

fn find_certificate(text: &[u8]) -> Result<Vec<u8>, String> {
    let (mut found, mut skipped) = (None, vec![]);
    for (name, bytes) in blocks(text) {
        if name == CERTIFICATE {
            found.get_or_insert(bytes);
        } else {
            skipped.push(name);
        }
    }
    match (found, skipped.as_slice()) {
        (Some(bytes), _) => Ok(bytes),
        (None, []) => Err("tls: failed to find any PEM data in certificate input".into()),
        (None, [one]) if one.ends_with("PRIVATE KEY") => Err("tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".into()),
        (None, _) => Err(format!("tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]", skipped.join(" "))),
    }
}

fn find_key(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut skipped = vec![];
    for (name, bytes) in blocks(text) {
        if name == "PRIVATE KEY" || name.ends_with(" PRIVATE KEY") {
            return Ok(bytes);
        }
        skipped.push(name);
    }
    Err(match skipped.as_slice() {
        [] => "tls: failed to find any PEM data in key input".into(),
        [one] if one == CERTIFICATE => {
            "tls: found a certificate rather than a key in the PEM for the private key".into()
        }
        _ => format!("tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]", skipped.join(" ")),
    })
}

/// The blocks of a PEM file: what each is called, and its bytes. Lines around them do not matter.
fn blocks(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(text);
    let mut out = vec![];
    let mut open: Option<(String, String)> = None;
    for line in text.lines().map(str::trim_end) {
        let label = |start: &str| line.strip_prefix(start).and_then(|l| l.strip_suffix("-----")).map(str::to_string);
        if let Some(name) = label("-----BEGIN ") {
            open = Some((name, String::new()));
        } else if let Some(name) = label("-----END ") {
            if let Some((begun, content)) = open.take().filter(|(begun, _)| *begun == name)
                && let Ok(bytes) = STANDARD.decode(content)
            {
                out.push((begun, bytes));
            }
        } else if let Some((_, content)) = &mut open
            && !line.contains(':')
        {
            content.push_str(line.trim());
        }
    }
    out
}

/// The public half of a key, as far as it was found.
enum Key {
    Rsa(Vec<u8>),
    Elliptic(Option<Vec<u8>>),
    Edwards(Option<Vec<u8>>),
}

impl Key {
    fn content(&self) -> Option<&[u8]> {
        match self {
            Key::Rsa(bytes) => Some(bytes),
            Key::Elliptic(bytes) | Key::Edwards(bytes) => bytes.as_deref(),
        }
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
/// The version of a certificate, and the optional fields of an elliptic key.
const FIELD_0: u8 = 0xa0;
const FIELD_1: u8 = 0xa1;

const OF_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OF_CURVES: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OF_EDWARDS: &[u8] = &[0x2b, 0x65, 0x70];

/// Values of DER, one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            let bytes = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            length = bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            rest = &rest[count..];
        }
        let content = rest.get(..length)?;
        self.0 = &rest[length..];
        Some((tag, content))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }

    /// A field that may be left out.
    fn optional(&mut self, wanted: u8) -> Option<&'a [u8]> {
        if self.0.first() == Some(&wanted) { self.expect(wanted) } else { None }
    }

    fn inside(&mut self, wanted: u8) -> Option<Der<'a>> {
        self.expect(wanted).map(Der)
    }
}

/// The bytes of a bit string; keys have no odd bits.
fn bits(content: &[u8]) -> Option<&[u8]> {
    content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bytes)| bytes)
}

fn public_key(certificate: &[u8]) -> Option<Key> {
    let mut body = Der(certificate).inside(SEQUENCE)?.inside(SEQUENCE)?;
    body.optional(FIELD_0);
    body.expect(INTEGER)?;
    // Algorithm, issuer, validity, subject.
    for _ in 0..4 {
        body.expect(SEQUENCE)?;
    }
    let mut info = body.inside(SEQUENCE)?;
    let algorithm = info.inside(SEQUENCE)?.expect(OID)?;
    let key = bits(info.expect(BITS)?)?;
    match algorithm {
        OF_RSA => {
            let mut numbers = Der(key).inside(SEQUENCE)?;
            Some(Key::Rsa([numbers.expect(INTEGER)?, numbers.expect(INTEGER)?].concat()))
        }
        OF_CURVES => Some(Key::Elliptic(Some(key.to_vec()))),
        OF_EDWARDS => Some(Key::Edwards(Some(key.to_vec()))),
        _ => None,
    }
}

/// A key is written in one of three ways: RSA's own, the wrapping for all kinds, that of elliptic curves.
fn private_key(der: &[u8]) -> Option<Key> {
    rsa_key(der).or_else(|| wrapped_key(der)).or_else(|| elliptic_key(der))
}

fn rsa_key(der: &[u8]) -> Option<Key> {
    let mut numbers = Der(der).inside(SEQUENCE)?;
    numbers.expect(INTEGER)?;
    Some(Key::Rsa([numbers.expect(INTEGER)?, numbers.expect(INTEGER)?].concat()))
}

fn wrapped_key(der: &[u8]) -> Option<Key> {
    let mut body = Der(der).inside(SEQUENCE)?;
    body.expect(INTEGER)?;
    let algorithm = body.inside(SEQUENCE)?.expect(OID)?;
    let key = body.expect(OCTETS)?;
    match algorithm {
        OF_RSA => rsa_key(key),
        OF_CURVES => elliptic_key(key),
        OF_EDWARDS => Some(Key::Edwards(None)),
        _ => None,
    }
}

fn elliptic_key(der: &[u8]) -> Option<Key> {
    let mut body = Der(der).inside(SEQUENCE)?;
    body.expect(INTEGER)?;
    body.expect(OCTETS)?;
    body.optional(FIELD_0);
    let public = match body.optional(FIELD_1) {
        Some(field) => Some(bits(Der(field).expect(BITS)?)?.to_vec()),
        None => None,
    };
    Some(Key::Elliptic(public))
}
