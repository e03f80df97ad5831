//! What pods and pod templates share: defaults and validation of a pod's spec, containers and volumes.
//!
//! Real Kubernetes: pkg/apis/core/v1/defaults.go, pkg/apis/core/validation/validation.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, EnvVar, HTTPGetAction, LifecycleHandler, PodSpec, PodTemplateSpec, Probe, ResourceRequirements,
    Toleration, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::service::{port_name, port_number};
use crate::api::field::{FieldErrors, Path};
use crate::api::image::ImageRef;
use crate::api::names;
use crate::api::quantity::{Quantity, canonical};
use crate::api::selector::Selector;

/// A status update leaves the spec as it was, and changes metadata only where controllers must: labels and annotations.
pub fn status_only<S: Clone + PartialEq>(new: (&mut ObjectMeta, &mut S), old: (&ObjectMeta, &S)) {
    let (meta, spec) = new;
    keep(spec, old.1);
    keep(&mut meta.finalizers, &old.0.finalizers);
    keep(&mut meta.owner_references, &old.0.owner_references);
    keep(&mut meta.deletion_timestamp, &old.0.deletion_timestamp);
    meta.deletion_grace_period_seconds = old.0.deletion_grace_period_seconds;
}

/// Takes the old value back. Mostly nothing has changed, and then nothing is copied.
fn keep<T: Clone + PartialEq>(new: &mut T, old: &T) {
    if new != old {
        new.clone_from(old);
    }
}

pub fn container_names(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")).unwrap_or_default()
}

pub fn images(spec: Option<&PodSpec>) -> String {
    spec.map(|s| s.containers.iter().map(|c| c.image.as_deref().unwrap_or("")).collect::<Vec<_>>().join(","))
        .unwrap_or_default()
}

pub fn default_template(t: &mut PodTemplateSpec) {
    if let Some(spec) = &mut t.spec {
        default_spec(spec);
    }
}

pub fn default_spec(s: &mut PodSpec) {
    s.dns_policy.get_or_insert_with(|| "ClusterFirst".into());
    s.restart_policy.get_or_insert_with(|| "Always".into());
    if s.host_network == Some(true) {
        for c in s.containers.iter_mut().chain(s.init_containers.iter_mut().flatten()) {
            for p in c.ports.iter_mut().flatten() {
                p.host_port.get_or_insert(p.container_port);
            }
        }
    }
    s.security_context.get_or_insert_default();
    s.termination_grace_period_seconds.get_or_insert(30);
    s.scheduler_name.get_or_insert_with(|| "default-scheduler".into());
    // Kubernetes keeps the deprecated name in step with the new one.
    if s.service_account_name.is_none() {
        s.service_account_name = s.service_account.clone();
    }
    s.service_account = s.service_account_name.clone();
    for v in s.volumes.iter_mut().flatten() {
        default_volume(v);
    }
    for c in s.containers.iter_mut().chain(s.init_containers.iter_mut().flatten()) {
        default_container(c);
    }
}

fn default_volume(v: &mut Volume) {
    const MODE: i32 = 0o644;
    if let Some(s) = &mut v.secret {
        s.default_mode.get_or_insert(MODE);
    }
    if let Some(c) = &mut v.config_map {
        c.default_mode.get_or_insert(MODE);
    }
    if let Some(d) = &mut v.downward_api {
        d.default_mode.get_or_insert(MODE);
        for f in d.items.iter_mut().flatten() {
            if let Some(r) = &mut f.field_ref {
                r.api_version.get_or_insert_with(|| "v1".into());
            }
        }
    }
    if let Some(h) = &mut v.host_path {
        h.type_.get_or_insert_default();
    }
    if let Some(p) = &mut v.projected {
        p.default_mode.get_or_insert(MODE);
        for s in p.sources.iter_mut().flatten() {
            if let Some(t) = &mut s.service_account_token {
                t.expiration_seconds.get_or_insert(3600);
            }
            for f in s.downward_api.iter_mut().flat_map(|d| d.items.iter_mut().flatten()) {
                if let Some(r) = &mut f.field_ref {
                    r.api_version.get_or_insert_with(|| "v1".into());
                }
            }
        }
    }
    // A volume without a source is an empty directory.
    if volume_sources(v) == 0 {
        v.empty_dir = Some(Default::default());
    }
}

/// How many sources a volume names; one is right.
fn volume_sources(v: &Volume) -> usize {
    macro_rules! count {
        ($($source:ident)*) => {{
            // Complete by construction: a source that is not counted here does not compile.
            let Volume { name: _, $($source),* } = v;
            [$($source.is_some()),*].into_iter().filter(|named| *named).count()
        }};
    }
    count!(
        aws_elastic_block_store azure_disk azure_file cephfs cinder config_map csi downward_api empty_dir ephemeral fc
        flex_volume flocker gce_persistent_disk git_repo glusterfs host_path image iscsi nfs persistent_volume_claim
        photon_persistent_disk portworx_volume projected quobyte rbd scale_io secret storageos vsphere_volume
    )
}

fn default_container(c: &mut Container) {
    if c.image_pull_policy.as_deref().unwrap_or("").is_empty() {
        let latest = c.image.as_deref().and_then(ImageRef::parse).is_some_and(|i| i.is_latest());
        c.image_pull_policy = Some(if latest { "Always" } else { "IfNotPresent" }.into());
    }
    c.termination_message_path.get_or_insert_with(|| "/dev/termination-log".into());
    c.termination_message_policy.get_or_insert_with(|| "File".into());
    for p in c.ports.iter_mut().flatten() {
        if p.protocol.as_deref().unwrap_or("").is_empty() {
            p.protocol = Some("TCP".into());
        }
    }
    for e in c.env.iter_mut().flatten() {
        if let Some(r) = e.value_from.as_mut().and_then(|v| v.field_ref.as_mut()) {
            r.api_version.get_or_insert_with(|| "v1".into());
        }
    }
    for p in [&mut c.liveness_probe, &mut c.readiness_probe, &mut c.startup_probe].into_iter().flatten() {
        default_probe(p);
    }
    if let Some(l) = &mut c.lifecycle {
        for h in [&mut l.post_start, &mut l.pre_stop].into_iter().flatten() {
            default_handler(h);
        }
    }
    default_resources(c.resources.get_or_insert_with(ResourceRequirements::default));
}

fn default_handler(h: &mut LifecycleHandler) {
    if let Some(get) = &mut h.http_get {
        default_http(get);
    }
}

fn default_http(get: &mut HTTPGetAction) {
    get.path.get_or_insert_with(|| "/".into());
    get.scheme.get_or_insert_with(|| "HTTP".into());
}

fn default_probe(p: &mut Probe) {
    let or = |v: &mut Option<i32>, default: i32| {
        if v.unwrap_or(0) == 0 {
            *v = Some(default);
        }
    };
    or(&mut p.timeout_seconds, 1);
    or(&mut p.period_seconds, 10);
    or(&mut p.success_threshold, 1);
    or(&mut p.failure_threshold, 3);
    if p.initial_delay_seconds == Some(0) {
        p.initial_delay_seconds = None;
    }
    if let Some(get) = &mut p.http_get {
        default_http(get);
    }
    if let Some(g) = &mut p.grpc {
        g.service.get_or_insert_default();
    }
}

fn default_resources(r: &mut ResourceRequirements) {
    let round = |list: &mut Option<BTreeMap<String, RawQuantity>>| {
        for q in list.iter_mut().flatten() {
            q.1.0 = canonical(&q.1.0);
        }
    };
    round(&mut r.limits);
    round(&mut r.requests);
}

/// A pod's containers ask for their limits where they name no request. (Templates are left as written.)
pub fn default_requests(s: &mut PodSpec) {
    for c in s.containers.iter_mut().chain(s.init_containers.iter_mut().flatten()) {
        let Some(r) = &mut c.resources else { continue };
        let Some(limits) = r.limits.clone() else { continue };
        let requests = r.requests.get_or_insert_default();
        for (k, v) in limits {
            requests.entry(k).or_insert(v);
        }
    }
}

/// A selector that is there but empty is not the same as none. The typed shape has one for both, so the former gets an
/// empty list of labels. (Neither is ever stored.)
pub fn mark_empty_selector(json: &mut serde_json::Value) {
    if let Some(selector) = json.pointer_mut("/spec/selector").and_then(|s| s.as_object_mut())
        && selector.is_empty()
    {
        selector.insert("matchLabels".into(), serde_json::json!({}));
    }
}

/// What ReplicaSets and Deployments demand of their selector and template together.
pub fn validate_selector_and_template(
    selector: &LabelSelector,
    template: Option<&PodTemplateSpec>,
    at: &Path,
    errors: &mut FieldErrors,
) {
    let missing = selector.match_labels.is_none() && selector.match_expressions.is_none();
    let empty = !missing
        && selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty);
    validate_label_selector(selector, &at.child("selector"), errors);
    if missing {
        errors.required(&at.child("selector"), "");
    } else if empty {
        errors.invalid(&at.child("selector"), serde_json::json!({}), "empty selector is invalid for deployment");
    }
    let at = at.child("template");
    let Some(t) = template else {
        errors.required(&at, "");
        return;
    };
    let labels = t.metadata.as_ref().and_then(|m| m.labels.as_ref());
    // No selector selects nothing, an empty one everything.
    if missing || (!empty && !Selector::of(selector).matches(labels)) {
        errors.invalid(
            &at.child("metadata").child("labels"),
            serde_json::to_value(labels).unwrap_or_default(),
            "`selector` does not match template `labels`",
        );
    }
    names::validate_labels(labels, &at.child("labels"), errors);
    let Some(spec) = &t.spec else {
        errors.required(&at.child("spec").child("containers"), "");
        return;
    };
    validate_spec(spec, &at.child("spec"), errors);
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    if policy != "Always" {
        errors.not_supported(&at.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
}

pub fn validate_label_selector(s: &LabelSelector, at: &Path, errors: &mut FieldErrors) {
    for (k, v) in s.match_labels.iter().flatten() {
        errors.invalid_each(&at.child("matchLabels"), k, names::qualified_name(k));
        errors.invalid_each(&at.child("matchLabels").key(k), v, names::label_value(v));
    }
    for (i, e) in s.match_expressions.iter().flatten().enumerate() {
        let here = at.child("matchExpressions").index(i);
        let count = e.values.as_ref().map_or(0, Vec::len);
        match e.operator.as_str() {
            "In" | "NotIn" if count == 0 => {
                errors.required(&here.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
            }
            "Exists" | "DoesNotExist" if count > 0 => {
                errors.forbidden(
                    &here.child("values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(&here.child("operator"), other, "not a valid selector operator"),
        }
        errors.invalid_each(&here.child("key"), &e.key, names::qualified_name(&e.key));
    }
}

pub fn validate_spec(s: &PodSpec, at: &Path, errors: &mut FieldErrors) {
    let volumes = validate_volumes(s, &at.child("volumes"), errors);
    let mut names_seen: Vec<&str> = vec![];
    if s.containers.is_empty() {
        errors.required(&at.child("containers"), "");
    }
    for (i, c) in s.containers.iter().enumerate() {
        validate_container(c, &at.child("containers").index(i), &volumes, &mut names_seen, errors);
    }
    for (i, c) in s.init_containers.iter().flatten().enumerate() {
        let here = at.child("initContainers").index(i);
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

fn validate_toleration(t: &Toleration, at: &Path, errors: &mut FieldErrors) {
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
fn validate_volumes<'a>(s: &'a PodSpec, at: &Path, errors: &mut FieldErrors) -> Vec<&'a str> {
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
    at: &Path,
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
        let here = at.child("ports").index(i);
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
        let here = at.child("volumeMounts").index(i);
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

fn validate_env(e: &EnvVar, at: &Path, errors: &mut FieldErrors) {
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

fn validate_probe(p: &Probe, at: &Path, success_must_be_one: bool, errors: &mut FieldErrors) {
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
        let here = at.child(name).child("port");
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

fn validate_resources(r: &ResourceRequirements, at: &Path, errors: &mut FieldErrors) {
    for (list, name) in [(&r.limits, "limits"), (&r.requests, "requests")] {
        for (k, q) in list.iter().flatten() {
            let here = at.child(name).key(k);
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
