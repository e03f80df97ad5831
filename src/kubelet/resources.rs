//! What a pod as a whole has been given, as its status tells it: what was promised, and what its cgroup holds.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go convertToAPIPodLevelResourcesStatus, pkg/kubelet/cm/helpers_linux.go.

use k8s_openapi::api::core::v1::{Container, PodSpec, PodStatus, ResourceRequirements};

use crate::api::kinds::Pod;
use crate::api::pods::qos_class;
use crate::api::quantity::{Format, Quantity};
use crate::api::resource_list::{self, ResourceList, pod_limits, pod_requests};

/// The fewest shares of the CPU that a cgroup has, and so many make one CPU.
const MIN_SHARES: i64 = 2;
const SHARES_PER_CPU: i64 = 1024;
/// The smallest limit that a cgroup keeps.
const MIN_MILLI_CPU_LIMIT: i64 = 10;

fn has_any(spec: &PodSpec) -> bool {
    let says =
        |r: &Option<ResourceRequirements>| r.as_ref().is_some_and(|r| r.requests.is_some() || r.limits.is_some());
    let mut containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    containers.any(|c| says(&c.resources)) || says(&spec.resources) || spec.overhead.is_some()
}

/// Fills in what the status says of the pod's resources; `old` is what it said before.
pub fn tell(status: &mut PodStatus, pod: &Pod, spec: &PodSpec, old: &PodStatus) {
    // Most pods ask for nothing.
    if !has_any(spec) {
        status.resources = Some(ResourceRequirements::default());
        return;
    }
    let requests = pod_requests(spec);
    let running = old.phase.as_deref() == Some("Running");
    let (told_requests, told_limits) = match running {
        false => (requests.clone(), pod_limits(spec)),
        true => held(pod, spec, old, &requests),
    };
    let written = |l: &ResourceList| (!l.is_empty()).then(|| resource_list::write(l));
    status.resources = Some(ResourceRequirements {
        requests: written(&told_requests),
        limits: written(&told_limits),
        claims: spec.resources.as_ref().and_then(|r| r.claims.clone()),
    });
    status.allocated_resources = written(&requests);
}

/// Requests and limits as the cgroup of a running pod holds them; what it does not hold stays as it was told before.
fn held(pod: &Pod, spec: &PodSpec, old: &PodStatus, wanted: &ResourceList) -> (ResourceList, ResourceList) {
    let own = spec.resources.as_ref();
    let mut requests = resource_list::read(own.and_then(|r| r.requests.as_ref()));
    let mut limits = resource_list::read(own.and_then(|r| r.limits.as_ref()));
    let milli = |l: &ResourceList| l.get("cpu").map_or(0, |q| q.milli());
    let cpu = in_shares(milli(wanted));
    if cpu > MIN_SHARES || milli(&requests) > MIN_SHARES {
        requests.insert("cpu".into(), Quantity::from_milli(cpu));
    }
    // The memory that is asked for stands in no cgroup.
    let before = resource_list::read(old.resources.as_ref().and_then(|r| r.requests.as_ref()));
    let memory = requests.get("memory").or(wanted.get("memory")).copied();
    if let Some(memory) = before.get("memory").copied().or(memory) {
        requests.insert("memory".into(), memory);
    }
    let sums = pod_limits(spec);
    let before = resource_list::read(old.resources.as_ref().and_then(|r| r.limits.as_ref()));
    for name in ["cpu", "memory"] {
        let held = sums.get(name).filter(|q| !q.is_zero() && is_limited(pod, spec, name));
        let told = match (name, held) {
            ("cpu", Some(q)) => {
                Some(*q).filter(|q| q.milli() > MIN_MILLI_CPU_LIMIT || milli(&limits) > MIN_MILLI_CPU_LIMIT)
            }
            (_, Some(q)) => Some(q.written_as(Format::Binary)),
            (_, None) => before.get(name).copied(),
        };
        if let Some(q) = told {
            limits.insert(name.into(), q);
        }
    }
    (requests, limits)
}

/// Thousandths of a CPU, there and back by way of a cgroup's shares.
fn in_shares(milli: i64) -> i64 {
    let shares = (milli * SHARES_PER_CPU / 1000).max(MIN_SHARES);
    (shares * 1000 + SHARES_PER_CPU - 1) / SHARES_PER_CPU
}

/// Whether the pod's cgroup has a limit: only if every container has one, or the pod itself.
fn is_limited(pod: &Pod, spec: &PodSpec, name: &str) -> bool {
    let set = |r: Option<&ResourceRequirements>| {
        resource_list::read(r.and_then(|r| r.limits.as_ref())).get(name).is_some_and(|q| !q.is_zero())
    };
    let all = |list: &[Container]| list.iter().all(|c| set(c.resources.as_ref()));
    let each = all(&spec.containers) && all(spec.init_containers.as_deref().unwrap_or_default());
    each || set(spec.resources.as_ref()) || qos_class(pod) == "Guaranteed"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(containers: Value, old: Value) -> Value {
        let pod: Pod =
            serde_json::from_value(json!({"metadata": {}, "spec": {"containers": containers}})).expect("pod");
        let old: PodStatus = serde_json::from_value(old).expect("status");
        let mut status = PodStatus::default();
        tell(&mut status, &pod, pod.spec.as_deref().expect("spec"), &old);
        json!({"resources": status.resources, "allocated": status.allocated_resources})
    }

    #[test]
    fn a_pod_that_asks_for_nothing_is_told_nothing() {
        let got = told(json!([{"name": "a"}]), json!({"phase": "Running"}));
        assert_eq!(got, json!({"resources": {}, "allocated": null}));
    }

    #[test]
    fn the_cgroup_has_a_limit_if_every_container_has_one() {
        let limited =
            json!({"limits": {"cpu": "100m", "memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}});
        let both =
            json!({"limits": {"cpu": "200m", "memory": "128Mi"}, "requests": {"cpu": "200m", "memory": "128Mi"}});
        let one = json!([{"name": "a", "resources": limited}, {"name": "b"}]);
        let two = json!([{"name": "a", "resources": limited}, {"name": "b", "resources": limited}]);
        assert_eq!(told(two, json!({"phase": "Running"}))["resources"], both);
        let got = told(one.clone(), json!({"phase": "Running"}));
        assert_eq!(got["resources"], json!({"requests": {"cpu": "100m", "memory": "64Mi"}}));
        // Before it runs, what will be is told as a sum, and stays.
        assert_eq!(told(one.clone(), json!({"phase": "Pending"}))["resources"], limited);
        assert_eq!(told(one, json!({"phase": "Running", "resources": limited}))["resources"], limited);
    }

    #[test]
    fn shares_are_coarser_than_thousandths() {
        assert_eq!([1, 2, 100, 333, 1000, 2500].map(in_shares), [2, 2, 100, 333, 1000, 2500]);
        assert_eq!(in_shares(5), 5);
    }
}
