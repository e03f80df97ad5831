//! SchedulingGates: a pod waits until somebody has taken all its gates away. The API server has said so in its conditions.
//! Real Kubernetes: pkg/scheduler/framework/plugins/schedulinggates.

use crate::api::kinds::Pod;

/// The names of the gates that are still shut.
pub fn gates(pod: &Pod) -> Vec<String> {
    let gates = pod.spec.iter().flat_map(|s| s.scheduling_gates.iter().flatten());
    gates.map(|g| g.name.clone()).collect()
}
