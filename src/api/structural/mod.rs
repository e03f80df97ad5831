//! What a custom resource's schema says of its objects: what is kept of them, what is filled in, what is wrong with them.
//!
//! All are pure functions of a JSON value and a [`Structural`], which is made of the schema in a CustomResourceDefinition. The API
//! server does them in this order: [`prune`] and [`prune_nulls`], [`coerce`], [`default`], then [`validate`], and [`plain_numbers`](super::go_text::plain_numbers)
//! when the object is written.
//!
//! Deliberately absent: rules in CEL (`x-kubernetes-validations`), which the caller runs after [`validate`]
//! ([`rules::validate`](super::cel::rules::validate)) unless [`blocks_rules`] says that the object is too broken for them.
//!
//! Real Kubernetes: k8s.io/apiextensions-apiserver/pkg/apiserver/schema and pkg/apiserver/validation; k8s.io/kube-openapi/pkg/validation.

mod build;
mod defaulting;
pub mod field_path;
pub mod formats;
mod list_type;
mod metadata;
mod number;
mod pruning;
mod ratchet;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;
use serde_json::Value;

use super::field::{Fault, FieldErrors, Path};
use super::go_regexp::Pattern;

pub use defaulting::{default, prune_nulls};
pub use list_type::validate_lists;
pub use metadata::{coerce, coerce_metadata, coerce_object, validate_embedded, validate_object};
pub use pruning::{prune, prune_value};
pub use ratchet::Correlated;
pub use value::validate_value;

/// A schema whose structure can be told without looking at values. What stands under `allOf` and its like has the same shape,
/// but says nothing of the structure.
#[derive(Clone, Debug, Default)]
pub struct Structural {
    /// Types that a value may have; none: any.
    pub types: Vec<String>,
    pub nullable: bool,
    pub default: Option<Value>,
    pub items: Option<Box<Structural>>,
    pub properties: BTreeMap<String, Structural>,
    pub additional_properties: Option<Additional>,
    pub extensions: Extensions,
    pub checks: Checks,
}

/// What is known of properties that are not named.
#[derive(Clone, Debug)]
pub enum Additional {
    Allowed(bool),
    Schema(Box<Structural>),
}

impl Additional {
    pub fn schema(&self) -> Option<&Structural> {
        match self {
            Additional::Allowed(_) => None,
            Additional::Schema(s) => Some(s),
        }
    }
}

/// What Kubernetes adds to OpenAPI: `x-kubernetes-…`.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    pub preserve_unknown_fields: bool,
    pub embedded_resource: bool,
    pub int_or_string: bool,
    pub list_type: Option<String>,
    pub list_map_keys: Vec<String>,
    pub map_type: Option<String>,
    pub rules: Vec<ValidationRule>,
}

/// What a value must satisfy besides its type.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    pub format: String,
    pub maximum: Option<f64>,
    pub exclusive_maximum: bool,
    pub minimum: Option<f64>,
    pub exclusive_minimum: bool,
    pub multiple_of: Option<f64>,
    pub max_length: Option<i64>,
    pub min_length: Option<i64>,
    pub pattern: Option<Pattern>,
    pub max_items: Option<i64>,
    pub min_items: Option<i64>,
    pub unique_items: bool,
    pub max_properties: Option<i64>,
    pub min_properties: Option<i64>,
    pub required: Vec<String>,
    pub enumeration: Vec<Value>,
    pub all_of: Vec<Structural>,
    pub any_of: Vec<Structural>,
    pub one_of: Vec<Structural>,
    pub not: Option<Box<Structural>>,
}

impl Structural {
    /// The schema of a field, as far as it is known: that of the property, or that of all others.
    pub fn field(&self, name: &str) -> Option<&Structural> {
        self.properties.get(name).or_else(|| self.additional_properties.as_ref()?.schema())
    }

    /// Whether there are rules in CEL, here or anywhere below.
    pub fn has_rules(&self) -> bool {
        !self.extensions.rules.is_empty()
            || self.items.as_deref().is_some_and(Structural::has_rules)
            || self.additional_properties.as_ref().and_then(Additional::schema).is_some_and(Structural::has_rules)
            || self.properties.values().any(Structural::has_rules)
    }
}

/// Judges an object, or its change from `old`: its values, the objects embedded in it, its lists that are sets or maps. What was wrong
/// before and has not been touched is let be.
pub fn validate(new: &Value, old: Option<&Value>, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_value(new, old, s, at, errors);
    validate_embedded(new, s, at, errors);
    let mut before = FieldErrors::default();
    if let Some(old) = old {
        validate_lists(old, s, at, &mut before);
    }
    if before.is_empty() {
        validate_lists(new, s, at, errors);
    }
}

/// Whether an object is too broken for its rules in CEL to be tried.
pub fn blocks_rules(errors: &FieldErrors) -> bool {
    errors.list().iter().any(|e| {
        matches!(
            e.fault,
            Fault::NotSupported { .. }
                | Fault::Required { .. }
                | Fault::TooLong { .. }
                | Fault::TooMany { .. }
                | Fault::TypeInvalid { .. }
        )
    })
}

/// What is then said of the rules.
pub fn rules_not_checked(errors: &mut FieldErrors) {
    let why = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    errors.invalid(&Path::root(), Value::Null, why);
}
