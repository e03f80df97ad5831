//! The plugins, in the order in which they are asked, with the default weights of their scores.
//! Real Kubernetes: pkg/scheduler/apis/config/v1/default_plugins.go.

pub mod balanced_allocation;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_fit;
pub mod node_volume_limits;
pub mod pod_topology_spread;
pub mod scheduling_gates;
pub mod taint_toleration;
pub mod unschedulable;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

use super::framework::{Filter, PodInfo, PreBind, Score};

/// What a plugin takes part in; most take part in little.
pub struct Plugin {
    pub name: &'static str,
    /// What keeps a pod out of the queue. Kubernetes: PreEnqueue.
    pub gate: Option<fn(&PodInfo) -> Vec<String>>,
    pub filter: Option<&'static dyn Filter>,
    pub score: Option<&'static dyn Score>,
    pub weight: i64,
    pub pre_bind: Option<&'static dyn PreBind>,
}

const fn plugin(name: &'static str) -> Plugin {
    Plugin { name, gate: None, filter: None, score: None, weight: 0, pre_bind: None }
}

impl Plugin {
    const fn filters(self, filter: &'static dyn Filter) -> Plugin {
        Plugin { filter: Some(filter), ..self }
    }

    const fn scores(self, score: &'static dyn Score, weight: i64) -> Plugin {
        Plugin { score: Some(score), weight, ..self }
    }

    const fn binds(self, pre_bind: &'static dyn PreBind) -> Plugin {
        Plugin { pre_bind: Some(pre_bind), ..self }
    }

    const fn gates(self, gate: fn(&PodInfo) -> Vec<String>) -> Plugin {
        Plugin { gate: Some(gate), ..self }
    }
}

pub static TABLE: &[Plugin] = &[
    plugin("SchedulingGates").gates(scheduling_gates::gates),
    plugin("NodeUnschedulable").filters(&unschedulable::Unschedulable),
    plugin("NodeName").filters(&node_name::NodeName),
    plugin("TaintToleration").filters(&taint_toleration::TaintToleration).scores(&taint_toleration::TaintToleration, 3),
    plugin("NodeAffinity").filters(&node_affinity::NodeAffinity).scores(&node_affinity::NodeAffinity, 2),
    plugin("NodePorts").filters(&node_ports::NodePorts),
    plugin("NodeResourcesFit")
        .filters(&node_resources_fit::NodeResourcesFit)
        .scores(&node_resources_fit::NodeResourcesFit, 1),
    plugin("VolumeRestrictions").filters(&volume_restrictions::VolumeRestrictions),
    plugin("NodeVolumeLimits").filters(&node_volume_limits::NodeVolumeLimits),
    plugin("VolumeBinding").filters(&volume_binding::VolumeBinding).binds(&volume_binding::VolumeBinding),
    plugin("VolumeZone").filters(&volume_zone::VolumeZone),
    plugin("PodTopologySpread")
        .filters(&pod_topology_spread::PodTopologySpread)
        .scores(&pod_topology_spread::PodTopologySpread, 2),
    plugin("InterPodAffinity")
        .filters(&inter_pod_affinity::InterPodAffinity)
        .scores(&inter_pod_affinity::InterPodAffinity, 2),
    plugin("NodeResourcesBalancedAllocation").scores(&balanced_allocation::BalancedAllocation, 1),
    plugin("ImageLocality").scores(&image_locality::ImageLocality, 1),
];
