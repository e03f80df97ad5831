//! Questions about pods that many ask: is it ready, where does it run, what does it want.
//!
//! Real Kubernetes: pkg/api/v1/pod/util.go, pkg/apis/core/v1/helper/qos, component-helpers/resource.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodCondition, PodStatus};

use super::kinds::Pod;
use super::quantity::Quantity;
use super::resource_list::{self, ResourceList};
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

/// A container that starts before the others and runs beside them.
pub fn is_sidecar(init: &Container) -> bool {
    init.restart_policy.as_deref() == Some("Always")
}

/// Whether the init container of that name is one.
pub fn has_sidecar(p: &Pod, name: &str) -> bool {
    p.spec.iter().flat_map(|s| s.init_containers.iter().flatten()).any(|c| c.name == name && is_sidecar(c))
}

/// The condition of a pod that somebody is about to end.
pub const DISRUPTION_TARGET: &str = "DisruptionTarget";

pub fn is_ready(p: &Pod) -> bool {
    p.status.as_ref().and_then(|s| condition(s, "Ready")).is_some_and(|c| c.status == "True")
}

/// Since when the pod is ready, if it is, and if that was written down.
pub fn ready_since(p: &Pod) -> Option<Time> {
    let c = p.status.as_ref().and_then(|s| condition(s, "Ready")).filter(|c| c.status == "True")?;
    c.last_transition_time.as_ref().map(Time::from_meta)
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
    let (mut requests, mut limits) = ([None; 2], [None; 2]);
    // What the pod asks for as a whole stands for what its containers do.
    let guaranteed = if let Some(r) = &spec.resources {
        sum_computes(&mut requests, r.requests.as_ref());
        let named = sum_computes(&mut limits, r.limits.as_ref());
        named == 2 || r.limits.as_ref().is_none_or(BTreeMap::is_empty)
    } else {
        let mut all = true;
        for c in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
            let r = c.resources.as_ref();
            sum_computes(&mut requests, r.and_then(|r| r.requests.as_ref()));
            all &= sum_computes(&mut limits, r.and_then(|r| r.limits.as_ref())) == 2;
        }
        all
    };
    if requests == [None; 2] && limits == [None; 2] {
        return "BestEffort";
    }
    let equal = requests.iter().zip(&limits).all(|(r, l)| r.is_some() == l.is_some() && (r.is_none() || r == l));
    if guaranteed && equal { "Guaranteed" } else { "Burstable" }
}

/// Adds what a list says of CPU and memory, and tells how many of the two it names.
fn sum_computes(
    sums: &mut [Option<Quantity>; 2],
    list: Option<&BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>>,
) -> usize {
    let mut named = 0;
    for (sum, name) in sums.iter_mut().zip(["cpu", "memory"]) {
        let amount = list.and_then(|l| l.get(name)).and_then(|q| Quantity::parse(&q.0));
        if let Some(q) = amount.filter(|q| !q.is_zero() && !q.is_negative()) {
            named += 1;
            *sum = Some(sum.map_or(q, |s| s.plus(q)));
        }
    }
    named
}

/// What the scheduler must find room for, and what nodes have: CPU in thousandths, the rest in whole units.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    pub milli_cpu: i64,
    pub memory: i64,
    pub ephemeral: i64,
    pub others: BTreeMap<String, i64>,
}

impl Resources {
    pub fn of(list: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>) -> Resources {
        Resources::from(resource_list::read(Some(list)))
    }

    pub fn add(&mut self, other: &Resources) {
        self.milli_cpu = self.milli_cpu.saturating_add(other.milli_cpu);
        self.memory = self.memory.saturating_add(other.memory);
        self.ephemeral = self.ephemeral.saturating_add(other.ephemeral);
        for (k, v) in &other.others {
            let sum = self.others.entry(k.clone()).or_insert(0);
            *sum = sum.saturating_add(*v);
        }
    }
}

impl From<ResourceList> for Resources {
    fn from(list: ResourceList) -> Resources {
        let mut r = Resources::default();
        for (name, q) in list {
            match name.as_str() {
                "cpu" => r.milli_cpu = q.milli(),
                "memory" => r.memory = q.units(),
                "ephemeral-storage" => r.ephemeral = q.units(),
                _ => {
                    r.others.insert(name, q.units());
                }
            }
        }
        r
    }
}

pub fn requests(p: &Pod) -> Resources {
    p.spec.as_deref().map(resource_list::pod_requests).map(Resources::from).unwrap_or_default()
}

/// What a pod takes on its node. `missing` is what each container is supposed to request that says nothing of it.
pub fn takes(p: &Pod, missing: &ResourceList) -> Resources {
    resource_list::pod_takes(p, missing).into()
}

/// Whether what a pod takes can be seen from what it requests: it is not being resized.
pub fn takes_what_it_requests(p: &Pod) -> bool {
    let (Some(spec), Some(status)) = (&p.spec, &p.status) else { return true };
    let settled = |all: &[Container], told: &Option<Vec<ContainerStatus>>| {
        told.iter().flatten().all(|s| {
            let Some(has) = s.resources.as_ref() else { return true };
            let asks = all.iter().find(|c| c.name == s.name).and_then(|c| c.resources.as_ref());
            let asks = asks.and_then(|r| r.requests.as_ref());
            has.requests.as_ref() == asks && s.allocated_resources.as_ref() == asks
        })
    };
    status.resources.is_none()
        && settled(&spec.containers, &status.container_statuses)
        && settled(spec.init_containers.as_deref().unwrap_or_default(), &status.init_container_statuses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_pod_asks_for_is_counted_in_64_bits() {
        let asks = |cpu: &str| json!({"name": "c", "resources": {"requests": {"cpu": cpu, "x.y/z": 2}}});
        let all = |containers: [serde_json::Value; 2]| {
            requests(&serde_json::from_value(json!({"spec": {"containers": containers}})).unwrap())
        };
        // As in a real scheduler, who asks for more than can be counted asks for nothing.
        assert_eq!(all([asks("10E"), asks("10E")]).milli_cpu, 0);
        assert_eq!(all([asks("4P"), asks("5P")]).milli_cpu, 9_000_000_000_000_000_000);
        let small = all([asks("100m"), asks("1500u")]);
        assert_eq!((small.milli_cpu, small.others["x.y/z"]), (102, 4), "rounded once, as a whole");
    }
}
