//! What a kubelet did with a pod, and why.

use crate::api::Duration;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum KubeletDecision {
    /// All containers of a pod run.
    Started {
        pod: Key,
        node: String,
        pulled: Vec<(String, Duration)>,
        present: Vec<String>,
        containers: Vec<String>,
        ip: String,
    },
    PullFailed {
        pod: Key,
        node: String,
        image: String,
        wait: Duration,
    },
    PullWaits {
        pod: Key,
        node: String,
        image: String,
        left: Duration,
    },
    Exited {
        pod: Key,
        node: String,
        container: String,
        code: i32,
        restarts: bool,
    },
    Waits {
        pod: Key,
        node: String,
        container: String,
        left: Duration,
    },
    Restarted {
        pod: Key,
        node: String,
        container: String,
        count: i32,
    },
    Stopping {
        pod: Key,
        node: String,
        grace: i64,
        /// Containers that run.
        running: usize,
    },
    Gone {
        pod: Key,
        node: String,
    },
    Unhealthy {
        pod: Key,
        node: String,
        container: String,
        probe: &'static str,
        detail: String,
        kills: bool,
    },
    Ready {
        pod: Key,
        node: String,
        ready: bool,
    },
    CannotStart {
        pod: Key,
        node: String,
        container: String,
        reason: String,
    },
    Down {
        node: String,
    },
    Up {
        node: String,
        pods: usize,
    },
}

impl KubeletDecision {
    fn parts(&self) -> (&'static str, Option<&Key>, &str, Facts) {
        use KubeletDecision as D;
        let name = |k: &Key| k.name.to_string();
        match self {
            D::Started { pod, node, pulled, present, containers, ip } => {
                let mut facts: Facts = vec![
                    ("pod", name(pod).into()),
                    ("containers", containers.clone().into()),
                    ("ip", ip.as_str().into()),
                    ("pulled", pulled.iter().map(|(i, _)| i.clone()).collect::<Vec<_>>().into()),
                    ("present", present.clone().into()),
                ];
                let took: Duration = pulled.iter().map(|(_, d)| *d).sum();
                facts.push(("took", took.into()));
                let message = if pulled.is_empty() { "kubelet-started-present" } else { "kubelet-started" };
                (message, Some(pod), node, facts)
            }
            D::PullFailed { pod, node, image, wait } => (
                "kubelet-pull-failed",
                Some(pod),
                node,
                vec![("pod", name(pod).into()), ("image", image.as_str().into()), ("wait", (*wait).into())],
            ),
            D::PullWaits { pod, node, image, left } => (
                "kubelet-pull-waits",
                Some(pod),
                node,
                vec![("pod", name(pod).into()), ("image", image.as_str().into()), ("left", (*left).into())],
            ),
            D::Exited { pod, node, container, code, restarts } => {
                let message = if *restarts { "kubelet-exited" } else { "kubelet-exited-for-good" };
                (
                    message,
                    Some(pod),
                    node,
                    vec![("pod", name(pod).into()), ("container", container.as_str().into()), ("code", (*code).into())],
                )
            }
            D::Waits { pod, node, container, left } => (
                "kubelet-waits",
                Some(pod),
                node,
                vec![("pod", name(pod).into()), ("container", container.as_str().into()), ("left", (*left).into())],
            ),
            D::Restarted { pod, node, container, count } => (
                "kubelet-restarted",
                Some(pod),
                node,
                vec![("pod", name(pod).into()), ("container", container.as_str().into()), ("count", (*count).into())],
            ),
            D::Stopping { pod, node, grace, running } => {
                let message = if *running == 0 { "kubelet-nothing-to-stop" } else { "kubelet-stopping" };
                (message, Some(pod), node, vec![("pod", name(pod).into()), ("grace", (*grace).into())])
            }
            D::Gone { pod, node } => ("kubelet-gone", Some(pod), node, vec![("pod", name(pod).into())]),
            D::Unhealthy { pod, node, container, probe, detail, kills } => {
                let message = if *kills { "kubelet-unhealthy-kill" } else { "kubelet-unhealthy" };
                let facts = vec![
                    ("pod", name(pod).into()),
                    ("container", container.as_str().into()),
                    ("probe", (*probe).into()),
                    ("detail", detail.trim().into()),
                ];
                (message, Some(pod), node, facts)
            }
            D::Ready { pod, node, ready } => {
                let message = if *ready { "kubelet-ready" } else { "kubelet-unready" };
                (message, Some(pod), node, vec![("pod", name(pod).into())])
            }
            D::CannotStart { pod, node, container, reason } => {
                let facts = vec![
                    ("pod", name(pod).into()),
                    ("container", container.as_str().into()),
                    ("reason", reason.as_str().into()),
                ];
                ("kubelet-cannot-start", Some(pod), node, facts)
            }
            D::Down { node } => ("kubelet-down", None, node, vec![]),
            D::Up { node, pods } => ("kubelet-up", None, node, vec![("pods", (*pods).into())]),
        }
    }
}

impl Decision for KubeletDecision {
    fn message(&self) -> &'static str {
        self.parts().0
    }
    fn facts(&self) -> Facts {
        self.parts().3
    }
    fn about(&self) -> Option<Key> {
        self.parts().1.cloned()
    }
    fn place(&self) -> Option<&str> {
        Some(self.parts().2)
    }
}
