//! v1 Secret: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Secret, pkg/apis/core/validation ValidateSecret.

use k8s_openapi::ByteString;

use super::Secret;
use super::configmap::key_problems;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Secret> = Kind {
    defaults,
    prepare_create: merge_string_data,
    prepare_update: |new, _| merge_string_data(new),
    validate,
    validate_update,
    columns: &[
        Column::name(),
        Column::text("Type", "Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types", |s, _| Cell::from(s.type_.as_deref().unwrap_or(""))),
        Column::text("Data", "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4", |s, _| Cell::from(s.data.as_ref().map_or(0, |d| d.len()))),
        Column::age(),
    ],
    selectable: &["type"],
    field: |s, _| s.type_.clone(),
    ..Kind::new(("", "v1"), "Secret", "secrets", "secret")
};

fn defaults(s: &mut Secret) {
    if s.type_.as_deref().unwrap_or("").is_empty() {
        s.type_ = Some("Opaque".into());
    }
}

/// `stringData` is write-only: it is moved into `data`.
fn merge_string_data(s: &mut Secret) {
    for (k, v) in s.string_data.take().into_iter().flatten() {
        s.data.get_or_insert_default().insert(k, ByteString(v.into_bytes()));
    }
}

fn validate(s: &Secret, errors: &mut FieldErrors) {
    let data = s.data.clone().unwrap_or_default();
    for (k, v) in &data {
        errors.invalid_each(&Path::new("data").key(k), k, key_problems(k));
        if v.0.len() > 1024 * 1024 {
            errors.too_long(&Path::new("data"), 1024 * 1024);
        }
    }
    let needs: &[&str] = match s.type_.as_deref().unwrap_or("") {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    for key in needs.iter().filter(|k| !data.contains_key(**k)) {
        errors.required(&Path::new("data").key(key), "");
    }
}

fn validate_update(new: &Secret, old: &Secret, errors: &mut FieldErrors) {
    errors.immutable(&Path::new("type"), &new.type_, &old.type_);
    if old.immutable == Some(true) {
        if new.immutable != Some(true) {
            errors.forbidden(&Path::new("immutable"), "field is immutable when `immutable` is set");
        }
        if new.data != old.data {
            errors.forbidden(&Path::new("data"), "field is immutable when `immutable` is set");
        }
    }
}
