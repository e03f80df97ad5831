//! metrics.k8s.io/v1beta1 NodeMetrics.

use super::NodeMetrics;
use super::usage::{NAME_DOC, shown};
use crate::api::kind::{Kind, READ_ONLY};
use crate::api::object::Resource;
use crate::api::table::{Cell, Column, ColumnType};

pub static KIND: Kind<NodeMetrics> = Kind {
    namespaced: false,
    verbs: READ_ONLY,
    columns: &[
        Column::of(ColumnType::Name, 0, "Name", NAME_DOC, |m, _| Cell::from(m.name())),
        Column::of(ColumnType::Quantity, 0, "cpu", "", |m, _| shown([&m.usage], "cpu")),
        Column::of(ColumnType::Quantity, 0, "memory", "", |m, _| shown([&m.usage], "memory")),
        Column::of(ColumnType::Duration, 0, "Window", "", |m, _| Cell::from(m.window.as_str())),
    ],
    aggregated: true,
    ..Kind::new(("metrics.k8s.io", "v1beta1"), "NodeMetrics", "nodes", "")
};
