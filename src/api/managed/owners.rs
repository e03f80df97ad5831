//! `metadata.managedFields`: who owns which fields of an object.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/internal/managedfields.go.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde_json::Value;

use super::set::FieldSet;
use crate::api::Time;
use crate::api::field::{FieldErrors, Path};

/// How the owner came to own: by an apply, which says all that it wants, or by any other write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    Apply,
    Update,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }

    fn parse(text: &str) -> Option<Operation> {
        [Operation::Apply, Operation::Update].into_iter().find(|o| o.name() == text)
    }
}

/// Who owns. An applier is the same one in whatever version of the API it applies; another writer is not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Manager {
    pub operation: Operation,
    pub name: String,
    pub api_version: String,
    pub subresource: String,
}

impl Manager {
    pub fn new(operation: Operation, name: &str, api_version: &str, subresource: &str) -> Manager {
        let api_version = if operation == Operation::Apply { "" } else { api_version };
        Manager { operation, name: name.into(), api_version: api_version.into(), subresource: subresource.into() }
    }

    /// The text by which Kubernetes knows a manager, and by which conflicts are sorted.
    pub(super) fn identifier(&self) -> String {
        let parts = [
            ("manager", self.name.as_str()),
            ("operation", self.operation.name()),
            ("apiVersion", &self.api_version),
            ("subresource", &self.subresource),
        ];
        let parts = parts.iter().filter(|(_, v)| !v.is_empty());
        format!("{{{}}}", parts.map(|(k, v)| format!("\"{k}\":{}", Value::from(*v))).collect::<Vec<_>>().join(","))
    }
}

/// What a manager owns: places of the object in one version of the API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owned {
    pub fields: FieldSet,
    pub api_version: String,
    pub time: Option<Time>,
}

/// All owners of an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Owners(pub BTreeMap<Manager, Owned>);

impl Owners {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads entries as the server does that has to work with them; the error says which it cannot.
    pub fn decode(entries: &[ManagedFieldsEntry]) -> Result<Owners, String> {
        let mut owners = Owners::default();
        for (i, e) in entries.iter().enumerate() {
            let operation = e.operation.as_deref().and_then(Operation::parse);
            let operation = operation.ok_or("operation must be `Apply` or `Update`")?;
            let api_version = e.api_version.clone().unwrap_or_default();
            if api_version.is_empty() {
                return Err("apiVersion must not be empty".into());
            }
            match e.fields_type.as_deref().unwrap_or("") {
                "FieldsV1" => {}
                "" => return Err(format!("missing fieldsType in managed fields entry {i}")),
                other => return Err(format!("invalid fieldsType {other:?} in managed fields entry {i}")),
            }
            let fields = match &e.fields_v1 {
                Some(fields) => FieldSet::from_value(&fields.0),
                None => Ok(FieldSet::default()),
            };
            let fields = fields.map_err(|why| format!("error decoding set: {why}"))?;
            let name = e.manager.as_deref().unwrap_or("");
            let manager = Manager::new(operation, name, &api_version, e.subresource.as_deref().unwrap_or(""));
            owners.0.insert(manager, Owned { fields, api_version, time: e.time.as_ref().map(Time::from_meta) });
        }
        Ok(owners)
    }

    /// The entries in the order in which they are stored: appliers first, then by time and name.
    pub fn encode(&self) -> Vec<ManagedFieldsEntry> {
        let seconds = |o: &Owned| o.time.map_or(0, |t| t.nanos() / 1_000_000_000);
        let mut all: Vec<(&Manager, &Owned)> = self.0.iter().collect();
        all.sort_by(|(m, a), (n, b)| {
            let first = m.operation.cmp(&n.operation).then_with(|| seconds(a).cmp(&seconds(b)));
            let first = first.then_with(|| m.name.cmp(&n.name)).then_with(|| a.api_version.cmp(&b.api_version));
            first.then_with(|| m.subresource.cmp(&n.subresource))
        });
        let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
        let entry = |(manager, owned): (&Manager, &Owned)| ManagedFieldsEntry {
            api_version: text(&owned.api_version),
            fields_type: text("FieldsV1"),
            fields_v1: Some(FieldsV1(owned.fields.to_value())),
            manager: text(&manager.name),
            operation: text(manager.operation.name()),
            subresource: text(&manager.subresource),
            time: owned.time.map(Time::meta),
        };
        all.into_iter().map(entry).collect()
    }

    /// The owners that an object names, or none if what it says cannot be read.
    pub(super) fn of(object: &Value) -> Result<Owners, String> {
        Owners::decode(&entries_of(object)?)
    }

    /// Writes them into an object in place of what it says.
    pub(super) fn write(&self, object: &mut Value) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        metadata.remove("managedFields");
        if !self.is_empty() {
            let entries = self.encode().iter().filter_map(|e| serde_json::to_value(e).ok()).collect();
            metadata.insert("managedFields".into(), Value::Array(entries));
        }
    }
}

/// The entries of an object.
///
/// # Errors
/// They are no entries.
pub fn entries_of(object: &Value) -> Result<Vec<ManagedFieldsEntry>, String> {
    match &object["metadata"]["managedFields"] {
        Value::Null => Ok(vec![]),
        entries => serde_json::from_value(entries.clone()).map_err(|e| e.to_string()),
    }
}

/// Whether a client asks to forget all owners: by an empty list, or by a list with one empty entry.
pub(super) fn asks_to_forget(object: &Value) -> bool {
    match object["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => serde_json::from_value(one.clone()).is_ok_and(|e: ManagedFieldsEntry| e == Default::default()),
        _ => false,
    }
}

/// What is wrong with the entries that an object is sent with. Those that can't be read are forgotten, and not judged.
/// Real Kubernetes: apimachinery/pkg/apis/meta/v1/validation.ValidateManagedFields.
pub fn validate(entries: &[ManagedFieldsEntry], at: &Path<'_>, errors: &mut FieldErrors) {
    /// Letters of the name of a subresource.
    const MAX_SUBRESOURCE: usize = 256;
    if Owners::decode(entries).is_err() {
        return;
    }
    for (i, e) in entries.iter().enumerate() {
        let at = at.index(i);
        super::options::validate_manager(e.manager.as_deref().unwrap_or(""), &at.child("manager"), errors);
        if e.subresource.as_deref().unwrap_or("").len() > MAX_SUBRESOURCE {
            errors.too_long(&at.child("subresource"), MAX_SUBRESOURCE);
        }
    }
}
