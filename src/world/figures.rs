//! What pods and nodes use, as objects of the API: metrics-server holds them, not the store. They are made when somebody asks.
//! Real Kubernetes: kube-aggregator, which passes such requests on; metrics-server/pkg/api.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{World, components};
use crate::api::kinds::usage::ContainerMetrics;
use crate::api::kinds::{Node, NodeMetrics, Pod, PodMetrics};
use crate::api::ops::{NodeFigures, PodFigures, Usage};
use crate::api::quantity::Quantity;
use crate::api::time::go_duration;
use crate::api::{Key, Object, Time, pods};
use crate::store::Ailment;

const COMPONENTS: &str = "/api/v1/componentstatuses";
const GROUP: &str = "/apis/metrics.k8s.io/";
/// A kubelet that these have befallen tells nothing.
const SILENCING: [&str; 2] = ["kubelet", "node"];

impl World {
    /// Lets metrics-server take down what it knows, if a request is one for it.
    pub(super) fn measure(&mut self, path: &str) {
        if path.starts_with(COMPONENTS) {
            let objects = components::statuses(|name| self.is_down(name));
            return self.api.set_unstored(objects.into_iter().map(Arc::new).collect());
        }
        if !path.starts_with(GROUP) {
            return;
        }
        let figures = self.answerer.figures(self.now);
        let speaks =
            |node: &str| !SILENCING.iter().any(|f| self.faults.contains_key(&((*f).to_string(), node.to_string())));
        let pods = figures.pods.iter().filter(|f| speaks(&f.node)).filter_map(|f| self.of_pod(f));
        let nodes = figures.nodes.iter().filter(|f| speaks(&f.node)).filter_map(|f| self.of_node(f));
        let objects: Vec<Arc<Object>> = pods.chain(nodes).map(Arc::new).collect();
        self.api.set_unstored(objects);
    }

    /// Whether a component of the control plane does not answer who asks for its health.
    fn is_down(&self, name: &str) -> bool {
        match name {
            "etcd-0" => self.storage() == Some(Ailment::Gone),
            _ => !self.slots.iter().any(|s| s.running.is_some() && s.agent.strip_prefix("kube-") == Some(name)),
        }
    }

    /// The pod's labels and name come from the API, as metrics-server watches it; it knows only pods that run.
    fn of_pod(&self, f: &PodFigures) -> Option<Object> {
        let pod = self.api.get(&Key::of::<Pod>(&f.pod.namespace, &f.pod.name)).ok()?.get::<Pod>()?;
        let containers = f.containers.iter().map(|(name, u)| ContainerMetrics { name: name.clone(), usage: list(*u) });
        (pods::phase(pod) == "Running").then(|| {
            Object::new(PodMetrics {
                metadata: metadata(&pod.metadata, self.now),
                timestamp: Some(f.at.meta()),
                window: go_duration(f.window),
                containers: containers.collect(),
            })
        })
    }

    fn of_node(&self, f: &NodeFigures) -> Option<Object> {
        let node = self.api.get(&Key::of::<Node>("", &f.node)).ok()?.get::<Node>()?;
        Some(Object::new(NodeMetrics {
            metadata: metadata(&node.metadata, self.now),
            timestamp: Some(f.at.meta()),
            window: go_duration(f.window),
            usage: list(f.usage),
        }))
    }
}

/// Such an object has come into being when it was asked for.
fn metadata(of: &ObjectMeta, now: Time) -> ObjectMeta {
    ObjectMeta {
        name: of.name.clone(),
        namespace: of.namespace.clone(),
        labels: of.labels.clone(),
        creation_timestamp: Some(now.meta()),
        ..ObjectMeta::default()
    }
}

fn list(u: Usage) -> BTreeMap<String, RawQuantity> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (cpu, memory) = (Quantity::from_nano(whole(u.nanocores)), Quantity::from_bytes(whole(u.memory)));
    [("cpu", cpu), ("memory", memory)].map(|(name, q)| (name.to_string(), RawQuantity(q.to_string()))).into()
}
