//! v1 ConfigMap: names, validation, columns.
//! Real Kubernetes: pkg/apis/core/validation ValidateConfigMap, pkg/registry/core/configmap.

use super::ConfigMap;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<ConfigMap> = Kind {
    short_names: &["cm"],
    validate,
    validate_update,
    update_judges_alone: true,
    columns: &[
        Column::name(),
        Column::text("Data", "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.", |c, _| Cell::from(entries(c))),
        Column::age(),
    ],
    ..Kind::new(("", "v1"), "ConfigMap", "configmaps", "configmap")
};

fn entries(c: &ConfigMap) -> usize {
    c.data.as_ref().map_or(0, |d| d.len()) + c.binary_data.as_ref().map_or(0, |d| d.len())
}

/// A key of a ConfigMap or Secret.
pub fn key_problems(key: &str) -> Vec<String> {
    let mut out = vec![];
    if key.len() > 253 {
        out.push("must be no more than 253 bytes".to_string());
    }
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        out.push("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".into());
    }
    match key {
        "." => out.push("must not be '.'".into()),
        ".." => out.push("must not be '..'".into()),
        k if k.starts_with("..") => out.push("must not start with '..'".into()),
        _ => {}
    }
    out
}

fn validate(c: &ConfigMap, errors: &mut FieldErrors) {
    let mut size = 0;
    for (k, v) in c.data.iter().flatten() {
        errors.invalid_each(&Path::new("data").key(k), k, key_problems(k));
        if c.binary_data.as_ref().is_some_and(|b| b.contains_key(k)) {
            errors.invalid(&Path::new("data").key(k), k.as_str(), "duplicate of key present in binaryData");
        }
        size += v.len();
    }
    for (k, v) in c.binary_data.iter().flatten() {
        errors.invalid_each(&Path::new("binaryData").key(k), k, key_problems(k));
        size += v.0.len();
    }
    if size > 1024 * 1024 {
        errors.too_long(&Path::root(), 1024 * 1024);
    }
}

fn validate_update(new: &ConfigMap, old: &ConfigMap, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    if old.immutable == Some(true) {
        let changed = [
            ("immutable", new.immutable != Some(true)),
            ("data", new.data.clone().unwrap_or_default() != old.data.clone().unwrap_or_default()),
            ("binaryData", new.binary_data.clone().unwrap_or_default() != old.binary_data.clone().unwrap_or_default()),
        ];
        for (name, _) in changed.into_iter().filter(|(_, changed)| *changed) {
            errors.forbidden(&Path::new(name), "field is immutable when `immutable` is set");
        }
    }
    names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    validate(new, errors);
}
