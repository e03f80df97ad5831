//! An apply configuration merged into an object, by what the published types say of lists and maps.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go.

use std::borrow::Cow;

use serde_json::Value;

use crate::api::KindRef;
use crate::api::kind::Subresource;
use crate::api::managed::{Duplicates, ListKind, PathElement, Schema, Typed, path_text};

/// The object with all that the configuration says.
///
/// # Errors
/// The configuration has fields that there are not, or parts of what can only be set as a whole.
pub fn merged(
    object: &Value,
    configuration: &Value,
    kind: KindRef,
    part: Option<Subresource>,
) -> Result<Value, String> {
    let schema =
        schema_of(kind, part).map_err(|why| format!("failed to convert patch object to typed object: {why}"))?;
    let mut configuration = configuration.clone();
    for key in ["apiVersion", "kind"] {
        configuration[key] = object[key].clone();
    }
    let patch = Typed::new(Cow::Owned(configuration), schema, Duplicates::Refused)
        .map_err(|why| format!("failed to convert patch object to typed object: {why}"))?;
    let mut whole = vec![];
    find_atomics(&patch.value, schema, &mut vec![], &mut whole);
    if !whole.is_empty() {
        let list = whole.join(", ");
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {list}"));
    }
    let live = Typed::new(Cow::Borrowed(object), schema, Duplicates::Allowed)
        .map_err(|why| format!("failed to convert original object to typed object: {why}"))?;
    Ok(live.merge(&patch).value.into_owned())
}

/// What is published of the objects that are sent. The parts that are of another kind are published with the groups of their
/// parents, where nobody looks for them.
fn schema_of<'a>(kind: KindRef, part: Option<Subresource>) -> Result<Schema<'a>, String> {
    if let Some((name, Some((group, version)))) = part.map(|p| p.kind_of(kind)) {
        return Err(format!("no corresponding type for {group}/{version}, Kind={name}"));
    }
    match (kind.layout(), kind.custom()) {
        (Some(of), _) => Ok(Schema::Struct { of, atomic: false }),
        (None, Some(custom)) => Ok(Schema::Resource { of: custom.source(), open: false }),
        (None, None) => {
            Err(format!("no corresponding type for {}/{}, Kind={}", kind.group(), kind.version(), kind.name()))
        }
    }
}

/// Paths of what would be set in parts and can only be set as a whole.
fn find_atomics(v: &Value, schema: Schema<'_>, path: &mut Vec<PathElement>, found: &mut Vec<String>) {
    let atom = schema.resolve();
    match (v, atom.map, atom.list) {
        (Value::Object(fields), Some(map), _) => {
            if map.atomic {
                found.push(path_text(path));
            }
            for (name, value) in fields {
                let Some(field) = map.field(name) else { continue };
                path.push(PathElement::field(name));
                find_atomics(value, field, path, found);
                path.pop();
            }
        }
        (Value::Array(items), _, Some(list)) => {
            if matches!(list.kind, ListKind::Atomic) {
                found.push(path_text(path));
            }
            for (i, item) in items.iter().enumerate() {
                path.push(PathElement::Index(i64::try_from(i).unwrap_or(i64::MAX)));
                find_atomics(item, list.element(), path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
