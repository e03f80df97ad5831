//! What a pod's spec says where its author said nothing.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, HTTPGetAction, LifecycleHandler, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;

use super::volume_sources;
use crate::api::image::ImageRef;
use crate::api::quantity::canonical;

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
