//! networking.k8s.io/v1 IPAddress: names, validation, columns.
//! Real Kubernetes: pkg/apis/networking/validation ValidateIPAddress, pkg/registry/networking/ipaddress,
//! pkg/printers/internalversion printIPAddress.

use k8s_openapi::api::networking::v1::ParentReference;
use serde_json::{Value, json};

use super::IPAddress;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column};
use crate::api::{internal, ip, names};

pub static KIND: Kind<IPAddress> = Kind {
    short_names: &["ip"],
    namespaced: false,
    name_rule: |name, _| ip::canonical_faults(name),
    before_decoding: mark_empty_parent,
    validate: |a, errors| validate_parent(&a.spec.parent_ref, errors),
    validate_update: |new, old, errors| {
        if new.spec.parent_ref != old.spec.parent_ref {
            let shown = match new.spec.parent_ref == ParentReference::default() {
                true => "null".into(),
                false => internal::shown(&new.spec.parent_ref, "networking/v1.ParentReference"),
            };
            errors.invalid_struct(&Path::new("spec").child("parentRef"), shown, "field is immutable");
        }
    },
    columns: &[
        Column::name(),
        Column::text("ParentRef", "ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.", |a, _| Cell::from(parent(&a.spec.parent_ref))),
        Column::age_without_column(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "IPAddress", "ipaddresses", "ipaddress")
};

/// A reference that is there but empty is not the same as none. (Neither is ever stored.)
fn mark_empty_parent(json: &mut Value) {
    if let Some(parent) = json.pointer_mut("/spec/parentRef").and_then(Value::as_object_mut) {
        parent.entry("group").or_insert_with(|| json!(""));
    }
}

/// `services/default/kubernetes`
fn parent(p: &ParentReference) -> String {
    if *p == ParentReference::default() {
        return "<none>".into();
    }
    let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    let resource = match text(&p.group) {
        Some(group) => format!("{}.{group}", p.resource),
        None => p.resource.clone(),
    };
    let namespace = text(&p.namespace).map_or(String::new(), |ns| format!("{ns}/"));
    format!("{}/{namespace}{}", resource.to_lowercase(), p.name)
}

fn validate_parent(p: &ParentReference, errors: &mut FieldErrors) {
    let spec = Path::new("spec");
    let at = spec.child("parentRef");
    if *p == ParentReference::default() {
        errors.required(&at, "");
        return;
    }
    if let Some(group) = p.group.as_deref().filter(|g| !g.is_empty()) {
        errors.invalid_each(&at.child("group"), group, names::dns1123_subdomain(group, false));
    }
    for (field, value) in [("resource", &p.resource), ("name", &p.name)] {
        if value.is_empty() {
            errors.required(&at.child(field), "");
        } else {
            errors.invalid_each(&at.child(field), value, names::path_segment(value, false));
        }
    }
    if let Some(ns) = &p.namespace {
        errors.invalid_each(&at.child("namespace"), ns, names::path_segment(ns, false));
    }
}
