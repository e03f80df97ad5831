//! v1 Secret: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Secret, pkg/apis/core/validation ValidateSecret,
//! pkg/registry/core/secret.

mod key_pair;

use k8s_openapi::ByteString;

use super::Secret;
use super::configmap::key_problems;
use crate::api::field::{FieldErrors, Path};
use crate::api::go_scanner;
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<Secret> = Kind {
    defaults,
    validate,
    validate_update,
    update_judges_alone: true,
    warnings: |s, _| warnings(s),
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

const MOST_BYTES: usize = 1024 * 1024;
const TLS: &str = "kubernetes.io/tls";

fn defaults(s: &mut Secret) {
    merge_string_data(s);
    if s.type_.as_deref().unwrap_or("").is_empty() {
        s.type_ = Some("Opaque".into());
    }
}

/// `stringData` is write-only: it is moved into `data`, before anybody asks who owns what.
fn merge_string_data(s: &mut Secret) {
    for (k, v) in s.string_data.take().into_iter().flatten() {
        s.data.get_or_insert_default().insert(k, ByteString(v.into_bytes()));
    }
}

fn value<'a>(s: &'a Secret, key: &str) -> Option<&'a [u8]> {
    s.data.as_ref()?.get(key).map(|v| v.0.as_slice())
}

fn validate(s: &Secret, errors: &mut FieldErrors) {
    let at = Path::new("data");
    let mut size = 0;
    for (k, v) in s.data.iter().flatten() {
        errors.invalid_each(&at.key(k), k, key_problems(k));
        size += v.0.len();
    }
    if size > MOST_BYTES {
        errors.too_long(&at, MOST_BYTES);
    }
    match s.type_.as_deref().unwrap_or("") {
        "kubernetes.io/service-account-token" => {
            const ACCOUNT: &str = "kubernetes.io/service-account.name";
            if s.annotation(ACCOUNT).unwrap_or("").is_empty() {
                let metadata = Path::new("metadata");
                errors.required(&metadata.child("annotations").key(ACCOUNT), "");
            }
        }
        "kubernetes.io/dockercfg" => validate_json(s, ".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => validate_json(s, ".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" => {
            let keys = ["username", "password"];
            if keys.iter().all(|k| value(s, k).is_none()) {
                keys.iter().for_each(|k| errors.required(&at.key(k), ""));
            }
        }
        "kubernetes.io/ssh-auth" if value(s, "ssh-privatekey").is_none_or(<[u8]>::is_empty) => {
            errors.required(&at.key("ssh-privatekey"), "");
        }
        TLS => {
            for key in ["tls.crt", "tls.key"].into_iter().filter(|k| value(s, k).is_none()) {
                errors.required(&at.key(key), "");
            }
        }
        _ => {}
    }
}

/// The configuration of a container registry's client.
fn validate_json(s: &Secret, key: &str, errors: &mut FieldErrors) {
    let data = Path::new("data");
    let at = data.key(key);
    match value(s, key) {
        None => errors.required(&at, ""),
        Some(text) => {
            if let Err(why) = go_scanner::scan_map(text) {
                errors.invalid(&at, "<secret contents redacted>", why);
            }
        }
    }
}

fn validate_update(new: &Secret, old: &Secret, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    errors.immutable(&Path::new("type"), &new.type_, &old.type_);
    if old.immutable == Some(true) {
        if new.immutable != Some(true) {
            errors.forbidden(&Path::new("immutable"), "field is immutable when `immutable` is set");
        }
        if new.data.clone().unwrap_or_default() != old.data.clone().unwrap_or_default() {
            errors.forbidden(&Path::new("data"), "field is immutable when `immutable` is set");
        }
    }
    names::validate_meta(&new.metadata, true, names::dns1123_subdomain, errors);
    validate(new, errors);
}

fn warnings(s: &Secret) -> Vec<String> {
    if s.type_.as_deref() != Some(TLS) {
        return vec![];
    }
    let part = |key: &str| value(s, key).unwrap_or_default();
    key_pair::problem(part("tls.crt"), part("tls.key")).into_iter().collect()
}
