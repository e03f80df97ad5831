//! networking.k8s.io/v1 IngressClass: defaults, validation, columns.
//! Real Kubernetes: pkg/apis/networking/v1/defaults.go SetDefaults_IngressClass, pkg/apis/networking/validation
//! ValidateIngressClass, pkg/registry/networking/ingressclass, pkg/printers/internalversion printIngressClass.

use k8s_openapi::api::networking::v1::IngressClassParametersReference;

use super::IngressClass;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::names;
use crate::api::object::Resource;
use crate::api::table::{Cell, Column, ColumnType, NAME_DOC};

pub static KIND: Kind<IngressClass> = Kind {
    namespaced: false,
    generation: true,
    defaults: |c| {
        if let Some(p) = c.spec.as_mut().and_then(|s| s.parameters.as_mut()) {
            p.scope.get_or_insert_with(|| "Cluster".into());
        }
    },
    spec_changed: |new, old| new.spec != old.spec,
    validate,
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        let controller = |c: &IngressClass| c.spec.as_ref().and_then(|s| s.controller.clone()).unwrap_or_default();
        errors.immutable(&Path::new("spec").child("controller"), &controller(new), &controller(old));
        names::validate_meta(&new.metadata, false, names::dns1123_subdomain, errors);
        validate(new, errors);
    },
    // What changed is told before what is wrong.
    update_judges_alone: true,
    columns: &[
        Column::of(ColumnType::Name, 0, "Name", NAME_DOC, |c, _| Cell::from(name(c))),
        Column::text("Controller", "Controller that is responsible for handling this class", |c, _| Cell::from(c.spec.as_ref().and_then(|s| s.controller.as_deref()).unwrap_or(""))),
        Column::text("Parameters", "A reference to a resource with additional parameters", |c, _| Cell::from(parameters(c))),
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "IngressClass", "ingressclasses", "ingressclass")
};

/// Whether an Ingress that names no class gets this one.
pub fn is_default(c: &IngressClass) -> bool {
    c.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true")
}

fn name(c: &IngressClass) -> String {
    format!("{}{}", Resource::name(c), if is_default(c) { " (default)" } else { "" })
}

fn parameters(c: &IngressClass) -> String {
    let Some(p) = c.spec.as_ref().and_then(|s| s.parameters.as_ref()) else { return "<none>".into() };
    let group = p.api_group.as_ref().map_or(String::new(), |g| format!(".{g}"));
    format!("{}{group}/{}", p.kind, p.name)
}

fn validate(c: &IngressClass, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let controller = c.spec.as_ref().and_then(|s| s.controller.as_deref()).unwrap_or("");
    if controller.len() > 250 {
        errors.too_long(&at.child("controller"), 250);
    }
    validate_domain_prefixed_path(controller, &at.child("controller"), errors);
    if let Some(p) = c.spec.as_ref().and_then(|s| s.parameters.as_ref()) {
        validate_parameters(p, &at.child("parameters"), errors);
    }
}

/// `example.com/some/path`. Real Kubernetes: apimachinery/pkg/util/validation IsDomainPrefixedPath.
fn validate_domain_prefixed_path(text: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.required(at, "");
        return;
    }
    match text.split_once('/') {
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => {
            errors.invalid_each(at, domain, names::dns1123_subdomain(domain, false));
            if !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b)) {
                let why = r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";
                errors.invalid(at, path, why);
            }
        }
        _ => errors.invalid(at, text, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}

fn validate_parameters(p: &IngressClassParametersReference, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(group) = &p.api_group {
        errors.invalid_each(&at.child("apiGroup"), group, names::dns1123_subdomain(group, false));
    }
    for (field, value) in [("kind", &p.kind), ("name", &p.name)] {
        if value.is_empty() {
            errors.required(&at.child(field), "");
        } else {
            errors.invalid_each(&at.child(field), value, names::path_segment(value, false));
        }
    }
    match (p.scope.as_deref(), &p.namespace) {
        (None, _) => errors.required(&at.child("scope"), ""),
        (Some("Namespace"), None) => {
            errors.required(&at.child("namespace"), "`parameters.scope` is set to 'Namespace'");
        }
        (Some("Namespace"), Some(ns)) => {
            errors.invalid_each(&at.child("namespace"), ns, names::dns1123_label(ns, false));
        }
        (Some("Cluster"), Some(_)) => {
            errors.forbidden(&at.child("namespace"), "`parameters.scope` is set to 'Cluster'");
        }
        (Some("Cluster"), None) => {}
        (Some(other), _) => errors.not_supported(&at.child("scope"), other, &["Cluster", "Namespace"]),
    }
}
