//! NodeResourcesBalancedAllocation: CPU and memory should fill up evenly. A node gets more where the pod makes it more even than
//! it is, and less where it makes it less so.
//! Real Kubernetes: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.

use crate::api::pods::Resources;
use crate::scheduler::framework::{MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot};

pub struct BalancedAllocation;

impl Score for BalancedAllocation {
    /// A pod that asks for nothing cannot unbalance anything.
    fn applies(&self, pod: &PodInfo, _: &Snapshot<'_>) -> bool {
        pod.requests.milli_cpu > 0 || pod.requests.memory > 0
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let balance = |n: &NodeInfo, own: &Resources| {
            let cpu = share(n.requested.milli_cpu, own.milli_cpu, n.allocatable.milli_cpu);
            let memory = share(n.requested.memory, own.memory, n.allocatable.memory);
            // The standard deviation of two numbers is half their distance; one alone does not deviate.
            let deviation = cpu.zip(memory).map_or(0.0, |(cpu, memory)| (cpu - memory).abs() / 2.0);
            ((1.0 - deviation) * MAX_SCORE as f64) as i64
        };
        let nothing = Resources::default();
        let gain = |n: &NodeInfo| balance(n, &pod.requests) - balance(n, &nothing);
        nodes.iter().map(|n| MAX_SCORE / 2 + (MAX_SCORE / 2 + gain(n)) / 2).collect()
    }
}

/// How much of a resource is taken; nothing of what is not there.
fn share(used: i128, own: i64, all: i64) -> Option<f64> {
    (all != 0).then(|| ((used + i128::from(own)) as f64 / all as f64).min(1.0))
}
