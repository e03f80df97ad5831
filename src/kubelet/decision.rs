//! What a kubelet did with a pod, and why.

use super::eviction::Resource;
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
    /// A container was added to a running pod, to look into it.
    Joined {
        pod: Key,
        node: String,
        container: String,
        /// The container whose processes it sees.
        whose: Option<String>,
    },
    /// What the container's definition wants done after its start, or before its end, failed.
    HookFailed {
        pod: Key,
        node: String,
        container: String,
        before_end: bool,
    },
    /// All others have ended: now it is a sidecar's turn.
    SidecarStops {
        pod: Key,
        node: String,
        container: String,
    },
    /// The node has a range of addresses, and its network works.
    Network {
        node: String,
        range: String,
    },
    /// It has been active for longer than it may be.
    Overdue {
        pod: Key,
        node: String,
    },
    /// Volumes could not be mounted: nothing starts before they are.
    NotMounted {
        pod: Key,
        node: String,
        reason: String,
    },
    /// What a volume holds was brought up to date.
    Refreshed {
        pod: Key,
        node: String,
        volumes: Vec<String>,
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
        /// It did not stop by itself.
        killed: bool,
    },
    CannotStop {
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
    /// The programs of a pod hang, or go on.
    Hangs {
        pod: Key,
        node: String,
        hung: bool,
    },
    /// Its clock is so far behind from now on.
    Clock {
        node: String,
        behind: Duration,
    },
    /// The node runs short of something: so much is left.
    Pressure {
        node: String,
        of: Resource,
        left: u64,
    },
    Relieved {
        node: String,
    },
    Evicted {
        pod: Key,
        node: String,
        of: Resource,
        /// It uses more than it asked for.
        exceeds: bool,
        priority: i32,
    },
    /// It came to a node that is short of something.
    Refused {
        pod: Key,
        node: String,
    },
    /// A machine has become a node of the cluster.
    NodeJoined {
        node: String,
    },
    /// The machine has lost its power, or has it again.
    PowerOff {
        node: String,
        pods: usize,
    },
    PowerOn {
        node: String,
        pods: usize,
    },
    Up {
        node: String,
        pods: usize,
    },
    /// The mirror of a static pod had gone, and was made anew.
    Mirrored {
        pod: Key,
        node: String,
    },
    /// It cannot reach the API server any more, or again.
    Connection {
        node: String,
        pods: usize,
        lost: bool,
        /// Nobody answers; otherwise somebody does, but cannot store it.
        refused: bool,
    },
}

impl KubeletDecision {
    /// The message, the pod and the node.
    fn told(&self) -> (&'static str, Option<&Key>, &str) {
        use KubeletDecision as D;
        let either = |holds: bool, yes, no| if holds { yes } else { no };
        match self {
            D::Started { pod, node, pulled, .. } => {
                (either(pulled.is_empty(), "kubelet-started-present", "kubelet-started"), Some(pod), node)
            }
            D::Joined { pod, node, whose, .. } => {
                (either(whose.is_some(), "kubelet-joined-processes", "kubelet-joined"), Some(pod), node)
            }
            D::HookFailed { pod, node, before_end, .. } => {
                (either(*before_end, "kubelet-pre-stop-failed", "kubelet-post-start-failed"), Some(pod), node)
            }
            D::SidecarStops { pod, node, .. } => ("kubelet-sidecar-stops", Some(pod), node),
            D::Network { node, .. } => ("kubelet-network", None, node),
            D::Overdue { pod, node } => ("kubelet-overdue", Some(pod), node),
            D::NotMounted { pod, node, .. } => ("kubelet-not-mounted", Some(pod), node),
            D::Refreshed { pod, node, .. } => ("kubelet-refreshed", Some(pod), node),
            D::PullFailed { pod, node, .. } => ("kubelet-pull-failed", Some(pod), node),
            D::PullWaits { pod, node, .. } => ("kubelet-pull-waits", Some(pod), node),
            D::Exited { pod, node, restarts, .. } => {
                (either(*restarts, "kubelet-exited", "kubelet-exited-for-good"), Some(pod), node)
            }
            D::Waits { pod, node, .. } => ("kubelet-waits", Some(pod), node),
            D::Restarted { pod, node, .. } => ("kubelet-restarted", Some(pod), node),
            D::Stopping { pod, node, running, .. } => {
                (either(*running == 0, "kubelet-nothing-to-stop", "kubelet-stopping"), Some(pod), node)
            }
            D::Gone { pod, node, killed } => (either(*killed, "kubelet-gone-killed", "kubelet-gone"), Some(pod), node),
            D::CannotStop { pod, node } => ("kubelet-cannot-stop", Some(pod), node),
            D::Unhealthy { pod, node, kills, .. } => {
                (either(*kills, "kubelet-unhealthy-kill", "kubelet-unhealthy"), Some(pod), node)
            }
            D::Ready { pod, node, ready } => (either(*ready, "kubelet-ready", "kubelet-unready"), Some(pod), node),
            D::CannotStart { pod, node, .. } => ("kubelet-cannot-start", Some(pod), node),
            D::PowerOff { node, .. } => ("kubelet-power-off", None, node),
            D::NodeJoined { node } => ("kubelet-node-joined", None, node),
            D::PowerOn { node, .. } => ("kubelet-power-on", None, node),
            D::Pressure { node, of, .. } => {
                (either(*of == Resource::Memory, "kubelet-short-of-memory", "kubelet-short-of-disk"), None, node)
            }
            D::Hangs { pod, node, hung } => (either(*hung, "kubelet-hangs", "kubelet-goes-on"), Some(pod), node),
            D::Clock { node, behind } => {
                (either(behind.is_zero(), "kubelet-clock-right", "kubelet-clock-wrong"), None, node)
            }
            D::Relieved { node } => ("kubelet-relieved", None, node),
            D::Evicted { pod, node, exceeds, .. } => {
                (either(*exceeds, "kubelet-evicted", "kubelet-evicted-modest"), Some(pod), node)
            }
            D::Refused { pod, node } => ("kubelet-refused", Some(pod), node),
            D::Down { node } => ("kubelet-down", None, node),
            D::Up { node, .. } => ("kubelet-up", None, node),
            D::Mirrored { pod, node } => ("kubelet-mirrored", Some(pod), node),
            D::Connection { node, lost: true, refused, .. } => {
                (either(*refused, "kubelet-cut-off", "kubelet-not-stored"), None, node)
            }
            D::Connection { node, .. } => ("kubelet-connected", None, node),
        }
    }
}

impl Decision for KubeletDecision {
    fn message(&self) -> &'static str {
        self.told().0
    }
    fn facts(&self) -> Facts {
        use KubeletDecision as D;
        let mut facts: Facts = self.told().1.map(|pod| ("pod", pod.name.to_string().into())).into_iter().collect();
        match self {
            D::Started { pulled, present, containers, ip, .. } => {
                let took: Duration = pulled.iter().map(|(_, d)| *d).sum();
                facts.extend([
                    ("containers", containers.clone().into()),
                    ("ip", ip.as_str().into()),
                    ("pulled", pulled.iter().map(|(i, _)| i.clone()).collect::<Vec<_>>().into()),
                    ("present", present.clone().into()),
                    ("took", took.into()),
                ]);
            }
            D::Joined { container, whose, .. } => facts.extend([
                ("container", container.as_str().into()),
                ("whose", whose.as_deref().unwrap_or_default().into()),
            ]),
            D::HookFailed { container, .. } | D::SidecarStops { container, .. } => {
                facts.push(("container", container.as_str().into()))
            }
            D::NotMounted { reason, .. } => facts.push(("reason", reason.as_str().into())),
            D::Refreshed { volumes, .. } => facts.push(("volumes", volumes.clone().into())),
            D::PullFailed { image, wait, .. } => {
                facts.extend([("image", image.as_str().into()), ("wait", (*wait).into())]);
            }
            D::PullWaits { image, left, .. } => {
                facts.extend([("image", image.as_str().into()), ("left", (*left).into())]);
            }
            D::Exited { container, code, .. } => {
                facts.extend([("container", container.as_str().into()), ("code", (*code).into())]);
            }
            D::Waits { container, left, .. } => {
                facts.extend([("container", container.as_str().into()), ("left", (*left).into())]);
            }
            D::Restarted { container, count, .. } => {
                facts.extend([("container", container.as_str().into()), ("count", (*count).into())]);
            }
            D::Stopping { grace, .. } => facts.push(("grace", (*grace).into())),
            D::Unhealthy { container, probe, detail, .. } => facts.extend([
                ("container", container.as_str().into()),
                ("probe", (*probe).into()),
                ("detail", detail.trim().into()),
            ]),
            D::CannotStart { container, reason, .. } => {
                facts.extend([("container", container.as_str().into()), ("reason", reason.as_str().into())]);
            }
            D::Pressure { left, .. } => facts.push(("left", format!("{} MiB", left >> 20).into())),
            D::Evicted { of, priority, .. } => {
                facts.extend([("resource", of.name().into()), ("priority", (*priority).into())]);
            }
            D::Up { pods, .. } | D::Connection { pods, .. } | D::PowerOff { pods, .. } | D::PowerOn { pods, .. } => {
                facts.push(("pods", (*pods).into()))
            }
            D::Network { range, .. } => facts.push(("range", range.as_str().into())),
            D::Clock { behind, .. } => facts.push(("behind", (*behind).into())),
            D::Relieved { .. }
            | D::Overdue { .. }
            | D::Hangs { .. }
            | D::Refused { .. }
            | D::Gone { .. }
            | D::Mirrored { .. }
            | D::CannotStop { .. }
            | D::Ready { .. }
            | D::NodeJoined { .. }
            | D::Down { .. } => {}
        }
        facts
    }
    fn about(&self) -> Option<Key> {
        self.told().1.cloned()
    }
    fn place(&self) -> Option<&str> {
        Some(self.told().2)
    }
}
