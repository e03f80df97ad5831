//! What probes and lifecycle hooks may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateProbe, validateLifecycle, validateHandler.

use k8s_openapi::api::core::v1::{ExecAction, HTTPGetAction, Lifecycle, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::text;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::service::{port_name, port_number};

/// `grace_seconds`: how long the pod gets to end; `os`: the name of its operating system, if it says one.
pub fn validate_lifecycle(
    l: &Lifecycle,
    grace_seconds: Option<i64>,
    os: Option<&str>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    for (name, hook) in [("postStart", &l.post_start), ("preStop", &l.pre_stop)] {
        let Some(h) = hook else { continue };
        let at = at.child(name);
        let mut handlers = OneOf::new(&at);
        if let Some(x) = handlers.next("exec", h.exec.as_ref(), errors) {
            validate_exec(x, &at.child("exec"), errors);
        }
        if let Some(get) = handlers.next("httpGet", h.http_get.as_ref(), errors) {
            validate_http(get, &at.child("httpGet"), errors);
        }
        if let Some(t) = handlers.next("tcpSocket", h.tcp_socket.as_ref(), errors) {
            validate_port(&t.port, &at.child("tcpSocket").child("port"), errors);
        }
        if let Some(s) = handlers.next("sleep", h.sleep.as_ref(), errors)
            && let Some(grace) = grace_seconds
            && (s.seconds < 0 || s.seconds > grace)
        {
            let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
            errors.invalid(&at.child("sleep"), s.seconds, why);
        }
        handlers.end(errors);
    }
    // Real Kubernetes judges the signal's name too, behind a gate that v1.36 leaves off: the field is dropped before.
    if l.stop_signal.is_some() && os.is_none() {
        let why = "may not be set for containers with empty `spec.os.name`";
        errors.forbidden(&at.child("stopSignal"), why);
    }
}

/// Which probe: each has rules of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Liveness,
    Readiness,
    Startup,
}

pub fn validate_probe(p: &Probe, of: Use, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut handlers = OneOf::new(at);
    if let Some(x) = handlers.next("exec", p.exec.as_ref(), errors) {
        validate_exec(x, &at.child("exec"), errors);
    }
    if let Some(get) = handlers.next("httpGet", p.http_get.as_ref(), errors) {
        validate_http(get, &at.child("httpGet"), errors);
    }
    if let Some(t) = handlers.next("tcpSocket", p.tcp_socket.as_ref(), errors) {
        validate_port(&t.port, &at.child("tcpSocket").child("port"), errors);
    }
    if let Some(g) = handlers.next("grpc", p.grpc.as_ref(), errors) {
        port_number(g.port, &at.child("grpc").child("port"), errors);
    }
    handlers.end(errors);
    for (name, v) in [
        ("initialDelaySeconds", p.initial_delay_seconds),
        ("timeoutSeconds", p.timeout_seconds),
        ("periodSeconds", p.period_seconds),
        ("successThreshold", p.success_threshold),
        ("failureThreshold", p.failure_threshold),
    ] {
        errors.non_negative(&at.child(name), i64::from(v.unwrap_or(0)));
    }
    if let Some(grace) = p.termination_grace_period_seconds {
        let at = at.child("terminationGracePeriodSeconds");
        if grace <= 0 {
            errors.invalid(&at, grace, "must be greater than 0");
        }
        if of == Use::Readiness {
            errors.invalid(&at, grace, "must not be set for readinessProbes");
        }
    }
    let successes = p.success_threshold.unwrap_or(0);
    if of != Use::Readiness && successes != 1 {
        errors.invalid(&at.child("successThreshold"), successes, "must be 1");
    }
}

/// Exactly one handler may be named: the first counts, the others are in the way.
struct OneOf<'a> {
    at: &'a Path<'a>,
    seen: bool,
}

impl<'a> OneOf<'a> {
    fn new(at: &'a Path<'a>) -> OneOf<'a> {
        OneOf { at, seen: false }
    }

    fn next<'h, T>(&mut self, name: &'static str, handler: Option<&'h T>, errors: &mut FieldErrors) -> Option<&'h T> {
        let handler = handler?;
        if self.seen {
            errors.forbidden(&self.at.child(name), "may not specify more than 1 handler type");
            return None;
        }
        self.seen = true;
        Some(handler)
    }

    fn end(self, errors: &mut FieldErrors) {
        if !self.seen {
            errors.required(self.at, "must specify a handler type");
        }
    }
}

fn validate_exec(x: &ExecAction, at: &Path<'_>, errors: &mut FieldErrors) {
    if x.command.as_ref().is_none_or(Vec::is_empty) {
        errors.required(&at.child("command"), "");
    }
}

fn validate_http(get: &HTTPGetAction, at: &Path<'_>, errors: &mut FieldErrors) {
    if text(&get.path).is_empty() {
        errors.required(&at.child("path"), "");
    }
    validate_port(&get.port, &at.child("port"), errors);
    errors.one_of(&at.child("scheme"), text(&get.scheme), &["HTTP", "HTTPS"]);
    for h in get.http_headers.iter().flatten() {
        if h.name.is_empty() || !h.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            errors.invalid(&at.child("httpHeaders"), h.name.as_str(), "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
        }
    }
}

fn validate_port(port: &IntOrString, at: &Path<'_>, errors: &mut FieldErrors) {
    match port {
        IntOrString::Int(n) => port_number(*n, at, errors),
        IntOrString::String(n) => errors.invalid_each(at, n, port_name(n)),
    }
}
