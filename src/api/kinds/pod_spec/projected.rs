//! What projected volumes and files made of the pod itself may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateProjectionSources, validateDownwardAPIVolumeFile.

use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection,
    VolumeProjection,
};

use super::env::{validate_amount, validate_field};
use super::volumes::{validate_item, validate_local_path, validate_mode};
use super::{Options, items};
use crate::api::field::{FieldErrors, Path};

/// Fields of the pod that may be a file.
const FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

pub fn validate_downward_api(s: &DownwardAPIVolumeSource, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_mode(s.default_mode, &at.child("defaultMode"), errors);
    for file in items(&s.items) {
        // Kubernetes names the volume, not the file.
        validate_file(file, at, errors);
    }
}

fn validate_file(file: &DownwardAPIVolumeFile, at: &Path<'_>, errors: &mut FieldErrors) {
    if file.path.is_empty() {
        errors.required(&at.child("path"), "");
    }
    validate_local_path(&file.path, &at.child("path"), errors);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), amount) => {
            validate_field(field, &FIELDS, &at.child("fieldRef"), errors);
            if amount.is_some() {
                errors.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
        }
        (None, Some(amount)) => validate_amount(amount, true, &at.child("resourceFieldRef"), errors),
        (None, None) => errors.required(at, "one of fieldRef and resourceFieldRef is required"),
    }
    validate_mode(file.mode, &at.child("mode"), errors);
}

/// The paths that the sources name, in their order. A token's is not among them.
fn paths(s: &ProjectedVolumeSource) -> impl Iterator<Item = &str> {
    items(&s.sources).iter().flat_map(|source| {
        let secret = source.secret.iter().flat_map(|x| items(&x.items)).map(|k| k.path.as_str());
        let config = source.config_map.iter().flat_map(|x| items(&x.items)).map(|k| k.path.as_str());
        let downward = source.downward_api.iter().flat_map(|x| items(&x.items)).map(|f| f.path.as_str());
        secret.chain(config).chain(downward)
    })
}

/// Looks for paths that stand there twice.
struct Taken<'a> {
    volume: &'a ProjectedVolumeSource,
    /// How many paths were looked at.
    count: usize,
}

impl Taken<'_> {
    fn check(&mut self, path: &str, shown: &str, at: &Path<'_>, errors: &mut FieldErrors) {
        if !path.is_empty() && paths(self.volume).take(self.count).any(|p| p == path) {
            errors.invalid(at, shown, "conflicting duplicate paths");
        }
        self.count += 1;
    }
}

pub fn validate_projected(s: &ProjectedVolumeSource, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_mode(s.default_mode, &at.child("defaultMode"), errors);
    let mut taken = Taken { volume: s, count: 0 };
    for (i, source) in items(&s.sources).iter().enumerate() {
        let list = at.child("sources");
        let here = list.index(i);
        for (name, keys) in [
            ("secret", source.secret.as_ref().map(|x| (x.name.as_str(), items(&x.items)))),
            ("configMap", source.config_map.as_ref().map(|x| (x.name.as_str(), items(&x.items)))),
        ] {
            let Some((of, keys)) = keys else { continue };
            validate_keys(of, keys, &mut taken, at, &here.child(name), errors);
        }
        for file in source.downward_api.iter().flat_map(|x| items(&x.items)) {
            validate_file(file, &here.child("downwardAPI"), errors);
            taken.check(&file.path, &file.path, at, errors);
        }
        if let Some(token) = &source.service_account_token {
            validate_token(token, options, at, &here.child("serviceAccountToken"), errors);
        }
        if sources(source) > 1 {
            errors.forbidden(&here, "may not specify more than 1 volume type per source");
        }
    }
}

/// Real Kubernetes also knows trust bundles and certificates of pods, behind gates that v1.36 leaves off: they are dropped
/// before.
fn sources(s: &VolumeProjection) -> usize {
    let named =
        [s.secret.is_some(), s.config_map.is_some(), s.downward_api.is_some(), s.service_account_token.is_some()];
    named.into_iter().filter(|named| *named).count()
}

fn validate_keys(
    of: &str,
    keys: &[KeyToPath],
    taken: &mut Taken<'_>,
    volume_at: &Path<'_>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    if of.is_empty() {
        errors.required(&at.child("name"), "");
    }
    let list = at.child("items");
    for (i, key) in keys.iter().enumerate() {
        validate_item(key, &list.index(i), errors);
        taken.check(&key.path, of, volume_at, errors);
    }
}

fn validate_token(
    t: &ServiceAccountTokenProjection,
    options: Options,
    volume_at: &Path<'_>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let seconds = t.expiration_seconds.unwrap_or(0);
    if seconds < 10 * 60 {
        errors.invalid(&at.child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > 1 << 32 {
        errors.invalid(&at.child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds");
    }
    // These name the volume, as Kubernetes does.
    if t.path.is_empty() {
        errors.required(&volume_at.child("path"), "");
    } else if !options.allow_non_local_token_path {
        validate_local_path(&t.path, &volume_at.child("path"), errors);
    }
}
