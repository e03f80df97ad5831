//! The workers of all pods, by the pod's uid. A copy of the cluster shares those that have not changed since.
//! Real Kubernetes: pkg/kubelet/pod_workers.go.

use std::sync::Arc;

use super::worker::Worker;
use crate::api::Uid;

#[derive(Clone, Debug, Default)]
pub struct PodWorkers {
    by_uid: imbl::OrdMap<Uid, Arc<Worker>>,
}

impl PodWorkers {
    pub fn get(&self, uid: Uid) -> Option<&Worker> {
        self.by_uid.get(&uid).map(|w| &**w)
    }

    pub fn get_mut(&mut self, uid: Uid) -> Option<&mut Worker> {
        self.by_uid.get_mut(&uid).map(Arc::make_mut)
    }

    pub fn insert(&mut self, w: Worker) {
        self.by_uid.insert(w.uid, Arc::new(w));
    }

    pub fn remove(&mut self, uid: Uid) -> Option<Arc<Worker>> {
        self.by_uid.remove(&uid)
    }

    pub fn all(&self) -> impl Iterator<Item = &Worker> {
        self.by_uid.values().map(|w| &**w)
    }

    pub fn on<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a Worker> {
        self.by_uid.values().map(|w| &**w).filter(move |w| &*w.node.name == node)
    }
}
