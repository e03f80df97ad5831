//! The pod's status, out of what the runtime says and what the last sync left behind.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go generateAPIPodStatus, pkg/kubelet/status/generate.go.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus,
    ContainerUser, HostIP, LinuxContainerUser, PodIP, PodSpec, PodStatus, VolumeMountStatus,
};

use super::deadline;
use super::resources;
use super::roles::{self, Role};
use super::worker::{Instance, Phase, Worker};
use crate::api::Time;
use crate::api::conditions;
use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::ops::ExitInfo;
use crate::api::pods;

fn terminated(i: &Instance, exit: &ExitInfo) -> ContainerStateTerminated {
    ContainerStateTerminated {
        container_id: Some(format!("containerd://{}", i.id)),
        exit_code: exit.code,
        reason: Some(exit.reason.into()),
        message: (!exit.message.is_empty()).then(|| exit.message.clone()),
        // A container that could not be started has no start.
        started_at: Some(i.started.map_or(Time::from_nanos(0), |t| t).meta()),
        finished_at: Some(exit.at.meta()),
        signal: None,
    }
}

/// Whether the pod's policy starts a container again that ended so.
pub fn restarts(pod: &Pod, c: &Container, code: i32, role: Role) -> bool {
    if role == Role::Ephemeral {
        return false;
    }
    if pods::is_sidecar(c) {
        return true;
    }
    match pod.spec.as_ref().and_then(|s| s.restart_policy.as_deref()).unwrap_or("Always") {
        "Never" => false,
        "OnFailure" => code != 0,
        _ => role == Role::Main || code != 0,
    }
}

fn container_status(w: &Worker, pod: &Pod, c: &Container, role: Role) -> ContainerStatus {
    let slot = w.slot(&c.name);
    let current = slot.and_then(|s| s.instances.last());
    let previous = slot.and_then(|s| s.instances.iter().rev().nth(1));
    let reason = slot.and_then(|s| s.reason.clone());
    let waiting = |reason: &str, message: Option<String>| ContainerState {
        waiting: Some(ContainerStateWaiting { reason: Some(reason.into()), message }),
        ..ContainerState::default()
    };
    let mut state = ContainerState::default();
    let mut last = ContainerState::default();
    if let Some(p) = previous.and_then(|p| Some((p, p.seen_exit.as_ref()?))) {
        last.terminated = Some(terminated(p.0, p.1));
    }
    match current {
        Some(i) => match &i.seen_exit {
            None if i.seen_running => {
                state.running = i.started.map(|t| ContainerStateRunning { started_at: Some(t.meta()) })
            }
            None => state = waiting("ContainerCreating", None),
            Some(exit) => {
                let ended = terminated(i, exit);
                match &reason {
                    Some((r, m)) if restarts(pod, c, exit.code, role) => {
                        state = waiting(r, m.clone());
                        last.terminated = Some(ended);
                    }
                    _ => state.terminated = Some(ended),
                }
            }
        },
        None => {
            let has_init = pod.spec.as_ref().and_then(|s| s.init_containers.as_ref()).is_some_and(|i| !i.is_empty());
            state = match reason {
                Some((r, m)) => waiting(&r, m),
                None => waiting(if has_init { "PodInitializing" } else { "ContainerCreating" }, None),
            };
        }
    }
    let running = state.running.is_some();
    let started = running && slot.is_none_or(|s| s.startup_ok);
    // Init containers count as ready when they have ended well.
    let ready = match role {
        Role::Init if c.restart_policy.is_none() => state.terminated.as_ref().is_some_and(|t| t.exit_code == 0),
        // Nobody waits for it.
        Role::Ephemeral => false,
        _ => running && started && slot.is_some_and(|s| s.ready),
    };
    let mounts: Vec<VolumeMountStatus> = c
        .volume_mounts
        .iter()
        .flatten()
        .map(|m| VolumeMountStatus {
            name: pod.volume_name(&m.name).into(),
            mount_path: m.mount_path.clone(),
            read_only: m.read_only.filter(|r| *r),
            recursive_read_only: (m.read_only == Some(true)).then(|| "Disabled".into()),
            ..VolumeMountStatus::default()
        })
        .collect();
    ContainerStatus {
        name: c.name.clone(),
        state: Some(state),
        last_state: Some(last),
        ready,
        restart_count: slot.map_or(0, |s| s.restarts()),
        image: current.map_or_else(|| c.image.clone().unwrap_or_default(), |i| i.image.clone()),
        image_id: current.map(|i| i.image_id.clone()).unwrap_or_default(),
        container_id: current.map(|i| format!("containerd://{}", i.id)),
        started: (role != Role::Ephemeral).then_some(started),
        resources: current.map(|_| c.resources.clone().unwrap_or_default()),
        allocated_resources: c.resources.as_ref().and_then(|r| r.requests.clone()).filter(|r| !r.is_empty()),
        user: current.filter(|i| i.started.is_some()).map(|_| ContainerUser {
            linux: Some(LinuxContainerUser { uid: 0, gid: 0, supplemental_groups: Some(vec![0]) }),
        }),
        volume_mounts: (!mounts.is_empty()).then_some(mounts),
        ..ContainerStatus::default()
    }
}

/// The phase, from the containers' states. Real Kubernetes: getPhase.
fn phase(pod: &Pod, inits: &[ContainerStatus], mains: &[ContainerStatus]) -> &'static str {
    let Some(spec) = &pod.spec else { return "Pending" };
    let mut pending_init = false;
    let mut failed_init = false;
    for (c, s) in spec.init_containers.iter().flatten().zip(inits) {
        if pods::is_sidecar(c) {
            pending_init |= s.started != Some(true);
            continue;
        }
        match s.state.as_ref().and_then(|s| s.terminated.as_ref()) {
            Some(t) if t.exit_code == 0 => {}
            Some(_) => failed_init = true,
            None => pending_init = true,
        }
    }
    let (mut running, mut waiting, mut stopped, mut succeeded, mut unknown) = (0, 0, 0, 0, 0);
    for s in mains {
        let Some(state) = &s.state else {
            unknown += 1;
            continue;
        };
        if state.running.is_some() {
            running += 1;
        } else if let Some(t) = &state.terminated {
            stopped += 1;
            succeeded += i32::from(t.exit_code == 0);
        } else if state.waiting.is_some() {
            if s.last_state.as_ref().is_some_and(|l| l.terminated.is_some()) { stopped += 1 } else { waiting += 1 }
        } else {
            unknown += 1;
        }
    }
    let policy = spec.restart_policy.as_deref().unwrap_or("Always");
    if failed_init && policy == "Never" {
        return "Failed";
    }
    match () {
        () if pending_init || failed_init || waiting > 0 => "Pending",
        () if running > 0 && unknown == 0 => "Running",
        () if running == 0 && stopped > 0 && unknown == 0 => match policy {
            "Always" => "Running",
            _ if stopped == succeeded => "Succeeded",
            "Never" => "Failed",
            _ => "Running",
        },
        () => "Pending",
    }
}

/// Whether all that had to run has ended and nothing is started again.
pub fn is_over(w: &Worker, pod: &Pod) -> bool {
    let Some(spec) = pod.spec.as_ref().filter(|s| s.restart_policy.as_deref().is_some_and(|p| p != "Always")) else {
        return false;
    };
    let of = |list: &[Container], role| list.iter().map(|c| container_status(w, pod, c, role)).collect::<Vec<_>>();
    let inits = of(spec.init_containers.as_deref().unwrap_or_default(), Role::Init);
    matches!(phase(pod, &inits, &of(&spec.containers, Role::Main)), "Failed" | "Succeeded")
}

/// The whole status as the kubelet would write it now. That a pod has ended is told only when its worker is done with it.
/// Real Kubernetes: kubelet_pods.go generateAPIPodStatus, status_manager.go mergePodStatus.
pub fn generate(w: &Worker, pod: &Pod, host_ip: &str, now: Time) -> PodStatus {
    static NO_SPEC: LazyLock<PodSpec> = LazyLock::new(PodSpec::default);
    static NO_STATUS: LazyLock<PodStatus> = LazyLock::new(PodStatus::default);
    let spec = pod.spec.as_deref().unwrap_or(&NO_SPEC);
    let old = pod.status.as_deref().unwrap_or(&NO_STATUS);
    let inits: Vec<ContainerStatus> =
        spec.init_containers.iter().flatten().map(|c| container_status(w, pod, c, Role::Init)).collect();
    let mains: Vec<ContainerStatus> = spec.containers.iter().map(|c| container_status(w, pod, c, Role::Main)).collect();
    let ephemeral: Vec<ContainerStatus> =
        roles::ephemeral(spec).map(|c| container_status(w, pod, &roles::as_container(c), Role::Ephemeral)).collect();
    let mut phase = phase(pod, &inits, &mains);
    if w.phase == Phase::Terminated && phase != "Succeeded" {
        // After a kill, what counts is how the containers ended.
        let failed = mains
            .iter()
            .any(|s| s.state.as_ref().and_then(|x| x.terminated.as_ref()).is_some_and(|t| t.exit_code != 0));
        let all_ended = mains.iter().all(|s| s.state.as_ref().is_some_and(|x| x.terminated.is_some()));
        if all_ended {
            phase = if failed { "Failed" } else { "Succeeded" };
        }
    }
    // However its containers ended: it did not end by itself.
    if w.evicted.is_some() || w.overdue {
        phase = "Failed";
    }
    // A pod that has ended stays ended.
    if matches!(old.phase.as_deref(), Some("Failed" | "Succeeded")) {
        phase = if old.phase.as_deref() == Some("Failed") { "Failed" } else { "Succeeded" };
    }
    // What it will be called when it is over shows in its conditions sooner.
    let told = match (phase, old.phase.as_deref()) {
        ("Failed" | "Succeeded", Some("Failed" | "Succeeded")) => phase,
        ("Failed" | "Succeeded", before) if w.phase != Phase::Terminated => before.unwrap_or("Pending"),
        _ => phase,
    };
    let generation = pod.metadata.generation;
    let ended = matches!(phase, "Succeeded" | "Failed");
    let unready: Vec<String> = mains.iter().filter(|s| !s.ready).map(|s| s.name.clone()).collect();
    let inits_done = spec
        .init_containers
        .iter()
        .flatten()
        .zip(&inits)
        .all(|(c, s)| if pods::is_sidecar(c) { s.started == Some(true) } else { s.ready });
    let ready = unready.is_empty() && !ended && inits_done;
    let (why, message) = match (ready, phase) {
        (true, _) => ("", String::new()),
        (_, "Succeeded") => ("PodCompleted", String::new()),
        (_, "Failed") => ("PodFailed", String::new()),
        _ => ("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" "))),
    };
    let (init_why, init_message) = match (inits_done, phase) {
        (true, "Succeeded") => ("PodCompleted", String::new()),
        (true, _) => ("", String::new()),
        _ => {
            let waiting: Vec<String> = inits.iter().filter(|s| !s.ready).map(|s| s.name.clone()).collect();
            ("ContainersNotInitialized", format!("containers with incomplete status: [{}]", waiting.join(" ")))
        }
    };
    let has_sandbox = w.ip.is_some() && w.phase != Phase::Terminated;
    // In this order the API server is told; what others have added comes after.
    let own = [
        conditions::pod("PodReadyToStartContainers", has_sandbox, "", "", generation),
        conditions::pod("Initialized", inits_done, init_why, &init_message, generation),
        conditions::pod("Ready", ready, why, &message, generation),
        conditions::pod("ContainersReady", ready, why, &message, generation),
        conditions::pod("PodScheduled", true, "", "", generation),
    ];
    let before = old.conditions.as_deref().unwrap_or_default();
    let mut list = Vec::with_capacity(own.len().max(before.len()));
    list.extend(own.iter().map(|wanted| wanted.after(before, now)));
    list.extend(before.iter().filter(|c| !own.iter().any(|o| o.is_about(c))).cloned());
    if let Some(why) = &w.refused {
        return PodStatus {
            phase: Some("Failed".into()),
            reason: Some("Evicted".into()),
            message: Some(why.clone()),
            conditions: old.conditions.clone(),
            start_time: Some(old.start_time.clone().unwrap_or_else(|| now.meta())),
            qos_class: old.qos_class.clone().or_else(|| Some(pods::qos_class(pod).into())),
            observed_generation: generation,
            ..PodStatus::default()
        };
    }
    let gone = w.evicted.as_ref().filter(|_| told == "Failed");
    if let Some(why) = gone {
        let target = conditions::pod(pods::DISRUPTION_TARGET, true, "TerminationByKubelet", why, generation);
        conditions::set(&mut list, target, now);
    }
    let late = (w.overdue && told == "Failed").then_some((deadline::REASON, deadline::MESSAGE));
    let mut status = PodStatus {
        phase: Some(told.into()),
        conditions: Some(list),
        host_ip: Some(host_ip.into()),
        host_ips: Some(vec![HostIP { ip: host_ip.into() }]),
        pod_ip: w.ip.clone().or_else(|| old.pod_ip.clone()),
        pod_ips: w.ip.clone().map(|ip| vec![PodIP { ip }]).or_else(|| old.pod_ips.clone()),
        start_time: old.start_time.clone().or_else(|| Some(now.meta())),
        qos_class: old.qos_class.clone().or_else(|| Some(pods::qos_class(pod).into())),
        init_container_statuses: (!inits.is_empty()).then_some(inits),
        container_statuses: Some(mains),
        ephemeral_container_statuses: (!ephemeral.is_empty()).then_some(ephemeral),
        observed_generation: generation,
        reason: gone.map(|_| "Evicted".into()).or(late.map(|l| l.0.into())).or_else(|| old.reason.clone()),
        message: gone.cloned().or(late.map(|l| l.1.into())).or_else(|| old.message.clone()),
        ..PodStatus::default()
    };
    resources::tell(&mut status, pod, spec, old);
    status
}

/// Names a pod for messages: `crashy_default(uid)`.
pub fn full_name(pod: &Pod) -> String {
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}
