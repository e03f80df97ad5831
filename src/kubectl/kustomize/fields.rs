//! Finds the fields that a specification names, and lets something be done to each.
//! Real Kubernetes: kustomize api/filters/fieldspec.

use serde_json::{Value, json};

use super::file::FieldSpec;
use super::resource::{Resource, wrong_kind};

pub type Done = Result<(), String>;

/// What is put where nothing was, if the specification says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Create {
    Nothing,
    Scalar,
    Mapping,
}

impl Create {
    fn node(self) -> Value {
        if self == Create::Mapping { json!({}) } else { json!("") }
    }
}

/// Splits a path, but not at `\/`. Real Kubernetes: kyaml/utils/pathsplitter.go.
pub fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    let parts = path.strip_prefix(delimiter).filter(|_| path.len() > 1).unwrap_or(path).split(delimiter);
    for part in parts {
        match out.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => out.push(part.into()),
        }
    }
    out
}

/// Does something to each field of a resource that one of the specifications names.
///
/// # Errors
/// The resource is not of that shape, or what is to be done fails.
pub fn each(
    resource: &mut Resource,
    specs: &[FieldSpec],
    create: Create,
    set: &mut dyn FnMut(&mut Value) -> Done,
) -> Done {
    for spec in specs {
        one(resource, spec, create, set)?;
    }
    Ok(())
}

/// The same with one specification.
///
/// # Errors
/// As [`each`].
pub fn one(resource: &mut Resource, spec: &FieldSpec, create: Create, set: &mut dyn FnMut(&mut Value) -> Done) -> Done {
    if !resource.gvk().is_selected_by(&spec.gvk) {
        return Ok(());
    }
    let path = split_path(&spec.path, '/');
    let id = super::ids::ResId { cluster_scoped: false, ..resource.id() };
    let create = if spec.create { create } else { Create::Nothing };
    walk(&mut resource.node, &path, create, set)
        .map_err(|why| format!("considering field '{}' of object {id}: {why}", spec.path))
}

fn walk(node: &mut Value, path: &[String], create: Create, set: &mut dyn FnMut(&mut Value) -> Done) -> Done {
    let Some((name, rest)) = path.split_first() else { return set(node) };
    match node {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| {
            let visited = walk(item, path, create, set);
            visited.map_err(|why| format!("visit traversal on path: [{}]: {why}", path.join(" ")))
        }),
        Value::Object(map) => {
            let (name, of_list) = name.strip_suffix("[]").map_or((name.as_str(), false), |n| (n, true));
            if name.is_empty() {
                return Err("cannot set or create an empty field name".into());
            }
            let made = match create {
                _ if of_list => Some(json!([])),
                Create::Nothing => None,
                create if rest.is_empty() => Some(create.node()),
                _ => Some(json!({})),
            };
            if !map.contains_key(name) {
                let Some(made) = made.clone().filter(|_| !of_list) else { return Ok(()) };
                map.insert(name.into(), made);
            }
            let Some(field) = map.get_mut(name) else { return Ok(()) };
            if let Some(made) = made.filter(|_| field.is_null()) {
                *field = made;
            }
            walk(field, rest, create, set)
        }
        _ => Err("expected sequence or mapping node".into()),
    }
}

/// Writes a scalar over another.
///
/// # Errors
/// It is none.
pub fn set_scalar(node: &mut Value, value: Value) -> Done {
    if matches!(node, Value::Array(_) | Value::Object(_)) {
        return Err(wrong_kind("ScalarNode", node));
    }
    *node = value;
    Ok(())
}

/// Writes an entry of a map.
///
/// # Errors
/// It is none.
pub fn set_entry(node: &mut Value, key: &str, value: &str) -> Done {
    match node {
        Value::Object(map) => {
            map.insert(key.into(), value.into());
            Ok(())
        }
        other => Err(wrong_kind("MappingNode", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_but_where_that_is_escaped() {
        assert_eq!(split_path("a/b", '/'), ["a", "b"]);
        assert_eq!(split_path("/a/b", '/'), ["a", "b"]);
        assert_eq!(split_path("metadata/annotations/x.io\\/y", '/'), ["metadata", "annotations", "x.io/y"]);
    }
}
