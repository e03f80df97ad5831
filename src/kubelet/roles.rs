//! The containers of a pod by name, and what they are there for: to run first, to run, or to look into what runs.
//! Real Kubernetes: pkg/api/v1/pod/util.go VisitContainers, pkg/kubelet/container/ref.go.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, PodSpec};

use crate::api::kinds::Pod;
use crate::api::pods;

const DEFAULT_GRACE: i64 = 30;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Main,
    Init,
    /// Added to a running pod, to look into it. It is never started again.
    Ephemeral,
}

impl Role {
    /// The list of a pod's spec that it stands in, as events name it.
    pub fn list(self) -> &'static str {
        match self {
            Role::Main => "containers",
            Role::Init => "initContainers",
            Role::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container of the pod, whatever its role.
pub fn find<'a>(pod: &'a Pod, name: &str) -> Option<(Cow<'a, Container>, Role)> {
    let spec = pod.spec.as_deref()?;
    let named = |c: &&Container| c.name == name;
    if let Some(c) = spec.containers.iter().find(named) {
        return Some((Cow::Borrowed(c), Role::Main));
    }
    if let Some(c) = spec.init_containers.iter().flatten().find(named) {
        return Some((Cow::Borrowed(c), Role::Init));
    }
    let found = ephemeral(spec).find(|c| c.name == name)?;
    Some((Cow::Owned(as_container(found)), Role::Ephemeral))
}

/// The image of a container, as its pod names it.
pub fn image(pod: &Pod, name: &str) -> String {
    find(pod, name).and_then(|(c, _)| c.image.clone()).unwrap_or_default()
}

/// How many seconds a pod gives its containers to stop, if nobody says otherwise.
pub fn grace_seconds(pod: &Pod) -> i64 {
    pod.spec.as_ref().and_then(|s| s.termination_grace_period_seconds).unwrap_or(DEFAULT_GRACE)
}

/// The sidecars of a pod, in their order.
pub fn sidecars(pod: &Pod) -> Vec<String> {
    let inits = pod.spec.iter().flat_map(|s| s.init_containers.iter().flatten());
    inits.filter(|c| pods::is_sidecar(c)).map(|c| c.name.clone()).collect()
}

pub fn ephemeral(spec: &PodSpec) -> impl Iterator<Item = &EphemeralContainer> {
    spec.ephemeral_containers.iter().flatten()
}

/// An ephemeral container is a container that also says whose processes it looks at.
pub fn as_container(e: &EphemeralContainer) -> Container {
    let e = e.clone();
    Container {
        args: e.args,
        command: e.command,
        env: e.env,
        env_from: e.env_from,
        image: e.image,
        image_pull_policy: e.image_pull_policy,
        name: e.name,
        ports: e.ports,
        resources: e.resources,
        security_context: e.security_context,
        stdin: e.stdin,
        stdin_once: e.stdin_once,
        termination_message_path: e.termination_message_path,
        termination_message_policy: e.termination_message_policy,
        tty: e.tty,
        volume_devices: e.volume_devices,
        volume_mounts: e.volume_mounts,
        working_dir: e.working_dir,
        ..Container::default()
    }
}
