//! Tables of what each part does. What holds for all objects is in `laws.rs`; what a real server does, in `tests/managed.rs`.

mod sets;
mod values;
mod writes;

use serde_json::Value;

use super::*;

/// The set that this JSON of `fieldsV1` means.
fn set(v: Value) -> FieldSet {
    FieldSet::from_value(&v).unwrap()
}
