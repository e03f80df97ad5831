//! v1 Pod: names, defaults, validation, update rules, columns.
//! Real Kubernetes: pkg/apis/core/v1/defaults.go SetDefaults_Pod, pkg/registry/core/pod/strategy.go, printers printPod.

use k8s_openapi::api::core::v1::{ContainerStatus, PodStatus};

use super::Pod;
use super::pod_spec;
use super::updates::status_only;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::pods;
use crate::api::table::{Cell, Column};
use crate::api::time::{Time, human};

pub static KIND: Kind<Pod> = Kind {
    short_names: &["po"],
    categories: &["all"],
    subresources: &[
        Subresource::Attach, Subresource::Binding, Subresource::EphemeralContainers, Subresource::Eviction, Subresource::Exec,
        Subresource::Log, Subresource::PortForward, Subresource::Proxy, Subresource::Resize, Subresource::Status,
    ],
    generation: true,
    defaults,
    prepare_create,
    prepare_update: |new, old| new.status = old.status.clone(),
    prepare_status: |new, old| status_only((&mut new.metadata, &mut new.spec), (&old.metadata, &old.spec)),
    spec_changed: |new, old| new.spec != old.spec,
    validate: |p, errors| {
        if let Some(s) = &p.spec {
            pod_spec::validate_spec(s, s.node_name.as_deref(), &Path::new("spec"), errors);
            pod_spec::validate_images(s, &Path::new("spec"), errors);
        } else {
            errors.required(&Path::new("spec").child("containers"), "");
        }
        validate_deletion_cost(p, errors);
        // Only what is stored has a revision.
        let ephemeral = p.spec.as_ref().and_then(|s| s.ephemeral_containers.as_ref()).is_some_and(|e| !e.is_empty());
        if ephemeral && p.metadata.resource_version.is_none() {
            errors.forbidden(&Path::new("spec").child("ephemeralContainers"), "cannot be set on create");
        }
    },
    validate_update,
    columns: &[
        Column::name(),
        Column::text("Ready", "The aggregate readiness state of this pod for accepting traffic.", |p, _| Cell::from(ready_column(p))),
        Column::text("Status", "The aggregate status of the containers in this pod.", |p, _| Cell::from(status_column(p))),
        Column::text("Restarts", "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.", |p, now| Cell::from(restarts_column(p, now))),
        Column::age(),
        Column::wide_text("IP", "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.", |p, _| Cell::from(or_none(pods::ip(p)))),
        Column::wide_text("Node", "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename", |p, _| Cell::from(or_none(pods::node(p)))),
        Column::wide_text("Nominated Node", "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.", |p, _| Cell::from(or_none(p.status.as_ref().and_then(|s| s.nominated_node_name.as_deref()).unwrap_or("")))),
        Column::wide_text("Readiness Gates", "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates", |p, _| Cell::from(gates_column(p))),
    ],
    selectable: &["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"],
    field,
    grace: |p| p.spec.as_ref().and_then(|s| s.termination_grace_period_seconds),
    ..Kind::new(("", "v1"), "Pod", "pods", "pod")
};

fn or_none(s: &str) -> &str {
    if s.is_empty() { "<none>" } else { s }
}

fn defaults(p: &mut Pod) {
    let spec = p.spec.get_or_insert_default();
    pod_spec::default_spec(spec);
    pod_spec::default_requests(spec);
    spec.enable_service_links.get_or_insert(true);
}

fn prepare_create(p: &mut Pod) {
    let qos_class = Some(pods::qos_class(p).into());
    p.status = Some(PodStatus { phase: Some("Pending".into()), qos_class, ..PodStatus::default() }.into());
}

/// How dear a pod is to its ReplicaSet is a whole number, written plainly.
fn validate_deletion_cost(p: &Pod, errors: &mut FieldErrors) {
    const COST: &str = "controller.kubernetes.io/pod-deletion-cost";
    let Some(text) = p.metadata.annotations.as_ref().and_then(|a| a.get(COST)) else { return };
    if text.parse::<i32>().is_ok_and(|n| n.to_string() == *text) {
        return;
    }
    errors.invalid(&Path::new("metadata").child("annotations").key(COST), text.as_str(), "must be a 32bit integer");
}

/// Of a running pod's spec hardly anything may change.
fn validate_update(new: &Pod, old: &Pod, errors: &mut FieldErrors) {
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    if n == o {
        return;
    }
    let at = Path::new("spec");
    if n.containers.len() != o.containers.len() {
        errors.forbidden(&at.child("containers"), "pod updates may not add or remove containers");
        return;
    }
    let mut munged = n.clone();
    for (m, old) in munged.containers.iter_mut().zip(&o.containers) {
        m.image = old.image.clone();
    }
    for (m, old) in munged.init_containers.iter_mut().flatten().zip(o.init_containers.iter().flatten()) {
        m.image = old.image.clone();
    }
    munged.active_deadline_seconds = o.active_deadline_seconds;
    let added_only = o.tolerations.iter().flatten().all(|t| n.tolerations.iter().flatten().any(|x| x == t));
    if added_only {
        munged.tolerations = o.tolerations.clone();
    }
    if o.termination_grace_period_seconds.is_some_and(|s| s < 0) {
        munged.termination_grace_period_seconds = o.termination_grace_period_seconds;
    }
    if munged != *o {
        let json = |s| {
            let mut v = serde_json::to_value(s).unwrap_or_default();
            if let Some(t) = crate::api::schema::TypeId::by_name("core/v1.PodSpec") {
                crate::api::canonical::fill(&mut v, t);
            }
            v
        };
        errors.forbidden(&at, format!("pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n{}", go_diff(&json(o), &json(&munged))));
    }
}

/// The changed fields of two specs. Real Kubernetes prints `cmp.Diff` of the Go structs here.
fn go_diff(old: &serde_json::Value, new: &serde_json::Value) -> String {
    let mut out = vec![];
    if let (Some(o), Some(n)) = (old.as_object(), new.as_object()) {
        for (k, v) in n {
            if o.get(k) != Some(v) {
                out.push(format!("-\t{k}: {}\n+\t{k}: {v}", o.get(k).unwrap_or(&serde_json::Value::Null)));
            }
        }
    }
    out.join("\n")
}

fn field(p: &Pod, name: &str) -> Option<String> {
    let spec = p.spec.as_ref();
    let status = p.status.as_ref();
    match name {
        "spec.nodeName" => spec.and_then(|s| s.node_name.as_ref().map(ToString::to_string)),
        "spec.restartPolicy" => spec.and_then(|s| s.restart_policy.clone()),
        "spec.schedulerName" => spec.and_then(|s| s.scheduler_name.clone()),
        "spec.serviceAccountName" => spec.and_then(|s| s.service_account_name.clone()),
        "spec.hostNetwork" => Some(spec.and_then(|s| s.host_network).unwrap_or(false).to_string()),
        "status.phase" => status.and_then(|s| s.phase.clone()),
        "status.podIP" => status.and_then(|s| s.pod_ip.clone()),
        "status.nominatedNodeName" => status.and_then(|s| s.nominated_node_name.clone()),
        _ => None,
    }
    .or_else(|| Some(String::new()))
}

fn containers(p: &Pod) -> &[ContainerStatus] {
    p.status.as_ref().and_then(|s| s.container_statuses.as_deref()).unwrap_or_default()
}

fn init_statuses(p: &Pod) -> &[ContainerStatus] {
    p.status.as_ref().and_then(|s| s.init_container_statuses.as_deref()).unwrap_or_default()
}

/// Whether that init container is a sidecar: it keeps running beside the others.
fn is_sidecar(p: &Pod, name: &str) -> bool {
    p.spec.iter().flat_map(|s| s.init_containers.iter().flatten()).any(|c| c.name == name && c.restart_policy.as_deref() == Some("Always"))
}

fn ready_column(p: &Pod) -> String {
    let sidecars = p.spec.iter().flat_map(|s| s.init_containers.iter().flatten()).filter(|c| c.restart_policy.as_deref() == Some("Always")).count();
    let total = p.spec.as_ref().map_or(0, |s| s.containers.len()) + sidecars;
    let ready = containers(p).iter().filter(|c| c.ready && c.state.as_ref().is_some_and(|s| s.running.is_some())).count()
        + init_statuses(p).iter().filter(|c| is_sidecar(p, &c.name) && c.ready).count();
    format!("{ready}/{total}")
}

/// The word in the STATUS column: a summary that `kubectl get` makes, not a field of the pod.
pub fn status_column(p: &Pod) -> String {
    let status = p.status.clone().unwrap_or_default();
    let mut reason = status.reason.clone().filter(|r| !r.is_empty()).unwrap_or_else(|| status.phase.clone().unwrap_or_default());
    for c in status.conditions.iter().flatten() {
        if c.type_ == "PodScheduled" && c.reason.as_deref() == Some("SchedulingGated") {
            reason = "SchedulingGated".into();
        }
    }
    let mut initializing = false;
    let inits = init_statuses(p);
    for (i, c) in inits.iter().enumerate() {
        let state = c.state.clone().unwrap_or_default();
        if state.terminated.as_ref().is_some_and(|t| t.exit_code == 0) || (is_sidecar(p, &c.name) && c.started == Some(true)) {
            continue;
        }
        initializing = true;
        reason = match (&state.terminated, &state.waiting) {
            (Some(t), _) => match (t.reason.as_deref().unwrap_or(""), t.signal.unwrap_or(0)) {
                ("", 0) => format!("Init:ExitCode:{}", t.exit_code),
                ("", s) => format!("Init:Signal:{s}"),
                (r, _) => format!("Init:{r}"),
            },
            (None, Some(w)) if !matches!(w.reason.as_deref().unwrap_or(""), "" | "PodInitializing") => {
                format!("Init:{}", w.reason.as_deref().unwrap_or(""))
            }
            _ => format!("Init:{i}/{}", p.spec.as_ref().and_then(|s| s.init_containers.as_ref()).map_or(0, Vec::len)),
        };
        break;
    }
    let initialized = status.conditions.iter().flatten().any(|c| c.type_ == "Initialized" && c.status == "True");
    if !initializing || initialized {
        let mut has_running = false;
        for c in containers(p).iter().rev() {
            let state = c.state.clone().unwrap_or_default();
            if let Some(w) = state.waiting.as_ref().and_then(|w| w.reason.clone()).filter(|r| !r.is_empty()) {
                reason = w;
            } else if let Some(t) = &state.terminated {
                reason = match (t.reason.as_deref().unwrap_or(""), t.signal.unwrap_or(0)) {
                    ("", 0) => format!("ExitCode:{}", t.exit_code),
                    ("", s) => format!("Signal:{s}"),
                    (r, _) => r.to_string(),
                };
            } else if c.ready && state.running.is_some() {
                has_running = true;
            }
        }
        if reason == "Completed" && has_running {
            let ready = status.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
            reason = if ready { "Running" } else { "NotReady" }.into();
        }
    }
    if p.metadata.deletion_timestamp.is_some() {
        if status.reason.as_deref() == Some("NodeLost") {
            return "Unknown".into();
        }
        if !matches!(status.phase.as_deref(), Some("Failed" | "Succeeded")) {
            return "Terminating".into();
        }
    }
    reason
}

fn restarts_column(p: &Pod, now: Time) -> String {
    let finished = |c: &ContainerStatus| {
        c.last_state.as_ref().and_then(|s| s.terminated.as_ref()).and_then(|t| t.finished_at.as_ref()).map(Time::from_meta)
    };
    let sidecars: Vec<&ContainerStatus> = init_statuses(p).iter().filter(|c| is_sidecar(p, &c.name)).collect();
    let plain_inits: Vec<&ContainerStatus> = init_statuses(p).iter().filter(|c| !is_sidecar(p, &c.name)).collect();
    let initializing = init_statuses(p).iter().any(|c| {
        let done = c.state.as_ref().and_then(|s| s.terminated.as_ref()).is_some_and(|t| t.exit_code == 0);
        !(done || is_sidecar(p, &c.name) && c.started == Some(true))
    });
    let mains = containers(p);
    let counted: Vec<&ContainerStatus> = if initializing && mains.iter().all(|c| c.restart_count == 0) {
        plain_inits.into_iter().chain(sidecars).collect()
    } else {
        mains.iter().chain(sidecars).collect()
    };
    let restarts: i32 = counted.iter().map(|c| c.restart_count).sum();
    match counted.iter().filter_map(|c| finished(c)).max() {
        Some(t) if restarts != 0 => format!("{restarts} ({} ago)", human(now.since(t))),
        _ => restarts.to_string(),
    }
}

fn gates_column(p: &Pod) -> String {
    let gates: Vec<&str> = p.spec.iter().flat_map(|s| s.readiness_gates.iter().flatten()).map(|g| g.condition_type.as_str()).collect();
    if gates.is_empty() {
        return "<none>".into();
    }
    let conditions = p.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let met = conditions.filter(|c| gates.contains(&c.type_.as_str()) && c.status == "True").count();
    format!("{met}/{}", gates.len())
}
