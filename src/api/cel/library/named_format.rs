//! Formats by name: `format.dns1123Label().validate(s)`.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/format.go.

use super::super::value::{Error, Evaluated, Value};
use super::Opaque;
use crate::api::structural::formats;
use crate::api::{go_url, names};

pub struct NamedFormat {
    name: &'static str,
    /// Formats are the same if these are.
    pub title: &'static str,
    validate: fn(&str) -> Vec<String>,
    /// How long the regular expression is that the check is counted as.
    pub cost: u32,
}

impl std::fmt::Debug for NamedFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.title)
    }
}

const fn new(name: &'static str, title: &'static str, cost: u32, validate: fn(&str) -> Vec<String>) -> NamedFormat {
    NamedFormat { name, title, validate, cost }
}

fn checked(format: &str, s: &str, why: &str) -> Vec<String> {
    match formats::checker(format) {
        Some(check) if !check(s) => vec![why.into()],
        _ => vec![],
    }
}

static FORMATS: [NamedFormat; 13] = [
    new("dns1123Label", "DNS1123Label", 30, |s| names::dns1123_label(s, false)),
    new("dns1123Subdomain", "DNS1123Subdomain", 60, |s| names::dns1123_subdomain(s, false)),
    new("dns1035Label", "DNS1035Label", 30, |s| names::dns1035_label(s, false)),
    new("qualifiedName", "QualifiedName", 60, names::qualified_name),
    new("dns1123LabelPrefix", "DNS1123LabelPrefix", 30, |s| names::dns1123_label(s, true)),
    new("dns1123SubdomainPrefix", "DNS1123SubdomainPrefix", 60, |s| names::dns1123_subdomain(s, true)),
    new("dns1035LabelPrefix", "DNS1035LabelPrefix", 30, |s| names::dns1035_label(s, true)),
    new("labelValue", "LabelValue", 40, names::label_value),
    new("uri", "URI", 1103, |s| go_url::parse_request_uri(s).err().into_iter().collect()),
    new("uuid", "uuid", 70, |s| checked("uuid", s, "does not match the UUID format")),
    new("byte", "byte", 84, |s| checked("byte", s, "invalid base64")),
    new("date", "date", 71, |s| checked("date", s, "invalid date")),
    new("datetime", "datetime", 71, |s| checked("datetime", s, "invalid datetime")),
];

fn find(name: &str) -> Option<Value> {
    FORMATS.iter().find(|f| f.name == name).map(|f| Value::opaque(Opaque::Format(f)))
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    match (function, args) {
        ("format.named", [Value::String(name)]) => Ok(Value::Optional(find(name).map(Into::into))),
        ("validate", [Value::Opaque(o), Value::String(s)]) => {
            let Opaque::Format(f) = &**o else { return Err(Error::no_such_overload()) };
            let faults = (f.validate)(s);
            Ok(match faults.is_empty() {
                true => Value::Optional(None),
                false => Value::some(Value::list(faults.iter().map(|f| Value::string(f)))),
            })
        }
        (_, []) => function.strip_prefix("format.").and_then(find).ok_or_else(Error::no_such_overload),
        _ => Err(Error::no_such_overload()),
    }
}
