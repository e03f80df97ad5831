//! What is said of a write that meets another object than it means.
//! Real Kubernetes: apiserver/pkg/registry/generic/registry/store.go, apiserver/pkg/storage/errors.go.

use crate::api::{Object, Status};

/// What is said of a new object whose name another one has.
pub(super) fn taken(there: &Object, new: &Object) -> Status {
    let mut status = Status::already_exists(new.kind(), new.name());
    if new.meta().generate_name.as_deref().is_some_and(|p| !p.is_empty()) {
        status.message.push_str(", the server was not able to generate a unique name for the object");
        status.details.iter_mut().for_each(|d| d.retry_after_seconds = 1);
    }
    if there.is_deleting() {
        status.message.insert_str(0, "object is being deleted: ");
    }
    status
}

/// What is said of a write that is meant for another object of that name, or for another revision of it.
pub(super) fn other_object(o: &Object, what: &str, wanted: &str, is: &str) -> Status {
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}",
        place_in_etcd(o)
    );
    Status::conflict(o.kind(), o.name(), &why)
}

/// The key under which a real server keeps an object.
/// Real Kubernetes: pkg/kubeapiserver/default_storage_factory_builder.go.
fn place_in_etcd(o: &Object) -> String {
    let kind = o.kind();
    let folder = match (kind.group(), kind.plural()) {
        ("", "replicationcontrollers") => "controllers".into(),
        ("", "endpoints") => "services/endpoints".into(),
        ("", "services") => "services/specs".into(),
        ("", "nodes") => "minions".into(),
        ("networking.k8s.io", "ingresses") => "ingress".into(),
        (group @ ("apiextensions.k8s.io" | "apiregistration.k8s.io"), plural) => format!("{group}/{plural}"),
        (group, plural) if kind.custom().is_some() => format!("{group}/{plural}"),
        (_, plural) => plural.to_string(),
    };
    let namespace = if o.namespace().is_empty() { String::new() } else { format!("{}/", o.namespace()) };
    format!("/registry/{folder}/{namespace}{}", o.name())
}
