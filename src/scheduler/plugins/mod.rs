//! The plugins, in the order in which they are asked, with the default weights of their scores.
//! Real Kubernetes: pkg/scheduler/apis/config/v1/default_plugins.go.

pub mod balanced_allocation;
pub mod image_locality;
pub mod node_affinity;
pub mod node_name;
pub mod node_resources_fit;
pub mod pod_topology_spread;
pub mod taint_toleration;
pub mod unschedulable;

use super::framework::{Filter, Score};

pub struct Plugin {
    pub name: &'static str,
    pub filter: Option<&'static dyn Filter>,
    pub score: Option<&'static dyn Score>,
    pub weight: i64,
}

const fn filters(name: &'static str, filter: &'static dyn Filter) -> Plugin {
    Plugin { name, filter: Some(filter), score: None, weight: 0 }
}

const fn scores(name: &'static str, score: &'static dyn Score, weight: i64) -> Plugin {
    Plugin { name, filter: None, score: Some(score), weight }
}

const fn both(name: &'static str, filter: &'static dyn Filter, score: &'static dyn Score, weight: i64) -> Plugin {
    Plugin { name, filter: Some(filter), score: Some(score), weight }
}

pub static TABLE: &[Plugin] = &[
    filters("NodeUnschedulable", &unschedulable::Unschedulable),
    filters("NodeName", &node_name::NodeName),
    both("TaintToleration", &taint_toleration::TaintToleration, &taint_toleration::TaintToleration, 3),
    both("NodeAffinity", &node_affinity::NodeAffinity, &node_affinity::NodeAffinity, 2),
    both("NodeResourcesFit", &node_resources_fit::NodeResourcesFit, &node_resources_fit::NodeResourcesFit, 1),
    both("PodTopologySpread", &pod_topology_spread::PodTopologySpread, &pod_topology_spread::PodTopologySpread, 2),
    scores("NodeResourcesBalancedAllocation", &balanced_allocation::BalancedAllocation, 1),
    scores("ImageLocality", &image_locality::ImageLocality, 1),
];
