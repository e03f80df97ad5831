//! The three kinds of patch, applied to JSON.

use serde_json::Value;

use super::kind::KindRef;
use super::strategic;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatchType {
    Json,
    Merge,
    Strategic,
}

/// The object after the patch, or why the patch cannot be applied.
pub fn apply(target: &Value, patch: &Value, how: PatchType, kind: KindRef) -> Result<Value, String> {
    let mut out = target.clone();
    match how {
        PatchType::Merge => json_patch::merge(&mut out, patch),
        PatchType::Strategic => strategic::apply(&mut out, patch, Some(kind.layout()))?,
        PatchType::Json => {
            let operations: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(|e| e.to_string())?;
            json_patch::patch(&mut out, &operations).map_err(|e| e.to_string())?;
        }
    }
    Ok(out)
}
