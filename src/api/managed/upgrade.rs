//! What `kubectl apply --server-side` does to the owners of an object that it applied on the client until now: what its
//! old self owns by updates becomes what its new self applies.
//!
//! Real Kubernetes: client-go/util/csaupgrade.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde_json::{Value, json};

use super::owners::Operation;
use super::set::FieldSet;

fn is(e: &ManagedFieldsEntry, manager: &str, operation: Operation, subresource: &str) -> bool {
    e.manager.as_deref().unwrap_or("") == manager
        && e.operation.as_deref() == Some(operation.name())
        && e.subresource.as_deref().unwrap_or("") == subresource
}

fn set_of(e: &ManagedFieldsEntry) -> Result<FieldSet, String> {
    let fields = e.fields_v1.as_ref().map_or(Ok(FieldSet::default()), |f| FieldSet::from_value(&f.0));
    fields.map_err(|why| format!("failed to convert fields to set: {why}"))
}

/// The entries with those of the client's manager merged into the one of the server's, which is made if there is none.
///
/// # Errors
/// An entry's fields cannot be read.
pub fn upgraded(
    entries: &[ManagedFieldsEntry],
    client: &str,
    server: &str,
    subresource: &str,
) -> Result<Vec<ManagedFieldsEntry>, String> {
    let mut entries = entries.to_vec();
    let find = |entries: &[ManagedFieldsEntry], who: &str, operation| {
        entries.iter().position(|e| is(e, who, operation, subresource))
    };
    let target = match find(&entries, server, Operation::Apply) {
        Some(i) => i,
        None => {
            let Some(i) = find(&entries, client, Operation::Update) else { return Ok(entries) };
            entries[i].operation = Some(Operation::Apply.name().into());
            entries[i].manager = Some(server.into());
            i
        }
    };
    let same = |e: &&ManagedFieldsEntry| {
        is(e, client, Operation::Update, subresource) && e.api_version == entries[target].api_version
    };
    let mut fields = set_of(&entries[target])?;
    if let Some(old) = entries.iter().find(same) {
        fields = fields.union(&set_of(old)?);
    }
    entries[target].fields_v1 = Some(FieldsV1(fields.to_value()));
    entries.retain(|e| !is(e, client, Operation::Update, subresource));
    Ok(entries)
}

/// The JSON patch that does it on the server; nothing if there is nothing to do. It fails with a conflict if somebody
/// else has written meanwhile.
///
/// # Errors
/// An entry's fields cannot be read.
pub fn patch(object: &Value, client: &[&str], server: &str, subresource: &str) -> Result<Option<Value>, String> {
    let before = super::owners::entries_of(object)?;
    let mut after = before.clone();
    for name in client {
        after = upgraded(&after, name, server, subresource)?;
    }
    if after == before {
        return Ok(None);
    }
    let value: Vec<Value> = after.iter().filter_map(|e| serde_json::to_value(e).ok()).collect();
    Ok(Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": value},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
    ])))
}

/// Which entries of that operation own all of the fields.
pub fn owners_of<'e>(
    entries: &'e [ManagedFieldsEntry],
    operation: Operation,
    fields: &FieldSet,
) -> Vec<&'e ManagedFieldsEntry> {
    let owns = |e: &&ManagedFieldsEntry| {
        e.operation.as_deref() == Some(operation.name())
            && set_of(e).is_ok_and(|set| fields.difference(&set).is_empty())
    };
    entries.iter().filter(owns).collect()
}
