//! Default values must themselves fit the schema that they stand in.
//! Real Kubernetes: pkg/apiserver/schema/defaulting: validation.go ValidateDefaults, surroundingobject.go.

use std::cell::Cell;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

use crate::api::cel::{PER_OBJECT, rules};
use crate::api::field::{FieldErrors, Path};
use crate::api::structural::{
    Structural, coerce, coerce_object, prune_value, validate_embedded, validate_object, validate_value,
};

pub fn validate(s: &JSONSchemaProps, pruned: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let Ok(mut s) = Structural::for_defaults(s) else { return };
    s.extensions.embedded_resource = true;
    let budget = Cell::new(PER_OBJECT);
    Judge { root: &s, steps: vec![], inside_meta: false, pruned, budget: &budget }.visit(&s, at, errors);
}

/// Whether a default names fields that the schema does not know.
pub fn are_unpruned(s: &JSONSchemaProps) -> bool {
    let mut errors = FieldErrors::default();
    validate(s, true, &Path::root(), &mut errors);
    errors.list().iter().any(|e| e.to_string().ends_with(UNKNOWN_FIELDS))
}

const UNKNOWN_FIELDS: &str = "must not have unknown fields";

/// A step from an object to a value in it.
#[derive(Clone)]
enum Step {
    Field(String),
    Index,
}

#[derive(Clone)]
struct Judge<'a> {
    /// The schema of the innermost object around.
    root: &'a Structural,
    steps: Vec<Step>,
    inside_meta: bool,
    pruned: bool,
    /// What is left for the rules on defaults.
    budget: &'a Cell<i64>,
}

impl<'a> Judge<'a> {
    fn visit(&self, s: &'a Structural, at: &Path<'_>, errors: &mut FieldErrors) {
        if self.budget.get() < 0 {
            return;
        }
        let mut here = self.clone();
        if s.extensions.embedded_resource {
            here = Judge { root: s, steps: vec![], inside_meta: false, ..*self };
        }
        if let Some(default) = &s.default {
            let at = at.child("default");
            if here.inside_meta {
                here.judge_meta(default, s, &at, errors);
            } else {
                here.judge(default, s, &at, errors);
            }
        }
        if let Some(items) = &s.items {
            here.below(Step::Index).visit(items, &at.child("items"), errors);
        }
        for (name, property) in &s.properties {
            let mut below = here.below(Step::Field(name.clone()));
            let meta = matches!(name.as_str(), "metadata" | "apiVersion" | "kind");
            below.inside_meta |= s.extensions.embedded_resource && meta;
            below.visit(property, &at.child("properties").key(name), errors);
        }
    }

    fn below(&self, step: Step) -> Judge<'a> {
        let mut below = self.clone();
        below.steps.push(step);
        below
    }

    fn judge(&self, default: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
        let mut value = default.clone();
        if self.pruned && !prune_value(&mut value, s).is_empty() {
            errors.invalid(at, default.clone(), UNKNOWN_FIELDS);
        }
        let mut value = default.clone();
        if let Err(error) = coerce(&mut value, s, at) {
            return errors.add(*error);
        }
        let before = errors.list().len();
        validate_embedded(&value, s, at, errors);
        if errors.list().len() == before {
            self.judge_value(&value, s, at, errors);
        }
    }

    fn judge_value(&self, value: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
        let before = errors.list().len();
        validate_value(value, None, s, at, errors);
        if errors.list().len() == before {
            let root = std::ptr::eq(s, self.root);
            self.budget.set(rules::validate_default(s, root, value, self.budget.get(), at, errors));
        }
    }

    /// A default in the metadata of an object is judged within such an object.
    fn judge_meta(&self, default: &Value, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
        let mut object = self.steps.iter().rev().fold(default.clone(), |inner, step| match step {
            Step::Field(name) => json!({name: inner}),
            Step::Index => json!([inner]),
        });
        if let Some(map) = object.as_object_mut() {
            map.entry("kind").or_insert("Validation".into());
            map.entry("apiVersion").or_insert("validation/v1".into());
        }
        let root = Path::root();
        let mut found = FieldErrors::default();
        if let Err(error) = coerce_object(&mut object, self.root, &root) {
            found.add(*error);
        } else {
            validate_object(&object, self.root, &root, &mut found);
        }
        if found.is_empty() {
            return self.judge_value(default, s, at, errors);
        }
        let all: Vec<String> = found.list().iter().map(ToString::to_string).collect();
        let all = if all.len() == 1 { all.concat() } else { format!("[{}]", all.join(", ")) };
        errors.invalid(at, default.clone(), format!("must result in valid metadata: {all}"));
    }
}
