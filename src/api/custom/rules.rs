//! What a custom resource may not be.
//! Real Kubernetes: apiextensions-apiserver/pkg/registry/customresource/{strategy,status_strategy,validator}.go.

use serde_json::Value;

use super::{CustomKind, follow};
use crate::api::cel::rules::{self as cel, Before};
use crate::api::field::{FieldErrors, Path};
use crate::api::go_text::{plain, type_name};
use crate::api::{Object, names, structural};

/// Judges an object, or its change from `old`, by the schema of its version.
pub fn validate(kind: &CustomKind, new: &Object, old: Option<&Object>, errors: &mut FieldErrors) {
    let mut found = FieldErrors::default();
    let json = new.json();
    structural::validate(json, old.map(|o| &**o.json()), kind.schema(), &Path::root(), &mut found);
    if let Some(paths) = &kind.scale {
        validate_count(json, &paths.wanted, &mut found);
        validate_scale_status(kind, json, &mut found);
    }
    run_rules(kind, json, old, &mut found);
    errors.append(&mut found);
}

/// The rules in CEL, unless the object is too broken for them.
fn run_rules(kind: &CustomKind, json: &Value, old: Option<&Object>, found: &mut FieldErrors) {
    let Some(rules) = kind.rules() else { return };
    if structural::blocks_rules(found) {
        return structural::rules_not_checked(found);
    }
    let before = old.map(|o| Before { old: o.json() });
    let mut let_be = vec![];
    cel::validate(rules, kind.schema(), json, before.as_ref(), &Path::root(), found, &mut let_be);
    let_be.into_iter().for_each(|text| found.warn(text));
}

/// The same for a change of the status, of which nothing else is judged.
pub fn validate_status(kind: &CustomKind, new: &Object, old: &Object, errors: &mut FieldErrors) {
    let mut found = FieldErrors::default();
    let (json, before) = (new.json(), old.json());
    if let (Some(status), Some(schema)) = (json.get("status"), kind.schema().field("status")) {
        structural::validate_value(status, before.get("status"), schema, &Path::new("status"), &mut found);
    }
    validate_scale_status(kind, json, &mut found);
    let mut lists_before = FieldErrors::default();
    structural::validate_lists(before, kind.schema(), &Path::root(), &mut lists_before);
    if lists_before.is_empty() {
        structural::validate_lists(json, kind.schema(), &Path::root(), &mut found);
    }
    run_rules(kind, json, Some(old), &mut found);
    errors.append(&mut found);
}

fn validate_scale_status(kind: &CustomKind, o: &Value, errors: &mut FieldErrors) {
    let Some(paths) = &kind.scale else { return };
    validate_count(o, &paths.current, errors);
    if let Some(v) = follow(o, &paths.selector).filter(|v| !paths.selector.is_empty() && !v.is_string()) {
        let at = path_text(&paths.selector);
        let why = format!("{at} accessor error: {} is of the type {}, expected string", plain(v), type_name(v));
        errors.invalid(&Path::new(&at), "", why);
    }
}

/// What is counted cannot be less than nothing, whatever the schema allows.
fn validate_count(o: &Value, path: &[String], errors: &mut FieldErrors) {
    let Some(v) = follow(o, path) else { return };
    let at = path_text(path);
    match v.as_i64() {
        None => {
            let why = format!("{at} accessor error: {} is of the type {}, expected int64", plain(v), type_name(v));
            errors.invalid(&Path::new(&at), 0, why);
        }
        Some(n) if n < 0 => errors.invalid(&Path::new(&at), n, "should be a non-negative integer"),
        Some(n) if n > i64::from(i32::MAX) => {
            errors.invalid(&Path::new(&at), n, "should be less than or equal to 2147483647");
        }
        Some(_) => {}
    }
}

fn path_text(path: &[String]) -> String {
    format!(".{}", path.join("."))
}

/// A finalizer should say whose it is.
pub fn finalizer_warnings(finalizer: &str) -> Vec<String> {
    let mut out = names::qualified_name(finalizer);
    if !names::is_known_finalizer(finalizer) {
        let path = if finalizer.contains('.') { " including a path (/)" } else { "" };
        out.push(format!(
            "prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other finalizer writers"
        ));
    }
    out.into_iter().map(|why| format!("metadata.finalizers: {finalizer:?}: {why}")).collect()
}
