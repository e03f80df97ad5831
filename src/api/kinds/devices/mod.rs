//! What the kinds of resource.k8s.io share: names of devices, pools and requests, configuration, taints. [`claim`] judges
//! what a ResourceClaim and its template ask for.
//! Real Kubernetes: pkg/apis/resource/validation/validation.go. Its declarative rules only watch over these in v1.36.

pub mod claim;
mod selector;

pub use selector::validate as validate_selectors;

use std::collections::BTreeSet;

use k8s_openapi::api::resource::v1::OpaqueDeviceConfiguration;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::Value;

use crate::api::field::{FieldErrors, Path};
use crate::api::names;

pub const MAX_CONFIGS: usize = 32;
const MAX_PARAMETERS_BYTES: usize = 10 * 1024;
const MAX_POOL_NAME: usize = 253;
const MAX_ID: usize = 32;
const MAX_BINDING_CONDITIONS: usize = 4;
pub const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "None"];

/// Judges each item of a list that is not too long; of one that is, nothing more is said.
pub fn validate_list<T>(
    items: &[T],
    max: usize,
    at: &Path<'_>,
    errors: &mut FieldErrors,
    mut each: impl FnMut(&T, &Path<'_>, &mut FieldErrors),
) -> bool {
    if items.len() > max {
        errors.too_many(at, items.len(), max);
        return false;
    }
    for (i, item) in items.iter().enumerate() {
        each(item, &at.index(i), errors);
    }
    true
}

/// The same for a list whose items are told apart by a text.
pub fn validate_set<T>(
    items: &[T],
    max: usize,
    key: impl Fn(&T) -> String,
    at: &Path<'_>,
    errors: &mut FieldErrors,
    each: impl FnMut(&T, &Path<'_>, &mut FieldErrors),
) {
    if !validate_list(items, max, at, errors, each) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, item) in items.iter().enumerate() {
        let key = key(item);
        if !seen.contains(&key) {
            seen.insert(key);
        } else {
            errors.duplicate(&at.index(i), key);
        }
    }
}

/// The name of a device, a request or a set of counters.
pub fn validate_label(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(at, name, names::dns1123_label(name, false));
}

/// DNS subdomains with slashes between them.
pub fn validate_pool_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(at, "");
        return;
    }
    if name.len() > MAX_POOL_NAME {
        errors.too_long(at, MAX_POOL_NAME);
    }
    for part in name.split('/') {
        errors.invalid_each(at, part, names::dns1123_subdomain(part, false));
    }
}

/// The name of an attribute or a capacity: an identifier of C, perhaps with a domain.
pub fn validate_qualified_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [id] => validate_identifier(id, at, errors),
        [domain, id] => {
            if domain.is_empty() {
                errors.invalid(at, "", "the domain must not be empty");
            } else {
                names::validate_driver_name(domain, at, errors);
            }
            if id.is_empty() {
                errors.invalid(at, "", "the name must not be empty");
            } else {
                validate_identifier(id, at, errors);
            }
        }
        // Kubernetes lets names with more slashes pass.
        _ => {}
    }
}

/// The name of an attribute with its domain.
pub fn validate_full_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_qualified_name(name, at, errors);
    if !name.contains('/') {
        errors.invalid(at, name, "a fully qualified name must be a domain and a name separated by a slash");
    }
}

fn validate_identifier(id: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if id.len() > MAX_ID {
        errors.too_long(at, MAX_ID);
    }
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if id.is_empty() || id.as_bytes()[0].is_ascii_digit() || !id.bytes().all(word) {
        errors.invalid(
            at,
            id,
            "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric \
             characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is \
             '[A-Za-z_][A-Za-z0-9_]*')",
        );
    }
}

/// Configuration that only a driver understands; there is no other yet.
pub fn validate_configuration(opaque: Option<&OpaqueDeviceConfiguration>, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("opaque");
    let Some(opaque) = opaque else {
        errors.required(&at, "");
        return;
    };
    names::validate_driver_name(&opaque.driver, &at.child("driver"), errors);
    validate_raw(&opaque.parameters, MAX_PARAMETERS_BYTES, &at.child("parameters"), errors);
}

/// An object of JSON whose content does not matter here.
pub fn validate_raw(raw: &RawExtension, max: usize, at: &Path<'_>, errors: &mut FieldErrors) {
    if raw.0.is_null() {
        errors.required(at, "");
    } else if raw.0.to_string().len() > max {
        errors.too_long(at, max);
    } else if !matches!(raw.0, Value::Object(_)) {
        errors.invalid(at, "<value omitted>", "must be a valid JSON object");
    }
}

/// Conditions for binding a pod to a device, and those that make it fail, go together and are not the same ones.
pub fn validate_binding(
    conditions: Option<&Vec<String>>,
    failures: Option<&Vec<String>>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let (wanted_at, failures_at) = (at.child("bindingConditions"), at.child("bindingFailureConditions"));
    let (wanted, failing) =
        (conditions.map(Vec::as_slice).unwrap_or_default(), failures.map(Vec::as_slice).unwrap_or_default());
    for (list, at) in [(wanted, &wanted_at), (failing, &failures_at)] {
        validate_list(list, MAX_BINDING_CONDITIONS, at, errors, |c, at, errors| {
            errors.invalid_each(at, c, names::qualified_name(c));
        });
    }
    for (i, c) in wanted.iter().enumerate() {
        if wanted[..i].contains(c) {
            errors.duplicate(&wanted_at.index(i), c.as_str());
        }
    }
    for (i, c) in failing.iter().enumerate() {
        let at = failures_at.index(i);
        if failing[..i].contains(c) {
            errors.duplicate(&at, c.as_str());
        }
        if wanted.contains(c) {
            errors.invalid(&at, c.as_str(), "bindingFailureConditions must not overlap with bindingConditions");
        }
    }
    let shown = |list: Option<&Vec<String>>| list.map_or(Value::Null, |l| l.clone().into());
    if wanted.is_empty() && !failing.is_empty() {
        errors.invalid(&wanted_at, shown(conditions), "bindingConditions are required to use bindingFailureConditions");
    }
    if failing.is_empty() && !wanted.is_empty() {
        errors.invalid(&failures_at, shown(failures), "bindingFailureConditions are required to use bindingConditions");
    }
}

/// The identity of a share of a device.
pub fn validate_uid(uid: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Err(why) = is_uuid(uid) {
        errors.invalid(at, uid, format!("error validating uid: {why}"));
    } else if uid.len() != 36 || uid != uid.to_lowercase() {
        errors.invalid(
            at,
            uid,
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal \
             characters",
        );
    }
}

/// A UUID in any of the forms in which they are written.
/// Real Kubernetes: github.com/google/uuid Validate.
fn is_uuid(text: &str) -> Result<(), String> {
    const PREFIX: usize = "urn:uuid:".len();
    let b = text.as_bytes();
    let hexadecimal = |b: &[u8]| b.iter().all(u8::is_ascii_hexdigit);
    let plain = match b.len() {
        36 => b,
        32 if hexadecimal(b) => return Ok(()),
        32 => return Err("invalid UUID format".into()),
        45 if b[..PREFIX].eq_ignore_ascii_case(b"urn:uuid:") => &b[PREFIX..],
        45 => return Err(format!("invalid urn prefix: {:?}", String::from_utf8_lossy(&b[..PREFIX]))),
        38 if b[0] == b'{' && b[37] == b'}' => &b[1..37],
        38 => return Err("invalid bracketed UUID format".into()),
        other => return Err(format!("invalid UUID length: {other}")),
    };
    let dash = |i: usize| matches!(i, 8 | 13 | 18 | 23);
    let fits = plain.iter().enumerate().all(|(i, c)| if dash(i) { *c == b'-' } else { c.is_ascii_hexdigit() });
    if fits { Ok(()) } else { Err("invalid UUID format".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_known_in_each_of_its_forms() {
        let plain = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        for good in [plain.to_string(), format!("urn:uuid:{plain}"), format!("{{{plain}}}"), plain.replace('-', "")] {
            assert_eq!(is_uuid(&good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("x".repeat(36), "invalid UUID format"),
            ("x".repeat(32), "invalid UUID format"),
            ("x".repeat(38), "invalid bracketed UUID format"),
            ("é".into(), "invalid UUID length: 2"),
            ("x".repeat(45), "invalid urn prefix: \"xxxxxxxxx\""),
        ] {
            assert_eq!(is_uuid(&bad).err().as_deref(), Some(why), "{bad}");
        }
    }
}
