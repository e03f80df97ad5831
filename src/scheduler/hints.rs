//! What can help which waiting pod: who was turned down for want of CPU does not care about a new volume.
//! Real Kubernetes: the EventsToRegister of each plugin, with their QueueingHintFn.

use super::known::Known;
use super::special::{Special, Term};
use crate::api::kinds::{
    CSIDriver, CSINode, CSIStorageCapacity, Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass,
    VolumeAttachment, node,
};
use crate::api::object::Resource;
use crate::api::pods;
use crate::api::selector::Selector;
use crate::store::{Change, ChangeKind};

/// Something that happened, as far as it can help anybody.
pub enum Happening<'a> {
    /// A node came, or changed in what matters.
    Node,
    /// A pod left its node, or ended.
    PodGone(&'a Pod),
    /// A pod came to stand on a node, or has other labels there than before.
    PodPlaced { now: &'a Pod, before: Option<&'a Pod> },
    /// A claim came or changed.
    Claim { namespace: &'a str, name: &'a str },
    /// A volume, or who makes volumes.
    Volume,
    /// How many volumes a node may have, or has.
    Attachment,
}

impl<'a> Happening<'a> {
    /// What a change means to waiting pods; a change of a pod is told by the cache of nodes.
    pub fn of(c: &'a Change) -> Option<Happening<'a>> {
        let kind = c.key.kind;
        let gone = c.kind == ChangeKind::Deleted;
        if kind == VolumeAttachment::kind_ref() {
            return gone.then_some(Happening::Attachment);
        }
        if gone {
            return None;
        }
        if kind == Node::kind_ref() {
            return matters(c).then_some(Happening::Node);
        }
        if kind == PersistentVolumeClaim::kind_ref() {
            return Some(Happening::Claim { namespace: &c.key.namespace, name: &c.key.name });
        }
        let volume = [
            PersistentVolume::kind_ref(),
            StorageClass::kind_ref(),
            CSIDriver::kind_ref(),
            CSIStorageCapacity::kind_ref(),
        ];
        if volume.contains(&kind) {
            return Some(Happening::Volume);
        }
        (kind == CSINode::kind_ref()).then_some(Happening::Attachment)
    }

    /// Whether a pod that those plugins turned down could fit now.
    pub fn helps(&self, turned_down_by: &[&str], pod: &Pod, known: &Known) -> bool {
        turned_down_by.iter().any(|plugin| self.helps_with(plugin, pod, known))
    }

    fn helps_with(&self, plugin: &str, pod: &Pod, known: &Known) -> bool {
        match self {
            Happening::Node => true,
            Happening::PodGone(gone) => match plugin {
                "NodeResourcesFit" => true,
                "PodTopologySpread" => is_spread_from(pod, gone),
                _ => goes_out_of_the_way(plugin, gone, pod, known),
            },
            Happening::PodPlaced { now, before } => match plugin {
                "PodTopologySpread" => is_spread_from(pod, now) || before.is_some_and(|b| is_spread_from(pod, b)),
                "InterPodAffinity" => {
                    is_company(now, pod, known) || before.is_some_and(|b| goes_out_of_the_way(plugin, b, pod, known))
                }
                _ => false,
            },
            Happening::Claim { namespace, name } => {
                matches!(plugin, "VolumeBinding" | "VolumeZone" | "VolumeRestrictions" | "NodeVolumeLimits")
                    && pod.namespace() == *namespace
                    && Special::of(pod).is_some_and(|s| s.claims.iter().any(|c| c == name))
            }
            Happening::Volume => matches!(plugin, "VolumeBinding" | "VolumeZone"),
            Happening::Attachment => matches!(plugin, "VolumeBinding" | "NodeVolumeLimits"),
        }
    }
}

/// Whether a pod that is gone was in the way of one that waits, by what both ask for.
fn goes_out_of_the_way(plugin: &str, gone: &Pod, pod: &Pod, known: &Known) -> bool {
    let (theirs, own) = (Special::of(gone).unwrap_or_default(), Special::of(pod).unwrap_or_default());
    match plugin {
        "NodePorts" => own.ports.iter().any(|p| theirs.ports.iter().any(|t| p.collides(t))),
        "VolumeRestrictions" => {
            let same_claim =
                gone.namespace() == pod.namespace() && own.claims.iter().any(|c| theirs.claims.contains(c));
            same_claim || own.disks.iter().any(|d| theirs.disks.iter().any(|t| d.collides(t)))
        }
        "NodeVolumeLimits" => !theirs.claims.is_empty(),
        "InterPodAffinity" => {
            let means = |terms: &[Term], other: &Pod| {
                terms.iter().any(|t| t.means(other.namespace(), other.metadata.labels.as_ref(), known))
            };
            means(&own.far.required, gone) || means(&theirs.far.required, pod)
        }
        _ => false,
    }
}

/// Whether a pod is the company that one wants which waits.
fn is_company(there: &Pod, pod: &Pod, known: &Known) -> bool {
    let near = Special::of(pod).map(|s| s.near.required).unwrap_or_default();
    !near.is_empty() && near.iter().all(|t| t.means(there.namespace(), there.metadata.labels.as_ref(), known))
}

/// Whether a pod counts where one must be spread that waits.
fn is_spread_from(pod: &Pod, other: &Pod) -> bool {
    let required = pod.spec.iter().flat_map(|s| s.topology_spread_constraints.iter().flatten());
    let mut selectors =
        required.filter(|c| c.when_unsatisfiable == "DoNotSchedule").filter_map(|c| c.label_selector.as_ref());
    pod.namespace() == other.namespace() && selectors.any(|s| Selector::of(s).matches(other.metadata.labels.as_ref()))
}

/// Nodes report often; most of what they say helps nobody.
fn matters(c: &Change) -> bool {
    let (Some(old), Some(new)) = (c.previous.as_ref().and_then(|p| p.get::<Node>()), c.object.get::<Node>()) else {
        return true;
    };
    let room = |n: &Node| n.status.as_ref().and_then(|s| s.allocatable.clone());
    old.spec != new.spec
        || old.metadata.labels != new.metadata.labels
        || node::is_ready(old) != node::is_ready(new)
        || room(old) != room(new)
}

/// What a change of a pod means to the pods that wait.
pub fn of_pod(c: &Change, made_room: bool) -> Option<Happening<'_>> {
    let now = c.object.get::<Pod>().filter(|p| !pods::node(p).is_empty())?;
    if made_room {
        return Some(Happening::PodGone(now));
    }
    let before = c.previous.as_ref().and_then(|p| p.get::<Pod>()).filter(|p| !pods::node(p).is_empty());
    let same = before.is_some_and(|b| b.metadata.labels == now.metadata.labels && b.is_deleting() == now.is_deleting());
    (!same).then_some(Happening::PodPlaced { now, before })
}
