//! Profiles that confine a container's processes, seccomp's and AppArmor's: as fields, and as the annotations that were
//! there before them.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateSeccompProfileField, ValidateAppArmorProfileField and
//! what stands around them; pkg/api/pod/util.go ApparmorFieldForAnnotation.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{AppArmorProfile, PodSpec, SeccompProfile};

use super::containers;
use super::volumes::validate_descending_path;
use crate::api::field::{FieldErrors, Path};
use crate::api::{go_text, internal};

pub type Annotations = BTreeMap<String, String>;

pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

const TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
/// The longest path that Linux takes.
const LONGEST_PATH: usize = 4095;

pub fn validate_seccomp(p: Option<&SeccompProfile>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(p) = p else { return };
    if p.type_.is_empty() {
        errors.required(&at.child("type"), "type is required when seccompProfile is set");
    } else {
        errors.one_of(&at.child("type"), &p.type_, &TYPES);
    }
    let at = at.child("localhostProfile");
    match (&p.localhost_profile, p.type_ == "Localhost") {
        (None, true) => errors.required(&at, "must be set when seccomp type is Localhost"),
        (Some(path), true) => validate_descending_path(path, &at, errors),
        (Some(_), false) => {
            let why = "can only be set when seccomp type is Localhost";
            errors.invalid_struct(&at, internal::shown(p, "core/v1.SeccompProfile"), why);
        }
        (None, false) => {}
    }
}

pub fn validate_app_armor(p: Option<&AppArmorProfile>, at: &Path<'_>, errors: &mut FieldErrors) {
    const MUST_BE_SET: &str = "must be set when AppArmor type is Localhost";
    let Some(p) = p else { return };
    let profile_at = at.child("localhostProfile");
    match (p.type_.as_str(), &p.localhost_profile) {
        ("Localhost", None) => errors.required(&profile_at, MUST_BE_SET),
        ("Localhost", Some(profile)) => {
            if profile.trim() != profile {
                errors.invalid(&profile_at, profile.as_str(), "must not be padded with whitespace");
            } else if profile.is_empty() {
                errors.required(&profile_at, MUST_BE_SET);
            }
            if profile.len() > LONGEST_PATH {
                errors.too_long(&profile_at, LONGEST_PATH);
            }
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("RuntimeDefault" | "Unconfined", Some(profile)) => {
            errors.invalid(&profile_at, profile.as_str(), "can only be set when AppArmor type is Localhost");
        }
        ("", _) => errors.required(&at.child("type"), "type is required when appArmorProfile is set"),
        (other, _) => errors.not_supported(&at.child("type"), other, &TYPES),
    }
}

/// The profile that an annotation names, if it names one.
pub fn app_armor_of(annotation: &str) -> Option<AppArmorProfile> {
    let (kind, profile) = match annotation {
        "unconfined" => ("Unconfined", None),
        "runtime/default" => ("RuntimeDefault", None),
        other => ("Localhost", Some(other.strip_prefix("localhost/").filter(|p| !p.is_empty())?)),
    };
    Some(AppArmorProfile { type_: kind.into(), localhost_profile: profile.map(Into::into) })
}

/// What annotations may not say of profiles, whatever the fields say.
pub fn validate_annotations(annotations: &Annotations, s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(p) = annotations.get(SECCOMP_POD) {
        validate_seccomp_annotation(p, &at.child(SECCOMP_POD), errors);
    }
    for (k, p) in annotations.iter().filter(|(k, _)| k.starts_with(SECCOMP_CONTAINER)) {
        validate_seccomp_annotation(p, &at.child(k), errors);
    }
    for (k, p) in annotations {
        let Some(name) = k.strip_prefix(APP_ARMOR) else { continue };
        if !containers::all(s).any(|(_, _, c)| c.name == name) {
            errors.invalid(&at.key(k), name, "container not found");
        }
        let known = matches!(p.as_str(), "" | "runtime/default" | "unconfined") || p.starts_with("localhost/");
        if !known {
            let why = format!("invalid AppArmor profile name: {}", go_text::quoted(p));
            errors.invalid(&at.key(k), p.as_str(), why);
        }
    }
}

fn validate_seccomp_annotation(p: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if matches!(p, "runtime/default" | "docker/default" | "unconfined") {
        return;
    }
    match p.strip_prefix("localhost/") {
        Some(path) => validate_descending_path(path, at, errors),
        None => errors.invalid(at, p, "must be a valid seccomp profile"),
    }
}

/// A field and its annotation must say the same.
pub fn validate_match(annotations: &Annotations, s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let of_pod = s.security_context.as_ref();
    if let (Some(field), Some(annotation)) =
        (of_pod.and_then(|c| c.seccomp_profile.as_ref()), annotations.get(SECCOMP_POD))
    {
        let profile = (field.type_.as_str(), field.localhost_profile.as_deref());
        let at = at.child("securityContext");
        match_one("seccomp", profile, annotation, &at.child("seccompProfile"), errors);
    }
    for (list, i, c) in containers::all(s) {
        let field = c.security_context.and_then(|c| c.seccomp_profile.as_ref());
        if let (Some(field), Some(annotation)) = (field, of_container(annotations, SECCOMP_CONTAINER, c.name)) {
            let profile = (field.type_.as_str(), field.localhost_profile.as_deref());
            let list = at.child(list);
            let at = list.index(i);
            let at = at.child("securityContext");
            match_one("seccomp", profile, annotation, &at.child("seccompProfile"), errors);
        }
    }
    if s.os.as_ref().is_some_and(|o| o.name == "windows") {
        return;
    }
    for (list, i, c) in containers::all(s) {
        let own = c.security_context.and_then(|c| c.app_armor_profile.as_ref());
        let field = own.or_else(|| of_pod?.app_armor_profile.as_ref());
        if let (Some(field), Some(annotation)) = (field, of_container(annotations, APP_ARMOR, c.name)) {
            let profile = (field.type_.as_str(), field.localhost_profile.as_deref());
            let list = at.child(list);
            let at = list.index(i);
            let at = at.child("securityContext");
            match_one("apparmor", profile, annotation, &at.child("appArmorProfile"), errors);
        }
    }
}

/// The annotation about one container.
pub fn of_container<'a>(annotations: &'a Annotations, prefix: &str, container: &str) -> Option<&'a String> {
    annotations.iter().find(|(k, _)| k.strip_prefix(prefix) == Some(container)).map(|(_, v)| v)
}

fn match_one(
    system: &str,
    (kind, profile): (&str, Option<&str>),
    annotation: &str,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let fits = match kind {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default" || (system == "seccomp" && annotation == "docker/default"),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => true,
    };
    if !fits {
        errors.forbidden(&at.child("type"), format!("{system} type in annotation and field must match"));
    } else if kind == "Localhost" && profile != annotation.strip_prefix("localhost/") {
        let why = format!("{system} profile in annotation and field must match");
        errors.forbidden(&at.child("localhostProfile"), why);
    }
}
