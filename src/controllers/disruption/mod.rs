//! PodDisruptionBudget: counts how many pods may be evicted now, which the eviction subresource keeps to.
//! Real Kubernetes: pkg/controller/disruption/disruption.go.

pub mod decision;
mod finder;
pub mod plan;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};

use crate::api::kinds::poddisruptionbudget::{DISRUPTION_ALLOWED, tell_whether_allowed, tells_whether_allowed};
use crate::api::kinds::{Pod, PodDisruptionBudget};
use crate::api::selector::{Selector, go_selector};
use crate::api::{Duration, Key, Reason, Resource, Status, Time, conditions, pods};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::DisruptionDecision;
use finder::Finders;

/// A pod that says that it will be evicted and is not says so no longer after this time.
const STALE_AFTER: Duration = Duration::from_secs(120);

#[derive(Clone)]
pub struct Disruption {
    budgets: Cache<PodDisruptionBudget>,
    pods: Cache<Pod>,
    finders: Finders,
    recorder: Recorder,
}

impl Default for Disruption {
    fn default() -> Disruption {
        Disruption {
            budgets: Cache::default(),
            pods: Cache::default(),
            finders: Finders::default(),
            recorder: Recorder::new("controllermanager", ""),
        }
    }
}

fn selector(b: &PodDisruptionBudget) -> Selector {
    b.spec.as_ref().and_then(|s| s.selector.as_ref()).map_or(Selector::Nothing, Selector::of)
}

fn selects(b: &PodDisruptionBudget, pod: &Pod) -> bool {
    selector(b).matches(pod.metadata.labels.as_ref())
}

/// How long a pod that stays may still say that it goes.
fn stale_in(pod: &Pod, now: Time) -> Option<Duration> {
    let condition = pods::condition(pod.status.as_ref()?, pods::DISRUPTION_TARGET)?;
    let tells = condition.status == "True" && condition.reason.as_deref() != Some("TerminationByKubelet");
    if !tells || pod.is_deleting() || pods::is_terminal(pod) {
        return None;
    }
    let since = condition.last_transition_time.as_ref().map(Time::from_meta)?;
    Some(STALE_AFTER.saturating_sub(now.since(since)))
}

impl Reconciler for Disruption {
    type Primary = PodDisruptionBudget;
    const NAME: &'static str = "disruption";
    const USER: &'static str = "disruption-controller";
    /// A custom kind with a scale says how many pods it wants.
    const WATCHES_CUSTOM: bool = true;

    fn watches() -> Vec<Scope> {
        let own = [PodDisruptionBudget::kind_ref(), Pod::kind_ref()];
        own.into_iter().chain(Finders::kinds()).map(Scope::all).collect()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.budgets.apply(c) {
            enqueue.add(c.key.clone());
        } else if self.pods.apply(c) {
            let Some(pod) = c.object.get::<Pod>() else { return };
            let mut all = self.budgets.in_namespace(&c.key.namespace).filter(|b| selects(b, pod));
            if let Some(b) = all.next() {
                enqueue.add(b.key());
            }
            if all.next().is_some() || stale_in(pod, Time::ZERO).is_some() {
                enqueue.add(c.key.clone());
            }
        } else {
            self.finders.apply(c);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if key.kind == Pod::kind_ref() {
            return self.look_at_pod(key, ctx);
        }
        let Some(budget) = self.budgets.by_key(key).cloned() else { return Ok(Action::done()) };
        match self.sync(&budget, ctx) {
            Err(e) if !e.is(Reason::Conflict) => self.fail_safe(&budget, &e.message, ctx),
            done => done,
        }
    }
}

impl Disruption {
    fn sync(&mut self, b: &PodDisruptionBudget, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let now = ctx.now();
        let Some(spec) = &b.spec else { return Ok(Action::done()) };
        let selector = selector(b);
        let of_budget = |p: &&Pod| selector.matches(p.metadata.labels.as_ref());
        let all: Vec<&Pod> = self.pods.in_namespace(b.namespace()).filter(of_budget).collect();
        let about = reference(b, None);
        if all.is_empty() {
            self.recorder.record(about.clone(), Note::normal("NoPods", "No matching pods found"), ctx);
        }
        let expected = match plan::expected(spec, &all, &|p| self.finders.find(p)) {
            Ok(expected) => expected,
            Err(why) => {
                let text = format!("Failed to calculate the number of expected pods: {why}");
                self.recorder.record(about, Note::warning("CalculateExpectedPodCountFailed", &text), ctx);
                return Err(Status::internal(&why));
            }
        };
        if expected.unmanaged {
            let text = unmanaged_text(spec.selector.as_ref());
            self.recorder.record(about, Note::warning("UnmanagedPods", &text), ctx);
        }
        let going = plan::disrupted(b, &all, now);
        for p in all.iter().filter(|p| going.stayed.iter().any(|s| s == p.name())) {
            // (The namespace stands twice in the real message, too.)
            let text = format!("Pod was expected by PDB {0}/{0} to be deleted but it wasn't", b.namespace());
            self.recorder.record(reference(*p, None), Note::warning("NotDeleted", &text), ctx);
        }
        let mut status = plan::status(b, &all, &expected, &going);
        let old = b.status.clone().unwrap_or_default();
        if !plan::same_numbers(&status, &old) || !tells_whether_allowed(&old) {
            let allowed = status.disruptions_allowed.unwrap_or(0);
            let known = old.observed_generation.is_some();
            if !known || Some(allowed) != old.disruptions_allowed || status.desired_healthy != old.desired_healthy {
                ctx.decide(DisruptionDecision::Allows {
                    budget: b.key(),
                    healthy: status.current_healthy.unwrap_or(0),
                    needed: expected.healthy,
                    allowed,
                });
            }
            tell_whether_allowed(&mut status, now);
            self.write(PodDisruptionBudget { status: Some(status), ..b.clone() }, ctx)?;
        }
        Ok(going.next.map_or(Action::done(), |at| Action::quietly_after(at.since(now) + Duration::from_millis(1))))
    }

    /// Nothing is allowed as long as nobody knows what should be.
    fn fail_safe(&mut self, b: &PodDisruptionBudget, why: &str, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let mut new = b.clone();
        let status = new.status.get_or_insert_default();
        status.disruptions_allowed = Some(0);
        let condition = Condition {
            type_: DISRUPTION_ALLOWED.into(),
            status: "False".into(),
            reason: "SyncFailed".into(),
            message: why.into(),
            observed_generation: status.observed_generation,
            last_transition_time: ctx.now().meta(),
        };
        conditions::set_meta(status.conditions.get_or_insert_default(), condition, ctx.now());
        if new.status != b.status {
            ctx.decide(DisruptionDecision::Failed { budget: b.key(), why: why.into() });
        }
        self.write(new, ctx)?;
        Ok(Action::done())
    }

    fn write(&mut self, b: PodDisruptionBudget, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let o = ctx.api::<PodDisruptionBudget>().update_status(b)?;
        self.budgets.put(&o);
        Ok(())
    }

    /// Tells of a pod that several budgets select, and has one that stayed say so.
    fn look_at_pod(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(pod) = self.pods.by_key(key).cloned() else { return Ok(Action::done()) };
        let all: Vec<&PodDisruptionBudget> =
            self.budgets.in_namespace(&key.namespace).filter(|b| selects(b, &pod)).collect();
        if let [first, _, ..] = all.as_slice() {
            let (namespace, name, first) = (pod.namespace(), pod.name(), first.name());
            let text = format!(
                "Pod {namespace:?}/{name:?} matches multiple PodDisruptionBudgets.  Chose {first:?} arbitrarily."
            );
            let note = Note::warning("MultiplePodDisruptionBudgets", &text);
            self.recorder.record(reference(&pod, None), note, ctx);
        }
        match stale_in(&pod, ctx.now()) {
            None => Ok(Action::done()),
            Some(wait) if !wait.is_zero() => Ok(Action::quietly_after(wait)),
            Some(_) => {
                ctx.decide(DisruptionDecision::Stayed { pod: key.clone() });
                let mut new = pod.clone();
                let list = new.status.get_or_insert_default().conditions.get_or_insert_default();
                conditions::set(list, conditions::pod(pods::DISRUPTION_TARGET, false, "", "", None), ctx.now());
                let o = ctx.api::<Pod>().update_status(new)?;
                self.pods.put(&o);
                Ok(Action::done())
            }
        }
    }
}

fn unmanaged_text(selector: Option<&LabelSelector>) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
        selector.map_or("nil".into(), go_selector)
    )
}
