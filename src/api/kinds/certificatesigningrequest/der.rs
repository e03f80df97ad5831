//! The outline of a request for a certificate (PKCS#10) and of a certificate, as DER: enough to tell a broken one in the
//! words of Go's `encoding/asn1` and `crypto/x509`, and the subject's name. Signatures are not looked at.
//!
//! Real Kubernetes: pkg/apis/certificates ParseCSR, which also checks the signature.

const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const OBJECT_IDENTIFIER: u8 = 6;
const SEQUENCE: u8 = 16;

/// The head of a value.
#[derive(Clone, Copy, Debug)]
struct Head {
    class: u8,
    tag: u32,
    compound: bool,
    length: usize,
}

impl Head {
    fn is(self, tag: u8) -> bool {
        self.class == 0 && self.tag == u32::from(tag) && self.compound == (tag == SEQUENCE)
    }
}

/// Values one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

pub(super) type Read<T> = Result<T, String>;

fn syntax<T>(why: &str) -> Read<T> {
    Err(format!("asn1: syntax error: {why}"))
}

fn structure<T>(why: &str) -> Read<T> {
    Err(format!("asn1: structure error: {why}"))
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn byte(&mut self) -> Read<u8> {
        let Some(b) = self.bytes.get(self.at) else { return syntax("truncated tag or length") };
        self.at += 1;
        Ok(*b)
    }

    /// A tag that does not fit into the first byte.
    fn long_tag(&mut self) -> Read<u32> {
        let mut tag: u32 = 0;
        for place in 0.. {
            let Some(b) = self.bytes.get(self.at) else { return syntax("truncated base 128 integer") };
            self.at += 1;
            if place == 5 || tag > u32::MAX >> 8 {
                return structure("base 128 integer too large");
            }
            if place == 0 && *b == 0x80 {
                return syntax("integer is not minimally encoded");
            }
            tag = tag << 7 | u32::from(b & 0x7f);
            if b & 0x80 == 0 {
                break;
            }
        }
        if tag < 0x1f { syntax("non-minimal tag") } else { Ok(tag) }
    }

    fn length(&mut self) -> Read<usize> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Ok(first.into());
        }
        if first == 0x80 {
            return syntax("indefinite length found (not DER)");
        }
        let mut length: usize = 0;
        for _ in 0..first & 0x7f {
            let b = self.byte()?;
            if length >= 1 << 23 {
                return structure("length too large");
            }
            length = length << 8 | usize::from(b);
            if length == 0 {
                return structure("superfluous leading zeros in length");
            }
        }
        if length < 0x80 { structure("non-minimal length") } else { Ok(length) }
    }

    fn head(&mut self) -> Read<Head> {
        if self.at_end() {
            return syntax("sequence truncated");
        }
        let first = self.byte()?;
        let tag = match first & 0x1f {
            0x1f => self.long_tag()?,
            short => short.into(),
        };
        Ok(Head { class: first >> 6, tag, compound: first & 0x20 != 0, length: self.length()? })
    }

    fn content(&mut self, head: Head) -> Read<&'a [u8]> {
        let Some(content) = self.bytes.get(self.at..self.at + head.length) else { return syntax("data truncated") };
        self.at += head.length;
        Ok(content)
    }

    /// A value of any type.
    pub(super) fn any(&mut self) -> Read<&'a [u8]> {
        let head = self.head()?;
        self.content(head)
    }

    /// A value of any type, and its tag's number.
    pub(super) fn tagged(&mut self) -> Read<(u32, &'a [u8])> {
        let head = self.head()?;
        Ok((head.tag, self.content(head)?))
    }

    /// A value of that type; `go` is what Go calls the type.
    fn value(&mut self, tag: u8, go: &str) -> Read<&'a [u8]> {
        let head = self.head()?;
        if !head.is(tag) {
            // These are Go's own words for its structs.
            let Head { class, tag: found, compound, length } = head;
            return structure(&format!(
                "tags don't match ({tag} vs {{class:{class} tag:{found} length:{length} isCompound:{compound}}}) \
                 {{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 \
                 timeType:0 set:false omitEmpty:false}} {go} @{}",
                self.at
            ));
        }
        self.content(head)
    }
}

/// What is wrong with a request for a certificate.
pub fn request_fault(bytes: &[u8]) -> Option<String> {
    read_request(bytes).err()
}

fn read_request(bytes: &[u8]) -> Read<()> {
    let mut all = Reader::new(bytes);
    let mut request = Reader::new(all.value(SEQUENCE, "certificateRequest")?);
    let mut signed = Reader::new(request.value(SEQUENCE, "tbsCertificateRequest")?);
    integer(signed.value(INTEGER, "int")?)?;
    signed.any()?;
    let mut key = Reader::new(signed.value(SEQUENCE, "publicKeyInfo")?);
    read_algorithm(&mut key)?;
    bits(key.value(BIT_STRING, "BitString")?)?;
    // Attributes, of which none is the least.
    signed.any()?;
    read_algorithm(&mut request)?;
    bits(request.value(BIT_STRING, "BitString")?)?;
    if all.at_end() { Ok(()) } else { syntax("trailing data") }
}

fn read_algorithm(from: &mut Reader<'_>) -> Read<()> {
    let mut algorithm = Reader::new(from.value(SEQUENCE, "AlgorithmIdentifier")?);
    if algorithm.value(OBJECT_IDENTIFIER, "ObjectIdentifier")?.is_empty() {
        return syntax("zero length OBJECT IDENTIFIER");
    }
    if algorithm.at_end() { Ok(()) } else { algorithm.any().map(drop) }
}

fn integer(bytes: &[u8]) -> Read<()> {
    match bytes {
        [] => structure("empty integer"),
        [0, second, ..] if second & 0x80 == 0 => structure("integer not minimally-encoded"),
        [0xff, second, ..] if second & 0x80 != 0 => structure("integer not minimally-encoded"),
        _ if bytes.len() > 8 => structure("integer too large"),
        _ => Ok(()),
    }
}

fn bits(bytes: &[u8]) -> Read<()> {
    match bytes {
        [] => syntax("zero length BIT STRING"),
        [unused, ..] if *unused > 7 => syntax("invalid padding bits in BIT STRING"),
        [unused, rest @ ..] if rest.last().map_or(*unused, |last| last & ((1 << unused) - 1)) != 0 => {
            syntax("invalid padding bits in BIT STRING")
        }
        _ => Ok(()),
    }
}

/// What is wrong with certificates, one after the other.
pub fn certificates_fault(bytes: &[u8]) -> Option<&'static str> {
    let mut all = Reader::new(bytes);
    while !all.at_end() {
        let Ok(certificate) = all.value(SEQUENCE, "") else { return Some("x509: malformed certificate") };
        if Reader::new(certificate).value(SEQUENCE, "").is_err() {
            return Some("x509: malformed tbs certificate");
        }
    }
    None
}

/// Who a certificate is for, as far as Kubernetes makes a user of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    pub common_name: String,
    pub organizations: Vec<String>,
}

const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
const ORGANIZATION: [u8; 3] = [0x55, 4, 10];

/// The subject of a request for a certificate that was found to be one.
pub fn subject(bytes: &[u8]) -> Subject {
    read_subject(bytes).unwrap_or_default()
}

fn read_subject(bytes: &[u8]) -> Read<Subject> {
    let mut out = Subject::default();
    for (kind, value) in subject_fields(bytes)? {
        match kind {
            k if k == COMMON_NAME => out.common_name = value,
            k if k == ORGANIZATION => out.organizations.push(value),
            _ => {}
        }
    }
    Ok(out)
}

/// The fields of a subject, by their identifiers.
pub(super) fn subject_fields(bytes: &[u8]) -> Read<Vec<(&[u8], String)>> {
    let mut request = Reader::new(Reader::new(bytes).any()?);
    let mut signed = Reader::new(request.any()?);
    signed.any()?;
    let mut names = Reader::new(signed.any()?);
    let mut out = vec![];
    while !names.at_end() {
        let mut set = Reader::new(names.any()?);
        while !set.at_end() {
            let mut pair = Reader::new(set.any()?);
            out.push((pair.any()?, String::from_utf8_lossy(pair.any()?).into_owned()));
        }
    }
    Ok(out)
}
