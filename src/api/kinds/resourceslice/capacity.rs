//! The capacities of a device, and how much of one a claim may ask for where claims share the device.
//! Real Kubernetes: pkg/apis/resource/validation/validation.go validateRequestPolicy.

use k8s_openapi::api::resource::v1::{CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::super::devices::validate_set;
use crate::api::field::{FieldErrors, Path};
use crate::api::quantity::Quantity;

const MAX_OPTIONS: usize = 10;

fn amount(q: &Written) -> Quantity {
    Quantity::parse(&q.0).unwrap_or(Quantity::ZERO)
}

/// `shared` says that several claims may have the device.
pub fn validate_capacity(c: &DeviceCapacity, shared: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(policy) = &c.request_policy else { return };
    let at = at.child("requestPolicy");
    if !shared {
        errors.forbidden(&at, "allowMultipleAllocations must be true");
        return;
    }
    validate_policy(policy, amount(&c.value), &at, errors);
}

fn validate_policy(p: &CapacityRequestPolicy, max: Quantity, at: &Path<'_>, errors: &mut FieldErrors) {
    let values: Vec<Quantity> = p.valid_values.iter().flatten().map(amount).collect();
    let default = p.default.as_ref().map(amount);
    match (&p.valid_range, default) {
        (Some(_), _) if !values.is_empty() => errors.forbidden(
            at,
            "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time",
        ),
        (Some(_), None) => errors.required(&at.child("default"), "required when validRange is defined"),
        (Some(range), Some(default)) => validate_range(range, default, max, &at.child("validRange"), errors),
        (None, None) if !values.is_empty() => {
            errors.required(&at.child("default"), "required when validValues is defined");
        }
        (None, Some(default)) if !values.is_empty() => {
            validate_values(&values, default, max, &at.child("validValues"), errors);
        }
        _ => {}
    }
}

fn validate_values(values: &[Quantity], default: Quantity, max: Quantity, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, pair) in values.windows(2).enumerate() {
        if pair[0] > pair[1] {
            errors.invalid(&at.index(i + 1), pair[1].to_string(), "values must be sorted in ascending order");
        }
    }
    validate_set(values, MAX_OPTIONS, |v| v.units().to_string(), at, errors, |v, at, errors| {
        if *v > max {
            errors.invalid(at, v.to_string(), format!("option is larger than capacity value: {max}"));
        }
    });
    // Of too long a list no item is looked at, so that the default is not found either.
    if values.len() > MAX_OPTIONS || !values.contains(&default) {
        errors.invalid(at, default.to_string(), "default value is not valid according to the requestPolicy");
    }
}

fn validate_range(
    r: &CapacityRequestPolicyRange,
    default: Quantity,
    capacity: Quantity,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let lowest = at.child("min");
    let Some(min) = Quantity::parse(&r.min.0) else {
        errors.required(&lowest, "required when validRange is defined");
        return;
    };
    let text = Quantity::to_string;
    if min > capacity {
        errors.invalid(&lowest, text(&min), format!("min is larger than capacity value: {capacity}"));
    }
    if default < min {
        errors.invalid(&lowest, text(&default), format!("default is less than min: {min}"));
    }
    let max = r.max.as_ref().map(amount);
    if let Some(max) = max {
        let at = at.child("max");
        if min > max {
            errors.invalid(&at, text(&min), format!("min is larger than max: {max}"));
        }
        if max > capacity {
            errors.invalid(&at, text(&max), format!("max is larger than capacity value: {capacity}"));
        }
        if default > max {
            errors.invalid(&at, text(&default), format!("default is more than max: {max}"));
        }
    }
    let Some(step) = r.step.as_ref().map(amount) else { return };
    let at = at.child("step");
    let first = min.plus(step);
    if first > capacity {
        errors.invalid(&at, text(&step), format!("one step {first} is larger than capacity value: {capacity}"));
    }
    for value in std::iter::once(default).chain(max) {
        if !is_reached(value, min, step) {
            let why = format!("value is not a multiple of a given step ({step}) from ({min})");
            errors.invalid(&at, text(&value), why);
        }
    }
}

/// Whether whole steps lead from `min` to `value`. (Of a step of nothing, Kubernetes has no answer: it panics.)
fn is_reached(value: Quantity, min: Quantity, step: Quantity) -> bool {
    let way = value.units().wrapping_sub(min.units());
    way.checked_rem(step.units()).is_none_or(|rest| rest == 0)
}
