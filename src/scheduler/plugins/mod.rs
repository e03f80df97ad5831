//! The plugins, in the order in which they are asked, with the default weights of their scores.
//! Real Kubernetes: pkg/scheduler/apis/config/v1/default_plugins.go.

pub mod balanced_allocation;
pub mod dynamic_resources;
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

use super::framework::{Filter, PreBind, Refusal, Score};
use super::hints::{self, Happening, Help};
use super::known::Known;
use crate::api::kinds::Pod;

/// Which plugin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Id {
    SchedulingGates,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    NodeVolumeLimits,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    DynamicResources,
    NodeResourcesBalancedAllocation,
    ImageLocality,
}

impl Id {
    pub fn plugin(self) -> &'static Plugin {
        &TABLE[self as usize]
    }
}

/// What a plugin takes part in; most take part in little.
pub struct Plugin {
    pub id: Id,
    /// What keeps a pod out of the queue. Kubernetes: PreEnqueue.
    pub gate: Option<fn(&Pod) -> Vec<String>>,
    /// What a pod in the queue waits for before it is tried. Kubernetes: PreEnqueue, too.
    pub awaits: Option<fn(&Pod, &Known) -> Option<Refusal>>,
    pub filter: Option<&'static dyn Filter>,
    pub score: Option<&'static dyn Score>,
    pub weight: i64,
    pub pre_bind: Option<&'static dyn PreBind>,
    /// What helps pods that it turned down. Kubernetes: EventsToRegister, with their QueueingHintFn.
    pub helped: for<'a> fn(&'a Happening<'a>) -> Help<'a>,
}

const fn plugin(id: Id) -> Plugin {
    Plugin { id, gate: None, awaits: None, filter: None, score: None, weight: 0, pre_bind: None, helped: hints::a_node }
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

    const fn helped_by(self, helped: for<'a> fn(&'a Happening<'a>) -> Help<'a>) -> Plugin {
        Plugin { helped, ..self }
    }

    const fn awaits(self, awaits: fn(&Pod, &Known) -> Option<Refusal>) -> Plugin {
        Plugin { awaits: Some(awaits), ..self }
    }

    const fn gates(self, gate: fn(&Pod) -> Vec<String>) -> Plugin {
        Plugin { gate: Some(gate), ..self }
    }
}

/// In the order of [`Id`].
pub static TABLE: &[Plugin] = &[
    plugin(Id::SchedulingGates).gates(scheduling_gates::gates),
    plugin(Id::NodeUnschedulable).filters(&unschedulable::Unschedulable),
    plugin(Id::NodeName).filters(&node_name::NodeName),
    plugin(Id::TaintToleration)
        .filters(&taint_toleration::TaintToleration)
        .scores(&taint_toleration::TaintToleration, 3),
    plugin(Id::NodeAffinity).filters(&node_affinity::NodeAffinity).scores(&node_affinity::NodeAffinity, 2),
    plugin(Id::NodePorts).filters(&node_ports::NodePorts).helped_by(node_ports::helped),
    plugin(Id::NodeResourcesFit)
        .filters(&node_resources_fit::NodeResourcesFit)
        .scores(&node_resources_fit::NodeResourcesFit, 1)
        .helped_by(node_resources_fit::helped),
    plugin(Id::VolumeRestrictions)
        .filters(&volume_restrictions::VolumeRestrictions)
        .helped_by(volume_restrictions::helped),
    plugin(Id::NodeVolumeLimits).filters(&node_volume_limits::NodeVolumeLimits).helped_by(node_volume_limits::helped),
    plugin(Id::VolumeBinding)
        .filters(&volume_binding::VolumeBinding)
        .binds(&volume_binding::VolumeBinding)
        .helped_by(volume_binding::helped),
    plugin(Id::VolumeZone).filters(&volume_zone::VolumeZone).helped_by(volume_zone::helped),
    plugin(Id::PodTopologySpread)
        .filters(&pod_topology_spread::PodTopologySpread)
        .scores(&pod_topology_spread::PodTopologySpread, 2)
        .helped_by(pod_topology_spread::helped),
    plugin(Id::InterPodAffinity)
        .filters(&inter_pod_affinity::InterPodAffinity)
        .scores(&inter_pod_affinity::InterPodAffinity, 2)
        .helped_by(inter_pod_affinity::helped),
    plugin(Id::DynamicResources)
        .awaits(dynamic_resources::awaits)
        .filters(&dynamic_resources::DynamicResources)
        .helped_by(dynamic_resources::helped),
    plugin(Id::NodeResourcesBalancedAllocation).scores(&balanced_allocation::BalancedAllocation, 1),
    plugin(Id::ImageLocality).scores(&image_locality::ImageLocality, 1),
];
