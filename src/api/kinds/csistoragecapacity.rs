//! storage.k8s.io/v1 CSIStorageCapacity: names, validation, columns.
//! Real Kubernetes: pkg/apis/storage/validation, pkg/registry/storage/csistoragecapacity.

use super::CSIStorageCapacity;
use super::node_labels;
use super::workload::validate_label_selector;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::quantity::{Quantity, canonical as canonical_quantity};
use crate::api::table::Column;
use crate::api::{canonical, internal, names};

pub static KIND: Kind<CSIStorageCapacity> = Kind {
    unconditional_update: false,
    validate,
    validate_update,
    warnings: |c, _| warnings(c),
    columns: &[
        Column::name(),
        Column::created_at(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity")
};

fn validate(c: &CSIStorageCapacity, errors: &mut FieldErrors) {
    if let Some(s) = &c.node_topology {
        validate_label_selector(s, &Path::new("nodeTopology"), errors);
    }
    let class = &c.storage_class_name;
    errors.invalid_each(&Path::new("storageClassName"), class, names::dns1123_subdomain(class, false));
    if let Some(q) = c.capacity.as_ref().filter(|q| Quantity::parse(&q.0).is_some_and(Quantity::is_negative)) {
        let at = Path::new("capacity");
        errors.invalid(&at, canonical_quantity(&q.0), "must be greater than or equal to 0");
    }
}

/// What a driver was asked for stays; what it answered changes.
fn validate_update(new: &CSIStorageCapacity, old: &CSIStorageCapacity, errors: &mut FieldErrors) {
    const TYPE: &str = "meta/v1.LabelSelector";
    if !canonical::equal(&new.node_topology, &old.node_topology, TYPE) {
        let shown = internal::shown(&new.node_topology, TYPE);
        errors.invalid_struct(&Path::new("nodeTopology"), shown, "field is immutable");
    }
    errors.immutable(&Path::new("storageClassName"), &new.storage_class_name, &old.storage_class_name);
}

fn warnings(c: &CSIStorageCapacity) -> Vec<String> {
    let Some(s) = &c.node_topology else { return vec![] };
    let expressions = s.match_expressions.iter().flatten().enumerate().filter_map(|(i, e)| {
        let why = node_labels::deprecated(&e.key)?;
        Some(format!("nodeTopology.matchExpressions[{i}].key: {} is {why}", e.key))
    });
    let labels = s.match_labels.iter().flatten().filter_map(|(k, _)| {
        let why = node_labels::deprecated(k)?;
        Some(format!("nodeTopology.matchLabels.{k}: {why}"))
    });
    expressions.chain(labels).collect()
}
