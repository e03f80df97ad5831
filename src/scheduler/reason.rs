//! Why a node is out of the question, or all of them are. Each plugin has its own reasons; the texts are those of Kubernetes.
//! Real Kubernetes: k8s.io/kube-scheduler/framework/interface.go Status, and the ErrReason… of each plugin.

use std::collections::BTreeSet;
use std::fmt;

use super::plugins::Id;
use crate::api::object::Name;

/// Why one node will not do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    WrongName,
    Unschedulable,
    Taint {
        taint: String,
    },
    Affinity,
    Ports {
        ports: Vec<i32>,
    },
    TooManyPods,
    Insufficient {
        resource: String,
        wants: i64,
        free: i64,
        all: i64,
    },
    /// Another pod has the same disk.
    Disk,
    /// Another pod uses a claim that only one pod may use.
    OncePod {
        claims: Vec<Name>,
    },
    TooManyVolumes {
        driver: String,
        limit: i64,
    },
    /// A volume of the pod can't be used here.
    VolumeElsewhere {
        volume: Name,
    },
    /// No volume for a claim, and nobody who makes one here.
    NoVolume {
        claim: Name,
    },
    NoSpace {
        claim: Name,
    },
    /// A claim's volume is gone.
    VolumeGone {
        volume: Name,
    },
    Zone {
        volume: Name,
    },
    /// `missing`: the node has no such label.
    Spread {
        key: String,
        missing: bool,
    },
    /// The neighbours that the pod wants are not there.
    Neighbours,
    /// There are neighbours that the pod does not want.
    Unwanted,
    /// There are neighbours that do not want the pod.
    Unwelcome,
    /// A claim of devices has none, and gets none.
    NoDevices,
    /// The devices of a claim can't be used here.
    DevicesElsewhere,
}

impl Reason {
    /// Whether removing pods from the node could help.
    pub fn preemption_helps(&self) -> bool {
        match self {
            Reason::Insufficient { wants, all, .. } => wants <= all,
            Reason::Spread { missing, .. } => !missing,
            Reason::TooManyPods
            | Reason::Ports { .. }
            | Reason::Disk
            | Reason::OncePod { .. }
            | Reason::TooManyVolumes { .. }
            | Reason::Unwanted
            | Reason::Unwelcome => true,
            Reason::WrongName
            | Reason::Unschedulable
            | Reason::Taint { .. }
            | Reason::Affinity
            | Reason::VolumeElsewhere { .. }
            | Reason::NoVolume { .. }
            | Reason::NoSpace { .. }
            | Reason::VolumeGone { .. }
            | Reason::Zone { .. }
            | Reason::Neighbours
            | Reason::NoDevices
            | Reason::DevicesElsewhere => false,
        }
    }

    pub fn plugin(&self) -> Id {
        match self {
            Reason::WrongName => Id::NodeName,
            Reason::Unschedulable => Id::NodeUnschedulable,
            Reason::Taint { .. } => Id::TaintToleration,
            Reason::Affinity => Id::NodeAffinity,
            Reason::Ports { .. } => Id::NodePorts,
            Reason::TooManyPods | Reason::Insufficient { .. } => Id::NodeResourcesFit,
            Reason::Disk | Reason::OncePod { .. } => Id::VolumeRestrictions,
            Reason::TooManyVolumes { .. } => Id::NodeVolumeLimits,
            Reason::VolumeElsewhere { .. }
            | Reason::NoVolume { .. }
            | Reason::NoSpace { .. }
            | Reason::VolumeGone { .. } => Id::VolumeBinding,
            Reason::Zone { .. } => Id::VolumeZone,
            Reason::Spread { .. } => Id::PodTopologySpread,
            Reason::Neighbours | Reason::Unwanted | Reason::Unwelcome => Id::InterPodAffinity,
            Reason::NoDevices | Reason::DevicesElsewhere => Id::DynamicResources,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::WrongName => "node(s) didn't match the requested node name",
            Reason::Unschedulable => "node(s) were unschedulable",
            Reason::Taint { .. } => "node(s) had untolerated taint(s)",
            Reason::Affinity => "node(s) didn't match Pod's node affinity/selector",
            Reason::Ports { .. } => "node(s) didn't have free ports for the requested pod ports",
            Reason::TooManyPods => "Too many pods",
            Reason::Insufficient { resource, .. } => return write!(f, "Insufficient {resource}"),
            Reason::Disk => "node(s) had no available disk",
            Reason::OncePod { .. } => {
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
            }
            Reason::TooManyVolumes { .. } => "node(s) exceed max volume count",
            Reason::VolumeElsewhere { .. } => "node(s) didn't match PersistentVolume's node affinity",
            Reason::NoVolume { .. } => "node(s) didn't find available persistent volumes to bind",
            Reason::NoSpace { .. } => "node(s) did not have enough free storage",
            Reason::VolumeGone { .. } => "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            Reason::Zone { .. } => "node(s) had no available volume zone",
            Reason::Spread { missing: false, .. } => "node(s) didn't match pod topology spread constraints",
            Reason::Spread { missing: true, .. } => {
                "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            Reason::Neighbours => "node(s) didn't match pod affinity rules",
            Reason::Unwanted => "node(s) didn't match pod anti-affinity rules",
            Reason::Unwelcome => "node(s) didn't satisfy existing pods anti-affinity rules",
            Reason::NoDevices => "cannot allocate all claims",
            Reason::DevicesElsewhere => "resourceclaim not available on the node",
        })
    }
}

/// The nodes that will not do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rejected {
    /// Those that were looked at.
    pub nodes: Vec<(Name, Reason)>,
    /// How many were not: the pod names the nodes that come into question.
    pub not_named: usize,
}

impl Rejected {
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.not_named == 0
    }

    /// The plugins that turned nodes down.
    pub fn plugins(&self) -> BTreeSet<Id> {
        let not_named = (self.not_named > 0).then_some(Reason::Affinity.plugin());
        self.nodes.iter().map(|(_, r)| r.plugin()).chain(not_named).collect()
    }

    /// The reasons as they are counted in messages.
    pub fn texts(&self) -> impl Iterator<Item = (String, usize)> {
        let not_named = ("node(s) didn't satisfy plugin(s) [NodeAffinity]".to_string(), self.not_named);
        let looked_at = self.nodes.iter().map(|(_, r)| (r.to_string(), 1));
        looked_at.chain(Some(not_named).filter(|(_, n)| *n > 0))
    }
}

/// Why no node at all will do, before any of them is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It must be on several nodes at once.
    Contradiction,
    NoClaim {
        claim: Name,
    },
    /// The claim of an ephemeral volume is not made yet.
    ClaimToCome {
        claim: Name,
    },
    /// A claim of that name is there, but not for this pod.
    OthersClaim {
        claim: Name,
        namespace: Name,
        pod: Name,
    },
    LostClaim {
        claim: Name,
        volume: Name,
    },
    LeavingClaim {
        claim: Name,
    },
    /// These claims should have a volume by now.
    Unbound {
        claims: Vec<Name>,
    },
    VolumeGone {
        volume: Name,
    },
    /// A claim of devices is not made yet from its template.
    DevicesToCome,
    NoDeviceClaim {
        claim: Name,
    },
    LeavingDeviceClaim {
        claim: Name,
    },
    /// A claim of devices was not made for this pod.
    OthersDeviceClaim {
        claim: Name,
    },
    NoDeviceClass {
        request: String,
        class: Name,
    },
    /// As many pods have these devices as may.
    DevicesInUse {
        claim: Name,
    },
}

impl Refusal {
    pub fn plugin(&self) -> Id {
        match self {
            Refusal::Contradiction => Id::NodeAffinity,
            Refusal::NoClaim { .. } => Id::VolumeRestrictions,
            Refusal::VolumeGone { .. } => Id::VolumeZone,
            Refusal::ClaimToCome { .. }
            | Refusal::OthersClaim { .. }
            | Refusal::LostClaim { .. }
            | Refusal::LeavingClaim { .. }
            | Refusal::Unbound { .. } => Id::VolumeBinding,
            Refusal::DevicesToCome
            | Refusal::NoDeviceClaim { .. }
            | Refusal::LeavingDeviceClaim { .. }
            | Refusal::OthersDeviceClaim { .. }
            | Refusal::NoDeviceClass { .. }
            | Refusal::DevicesInUse { .. } => Id::DynamicResources,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Contradiction => f.write_str("pod affinity terms conflict"),
            Refusal::NoClaim { claim } => write!(f, "persistentvolumeclaim \"{claim}\" not found"),
            Refusal::ClaimToCome { claim } => {
                write!(f, "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{claim}\"")
            }
            Refusal::OthersClaim { claim, namespace, pod } => {
                write!(f, "PVC {namespace}/{claim} was not created for pod {namespace}/{pod} (pod is not owner)")
            }
            Refusal::LostClaim { claim, volume } => {
                write!(f, "persistentvolumeclaim \"{claim}\" bound to non-existent persistentvolume \"{volume}\"")
            }
            Refusal::LeavingClaim { claim } => write!(f, "persistentvolumeclaim \"{claim}\" is being deleted"),
            Refusal::Unbound { .. } => f.write_str("pod has unbound immediate PersistentVolumeClaims"),
            Refusal::VolumeGone { volume } => write!(f, "persistentvolume \"{volume}\" not found"),
            Refusal::DevicesToCome => f.write_str("pod claim not created yet"),
            Refusal::NoDeviceClaim { claim } => write!(f, "resourceclaim \"{claim}\" not found"),
            Refusal::LeavingDeviceClaim { claim } => write!(f, "resourceclaim \"{claim}\" is being deleted"),
            Refusal::OthersDeviceClaim { claim } => {
                write!(f, "ResourceClaim \"{claim}\" was not created for pod (pod is not owner)")
            }
            Refusal::NoDeviceClass { request, class } => {
                write!(f, "request {request}: device class {class} does not exist")
            }
            Refusal::DevicesInUse { .. } => f.write_str("resourceclaim in use"),
        }
    }
}
