//! What can help which waiting pod: who was turned down for want of CPU does not care about a new volume.
//! Real Kubernetes: the EventsToRegister of each plugin, with their QueueingHintFn.

use std::cell::OnceCell;

use super::known::Known;
use super::special::Special;
use crate::api::kinds::{
    CSIDriver, CSINode, CSIStorageCapacity, DeviceClass, Node, PersistentVolume, PersistentVolumeClaim, Pod,
    ResourceClaim, StorageClass, VolumeAttachment, node,
};
use crate::api::object::Resource;
use crate::api::pods;
use crate::api::resource_list::ResourceList;
use crate::store::{Change, ChangeKind};

/// Something that happened, as far as it can help anybody.
pub enum Happening<'a> {
    /// A node came, or changed in what matters.
    Node,
    NodeGone(&'a Node),
    /// A pod left its node, or ended.
    PodGone(Seen<'a>),
    /// A pod takes less of its node than before.
    PodShrunk,
    /// A pod came to stand on a node, or has other labels there than before.
    PodPlaced {
        now: Seen<'a>,
        before: Option<&'a Pod>,
    },
    /// A claim came or changed.
    Claim {
        namespace: &'a str,
        name: &'a str,
    },
    /// A volume, or who makes volumes.
    Volume,
    /// How many volumes a node may have, or has.
    Attachment,
    /// A claim of devices came or changed.
    DeviceClaim {
        namespace: &'a str,
        name: &'a str,
    },
    DeviceClass,
}

/// A pod to which something happened.
pub struct Seen<'a> {
    pub pod: &'a Pod,
    special: OnceCell<Special>,
}

/// A pod that waits.
pub struct Waiter<'a> {
    pub pod: &'a Pod,
    /// What it asks for that few pods do.
    pub special: &'a Special,
    pub known: &'a Known,
}

/// Whom something helps of those whom one plugin turned down.
pub enum Help<'a> {
    Nobody,
    All,
    Those(Box<dyn Fn(&Waiter<'_>) -> bool + 'a>),
}

impl<'a> Seen<'a> {
    pub fn new(pod: &'a Pod) -> Seen<'a> {
        Seen { pod, special: OnceCell::new() }
    }

    pub fn special(&self) -> &Special {
        self.special.get_or_init(|| Special::of(self.pod).unwrap_or_default())
    }
}

impl<'a> Help<'a> {
    pub fn those(judge: impl Fn(&Waiter<'_>) -> bool + 'a) -> Help<'a> {
        Help::Those(Box::new(judge))
    }

    pub fn reaches(&self, w: &Waiter<'_>) -> bool {
        match self {
            Help::Nobody => false,
            Help::All => true,
            Help::Those(judge) => judge(w),
        }
    }
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
            return c.object.get::<Node>().map(Happening::NodeGone);
        }
        if kind == Node::kind_ref() {
            return matters(c).then_some(Happening::Node);
        }
        if kind == PersistentVolumeClaim::kind_ref() {
            return Some(Happening::Claim { namespace: &c.key.namespace, name: &c.key.name });
        }
        if kind == ResourceClaim::kind_ref() {
            return Some(Happening::DeviceClaim { namespace: &c.key.namespace, name: &c.key.name });
        }
        if kind == DeviceClass::kind_ref() {
            return Some(Happening::DeviceClass);
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
}

/// What helps pods that most plugins turned down: a node, and nothing else.
pub fn a_node<'a>(what: &'a Happening<'a>) -> Help<'a> {
    if matches!(what, Happening::Node) { Help::All } else { Help::Nobody }
}

/// A claim helps the pods that use it.
pub fn users_of<'a>(namespace: &'a str, claim: &'a str) -> Help<'a> {
    Help::those(move |w| w.pod.namespace() == namespace && w.special.claims.iter().any(|c| c == claim))
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
        return Some(Happening::PodGone(Seen::new(now)));
    }
    let before = c.previous.as_ref().and_then(|p| p.get::<Pod>()).filter(|p| !pods::node(p).is_empty());
    // That it is being deleted helps nobody before it is gone.
    if before.is_none_or(|b| b.metadata.labels != now.metadata.labels) {
        return Some(Happening::PodPlaced { now: Seen::new(now), before });
    }
    before.is_some_and(|b| shrank(b, now)).then_some(Happening::PodShrunk)
}

/// Most changes of a pod are of its status, and none of what it takes.
fn shrank(before: &Pod, now: &Pod) -> bool {
    let settled = pods::takes_what_it_requests(before) && pods::takes_what_it_requests(now);
    if settled && before.metadata.generation == now.metadata.generation {
        return false;
    }
    let nothing = ResourceList::new();
    let (before, now) = (pods::takes(before, &nothing), pods::takes(now, &nothing));
    now.milli_cpu < before.milli_cpu || now.memory < before.memory
}
