//! What a request for a certificate asks for, as far as people are shown it.
//!
//! Real Kubernetes: `crypto/x509` ParseCertificateRequest, whose fields `kubectl describe csr` prints.

use std::net::{IpAddr, Ipv6Addr};

use super::der::{self, Read, Reader};
use super::{CertificateSigningRequest, validation};
use crate::api::pem;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    pub common_name: Vec<String>,
    pub serial_number: Vec<String>,
    pub organization: Vec<String>,
    pub unit: Vec<String>,
    pub country: Vec<String>,
    pub locality: Vec<String>,
    pub province: Vec<String>,
    pub street: Vec<String>,
    pub postal_code: Vec<String>,
    pub dns_names: Vec<String>,
    pub emails: Vec<String>,
    pub uris: Vec<String>,
    pub addresses: Vec<String>,
}

/// 1.2.840.113549.1.9.14: extensions that are asked for.
const EXTENSION_REQUEST: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
const SUBJECT_ALTERNATIVE_NAME: [u8; 3] = [0x55, 0x1d, 17];
const OCTET_STRING: u32 = 4;

/// What is asked for, or why it cannot be read.
pub fn wish(request: &CertificateSigningRequest) -> Result<Wish, String> {
    if let Some(why) = validation::request_fault(&request.spec.request.0) {
        return Err(why);
    }
    let blocks = pem::blocks(&request.spec.request.0);
    let Some(block) = blocks.first() else { return Ok(Wish::default()) };
    let mut out = Wish::default();
    for (kind, value) in der::subject_fields(&block.bytes)? {
        let [0x55, 4, field] = kind else { continue };
        match field {
            3 => out.common_name.push(value),
            5 => out.serial_number.push(value),
            6 => out.country.push(value),
            7 => out.locality.push(value),
            8 => out.province.push(value),
            9 => out.street.push(value),
            10 => out.organization.push(value),
            11 => out.unit.push(value),
            17 => out.postal_code.push(value),
            _ => {}
        }
    }
    read_attributes(&block.bytes, &mut out)?;
    Ok(out)
}

/// The attributes stand behind the version, the subject and the key.
fn read_attributes(bytes: &[u8], out: &mut Wish) -> Read<()> {
    let mut signed = Reader::new(Reader::new(Reader::new(bytes).any()?).any()?);
    for _ in ["version", "subject", "key"] {
        signed.any()?;
    }
    let mut attributes = Reader::new(signed.any()?);
    while !attributes.at_end() {
        let mut attribute = Reader::new(attributes.any()?);
        if attribute.any()? != EXTENSION_REQUEST {
            continue;
        }
        let mut extensions = Reader::new(Reader::new(attribute.any()?).any()?);
        while !extensions.at_end() {
            read_extension(extensions.any()?, out)?;
        }
    }
    Ok(())
}

fn read_extension(bytes: &[u8], out: &mut Wish) -> Read<()> {
    let mut extension = Reader::new(bytes);
    if extension.any()? != SUBJECT_ALTERNATIVE_NAME {
        return Ok(());
    }
    // Whether it is critical may stand between.
    let value = loop {
        if let (OCTET_STRING, value) = extension.tagged()? {
            break value;
        }
    };
    let mut names = Reader::new(Reader::new(value).any()?);
    while !names.at_end() {
        let (tag, name) = names.tagged()?;
        let text = || String::from_utf8_lossy(name).into_owned();
        match tag {
            1 => out.emails.push(text()),
            2 => out.dns_names.push(text()),
            6 => out.uris.push(text()),
            7 => out.addresses.extend(address(name).map(|a| a.to_string())),
            _ => {}
        }
    }
    Ok(())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(|b| IpAddr::V6(Ipv6Addr::from(b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBhTCCASsCAQAwYTELMAkGA1UEBhMCREUxCjAIBgNVBAgMAUIxDzANBgNVBAcM
BkJlcmxpbjEMMAoGA1UECgwDZGV2MQwwCgYDVQQKDANvcHMxCjAIBgNVBAsMAXUx
DTALBgNVBAMMBGphbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASJ6VzomdZH
GSJfrCl46xatxlkDKa4Ez4UAnOlvCtMShEFXWl5tmVxwkYqAo22e9HEU1Erhy5YC
LB3a5IhOv7SUoGgwZgYJKoZIhvcNAQkOMVkwVzBVBgNVHREBAf8ESzBJgglhLmV4
YW1wbGWCCWIuZXhhbXBsZYcECgAAAYcQ/QAAAAAAAAAAAAAAAAAAAYENakBleGFt
cGxlLmNvbYYKc3BpZmZlOi8veDAKBggqhkjOPQQDAgNIADBFAiEA2dK9MBrYoNIx
3NS+9tgviRGQfcLIPestiiaQl9o2+HQCIDe9X4tm+1fxgNu2VNkNpBXqXid5UcAi
Cp9hxosaoRf/
-----END CERTIFICATE REQUEST-----
";

    fn request(text: &str) -> CertificateSigningRequest {
        let mut c = CertificateSigningRequest::default();
        c.spec.request.0 = text.as_bytes().to_vec();
        c
    }

    #[test]
    fn names_are_read_from_the_subject_and_the_extensions() {
        let of = |names: &[&str]| -> Vec<String> { names.iter().map(|n| n.to_string()).collect() };
        let wanted = Wish {
            common_name: of(&["jane"]),
            organization: of(&["dev", "ops"]),
            unit: of(&["u"]),
            country: of(&["DE"]),
            locality: of(&["Berlin"]),
            province: of(&["B"]),
            dns_names: of(&["a.example", "b.example"]),
            emails: of(&["j@example.com"]),
            uris: of(&["spiffe://x"]),
            addresses: of(&["10.0.0.1", "fd00::1"]),
            ..Wish::default()
        };
        assert_eq!(wish(&request(REQUEST)), Ok(wanted));
    }

    #[test]
    fn what_is_no_request_cannot_be_read() {
        assert_eq!(wish(&request("hello")), Err("PEM block type must be CERTIFICATE REQUEST".into()));
    }
}
