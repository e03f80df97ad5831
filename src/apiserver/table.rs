//! Server-side Tables: `kubectl get` shows what the server put into them.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/response.go, pkg/printers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::kind::ColumnHeader;
use crate::api::table::{AGE_DOC, ColumnType, NAME_DOC, age};
use crate::api::{KindRef, Object, Status, Time, custom};

/// What of the object each row carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Include {
    None,
    /// Whether with who owns which fields.
    Metadata(bool),
    Object(bool),
}

impl Include {
    /// The same, with who owns which fields or without.
    pub fn with(self, owners: bool) -> Include {
        match self {
            Include::None => Include::None,
            Include::Metadata(_) => Include::Metadata(owners),
            Include::Object(_) => Include::Object(owners),
        }
    }

    pub fn parse(text: Option<&str>) -> Result<Include, Status> {
        match text {
            Some("None") => Ok(Include::None),
            Some("Object") => Ok(Include::Object(true)),
            Some("Metadata" | "") | None => Ok(Include::Metadata(true)),
            Some(other) => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// The numbers behind a workload, as one row. `scale` is the Scale of `o`.
pub fn scale_table(o: &Object, scale: Value, now: Time, include: Include) -> Value {
    let column = |name, kind, description| definition(&ColumnHeader::new(name, kind, 0, description));
    let columns = [
        column("Name", ColumnType::Name, NAME_DOC),
        column("Desired", ColumnType::Integer, "replicas is the desired number of instances for the scaled object."),
        column(
            "Available",
            ColumnType::Integer,
            "replicas is the actual number of observed instances of the scaled object.",
        ),
        column("Age", ColumnType::Text, AGE_DOC),
    ];
    let wanted = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    let cells = json!([o.name(), wanted, scale["status"]["replicas"], age(o.meta(), now)]);
    let meta = json!({"resourceVersion": scale["metadata"]["resourceVersion"]});
    let object = carried(include, o, |_| scale);
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns,
           "rows": [{"cells": cells, "object": object}]})
}

fn definition(c: &ColumnHeader) -> Value {
    json!({"name": c.name, "type": c.type_name, "format": c.format, "description": c.description, "priority": c.priority})
}

/// What of an object its row carries.
fn carried(include: Include, o: &Object, whole: impl FnOnce(bool) -> Value) -> Value {
    match include {
        Include::None => Value::Null,
        Include::Object(owners) => whole(owners),
        Include::Metadata(owners) => metadata_only(o, owners),
    }
}

/// An object without what makes its kind.
pub fn metadata_only(o: &Object, owners: bool) -> Value {
    let whole = if owners { o.whole_in(o.kind()) } else { o.json().clone() };
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": whole["metadata"]})
}

/// A custom resource as the version that was asked for; another object as it is.
fn in_version(o: &Arc<Object>, kind: KindRef) -> Arc<Object> {
    if o.kind() == kind || o.as_custom().is_none() { o.clone() } else { Arc::new(custom::as_kind(o, kind)) }
}

/// `kind` is the version that was asked for.
pub fn table(kind: KindRef, items: &[Arc<Object>], now: Time, headers: bool, include: Include, meta: Value) -> Value {
    // Built-in kinds have columns in the version that is stored; of custom ones each version has its own.
    let kind = if kind.custom().is_some() { kind } else { kind.stored() };
    let columns: Vec<Value> = if headers { kind.column_headers().iter().map(definition).collect() } else { vec![] };
    let rows: Vec<Value> = items
        .iter()
        .map(|o| {
            let o = in_version(o, kind);
            let whole = |owners| (*if owners { o.whole_in(o.kind()) } else { o.json().clone() }).clone();
            let object = carried(include, &o, whole);
            json!({"cells": kind.row(&o, now), "object": object})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns, "rows": rows})
}
