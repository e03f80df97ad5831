//! A resource on its way through a build: the object, and what became of its name so far.
//! Real Kubernetes: kustomize api/resource/resource.go, which keeps the latter in annotations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ids::{Gvk, ResId};
use crate::api::go_text::plain;

pub type Texts = BTreeMap<String, String>;

/// What a generator does about a resource that is there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub fn of(text: &str) -> Behavior {
        match text {
            "create" => Behavior::Create,
            "replace" => Behavior::Replace,
            "merge" => Behavior::Merge,
            _ => Behavior::Unspecified,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Behavior::Unspecified => "unspecified",
            Behavior::Create => "create",
            Behavior::Replace => "replace",
            Behavior::Merge => "merge",
        }
    }
}

/// What a resource was called before a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Former {
    pub name: String,
    pub namespace: String,
    pub kind: String,
}

/// What is known of a resource besides what is written in it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Past {
    /// The oldest first.
    pub former: Vec<Former>,
    pub prefixes: Vec<String>,
    pub suffixes: Vec<String>,
    pub behavior: Behavior,
    /// Its name is to end in a hash of what is in it.
    pub hashed: bool,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resource {
    /// Null: it was deleted.
    pub node: Value,
    pub past: Past,
    /// As a patch: what it is laid over may get its name, its kind.
    pub renames: bool,
    pub rekinds: bool,
    /// The variables that look into it.
    pub variables: Vec<String>,
}

/// A scalar as it is written; nothing of what is none.
pub fn text(v: &Value) -> String {
    match v {
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        scalar => plain(scalar),
    }
}

pub fn is_empty(v: &Value) -> bool {
    match v {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The name of a node's kind in errors.
pub fn node_kind(v: &Value) -> &'static str {
    match v {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    }
}

/// What is said where one kind of node was expected and another is there.
pub fn wrong_kind(expected: &str, found: &Value) -> String {
    let contents = crate::api::yaml::print(found);
    format!("wrong node kind: expected {expected} but got {}: node contents:\n{contents}", node_kind(found))
}

pub fn texts(v: &Value) -> Texts {
    v.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect()
}

impl Resource {
    pub fn new(node: Value) -> Resource {
        Resource { node, ..Resource::default() }
    }

    pub fn is_empty(&self) -> bool {
        is_empty(&self.node)
    }

    pub fn kind(&self) -> String {
        text(&self.node["kind"])
    }

    pub fn gvk(&self) -> Gvk {
        Gvk::of(&text(&self.node["apiVersion"]), &self.kind())
    }

    pub fn name(&self) -> String {
        text(&self.node["metadata"]["name"])
    }

    pub fn namespace(&self) -> String {
        text(&self.node["metadata"]["namespace"])
    }

    pub fn labels(&self) -> Texts {
        texts(&self.node["metadata"]["labels"])
    }

    pub fn annotations(&self) -> Texts {
        texts(&self.node["metadata"]["annotations"])
    }

    fn metadata(&mut self) -> Option<&mut Map<String, Value>> {
        let metadata = self.node.as_object_mut()?.entry("metadata").or_insert(Value::Null);
        if metadata.is_null() {
            *metadata = json!({});
        }
        metadata.as_object_mut()
    }

    pub fn set_metadata(&mut self, field: &str, value: Value) {
        let empty = is_empty(&value) || value == "";
        let Some(metadata) = self.metadata() else { return };
        if empty {
            metadata.remove(field);
        } else {
            metadata.insert(field.into(), value);
        }
    }

    pub fn set_field(&mut self, field: &str, value: String) {
        if let Some(map) = self.node.as_object_mut() {
            map.insert(field.into(), value.into());
        }
    }

    /// What it is called now.
    pub fn id(&self) -> ResId {
        let gvk = self.gvk();
        let cluster_scoped = gvk.is_certainly_cluster_scoped();
        ResId { gvk, name: self.name(), namespace: self.namespace(), cluster_scoped }
    }

    pub fn former_ids(&self) -> Vec<ResId> {
        let now = self.gvk();
        let id = |f: &Former| ResId {
            gvk: Gvk { kind: f.kind.clone(), ..now.clone() },
            name: f.name.clone(),
            namespace: f.namespace.clone(),
            cluster_scoped: false,
        };
        self.past.former.iter().map(id).collect()
    }

    /// What it was called in the beginning.
    pub fn original_id(&self) -> ResId {
        self.former_ids().into_iter().next().unwrap_or_else(|| self.id())
    }

    /// All that it is and was called.
    pub fn ids(&self) -> Vec<ResId> {
        let mut ids = self.former_ids();
        ids.push(self.id());
        ids
    }

    /// What it is called is about to change.
    pub fn remember_id(&mut self) {
        let id = self.id();
        let namespace = id.effective_namespace().to_string();
        self.past.former.push(Former { name: id.name, namespace, kind: id.gvk.kind });
    }

    /// Takes over what another of the same name is called and marked with. Its own marks go before.
    /// Real Kubernetes: CopyMergeMetaDataFieldsFrom.
    pub fn take_metadata_of(&mut self, other: &Resource) {
        for (field, theirs, own) in
            [("labels", other.labels(), self.labels()), ("annotations", other.annotations(), self.annotations())]
        {
            let mut all = theirs;
            all.extend(own);
            self.set_metadata(field, json!(all));
        }
        let hashed = self.past.hashed && other.past.hashed;
        self.past = Past { hashed, ..other.past.clone() };
        self.set_metadata("name", other.name().into());
        self.set_metadata("namespace", other.namespace().into());
        self.variables.clone_from(&other.variables);
    }

    /// Adds what another has in a map and this has not.
    pub fn merge_data_of(&mut self, other: &Resource, field: &str) {
        let mut all = texts(&other.node[field]);
        all.extend(texts(&self.node[field]));
        if let Some(map) = self.node.as_object_mut() {
            map.remove(field);
            if !all.is_empty() {
                map.insert(field.into(), json!(all));
            }
        }
    }

    /// Whether both got the same prefixes and suffixes last, as far as both have some.
    pub fn has_affixes_of(&self, other: &Resource, or_none: bool) -> bool {
        let fits = |a: &[String], b: &[String]| {
            let shared = a.len().min(b.len());
            let same = a[a.len() - shared..] == b[b.len() - shared..];
            // No prefix at all is like no other list.
            (or_none && shared == 0) || (same && (shared > 0 || a.len() == b.len()))
        };
        fits(&self.past.prefixes, &other.past.prefixes) && fits(&self.past.suffixes, &other.past.suffixes)
    }

    /// As it is printed in errors, with what kustomize notes of it in annotations.
    pub fn shown(&self) -> String {
        let mut r = self.clone();
        let mut annotations = r.annotations();
        let csv = |of: fn(&Former) -> &str| self.past.former.iter().map(of).collect::<Vec<_>>().join(",");
        let lists = [
            ("previousKinds", csv(|f| &f.kind)),
            ("previousNames", csv(|f| &f.name)),
            ("previousNamespaces", csv(|f| &f.namespace)),
            ("prefixes", self.past.prefixes.join(",")),
            ("suffixes", self.past.suffixes.join(",")),
        ];
        for (what, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            annotations.insert(format!("internal.config.kubernetes.io/{what}"), list);
        }
        r.set_metadata("annotations", json!(annotations));
        crate::api::go_text::json(&r.node)
    }
}
