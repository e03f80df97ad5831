//! Questions about pods that many ask: is it ready, where does it run, what does it want.
//!
//! Real Kubernetes: pkg/api/v1/pod/util.go, pkg/apis/core/v1/helper/qos, component-helpers/resource.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodCondition, PodStatus};

use super::kinds::Pod;
use super::quantity::Quantity;
use super::time::{Duration, Time};

pub fn node(p: &Pod) -> &str {
    p.spec.as_ref().and_then(|s| s.node_name.as_deref()).unwrap_or("")
}

pub fn phase(p: &Pod) -> &str {
    p.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

pub fn ip(p: &Pod) -> &str {
    p.status.as_ref().and_then(|s| s.pod_ip.as_deref()).unwrap_or("")
}

pub fn condition<'a>(s: &'a PodStatus, kind: &str) -> Option<&'a PodCondition> {
    s.conditions.iter().flatten().find(|c| c.type_ == kind)
}

pub fn is_ready(p: &Pod) -> bool {
    p.status.as_ref().and_then(|s| condition(s, "Ready")).is_some_and(|c| c.status == "True")
}

/// When the pod counts as available; `None` while it is not ready.
pub fn available_at(p: &Pod, min_ready: Duration) -> Option<Time> {
    let c = p.status.as_ref().and_then(|s| condition(s, "Ready")).filter(|c| c.status == "True")?;
    Some(c.last_transition_time.as_ref().map_or(Time::default(), Time::from_meta) + min_ready)
}

/// Ended for good: Succeeded or Failed.
pub fn is_terminal(p: &Pod) -> bool {
    matches!(phase(p), "Succeeded" | "Failed")
}

/// Counts for a ReplicaSet: neither ended nor being deleted.
pub fn is_active(p: &Pod) -> bool {
    !is_terminal(p) && p.metadata.deletion_timestamp.is_none()
}

/// BestEffort, Burstable or Guaranteed.
pub fn qos_class(p: &Pod) -> &'static str {
    let Some(spec) = &p.spec else { return "BestEffort" };
    let mut any = false;
    let mut guaranteed = true;
    for c in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        let r = c.resources.clone().unwrap_or_default();
        let (limits, requests) = (r.limits.unwrap_or_default(), r.requests.unwrap_or_default());
        for k in ["cpu", "memory"] {
            let value = |m: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>| {
                m.get(k).and_then(|q| Quantity::parse(&q.0)).filter(|q| !q.is_zero())
            };
            let (l, q) = (value(&limits), value(&requests));
            any |= l.is_some() || q.is_some();
            guaranteed &= l.is_some() && (q.is_none() || q == l);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// What the scheduler must find room for: CPU in thousandths, the rest in whole units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    pub milli_cpu: i64,
    pub memory: i64,
    pub ephemeral: i64,
    pub others: BTreeMap<String, i64>,
}

impl Resources {
    pub fn of(list: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>) -> Resources {
        let mut r = Resources::default();
        for (k, q) in list {
            let Some(q) = Quantity::parse(&q.0) else { continue };
            match k.as_str() {
                "cpu" => r.milli_cpu += q.milli(),
                "memory" => r.memory += q.units(),
                "ephemeral-storage" => r.ephemeral += q.units(),
                other => *r.others.entry(other.into()).or_insert(0) += q.units(),
            }
        }
        r
    }
    pub fn add(&mut self, other: &Resources) {
        self.milli_cpu += other.milli_cpu;
        self.memory += other.memory;
        self.ephemeral += other.ephemeral;
        for (k, v) in &other.others {
            *self.others.entry(k.clone()).or_insert(0) += v;
        }
    }
    pub fn sub(&mut self, other: &Resources) {
        self.milli_cpu -= other.milli_cpu;
        self.memory -= other.memory;
        self.ephemeral -= other.ephemeral;
        for (k, v) in &other.others {
            *self.others.entry(k.clone()).or_insert(0) -= v;
        }
    }
    fn max(&mut self, other: &Resources) {
        self.milli_cpu = self.milli_cpu.max(other.milli_cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral = self.ephemeral.max(other.ephemeral);
        for (k, v) in &other.others {
            let e = self.others.entry(k.clone()).or_insert(0);
            *e = (*e).max(*v);
        }
    }
}

fn container_requests(c: &Container) -> Resources {
    c.resources.as_ref().and_then(|r| r.requests.as_ref()).map(Resources::of).unwrap_or_default()
}

/// The sum of the containers' requests, or the largest init container's, whichever is more.
pub fn requests(p: &Pod) -> Resources {
    let Some(spec) = &p.spec else { return Resources::default() };
    let mut sum = Resources::default();
    for c in &spec.containers {
        sum.add(&container_requests(c));
    }
    let mut sidecars = Resources::default();
    let mut init_peak = Resources::default();
    for c in spec.init_containers.iter().flatten() {
        let mut want = container_requests(c);
        if c.restart_policy.as_deref() == Some("Always") {
            sidecars.add(&want);
            init_peak.max(&sidecars);
        } else {
            want.add(&sidecars);
            init_peak.max(&want);
        }
    }
    sum.add(&sidecars);
    sum.max(&init_peak);
    if let Some(o) = &spec.overhead {
        sum.add(&Resources::of(o));
    }
    sum
}
