//! The columns of pods.
//! Real Kubernetes: pkg/printers/internalversion/printers.go printPod.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus};

use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::{items, text};
use crate::api::pods;
use crate::api::table::{Cell, Column};
use crate::api::time::{Time, ago};

pub const COLUMNS: &[Column<Pod>] = &[
    Column::name(),
    Column::text("Ready", "The aggregate readiness state of this pod for accepting traffic.", |p, _| Cell::from(Summary::of(p).ready())),
    Column::text("Status", "The aggregate status of the containers in this pod.", |p, _| Cell::from(Summary::of(p).status)),
    Column::text("Restarts", "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.", |p, now| Cell::from(Summary::of(p).restarts(now))),
    Column::age(),
    Column::wide_text("IP", "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.", |p, _| Cell::from(or_none(pods::ip(p)))),
    Column::wide_text("Node", "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename", |p, _| Cell::from(or_none(pods::node(p)))),
    Column::wide_text("Nominated Node", "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.", |p, _| Cell::from(or_none(p.status.as_ref().and_then(|s| s.nominated_node_name.as_deref()).unwrap_or("")))),
    Column::wide_text("Readiness Gates", "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates", |p, _| Cell::from(gates_column(p))),
];

fn or_none(s: &str) -> &str {
    if s.is_empty() { "<none>" } else { s }
}

/// What `kubectl get` makes of a pod's containers: the columns READY, STATUS and RESTARTS.
pub struct Summary {
    ready: usize,
    total: usize,
    /// A word for how the pod is, which is no field of it.
    pub status: String,
    restarts: Restarts,
}

/// How often containers were restarted, and when the last of them was.
#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i32,
    last: Option<Time>,
}

impl Restarts {
    fn add(&mut self, c: &ContainerStatus) {
        self.count += c.restart_count;
        let ended = c.last_state.as_ref().and_then(|s| s.terminated.as_ref()?.finished_at.as_ref()).map(Time::from_meta);
        self.last = self.last.max(ended);
    }
}

impl Summary {
    pub fn of(p: &Pod) -> Summary {
        let none = PodStatus::default();
        let status = p.status.as_deref().unwrap_or(&none);
        let sidecars = p.spec.iter().flat_map(|s| items(&s.init_containers)).filter(|c| text(&c.restart_policy) == "Always");
        let total = p.spec.as_ref().map_or(0, |s| s.containers.len()) + sidecars.count();
        let word = if text(&status.reason).is_empty() { text(&status.phase) } else { text(&status.reason) };
        let mut s = Summary { ready: 0, total, status: word.into(), restarts: Restarts::default() };
        if items(&status.conditions)
            .iter()
            .any(|c| c.type_ == "PodScheduled" && c.reason.as_deref() == Some("SchedulingGated"))
        {
            s.status = "SchedulingGated".into();
        }
        let mut sidecars = Restarts::default();
        let initializing = s.look_at_init_containers(p, status, &mut sidecars);
        if !initializing || holds(status, "Initialized") {
            s.restarts = sidecars;
            s.look_at_containers(status);
        }
        s.look_at_deletion(p, status);
        s
    }

    /// Tells whether one of them has still to end, or, of a sidecar, to start.
    fn look_at_init_containers(&mut self, p: &Pod, status: &PodStatus, sidecars: &mut Restarts) -> bool {
        let none = ContainerState::default();
        for (i, c) in items(&status.init_container_statuses).iter().enumerate() {
            self.restarts.add(c);
            let state = c.state.as_ref().unwrap_or(&none);
            let sidecar = pods::has_sidecar(p, &c.name);
            if sidecar {
                sidecars.add(c);
            }
            if sidecar && c.started == Some(true) {
                let done = state.terminated.as_ref().is_some_and(|t| t.exit_code == 0);
                self.ready += usize::from(c.ready && !done);
                continue;
            }
            let waiting = state.waiting.as_ref().map_or("", |w| text(&w.reason));
            self.status = match &state.terminated {
                Some(t) if t.exit_code == 0 => continue,
                Some(_) => format!("Init:{}", end_of(state)),
                None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}"),
                None => {
                    let all = p.spec.as_ref().map_or(0, |s| items(&s.init_containers).len());
                    format!("Init:{i}/{all}")
                }
            };
            return true;
        }
        false
    }

    fn look_at_containers(&mut self, status: &PodStatus) {
        let (mut running, mut failure) = (false, None);
        for c in items(&status.container_statuses).iter().rev() {
            self.restarts.add(c);
            let Some(state) = &c.state else { continue };
            let waiting = state.waiting.as_ref().map_or("", |w| text(&w.reason));
            if !waiting.is_empty() {
                self.status = waiting.into();
            } else if let Some(t) = &state.terminated {
                self.status = end_of(state);
                if t.exit_code != 0 {
                    failure = Some(self.status.clone());
                }
            } else if c.ready && state.running.is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.status == "Completed" {
            if running && holds(status, "Ready") {
                self.status = "Running".into();
            } else if let Some(failure) = failure {
                self.status = failure;
            } else if running {
                self.status = "NotReady".into();
            }
        }
    }

    fn look_at_deletion(&mut self, p: &Pod, status: &PodStatus) {
        if p.metadata.deletion_timestamp.is_none() {
            return;
        }
        if text(&status.reason) == "NodeLost" {
            self.status = "Unknown".into();
        } else if !pods::is_terminal(p) {
            self.status = "Terminating".into();
        }
    }

    fn ready(&self) -> String {
        format!("{}/{}", self.ready, self.total)
    }

    fn restarts(&self, now: Time) -> String {
        match self.restarts.last {
            Some(t) if self.restarts.count != 0 => format!("{} ({} ago)", self.restarts.count, ago(t, now)),
            _ => self.restarts.count.to_string(),
        }
    }
}

/// How a container ended: in a word, or by its signal or exit code.
fn end_of(state: &ContainerState) -> String {
    let Some(t) = &state.terminated else { return String::new() };
    match (text(&t.reason), t.signal.unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", t.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.into(),
    }
}

fn holds(status: &PodStatus, condition: &str) -> bool {
    pods::condition(status, condition).is_some_and(|c| c.status == "True")
}

fn gates_column(p: &Pod) -> String {
    let gates = p.spec.as_ref().map_or(&[][..], |s| items(&s.readiness_gates));
    if gates.is_empty() {
        return "<none>".into();
    }
    let met = gates.iter().filter(|g| p.status.as_ref().is_some_and(|s| holds(s, &g.condition_type))).count();
    format!("{met}/{}", gates.len())
}
