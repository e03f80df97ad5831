//! apiregistration.k8s.io/v1 APIService: defaults, validation, columns.
//! Real Kubernetes: kube-aggregator/pkg/apis/apiregistration/validation, kube-aggregator/pkg/registry/apiservice.

use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIServiceCondition, APIServiceSpec, APIServiceStatus,
};

use super::APIService;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::names;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column};

pub static KIND: Kind<APIService> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    subresources: &[Subresource::Status],
    unconditional_update: false,
    name_rule: names::path_segment,
    defaults: |s| {
        if let Some(service) = s.spec.as_mut().and_then(|s| s.service.as_mut()) {
            service.port.get_or_insert(443);
        }
    },
    prepare_create: |s| s.status = Some(first_status(s)),
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| {
        new.metadata.clone_from(&old.metadata);
        new.spec = old.spec.clone();
    },
    validate,
    validate_status: |new, _, errors| validate_status(new, errors),
    columns: &[
        Column::name(),
        Column::text("Service", "The reference to the service that hosts this API endpoint.", |s, _| Cell::from(service(s))),
        Column::text("Available", "Whether this service is available.", |s, _| Cell::from(available(s))),
        Column::age(),
    ],
    ..Kind::new(("apiregistration.k8s.io", "v1"), "APIService", "apiservices", "apiservice")
};

/// An API that the server itself serves is there at once.
fn first_status(s: &APIService) -> APIServiceStatus {
    let local = s.spec.as_ref().is_none_or(|s| s.service.is_none());
    let condition = APIServiceCondition {
        type_: "Available".into(),
        status: "True".into(),
        last_transition_time: s.metadata.creation_timestamp.clone(),
        reason: Some("Local".into()),
        message: Some("Local APIServices are always available".into()),
    };
    APIServiceStatus { conditions: local.then(|| vec![condition]) }
}

/// `kube-system/metrics-server`, or `Local`.
fn service(s: &APIService) -> String {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    match s.spec.as_ref().and_then(|s| s.service.as_ref()) {
        Some(service) => format!("{}/{}", text(&service.namespace), text(&service.name)),
        None => "Local".into(),
    }
}

fn available(s: &APIService) -> String {
    let conditions = s.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let Some(c) = conditions.iter().find(|c| c.type_ == "Available") else { return "Unknown".into() };
    match c.reason.as_deref().unwrap_or("") {
        reason if c.status != "True" && !reason.is_empty() => format!("{} ({reason})", c.status),
        _ => c.status.clone(),
    }
}

fn validate(s: &APIService, errors: &mut FieldErrors) {
    let spec = s.spec.clone().unwrap_or_default();
    let (group, version) = (spec.group.as_deref().unwrap_or(""), spec.version.as_deref().unwrap_or(""));
    validate_names(s, &format!("{version}.{group}"), errors);
    let at = Path::new("spec");
    if group.is_empty() && version != "v1" {
        let why = "only v1 may have an empty group and it better be legacy kube";
        errors.required(&at.child("group"), why);
    }
    if !group.is_empty() {
        errors.invalid_each(&at.child("group"), group, names::dns1123_subdomain(group, false));
    }
    errors.invalid_each(&at.child("version"), version, names::dns1035_label(version, false));
    for (field, value, most) in [
        ("groupPriorityMinimum", spec.group_priority_minimum, 20_000),
        ("versionPriority", spec.version_priority, 1000),
    ] {
        if !(1..=most).contains(&value) {
            errors.invalid(&at.child(field), value, format!("must be positive and less than {most}"));
        }
    }
    validate_service(&spec, &at, errors);
}

/// An APIService is called as what it serves.
fn validate_names(s: &APIService, wanted: &str, errors: &mut FieldErrors) {
    let at = Path::new("metadata");
    let given = [("generateName", s.metadata.generate_name.as_deref().unwrap_or("")), ("name", s.name())];
    for (field, name) in given.into_iter().filter(|(_, name)| !name.is_empty() && *name != wanted) {
        // What cannot be a name at all is told of already.
        if names::path_segment(name, false).is_empty() {
            let why = format!("must be `spec.version+\".\"+spec.group`: {wanted:?}");
            errors.invalid(&at.child(field), name, why);
        }
    }
}

fn validate_service(spec: &APIServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let bundle = spec.ca_bundle.as_ref().map_or(0, |b| b.0.len());
    let insecure = spec.insecure_skip_tls_verify == Some(true);
    let (bundle_at, insecure_at) = (at.child("caBundle"), at.child("insecureSkipTLSVerify"));
    let Some(service) = &spec.service else {
        if bundle > 0 {
            errors.invalid(&bundle_at, format!("{bundle} bytes"), "local APIServices may not have a caBundle");
        }
        if insecure {
            errors.invalid(&insecure_at, true, "local APIServices may not have insecureSkipTLSVerify");
        }
        return;
    };
    let service_at = at.child("service");
    for (field, value) in [("namespace", &service.namespace), ("name", &service.name)] {
        if value.as_deref().unwrap_or("").is_empty() {
            errors.required(&service_at.child(field), "");
        }
    }
    let port = service.port.unwrap_or(0);
    if !(1..=65_535).contains(&port) {
        let why = "port is not valid: must be between 1 and 65535, inclusive";
        errors.invalid(&service_at.child("port"), port, why);
    }
    if insecure && bundle > 0 {
        errors.invalid(&insecure_at, true, "may not be true if caBundle is present");
    }
}

fn validate_status(s: &APIService, errors: &mut FieldErrors) {
    let status = Path::new("status");
    let list = status.child("conditions");
    for (i, c) in s.status.iter().flat_map(|s| s.conditions.iter().flatten()).enumerate() {
        let here = list.index(i);
        errors.one_of(&here.child("status"), &c.status, &["True", "False", "Unknown"]);
    }
}
