//! What the scheduler knows of nodes and of the pods on them, including those it has just placed itself.
//! Real Kubernetes: pkg/scheduler/backend/cache.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::framework::{Load, NodeInfo};
use crate::api::Object;
use crate::api::kinds::Pod;
use crate::api::object::Name;
use crate::api::pods;
use crate::api::selector::Labels;

#[derive(Clone, Default)]
pub struct Cache {
    pub nodes: BTreeMap<Name, NodeInfo>,
    /// UID → where it stands.
    placed: imbl::OrdMap<Name, Placed>,
    /// Pods on nodes that are not known (yet).
    homeless: BTreeMap<Name, Vec<Name>>,
    /// On how many nodes each image is.
    pub images: BTreeMap<String, i64>,
    /// Equal sets of labels are kept once.
    labels: BTreeMap<Labels, Arc<Labels>>,
}

/// Only what the pod weighs is kept: the pod itself would be one more copy of a large object.
#[derive(Clone)]
struct Placed {
    node: Name,
    load: Load,
}

impl Cache {
    pub fn set_node(&mut self, o: &Arc<Object>) {
        let mut n = self.nodes.remove(o.name());
        self.count_images(n.as_ref(), -1);
        match &mut n {
            Some(n) => n.set_object(o.clone()),
            None => {
                let fresh = n.insert(NodeInfo::new(o.clone()));
                for uid in self.homeless.remove(o.name()).unwrap_or_default() {
                    if let Some(p) = self.placed.get(&uid) {
                        fresh.add(&p.load);
                    }
                }
            }
        }
        self.count_images(n.as_ref(), 1);
        self.nodes.extend(n.map(|n| (n.name.clone(), n)));
    }

    pub fn remove_node(&mut self, name: &str) {
        let gone = self.nodes.remove(name);
        self.count_images(gone.as_ref(), -1);
    }

    fn count_images(&mut self, node: Option<&NodeInfo>, by: i64) {
        for image in node.into_iter().flat_map(|n| n.images.keys()) {
            *self.images.entry(image.clone()).or_insert(0) += by;
        }
        self.images.retain(|_, nodes| *nodes > 0);
    }

    fn share(&mut self, labels: &Labels) -> Arc<Labels> {
        if let Some(l) = self.labels.get(labels) {
            return l.clone();
        }
        // Labels that nobody carries any more are forgotten now and then.
        if self.labels.len() > 4096 {
            self.labels.retain(|_, l| Arc::strong_count(l) > 1);
        }
        let shared = Arc::new(labels.clone());
        self.labels.insert(labels.clone(), shared.clone());
        shared
    }

    /// Notes that a pod stands on a node.
    pub fn place(&mut self, o: &Arc<Object>, node: &str) {
        let Some(pod) = o.get::<Pod>() else { return };
        static NONE: Labels = Labels::new();
        let labels = pod.metadata.labels.as_ref().unwrap_or(&NONE);
        if let Some(old) = self.placed.get(o.uid()) {
            if &*old.node == node && *old.load.labels == *labels {
                return;
            }
            self.remove(o.uid());
        }
        let placed = Placed { node: node.into(), load: Load::of(pod, self.share(labels)) };
        match self.nodes.get_mut(node) {
            Some(n) => n.add(&placed.load),
            None => self.homeless.entry(node.into()).or_default().push(o.uid().into()),
        }
        self.placed.insert(o.uid().into(), placed);
    }

    pub fn remove(&mut self, uid: &str) -> bool {
        let Some(p) = self.placed.remove(uid) else { return false };
        if let Some(n) = self.nodes.get_mut(&p.node) {
            n.remove(&p.load);
        }
        true
    }

    /// Takes a pod's change in. Tells whether room was made.
    pub fn observe(&mut self, o: &Arc<Object>, deleted: bool) -> bool {
        let Some(pod) = o.get::<Pod>() else { return false };
        if deleted || pods::is_terminal(pod) {
            return self.remove(o.uid());
        }
        let node = pods::node(pod).to_string();
        if !node.is_empty() {
            self.place(o, &node);
        }
        false
    }
}
