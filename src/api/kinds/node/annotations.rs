//! Annotations of old that say what fields say today. They are still judged.
//! Real Kubernetes: pkg/apis/core/validation ValidateNodeSpecificAnnotations.

use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

use super::validation::validate_taints;
use crate::api::field::{FieldErrors, Path};
use crate::api::go_scanner;
use crate::api::kinds::Node;
use crate::api::object::Resource;

const TAINTS: &str = "scheduler.alpha.kubernetes.io/taints";
const AVOID_PODS: &str = "scheduler.alpha.kubernetes.io/preferAvoidPods";

pub fn validate(n: &Node, errors: &mut FieldErrors) {
    let metadata = Path::new("metadata");
    let at = metadata.child("annotations");
    if let Some(text) = n.annotation(TAINTS).filter(|t| !t.is_empty()) {
        match read(text).and_then(|json| serde_json::from_value::<Vec<Taint>>(json).map_err(|e| e.to_string())) {
            Ok(taints) => validate_taints(&taints, &at.child(TAINTS), errors),
            Err(why) => errors.invalid(&at, TAINTS, why),
        }
    }
    if let Some(text) = n.annotation(AVOID_PODS).filter(|t| !t.is_empty()) {
        match read(text) {
            Ok(json) => validate_avoided(&json, &at.child(AVOID_PODS), errors),
            Err(why) => errors.invalid(&at.child("AvoidPods"), AVOID_PODS, why),
        }
    }
}

fn read(text: &str) -> Result<Value, String> {
    go_scanner::scan(text.as_bytes())?;
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// Pods are avoided by their controllers.
fn validate_avoided(json: &Value, list: &Path<'_>, errors: &mut FieldErrors) {
    for (i, entry) in json["preferAvoidPods"].as_array().into_iter().flatten().enumerate() {
        let at = list.index(i);
        let signature = at.child("PodSignature");
        match &entry["podSignature"]["podController"] {
            Value::Null => errors.required(&signature, ""),
            owner if owner["controller"] == Value::Bool(true) => {}
            _ => {
                let why = "must point to a controller";
                errors.invalid(&signature.child("PodController").child("Controller"), false, why);
            }
        }
    }
}
