//! What a pod's spec may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go.

use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, Probe, ResourceRequirements, Toleration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::volume_sources;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::service::{port_name, port_number};
use crate::api::names;
use crate::api::quantity::{Quantity, canonical};

pub fn validate_spec(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let volumes = validate_volumes(s, &at.child("volumes"), errors);
    let mut names_seen: Vec<&str> = vec![];
    if s.containers.is_empty() {
        errors.required(&at.child("containers"), "");
    }
    for (i, c) in s.containers.iter().enumerate() {
        validate_container(c, &at.child("containers").index(i), &volumes, &mut names_seen, errors);
    }
    for (i, c) in s.init_containers.iter().flatten().enumerate() {
        let list = at.child("initContainers");
        let here = list.index(i);
        validate_container(c, &here, &volumes, &mut names_seen, errors);
        if c.restart_policy.as_deref() != Some("Always") {
            for (name, set) in [
                ("lifecycle", c.lifecycle.is_some()),
                ("livenessProbe", c.liveness_probe.is_some()),
                ("readinessProbe", c.readiness_probe.is_some()),
                ("startupProbe", c.startup_probe.is_some()),
            ] {
                if set {
                    errors.forbidden(
                        &here.child(name),
                        "may not be set for init containers without restartPolicy=Always",
                    );
                }
            }
        }
    }
    errors.one_of(
        &at.child("restartPolicy"),
        s.restart_policy.as_deref().unwrap_or(""),
        &["Always", "OnFailure", "Never"],
    );
    errors.one_of(
        &at.child("dnsPolicy"),
        s.dns_policy.as_deref().unwrap_or(""),
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    );
    names::validate_labels(s.node_selector.as_ref(), &at.child("nodeSelector"), errors);
    if let Some(name) = s.service_account_name.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&at.child("serviceAccountName"), name, names::dns1123_subdomain(name, false));
    }
    if let Some(name) = s.node_name.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&at.child("nodeName"), name, names::dns1123_subdomain(name, false));
    }
    if s.active_deadline_seconds.is_some_and(|v| v < 1) {
        errors.invalid(
            &at.child("activeDeadlineSeconds"),
            s.active_deadline_seconds,
            "must be between 1 and 2147483647, inclusive",
        );
    }
    errors.non_negative(&at.child("terminationGracePeriodSeconds"), s.termination_grace_period_seconds.unwrap_or(0));
    for (i, t) in s.tolerations.iter().flatten().enumerate() {
        validate_toleration(t, &at.child("tolerations").index(i), errors);
    }
}

fn validate_toleration(t: &Toleration, at: &Path<'_>, errors: &mut FieldErrors) {
    let key = t.key.as_deref().unwrap_or("");
    let operator = t.operator.as_deref().unwrap_or("");
    if !key.is_empty() {
        errors.invalid_each(&at.child("key"), key, names::qualified_name(key));
    } else if operator != "Exists" {
        errors.invalid(
            &at.child("operator"),
            operator,
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
        );
    }
    match operator {
        "" | "Equal" => {
            let v = t.value.as_deref().unwrap_or("");
            errors.invalid_each(&at.child("operator"), v, names::label_value(v));
        }
        "Exists" => {
            if t.value.as_deref().is_some_and(|v| !v.is_empty()) {
                errors.invalid(
                    &at.child("operator"),
                    t.value.clone(),
                    "value must be empty when `operator` is 'Exists'",
                );
            }
        }
        other => errors.not_supported(&at.child("operator"), other, &["Equal", "Exists"]),
    }
    let effect = t.effect.as_deref().unwrap_or("");
    if t.toleration_seconds.is_some() && effect != "NoExecute" {
        errors.invalid(&at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if !effect.is_empty() {
        errors.one_of(&at.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}

/// Checks the volumes and returns their names.
fn validate_volumes<'a>(s: &'a PodSpec, at: &Path<'_>, errors: &mut FieldErrors) -> Vec<&'a str> {
    let mut seen: Vec<&str> = vec![];
    for (i, v) in s.volumes.iter().flatten().enumerate() {
        let here = at.index(i);
        if v.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else {
            errors.invalid_each(&here.child("name"), &v.name, names::dns1123_label(&v.name, false));
            if seen.contains(&v.name.as_str()) {
                errors.duplicate(&here.child("name"), v.name.as_str());
            }
        }
        if volume_sources(v) > 1 {
            errors.forbidden(&here, "may not specify more than 1 volume type");
        }
        if let Some(c) = &v.config_map
            && c.name.is_empty()
        {
            errors.required(&here.child("configMap").child("name"), "");
        }
        if let Some(x) = &v.secret
            && x.secret_name.as_deref().unwrap_or("").is_empty()
        {
            errors.required(&here.child("secret").child("secretName"), "");
        }
        if let Some(h) = &v.host_path
            && h.path.is_empty()
        {
            errors.required(&here.child("hostPath").child("path"), "");
        }
        seen.push(&v.name);
    }
    seen
}

fn validate_container<'a>(
    c: &'a Container,
    at: &Path<'_>,
    volumes: &[&str],
    seen: &mut Vec<&'a str>,
    errors: &mut FieldErrors,
) {
    if c.name.is_empty() {
        errors.required(&at.child("name"), "");
    } else {
        errors.invalid_each(&at.child("name"), &c.name, names::dns1123_label(&c.name, false));
        if seen.contains(&c.name.as_str()) {
            errors.duplicate(&at.child("name"), c.name.as_str());
        }
    }
    seen.push(&c.name);
    match c.image.as_deref().unwrap_or("") {
        "" => errors.required(&at.child("image"), ""),
        i if i.trim() != i => errors.invalid(&at.child("image"), i, "must not have leading or trailing whitespace"),
        _ => {}
    }
    errors.one_of(
        &at.child("imagePullPolicy"),
        c.image_pull_policy.as_deref().unwrap_or(""),
        &["Always", "IfNotPresent", "Never"],
    );
    errors.one_of(
        &at.child("terminationMessagePolicy"),
        c.termination_message_policy.as_deref().unwrap_or(""),
        &["FallbackToLogsOnError", "File"],
    );
    let mut port_names: Vec<&str> = vec![];
    for (i, p) in c.ports.iter().flatten().enumerate() {
        let list = at.child("ports");
        let here = list.index(i);
        if let Some(name) = p.name.as_deref().filter(|n| !n.is_empty()) {
            errors.invalid_each(&here.child("name"), name, port_name(name));
            if port_names.contains(&name) {
                errors.duplicate(&here.child("name"), name);
            }
            port_names.push(name);
        }
        if p.container_port == 0 {
            errors.required(&here.child("containerPort"), "");
        } else {
            port_number(p.container_port, &here.child("containerPort"), errors);
        }
        if let Some(h) = p.host_port.filter(|h| *h != 0) {
            port_number(h, &here.child("hostPort"), errors);
        }
        errors.one_of(&here.child("protocol"), p.protocol.as_deref().unwrap_or(""), &["SCTP", "TCP", "UDP"]);
    }
    for (i, e) in c.env.iter().flatten().enumerate() {
        validate_env(e, &at.child("env").index(i), errors);
    }
    let mut mounted: Vec<&str> = vec![];
    for (i, m) in c.volume_mounts.iter().flatten().enumerate() {
        let list = at.child("volumeMounts");
        let here = list.index(i);
        if m.name.is_empty() {
            errors.required(&here.child("name"), "");
        } else if !volumes.contains(&m.name.as_str()) {
            errors.push_not_found(&here.child("name"), m.name.as_str());
        }
        if m.mount_path.is_empty() {
            errors.required(&here.child("mountPath"), "");
        }
        if mounted.contains(&m.mount_path.as_str()) {
            errors.invalid(&here.child("mountPath"), m.mount_path.as_str(), "must be unique");
        }
        mounted.push(&m.mount_path);
    }
    for (name, probe) in [
        ("livenessProbe", &c.liveness_probe),
        ("readinessProbe", &c.readiness_probe),
        ("startupProbe", &c.startup_probe),
    ] {
        if let Some(p) = probe {
            validate_probe(p, &at.child(name), name != "readinessProbe", errors);
        }
    }
    if let Some(r) = &c.resources {
        validate_resources(r, &at.child("resources"), errors);
    }
}

fn validate_env(e: &EnvVar, at: &Path<'_>, errors: &mut FieldErrors) {
    if e.name.is_empty() {
        errors.required(&at.child("name"), "");
    } else if e.name.contains('=') || !e.name.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        errors.invalid(
            &at.child("name"),
            e.name.as_str(),
            "a valid environment variable name must consist only of printable ASCII characters other than '='",
        );
    }
    if let Some(from) = &e.value_from {
        let here = at.child("valueFrom");
        if e.value.as_deref().is_some_and(|v| !v.is_empty()) {
            errors.invalid(&here, "", "may not be specified when `value` is not empty");
        }
        let count = [
            from.config_map_key_ref.is_some(),
            from.field_ref.is_some(),
            from.resource_field_ref.is_some(),
            from.secret_key_ref.is_some(),
            from.file_key_ref.is_some(),
        ]
        .into_iter()
        .filter(|x| *x)
        .count();
        match count {
            0 => errors.invalid(&here, "", "must specify one of: `configMapKeyRef`, `fieldRef`, `fileKeyRef`, `resourceFieldRef` or `secretKeyRef`"),
            1 => {}
            _ => errors.invalid(&here, "", "may not have more than one field specified at a time"),
        }
    }
}

fn validate_probe(p: &Probe, at: &Path<'_>, success_must_be_one: bool, errors: &mut FieldErrors) {
    let handlers = [p.exec.is_some(), p.http_get.is_some(), p.tcp_socket.is_some(), p.grpc.is_some()]
        .into_iter()
        .filter(|x| *x)
        .count();
    if handlers == 0 {
        errors.required(at, "must specify a handler type");
    } else if handlers > 1 {
        errors.forbidden(at, "may not specify more than 1 handler type");
    }
    if let Some(x) = &p.exec
        && x.command.as_ref().is_none_or(Vec::is_empty)
    {
        errors.required(&at.child("exec").child("command"), "");
    }
    for (name, port) in
        [("httpGet", p.http_get.as_ref().map(|g| &g.port)), ("tcpSocket", p.tcp_socket.as_ref().map(|t| &t.port))]
    {
        let action = at.child(name);
        let here = action.child("port");
        match port {
            Some(IntOrString::Int(n)) => port_number(*n, &here, errors),
            Some(IntOrString::String(n)) => errors.invalid_each(&here, n, port_name(n)),
            None => {}
        }
    }
    for (name, v) in [
        ("initialDelaySeconds", p.initial_delay_seconds),
        ("timeoutSeconds", p.timeout_seconds),
        ("periodSeconds", p.period_seconds),
        ("successThreshold", p.success_threshold),
        ("failureThreshold", p.failure_threshold),
    ] {
        errors.non_negative(&at.child(name), i64::from(v.unwrap_or(0)));
    }
    if success_must_be_one && p.success_threshold.is_some_and(|v| v != 1) {
        errors.invalid(&at.child("successThreshold"), p.success_threshold, "must be 1");
    }
}

fn validate_resources(r: &ResourceRequirements, at: &Path<'_>, errors: &mut FieldErrors) {
    for (list, name) in [(&r.limits, "limits"), (&r.requests, "requests")] {
        for (k, q) in list.iter().flatten() {
            let list = at.child(name);
            let here = list.key(k);
            let standard = matches!(k.as_str(), "cpu" | "memory" | "ephemeral-storage") || k.starts_with("hugepages-");
            if !standard && !k.contains('/') {
                errors.invalid(&here, k.as_str(), "must be a standard resource type or fully qualified");
                errors.invalid(&here, k.as_str(), "must be a standard resource for containers");
            }
            if Quantity::parse(&q.0).is_some_and(Quantity::is_negative) {
                errors.invalid(&here, q.0.as_str(), "must be greater than or equal to 0");
            }
        }
    }
    for (k, want) in r.requests.iter().flatten() {
        let limit = r.limits.as_ref().and_then(|l| l.get(k));
        if let (Some(w), Some(l)) = (Quantity::parse(&want.0), limit.and_then(|l| Quantity::parse(&l.0)))
            && w > l
        {
            errors.invalid(
                &at.child("requests"),
                canonical(&want.0),
                format!(
                    "must be less than or equal to {k} limit of {}",
                    limit.map(|l| canonical(&l.0)).unwrap_or_default()
                ),
            );
        }
    }
}
