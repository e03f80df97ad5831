//! Kinds that an add-on answers for: what it holds at this moment is put here before somebody asks.
//! Real Kubernetes: kube-aggregator; what is said of what is not there is metrics-server's (pkg/api/pod.go, node.go).

use std::sync::Arc;

use super::ApiServer;
use crate::api::kinds::{Node, Pod, PodMetrics};
use crate::api::{Key, Object, Reason, Resource, Status, pods};

impl ApiServer {
    /// From now on the add-on holds these objects.
    pub fn set_aggregated(&mut self, objects: Vec<Arc<Object>>) {
        self.aggregated = objects.into_iter().map(|o| (o.key(), o)).collect();
    }

    /// A pod that does not run is none; of one that does there may be no figures yet.
    pub(super) fn get_aggregated(&self, key: &Key) -> Result<&Arc<Object>, Status> {
        self.aggregated.get(key).ok_or_else(|| {
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
