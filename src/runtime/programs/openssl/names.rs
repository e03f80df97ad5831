//! Subjects: `/CN=jane/O=dev` as it is typed, `CN = jane, O = dev` as it is shown.

use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::Any;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use super::{Failed, traced};
use crate::runtime::programs::Call;

struct Field {
    short: &'static str,
    long: &'static str,
    oid: ObjectIdentifier,
    longest: usize,
}

const fn field(short: &'static str, long: &'static str, oid: &str, longest: usize) -> Field {
    Field { short, long, oid: ObjectIdentifier::new_unwrap(oid), longest }
}

const FIELDS: [Field; 15] = [
    field("CN", "commonName", "2.5.4.3", 64),
    field("SN", "surname", "2.5.4.4", 32768),
    field("serialNumber", "serialNumber", "2.5.4.5", 64),
    field("C", "countryName", "2.5.4.6", 2),
    field("L", "localityName", "2.5.4.7", 128),
    field("ST", "stateOrProvinceName", "2.5.4.8", 128),
    field("street", "streetAddress", "2.5.4.9", 32768),
    field("O", "organizationName", "2.5.4.10", 64),
    field("OU", "organizationalUnitName", "2.5.4.11", 64),
    field("title", "title", "2.5.4.12", 32768),
    field("GN", "givenName", "2.5.4.42", 32768),
    field("initials", "initials", "2.5.4.43", 32768),
    field("emailAddress", "emailAddress", "1.2.840.113549.1.9.1", 128),
    field("DC", "domainComponent", "0.9.2342.19200300.100.1.25", 32768),
    field("UID", "userId", "0.9.2342.19200300.100.1.1", 32768),
];

/// One part of a name. `joined`: it stands beside the part before it.
pub struct Part {
    pub field: String,
    pub value: String,
    pub joined: bool,
}

/// `/CN=jane/O=dev`. A backslash takes the next letter as it is.
pub fn split(text: &str) -> Result<Vec<Part>, String> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(format!(
            "subject name is expected to be in the format /type0=value0/type1=value1/type2=... where characters may be escaped by \\. This name is not in that format: '{text}'"
        ));
    };
    let mut parts = vec![];
    let mut letters = rest.chars().peekable();
    let mut joined = false;
    while letters.peek().is_some() {
        let mut field = String::new();
        loop {
            match letters.next() {
                Some('=') => break,
                Some('\\') => field.extend(letters.next()),
                Some('/') | None => {
                    return Err(format!("Missing '=' after RDN type string '{field}' in subject name string"));
                }
                Some(l) => field.push(l),
            }
        }
        let (mut value, mut next) = (String::new(), false);
        while let Some(l) = letters.next() {
            match l {
                '/' => break,
                '+' => {
                    next = true;
                    break;
                }
                '\\' => value.extend(letters.next()),
                l => value.push(l),
            }
        }
        parts.push(Part { field: field.trim().into(), value, joined });
        joined = next;
    }
    Ok(parts)
}

/// Makes a name of its parts. What OpenSSL skips it warns of.
pub fn made(c: &mut Call<'_, '_>, parts: &[Part]) -> Result<Name, Failed> {
    let mut all: Vec<RelativeDistinguishedName> = vec![];
    for p in parts {
        let Some(f) = FIELDS.iter().find(|f| f.short == p.field || f.long == p.field) else {
            c.err.extend(format!("req warning: Skipping unknown subject name attribute \"{}\"\n", p.field).bytes());
            if p.joined {
                c.err.extend(b"req hint: a '+' in a value string needs be escaped using '\\' else a new member of a multi-valued RDN is expected\n");
            }
            continue;
        };
        if p.value.is_empty() {
            let text = format!("req warning: No value provided for subject name attribute \"{}\", skipped\n", p.field);
            c.err.extend(text.bytes());
            continue;
        }
        let refused = |c: &mut Call<'_, '_>, why: String| {
            let text = traced(c, &[why]);
            let text = format!("{text}req: Error adding subject name attribute \"/{}={}\"\n", p.field, p.value);
            Failed { text, code: 1 }
        };
        if p.value.chars().count() > f.longest {
            let why = format!(
                "06800097:asn1 encoding routines:ASN1_mbstring_ncopy:string too long:../crypto/asn1/a_mbstr.c:106:maxsize={}",
                f.longest
            );
            return Err(refused(c, why));
        }
        if f.short == "C" && p.value.chars().count() < 2 {
            let why = "06800098:asn1 encoding routines:ASN1_mbstring_ncopy:string too short:../crypto/asn1/a_mbstr.c:99:minsize=2";
            return Err(refused(c, why.into()));
        }
        let value = match f.short {
            "C" | "serialNumber" => PrintableStringRef::new(&p.value).map(Any::from),
            "emailAddress" | "DC" => Ia5StringRef::new(&p.value).map(Any::from),
            _ => Utf8StringRef::new(&p.value).map(Any::from),
        };
        let Ok(value) = value else {
            let why =
                "0680007C:asn1 encoding routines:ASN1_mbstring_ncopy:illegal characters:../crypto/asn1/a_mbstr.c:114:";
            return Err(refused(c, why.into()));
        };
        let one = AttributeTypeAndValue { oid: f.oid, value };
        let wrong = |e: x509_cert::der::Error| Failed::from(e.to_string());
        match all.last_mut().filter(|_| p.joined) {
            Some(last) => last.0.insert(one).map_err(wrong)?,
            None => {
                all.push(RelativeDistinguishedName(SetOfVec::try_from(vec![one]).map_err(wrong)?));
            }
        }
    }
    Ok(RdnSequence(all))
}

/// How names are laid out: `-nameopt`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    #[default]
    Spaced,
    Rfc2253,
    Compat,
    Multiline,
}

impl Layout {
    pub fn named(text: &str) -> Layout {
        match text.to_ascii_lowercase() {
            t if t.contains("rfc2253") => Layout::Rfc2253,
            t if t.contains("compat") => Layout::Compat,
            t if t.contains("multiline") => Layout::Multiline,
            _ => Layout::Spaced,
        }
    }
}

fn quoted(text: &str, layout: Layout) -> String {
    let special = |l: char| ",+\"\\<>;".contains(l);
    let edges = text.starts_with([' ', '#']) || text.ends_with(' ');
    if !edges && !text.contains(special) {
        return text.into();
    }
    if layout == Layout::Rfc2253 {
        return text.chars().map(|l| if special(l) { format!("\\{l}") } else { l.to_string() }).collect();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

pub fn shown(name: &Name, layout: Layout) -> String {
    let one = |a: &AttributeTypeAndValue| {
        let value = String::from_utf8_lossy(a.value.value()).into_owned();
        let known = FIELDS.iter().find(|f| f.oid == a.oid);
        let short = known.map_or_else(|| a.oid.to_string(), |f| f.short.into());
        match layout {
            Layout::Spaced => format!("{short} = {}", quoted(&value, layout)),
            Layout::Rfc2253 => format!("{short}={}", quoted(&value, layout)),
            Layout::Compat => format!("/{short}={value}"),
            Layout::Multiline => {
                format!("\n    {:<25} = {value}", known.map_or_else(|| a.oid.to_string(), |f| f.long.into()))
            }
        }
    };
    let between = if layout == Layout::Spaced { " + " } else { "+" };
    let mut parts: Vec<String> = name.0.iter().map(|r| r.0.iter().map(one).collect::<Vec<_>>().join(between)).collect();
    match layout {
        Layout::Spaced => parts.join(", "),
        Layout::Rfc2253 => {
            parts.reverse();
            parts.join(",")
        }
        Layout::Compat | Layout::Multiline => parts.concat(),
    }
}
