//! Pod garbage collection: forces pods out that nobody else will let go, as their node is gone or was never found, and the oldest
//! of too many that have ended.
//! Real Kubernetes: pkg/controller/podgc/gc_controller.go.

pub mod decision;
pub mod plan;

use std::collections::{BTreeMap, BTreeSet};

use crate::api::kinds::{Node, Pod};
use crate::api::object::Name;
use crate::api::{Duration, Key, Object, Resource, Status, Time, conditions, pods, unless_gone};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Ctx, Tag};
use decision::Collected;
use plan::Why;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(20);
/// A node that is gone may come back under its name within this time.
const QUARANTINE: Duration = Duration::from_secs(40);

#[derive(Clone, Default)]
pub struct PodGc {
    nodes: Cache<Node>,
    pods: Cache<Pod>,
    /// How many pods each node has, whether it is there or not.
    on_node: BTreeMap<Name, usize>,
    leaving: BTreeSet<Key>,
    ended: BTreeSet<Key>,
    /// Since when nodes with pods are missing.
    missing: BTreeMap<Name, Time>,
    /// Why each pod goes that was found at the last look.
    found: BTreeMap<Key, Why>,
}

impl PodGc {
    /// Counts a pod in or out.
    fn count(&mut self, o: &Object, there: bool) {
        let Some(p) = o.get::<Pod>() else { return };
        let key = o.key();
        let set = |all: &mut BTreeSet<Key>, holds: bool| match holds && there {
            true => drop(all.insert(key.clone())),
            false => drop(all.remove(&key)),
        };
        set(&mut self.leaving, p.is_deleting());
        set(&mut self.ended, pods::is_terminal(p));
        let node = pods::node(p);
        if !node.is_empty() {
            let n = self.on_node.entry(node.into()).or_default();
            *n = if there { *n + 1 } else { n.saturating_sub(1) };
            if *n == 0 {
                self.on_node.remove(node);
            }
        }
    }

    /// Nodes that have pods and have been missing for long enough.
    fn lost_nodes(&mut self, now: Time) -> BTreeSet<Name> {
        let gone: BTreeSet<Name> =
            self.on_node.keys().filter(|n| self.nodes.object("", n).is_none()).cloned().collect();
        self.missing.retain(|n, _| gone.contains(n));
        gone.into_iter().filter(|n| now.since(*self.missing.entry(n.clone()).or_insert(now)) >= QUARANTINE).collect()
    }
}

impl Reconciler for PodGc {
    type Primary = Pod;
    const NAME: &'static str = "pod-garbage-collector";
    const USER: &'static str = "pod-garbage-collector";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Pod::kind_ref()), Scope::all(Node::kind_ref())]
    }

    fn started(&mut self, ctx: &mut Ctx<'_>) {
        ctx.every(PERIOD, Tag::new("look"));
    }

    fn timer(&mut self, tag: Tag, ctx: &mut Ctx<'_>) -> Vec<Key> {
        ctx.every(PERIOD, tag);
        let lost = self.lost_nodes(ctx.now());
        let seen = plan::Seen {
            ended: self.ended.iter().filter_map(|k| self.pods.by_key(k)).collect(),
            leaving: self.leaving.iter().filter_map(|k| self.pods.by_key(k)).collect(),
            // All pods are looked at only if some of them have lost their node.
            lost: match lost.is_empty() {
                true => vec![],
                false => self.pods.iter().filter(|p| lost.contains(pods::node(p))).collect(),
            },
            node: &|name| self.nodes.get("", name),
        };
        self.found = plan::plan(&seen);
        self.found.keys().cloned().collect()
    }

    fn observe(&mut self, c: &Change, _: &mut Enqueue<'_>) {
        if self.nodes.apply(c) {
            return;
        }
        if let Some(old) = self.pods.object(&c.key.namespace, &c.key.name).cloned() {
            self.count(&old, false);
        }
        self.pods.apply(c);
        if c.kind != ChangeKind::Deleted {
            self.count(&c.object, true);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(why) = self.found.get(key).copied() else { return Ok(Action::done()) };
        let Some(pod) = self.pods.by_key(key).cloned() else { return Ok(Action::done()) };
        ctx.decide(Collected { pod: key.clone(), node: pods::node(&pod).into(), why });
        if !pods::is_terminal(&pod) {
            let (now, generation) = (ctx.now(), pod.metadata.generation);
            let done = ctx.api::<Pod>().patch_status(&key.namespace, &key.name, |p| {
                let status = p.status.get_or_insert_default();
                status.phase = Some("Failed".into());
                status.observed_generation = generation;
                if why == Why::Lost {
                    let text = "PodGC: node no longer exists";
                    let c = conditions::pod(pods::DISRUPTION_TARGET, true, "DeletionByPodGC", text, generation);
                    conditions::set(status.conditions.get_or_insert_default(), c, now);
                }
            });
            unless_gone(done.map(drop))?;
        }
        let at_once = DeleteOptions { grace_seconds: Some(0), ..DeleteOptions::default() };
        unless_gone(ctx.api::<Pod>().delete(&key.namespace, &key.name, at_once).map(drop))?;
        self.found.remove(key);
        Ok(Action::done())
    }
}
