//! storage.k8s.io/v1 CSINode: names, validation, columns.
//! Real Kubernetes: pkg/apis/storage/validation, pkg/registry/storage/csinode.

use std::collections::BTreeSet;

use k8s_openapi::api::storage::v1::CSINodeDriver;

use super::CSINode;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};
use crate::api::{canonical, internal, names};

pub static KIND: Kind<CSINode> = Kind {
    namespaced: false,
    unconditional_update: false,
    validate,
    validate_update,
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::int("Drivers", "Drivers indicates the number of CSI drivers registered on the node", |n, _| Cell::from(n.spec.drivers.len())),
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "CSINode", "csinodes", "csinode")
};

const MAX_NODE_ID: usize = 256;

fn validate(n: &CSINode, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let at = spec.child("drivers");
    let mut seen = BTreeSet::new();
    for (i, d) in n.spec.drivers.iter().enumerate() {
        validate_driver(d, &mut seen, &at.index(i), errors);
    }
}

fn validate_driver<'a>(
    d: &'a CSINodeDriver,
    seen: &mut BTreeSet<&'a str>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    names::validate_driver_name(&d.name, &at.child("name"), errors);
    let id = at.child("nodeID");
    if d.node_id.is_empty() {
        errors.required(&id, "");
    }
    if d.node_id.len() > MAX_NODE_ID {
        errors.invalid(&id, d.node_id.as_str(), format!("must be {MAX_NODE_ID} characters or less"));
    }
    if let Some(count) = d.allocatable.as_ref().and_then(|a| a.count) {
        errors.non_negative(&at.child("allocatable").child("count"), i64::from(count));
    }
    if !seen.insert(&d.name) {
        errors.duplicate(&at.child("name"), d.name.as_str());
    }
    let mut keys = BTreeSet::new();
    for key in d.topology_keys.iter().flatten() {
        if key.is_empty() {
            errors.required(at, "");
        }
        if !keys.insert(key) {
            errors.duplicate(at, key.as_str());
        }
        errors.invalid_each(at, key, names::qualified_name(key));
    }
}

/// Of a driver that stays, only how many volumes the node takes may change.
fn validate_update(new: &CSINode, old: &CSINode, errors: &mut FieldErrors) {
    const TYPE: &str = "storage/v1.CSINodeDriver";
    let fixed = |d: &CSINodeDriver| CSINodeDriver { allocatable: None, ..d.clone() };
    for before in &old.spec.drivers {
        for now in new.spec.drivers.iter().filter(|d| d.name == before.name).map(fixed) {
            if !canonical::equal(&now, &fixed(before), TYPE) {
                let spec = Path::new("spec");
                errors.invalid_struct(&spec.child("drivers"), internal::shown(&now, TYPE), "field is immutable");
            }
        }
    }
}
