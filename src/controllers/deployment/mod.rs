//! Deployment: rolls a pod template out through ReplicaSets, one for each template it ever had.
//! [`revision`] finds and makes them, [`rolling`] and [`recreate`] move pods from the old to the new, [`scaling`]
//! spreads a change of replicas, [`progress`] reports.
//! Real Kubernetes: pkg/controller/deployment/deployment_controller.go.

pub mod decision;
pub mod progress;
pub mod recreate;
pub mod revision;
pub mod rolling;
pub mod scaling;
#[cfg(test)]
mod tests;

use crate::api::kinds::{Deployment, Pod, ReplicaSet, deployment as kind, replicaset};
use crate::api::{Duration, Key, Resource, Status};
use crate::client::claim::{claim, concerned, owner_of};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, OwnedCache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;

pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX: &str = "deployment.kubernetes.io/max-replicas";
pub const HASH: &str = "pod-template-hash";

#[derive(Clone)]
pub struct Deployments {
    deployments: Cache<Deployment>,
    sets: OwnedCache<ReplicaSet>,
    pods: Cache<Pod>,
    recorder: Recorder,
}

impl Default for Deployments {
    fn default() -> Deployments {
        Deployments {
            deployments: Cache::default(),
            sets: OwnedCache::default(),
            pods: Cache::default(),
            recorder: Recorder::new("deployment-controller", ""),
        }
    }
}

/// A Deployment with its ReplicaSets: the one of the present template, and the old ones, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    pub new: Option<ReplicaSet>,
    pub old: Vec<ReplicaSet>,
}

impl Sets {
    pub fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }
    pub fn replicas(&self) -> i32 {
        self.all().map(replicaset::wanted).fold(0, i32::wrapping_add)
    }
    pub fn available(&self) -> i32 {
        self.all().map(|s| status(s).available_replicas.unwrap_or(0)).fold(0, i32::wrapping_add)
    }
}

pub fn status(s: &ReplicaSet) -> k8s_openapi::api::apps::v1::ReplicaSetStatus {
    s.status.clone().unwrap_or_default()
}

impl Reconciler for Deployments {
    type Primary = Deployment;
    const NAME: &'static str = "deployment";
    const USER: &'static str = "deployment-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Deployment::kind_ref()), Scope::all(ReplicaSet::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.deployments.apply(c) {
            enqueue.add(c.key.clone());
            return;
        }
        if c.key.kind == Pod::kind_ref() {
            self.pods.apply(c);
            // Only a Deployment that recreates waits for single pods to go.
            if c.kind == ChangeKind::Deleted
                && let Some(d) = self.owner_of_pod(&c.object)
                && recreates(d)
            {
                enqueue.add(d.key());
            }
            return;
        }
        self.sets.apply(c);
        concerned(c, &self.deployments, kind::selector).into_iter().for_each(|key| enqueue.add(key));
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(d) = self.deployments.by_key(key).cloned() else { return Ok(Action::done()) };
        let everything = d.spec.as_ref().is_some_and(|s| {
            s.selector.match_labels.as_ref().is_none_or(|l| l.is_empty())
                && s.selector.match_expressions.as_ref().is_none_or(|l| l.is_empty())
        });
        if everything {
            return Ok(Action::done());
        }
        let owned = claim(&d, &kind::selector(&d), |_: &ReplicaSet| true, None, &mut self.sets, ctx)?;
        let owned: Vec<ReplicaSet> = owned.iter().filter_map(|o| o.get().cloned()).collect();
        if d.is_deleting() {
            let sets = revision::sort(&d, owned);
            return self.sync_status(&d, &sets, ctx);
        }
        let mut d = self.note_pause(d, ctx)?;
        if is_paused(&d) || scaling::is_scaling(&d, &owned) {
            return self.sync(&mut d, owned, ctx);
        }
        if recreates(&d) { self.recreate(&mut d, owned, ctx) } else { self.roll(&mut d, owned, ctx) }
    }
}

pub fn recreates(d: &Deployment) -> bool {
    d.spec.as_ref().and_then(|s| s.strategy.as_ref()).and_then(|s| s.type_.as_deref()) == Some("Recreate")
}

pub fn is_paused(d: &Deployment) -> bool {
    d.spec.as_ref().and_then(|s| s.paused) == Some(true)
}

impl Deployments {
    fn owner_of_pod(&self, pod: &crate::api::Object) -> Option<&Deployment> {
        let set: &ReplicaSet = owner_of(pod.meta(), &self.sets)?;
        owner_of(set.meta(), &self.deployments)
    }

    /// Scaling, or a pause: replicas are spread, but nothing is rolled out.
    fn sync(&mut self, d: &mut Deployment, owned: Vec<ReplicaSet>, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let mut sets = self.sets_of(d, owned, false, ctx)?;
        self.scale(d, &mut sets, ctx)?;
        if is_paused(d) {
            self.clean_up(d, &sets, ctx)?;
        }
        self.sync_status(d, &sets, ctx)
    }

    /// Sets a ReplicaSet's replicas, and says so.
    pub(super) fn scale_set(
        &mut self,
        d: &Deployment,
        set: &mut ReplicaSet,
        to: i32,
        ctx: &mut Ctx<'_>,
    ) -> Result<bool, Status> {
        let from = replicaset::wanted(set);
        let annotated = scaling::annotations(set, kind::wanted(d), rolling::most_pods(d));
        if from == to && !annotated {
            return Ok(false);
        }
        set.spec.get_or_insert_default().replicas = Some(to);
        let o = ctx.api::<ReplicaSet>().update(set.clone())?;
        self.sets.put(&o);
        if let Some(s) = o.get::<ReplicaSet>() {
            *set = s.clone();
        }
        if from == to {
            return Ok(false);
        }
        self.announce(d, set.name(), from, to, ctx);
        Ok(true)
    }

    fn announce(&mut self, d: &Deployment, set: &str, from: i32, to: i32, ctx: &mut Ctx<'_>) {
        let direction = if to > from { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {set} from {from} to {to}");
        self.recorder.record(
            reference(d, None),
            Note { warning: false, reason: "ScalingReplicaSet", message: &message },
            ctx,
        );
    }

    fn min_ready(d: &Deployment) -> Duration {
        Duration::from_secs(
            d.spec.as_ref().and_then(|s| s.min_ready_seconds).and_then(|s| u64::try_from(s).ok()).unwrap_or(0),
        )
    }
}
