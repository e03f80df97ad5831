//! Kinds that are not stored: what an add-on holds at this moment, or how components are, is put here before somebody asks.
//! Real Kubernetes: kube-aggregator, pkg/registry/core/componentstatus; what is said of what is not there is metrics-server's (pkg/api/pod.go, node.go).

use std::sync::Arc;

use super::ApiServer;
use crate::api::kinds::{ComponentStatus, Node, Pod, PodMetrics};
use crate::api::{Key, KindRef, Object, Reason, Resource, Status, pods};

/// Whether objects of the kind are made when somebody asks.
pub(super) fn is_unstored(kind: KindRef) -> bool {
    kind.is_aggregated() || kind == ComponentStatus::kind_ref()
}

impl ApiServer {
    /// These objects are what there is now.
    pub fn set_unstored(&mut self, objects: Vec<Arc<Object>>) {
        self.unstored = objects.into_iter().map(|o| (o.key(), o)).collect();
    }

    /// A pod that does not run is none; of one that does there may be no figures yet.
    pub(super) fn get_unstored(&self, key: &Key) -> Result<&Arc<Object>, Status> {
        self.unstored.get(key).ok_or_else(|| {
            if !key.kind.is_aggregated() {
                let message = format!("{} {:?} not found", key.kind.singular(), &*key.name);
                return Status::about(Reason::NotFound, key.kind, &key.name, message);
            }
            let of_pods = key.kind == PodMetrics::kind_ref();
            let measured = if of_pods { Pod::kind_ref() } else { Node::kind_ref() };
            let found = self.store.get(&Key { kind: measured, ..key.clone() });
            let known = found.is_some_and(|o| o.get::<Pod>().is_none_or(|p| pods::phase(p) == "Running"));
            if !known {
                return Status::not_found(measured, &key.name);
            }
            let (kind, name) = match of_pods {
                true => ("podmetrics", format!("{}/{}", key.namespace, key.name)),
                false => ("nodemetrics", key.name.to_string()),
            };
            let message = format!("{kind}.{} {name:?} not found", key.kind.group());
            Status::about(Reason::NotFound, key.kind, &name, message)
        })
    }
}
