//! NodeResourcesBalancedAllocation: CPU and memory should fill up evenly.
//! Real Kubernetes: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.

use crate::scheduler::framework::{MAX_SCORE, NodeInfo, PodInfo, Score, Snapshot};

pub struct BalancedAllocation;

impl Score for BalancedAllocation {
    /// A pod that asks for nothing cannot unbalance anything.
    fn applies(&self, pod: &PodInfo, _: &Snapshot<'_>) -> bool {
        pod.requests.milli_cpu > 0 || pod.requests.memory > 0
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let share = |used: i128, own: i64, all: i64| {
            if all == 0 { 0.0 } else { ((used + i128::from(own)) as f64 / all as f64).min(1.0) }
        };
        nodes
            .iter()
            .map(|n| {
                let cpu = share(n.requested.milli_cpu, pod.requests.milli_cpu, n.allocatable.milli_cpu);
                let memory = share(n.requested.memory, pod.requests.memory, n.allocatable.memory);
                // The standard deviation of two numbers is half their distance.
                let deviation = (cpu - memory).abs() / 2.0;
                ((1.0 - deviation) * MAX_SCORE as f64) as i64
            })
            .collect()
    }
}
