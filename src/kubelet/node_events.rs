//! What a kubelet says about its own node in Events.
//! Real Kubernetes: pkg/kubelet/kubelet.go BirthCry, nodestatus/setters.go, cm/node_container_manager_linux.go, and the
//! `containerGC` of kubelet.go StartGarbageCollection.

use k8s_openapi::api::core::v1::NodeCondition;

use super::fleet::Fleet;
use super::reporting::NodeState;
use crate::api::Duration;
use crate::api::kinds::Node;
use crate::api::object::Key;
use crate::api::ops::NO_RUNTIME;
use crate::client::recorder::{Note, about_node};
use crate::world::{Ctx, Tag};

/// Dead containers are cleared away this often; only a runtime that does not answer makes a word of it.
const CONTAINER_GC_EVERY: Duration = Duration::from_secs(60);

/// The event that tells that a condition has changed.
fn event_of(condition: &NodeCondition) -> Option<&'static str> {
    Some(match (condition.type_.as_str(), condition.status.as_str()) {
        ("MemoryPressure", "True") => "NodeHasInsufficientMemory",
        ("MemoryPressure", "False") => "NodeHasSufficientMemory",
        ("DiskPressure", "True") => "NodeHasDiskPressure",
        ("DiskPressure", "False") => "NodeHasNoDiskPressure",
        ("PIDPressure", "False") => "NodeHasSufficientPID",
        ("Ready", "True") => "NodeReady",
        ("Ready", "False") => "NodeNotReady",
        _ => return None,
    })
}

impl NodeState {
    /// Records an event about the node, whose UID its kubelet does not know. (So `kubectl describe node` does not find it.)
    pub fn note(&mut self, note: Note<'_>, ctx: &mut Ctx<'_>) {
        self.recorder.record(about_node(&self.config.name, ""), note, ctx);
    }

    /// A word about what the node's status is now.
    fn note_status(&mut self, reason: &'static str, ctx: &mut Ctx<'_>) {
        let message = format!("Node {} status is now: {reason}", self.config.name);
        self.note(Note::normal(reason, &message), ctx);
    }

    /// The process begins.
    pub(super) fn tell_birth(&mut self, ctx: &mut Ctx<'_>) {
        self.note(Note::normal("Starting", "Starting kubelet."), ctx);
    }

    /// It begins, and tells the API server of its node.
    pub(super) fn enroll(&mut self, ctx: &mut Ctx<'_>) {
        self.tell_birth(ctx);
        self.register(ctx);
        self.tell_enforced(ctx);
    }

    /// Its pods may have no more than the node's allocatable resources from now on.
    pub(super) fn tell_enforced(&mut self, ctx: &mut Ctx<'_>) {
        self.note(Note::normal("NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"), ctx);
    }

    /// The conditions that are others than `known` (type and status) has them; whether a node is ready is no news at first.
    pub(super) fn tell_conditions(&mut self, fresh: &[NodeCondition], known: &[(String, String)], ctx: &mut Ctx<'_>) {
        let changed = |f: &&NodeCondition| match known.iter().find(|(kind, _)| *kind == f.type_) {
            Some((_, status)) => *status != f.status,
            None => f.type_ != "Ready",
        };
        let reasons: Vec<&str> = fresh.iter().filter(changed).filter_map(event_of).collect();
        reasons.into_iter().for_each(|reason| self.note_status(reason, ctx));
    }

    /// Somebody has cordoned the node, or uncordoned it.
    pub(super) fn tell_schedulable(&mut self, ctx: &mut Ctx<'_>) {
        self.told_unschedulable = self.unschedulable;
        self.note_status(if self.unschedulable { "NodeNotSchedulable" } else { "NodeSchedulable" }, ctx);
    }
}

impl Fleet {
    /// While the container runtime does not answer, nothing is cleared away: kubelet says so once a minute.
    pub(super) fn await_container_gc(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        if !std::mem::replace(&mut n.gc_waits, true) {
            ctx.quietly_after(CONTAINER_GC_EVERY, Tag::about("container gc", Key::of::<Node>("", name)));
        }
    }

    pub(super) fn container_gc(&mut self, name: &str, ctx: &mut Ctx<'_>) {
        let Some(n) = self.nodes.get_mut(name) else { return };
        n.gc_waits = false;
        if n.runtime_off {
            if !n.down {
                n.note(Note::warning("ContainerGCFailed", NO_RUNTIME), ctx);
            }
            self.await_container_gc(name, ctx);
        }
    }
}
