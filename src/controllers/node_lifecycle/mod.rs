//! Node lifecycle: notices kubelets that have fallen silent, taints their nodes, and evicts what does not tolerate it.
//! [`eviction`] is the taint manager, [`health`] the judgement of silence.
//! Real Kubernetes: pkg/controller/nodelifecycle, pkg/controller/tainteviction.

pub mod decision;
pub mod eviction;
pub mod health;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{NodeCondition, Taint};

use crate::api::kinds::{Lease, Node, Pod, node};
use crate::api::object::Name;
use crate::api::{Duration, Key, Object, Resource, Status, Time, pods};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, about_node, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Ctx, Tag};
use decision::NodeDecision;
use health::{Zone, zone};

/// How often the monitor looks, and how long a kubelet may be silent.
const PERIOD: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(50);
/// How long a node may exist before a kubelet speaks for it at all.
const STARTUP_GRACE: Duration = Duration::from_secs(60);
/// What a kubelet reports of its node, and what is not known of it when the kubelet is silent.
const REPORTED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
/// Nodes whose pods begin to be evicted: one in ten seconds.
const EVICTION_EVERY: Duration = Duration::from_secs(10);

pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// All taints that this controller sets and takes away. Those that people set are none of its business.
const TAINTS: [&str; 7] = [
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
];

/// What was last heard of a node.
#[derive(Clone, Copy, Default, Debug)]
struct Heard {
    /// When, by this controller's clock.
    at: Option<Time>,
    /// What the kubelet's clock said when it renewed its lease, and when it reported its status.
    lease: Option<Time>,
    beat: Option<Time>,
}

#[derive(Clone)]
pub struct NodeLifecycle {
    nodes: Cache<Node>,
    /// Which of them are ready: whether the fault lies elsewhere is asked for every node that is not.
    ready: BTreeSet<Name>,
    pods: Cache<Pod>,
    /// When each node was last heard of: a lease or a status that changed.
    heard: BTreeMap<Name, Heard>,
    next_eviction: Time,
    /// The nodes that it has said it looks after, with their UIDs.
    registered: BTreeMap<Name, String>,
    evictions: BTreeMap<Key, eviction::Eviction>,
    recorder: Recorder,
    eviction_recorder: Recorder,
}

impl Default for NodeLifecycle {
    fn default() -> NodeLifecycle {
        NodeLifecycle {
            nodes: Cache::default(),
            ready: BTreeSet::new(),
            pods: Cache::default(),
            heard: BTreeMap::new(),
            next_eviction: Time::default(),
            registered: BTreeMap::new(),
            evictions: BTreeMap::new(),
            recorder: Recorder::new("node-controller", ""),
            eviction_recorder: Recorder::new("taint-eviction-controller", ""),
        }
    }
}

impl Reconciler for NodeLifecycle {
    type Primary = Node;
    const NAME: &'static str = "node-lifecycle";
    const USER: &'static str = "node-controller";

    fn watches() -> Vec<Scope> {
        vec![
            Scope::all(Node::kind_ref()),
            Scope::all(Pod::kind_ref()),
            Scope { kind: Lease::kind_ref(), namespace: Some("kube-node-lease".into()) },
        ]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if c.key.kind == Lease::kind_ref() {
            let renewed = |o: &crate::api::Object| {
                o.get::<Lease>().and_then(|l| l.spec.as_ref()?.renew_time.as_ref().map(Time::from_meta_micro))
            };
            if let Some(t) = renewed(&c.object) {
                let heard = self.heard.entry(c.key.name.clone()).or_default();
                // By what it says itself the lease has to be newer; how long ago that was, this controller's own clock tells.
                if heard.lease.is_none_or(|before| before < t) {
                    heard.lease = Some(t);
                    heard.at = Some(enqueue.now());
                }
            }
            return;
        }
        if self.nodes.apply(c) {
            self.count(&c.key.name);
            if c.kind == ChangeKind::Deleted {
                self.heard.remove(&c.key.name);
            } else {
                let beat = c.object.get::<Node>().and_then(node::ready_condition);
                if let Some(t) = beat.and_then(|c| c.last_heartbeat_time.as_ref()).map(Time::from_meta) {
                    let heard = self.heard.entry(c.key.name.clone()).or_default();
                    // Any other heartbeat is a sign of life, be it an earlier one.
                    if heard.beat != Some(t) {
                        heard.beat = Some(t);
                        heard.at = Some(enqueue.now());
                    }
                }
                enqueue.add(c.key.clone());
            }
            return;
        }
        self.pods.apply(c);
        // A pod that lands on a tainted node, or changes what it tolerates, is judged anew.
        if let Some(p) = c.object.get::<Pod>() {
            let node = pods::node(p);
            let tainted =
                !node.is_empty() && self.nodes.get("", node).is_some_and(|n| eviction::no_execute(n).next().is_some());
            if c.kind == ChangeKind::Deleted {
                self.evictions.remove(&c.key);
            } else if tainted {
                enqueue.add(Key::of::<Node>("", node));
            }
        }
    }

    fn started(&mut self, ctx: &mut Ctx<'_>) {
        ctx.every(PERIOD, Tag::new("monitor"));
    }

    fn timer(&mut self, tag: Tag, ctx: &mut Ctx<'_>) -> Vec<Key> {
        match tag.what {
            "monitor" => {
                ctx.every(PERIOD, Tag::new("monitor"));
                self.monitor(ctx);
                vec![]
            }
            "evict" => {
                if let Some(key) = tag.key {
                    self.evict(&key, ctx);
                }
                vec![]
            }
            _ => vec![],
        }
    }

    /// Brings a node's taints in line with its conditions, and plans evictions.
    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(n) = self.nodes.by_key(key).cloned() else { return Ok(Action::done()) };
        self.taint_for_scheduling(&n, ctx)?;
        let Some(n) = self.nodes.by_key(key).cloned() else { return Ok(Action::done()) };
        let again = self.taint_for_eviction(&n, ctx)?;
        let Some(n) = self.nodes.by_key(key).cloned() else { return Ok(Action::done()) };
        self.plan_evictions(&n, ctx);
        Ok(again.map_or_else(Action::done, Action::quietly_after))
    }
}

impl NodeLifecycle {
    /// Looks at every node: who has been silent too long is marked Unknown.
    fn monitor(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.greet(ctx);
        let names: Vec<String> = self.nodes.iter().map(|n| n.name().to_string()).collect();
        for name in names {
            let heard = *self.heard.entry(Name::from(name.as_str())).or_default().at.get_or_insert(now);
            let Some(n) = self.nodes.get("", &name) else { continue };
            let was = node::ready_condition(n).map(|c| c.status.as_str());
            let grace = if was.is_none() { STARTUP_GRACE } else { GRACE };
            if now.since(heard) > grace && was != Some("Unknown") {
                let n = n.clone();
                self.mark_unknown(&n, now.since(heard), ctx);
            }
        }
        self.call_evictions_off(ctx);
    }

    /// Says of nodes that are new that they are looked after, and of those that are gone that they are not any more.
    fn greet(&mut self, ctx: &mut Ctx<'_>) {
        let present: BTreeMap<Name, String> =
            self.nodes.iter().map(|n| (Name::from(n.name()), n.uid().to_string())).collect();
        if present.len() == self.registered.len() && present.keys().eq(self.registered.keys()) {
            return;
        }
        let before = std::mem::replace(&mut self.registered, present.clone());
        let (new, gone) = (present.iter().filter(|(n, _)| !before.contains_key(*n)), before.iter());
        for (name, uid) in new {
            let message = format!("Node {name} event: Registered Node {name} in Controller");
            self.recorder.record(about_node(name, uid), Note::normal("RegisteredNode", &message), ctx);
        }
        for (name, uid) in gone.filter(|(n, _)| !present.contains_key(*n)) {
            let message = format!("Node {name} event: Removing Node {name} from Controller");
            self.recorder.record(about_node(name, uid), Note::normal("RemovingNode", &message), ctx);
        }
    }

    /// Notes whether a node that was just looked at is ready.
    fn count(&mut self, name: &Name) {
        if self.nodes.get("", name).is_some_and(node::is_ready) {
            self.ready.insert(name.clone());
        } else {
            self.ready.remove(name);
        }
    }

    /// Takes in what the controller itself has just written.
    fn know(&mut self, written: &Arc<Object>) {
        self.nodes.put(written);
        self.count(&Name::from(written.name()));
    }

    fn zone(&self) -> Zone {
        zone(self.ready.len(), self.nodes.len() - self.ready.len())
    }

    /// When the last node has fallen silent, what was begun before is taken back.
    fn call_evictions_off(&mut self, ctx: &mut Ctx<'_>) {
        if self.zone() != Zone::Full {
            return;
        }
        let all: Vec<Node> = self.nodes.iter().cloned().collect();
        for n in all {
            // A write that fails is tried again at the next look.
            let _ = self.set_taints(&n, "NoExecute", &[], ctx);
        }
    }

    fn mark_unknown(&mut self, n: &Node, silent: Duration, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let pods: Vec<Pod> = self.pods.iter().filter(|p| pods::node(p) == n.name()).cloned().collect();
        ctx.decide(NodeDecision::Silent { node: n.key(), silent, pods: pods.len() });
        let created = n.metadata.creation_timestamp.clone();
        let done = ctx.api::<Node>().patch_status("", n.name(), |n| {
            let list: &mut Vec<NodeCondition> = n.status.get_or_insert_default().conditions.get_or_insert_default();
            for type_ in REPORTED {
                let (status, last_transition_time) = ("Unknown".into(), Some(now.meta()));
                match list.iter_mut().find(|c| c.type_ == type_) {
                    Some(c) if c.status == "Unknown" => {}
                    Some(c) => {
                        (c.status, c.last_transition_time) = (status, last_transition_time);
                        c.reason = Some("NodeStatusUnknown".into());
                        c.message = Some("Kubelet stopped posting node status.".into());
                    }
                    None => list.push(NodeCondition {
                        type_: type_.into(),
                        status,
                        last_transition_time,
                        last_heartbeat_time: created.clone(),
                        reason: Some("NodeStatusNeverUpdated".into()),
                        message: Some("Kubelet never posted node status.".into()),
                    }),
                }
            }
        });
        if let Ok(o) = done {
            self.know(&o);
        }
        let message = format!("Node {} status is now: NodeNotReady", n.name());
        self.recorder.record(about_node(n.name(), n.uid()), Note::normal("NodeNotReady", &message), ctx);
        for p in pods.iter().filter(|p| pods::is_ready(p)) {
            let done = ctx.api::<Pod>().patch_status(p.namespace(), p.name(), |p| {
                for c in
                    p.status.iter_mut().flat_map(|s| s.conditions.iter_mut().flatten()).filter(|c| c.type_ == "Ready")
                {
                    c.status = "False".into();
                    c.last_transition_time = Some(now.meta());
                }
            });
            if done.is_ok() {
                self.recorder.record(
                    reference(p, None),
                    Note { warning: true, reason: "NodeNotReady", message: "Node is not ready" },
                    ctx,
                );
            }
        }
    }

    /// The `NoSchedule` taints that follow from conditions, and from being cordoned.
    fn taint_for_scheduling(&mut self, n: &Node, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.set_taints(n, "NoSchedule", &health::no_schedule(n), ctx)
    }

    /// The `NoExecute` taints, unless so much is broken that the fault must be elsewhere.
    fn taint_for_eviction(&mut self, n: &Node, ctx: &mut Ctx<'_>) -> Result<Option<Duration>, Status> {
        let wanted = match node::ready_condition(n).map(|c| c.status.as_str()) {
            Some("True") => return self.set_taints(n, "NoExecute", &[], ctx).map(|()| None),
            Some("False") => NOT_READY,
            Some(_) => UNREACHABLE,
            // Nobody has said a word about this node yet.
            None => return Ok(None),
        };
        if self.zone() != Zone::Normal {
            if eviction::no_execute(n).next().is_none() {
                ctx.decide(NodeDecision::NoEviction { node: n.key(), ready: self.ready.len(), all: self.nodes.len() });
            }
            return Ok(Some(PERIOD));
        }
        let already = eviction::no_execute(n).any(|t| t.key == wanted);
        if already {
            return Ok(None);
        }
        let now = ctx.now();
        if now < self.next_eviction {
            return Ok(Some(self.next_eviction.since(now)));
        }
        self.next_eviction = now + EVICTION_EVERY;
        self.set_taints(n, "NoExecute", &[wanted], ctx).map(|()| None)
    }

    /// Of this controller's taints with that effect, exactly the `wanted` ones stay.
    fn set_taints(&mut self, n: &Node, effect: &str, wanted: &[&str], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let now = ctx.now();
        let ours = |t: &&Taint| t.effect == effect && TAINTS.contains(&t.key.as_str());
        let present: Vec<&str> =
            n.spec.iter().flat_map(|s| s.taints.iter().flatten()).filter(ours).map(|t| t.key.as_str()).collect();
        let new: Vec<&str> = wanted.iter().copied().filter(|k| !present.contains(k)).collect();
        let gone: Vec<&str> = present.into_iter().filter(|k| !wanted.contains(k)).collect();
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        for key in &new {
            let (node, taint, effect) = (n.key(), (*key).to_string(), effect.to_string());
            ctx.decide(NodeDecision::Tainted { node, taint, effect });
        }
        // A taint that another one takes the place of needs no words.
        if new.is_empty() {
            for key in &gone {
                let (node, taint, effect) = (n.key(), (*key).to_string(), effect.to_string());
                ctx.decide(NodeDecision::Untainted { node, taint, effect });
            }
        }
        let o = ctx.api::<Node>().patch("", n.name(), |n| {
            let spec = n.spec.get_or_insert_default();
            let taints = spec.taints.get_or_insert_default();
            taints.retain(|t| t.effect != effect || !gone.contains(&t.key.as_str()));
            for key in &new {
                let (key, effect, time_added) = ((*key).to_string(), effect.to_string(), Some(now.meta()));
                taints.push(Taint { key, effect, time_added, ..Taint::default() });
            }
            if taints.is_empty() {
                spec.taints = None;
            }
        })?;
        self.know(&o);
        Ok(())
    }
}
