//! What the scheduler knows of nodes and of the pods on them, including those it has just placed itself.
//! Real Kubernetes: pkg/scheduler/backend/cache.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::framework::{NodeInfo, PodInfo};
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
    /// Equal sets of labels are kept once.
    labels: BTreeMap<Labels, Arc<Labels>>,
}

#[derive(Clone)]
struct Placed {
    node: Name,
    info: PodInfo,
    labels: Arc<Labels>,
}

impl Cache {
    pub fn set_node(&mut self, o: &Arc<Object>) {
        match self.nodes.get_mut(o.name()) {
            Some(n) => n.set_object(o.clone()),
            None => {
                let mut n = NodeInfo::new(o.clone());
                for uid in self.homeless.remove(o.name()).unwrap_or_default() {
                    if let Some(p) = self.placed.get(&uid) {
                        n.add(&p.info, &p.labels);
                    }
                }
                self.nodes.insert(o.name().into(), n);
            }
        }
    }

    pub fn remove_node(&mut self, name: &str) {
        self.nodes.remove(name);
    }

    fn share(&mut self, labels: Labels) -> Arc<Labels> {
        if let Some(l) = self.labels.get(&labels) {
            return l.clone();
        }
        // Labels that nobody carries any more are forgotten now and then.
        if self.labels.len() > 4096 {
            self.labels.retain(|_, l| Arc::strong_count(l) > 1);
        }
        let shared = Arc::new(labels.clone());
        self.labels.insert(labels, shared.clone());
        shared
    }

    /// Notes that a pod stands on a node.
    pub fn place(&mut self, o: &Arc<Object>, node: &str) {
        let Some(pod) = o.get::<Pod>() else { return };
        let uid = Name::from(o.uid());
        let labels = pod.metadata.labels.clone().unwrap_or_default();
        if let Some(old) = self.placed.get(&uid) {
            let same = &*old.node == node && *old.labels == labels;
            if same {
                return;
            }
            self.remove(o.uid());
        }
        let placed = Placed { node: node.into(), info: PodInfo::new(o.clone()), labels: self.share(labels) };
        match self.nodes.get_mut(node) {
            Some(n) => n.add(&placed.info, &placed.labels),
            None => self.homeless.entry(node.into()).or_default().push(uid.clone()),
        }
        self.placed.insert(uid, placed);
    }

    pub fn remove(&mut self, uid: &str) -> bool {
        let Some(p) = self.placed.remove(uid) else { return false };
        if let Some(n) = self.nodes.get_mut(&p.node) {
            n.remove(&p.info, &p.labels);
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
