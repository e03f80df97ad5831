//! Lays a strategic merge patch over a resource as kustomize does, which differs from the API server: what a patch names
//! in a list goes to its front.
//! Real Kubernetes: kustomize kyaml/yaml/merge2, kyaml/yaml/walk.

use serde_json::{Map, Value};

use super::lists::{Keys, merge_items};
use super::resource::{node_kind, text, wrong_kind};
use crate::api::KindRef;
use crate::api::schema::{Base, Field, ListType, Shape, TypeId};

const DIRECTIVE: &str = "$patch";

/// What a patch says is to be done with what it is laid over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directive {
    Merge,
    Replace,
    Delete,
}

/// What is known of a node's type.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    Unknown,
    Struct(TypeId),
    /// A field, before its list or map is gone into.
    Field(&'static Field),
}

impl Schema {
    fn of(node: &Value) -> Schema {
        let kind = KindRef::by_gvk(&text(&node["apiVersion"]), &text(&node["kind"]));
        kind.and_then(KindRef::layout).map_or(Schema::Unknown, Schema::Struct)
    }

    fn inside(base: Base) -> Schema {
        if let Base::Struct(t) = base { Schema::Struct(t) } else { Schema::Unknown }
    }

    fn field(self, name: &str) -> Schema {
        let fields = match self {
            Schema::Struct(t) => Some(t),
            Schema::Field(f) if matches!(f.shape, Shape::Plain | Shape::Pointer) => match f.base {
                Base::Struct(t) => Some(t),
                _ => None,
            },
            Schema::Field(f) if matches!(f.shape, Shape::Map(_)) => return Schema::inside(f.base),
            _ => None,
        };
        fields.and_then(|t| t.field(name)).map_or(Schema::Unknown, Schema::Field)
    }

    pub fn items(self) -> Schema {
        if let Schema::Field(f) = self { Schema::inside(f.base) } else { Schema::Unknown }
    }

    /// By what the items of a list are told apart, if it is merged and not replaced.
    fn keys(self) -> Option<Keys> {
        let Schema::Field(f) = self else { return None };
        if !f.merge {
            return None;
        }
        Some(match (&f.list, f.merge_key) {
            (ListType::Map(keys), Some(_)) => Keys(keys.iter().map(|k| k.field).collect()),
            (_, Some(key)) => Keys(vec![key]),
            _ => Keys(vec![]),
        })
    }
}

/// The resource with the patch over it; nothing of one that the patch deletes.
///
/// # Errors
/// They are not of the same shape.
pub fn merge(resource: Value, patch: Value) -> Result<Option<Value>, String> {
    let schema = Schema::of(&resource);
    walk(Some(resource), Some(patch), schema)
}

fn is_nothing(v: &Option<Value>) -> bool {
    v.as_ref().is_none_or(Value::is_null)
}

/// Merges what is there with what a patch says of it.
///
/// # Errors
/// They are not of the same shape.
pub fn walk(dest: Option<Value>, patch: Option<Value>, schema: Schema) -> Result<Option<Value>, String> {
    let first = [&dest, &patch].into_iter().flatten().find(|v| !v.is_null());
    let kind = first.map_or("MappingNode", node_kind);
    for v in [&dest, &patch].into_iter().flatten() {
        if !v.is_null() && node_kind(v) != kind {
            return Err(wrong_kind(kind, v));
        }
    }
    match kind {
        "MappingNode" => walk_map(dest, patch, schema),
        "SequenceNode" => match schema.keys() {
            Some(keys) => walk_list(dest, patch, schema, &keys),
            None => Ok(patch.or(dest).filter(|v| !v.is_null())),
        },
        _ => Ok(patch.or(dest).filter(|v| !v.is_null())),
    }
}

fn walk_map(dest: Option<Value>, mut patch: Option<Value>, schema: Schema) -> Result<Option<Value>, String> {
    let directive = match patch.as_mut() {
        Some(Value::Object(map)) => directive(map)?,
        _ => Directive::Merge,
    };
    let dest = match (dest, &patch) {
        _ if directive == Directive::Delete => return Ok(None),
        // What was null before stays so.
        (Some(Value::Null), None) => return Ok(Some(Value::Null)),
        (dest, _) if is_nothing(&dest) || directive == Directive::Replace => patch.clone().filter(|p| !p.is_null()),
        (_, Some(Value::Null)) => return Ok(None),
        (dest, _) => dest,
    };
    let Some(Value::Object(mut dest)) = dest else { return Ok(dest) };
    let mut patch = match patch {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let mut names: Vec<String> = dest.keys().chain(patch.keys()).cloned().collect();
    names.sort();
    names.dedup();
    for name in names {
        let merged = walk(dest.remove(&name), patch.remove(&name), schema.field(&name))?;
        if let Some(v) = merged {
            dest.insert(name, v);
        }
    }
    Ok(Some(Value::Object(dest)))
}

fn walk_list(
    dest: Option<Value>,
    mut patch: Option<Value>,
    schema: Schema,
    keys: &Keys,
) -> Result<Option<Value>, String> {
    let is_missing = is_nothing(&dest);
    if !is_missing && patch == Some(Value::Null) {
        return Ok(None);
    }
    let directive = match patch.as_mut() {
        Some(Value::Array(items)) if !is_missing => list_directive(items)?,
        _ => Directive::Merge,
    };
    let dest = match directive {
        Directive::Delete => return Ok(None),
        Directive::Replace => patch.clone(),
        Directive::Merge if is_missing => patch.clone(),
        Directive::Merge => dest,
    };
    let items = |v: Option<Value>| match v {
        Some(Value::Array(items)) => items,
        _ => vec![],
    };
    Ok(Some(Value::Array(merge_items(items(dest), items(patch), schema.items(), keys)?)))
}

fn known(word: &str) -> Result<Directive, String> {
    match word {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => Err(format!("unknown patch strategy '{other}'")),
    }
}

fn directive(patch: &mut Map<String, Value>) -> Result<Directive, String> {
    match patch.get(DIRECTIVE).map(text) {
        None => Ok(Directive::Merge),
        Some(word) => {
            patch.remove(DIRECTIVE);
            known(&word)
        }
    }
}

/// A list says it in an item that says nothing else.
fn list_directive(items: &mut Vec<Value>) -> Result<Directive, String> {
    let says = |i: &Value| i.as_object().is_some_and(|map| map.contains_key(DIRECTIVE));
    let Some(item) = items.iter().find(|i| says(i)) else { return Ok(Directive::Merge) };
    if item.as_object().is_some_and(|map| map.len() > 1) {
        return Ok(Directive::Merge);
    }
    let word = text(&item[DIRECTIVE]);
    let found = known(&word)?;
    items.retain(|i| !says(i) || text(&i[DIRECTIVE]) != word);
    Ok(found)
}
