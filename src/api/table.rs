//! Columns of a server-side Table: what `kubectl get` prints.
//!
//! Real Kubernetes: `pkg/printers/internalversion/printers.go`.

use serde_json::Value;

use super::time::{Time, ago};

/// A cell is a JSON scalar: kubectl prints strings as they are and numbers in decimal.
pub type Cell = Value;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    Name,
    Text,
    Integer,
    Boolean,
    Date,
    Quantity,
    Duration,
}

impl ColumnType {
    pub fn type_name(self) -> &'static str {
        match self {
            ColumnType::Integer => "integer",
            ColumnType::Boolean => "boolean",
            ColumnType::Date => "date",
            _ => "string",
        }
    }
    pub fn format(self) -> &'static str {
        match self {
            ColumnType::Name => "name",
            ColumnType::Quantity => "quantity",
            ColumnType::Duration => "duration",
            _ => "",
        }
    }
}

/// One column: its head and the function that fills it.
pub struct Column<T: 'static> {
    pub name: &'static str,
    pub kind: ColumnType,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: i32,
    pub description: &'static str,
    pub cell: fn(&T, Time) -> Cell,
}

impl<T> Column<T> {
    pub const fn text(name: &'static str, description: &'static str, cell: fn(&T, Time) -> Cell) -> Column<T> {
        Column { name, kind: ColumnType::Text, priority: 0, description, cell }
    }
    pub const fn int(name: &'static str, description: &'static str, cell: fn(&T, Time) -> Cell) -> Column<T> {
        Column { name, kind: ColumnType::Integer, priority: 0, description, cell }
    }
    /// A column of any other type; `priority` 1 is shown with `-o wide` only.
    pub const fn of(
        kind: ColumnType,
        priority: i32,
        name: &'static str,
        description: &'static str,
        cell: fn(&T, Time) -> Cell,
    ) -> Column<T> {
        Column { name, kind, priority, description, cell }
    }
    /// The column that only `-o wide` shows.
    pub const fn wide_text(name: &'static str, description: &'static str, cell: fn(&T, Time) -> Cell) -> Column<T> {
        Column { name, kind: ColumnType::Text, priority: 1, description, cell }
    }
}

impl<T: super::object::Resource> Column<T> {
    /// The object's name.
    pub const fn name() -> Column<T> {
        Column {
            name: "Name",
            kind: ColumnType::Name,
            priority: 0,
            description: NAME_DOC,
            cell: |o, _| Cell::from(o.name()),
        }
    }
    /// Time since creation.
    pub const fn age() -> Column<T> {
        Column::text("Age", AGE_DOC, |o, now| Cell::from(age(o.meta(), now)))
    }
    /// A cell for which there is no column: where the real server has one too many.
    pub const fn age_without_column() -> Column<T> {
        Column { name: "", ..Column::age() }
    }
    /// When it was created, which a kind shows that has no columns of its own.
    pub const fn created_at() -> Column<T> {
        Column::of(ColumnType::Date, 0, "Created At", AGE_DOC, |o, _| {
            let created = o.meta().creation_timestamp.as_ref();
            Cell::from(created.map_or_else(String::new, |t| Time::from_meta(t).rfc3339()))
        })
    }
}

pub const NAME_DOC: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
pub const AGE_DOC: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

pub fn age(meta: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta, now: Time) -> String {
    meta.creation_timestamp.as_ref().map_or_else(|| "<unknown>".into(), |t| ago(Time::from_meta(t), now))
}

pub fn since(t: Option<Time>, now: Time) -> String {
    t.map_or_else(|| "<unknown>".into(), |t| ago(t, now))
}
