//! What names, labels and annotations may look like, in the words of the API server.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/util/validation` and `pkg/api/validation/objectmeta.go`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::field::{FieldErrors, Path};
use super::schema::TypeId;
use super::{go_text, internal};

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

fn lower_alnum(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_label(s: &str) -> bool {
    let b = s.as_bytes();
    !b.is_empty() && lower_alnum(b[0]) && lower_alnum(b[b.len() - 1]) && b.iter().all(|&c| lower_alnum(c) || c == b'-')
}

fn is_qualified(s: &str) -> bool {
    let b = s.as_bytes();
    !b.is_empty()
        && b[0].is_ascii_alphanumeric()
        && b[b.len() - 1].is_ascii_alphanumeric()
        && b.iter().all(|&c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

fn too_long(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// A prefix that ends in a dash stands for a name to come: `generateName`.
fn mask(name: &str, prefix: bool) -> Cow<'_, str> {
    match name.strip_suffix('-') {
        Some(cut) if prefix && name.len() > 1 => format!("{cut}a").into(),
        _ => name.into(),
    }
}

/// The same for DNS names, which are counted in characters.
fn dns_too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// A DNS label of RFC 1123: namespaces, Services, containers, ports.
pub fn dns1123_label(name: &str, prefix: bool) -> Vec<String> {
    let mut errors = vec![];
    if name.len() > 63 {
        errors.push(dns_too_long(63));
    }
    let masked = mask(name, prefix);
    if is_label(&masked) {
        return errors;
    }
    if masked.split('.').all(is_label) {
        errors.push("must not contain dots".into());
    } else {
        errors.push(format!(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
             alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
        ));
    }
    errors
}

/// A DNS subdomain of RFC 1123: the names of most kinds.
pub fn dns1123_subdomain(name: &str, prefix: bool) -> Vec<String> {
    let mut errors = vec![];
    if name.len() > 253 {
        errors.push(dns_too_long(253));
    }
    if !mask(name, prefix).split('.').all(is_label) {
        errors.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end \
             with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        ));
    }
    errors
}

/// A DNS label of RFC 1035, which begins with a letter: API versions.
pub fn dns1035_label(name: &str, prefix: bool) -> Vec<String> {
    let mut errors = vec![];
    if name.len() > 63 {
        errors.push(dns_too_long(63));
    }
    let masked = mask(name, prefix);
    if !is_label(&masked) || !masked.starts_with(|c: char| c.is_ascii_lowercase()) {
        errors.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and \
             end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
             '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .into(),
        );
    }
    errors
}

/// `*.` and a DNS subdomain: hosts of an Ingress.
pub fn wildcard_subdomain(name: &str) -> Vec<String> {
    let mut errors = vec![];
    if name.len() > 253 {
        errors.push(dns_too_long(253));
    }
    if !name.strip_prefix("*.").is_some_and(|rest| rest.split('.').all(is_label)) {
        errors.push(format!(
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower \
             case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used \
             for validation is '\\*\\.{SUBDOMAIN}')"
        ));
    }
    errors
}

/// What can stand between two slashes of a request's path. Everything with a name of its own has to be that at least.
pub fn path_segment(name: &str, _prefix: bool) -> Vec<String> {
    if matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%'].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// A domain of at least two labels; it may end in a dot.
pub fn validate_full_domain(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(at, "");
        return;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let found = dns1123_subdomain(name, false);
    if !found.is_empty() {
        errors.invalid(at, name, found.join(","));
    } else if !name.contains('.') {
        errors.invalid(at, name, "should be a domain with at least two segments separated by dots");
    } else if let Some(label) = name.split('.').find(|l| l.len() > 63) {
        errors.invalid(at, label, dns1123_label(label, false).join(","));
    }
}

/// The name of a signer: `example.com/signer-name`.
/// Real Kubernetes: pkg/apis/core/validation/names.go ValidateSignerName.
pub fn validate_signer(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(at, "");
        return;
    }
    let Some((domain, path)) = name.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        errors.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
        return;
    };
    if domain.len() > 253 {
        errors.too_long(at, 253);
    }
    validate_first_bad_label(domain, dns1123_label, at, errors);
    if !domain.contains('.') {
        errors.invalid(at, domain, "should be a domain with at least two segments separated by dots");
    }
    validate_first_bad_label(path, dns1123_subdomain, at, errors);
    const LONGEST: usize = 253 + 1 + 253 + 63 + 1;
    if name.len() > LONGEST {
        errors.too_long(at, LONGEST);
    }
}

/// One label that is wrong is told, the rest would say the same.
fn validate_first_bad_label(name: &str, rule: fn(&str, bool) -> Vec<String>, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut labels = name.split('.').map(|label| (label, rule(label, false)));
    if let Some((label, found)) = labels.find(|(_, found)| !found.is_empty()) {
        for why in found {
            errors.invalid(at, name, format!("validating label {label:?}: {why}"));
        }
    }
}

/// The name of a driver: of volumes, or of devices.
/// Real Kubernetes: pkg/apis/core/validation ValidateCSIDriverName.
pub fn validate_driver_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(at, "");
        return;
    }
    if name.len() > 63 {
        errors.too_long(at, 63);
    }
    errors.invalid_each(at, name, dns1123_subdomain(&name.to_lowercase(), false));
}

/// Whether a resource is one of Kubernetes itself, by its name at least: in no namespace, or in its own.
pub fn is_native_resource(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether a resource of containers is one of somebody else than Kubernetes, such as `example.com/gpu`.
/// Real Kubernetes: pkg/apis/core/helper IsExtendedResourceName.
pub fn is_extended_resource(name: &str) -> bool {
    !is_native_resource(name)
        && !name.starts_with("requests.")
        && qualified_name(&format!("requests.{name}")).is_empty()
}

/// A label's or annotation's key: an optional DNS prefix, a slash, a name.
pub fn qualified_name(key: &str) -> Vec<String> {
    let mut errors = vec![];
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".into());
            } else {
                errors.extend(dns1123_subdomain(prefix, false).into_iter().map(|m| format!("prefix part {m}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                 alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}') \
                 with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        errors.push(format!("name part {}", too_long(63)));
    }
    if !is_qualified(name) {
        errors.push(format!(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
             character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
        ));
    }
    errors
}

/// An annotation's key: capital letters count as small ones.
pub fn annotation_key(key: &str) -> Vec<String> {
    qualified_name(&key.to_lowercase())
}

pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = vec![];
    if value.len() > 63 {
        errors.push(too_long(63));
    }
    if !value.is_empty() && !is_qualified(value) {
        errors.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
             with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .into(),
        );
    }
    errors
}

pub fn validate_labels(labels: Option<&BTreeMap<String, String>>, at: &Path<'_>, errors: &mut FieldErrors) {
    for (k, v) in labels.into_iter().flatten() {
        errors.invalid_each(at, k, qualified_name(k));
        errors.invalid_each(at, v, label_value(v));
    }
}

/// What the metadata of most kinds must satisfy.
pub fn validate_meta(
    meta: &ObjectMeta,
    namespaced: bool,
    rule: impl Fn(&str, bool) -> Vec<String>,
    errors: &mut FieldErrors,
) {
    validate_common(meta, namespaced, rule, errors);
    validate_known_finalizers(meta, errors);
}

/// What every object's metadata must satisfy, of whatever kind.
/// Real Kubernetes: ValidateObjectMetaAccessor.
pub fn validate_common(
    meta: &ObjectMeta,
    namespaced: bool,
    rule: impl Fn(&str, bool) -> Vec<String>,
    errors: &mut FieldErrors,
) {
    validate_meta_at(meta, namespaced, rule, &Path::new("metadata"), errors);
}

/// The same for metadata that stands elsewhere: that of an object within a custom resource.
pub fn validate_meta_at(
    meta: &ObjectMeta,
    namespaced: bool,
    rule: impl Fn(&str, bool) -> Vec<String>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    if let Some(prefix) = meta.generate_name.as_deref().filter(|p| !p.is_empty()) {
        errors.invalid_each(&at.child("generateName"), prefix, rule(prefix, true));
    }
    let name = meta.name.as_deref().unwrap_or("");
    if name.is_empty() {
        errors.required(&at.child("name"), "name or generateName is required");
    } else {
        errors.invalid_each(&at.child("name"), name, rule(name, false));
    }
    let namespace = meta.namespace.as_deref().unwrap_or("");
    if namespaced {
        if namespace.is_empty() {
            errors.required(&at.child("namespace"), "");
        } else {
            errors.invalid_each(&at.child("namespace"), namespace, dns1123_label(namespace, false));
        }
    } else if !namespace.is_empty() {
        errors.forbidden(&at.child("namespace"), "not allowed on this type");
    }
    if let Some(n) = meta.generation.filter(|n| *n < 0) {
        errors.invalid(&at.child("generation"), n, "must be greater than or equal to 0");
    }
    validate_notes(meta, at, errors);
    validate_finalizers(meta.finalizers.as_deref().unwrap_or_default(), &at.child("finalizers"), errors);
}

/// What a change of most kinds' metadata must satisfy. (What nobody may change is taken from the old object before.)
pub fn validate_meta_update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut FieldErrors) {
    validate_common_update(new, old, errors);
    validate_known_finalizers(new, errors);
}

/// The same for every kind.
/// Real Kubernetes: ValidateObjectMetaAccessorUpdate.
pub fn validate_common_update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut FieldErrors) {
    let at = Path::new("metadata");
    if old.deletion_timestamp.is_some() {
        let before = old.finalizers.as_deref().unwrap_or_default();
        let mut added: Vec<&String> = new.finalizers.iter().flatten().filter(|f| !before.contains(f)).collect();
        added.sort_unstable();
        added.dedup();
        if !added.is_empty() {
            let list: Vec<String> = added.into_iter().map(|f| go_text::quoted(f)).collect();
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.forbidden(&at.child("finalizers"), why);
        }
    }
    validate_notes(new, &at, errors);
}

/// Labels, annotations and owners: what is judged of new metadata and of changed ones.
fn validate_notes(meta: &ObjectMeta, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_labels(meta.labels.as_ref(), &at.child("labels"), errors);
    validate_annotations(meta.annotations.as_ref(), &at.child("annotations"), errors);
    validate_owners(meta.owner_references.as_deref().unwrap_or_default(), &at.child("ownerReferences"), errors);
}

pub fn validate_annotations(annotations: Option<&BTreeMap<String, String>>, at: &Path<'_>, errors: &mut FieldErrors) {
    const MOST_BYTES: usize = 256 * 1024;
    let mut size = 0;
    for (k, v) in annotations.into_iter().flatten() {
        errors.invalid_each(at, k, annotation_key(k));
        size += k.len() + v.len();
    }
    if size > MOST_BYTES {
        errors.too_long(at, MOST_BYTES);
    }
}

fn validate_owners(owners: &[OwnerReference], at: &Path<'_>, errors: &mut FieldErrors) {
    let mut controller: Option<&OwnerReference> = None;
    for o in owners {
        let (group, version) = o.api_version.split_once('/').unwrap_or(("", o.api_version.as_str()));
        if version.is_empty() || version.contains('/') {
            errors.invalid(&at.child("apiVersion"), o.api_version.as_str(), "version must not be empty");
        }
        for (name, v) in [("kind", &o.kind), ("name", &o.name), ("uid", &o.uid)] {
            if v.is_empty() {
                errors.invalid(&at.child(name), "", "must not be empty");
            }
        }
        if (group, version, o.kind.as_str()) == ("", "v1", "Event") {
            errors.invalid_struct(at, shown(o), "/v1, Kind=Event is disallowed from being an owner");
        }
        match controller {
            _ if o.controller != Some(true) => {}
            None => controller = Some(o),
            Some(first) => {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {}/{} and {}/{}",
                    first.kind, first.name, o.kind, o.name
                );
                let list: Vec<String> = owners.iter().map(shown).collect();
                errors.invalid_struct(at, format!("[{}]", list.join(",")), why);
            }
        }
    }
}

fn shown(o: &OwnerReference) -> String {
    let json = serde_json::to_value(o).unwrap_or_default();
    TypeId::by_name("meta/v1.OwnerReference").map_or_else(String::new, |of| internal::compact(&json, of))
}

fn validate_finalizers(finalizers: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    for f in finalizers {
        errors.invalid_each(at, f, qualified_name(f));
    }
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.invalid(at, finalizers.to_vec(), why);
    }
}

/// Whether a finalizer is of somebody's domain, or else one of Kubernetes' own.
pub fn is_known_finalizer(name: &str) -> bool {
    name.contains('/') || ["kubernetes", "orphan", "foregroundDeletion"].contains(&name)
}

pub fn validate_known_finalizer(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if !is_known_finalizer(name) {
        errors.invalid(at, name, "name is neither a standard finalizer name nor is it fully qualified");
    }
}

fn validate_known_finalizers(meta: &ObjectMeta, errors: &mut FieldErrors) {
    let metadata = Path::new("metadata");
    let at = metadata.child("finalizers");
    for (i, f) in meta.finalizers.iter().flatten().enumerate() {
        validate_known_finalizer(f, &at.index(i), errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_each_rule() {
        assert!(dns1123_label("my-name", false).is_empty());
        assert_eq!(dns1123_label("Bad_Name", false).len(), 1);
        assert!(dns1123_subdomain("a.b-c", false).is_empty());
        assert_eq!(dns1123_subdomain("a..b", false).len(), 1);
        assert_eq!(dns1123_label("a.b", false), ["must not contain dots"]);
        assert_eq!(dns1123_label(&"a".repeat(64), false), ["must be no more than 63 characters"]);
        assert_eq!(label_value(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert!(dns1123_subdomain("web-", true).is_empty());
        assert!(qualified_name("example.com/a_B.c").is_empty());
        assert_eq!(qualified_name("a/b/c").len(), 1);
        assert_eq!(label_value("-x").len(), 1);
        assert!(label_value("").is_empty());
    }
}
