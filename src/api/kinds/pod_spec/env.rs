//! What environment variables may not say, and where their values may not come from.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidateEnv, ValidateEnvFrom.

use k8s_openapi::api::core::v1::{
    EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, ObjectFieldSelector, PodSpec, ResourceFieldSelector,
};

use super::containers;
use super::text;
use super::volumes;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::configmap::key_problems;
use crate::api::kinds::volume_sources::validate_no_backsteps;
use crate::api::names;
use crate::api::quantity::Quantity;

/// Fields of the pod that a variable may take its value from.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Amounts of a container that its variables and files may show.
const AMOUNTS: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

pub fn validate_env(list: &[EnvVar], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, e) in list.iter().enumerate() {
        let here = at.index(i);
        if e.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else {
            validate_name(&e.name, &here.child("name"), errors);
        }
        if let Some(from) = &e.value_from {
            validate_value_from(from, text(&e.value), &here.child("valueFrom"), errors);
        }
    }
}

fn validate_name(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.contains('=') || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        errors.invalid(at, name, why);
    }
}

fn validate_value_from(from: &EnvVarSource, value: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut sources = 0;
    if let Some(f) = &from.field_ref {
        sources += 1;
        validate_field(f, &FIELDS, &at.child("fieldRef"), errors);
    }
    if let Some(r) = &from.resource_field_ref {
        sources += 1;
        validate_amount(r, false, &at.child("resourceFieldRef"), errors);
    }
    if let Some(k) = &from.config_map_key_ref {
        sources += 1;
        validate_key(&k.name, &k.key, &at.child("configMapKeyRef"), errors);
    }
    if let Some(k) = &from.secret_key_ref {
        sources += 1;
        validate_key(&k.name, &k.key, &at.child("secretKeyRef"), errors);
    }
    if let Some(f) = &from.file_key_ref {
        sources += 1;
        validate_file_key(f, &at.child("fileKeyRef"), errors);
    }
    if sources == 0 {
        let why =
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        errors.invalid(at, "", why);
    } else if !value.is_empty() {
        errors.invalid(at, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        errors.invalid(at, "", "may not have more than one field specified at a time");
    }
}

fn validate_key(name: &str, key: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(&at.child("name"), name, names::dns1123_subdomain(name, false));
    if key.is_empty() {
        errors.required(&at.child("key"), "");
    } else {
        errors.invalid_each(&at.child("key"), key, key_problems(key));
    }
}

fn validate_file_key(f: &FileKeySelector, at: &Path<'_>, errors: &mut FieldErrors) {
    if f.key.is_empty() {
        errors.required(&at.child("key"), "");
    } else {
        validate_name(&f.key, &at.child("key"), errors);
    }
    if f.volume_name.is_empty() {
        errors.required(&at.child("volumeName"), "");
    } else {
        errors.invalid_each(&at.child("volumeName"), &f.volume_name, names::dns1123_label(&f.volume_name, false));
    }
    if f.path.is_empty() {
        errors.required(&at.child("path"), "");
    } else {
        validate_no_backsteps(&f.path, &at.child("path"), errors);
    }
}

/// The volume with the file of variables is an empty directory of the pod.
pub fn validate_file_key_volumes(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (list, i, c) in containers::all(s) {
        for (j, e) in c.env.iter().enumerate() {
            let Some(file) = e.value_from.as_ref().and_then(|v| v.file_key_ref.as_ref()) else { continue };
            let name = file.volume_name.as_str();
            let here = at.child(list);
            let here = here.index(i);
            let here = here.child("env");
            let here = here.index(j);
            let here = here.child("valueFrom");
            let here = here.child("fileKeyRef");
            match volumes::named(s, name) {
                None => errors.push_not_found(&here.child("volumeName"), name),
                Some(v) if v.empty_dir.is_none() => {
                    errors.invalid(&here.child("volumeName"), name, "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    }
}

/// `metadata.labels['app']` → `metadata.labels`, `app`
fn subscripted(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// A field of the pod, by its path.
pub fn validate_field(f: &ObjectFieldSelector, supported: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    const KNOWN: [&str; 5] =
        ["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];
    let version = text(&f.api_version);
    let path = f.field_path.as_str();
    if version.is_empty() {
        return errors.required(&at.child("apiVersion"), "");
    }
    if path.is_empty() {
        return errors.required(&at.child("fieldPath"), "");
    }
    let mut unknown = |why: &str| {
        errors.invalid(&at.child("fieldPath"), path, format!("error converting fieldPath: {why}"));
    };
    if version != "v1" {
        return unknown(&format!("unsupported pod version: {version}"));
    }
    match subscripted(path) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            errors.invalid_each(at, &key, names::qualified_name(&key));
        }
        Some(("metadata.labels", key)) => errors.invalid_each(at, key, names::qualified_name(key)),
        Some(_) => unknown(&format!("field label does not support subscript: {path}")),
        // Old clients say so.
        None if path == "spec.host" => one_of_fields("spec.nodeName", supported, at, errors),
        None if FIELDS.contains(&path) || KNOWN.contains(&path) => one_of_fields(path, supported, at, errors),
        None => unknown(&format!("field label not supported: {path}")),
    }
}

fn one_of_fields(path: &str, supported: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    errors.one_of(&at.child("fieldPath"), path, supported);
}

/// An amount of a container. In a volume the container must be named.
pub fn validate_amount(r: &ResourceFieldSelector, in_volume: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let name = r.resource.as_str();
    let huge_pages = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if in_volume && text(&r.container_name).is_empty() {
        errors.required(&at.child("containerName"), "");
    } else if name.is_empty() {
        errors.required(&at.child("resource"), "");
    } else if !huge_pages {
        errors.one_of(&at.child("resource"), name, &AMOUNTS);
    }
    validate_divisor(r, huge_pages, at, errors);
}

fn validate_divisor(r: &ResourceFieldSelector, huge_pages: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    const UNITS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let Some(divisor) = r.divisor.as_ref().and_then(|d| Quantity::parse(&d.0)).filter(|d| !d.is_zero()) else { return };
    let name = r.resource.as_str();
    let (supported, of): (&[&str], &str) = match name {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (&UNITS, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (&UNITS, "local ephemeral storage"),
        _ if huge_pages => (&UNITS, "hugepages"),
        _ => return,
    };
    if !supported.contains(&divisor.to_string().as_str()) {
        let listed = if of == "cpu" { "1m and 1".to_string() } else { UNITS.join(", ") };
        let why = format!("only divisor's values {listed} are supported with the {of} resource");
        errors.invalid(&at.child("divisor"), name, why);
    }
}

pub fn validate_env_from(list: &[EnvFromSource], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, f) in list.iter().enumerate() {
        let here = at.index(i);
        let prefix = text(&f.prefix);
        if !prefix.is_empty() {
            validate_name(prefix, &here.child("prefix"), errors);
        }
        let named = [
            ("configMapRef", f.config_map_ref.as_ref().map(|r| r.name.as_str())),
            ("secretRef", f.secret_ref.as_ref().map(|r| r.name.as_str())),
        ];
        for (field, name) in named {
            match name {
                Some("") => errors.required(&here.child(field).child("name"), ""),
                // As of a name to come: it may end in a dash.
                Some(n) => errors.invalid_each(&here.child(field).child("name"), n, names::dns1123_subdomain(n, true)),
                None => {}
            }
        }
        match named.iter().filter(|(_, n)| n.is_some()).count() {
            // These two name the list, as Kubernetes does.
            0 => errors.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => errors.invalid(at, "", "may not have more than one field specified at a time"),
        }
    }
}
