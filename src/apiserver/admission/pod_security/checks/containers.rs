//! What the checks share: the containers of a pod, all alike, and how lists of names are put.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerPort, Lifecycle, PodSpec, Probe, SecurityContext};

/// What of a container the checks look at, whichever of the three sorts it is.
pub struct Part<'a> {
    pub name: &'a str,
    pub security: Option<&'a SecurityContext>,
    pub ports: &'a [ContainerPort],
    pub probes: [Option<&'a Probe>; 3],
    pub lifecycle: Option<&'a Lifecycle>,
}

macro_rules! part {
    ($c:expr) => {
        Part {
            name: &$c.name,
            security: $c.security_context.as_ref(),
            ports: $c.ports.as_deref().unwrap_or_default(),
            probes: [$c.liveness_probe.as_ref(), $c.readiness_probe.as_ref(), $c.startup_probe.as_ref()],
            lifecycle: $c.lifecycle.as_ref(),
        }
    };
}

pub fn containers(spec: &PodSpec) -> impl Iterator<Item = Part<'_>> {
    let first = spec.init_containers.iter().flatten().map(|c| part!(c));
    let main = spec.containers.iter().map(|c| part!(c));
    let ephemeral = spec.ephemeral_containers.iter().flatten().map(|c| part!(c));
    first.chain(main).chain(ephemeral)
}

/// The names of the containers that are so.
pub fn named<'a>(spec: &'a PodSpec, is_so: impl FnMut(&Part<'a>) -> bool) -> Vec<&'a str> {
    containers(spec).filter(is_so).map(|c| c.name).collect()
}

/// `"a", "b"`. What stands in the quotes is not escaped.
pub fn quoted<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    items.into_iter().map(|s| format!("\"{}\"", s.as_ref())).collect::<Vec<_>>().join(", ")
}

/// `container "a"`, `containers "a", "b"`
pub fn these(names: &[&str]) -> String {
    format!("{} {}", plural("container", names.len()), quoted(names))
}

pub fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.into() } else { format!("{word}s") }
}

/// `uses` or `use`
pub fn uses(count: usize) -> &'static str {
    if count == 1 { "uses" } else { "use" }
}

/// Who set something that may not be set: `pod and container "a"`.
pub fn setters(pod: bool, bad: &[&str]) -> Vec<String> {
    let pod = pod.then(|| "pod".to_string());
    pod.into_iter().chain((!bad.is_empty()).then(|| these(bad))).collect()
}

/// What was set wrongly, each once and in the alphabet's order.
pub type Values = BTreeSet<String>;

/// Since version 1.35 a pod with users of its own may do more: its root is not the node's.
pub fn has_own_users(spec: &PodSpec) -> bool {
    spec.host_users == Some(false)
}

/// On Windows, fields that mean nothing there may not be set, so their absence is no fault.
pub fn is_windows(spec: &PodSpec) -> bool {
    spec.os.as_ref().is_some_and(|os| os.name == "windows")
}
