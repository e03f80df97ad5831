//! What a certificate says beside its subject: made of `subjectAltName=DNS:web,IP:10.0.0.1` and the like, and shown.

use std::net::IpAddr;

use sha1::{Digest, Sha1};
use x509_cert::der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode, Error};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::config::Config;
use super::keys::{colons, lines};
use super::names::{Layout, shown};
use super::{Failed, traced};
use crate::runtime::programs::Call;

/// A usage of a key: its name in a file, how it is shown, and what it is.
type Usage = (&'static str, &'static str, KeyUsages);

const USAGES: [Usage; 9] = [
    ("digitalSignature", "Digital Signature", KeyUsages::DigitalSignature),
    ("nonRepudiation", "Non Repudiation", KeyUsages::NonRepudiation),
    ("keyEncipherment", "Key Encipherment", KeyUsages::KeyEncipherment),
    ("dataEncipherment", "Data Encipherment", KeyUsages::DataEncipherment),
    ("keyAgreement", "Key Agreement", KeyUsages::KeyAgreement),
    ("keyCertSign", "Certificate Sign", KeyUsages::KeyCertSign),
    ("cRLSign", "CRL Sign", KeyUsages::CRLSign),
    ("encipherOnly", "Encipher Only", KeyUsages::EncipherOnly),
    ("decipherOnly", "Decipher Only", KeyUsages::DecipherOnly),
];

const PURPOSES: [(&str, &str, ObjectIdentifier); 7] = [
    ("serverAuth", "TLS Web Server Authentication", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")),
    ("clientAuth", "TLS Web Client Authentication", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2")),
    ("codeSigning", "Code Signing", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3")),
    ("emailProtection", "E-mail Protection", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4")),
    ("timeStamping", "Time Stamping", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8")),
    ("OCSPSigning", "OCSP Signing", ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9")),
    ("anyExtendedKeyUsage", "Any Extended Key Usage", ObjectIdentifier::new_unwrap("2.5.29.37.0")),
];

/// Extensions by the names that files and options give them.
const NAMES: [(&str, &str, ObjectIdentifier); 6] = [
    ("subjectKeyIdentifier", "X509v3 Subject Key Identifier", SubjectKeyIdentifier::OID),
    ("authorityKeyIdentifier", "X509v3 Authority Key Identifier", AuthorityKeyIdentifier::OID),
    ("basicConstraints", "X509v3 Basic Constraints", BasicConstraints::OID),
    ("keyUsage", "X509v3 Key Usage", KeyUsage::OID),
    ("extendedKeyUsage", "X509v3 Extended Key Usage", ExtendedKeyUsage::OID),
    ("subjectAltName", "X509v3 Subject Alternative Name", SubjectAltName::OID),
];

/// Whose certificate it becomes, and who signs it.
pub struct Parties<'a> {
    pub subject: &'a SubjectPublicKeyInfoOwned,
    pub issuer: Option<&'a SubjectPublicKeyInfoOwned>,
}

/// OpenSSL names a key by this.
fn key_id(key: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    Sha1::digest(key.subject_public_key.raw_bytes()).to_vec()
}

/// Why a value is not taken: what OpenSSL's queue of errors says first.
type Refused = String;

fn encoded(oid: ObjectIdentifier, critical: bool, value: Result<Vec<u8>, Error>) -> Result<Extension, Refused> {
    let wrong = |e: Error| e.to_string();
    Ok(Extension { extn_id: oid, critical, extn_value: OctetString::new(value.map_err(wrong)?).map_err(wrong)? })
}

fn general_name(kind: &str, value: &str) -> Result<GeneralName, Refused> {
    let ia5 = |v: &str| Ia5String::new(v).map_err(|e| e.to_string());
    match kind.split('.').next().unwrap_or_default() {
        "DNS" => Ok(GeneralName::DnsName(ia5(value)?)),
        "email" => Ok(GeneralName::Rfc822Name(ia5(value)?)),
        "URI" => Ok(GeneralName::UniformResourceIdentifier(ia5(value)?)),
        "IP" => {
            let ip: IpAddr = value.parse().map_err(|_| {
                format!("11000076:X509 V3 routines:a2i_GENERAL_NAME:bad ip address:../crypto/x509/v3_san.c:552:value={value}")
            })?;
            let bytes = match ip {
                IpAddr::V4(a) => a.octets().to_vec(),
                IpAddr::V6(a) => a.octets().to_vec(),
            };
            Ok(GeneralName::IpAddress(OctetString::new(bytes).map_err(|e| e.to_string())?))
        }
        _ => Err(format!(
            "11000075:X509 V3 routines:v2i_GENERAL_NAME_ex:unsupported option:../crypto/x509/v3_san.c:651:name={kind}"
        )),
    }
}

fn alternative(value: &str, config: &Config) -> Result<Vec<GeneralName>, Refused> {
    let mut all = vec![];
    for item in value.split(',').map(str::trim).filter(|i| !i.is_empty()) {
        if let Some(section) = item.strip_prefix('@') {
            let pairs = config.section(section).ok_or_else(|| {
                format!("11000096:X509 V3 routines:X509V3_get_section:section not found:../crypto/x509/v3_conf.c:1:section={section}")
            })?;
            for (kind, value) in pairs {
                all.push(general_name(kind, value)?);
            }
            continue;
        }
        let (kind, value) = item
            .split_once(':')
            .ok_or("1100007C:X509 V3 routines:v2i_GENERAL_NAME_ex:missing value:../crypto/x509/v3_san.c:607:")?;
        all.push(general_name(kind, value.trim())?);
    }
    Ok(all)
}

/// One extension. `None`: it is asked for, but says nothing here.
fn one(name: &str, value: &str, config: &Config, of: &Parties<'_>) -> Result<Option<Extension>, Refused> {
    let (critical, value) = match value.strip_prefix("critical") {
        Some(rest) => (true, rest.trim_start_matches([',', ' '])),
        None => (false, value),
    };
    let items = || value.split(',').map(str::trim).filter(|i| !i.is_empty());
    let Some((_, _, oid)) = NAMES.iter().find(|(n, _, _)| *n == name) else {
        return Err("11000082:X509 V3 routines:do_ext_nconf:unknown extension name:../crypto/x509/v3_conf.c:88:".into());
    };
    let der = match name {
        "subjectKeyIdentifier" => match value {
            "none" => return Ok(None),
            _ => SubjectKeyIdentifier(OctetString::new(key_id(of.subject)).map_err(|e| e.to_string())?).to_der(),
        },
        "authorityKeyIdentifier" => {
            let Some(issuer) = of.issuer.filter(|_| value != "none") else { return Ok(None) };
            let key_identifier = Some(OctetString::new(key_id(issuer)).map_err(|e| e.to_string())?);
            AuthorityKeyIdentifier { key_identifier, ..AuthorityKeyIdentifier::default() }.to_der()
        }
        "basicConstraints" => {
            let mut b = BasicConstraints { ca: false, path_len_constraint: None };
            for item in items() {
                match item.split_once(':').map(|(n, v)| (n.trim(), v.trim())) {
                    Some(("CA", v)) => b.ca = v.eq_ignore_ascii_case("true"),
                    Some(("pathlen", v)) => b.path_len_constraint = v.parse().ok(),
                    _ => {
                        return Err(format!(
                            "1100006A:X509 V3 routines:v2i_BASIC_CONSTRAINTS:invalid name:../crypto/x509/v3_bcons.c:89:{item}"
                        ));
                    }
                }
            }
            b.to_der()
        }
        "keyUsage" => {
            let mut all = x509_cert::der::flagset::FlagSet::<KeyUsages>::default();
            for item in items() {
                let found = USAGES.iter().find(|(short, long, _)| *short == item || *long == item);
                all |= found.map(|(_, _, u)| *u).ok_or_else(|| {
                    format!("1100006F:X509 V3 routines:v2i_ASN1_BIT_STRING:unknown bit string argument:../crypto/x509/v3_bitst.c:82:{item}")
                })?;
            }
            KeyUsage(all).to_der()
        }
        "extendedKeyUsage" => {
            let find = |item: &str| {
                let found = PURPOSES.iter().find(|(short, long, _)| *short == item || *long == item);
                found.map(|(_, _, o)| *o).or_else(|| ObjectIdentifier::new(item).ok()).ok_or_else(|| {
                    format!("1100006E:X509 V3 routines:v2i_EXTENDED_KEY_USAGE:invalid object identifier:../crypto/x509/v3_extku.c:94:{item}")
                })
            };
            ExtendedKeyUsage(items().map(find).collect::<Result<_, _>>()?).to_der()
        }
        _ => SubjectAltName(alternative(value, config)?).to_der(),
    };
    encoded(*oid, critical, der).map(Some)
}

/// All of a section; later ones stand for earlier ones of the same name.
pub fn made(
    c: &mut Call<'_, '_>,
    section: &str,
    pairs: &[(String, String)],
    config: &Config,
    of: &Parties<'_>,
    said: &str,
) -> Result<Vec<Extension>, Failed> {
    let mut all: Vec<Extension> = vec![];
    for (name, value) in pairs {
        match one(name, value, config, of) {
            Ok(None) => {}
            Ok(Some(e)) => {
                all.retain(|o| o.extn_id != e.extn_id);
                all.push(e);
            }
            Err(why) => {
                let in_all = format!(
                    "11000080:X509 V3 routines:X509V3_EXT_nconf_int:error in extension:../crypto/x509/v3_conf.c:48:section={section}, name={name}, value={value}"
                );
                let text = format!("{said}\n{}", traced(c, &[why, in_all]));
                return Err(Failed { text, code: 1 });
            }
        }
    }
    Ok(all)
}

/// What is there without being asked for: who it is, and who has signed.
pub fn identified(all: &mut Vec<Extension>, of: &Parties<'_>) -> Result<(), Failed> {
    for (name, value) in [("subjectKeyIdentifier", "hash"), ("authorityKeyIdentifier", "keyid")] {
        let found = one(name, value, &Config::default(), of)?;
        all.extend(found.filter(|e| all.iter().all(|o| o.extn_id != e.extn_id)));
    }
    Ok(())
}

/// Whether a name of the list of `-ext` means an extension.
pub fn is_named(e: &Extension, name: &str) -> bool {
    NAMES.iter().any(|(n, _, oid)| *n == name && *oid == e.extn_id)
}

/// An extension as it is printed.
pub fn text(e: &Extension, indent: usize) -> String {
    let title = NAMES.iter().find(|(_, _, o)| *o == e.extn_id).map_or_else(|| e.extn_id.to_string(), |n| n.1.into());
    let critical = if e.critical { "critical" } else { "" };
    let deeper = indent + 4;
    let mut t = format!("{:indent$}{title}: {critical}\n", "");
    match value(e) {
        Some(v) => t.push_str(&format!("{:deeper$}{v}\n", "")),
        None => lines(&mut t, e.extn_value.as_bytes(), 16, deeper),
    }
    t
}

fn value(e: &Extension) -> Option<String> {
    let der = e.extn_value.as_bytes();
    Some(match e.extn_id {
        SubjectKeyIdentifier::OID => colons(SubjectKeyIdentifier::from_der(der).ok()?.0.as_bytes(), true),
        AuthorityKeyIdentifier::OID => {
            colons(AuthorityKeyIdentifier::from_der(der).ok()?.key_identifier?.as_bytes(), true)
        }
        BasicConstraints::OID => {
            let b = BasicConstraints::from_der(der).ok()?;
            let path = b.path_len_constraint.map(|n| format!(", pathlen:{n}")).unwrap_or_default();
            format!("CA:{}{path}", if b.ca { "TRUE" } else { "FALSE" })
        }
        KeyUsage::OID => {
            let all = KeyUsage::from_der(der).ok()?.0;
            let said: Vec<&str> = USAGES.iter().filter(|(_, _, u)| all.contains(*u)).map(|u| u.1).collect();
            said.join(", ")
        }
        ExtendedKeyUsage::OID => {
            let name = |o: &ObjectIdentifier| {
                PURPOSES.iter().find(|p| p.2 == *o).map_or_else(|| o.to_string(), |p| p.1.into())
            };
            ExtendedKeyUsage::from_der(der).ok()?.0.iter().map(name).collect::<Vec<String>>().join(", ")
        }
        SubjectAltName::OID => {
            SubjectAltName::from_der(der).ok()?.0.iter().map(name_text).collect::<Vec<_>>().join(", ")
        }
        _ => return None,
    })
}

fn name_text(n: &GeneralName) -> String {
    match n {
        GeneralName::DnsName(d) => format!("DNS:{}", d.as_str()),
        GeneralName::Rfc822Name(d) => format!("email:{}", d.as_str()),
        GeneralName::UniformResourceIdentifier(d) => format!("URI:{}", d.as_str()),
        GeneralName::DirectoryName(d) => format!("DirName:{}", shown(d, Layout::Spaced)),
        GeneralName::IpAddress(ip) => {
            let b = ip.as_bytes();
            match (<[u8; 4]>::try_from(b), b.len()) {
                (Ok(v4), _) => format!("IP Address:{}", std::net::Ipv4Addr::from(v4)),
                (_, 16) => {
                    let groups = b.chunks(2).map(|g| format!("{:X}", u16::from(g[0]) << 8 | u16::from(g[1])));
                    format!("IP Address:{}", groups.collect::<Vec<_>>().join(":"))
                }
                _ => "IP Address:<invalid>".into(),
            }
        }
        _ => "othername:<unsupported>".into(),
    }
}
