//! What a version has of its own, or all of them together: warning, schema, subresources, columns, selectable fields.
//! Real Kubernetes: pkg/apis/apiextensions/validation validateCustomResourceDefinitionVersion.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceSubresourceScale, JSONSchemaProps, SelectableField,
};

use super::hub::{Hub, HubVersion, Parts};
use super::options::{MOST_SELECTABLE, Options};
use super::schema;
use crate::api::field::{FieldErrors, Path};
use crate::api::structural::{Structural, field_path};

pub fn validate(v: &HubVersion<'_>, status: bool, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_deprecation(v, at, errors);
    if let Some(schema) = v.own.schema() {
        schema::validate(schema, status, options, &at.child("schema"), errors);
    }
    validate_parts(&v.own, at, errors);
    if let Some(fields) = v.own.selectable {
        let name = &v.version.name;
        let missing = "may only be set when `version.schema.openAPIV3Schema` is not included";
        validate_selectable(fields, v.own.schema(), (name, missing), options, at, errors);
    }
}

/// The same for what all versions share.
pub fn validate_shared(hub: &Hub<'_>, options: &Options, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(schema) = hub.shared.schema() {
        let status = hub.shared.has_status() || hub.versions.iter().any(|v| v.own.has_status());
        schema::validate(schema, status, options, &at.child("validation"), errors);
    }
    validate_parts(&hub.shared, at, errors);
    if let Some(fields) = hub.shared.selectable {
        let missing = "may only be set when validations.schema is included";
        validate_selectable(fields, hub.shared.schema(), ("", missing), options, at, errors);
    }
}

fn validate_parts(parts: &Parts<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(scale) = parts.subresources.and_then(|s| s.scale.as_ref()) {
        validate_scale(scale, &at.child("subresources").child("scale"), errors);
    }
    for (i, column) in parts.columns.into_iter().flatten().enumerate() {
        validate_column(column, &at.child("additionalPrinterColumns").index(i), errors);
    }
}

fn validate_deprecation(v: &HubVersion<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(warning) = v.version.deprecation_warning.as_deref() else { return };
    let mut why = vec![];
    if v.version.deprecated != Some(true) {
        why.push("can only be set for deprecated versions".to_string());
    } else {
        if warning.len() > 256 {
            why.push("must be <= 256 characters long".into());
        }
        if warning.is_empty() {
            why.push("must not be an empty string".into());
        }
        // Go prints no space but the plain one.
        let hidden = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
        if let Some((i, _)) = warning.char_indices().find(|(_, c)| hidden(*c)) {
            why.push(format!(
                "must only contain printable UTF-8 characters; non-printable character found at index {i}"
            ));
        }
    }
    errors.invalid_each(&at.child("deprecationWarning"), warning, why);
}

fn validate_scale(scale: &CustomResourceSubresourceScale, at: &Path<'_>, errors: &mut FieldErrors) {
    for (field, path, root) in [
        ("specReplicasPath", &scale.spec_replicas_path, ".spec"),
        ("statusReplicasPath", &scale.status_replicas_path, ".status"),
    ] {
        if path.is_empty() {
            errors.required(&at.child(field), "");
        } else if simple_path(path, &at.child(field), errors) && !under(path, root) {
            errors.invalid(&at.child(field), path.as_str(), format!("should be a json path under {root}"));
        }
    }
    if let Some(path) = scale.label_selector_path.as_deref().filter(|p| !p.is_empty()) {
        let at = at.child("labelSelectorPath");
        if simple_path(path, &at, errors) && !under(path, ".spec") && !under(path, ".status") {
            errors.invalid(&at, path, "should be a json path under either .spec or .status");
        }
    }
}

fn under(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.starts_with('.'))
}

fn simple_path(path: &str, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    let simple = path.starts_with('.');
    if !simple {
        errors.invalid(at, path, "must be a simple json path starting with .");
    }
    simple
}

fn validate_column(column: &CustomResourceColumnDefinition, at: &Path<'_>, errors: &mut FieldErrors) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    if column.name.is_empty() {
        errors.required(&at.child("name"), "");
    }
    let types = format!("must be one of {}", TYPES.join(","));
    if column.type_.is_empty() {
        errors.required(&at.child("type"), types);
    } else if !TYPES.contains(&column.type_.as_str()) {
        errors.invalid(&at.child("type"), column.type_.as_str(), types);
    }
    if let Some(format) = column.format.as_deref().filter(|f| !FORMATS.contains(f)) {
        errors.invalid(&at.child("format"), format, format!("must be one of {}", FORMATS.join(",")));
    }
    let at = at.child("JSONPath");
    if column.json_path.is_empty() {
        errors.required(&at, "");
    } else {
        simple_path(&column.json_path, &at, errors);
    }
}

/// Fields that objects can be selected by are plain ones, each named once. `version` is whose they are and what is said where they have no schema.
fn validate_selectable(
    fields: &[SelectableField],
    schema: Option<&JSONSchemaProps>,
    version: (&str, &str),
    options: &Options,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let (name, missing) = version;
    let list = at.child("selectableFields");
    let Some(schema) = schema else { return errors.invalid(&list, "", missing) };
    let structural = match Structural::new(schema) {
        Ok(s) => s,
        Err(why) => return errors.invalid(&at.child("schema.openAPIV3Schema"), "", why),
    };
    let mut seen = BTreeSet::new();
    for (i, field) in fields.iter().enumerate() {
        let here = list.index(i);
        let here = here.child("jsonPath");
        let path = field.json_path.as_str();
        if path.is_empty() {
            errors.required(&here, "");
            continue;
        }
        let found = match field_path::follow(path, &structural, false) {
            Ok(found) => found,
            Err(why) => {
                errors.invalid(&here, path, format!("is an invalid path: {why}"));
                continue;
            }
        };
        if found.root == "metadata" {
            errors.invalid(&here, path, "must not point to fields in metadata");
        }
        let plain = found.schema.is_some_and(|s| {
            matches!(s.types.as_slice(), [t] if matches!(t.as_str(), "string" | "boolean" | "integer"))
        });
        if !plain {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            errors.invalid(&here, path, why);
        }
        if !seen.insert(found.path) {
            errors.duplicate(&here, path);
        }
    }
    if seen.len() > MOST_SELECTABLE && !options.many_selectable.contains(name) {
        errors.too_many(&list, seen.len(), MOST_SELECTABLE);
    }
}
