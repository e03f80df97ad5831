//! What an Ingress may say.
//! Real Kubernetes: pkg/apis/networking/validation ValidateIngressCreate, ValidateIngressUpdate, ValidateIngressStatusUpdate.

use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, IngressBackend, IngressRule, IngressServiceBackend, IngressTLS,
};

use super::super::service::{port_name, port_number};
use super::{CLASS_ANNOTATION, Ingress};
use crate::api::field::{FieldErrors, Path};
use crate::api::{ip, names};

const NOT_AN_ADDRESS: &str = "must be a DNS name, not an IP address";

pub fn validate(i: &Ingress, errors: &mut FieldErrors) {
    validate_spec(i, errors);
    let annotated = i.metadata.annotations.as_ref().and_then(|a| a.get(CLASS_ANNOTATION));
    let named = i.spec.as_ref().and_then(|s| s.ingress_class_name.as_ref());
    if let (Some(annotated), Some(named)) = (annotated, named)
        && annotated != named
    {
        let at = Path::new("annotations");
        let why = "must match `ingressClassName` when both are specified";
        errors.invalid(&at.child(CLASS_ANNOTATION), annotated.as_str(), why);
    }
}

pub fn validate_spec(i: &Ingress, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let spec = i.spec.clone().unwrap_or_default();
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() && spec.default_backend.is_none() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.invalid(&at, serde_json::to_value(&spec.rules).unwrap_or_default(), why);
    }
    if let Some(b) = &spec.default_backend {
        validate_backend(b, &at.child("defaultBackend"), errors);
    }
    for (i, r) in rules.iter().enumerate() {
        validate_rule(r, &at.child("rules").index(i), errors);
    }
    for (i, t) in spec.tls.iter().flatten().enumerate() {
        validate_tls(t, &at.child("tls").index(i), errors);
    }
    if let Some(name) = &spec.ingress_class_name {
        errors.invalid_each(&at.child("ingressClassName"), name, names::dns1123_subdomain(name, false));
    }
}

fn host_faults(host: &str) -> Vec<String> {
    if host.contains('*') { names::wildcard_subdomain(host) } else { names::dns1123_subdomain(host, false) }
}

fn validate_rule(r: &IngressRule, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(host) = r.host.as_deref().filter(|h| !h.is_empty()) {
        let at = at.child("host");
        if ip::parse(host).is_some() {
            errors.invalid(&at, host, NOT_AN_ADDRESS);
        }
        errors.invalid_each(&at, host, host_faults(host));
    }
    let Some(http) = &r.http else { return };
    let at = at.child("http");
    let at = at.child("paths");
    if http.paths.is_empty() {
        errors.required(&at, "");
    }
    for (i, p) in http.paths.iter().enumerate() {
        validate_path(p, &at.index(i), errors);
    }
}

fn validate_path(p: &HTTPIngressPath, at: &Path<'_>, errors: &mut FieldErrors) {
    let path = p.path.as_deref().unwrap_or("");
    let path_at = at.child("path");
    match p.path_type.as_str() {
        "" => {
            errors.required(&at.child("pathType"), "pathType must be specified");
            return;
        }
        "Exact" | "Prefix" => {
            if !path.starts_with('/') {
                errors.invalid(&path_at, path, "must be an absolute path");
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if path.contains(bad) {
                    errors.invalid(&path_at, path, format!("must not contain '{bad}'"));
                }
            }
            for bad in ["/..", "/."] {
                if path.ends_with(bad) {
                    errors.invalid(&path_at, path, format!("cannot end with '{bad}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !path.is_empty() && !path.starts_with('/') {
                errors.invalid(&path_at, path, "must be an absolute path");
            }
        }
        other => errors.not_supported(&at.child("pathType"), other, &["Exact", "ImplementationSpecific", "Prefix"]),
    }
    validate_backend(&p.backend, &at.child("backend"), errors);
}

fn validate_backend(b: &IngressBackend, at: &Path<'_>, errors: &mut FieldErrors) {
    match (&b.resource, &b.service) {
        (Some(_), Some(_)) => errors.invalid(at, "", "cannot set both resource and service backends"),
        (Some(r), None) => validate_resource(r, &at.child("resource"), errors),
        (None, Some(s)) => validate_service(s, at, errors),
        (None, None) => errors.invalid(at, "", "resource or service backend is required"),
    }
}

fn validate_service(s: &IngressServiceBackend, at: &Path<'_>, errors: &mut FieldErrors) {
    let service = at.child("service");
    let name_at = service.child("name");
    if s.name.is_empty() {
        errors.required(&name_at, "");
    } else {
        errors.invalid_each(&name_at, &s.name, names::dns1123_label(&s.name, false));
    }
    let port = s.port.clone().unwrap_or_default();
    let port_at = service.child("port");
    match (port.name.as_deref().unwrap_or(""), port.number.unwrap_or(0)) {
        ("", 0) => errors.required(at, "port name or number is required"),
        ("", number) => port_number(number, &port_at.child("number"), errors),
        (name, 0) => errors.invalid_each(&port_at.child("name"), name, port_name(name)),
        _ => errors.invalid(at, "", "cannot set both port name & port number"),
    }
}

fn validate_resource(r: &TypedLocalObjectReference, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(group) = &r.api_group {
        errors.invalid_each(&at.child("apiGroup"), group, names::dns1123_subdomain(group, false));
    }
    for (field, value) in [("kind", &r.kind), ("name", &r.name)] {
        if value.is_empty() {
            errors.required(&at.child(field), "");
        } else {
            errors.invalid_each(&at.child(field), value, names::path_segment(value, false));
        }
    }
}

fn validate_tls(t: &IngressTLS, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, host) in t.hosts.iter().flatten().enumerate() {
        errors.invalid_each(&at.child("hosts").index(i), host, host_faults(host));
    }
    if let Some(secret) = t.secret_name.as_deref().filter(|s| !s.is_empty()) {
        errors.invalid_each(&at.child("secretName"), secret, names::dns1123_subdomain(secret, false));
    }
}

pub fn validate_status(new: &Ingress, old: &Ingress, errors: &mut FieldErrors) {
    let points = |i: &Ingress| i.status.clone().and_then(|s| s.load_balancer).and_then(|b| b.ingress).unwrap_or_default();
    let before = points(old);
    let status = Path::new("status");
    let balancer = status.child("loadBalancer");
    let list = balancer.child("ingress");
    for (i, p) in points(new).iter().enumerate() {
        let at = list.index(i);
        if let Some(text) = p.ip.as_deref().filter(|t| !t.is_empty())
            && !before.iter().any(|b| b.ip.as_deref() == Some(text))
        {
            ip::validate(text, &at.child("ip"), errors);
        }
        if let Some(host) = p.hostname.as_deref().filter(|h| !h.is_empty()) {
            let at = at.child("hostname");
            errors.invalid_each(&at, host, names::dns1123_subdomain(host, false));
            if ip::parse(host).is_some() {
                errors.invalid(&at, host, NOT_AN_ADDRESS);
            }
        }
    }
}
