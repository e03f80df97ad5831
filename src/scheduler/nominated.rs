//! Pods that wait for room which was made for them on a node: others of less weight may not take it meanwhile.
//! Real Kubernetes: pkg/scheduler/backend/queue/nominator.go, framework/runtime/framework.go RunFilterPluginsWithNominatedPods.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cycle::Judges;
use super::framework::{Load, NodeInfo, PodInfo, Reason, Snapshot, priority};
use crate::api::object::Name;
use crate::api::{Key, Uid};

/// One of them.
#[derive(Clone)]
pub struct Nominee {
    pub pod: Key,
    pub node: Name,
    pub load: Load,
}

#[derive(Clone, Default)]
pub struct Nominated(BTreeMap<Uid, Nominee>);

impl Nominated {
    pub fn add(&mut self, uid: Uid, nominee: Nominee) {
        self.0.insert(uid, nominee);
    }

    pub fn remove(&mut self, uid: Uid) {
        self.0.remove(&uid);
    }

    /// Those of less weight on a node: what they waited for is taken from them.
    pub fn lesser(&mut self, node: &str, than: i32) -> Vec<Key> {
        let (out, rest) =
            std::mem::take(&mut self.0).into_iter().partition(|(_, n)| n.node == node && n.load.priority < than);
        self.0 = rest;
        let out: BTreeMap<Uid, Nominee> = out;
        out.into_values().map(|n| n.pod).collect()
    }

    /// Those whose room a pod must respect.
    pub fn rivals(&self, uid: Uid, pod: &PodInfo) -> Rivals {
        let mut out = Rivals::default();
        for (_, n) in self.0.iter().filter(|(u, n)| **u != uid && n.load.priority >= priority(pod.pod())) {
            out.0.entry(n.node.clone()).or_default().push(n.load.clone());
        }
        out
    }
}

/// See [`Nominated::rivals`]. By node.
#[derive(Default)]
pub struct Rivals(BTreeMap<Name, Vec<Load>>);

impl Rivals {
    /// What would speak against a node if they stood there already. That they may yet go elsewhere is looked at besides.
    pub fn objections(&self, pod: &PodInfo, node: &NodeInfo, all: &Snapshot<'_>) -> Vec<Reason> {
        let Some(loads) = self.0.get(&node.name) else { return vec![] };
        let Some(at) = all.find(&node.name) else { return vec![] };
        let mut nodes = all.nodes.to_vec();
        let crowded = Arc::make_mut(&mut nodes[at]);
        loads.iter().for_each(|load| crowded.add(load));
        let mut choosy = all.choosy.clone();
        *choosy.entry(node.name.clone()).or_default() += loads.len();
        let supposed = Snapshot { nodes: &nodes, choosy: &choosy, ..*all };
        Judges::of(pod, &supposed).map(|judges| judges.objections(&nodes[at])).unwrap_or_default()
    }
}
