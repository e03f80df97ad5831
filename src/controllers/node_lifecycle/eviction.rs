//! The taint manager: a pod leaves a node with a `NoExecute` taint when its tolerance for it has run out.
//! Real Kubernetes: pkg/controller/tainteviction/taint_eviction.go.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::NodeLifecycle;
use super::decision::NodeDecision;
use crate::api::kinds::{Node, Pod};
use crate::api::taints::tolerates;
use crate::api::{Duration, Key, Resource, Time, conditions, pods};
use crate::apiserver::delete::DeleteOptions;
use crate::client::recorder::{Note, reference};
use crate::world::{Ctx, Tag};

/// A pod that has to leave its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Eviction {
    Due(Time),
    /// It is being deleted, though the cache may not know yet.
    Done,
}

pub fn no_execute(n: &Node) -> impl Iterator<Item = &Taint> {
    n.spec.iter().flat_map(|s| s.taints.iter().flatten()).filter(|t| t.effect == "NoExecute")
}

/// How long a pod may stay: `None` for ever, zero not at all.
pub fn stays(tolerations: &[Toleration], taints: &[&Taint]) -> Option<Duration> {
    let mut least: Option<Duration> = None;
    for taint in taints {
        let fitting: Vec<&Toleration> = tolerations.iter().filter(|t| tolerates(t, taint)).collect();
        if fitting.is_empty() {
            return Some(Duration::ZERO);
        }
        for t in fitting {
            if let Some(s) = t.toleration_seconds {
                let d = Duration::from_secs(u64::try_from(s).unwrap_or(0));
                least = Some(least.map_or(d, |l| l.min(d)));
            }
        }
    }
    least
}

impl NodeLifecycle {
    pub(super) fn plan_evictions(&mut self, n: &Node, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let taints: Vec<&Taint> = no_execute(n).collect();
        // Nodes report often; most of the time there is nothing to plan, nor a plan to give up.
        if taints.is_empty() && self.evictions.is_empty() {
            return;
        }
        let since = taints.iter().filter_map(|t| t.time_added.as_ref().map(Time::from_meta)).min().unwrap_or(now);
        let here: Vec<Pod> = self.pods.iter().filter(|p| pods::node(p) == n.name()).cloned().collect();
        for p in here {
            let key = p.key();
            let tolerations = p.spec.as_ref().and_then(|s| s.tolerations.clone()).unwrap_or_default();
            let wait = if taints.is_empty() { None } else { stays(&tolerations, &taints) };
            match (wait, self.evictions.get(&key)) {
                (Some(_), None) if p.is_deleting() => {}
                (Some(wait), None) => {
                    let at = (since + wait).max(now);
                    self.evictions.insert(key.clone(), Eviction::Due(at));
                    if wait > Duration::ZERO {
                        ctx.decide(NodeDecision::WillEvict {
                            pod: key.clone(),
                            node: n.name().into(),
                            wait: at.since(now),
                        });
                        ctx.quietly_after(at.since(now), Tag::about("evict", key));
                    } else {
                        ctx.after(Duration::from_millis(1), Tag::about("evict", key));
                    }
                }
                (None, Some(Eviction::Done)) => {}
                (None, Some(Eviction::Due(_))) => {
                    self.evictions.remove(&key);
                    let message = format!("Cancelling deletion of Pod {}/{}", p.namespace(), p.name());
                    self.eviction_recorder.record(
                        reference(&p, None),
                        Note { warning: false, reason: "TaintManagerEviction", message: &message },
                        ctx,
                    );
                    ctx.decide(NodeDecision::WillNotEvict { pod: key, node: n.name().into() });
                }
                _ => {}
            }
        }
    }

    pub(super) fn evict(&mut self, key: &Key, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let due = matches!(self.evictions.get(key), Some(Eviction::Due(at)) if *at <= now);
        let Some(p) = self.pods.by_key(key).filter(|_| due).cloned() else { return };
        self.evictions.insert(key.clone(), Eviction::Done);
        let node = pods::node(&p).to_string();
        ctx.decide(NodeDecision::Evicted { pod: key.clone(), node });
        let message = format!("Marking for deletion Pod {}/{}", p.namespace(), p.name());
        self.eviction_recorder.record(
            reference(&p, None),
            Note { warning: false, reason: "TaintManagerEviction", message: &message },
            ctx,
        );
        let generation = p.metadata.generation;
        let _ = ctx.api::<Pod>().patch_status(p.namespace(), p.name(), |p| {
            let c = conditions::pod(
                pods::DISRUPTION_TARGET,
                true,
                "DeletionByTaintManager",
                "Taint manager: deleting due to NoExecute taint",
                generation,
            );
            conditions::set(p.status.get_or_insert_default().conditions.get_or_insert_default(), c, now);
        });
        let _ = ctx.api::<Pod>().delete(p.namespace(), p.name(), DeleteOptions::default());
    }
}
