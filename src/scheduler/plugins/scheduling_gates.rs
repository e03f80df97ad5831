//! SchedulingGates: a pod waits until somebody has taken all its gates away. The API server has said so in its conditions.
//! Real Kubernetes: pkg/scheduler/framework/plugins/schedulinggates.

use crate::scheduler::framework::PodInfo;

/// The names of the gates that are still shut.
pub fn gates(pod: &PodInfo) -> Vec<String> {
    let gates = pod.pod().spec.iter().flat_map(|s| s.scheduling_gates.iter().flatten());
    gates.map(|g| g.name.clone()).collect()
}
