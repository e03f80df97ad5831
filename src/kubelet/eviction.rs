//! Which pod goes first when a node runs out of memory or disk, and in which words. Pure.
//! Real Kubernetes: pkg/kubelet/eviction/helpers.go: rankMemoryPressure, rankDiskPressureFunc, evictionMessage.

use std::cmp::Reverse;

use k8s_openapi::api::core::v1::PodSpec;

use crate::api::Uid;
use crate::api::quantity::Quantity;

/// What a node may run out of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Resource {
    Memory,
    Disk,
}

impl Resource {
    /// As a request names it.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Memory => "memory",
            Resource::Disk => "ephemeral-storage",
        }
    }

    /// The condition of a node that lacks it.
    pub fn condition(self) -> &'static str {
        match self {
            Resource::Memory => "MemoryPressure",
            Resource::Disk => "DiskPressure",
        }
    }

    /// Below this kubelet evicts: 100 MiB of memory, a tenth of the disk.
    pub fn threshold(self, capacity: u64) -> u64 {
        match self {
            Resource::Memory => 100 << 20,
            Resource::Disk => capacity / 10,
        }
    }
}

/// What is left of a resource on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Observed {
    pub capacity: u64,
    pub available: u64,
}

impl Observed {
    pub fn is_short(self, of: Resource) -> bool {
        self.available < of.threshold(self.capacity)
    }
}

/// A pod that could go: what it uses and what it asked for, container by container.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub uid: Uid,
    pub priority: i32,
    /// Its node cannot do without it.
    pub critical: bool,
    pub containers: Vec<Use>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    pub container: String,
    pub used: u64,
    pub request: u64,
}

/// From this priority on a pod is critical.
pub const CRITICAL: i32 = 2_000_000_000;

impl Candidate {
    fn used(&self) -> u64 {
        self.containers.iter().map(|c| c.used).sum()
    }
    fn asked(&self) -> u64 {
        self.containers.iter().map(|c| c.request).sum()
    }
    /// By how much it exceeds what it asked for.
    fn over(&self) -> i128 {
        i128::from(self.used()) - i128::from(self.asked())
    }
}

/// What each container of a pod asked for.
pub fn requests(spec: &PodSpec, of: Resource) -> Vec<(String, u64)> {
    let asked = |c: &k8s_openapi::api::core::v1::Container| {
        let list = c.resources.as_ref().and_then(|r| r.requests.as_ref());
        let q = list.and_then(|r| r.get(of.name())).and_then(|q| Quantity::parse(&q.0));
        q.map_or(0, |q| u64::try_from(q.units()).unwrap_or(0))
    };
    spec.containers.iter().map(|c| (c.name.clone(), asked(c))).collect()
}

/// The pods in the order in which they go: first those that use more than they asked for, of these the less important ones, of
/// these the one that exceeds its request by most. Critical ones stay.
pub fn rank(mut pods: Vec<Candidate>) -> Vec<Candidate> {
    pods.retain(|p| !p.critical && p.priority < CRITICAL);
    pods.sort_by_key(|p| (p.over() <= 0, p.priority, Reverse(p.over()), p.uid));
    pods
}

/// Why a pod goes.
pub fn message(of: Resource, seen: Observed, pod: &Candidate) -> String {
    let name = of.name();
    let mut text = format!(
        "The node was low on resource: {name}. Threshold quantity: {}, available: {}. ",
        amount(of.threshold(seen.capacity)),
        kibi(seen.available)
    );
    for c in pod.containers.iter().filter(|c| c.used > c.request) {
        text.push_str(&format!(
            "Container {} was using {}, request is {}, has larger consumption of {name}. ",
            c.container,
            amount(c.used),
            amount(c.request)
        ));
    }
    text
}

/// Why a pod is not taken in at all.
pub fn refusal(short_of: &[Resource]) -> String {
    let conditions: Vec<&str> = short_of.iter().map(|r| r.condition()).collect();
    format!("The node had condition: [{}]. ", conditions.join(" "))
}

fn amount(bytes: u64) -> String {
    Quantity::from_bytes(i64::try_from(bytes).unwrap_or(i64::MAX)).to_string()
}

/// Whole kibibytes, as the kernel counts.
fn kibi(bytes: u64) -> String {
    amount(bytes >> 10 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str, priority: i32, used: u64, request: u64) -> Candidate {
        let containers = vec![Use { container: "c".into(), used: used << 20, request: request << 20 }];
        Candidate { uid: Uid::of(uid), priority, critical: false, containers }
    }

    #[test]
    fn who_exceeds_its_request_goes_first_then_who_matters_less_then_who_exceeds_it_most() {
        let pods = vec![
            pod("modest", 0, 50, 60),
            pod("greedy", 0, 90, 10),
            pod("greedier", 0, 190, 10),
            pod("important", 1000, 900, 10),
            pod("system", CRITICAL, 900, 0),
            Candidate { critical: true, ..pod("static", 0, 900, 0) },
        ];
        let order: Vec<Uid> = rank(pods).iter().map(|p| p.uid).collect();
        assert_eq!(order, ["greedier", "greedy", "important", "modest"].map(Uid::of));
    }

    #[test]
    fn the_words_are_kubelets_own() {
        let seen = Observed { capacity: 8 << 30, available: 60 << 20 };
        assert!(seen.is_short(Resource::Memory));
        assert_eq!(
            message(Resource::Memory, seen, &pod("p", 0, 90, 10)),
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container c was using 90Mi, request is 10Mi, has larger consumption of memory. "
        );
        assert_eq!(refusal(&[Resource::Disk]), "The node had condition: [DiskPressure]. ");
    }
}
