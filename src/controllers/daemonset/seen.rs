//! What a DaemonSet sees: the nodes, and its pods on them.
//! Real Kubernetes: pkg/controller/daemon/daemon_controller.go getNodesToDaemonPods, podByCreationTimestampAndPhase.

use std::collections::BTreeMap;

use super::placement::{Fit, GENERATION_LABEL, Placement, node_of};
use crate::api::kinds::{DaemonSet, Node, Pod, daemonset};
use crate::api::object::Resource;
use crate::api::{Duration, Time, int_or_string, pods};
use crate::client::history::HASH_LABEL;
use k8s_openapi::api::apps::v1::RollingUpdateDaemonSet;

pub struct Observed<'a> {
    pub nodes: BTreeMap<&'a str, Fit>,
    /// By node; the scheduled ones first, then the oldest.
    pub pods: BTreeMap<&'a str, Vec<&'a Pod>>,
    hash: &'a str,
    generation: Option<String>,
    rolling: Option<&'a RollingUpdateDaemonSet>,
    min_ready: Duration,
    now: Time,
}

impl<'a> Observed<'a> {
    pub fn gather(
        set: &'a DaemonSet,
        hash: &'a str,
        nodes: impl Iterator<Item = &'a Node>,
        all: impl Iterator<Item = &'a Pod>,
        now: Time,
    ) -> Observed<'a> {
        let placement = Placement::of(set);
        let mut pods: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        // One that has ended and is being deleted is nobody's business any more.
        for p in all.filter(|p| !(pods::is_terminal(p) && p.is_deleting())) {
            if let Some(node) = node_of(p) {
                pods.entry(node).or_default().push(p);
            }
        }
        let created = |p: &Pod| p.metadata.creation_timestamp.as_ref().map(|t| t.0);
        for list in pods.values_mut() {
            list.sort_by(|a, b| {
                (pods::node(a).is_empty(), created(a), a.name()).cmp(&(pods::node(b).is_empty(), created(b), b.name()))
            });
        }
        let spec = set.spec.as_ref();
        let strategy = spec.and_then(|s| s.update_strategy.as_ref());
        Observed {
            nodes: nodes.map(|n| (n.name(), placement.fit(n))).collect(),
            pods,
            hash,
            generation: daemonset::known_generation(set).map(|n| n.to_string()),
            rolling: strategy
                .filter(|s| s.type_.as_deref() == Some("RollingUpdate"))
                .and_then(|s| s.rolling_update.as_ref()),
            min_ready: min_ready(set),
            now,
        }
    }

    pub fn rolls(&self) -> bool {
        self.rolling.is_some()
    }

    pub fn on(&self, node: &str) -> &[&'a Pod] {
        self.pods.get(node).map_or(&[], Vec::as_slice)
    }

    pub fn fit(&self, node: &str) -> Option<&Fit> {
        self.nodes.get(node)
    }

    pub fn is_current(&self, p: &Pod) -> bool {
        p.label(HASH_LABEL) == Some(self.hash)
    }

    /// Of the set's present template, by its hash or by its number.
    pub fn is_updated(&self, p: &Pod) -> bool {
        let numbered = self.generation.as_deref().is_some_and(|n| p.label(GENERATION_LABEL) == Some(n));
        numbered || self.is_current(p)
    }

    pub fn is_available(&self, p: &Pod) -> bool {
        pods::available_at(p, self.min_ready).is_some_and(|t| t <= self.now)
    }

    /// How many nodes should run a pod.
    pub fn wanted(&self) -> usize {
        self.nodes.values().filter(|fit| **fit == Fit::Runs).count()
    }

    /// How many pods may be there besides old ones, out of so many nodes.
    pub fn max_surge(&self, nodes: usize) -> usize {
        self.rolling.and_then(|r| r.max_surge.as_ref()).map_or(0, |v| share(v, nodes))
    }

    pub fn max_unavailable(&self, nodes: usize) -> usize {
        self.rolling.and_then(|r| r.max_unavailable.as_ref()).map_or(0, |v| share(v, nodes))
    }

    /// Whether a node may have two pods for a while.
    pub fn surges(&self) -> bool {
        self.max_surge(1) > 0
    }
}

fn share(v: &k8s_openapi::apimachinery::pkg::util::intstr::IntOrString, nodes: usize) -> usize {
    let nodes = i32::try_from(nodes).unwrap_or(i32::MAX);
    usize::try_from(int_or_string::scaled(v, nodes, true)).unwrap_or(0)
}

pub fn min_ready(set: &DaemonSet) -> Duration {
    let seconds = set.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or(0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
