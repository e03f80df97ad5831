//! storage.k8s.io/v1 StorageClass: names, defaults, validation, columns.
//! Real Kubernetes: pkg/apis/storage/v1/defaults.go, pkg/apis/storage/validation, pkg/registry/storage/storageclass.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{TopologySelectorLabelRequirement, TopologySelectorTerm};

use super::StorageClass;
use super::node_labels;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::table::{Cell, Column};
use crate::api::Resource;

pub static KIND: Kind<StorageClass> = Kind {
    short_names: &["sc"],
    namespaced: false,
    defaults: |c| {
        c.reclaim_policy.get_or_insert_with(|| "Delete".into());
        c.volume_binding_mode.get_or_insert_with(|| "Immediate".into());
    },
    validate,
    validate_update,
    warnings: |c, _| warnings(c),
    returns_deleted: true,
    columns: &[
        Column { cell: |c, _| Cell::from(shown_name(c)), ..Column::name() },
        Column::text("Provisioner", "provisioner indicates the type of the provisioner.", |c, _| Cell::from(c.provisioner.as_str())),
        Column::text("ReclaimPolicy", "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.", |c, _| Cell::from(c.reclaim_policy.as_deref().unwrap_or("Delete"))),
        Column::text("VolumeBindingMode", "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.", |c, _| Cell::from(c.volume_binding_mode.as_deref().unwrap_or("Immediate"))),
        Column::text("AllowVolumeExpansion", "allowVolumeExpansion shows whether the storage class allow volume expand.", |c, _| Cell::from(c.allow_volume_expansion.unwrap_or(false))),
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "StorageClass", "storageclasses", "storageclass")
};

/// The annotations that make a class the default one, the second of former times.
const DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

const MAX_PARAMETERS: usize = 512;
const MAX_PARAMETERS_BYTES: usize = 256 * 1024;

/// Whether a claim that names no class gets this one.
pub fn is_default(c: &StorageClass) -> bool {
    DEFAULT.iter().any(|key| c.annotation(key) == Some("true"))
}

fn shown_name(c: &StorageClass) -> String {
    format!("{}{}", c.name(), if is_default(c) { " (default)" } else { "" })
}

fn validate(c: &StorageClass, errors: &mut FieldErrors) {
    validate_provisioner(&c.provisioner, &Path::new("provisioner"), errors);
    validate_parameters(c.parameters.as_ref(), &Path::new("parameters"), errors);
    if let Some(policy) = c.reclaim_policy.as_deref().filter(|p| !p.is_empty()) {
        errors.one_of(&Path::new("reclaimPolicy"), policy, &["Delete", "Retain"]);
    }
    match &c.volume_binding_mode {
        None => errors.required(&Path::new("volumeBindingMode"), ""),
        Some(mode) => errors.one_of(&Path::new("volumeBindingMode"), mode, &["Immediate", "WaitForFirstConsumer"]),
    }
    let topologies = c.allowed_topologies.as_deref().unwrap_or_default();
    validate_topologies(topologies, &Path::new("allowedTopologies"), errors);
}

/// The driver that makes the volumes of a class.
pub fn validate_provisioner(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(at, "");
    } else {
        let lower = name.to_lowercase();
        errors.invalid_each(at, &lower, names::qualified_name(&lower));
    }
}

/// What a class tells its driver.
pub fn validate_parameters(parameters: Option<&BTreeMap<String, String>>, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(parameters) = parameters else { return };
    if parameters.len() > MAX_PARAMETERS {
        errors.too_long(at, MAX_PARAMETERS);
        return;
    }
    if parameters.contains_key("") {
        errors.invalid(at, "", "field can not be empty.");
    }
    if parameters.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>() > MAX_PARAMETERS_BYTES {
        errors.too_long(at, MAX_PARAMETERS_BYTES);
    }
}

fn validate_topologies(terms: &[TopologySelectorTerm], at: &Path<'_>, errors: &mut FieldErrors) {
    // Kubernetes compares with as many empty terms as there are terms, and with those before it.
    let mut seen: Vec<BTreeMap<&str, BTreeSet<&str>>> = vec![BTreeMap::new(); terms.len()];
    for (i, term) in terms.iter().enumerate() {
        let here = at.index(i);
        let expressions = here.child("matchLabelExpressions");
        let mut selected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (j, r) in term.match_label_expressions.iter().flatten().enumerate() {
            let at = expressions.index(j);
            let values = validate_topology(r, &at, errors);
            if selected.insert(&r.key, values).is_some() {
                errors.duplicate(&at.child("key"), r.key.as_str());
            }
        }
        for _ in seen.iter().filter(|s| **s == selected) {
            errors.duplicate(&expressions, "");
        }
        seen.push(selected);
    }
}

fn validate_topology<'a>(
    r: &'a TopologySelectorLabelRequirement,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> BTreeSet<&'a str> {
    let list = at.child("values");
    if r.values.is_empty() {
        errors.required(&list, "");
    }
    let mut values = BTreeSet::new();
    for (i, v) in r.values.iter().enumerate() {
        if !values.insert(v.as_str()) {
            errors.duplicate(&list.index(i), v.as_str());
        }
    }
    errors.invalid_each(&at.child("key"), &r.key, names::qualified_name(&r.key));
    values
}

fn validate_update(new: &StorageClass, old: &StorageClass, errors: &mut FieldErrors) {
    let parameters = |c: &StorageClass| c.parameters.clone().unwrap_or_default();
    if parameters(new) != parameters(old) {
        let shown = serde_json::to_value(&new.parameters).unwrap_or_default();
        errors.invalid(&Path::new("parameters"), shown, "field is immutable");
    }
    errors.immutable(&Path::new("provisioner"), &new.provisioner, &old.provisioner);
    errors.immutable(&Path::new("reclaimPolicy"), &new.reclaim_policy, &old.reclaim_policy);
    errors.immutable(&Path::new("volumeBindingMode"), &new.volume_binding_mode, &old.volume_binding_mode);
}

fn warnings(c: &StorageClass) -> Vec<String> {
    let terms = c.allowed_topologies.iter().flatten().enumerate();
    terms
        .flat_map(|(i, t)| t.match_label_expressions.iter().flatten().enumerate().map(move |(j, e)| (i, j, e)))
        .filter_map(|(i, j, e)| {
            let why = node_labels::deprecated(&e.key)?;
            Some(format!("allowedTopologies[{i}].matchLabelExpressions[{j}].key: {why}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AnyKind, Time};
    use serde_json::json;

    #[test]
    fn parameters_may_not_be_longer_than_a_quarter_of_a_mebibyte() {
        let found = |bytes: usize| {
            let mut errors = FieldErrors::default();
            let parameters = BTreeMap::from([("k".to_string(), "v".repeat(bytes - 1))]);
            validate_parameters(Some(&parameters), &Path::new("parameters"), &mut errors);
            errors.list().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(found(MAX_PARAMETERS_BYTES), [""; 0]);
        assert_eq!(found(MAX_PARAMETERS_BYTES + 1), ["parameters: Too long: may not be more than 262144 bytes"]);
    }

    #[test]
    fn the_default_class_is_marked_behind_its_name() {
        let row = |metadata: serde_json::Value| {
            KIND.row(&KIND.decode(json!({"metadata": metadata, "provisioner": "a"})).expect("class"), Time::ZERO)
        };
        let default = json!({"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}});
        assert_eq!(row(default), ["fast (default)", "a", "Delete", "Immediate"].map(Cell::from).into_iter().chain([
            Cell::from(false),
            Cell::from("<unknown>")
        ]).collect::<Vec<_>>());
        assert_eq!(row(json!({"name": "slow"}))[0], "slow");
    }
}
