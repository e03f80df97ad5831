//! What a pod's spec may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{
    ConfigMapKeySelector, Container, EnvFromSource, EnvVar, PodSpec, ResourceRequirements, SecretKeySelector,
};

use super::handlers::{Use, validate_lifecycle, validate_probe};
use super::placement::{validate_affinity, validate_spread, validate_toleration};
use super::volumes::{validate_mounts, validate_volumes};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::configmap::key_problems;
use crate::api::kinds::service::{port_name, port_number};
use crate::api::names;
use crate::api::quantity::{Quantity, canonical};

/// `node_name`: a pod keeps it beside the rest of its spec.
pub fn validate_spec(s: &PodSpec, node_name: Option<&str>, at: &Path<'_>, errors: &mut FieldErrors) {
    let volumes = validate_volumes(s, &at.child("volumes"), errors);
    let mut names_seen: Vec<&str> = vec![];
    if s.containers.is_empty() {
        errors.required(&at.child("containers"), "");
    }
    // A negative grace is taken for one second.
    let grace_seconds = s.termination_grace_period_seconds.map_or(30, |g| if g < 0 { 1 } else { g });
    for (i, c) in s.containers.iter().enumerate() {
        let list = at.child("containers");
        let here = list.index(i);
        validate_container(c, &here, &volumes, &mut names_seen, errors);
        validate_hooks(c, grace_seconds, &here, errors);
        if let Some(policy) = &c.restart_policy {
            errors.one_of(&here.child("restartPolicy"), policy, &["Always", "Never", "OnFailure"]);
        }
    }
    validate_host_ports(s, at, errors);
    for (i, c) in s.init_containers.iter().flatten().enumerate() {
        let list = at.child("initContainers");
        let here = list.index(i);
        validate_container(c, &here, &volumes, &mut names_seen, errors);
        if c.restart_policy.as_deref() == Some("Always") {
            validate_hooks(c, grace_seconds, &here, errors);
            continue;
        }
        for (name, set) in [
            ("lifecycle", c.lifecycle.is_some()),
            ("livenessProbe", c.liveness_probe.is_some()),
            ("readinessProbe", c.readiness_probe.is_some()),
            ("startupProbe", c.startup_probe.is_some()),
        ] {
            if set {
                errors.forbidden(&here.child(name), "may not be set for init containers without restartPolicy=Always");
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
    validate_security(s, &at.child("securityContext"), errors);
    if let Some(a) = &s.affinity {
        validate_affinity(a, &at.child("affinity"), errors);
    }
    validate_dns(s, &at.child("dnsConfig"), errors);
    for (i, g) in s.readiness_gates.iter().flatten().enumerate() {
        let list = at.child("readinessGates");
        let here = list.index(i);
        let t = g.condition_type.as_str();
        errors.invalid_each(&here.child("conditionType"), t, names::qualified_name(t));
    }
    let gates = s.scheduling_gates.as_deref().unwrap_or_default();
    for (i, g) in gates.iter().enumerate() {
        let list = at.child("schedulingGates");
        errors.invalid_each(&list.index(i), &g.name, names::qualified_name(&g.name));
        if gates[..i].contains(g) {
            errors.duplicate(&list.index(i), g.name.as_str());
        }
    }
    validate_spread(
        s.topology_spread_constraints.as_deref().unwrap_or_default(),
        &at.child("topologySpreadConstraints"),
        errors,
    );
    if let Some(name) = s.service_account_name.as_deref().filter(|n| !n.is_empty()) {
        errors.invalid_each(&at.child("serviceAccountName"), name, names::dns1123_subdomain(name, false));
    }
    if let Some(name) = node_name.filter(|n| !n.is_empty()) {
        errors.invalid_each(&at.child("nodeName"), name, names::dns1123_subdomain(name, false));
    }
    if s.active_deadline_seconds.is_some_and(|v| v < 1) {
        errors.invalid(
            &at.child("activeDeadlineSeconds"),
            s.active_deadline_seconds,
            "must be between 1 and 2147483647, inclusive",
        );
    }
    for (name, host) in [("hostname", &s.hostname), ("subdomain", &s.subdomain)] {
        if let Some(h) = host.as_deref().filter(|h| !h.is_empty()) {
            errors.invalid_each(&at.child(name), h, names::dns1123_label(h, false));
        }
    }
    for (i, t) in s.tolerations.iter().flatten().enumerate() {
        validate_toleration(t, &at.child("tolerations").index(i), errors);
    }
    for (i, a) in s.host_aliases.iter().flatten().enumerate() {
        let list = at.child("hostAliases");
        let here = list.index(i);
        validate_ip(&a.ip, &here.child("ip"), errors);
        for (i, h) in a.hostnames.iter().flatten().enumerate() {
            errors.invalid_each(&here.child("hostnames").index(i), h, names::dns1123_subdomain(h, false));
        }
    }
}

/// Pods alone are asked whether their images are written cleanly; templates are not.
pub fn validate_images(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, list) in [("containers", Some(&s.containers)), ("initContainers", s.init_containers.as_ref())] {
        for (i, c) in list.into_iter().flatten().enumerate() {
            if let Some(image) = c.image.as_deref().filter(|i| i.trim() != *i) {
                let why = "must not have leading or trailing whitespace";
                errors.invalid(&at.child(name).index(i).child("image"), image, why);
            }
        }
    }
}

fn validate_ip(ip: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if ip.parse::<IpAddr>().is_err() {
        errors.invalid(at, ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
}

fn validate_id(id: Option<i64>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
        errors.invalid(at, id, "must be between 0 and 2147483647, inclusive");
    }
}

fn validate_security(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(c) = &s.security_context else { return };
    validate_id(c.fs_group, &at.child("fsGroup"), errors);
    validate_id(c.run_as_user, &at.child("runAsUser"), errors);
    validate_id(c.run_as_group, &at.child("runAsGroup"), errors);
    for (i, g) in c.supplemental_groups.iter().flatten().enumerate() {
        validate_id(Some(*g), &at.child("supplementalGroups").index(i), errors);
    }
    if s.share_process_namespace == Some(true) && s.host_pid == Some(true) {
        errors.invalid(
            &at.child("shareProcessNamespace"),
            true,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        );
    }
    if let Some(p) = &c.fs_group_change_policy {
        errors.one_of(&at.child("fsGroupChangePolicy"), p, &["Always", "OnRootMismatch"]);
    }
}

fn validate_dns(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    const MOST_NAMESERVERS: usize = 3;
    let none = s.dns_policy.as_deref() == Some("None");
    let Some(c) = &s.dns_config else {
        if none {
            errors.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        return;
    };
    let servers = c.nameservers.as_deref().unwrap_or_default();
    if none && servers.is_empty() {
        errors.required(&at.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
    if servers.len() > MOST_NAMESERVERS {
        errors.invalid(&at.child("nameservers"), servers.to_vec(), "must not have more than 3 nameservers");
    }
    for (i, ip) in servers.iter().enumerate() {
        validate_ip(ip, &at.child("nameservers").index(i), errors);
    }
}

/// Two containers of a pod cannot listen at the same port of the node.
fn validate_host_ports(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let mut taken: Vec<(&str, &str, i32)> = vec![];
    for (i, c) in s.containers.iter().enumerate() {
        for (j, p) in c.ports.iter().flatten().enumerate() {
            let Some(port) = p.host_port.filter(|h| *h != 0) else { continue };
            let mine = (p.protocol.as_deref().unwrap_or(""), p.host_ip.as_deref().unwrap_or(""), port);
            if s.host_network == Some(true) && port != p.container_port {
                let list = at.child("containers");
                let why = "must match `containerPort` when `hostNetwork` is true";
                errors.invalid(&list.index(i).child("ports").index(j).child("hostPort"), port, why);
            }
            if taken.contains(&mine) {
                let here = at.child("containers");
                let shown = format!("{}/{}/{}", mine.0, mine.1, mine.2);
                errors.duplicate(&here.index(i).child("ports").index(j).child("hostPort"), shown);
            }
            taken.push(mine);
        }
    }
}

fn validate_hooks(c: &Container, grace_seconds: i64, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(l) = &c.lifecycle {
        validate_lifecycle(l, grace_seconds, &at.child("lifecycle"), errors);
    }
    for (name, of, probe) in [
        ("livenessProbe", Use::Liveness, &c.liveness_probe),
        ("readinessProbe", Use::Readiness, &c.readiness_probe),
        ("startupProbe", Use::Startup, &c.startup_probe),
    ] {
        if let Some(p) = probe {
            validate_probe(p, of, &at.child(name), errors);
        }
    }
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
    if c.image.as_deref().unwrap_or("").is_empty() {
        errors.required(&at.child("image"), "");
    }
    errors.one_of(
        &at.child("terminationMessagePolicy"),
        c.termination_message_policy.as_deref().unwrap_or(""),
        &["File", "FallbackToLogsOnError"],
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
    for (i, f) in c.env_from.iter().flatten().enumerate() {
        validate_env_from(f, i, &at.child("envFrom"), errors);
    }
    validate_mounts(c.volume_mounts.as_deref(), volumes, &at.child("volumeMounts"), errors);
    errors.one_of(
        &at.child("imagePullPolicy"),
        c.image_pull_policy.as_deref().unwrap_or(""),
        &["Always", "IfNotPresent", "Never"],
    );
    if let Some(r) = &c.resources {
        validate_resources(r, &at.child("resources"), errors);
    }
    if let Some(x) = &c.security_context {
        let at = at.child("securityContext");
        validate_id(x.run_as_user, &at.child("runAsUser"), errors);
        validate_id(x.run_as_group, &at.child("runAsGroup"), errors);
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
            0 => errors.invalid(&here, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
            1 => {}
            _ => errors.invalid(&here, "", "may not have more than one field specified at a time"),
        }
        if let Some(ConfigMapKeySelector { key, name, .. }) = &from.config_map_key_ref {
            validate_key_ref(name, key, &here.child("configMapKeyRef"), errors);
        }
        if let Some(SecretKeySelector { key, name, .. }) = &from.secret_key_ref {
            validate_key_ref(name, key, &here.child("secretKeyRef"), errors);
        }
    }
}

fn validate_key_ref(name: &str, key: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    errors.invalid_each(&at.child("name"), name, names::dns1123_subdomain(name, false));
    if key.is_empty() {
        errors.required(&at.child("key"), "");
    } else {
        errors.invalid_each(&at.child("key"), key, key_problems(key));
    }
}

fn validate_env_from(f: &EnvFromSource, i: usize, list: &Path<'_>, errors: &mut FieldErrors) {
    let at = list.index(i);
    let named = [
        ("configMapRef", f.config_map_ref.as_ref().map(|r| r.name.as_str())),
        ("secretRef", f.secret_ref.as_ref().map(|r| r.name.as_str())),
    ];
    for (field, name) in named {
        match name {
            Some("") => errors.required(&at.child(field).child("name"), ""),
            Some(n) => errors.invalid_each(&at.child(field).child("name"), n, names::dns1123_subdomain(n, false)),
            None => {}
        }
    }
    match named.iter().filter(|(_, n)| n.is_some()).count() {
        // These two name the list, as Kubernetes does.
        0 => errors.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`"),
        1 => {}
        _ => errors.invalid(list, "", "may not have more than one field specified at a time"),
    }
}

pub fn validate_resources(r: &ResourceRequirements, at: &Path<'_>, errors: &mut FieldErrors) {
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
