//! What a resource may be called.
//! Real Kubernetes: pkg/apis/apiextensions/validation ValidateCustomResourceDefinitionNames.

use super::{CustomResourceDefinition, CustomResourceDefinitionNames};
use crate::api::field::{FieldErrors, Path};
use crate::api::names::dns1035_label;

/// The names that the API server has taken on.
pub fn validate_accepted(crd: &CustomResourceDefinition, errors: &mut FieldErrors) {
    if let Some(names) = crd.status.as_ref().and_then(|s| s.accepted_names.as_ref()) {
        validate(names, &Path::new("status").child("acceptedNames"), errors);
    }
}

/// What has no name at all is told elsewhere.
pub fn validate(names: &CustomResourceDefinitionNames, at: &Path<'_>, errors: &mut FieldErrors) {
    let singular = names.singular.as_deref().unwrap_or("");
    let list_kind = names.list_kind.as_deref().unwrap_or("");
    for (field, name) in [("plural", names.plural.as_str()), ("singular", singular)] {
        if !name.is_empty() {
            label(name, &at.child(field), errors);
        }
    }
    for (field, name) in [("kind", names.kind.as_str()), ("listKind", list_kind)] {
        let why = dns1035_label(&name.to_lowercase(), false);
        if !name.is_empty() && !why.is_empty() {
            let why = format!("may have mixed case, but should otherwise match: {}", why.join(","));
            errors.invalid(&at.child(field), name, why);
        }
    }
    for (i, name) in names.short_names.iter().flatten().enumerate() {
        label(name, &at.child("shortNames").index(i), errors);
    }
    if !names.kind.is_empty() && names.kind == list_kind {
        errors.invalid(&at.child("listKind"), list_kind, "kind and listKind may not be the same");
    }
    for (i, name) in names.categories.iter().flatten().enumerate() {
        label(name, &at.child("categories").index(i), errors);
    }
}

/// Several reasons are one error.
pub fn label(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    let why = dns1035_label(name, false);
    if !why.is_empty() {
        errors.invalid(at, name, why.join(","));
    }
}
