//! HorizontalPodAutoscaler: every fifteen seconds it lays what pods use beside what they should use, and scales what they
//! belong to.
//!
//! Start with [`plan`], the whole of it as a pure function: [`metric`] asks one metric, [`replicas`] counts what it takes,
//! [`history`] and [`limits`] keep it from following at once and too far. Here is what it reads and writes, by requests as
//! any client makes them: the scale of its target, whatever kind that is, and what metrics-server says of the pods.
//!
//! Real Kubernetes: pkg/controller/podautoscaler/horizontal.go.

pub mod decision;
mod history;
mod limits;
mod metric;
pub mod plan;
mod replicas;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::kinds::{HorizontalPodAutoscaler, Pod, PodMetrics};
use crate::api::request::{Method, Request};
use crate::api::selector::Selector;
use crate::api::{Duration, Key, Reason, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use history::History;
use plan::{Figures, Plan, Said, Scale, Seen, Step, Unselected};

/// How often each of them is looked at. What happens to one in between waits for its turn.
const SYNC: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct Autoscalers {
    hpas: Cache<HorizontalPodAutoscaler>,
    pods: Cache<Pod>,
    histories: BTreeMap<Key, History>,
    /// Which pods each of them looked at when it last looked.
    selectors: BTreeMap<Key, Selector>,
    recorder: Recorder,
}

impl Default for Autoscalers {
    fn default() -> Autoscalers {
        Autoscalers {
            hpas: Cache::default(),
            pods: Cache::default(),
            histories: BTreeMap::new(),
            selectors: BTreeMap::new(),
            recorder: Recorder::new("horizontal-pod-autoscaler", ""),
        }
    }
}

impl Reconciler for Autoscalers {
    type Primary = HorizontalPodAutoscaler;
    const NAME: &'static str = "horizontalpodautoscaler";
    const USER: &'static str = "horizontal-pod-autoscaler";

    fn watches() -> Vec<Scope> {
        [HorizontalPodAutoscaler::kind_ref(), Pod::kind_ref()].map(Scope::all).into()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if !self.hpas.apply(c) {
            self.pods.apply(c);
        } else if c.kind == ChangeKind::Deleted {
            self.histories.remove(&c.key);
            self.selectors.remove(&c.key);
        } else {
            enqueue.after(SYNC, c.key.clone(), true);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(hpa) = self.hpas.by_key(key).cloned() else { return Ok(Action::done()) };
        let target = Target::find(&hpa, ctx);
        let mut history = self.histories.remove(key).unwrap_or_default();
        let mut plan = match &target {
            Err(why) => plan::without_scale(&hpa, why, ctx.now()),
            Ok(target) => plan::plan(&self.look(&hpa, target, ctx), &mut history),
        };
        if let Some(told) = decision::of(&hpa, &plan) {
            ctx.decide(told);
        }
        if let (Ok(target), Step::Rescale { to, .. }) = (&target, &plan.step) {
            let outcome = target.scale_to(*to, ctx);
            plan.scaled(&hpa, outcome, &mut history);
        }
        self.histories.insert(key.clone(), history);
        self.tell(&hpa, plan, ctx);
        Ok(Action::quietly_after(SYNC))
    }
}

impl Autoscalers {
    /// Everything that a plan is made from.
    fn look<'a>(&'a mut self, hpa: &'a HorizontalPodAutoscaler, target: &Target, ctx: &mut Ctx<'_>) -> Seen<'a> {
        let scale = target.scale();
        let mut seen =
            Seen { hpa, now: ctx.now(), scale, pods: vec![], unselected: None, figures: Figures::Ok(vec![]) };
        if !plan::asks_metrics(hpa, seen.scale.wanted) {
            return seen;
        }
        if seen.scale.selector.is_empty() {
            seen.unselected = Some(Unselected::Missing);
            return seen;
        }
        let selector = match Selector::parse(&seen.scale.selector) {
            Ok(selector) => selector,
            Err(why) => {
                seen.unselected = Some(Unselected::Invalid(why));
                return seen;
            }
        };
        self.selectors.insert(hpa.key(), selector.clone());
        seen.pods =
            self.pods.in_namespace(hpa.namespace()).filter(|p| selector.matches(p.metadata.labels.as_ref())).collect();
        let looks_at_one = |s: &Selector| seen.pods.iter().any(|p| s.matches(p.metadata.labels.as_ref()));
        let here = self.selectors.iter().filter(|(k, _)| *k.namespace == *hpa.namespace());
        let rivals: Vec<String> =
            here.filter(|(_, s)| looks_at_one(s)).map(|(k, _)| format!("{}/{}", k.namespace, k.name)).collect();
        if rivals.len() > 1 {
            seen.unselected = Some(Unselected::Ambiguous { selector: seen.scale.selector.clone(), rivals });
            return seen;
        }
        seen.figures = figures(hpa.namespace(), &seen.scale.selector, ctx);
        seen
    }

    /// Writes the status if it is another one, and what happened.
    fn tell(&mut self, hpa: &HorizontalPodAutoscaler, plan: Plan, ctx: &mut Ctx<'_>) {
        let Plan { status, mut said, step, .. } = plan;
        if hpa.status.as_ref() != Some(&status) {
            match ctx.api().update_status(HorizontalPodAutoscaler { status: Some(status), ..hpa.clone() }) {
                Ok(o) => self.hpas.put(&o),
                Err(e) => said.push(Said::warning("FailedUpdateStatus", e.message)),
            }
        }
        if let Step::Fail { why } = step {
            said.push(Said::warning("FailedComputeMetricsReplicas", why));
        }
        for s in said {
            let note = Note { warning: s.warning, reason: s.reason, message: &s.message };
            self.recorder.record(reference(hpa, None), note, ctx);
        }
    }
}

/// What is scaled: where its scale is found, and what it says.
struct Target {
    path: String,
    scale: Value,
}

impl Target {
    /// # Errors
    /// There is no such kind or object, or it has no scale.
    fn find(hpa: &HorizontalPodAutoscaler, ctx: &mut Ctx<'_>) -> Result<Target, String> {
        let about = &hpa.spec.scale_target_ref;
        let version = about.api_version.as_deref().unwrap_or("");
        if version.matches('/').count() > 1 {
            return Err(format!("unexpected GroupVersion string: {version}"));
        }
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let mut first = None;
        for kind in ctx.kinds_called(group, &about.kind) {
            let path = format!("{}/{}/scale", kind.collection(hpa.namespace()), about.name);
            match ctx.request(&Request::get(&path)) {
                Ok(answer) => return Ok(Target { path, scale: (*answer.body).clone() }),
                Err(e) => {
                    first.get_or_insert(as_clients_say(&e, &format!("get {} {}", kind.plural(), about.name)));
                }
            }
        }
        Err(first.unwrap_or_else(|| format!("no matches for kind {:?} in group {group:?}", about.kind)))
    }

    fn scale(&self) -> Scale {
        let number = |v: &Value| v.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
        let (spec, status) = (&self.scale["spec"], &self.scale["status"]);
        Scale { wanted: number(&spec["replicas"]), selector: status["selector"].as_str().unwrap_or("").into() }
    }

    fn scale_to(&self, replicas: i32, ctx: &mut Ctx<'_>) -> Result<(), String> {
        let mut scale = self.scale.clone();
        scale["spec"]["replicas"] = replicas.into();
        let done = ctx.request(&Request::new(Method::Put, &self.path).body(scale));
        done.map(|_| ()).map_err(|e| e.message)
    }
}

/// What metrics-server says of the pods of a selector.
fn figures(namespace: &str, selector: &str, ctx: &mut Ctx<'_>) -> Figures {
    let kind = PodMetrics::kind_ref();
    let list = ctx.request(&Request::get(kind.collection(namespace)).query("labelSelector", selector));
    let list = list.map_err(|e| as_clients_say(&e, "get pods.metrics.k8s.io"))?;
    let items = list.body["items"].as_array().into_iter().flatten();
    Ok(items.filter_map(|item| serde_json::from_value(item.clone()).ok()).collect())
}

/// An error as Go's client tells it: where the answer is no Status it says what was asked for.
fn as_clients_say(e: &Status, asked: &str) -> String {
    let general = e.details.is_none() && (e.is(Reason::NotFound) || e.is(Reason::ServiceUnavailable));
    if general { format!("{} ({asked})", e.message) } else { e.message.clone() }
}
