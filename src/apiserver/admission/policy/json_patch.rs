//! A JSON patch that an expression made, applied with the words of the library that Kubernetes uses.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/mutating/patch/json_patch.go; github.com/evanphx/json-patch v4.

use serde_json::Value;

use crate::api::KindRef;
use crate::api::patch::{PatchType, apply};

/// The object after the patch. If what it tests is not so, it changes nothing.
pub fn patched(object: &Value, operations: &[Value], kind: KindRef) -> Result<Value, String> {
    let mut out = object.clone();
    for operation in operations {
        let text = |name: &str| operation[name].as_str().unwrap_or("");
        if text("op") == "test" {
            let found = out.pointer(text("path")).unwrap_or(&Value::Null);
            if *found != operation["value"] {
                return Ok(object.clone());
            }
            continue;
        }
        let one = Value::Array(vec![operation.clone()]);
        out = apply(&out, &one, PatchType::Json, kind)
            .map_err(|_| format!("JSON Patch: {}", refusal(&out, operation)))?;
    }
    Ok(out)
}

fn refusal(target: &Value, operation: &Value) -> String {
    let text = |name: &str| operation[name].as_str().unwrap_or("");
    let (op, path, from) = (text("op"), text("path"), text("from"));
    let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
    let place = target.pointer(parent).filter(|p| p.is_object() || p.is_array());
    match (op, place) {
        ("replace", None) => format!("replace operation does not apply: doc is missing path: {path}: missing value"),
        ("add" | "remove", None) => {
            format!("{op} operation does not apply: doc is missing path: {path:?}: missing value")
        }
        ("remove", Some(Value::Object(_))) => {
            format!("error in remove for path: '{path}': Unable to remove nonexistent key: {key}: missing value")
        }
        ("add" | "remove" | "replace", Some(Value::Array(_))) if key.parse::<i64>().is_ok() => {
            let why = format!("Unable to access invalid index: {key}: invalid index referenced");
            match op {
                "replace" => format!("replace operation does not apply: doc is missing key: {path}: missing value"),
                _ => format!("error in {op} for path: '{path}': {why}"),
            }
        }
        ("add" | "remove" | "replace", Some(Value::Array(_))) => {
            let why = format!("strconv.Atoi: parsing {key:?}: invalid syntax");
            format!("error in {op} for path: '{path}': value was not a proper array index: '{key}': {why}")
        }
        ("move" | "copy", _) if target.pointer(from).is_none() => {
            format!("{op} operation does not apply: doc is missing from path: {from}: missing value")
        }
        ("move" | "copy", _) => {
            format!("{op} operation does not apply: doc is missing destination path: {path}: missing value")
        }
        _ => format!("Unexpected kind: {op}"),
    }
}
