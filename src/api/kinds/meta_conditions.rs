//! Conditions of the shape that all newer kinds share: metav1.Condition.
//! Real Kubernetes: apimachinery/pkg/apis/meta/v1/validation/validation.go ValidateConditions.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::Value;

use crate::api::field::{FieldErrors, Path};
use crate::api::names;

const MAX_REASON_BYTES: usize = 1024;
const MAX_MESSAGE_BYTES: usize = 32 * 1024;

/// Go's zero time, which stands for none, and where it lies.
const NO_TIME: &str = "0001-01-01T00:00:00Z";
const NO_TIME_SECONDS: i64 = -62_135_596_800;

/// Conditions of a document that say no time get the one that stands for none: the typed shape has no place for absence.
pub fn mark_absent_times(conditions: &mut Value) {
    for c in conditions.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let time = c.entry("lastTransitionTime").or_insert(Value::Null);
        if time.is_null() {
            *time = NO_TIME.into();
        }
    }
}

pub fn validate_conditions(conditions: &[Condition], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in conditions.iter().enumerate() {
        let here = at.index(i);
        if conditions[..i].iter().any(|earlier| earlier.type_ == c.type_) {
            errors.duplicate(&here.child("type"), c.type_.as_str());
        }
        validate_condition(c, &here, errors);
    }
}

fn validate_condition(c: &Condition, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(&at.child("type"), &c.type_, names::qualified_name(&c.type_));
    errors.one_of(&at.child("status"), &c.status, &["False", "True", "Unknown"]);
    if let Some(seen) = c.observed_generation.filter(|g| *g < 0) {
        errors.invalid(&at.child("observedGeneration"), seen, "must be greater than or equal to zero");
    }
    if c.last_transition_time.0.as_second() == NO_TIME_SECONDS {
        errors.required(&at.child("lastTransitionTime"), "");
    }
    let reason = at.child("reason");
    if c.reason.is_empty() {
        errors.required(&reason, "");
    } else {
        if !is_reason(&c.reason) {
            errors.invalid(
                &reason,
                c.reason.as_str(),
                "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric \
                 characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or \
                 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is \
                 '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')",
            );
        }
        if c.reason.len() > MAX_REASON_BYTES {
            errors.too_long(&reason, MAX_REASON_BYTES);
        }
    }
    if c.message.len() > MAX_MESSAGE_BYTES {
        errors.too_long(&at.child("message"), MAX_MESSAGE_BYTES);
    }
}

fn is_reason(text: &str) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let b = text.as_bytes();
    b.first().is_some_and(u8::is_ascii_alphabetic)
        && b.last().is_some_and(word)
        && b.iter().all(|b| word(b) || matches!(b, b',' | b':'))
}
