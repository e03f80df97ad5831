//! Where a pod stands among others when there are too many: what has done the least goes first.
//! Real Kubernetes: pkg/controller/controller_utils.go ActivePods, compareMaxContainerRestarts.

use std::cmp::Reverse;

use crate::api::kinds::Pod;
use crate::api::{Time, pods};

/// The least goes first, and the first difference decides.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Standing {
    pub assigned: bool,
    pub phase: Phase,
    pub ready: bool,
    /// What has been ready for a shorter time goes first.
    pub ready_since: Option<Reverse<Time>>,
    /// The most restarts of a container, and of a sidecar: the more, the sooner it goes.
    pub restarts: Reverse<(i32, i32)>,
    pub created: Option<Reverse<Time>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    Pending,
    Unknown,
    Running,
}

impl Standing {
    pub fn of(p: &Pod) -> Standing {
        Standing {
            assigned: !pods::node(p).is_empty(),
            phase: match pods::phase(p) {
                "Running" => Phase::Running,
                "Unknown" => Phase::Unknown,
                _ => Phase::Pending,
            },
            ready: pods::is_ready(p),
            ready_since: pods::ready_since(p).map(Reverse),
            restarts: Reverse(most_restarts(p)),
            created: p.metadata.creation_timestamp.as_ref().map(Time::from_meta).map(Reverse),
        }
    }
}

fn most_restarts(p: &Pod) -> (i32, i32) {
    let containers = p.status.iter().flat_map(|s| s.container_statuses.iter().flatten());
    let sidecars = p.status.iter().flat_map(|s| s.init_container_statuses.iter().flatten());
    let sidecars = sidecars.filter(|c| pods::has_sidecar(p, &c.name)).map(|c| c.restart_count);
    (containers.map(|c| c.restart_count).max().unwrap_or(0), sidecars.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(restarts: [i32; 3]) -> Pod {
        let status = |name: &str, n: i32| -> Value {
            json!({"name": name, "image": "", "imageID": "", "ready": true, "restartCount": n})
        };
        serde_json::from_value(json!({"metadata": {"name": "p"},
            "spec": {"nodeName": "n", "containers": [{"name": "c"}],
                "initContainers": [{"name": "once"}, {"name": "beside", "restartPolicy": "Always"}]},
            "status": {"phase": "Running", "containerStatuses": [status("c", restarts[0])],
                "initContainerStatuses": [status("once", restarts[1]), status("beside", restarts[2])]}}))
        .unwrap()
    }

    #[test]
    fn restarts_of_sidecars_decide_after_those_of_containers() {
        let standing = |restarts: [i32; 3]| Standing::of(&pod(restarts));
        assert!(standing([2, 0, 0]) < standing([1, 0, 9]));
        assert!(standing([1, 0, 3]) < standing([1, 0, 2]));
        assert_eq!(standing([1, 5, 2]), standing([1, 0, 2]), "who starts once and ends is no sidecar");
    }
}
