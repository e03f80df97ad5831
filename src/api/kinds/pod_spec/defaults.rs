//! What a pod's spec says where its author said nothing.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go and zz_generated.defaults.go.

use k8s_openapi::api::core::v1::{
    Container, EnvVar, EphemeralContainer, HTTPGetAction, Lifecycle, ObjectFieldSelector, PodSpec, PodTemplateSpec,
    Probe, ResourceRequirements, Volume,
};

use super::{pod_resources, text};
use crate::api::image::ImageRef;
use crate::api::kinds::resources::round_up;
use crate::api::kinds::volume_sources::{default_azure_disk, default_host_path};

const FILE_MODE: i32 = 0o644;
const TOKEN_SECONDS: i64 = 3600;

fn or(v: &mut Option<String>, default: &str) {
    if text(v).is_empty() {
        *v = Some(default.into());
    }
}

pub fn default_template(t: &mut PodTemplateSpec) {
    if let Some(m) = &mut t.metadata {
        drop_old_annotations(&mut m.annotations);
    }
    if let Some(spec) = &mut t.spec {
        default_spec(spec);
    }
}

/// Init containers were annotations once.
pub fn drop_old_annotations(annotations: &mut Option<std::collections::BTreeMap<String, String>>) {
    const OLD: [&str; 4] = [
        "pod.beta.kubernetes.io/init-containers",
        "pod.alpha.kubernetes.io/init-containers",
        "pod.beta.kubernetes.io/init-container-statuses",
        "pod.alpha.kubernetes.io/init-container-statuses",
    ];
    if let Some(a) = annotations.as_mut().filter(|a| !a.is_empty()) {
        a.retain(|k, _| !OLD.contains(&k.as_str()));
    }
}

pub fn default_spec(s: &mut PodSpec) {
    or(&mut s.dns_policy, "ClusterFirst");
    or(&mut s.restart_policy, "Always");
    s.security_context.get_or_insert_default();
    s.termination_grace_period_seconds.get_or_insert(30);
    or(&mut s.scheduler_name, "default-scheduler");
    // Kubernetes keeps the deprecated name in step with the new one.
    if text(&s.service_account_name).is_empty() {
        s.service_account_name = s.service_account.clone();
    }
    s.service_account = s.service_account_name.clone();
    for v in s.volumes.iter_mut().flatten() {
        default_volume(v);
    }
    for c in s.containers.iter_mut().chain(s.init_containers.iter_mut().flatten()) {
        default_container(c);
    }
    for c in s.ephemeral_containers.iter_mut().flatten() {
        default_ephemeral_container(c);
    }
    round_up(&mut s.overhead);
    if let Some(r) = &mut s.resources {
        round_up(&mut r.limits);
        round_up(&mut r.requests);
    }
}

/// What stands in a pod beyond what its template says: requests, ports of the host, and whether it hears of services.
pub fn default_pod_spec(s: &mut PodSpec) {
    let host_network = s.host_network == Some(true);
    for c in s.containers.iter_mut().chain(s.init_containers.iter_mut().flatten()) {
        // A container asks for its limits where it names no request.
        if let Some(r) = &mut c.resources
            && let Some(limits) = &r.limits
        {
            let missing = limits.iter().filter(|(k, _)| r.requests.as_ref().is_none_or(|q| !q.contains_key(*k)));
            let missing: Vec<_> = missing.map(|(k, v)| (k.clone(), v.clone())).collect();
            r.requests.get_or_insert_default().extend(missing);
        }
        for p in c.ports.iter_mut().flatten().filter(|p| host_network && p.host_port.unwrap_or(0) == 0) {
            p.host_port = Some(p.container_port);
        }
    }
    pod_resources::default_of_pod(s);
    s.enable_service_links.get_or_insert(true);
}

/// Whether the pull policy of that image is to pull it always.
fn pull_policy(image: &str) -> &'static str {
    if ImageRef::parse(image).is_some_and(|i| i.is_latest()) { "Always" } else { "IfNotPresent" }
}

fn default_volume(v: &mut Volume) {
    // A volume without a source is an empty directory.
    if super::volumes::sources(v) == 0 {
        v.empty_dir = Some(Default::default());
    }
    if let Some(i) = v.image.as_mut().filter(|i| text(&i.pull_policy).is_empty()) {
        i.pull_policy = Some(pull_policy(text(&i.reference)).into());
    }
    v.host_path.as_mut().map(default_host_path);
    if let Some(s) = &mut v.secret {
        s.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(c) = &mut v.config_map {
        c.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(d) = &mut v.downward_api {
        d.default_mode.get_or_insert(FILE_MODE);
        d.items.iter_mut().flatten().filter_map(|f| f.field_ref.as_mut()).for_each(default_field);
    }
    if let Some(p) = &mut v.projected {
        p.default_mode.get_or_insert(FILE_MODE);
        for s in p.sources.iter_mut().flatten() {
            let files = s.downward_api.iter_mut().flat_map(|d| d.items.iter_mut().flatten());
            files.filter_map(|f| f.field_ref.as_mut()).for_each(default_field);
            if let Some(t) = &mut s.service_account_token {
                t.expiration_seconds.get_or_insert(TOKEN_SECONDS);
            }
        }
    }
    if let Some(t) = v.ephemeral.as_mut().and_then(|e| e.volume_claim_template.as_mut()) {
        t.spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
        if let Some(r) = &mut t.spec.resources {
            round_up(&mut r.limits);
            round_up(&mut r.requests);
        }
    }
    default_foreign_volume(v);
}

/// Systems outside Kubernetes, each with its own idea of what is usual.
fn default_foreign_volume(v: &mut Volume) {
    if let Some(s) = &mut v.iscsi {
        or(&mut s.iscsi_interface, "default");
    }
    if let Some(s) = &mut v.rbd {
        or(&mut s.pool, "rbd");
        or(&mut s.user, "admin");
        or(&mut s.keyring, "/etc/ceph/keyring");
    }
    v.azure_disk.as_mut().map(default_azure_disk);
    if let Some(s) = &mut v.scale_io {
        or(&mut s.storage_mode, "ThinProvisioned");
        or(&mut s.fs_type, "xfs");
    }
}

fn default_field(f: &mut ObjectFieldSelector) {
    or(&mut f.api_version, "v1");
}

macro_rules! default_common {
    ($c:ident) => {
        if text(&$c.image_pull_policy).is_empty() {
            $c.image_pull_policy = Some(pull_policy(text(&$c.image)).into());
        }
        or(&mut $c.termination_message_path, "/dev/termination-log");
        or(&mut $c.termination_message_policy, "File");
        for p in $c.ports.iter_mut().flatten() {
            or(&mut p.protocol, "TCP");
        }
        $c.env.iter_mut().flatten().for_each(default_env);
        let probes = [&mut $c.liveness_probe, &mut $c.readiness_probe, &mut $c.startup_probe];
        probes.into_iter().flatten().for_each(default_probe);
        if let Some(l) = &mut $c.lifecycle {
            default_lifecycle(l);
        }
        if let Some(r) = &mut $c.resources {
            round_up(&mut r.limits);
            round_up(&mut r.requests);
        }
    };
}

fn default_container(c: &mut Container) {
    c.resources.get_or_insert_with(ResourceRequirements::default);
    default_common!(c);
}

fn default_ephemeral_container(c: &mut EphemeralContainer) {
    default_common!(c);
}

fn default_env(e: &mut EnvVar) {
    let Some(from) = &mut e.value_from else { return };
    if let Some(f) = &mut from.field_ref {
        default_field(f);
    }
    if let Some(f) = &mut from.file_key_ref {
        f.optional.get_or_insert(false);
    }
}

fn default_lifecycle(l: &mut Lifecycle) {
    let hooks = [&mut l.post_start, &mut l.pre_stop].into_iter().flatten();
    hooks.filter_map(|h| h.http_get.as_mut()).for_each(default_http);
}

fn default_http(get: &mut HTTPGetAction) {
    or(&mut get.path, "/");
    or(&mut get.scheme, "HTTP");
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
