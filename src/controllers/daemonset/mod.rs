//! DaemonSet: keeps one pod on every node that fits. [`placement`] says which nodes do, [`plan`] what is missing or too much,
//! [`rolling`] brings old pods up to date, [`revisions`] keeps the templates that there were.
//! Real Kubernetes: pkg/controller/daemon/daemon_controller.go.

pub mod decision;
pub mod placement;
pub mod plan;
pub mod revisions;
pub mod rolling;
pub mod seen;
pub mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::api::kinds::{ControllerRevision, DaemonSet, Node, Pod, workload};
use crate::api::object::controller_of;
use crate::api::selector::Selector;
use crate::api::{Duration, Key, Resource, Status, Uid, pods};
use crate::client::claim::{concerned, owner_of, settle};
use crate::client::controller::Enqueue;
use crate::client::history::HASH_LABEL;
use crate::client::latest::update_latest;
use crate::client::pod_control::{PodControl, slow_start};
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Backoff, Cache, Expectations, OwnedCache, Postponed, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::DaemonSetDecision;
use placement::{Fit, Placement};
use plan::{BURST, Because, Plan};
use revisions::History;
use seen::Observed;
use status::Numbers;

/// A node whose pod failed is left alone this long, then longer and longer.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

#[derive(Clone)]
pub struct DaemonSets {
    sets: Cache<DaemonSet>,
    nodes: Cache<Node>,
    pods: OwnedCache<Pod>,
    revisions: OwnedCache<ControllerRevision>,
    expectations: Expectations,
    postponed: Postponed,
    failed: Backoff,
    control: PodControl,
}

impl Default for DaemonSets {
    fn default() -> DaemonSets {
        DaemonSets {
            sets: Cache::default(),
            nodes: Cache::default(),
            pods: OwnedCache::default(),
            revisions: OwnedCache::default(),
            expectations: Expectations::default(),
            postponed: Postponed::default(),
            failed: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
            control: PodControl::new("daemonset-controller"),
        }
    }
}

impl Reconciler for DaemonSets {
    type Primary = DaemonSet;
    const NAME: &'static str = "daemonset";
    const USER: &'static str = "daemon-set-controller";

    fn watches() -> Vec<Scope> {
        vec![
            Scope::all(DaemonSet::kind_ref()),
            Scope::all(ControllerRevision::kind_ref()),
            Scope::all(Pod::kind_ref()),
            Scope::all(Node::kind_ref()),
        ]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.sets.apply(c) {
            if c.kind == ChangeKind::Deleted {
                self.expectations.forget(&c.key);
                self.postponed.forget(&c.key);
                self.failed.forget(c.object.marks().uid);
            } else if c.previous.as_ref().is_some_and(|p| p.meta().generation == c.object.meta().generation) {
                self.postponed.echo(&c.key, c.cause);
            }
            enqueue.add(c.key.clone());
        } else if self.nodes.apply(c) {
            self.observe_node(c, enqueue);
        } else if self.revisions.apply(c) {
            // A new one is its owner's own work.
            if c.kind != ChangeKind::Added || controller_of(c.object.meta()).is_none() {
                self.call_owners(c, enqueue);
            }
        } else if self.pods.apply_of::<DaemonSet>(c) {
            if let Some(key) = owner_of(c.object.meta(), &self.sets).map(Resource::key) {
                let own = match c.kind {
                    ChangeKind::Added if !c.object.is_deleting() => self.expectations.saw_created(&key, &c.key.name),
                    ChangeKind::Modified if !c.object.is_deleting() => false,
                    _ => self.expectations.saw_deleted(&key, &c.key.name),
                };
                if own {
                    self.postponed.echo(&key, c.cause);
                }
            }
            self.call_owners(c, enqueue);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let now = ctx.now();
        let Some(set) = self.sets.by_key(key).cloned() else {
            self.expectations.forget(key);
            return Ok(Action::done());
        };
        let selector = set.spec.as_ref().map(|s| s.selector.clone()).unwrap_or_default();
        if workload::is_empty(&selector) {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.control.recorder.record(reference(&set, None), Note::warning("SelectingAll", message), ctx);
            return Ok(Action::done());
        }
        if set.is_deleting() {
            return Ok(Action::done());
        }
        let ready_to_act = self.expectations.are_met(key, now);
        if ready_to_act {
            let causes = self.postponed.take(key, &ctx.causes());
            ctx.because(key, causes);
        } else {
            self.postponed.keep(key, &ctx.causes());
        }
        // What it has created itself must have been seen before anything is counted.
        if self.expectations.await_created(key, now) {
            return Ok(Action::done());
        }
        let mut history = self.history(&set, ctx)?;
        settle(&set, &workload::selects(&selector), |_| true, None, &mut self.pods, ctx)?;
        let group = self.pods.group_of(Uid::of(set.uid()));
        let all = || group.values().filter_map(|o| o.get::<Pod>());
        let looked_at = group.len() + self.nodes.len();
        let nodes = self.nodes.clone();
        let hash = history.hash().to_string();
        let seen = Observed::gather(&set, &hash, nodes.iter(), all(), now);
        let numbers = status::count(&seen);
        let mut again = None;
        let done = match ready_to_act {
            true => self.act(&set, &seen, &mut history, &live(all()), ctx).map(|wait| again = wait),
            false => Ok(()),
        };
        let written = self.write_status(&set, numbers, ready_to_act, ctx);
        done?;
        written?;
        // A pod that is ready but not long enough will be available without any event.
        let min_ready = seen::min_ready(&set);
        if !min_ready.is_zero() && numbers.ready != numbers.available {
            again = Some(again.map_or(min_ready, |a: Duration| a.min(min_ready)));
        }
        Ok(again.map_or_else(Action::done, Action::after).having_looked_at(looked_at))
    }
}

/// The revisions that pods are of.
fn live<'a>(pods: impl Iterator<Item = &'a Pod>) -> BTreeSet<&'a str> {
    pods.filter_map(|p| p.label(HASH_LABEL)).collect()
}

impl DaemonSets {
    fn call_owners(&self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let selector = |s: &DaemonSet| s.spec.as_ref().map_or(Selector::Nothing, |s| workload::selects(&s.selector));
        concerned(c, &self.sets, selector).into_iter().for_each(|key| enqueue.add(key));
    }

    /// A node that comes, or whose labels or taints change, concerns the sets that now want a pod there, or no longer do.
    /// Real Kubernetes: syncNodeUpdate.
    fn observe_node(&self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let Some(node) = c.object.get::<Node>().filter(|_| c.kind != ChangeKind::Deleted) else { return };
        let taints = |n: &Node| n.spec.as_ref().and_then(|s| s.taints.clone()).unwrap_or_default();
        let before = c.previous.as_ref().and_then(|p| p.get::<Node>());
        if before.is_some_and(|b| b.metadata.labels == node.metadata.labels && taints(b) == taints(node)) {
            return;
        }
        if before.is_none() {
            return self.sets.iter().for_each(|set| enqueue.add(set.key()));
        }
        for set in self.sets.iter() {
            let fit = Placement::of(set).fit(node);
            let there = self.pods.owned_by(Uid::of(set.uid())).any(|p| pods::node(p) == node.name());
            let misplaced = set.status.as_ref().is_some_and(|s| s.number_misscheduled > 0);
            let calls = match fit {
                Fit::Runs => !there || misplaced,
                Fit::Stays(_) => there && misplaced,
                Fit::Leaves(_) => there,
            };
            if calls {
                enqueue.add(set.key());
            }
        }
    }

    /// Brings the nodes in order, then old pods up to date, then forgets old templates.
    fn act(
        &mut self,
        set: &DaemonSet,
        seen: &Observed<'_>,
        history: &mut History,
        live: &BTreeSet<&str>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<Duration>, Status> {
        let (uid, now, key) = (Uid::of(set.uid()), ctx.now(), set.key());
        let plan = plan::manage(seen, &|node| self.failed.left_since_update(uid, &generation_on(set, node), now));
        let again = plan.again;
        self.tell_of_ended(set, &plan, ctx);
        let kept_out = match seen.pods.is_empty() {
            true => seen.nodes.iter().filter_map(|(n, fit)| Some((kept_out(fit)?, (*n).to_string()))).collect(),
            false => vec![],
        };
        let told = |set: Key, nodes, names| DaemonSetDecision::Created { set, nodes, names, kept_out };
        self.apply(set, &plan, history.hash(), told, ctx)?;
        if seen.rolls() && self.expectations.are_met(&key, now) {
            let told = |set: Key, nodes, names| DaemonSetDecision::Surged { set, nodes, names };
            self.apply(set, &rolling::roll(seen), history.hash(), told, ctx)?;
        }
        self.forget_revisions(set, history, live, ctx)?;
        Ok(again)
    }

    /// Events of pods that have ended, and the wait of those that failed.
    fn tell_of_ended(&mut self, set: &DaemonSet, plan: &Plan, ctx: &mut Ctx<'_>) {
        for v in &plan.delete {
            let where_ = format!("daemon pod {}/{} on node {}", set.namespace(), v.name, v.node);
            let message = match v.because {
                Because::Failed => format!("Found failed {where_}, will try to kill it"),
                Because::Succeeded => format!("Found succeeded {where_}, will try to delete it"),
                _ => continue,
            };
            let note = match v.because {
                Because::Failed => {
                    let now = ctx.now();
                    self.failed.next(Uid::of(set.uid()), &generation_on(set, &v.node), now, now);
                    Note::warning("FailedDaemonPod", &message)
                }
                _ => Note::normal("SucceededDaemonPod", &message),
            };
            self.control.recorder.record(reference(set, None), note, ctx);
        }
    }

    /// Creates, then deletes. `told` is what the story says of pods that were created on nodes.
    fn apply(
        &mut self,
        set: &DaemonSet,
        plan: &Plan,
        hash: &str,
        told: impl FnOnce(Key, Vec<String>, Vec<String>) -> DaemonSetDecision,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (key, mut made, mut names) = (set.key(), vec![], vec![]);
        let template = placement::template(set, hash);
        let nodes = &plan.create[..plan.create.len().min(BURST)];
        let (mut next, mut missing) = (nodes.iter(), nodes.len());
        let created = slow_start(nodes.len(), || {
            let Some(node) = next.next() else { return Ok(()) };
            if let Some(o) = self.control.create(set, placement::pod_for(set, &template, node), ctx)? {
                self.expectations.expect_created(&key, o.name(), ctx.now());
                made.push(node.clone());
                names.push(o.name().to_string());
            }
            missing -= 1;
            Ok(())
        });
        if !names.is_empty() {
            ctx.decide(told(key.clone(), made, names));
        }
        if let Err(e) = &created {
            ctx.decide(DaemonSetDecision::Refused { set: key.clone(), missing, why: e.message.clone() });
        }
        let victims = &plan.delete[..plan.delete.len().min(BURST)];
        if !victims.is_empty() {
            ctx.decide(DaemonSetDecision::Deleted { set: key, victims: victims.to_vec() });
        }
        let names = victims.iter().map(|v| v.name.as_str());
        let deleted = self.control.delete_all(set, names, &mut self.expectations, ctx);
        created.and(deleted)
    }

    /// `observed`: this generation was acted upon.
    fn write_status(&mut self, set: &DaemonSet, n: Numbers, observed: bool, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let was = set.status.clone().unwrap_or_default();
        if n.are_in(&was) && was.observed_generation.unwrap_or(0) >= set.generation() {
            return Ok(());
        }
        let change = |d: &mut DaemonSet| {
            let s = d.status.get_or_insert_default();
            n.put_into(s);
            if observed {
                s.observed_generation = Some(set.generation());
            }
        };
        // The newest one may be newer than what was seen; collisions were perhaps counted in this very sync.
        let known = self.sets.by_key(&set.key()).unwrap_or(set);
        let o = update_latest(known, change, |d, ctx| ctx.api::<DaemonSet>().update_status(d), ctx)?;
        self.sets.put(&o);
        Ok(())
    }
}

fn kept_out(fit: &Fit) -> Option<placement::KeptOut> {
    match fit {
        Fit::Runs => None,
        Fit::Stays(why) | Fit::Leaves(why) => Some(why.clone()),
    }
}

/// Failures count anew for each generation that was observed.
fn generation_on(set: &DaemonSet, node: &str) -> String {
    let observed = set.status.as_ref().and_then(|s| s.observed_generation).unwrap_or(0);
    format!("{observed}/{node}")
}
