//! Server-side Tables: `kubectl get` shows what the server put into them.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/response.go, pkg/printers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::{KindRef, Object, Time};

/// What of the object each row carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Include {
    None,
    Metadata,
    Object,
}

impl Include {
    pub fn parse(text: Option<&str>) -> Include {
        match text {
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            _ => Include::Metadata,
        }
    }
}

pub fn table(kind: KindRef, items: &[Arc<Object>], now: Time, headers: bool, include: Include, meta: Value) -> Value {
    let columns: Vec<Value> = if headers {
        kind.column_headers()
            .into_iter()
            .map(|c| json!({"name": c.name, "type": c.kind.type_name(), "format": c.kind.format(), "description": c.description, "priority": c.priority}))
            .collect()
    } else {
        vec![]
    };
    let rows: Vec<Value> = items
        .iter()
        .map(|o| {
            let object = match include {
                Include::None => Value::Null,
                Include::Object => (**o.json()).clone(),
                Include::Metadata => json!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": serde_json::to_value(o.meta()).unwrap_or_default(),
                }),
            };
            json!({"cells": kind.row(o, now), "object": object})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns, "rows": rows})
}
