//! What pods weigh: what is promised to them on their node, and for what they are scored.
//! Real Kubernetes: pkg/scheduler/framework/types.go CalculateResource, pkg/scheduler/util/pod_resources.go.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::framework::Alike;
use crate::api::kinds::Pod;
use crate::api::pods::{Resources, takes};
use crate::api::quantity::Quantity;
use crate::api::resource_list::{ResourceList, containers_request};

/// A container that asks for no CPU or no memory is scored as if it asked for this: thousandths, bytes.
const SUPPOSED: [(&str, i64); 2] = [("cpu", 100), ("memory", 200 * 1024 * 1024)];

/// What a pod weighs on its node.
#[derive(Clone, Debug)]
pub struct Load {
    pub alike: Arc<Alike>,
    pub requests: Resources,
    /// For scoring: CPU and memory, with defaults where nothing is asked for.
    pub scored: (i64, i64),
    pub priority: i32,
}

impl Load {
    pub fn of(pod: &Pod, alike: Arc<Alike>) -> Load {
        let (requests, scored) = weight(pod);
        Load { alike, requests, scored, priority: priority(pod) }
    }
}

pub fn priority(pod: &Pod) -> i32 {
    pod.spec.as_ref().and_then(|s| s.priority).unwrap_or(0)
}

fn supposed(name: &str, amount: i64) -> (String, Quantity) {
    (name.into(), if name == "cpu" { Quantity::from_milli(amount) } else { Quantity::from_units(amount) })
}

/// What a pod takes, and for what of CPU and memory it is scored where it stands.
/// Real Kubernetes: pkg/scheduler/framework/types.go CalculateResource.
fn weight(pod: &Pod) -> (Resources, (i64, i64)) {
    let requests = takes(pod, &ResourceList::new());
    // Where the pod asks as a whole, what a single container leaves out is in that.
    let spec = pod.spec.as_deref();
    let asks_as_whole = spec.and_then(|s| s.resources.as_ref()?.requests.as_ref()).is_some_and(|r| !r.is_empty());
    let asked = [requests.milli_cpu, requests.memory];
    let missing = SUPPOSED.iter().zip(asked).filter(|(_, asked)| !asks_as_whole || *asked == 0);
    let missing: ResourceList = missing.map(|((name, n), _)| supposed(name, *n)).collect();
    let all_say = missing.keys().all(|name| spec.is_some_and(|s| containers(s).all(|c| says(c, name))));
    let scored = |r: &Resources| (r.milli_cpu, r.memory);
    let scored = if all_say { scored(&requests) } else { scored(&takes(pod, &missing)) };
    (requests, scored)
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(spec.init_containers.iter().flatten())
}

fn says(c: &Container, name: &str) -> bool {
    c.resources.as_ref().and_then(|r| r.requests.as_ref()).is_some_and(|r| r.contains_key(name))
}

/// For what a pod is scored that looks for a node.
/// Real Kubernetes: the scorer of NodeResourcesFit is not told that pods may ask as a whole.
pub fn weight_to_come(pod: &Pod) -> (i64, i64) {
    let missing = SUPPOSED.iter().map(|(name, n)| supposed(name, *n)).collect();
    let spec = pod.spec.as_deref();
    let asked: Resources = spec.map(|s| containers_request(s, &missing)).unwrap_or_default().into();
    (asked.milli_cpu, asked.memory)
}
