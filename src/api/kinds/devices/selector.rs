//! Expressions that choose devices: what they may name, what they must yield, and what they may cost.
//! Real Kubernetes: k8s.io/dynamic-resource-allocation/cel/compile.go, pkg/apis/resource/validation validateCELSelector.

use std::sync::Arc;

use k8s_openapi::api::resource::v1::DeviceSelector;

use super::validate_list;
use crate::api::cel::env::Types;
use crate::api::cel::policy::{Refusal, go_name};
use crate::api::cel::size::Range;
use crate::api::cel::{self, Env, Sizes, Type};
use crate::api::field::{FieldErrors, Path};

const MAX_SELECTORS: usize = 32;
const MAX_EXPRESSION_BYTES: usize = 10 * 1024;
const MAX_COST: u64 = 1_000_000;

/// How large the parts of a device are at most.
const MAX_NAME: u64 = 63;
const MAX_ID: u64 = 32;
const MAX_VALUE: u64 = 64;
const MAX_ENTRIES: u64 = 32;

const DEVICE: &str = "kubernetes.DRADevice";

/// The type of `device`.
struct Device;

impl Types for Device {
    fn is_struct(&self, name: &str) -> bool {
        name == DEVICE
    }

    /// Attributes and capacities are found by domain, then by their names there.
    fn field(&self, of: &str, name: &str) -> Option<Type> {
        let by_domain = |value| Type::map(Type::String, Type::map(Type::String, value));
        match name {
            _ if of != DEVICE => None,
            "driver" => Some(Type::String),
            "allowMultipleAllocations" => Some(Type::Bool),
            "attributes" => Some(by_domain(Type::Any)),
            "capacity" => Some(by_domain(Type::object("kubernetes.Quantity"))),
            _ => None,
        }
    }
}

impl Sizes for Device {
    fn size(&self, path: &[String]) -> Option<Range> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let max = match path.as_slice() {
            ["device", "driver"] => MAX_NAME,
            ["device", "allowMultipleAllocations"] => 1,
            ["device", "attributes" | "capacity"] => MAX_ENTRIES,
            ["device", "attributes" | "capacity", "@keys"] => MAX_NAME,
            ["device", "attributes" | "capacity", _] => MAX_ENTRIES,
            ["device", "attributes" | "capacity", _, "@keys"] => MAX_ID,
            ["device", "attributes", _, _] => MAX_VALUE,
            _ => return None,
        };
        Some(Range { min: 0, max })
    }
}

pub fn validate(selectors: &[DeviceSelector], at: &Path<'_>, errors: &mut FieldErrors) {
    validate_list(selectors, MAX_SELECTORS, at, errors, |s, at, errors| {
        let at = at.child("cel");
        let Some(cel) = &s.cel else { return errors.required(&at, "") };
        let at = at.child("expression");
        if cel.expression.len() > MAX_EXPRESSION_BYTES {
            return errors.too_long(&at, MAX_EXPRESSION_BYTES);
        }
        match cost(&cel.expression) {
            Err(Refusal { internal: true, detail }) => errors.internal(&at, detail),
            Err(Refusal { detail, .. }) => errors.invalid(&at, cel.expression.as_str(), detail),
            Ok(cost) if cost > MAX_COST => errors.forbidden(&at, "too complex, exceeds cost limit"),
            Ok(_) => {}
        }
    });
}

/// What an expression may cost at most, if it makes sense.
fn cost(expression: &str) -> Result<u64, Refusal> {
    let refused = |internal, detail| Refusal { internal, detail };
    let env = Env::default().with("device", Type::object(DEVICE)).with_types(Arc::new(Device)).with_bindings();
    let compiled =
        cel::compile(expression, &env).map_err(|issues| refused(false, format!("compilation failed: {issues}")))?;
    // Of an attribute nobody knows the type beforehand.
    if !matches!(compiled.type_, Type::Bool | Type::Any) {
        let got = go_name(&compiled.type_);
        return Err(refused(false, format!("must evaluate to bool or the unknown type, not {got}")));
    }
    compiled.program().map_err(|e| refused(true, format!("program instantiation failed: {}", e.text())))?;
    Ok(compiled.cost(&Device).max)
}
