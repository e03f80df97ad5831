//! On which nodes a DaemonSet's pods belong, and what its pods get so that they run there.
//! Real Kubernetes: pkg/controller/daemon/daemon_controller.go NodeShouldRunDaemonPod, pkg/controller/daemon/util/daemonset_util.go.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Toleration};

use crate::api::kinds::{DaemonSet, Node, Pod, daemonset};
use crate::api::object::Resource;
use crate::api::{node_affinity, pods, taints};
use crate::client::history::HASH_LABEL;
use crate::client::pod_control::pod_of;

pub const GENERATION_LABEL: &str = "pod-template-generation";

/// Whether a node should have a pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fit {
    Runs,
    /// None is put there, but one that is there stays.
    Stays(KeptOut),
    Leaves(KeptOut),
}

/// Why a node gets no pod.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum KeptOut {
    /// The template names another node.
    Name,
    /// By `nodeSelector` or node affinity.
    Affinity,
    Taint(String),
}

/// The taints that a daemon lives with, as it is there to mend what they tell of. The first two would drive it out.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
const ON_HOST_NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// Adds what every daemon tolerates. A toleration for the same taint gives way to it.
/// Real Kubernetes: pkg/apis/core/v1/helper AddOrUpdateTolerationInPodSpec.
fn tolerate(spec: &mut PodSpec) {
    let host = (spec.host_network == Some(true)).then_some(ON_HOST_NETWORK);
    let list = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED.into_iter().chain(host) {
        let text = |s: &str| Some(s.to_string());
        let new =
            Toleration { key: text(key), operator: text("Exists"), effect: text(effect), ..Toleration::default() };
        let same = |t: &Toleration| {
            (&t.key, &t.operator, &t.effect) == (&new.key, &new.operator, &new.effect)
                && t.value.as_deref().unwrap_or("").is_empty()
        };
        match list.iter().position(same) {
            Some(at) => list[at] = new,
            None => list.push(new),
        }
    }
}

/// What decides where the pods of a set may run.
pub struct Placement(PodSpec);

impl Placement {
    pub fn of(set: &DaemonSet) -> Placement {
        let mut spec = set.spec.as_ref().and_then(|s| s.template.spec.clone()).unwrap_or_default();
        tolerate(&mut spec);
        Placement(spec)
    }

    pub fn fit(&self, node: &Node) -> Fit {
        let name = self.0.node_name.as_deref().unwrap_or("");
        if !name.is_empty() && name != node.name() {
            return Fit::Leaves(KeptOut::Name);
        }
        if !node_affinity::allows(&self.0, node) {
            return Fit::Leaves(KeptOut::Affinity);
        }
        let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
        let tolerations = self.0.tolerations.as_deref().unwrap_or_default();
        let without = |effects: &[&str]| taints::untolerated(taints, tolerations, effects).map(taints::text);
        match (without(&["NoSchedule", "NoExecute"]), without(&["NoExecute"])) {
            (None, _) => Fit::Runs,
            (Some(t), None) => Fit::Stays(KeptOut::Taint(t)),
            (Some(_), Some(t)) => Fit::Leaves(KeptOut::Taint(t)),
        }
    }
}

/// The pods' template: that of the set, with the tolerations, and marked with its revision.
pub fn template(set: &DaemonSet, hash: &str) -> PodTemplateSpec {
    let mut t = set.spec.as_ref().map(|s| s.template.clone()).unwrap_or_default();
    tolerate(t.spec.get_or_insert_default());
    let labels = t.metadata.get_or_insert_default().labels.get_or_insert_default();
    if let Some(n) = daemonset::known_generation(set) {
        labels.insert(GENERATION_LABEL.into(), n.to_string());
    }
    labels.insert(HASH_LABEL.into(), hash.into());
    t
}

/// A pod for one node: the scheduler may put it there only.
pub fn pod_for(set: &DaemonSet, template: &PodTemplateSpec, node: &str) -> Pod {
    let mut pod = pod_of(set, Some(template));
    if let Some(spec) = &mut pod.spec {
        spec.mean_for(node);
    }
    pod
}

/// The node that a pod is on, or is meant for.
pub fn node_of(pod: &Pod) -> Option<&str> {
    let on = pods::node(pod);
    if !on.is_empty() {
        return Some(on);
    }
    let spec = pod.spec.as_ref()?;
    if let Some(only) = spec.meant_for() {
        return Some(only);
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let mut fields = terms.iter().flat_map(|t| t.match_fields.iter().flatten());
    let names = fields.find(|f| f.key == node_affinity::NAME && f.operator == "In")?.values.as_deref()?;
    match names {
        [one] => Some(one),
        _ => None,
    }
}
