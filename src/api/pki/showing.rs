//! What a certificate shows of who shows it.

use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::api::pem;
use crate::api::served::Identity;

const LABEL: &str = "CERTIFICATE";

/// A file of certificates as a server shows it: the names in the first, and the last one as whoever has signed.
pub fn identity(text: &str) -> Identity {
    let blocks: Vec<pem::Block> = pem::blocks(text.as_bytes()).into_iter().filter(|b| b.label == LABEL).collect();
    let first = blocks.first().and_then(|b| Certificate::from_der(&b.bytes).ok());
    let names = first.iter().flat_map(|c| c.tbs_certificate.filter::<SubjectAltName>().flatten());
    let name = |n: &GeneralName| match n {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(ip) => match ip.as_bytes() {
            [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
            _ => None,
        },
        _ => None,
    };
    let names = names.flat_map(|(_, all)| all.0.iter().filter_map(name).collect::<Vec<_>>()).collect();
    let authority = text.rfind("-----BEGIN CERTIFICATE-----").map_or("", |i| text[i..].trim());
    Identity { authority: authority.into(), names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Time;
    use crate::api::pki::Authority;

    #[test]
    fn an_authority_shows_itself() {
        let own = Authority::named("web", 1, Time::ZERO).unwrap().certificate();
        let shown = identity(&format!("not this\n{own}"));
        assert_eq!(shown.authority, own.trim());
        assert_eq!(identity("nothing"), Identity::default());
    }
}
