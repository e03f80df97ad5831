//! What an autoscaler makes of what it sees: how many replicas there should be, and what it tells of that.
//! Real Kubernetes: pkg/controller/podautoscaler/horizontal.go reconcileAutoscaler, computeReplicasForMetrics.

use std::cmp::Ordering;

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingRules, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerStatus, MetricStatus,
};

use super::history::{self, DOWNSCALE_WINDOW, History};
use super::limits::{self, Limit, Range};
use super::metric::{self, Failure};
use super::replicas::Tolerances;
use crate::api::kinds::{HorizontalPodAutoscaler, Pod, PodMetrics};
use crate::api::quantity::Quantity;
use crate::api::{Duration, Time};

pub const ABLE: &str = "AbleToScale";
pub const ACTIVE: &str = "ScalingActive";
pub const LIMITED: &str = "ScalingLimited";

/// How the messages of conditions begin that tell what went wrong.
pub const NO_SCALE: &str = "the HPA controller was unable to get the target's current scale: ";
pub const NO_COUNT: &str = "the HPA was unable to compute the replica count: ";

/// By how much usage may be off, where nothing else is said.
const TOLERANCE: f64 = 0.1;

/// What the resource metrics API says of the pods, or why it says nothing.
pub type Figures = Result<Vec<PodMetrics>, String>;

/// The scale of what is scaled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scale {
    pub wanted: i32,
    pub selector: String,
}

/// Why a target's pods cannot be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unselected {
    /// It names no selector.
    Missing,
    Invalid(String),
    /// Pods that other autoscalers look at, too.
    Ambiguous {
        selector: String,
        rivals: Vec<String>,
    },
}

/// What the autoscaler sees.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub hpa: &'a HorizontalPodAutoscaler,
    pub now: Time,
    pub scale: Scale,
    pub pods: Vec<&'a Pod>,
    pub unselected: Option<Unselected>,
    pub figures: Figures,
}

/// An Event that shall be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

impl Said {
    pub fn warning(reason: &'static str, message: impl Into<String>) -> Said {
        Said { warning: true, reason, message: message.into() }
    }
}

/// Why it is scaled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    AboveMax,
    BelowMin,
    /// This metric is above its target.
    Above(String),
    AllBelow,
    /// More was recommended a while ago.
    Earlier,
}

impl Reason {
    pub fn text(&self) -> String {
        match self {
            Reason::AboveMax => "Current number of replicas above Spec.MaxReplicas".into(),
            Reason::BelowMin => "Current number of replicas below Spec.MinReplicas".into(),
            Reason::Above(metric) => format!("{metric} above target"),
            Reason::AllBelow => "All metrics below target".into(),
            Reason::Earlier => String::new(),
        }
    }
}

/// What is to be done with the scale.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Keep,
    Rescale {
        to: i32,
        reason: Reason,
    },
    /// Nobody knows how many there should be.
    Fail {
        why: String,
    },
}

/// The status as it will be, what is told before it is written, and what to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub status: HorizontalPodAutoscalerStatus,
    pub said: Vec<Said>,
    pub step: Step,
    now: Time,
}

/// The target has no scale that could be read.
pub fn without_scale(hpa: &HorizontalPodAutoscaler, why: &str, now: Time) -> Plan {
    let mut plan = Plan::of(hpa, now);
    plan.said.push(Said::warning("FailedGetScale", why));
    let message = format!("{NO_SCALE}{why}");
    plan.set(ABLE, false, "FailedGetScale", &message);
    plan
}

/// Whether it depends on metrics how many replicas there should be: not where there are none, or too few or too many anyway.
pub fn asks_metrics(hpa: &HorizontalPodAutoscaler, current: i32) -> bool {
    current != 0 && (hpa.spec.min_replicas.unwrap_or(1)..=hpa.spec.max_replicas).contains(&current)
}

pub fn plan(seen: &Seen<'_>, history: &mut History) -> Plan {
    let mut plan = Plan::of(seen.hpa, seen.now);
    let (spec, current) = (&seen.hpa.spec, seen.scale.wanted);
    plan.set(ABLE, true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    history.began(current, seen.now);
    let range = Range { min: spec.min_replicas.unwrap_or(1), max: spec.max_replicas };
    let (to, reason) = if current == 0 {
        let why = "scaling is disabled since the replica count of the target is zero";
        plan.set(ACTIVE, false, "ScalingDisabled", why);
        plan.counted(current, 0, None);
        return plan;
    } else if current > range.max {
        plan.status.current_metrics = None;
        (range.max, Reason::AboveMax)
    } else if current < range.min {
        plan.status.current_metrics = None;
        (range.min, Reason::BelowMin)
    } else {
        match plan.measure(seen) {
            Err(why) => {
                plan.step = Step::Fail { why };
                return plan;
            }
            Ok((wanted, metric)) => {
                let reason = match wanted.cmp(&current) {
                    Ordering::Greater => Reason::Above(metric),
                    Ordering::Less => Reason::AllBelow,
                    Ordering::Equal => Reason::Earlier,
                };
                (plan.restrain(seen, history, wanted, range), reason)
            }
        }
    };
    let metrics = plan.status.current_metrics.take();
    plan.counted(current, if to == current { current } else { plan.status.desired_replicas }, metrics);
    plan.step = if to == current { Step::Keep } else { Step::Rescale { to, reason } };
    plan
}

impl Plan {
    fn of(hpa: &HorizontalPodAutoscaler, now: Time) -> Plan {
        let status = hpa.status.clone().unwrap_or_default();
        Plan { status, said: vec![], step: Step::Keep, now }
    }

    /// What came of the attempt to scale.
    pub fn scaled(&mut self, hpa: &HorizontalPodAutoscaler, outcome: Result<(), String>, history: &mut History) {
        let Step::Rescale { to, reason } = &self.step else { return };
        let (to, told) = (*to, format!("New size: {to}; reason: {}", reason.text()));
        if let Err(why) = outcome {
            self.said.push(Said::warning("FailedRescale", format!("{told}; error: {why}")));
            let message = format!("the HPA controller was unable to update the target scale: {why}");
            self.set(ABLE, false, "FailedUpdateScale", &message);
            return;
        }
        let message = format!("the HPA controller was able to update the target scale to {to}");
        self.set(ABLE, true, "SucceededRescale", &message);
        self.said.push(Said { warning: false, reason: "SuccessfulRescale", message: told });
        history.scaled(hpa.spec.behavior.as_ref(), self.status.current_replicas.unwrap_or(0), to, self.now);
        self.status.desired_replicas = to;
        self.status.last_scale_time = Some(self.now.meta());
    }

    fn counted(&mut self, current: i32, desired: i32, metrics: Option<Vec<MetricStatus>>) {
        self.status.current_replicas = (current != 0).then_some(current);
        self.status.desired_replicas = desired;
        self.status.current_metrics = metrics;
    }

    pub fn set(&mut self, kind: &str, holds: bool, reason: &str, message: &str) {
        let list = self.status.conditions.get_or_insert_default();
        let status = if holds { "True" } else { "False" };
        let old = list.iter().position(|c| c.type_ == kind);
        let since = match old.map(|i| &list[i]).filter(|c| c.status == status) {
            Some(same) => same.last_transition_time.clone(),
            None => Some(self.now.meta()),
        };
        let (reason, message) = (Some(reason.to_string()), Some(message.to_string()));
        let new = HorizontalPodAutoscalerCondition {
            type_: kind.into(),
            status: status.into(),
            reason,
            message,
            last_transition_time: since,
        };
        match old {
            Some(i) => list[i] = new,
            None => list.push(new),
        }
    }

    /// Asks all metrics; whichever wants most is heard. A metric that says nothing could want more than the others, so they are
    /// not followed down without it.
    fn measure(&mut self, seen: &Seen<'_>) -> Result<(i32, String), String> {
        let (current, desired) = (seen.scale.wanted, self.status.desired_replicas);
        if let Some(why) = &seen.unselected {
            self.counted(current, desired, None);
            return Err(self.unselected(why));
        }
        let metrics = seen.hpa.spec.metrics.as_deref().unwrap_or_default();
        let mut statuses = vec![];
        let mut failures: Vec<Failure> = vec![];
        let mut most: (i32, String) = (0, String::new());
        for m in metrics {
            match metric::ask(seen, m) {
                Ok(a) => {
                    if most.0 == 0 || a.replicas > most.0 {
                        most = (a.replicas, a.name);
                    }
                    statuses.push(a.status);
                }
                Err(f) => {
                    self.said.push(Said::warning(f.reason, f.why.clone()));
                    failures.push(f);
                    statuses.push(MetricStatus::default());
                }
            }
        }
        self.counted(current, desired, Some(statuses));
        let all_failed = failures.len() >= metrics.len();
        if let Some(first) = failures.first().filter(|_| all_failed || most.0 < current) {
            let message = format!("{NO_COUNT}{}", first.why);
            self.set(ACTIVE, false, first.reason, &message);
            let (n, of) = (failures.len(), metrics.len());
            return Err(format!("invalid metrics ({n} invalid out of {of}), first error is: {}", first.told));
        }
        let message = format!("the HPA was able to successfully calculate a replica count from {}", most.1);
        self.set(ACTIVE, true, "ValidMetricFound", &message);
        Ok(most)
    }

    fn unselected(&mut self, why: &Unselected) -> String {
        let (event, reason, told, message) = match why {
            Unselected::Missing => {
                let message = "the HPA target's scale is missing a selector".to_string();
                ("SelectorRequired", "InvalidSelector", "selector is required".to_string(), message)
            }
            Unselected::Invalid(why) => {
                let told = format!("couldn't convert selector into a corresponding internal selector object: {why}");
                ("InvalidSelector", "InvalidSelector", told.clone(), told)
            }
            Unselected::Ambiguous { selector, rivals } => {
                let told =
                    format!("pods by selector {selector} are controlled by multiple HPAs: [{}]", rivals.join(" "));
                ("AmbiguousSelector", "AmbiguousSelector", told.clone(), told)
            }
        };
        self.said.push(Said::warning(event, told.clone()));
        self.set(ACTIVE, false, reason, &message);
        told
    }

    /// Follows a recommendation as far as what was recommended before and the limits allow.
    fn restrain(&mut self, seen: &Seen<'_>, history: &mut History, wanted: i32, range: Range) -> i32 {
        let (current, now) = (seen.scale.wanted, seen.now);
        let rules = seen.hpa.spec.behavior.as_ref().map(|b| (b.scale_up.as_ref(), b.scale_down.as_ref()));
        let kept = match rules {
            None => history.highest(wanted, now),
            Some((up, down)) => {
                let (up, down) = (history::window(up, Duration::ZERO), history::window(down, DOWNSCALE_WINDOW));
                history.agreed(current, wanted, up, down, now)
            }
        };
        if kept == wanted {
            self.set(ABLE, true, "ReadyForNewScale", "recommended size matches current size");
        } else if rules.is_some() && wanted >= current {
            let why = "recent recommendations were lower than current one, applying the lowest recent recommendation";
            self.set(ABLE, true, "ScaleUpStabilized", why);
        } else {
            let why = "recent recommendations were higher than current one, applying the highest recent recommendation";
            self.set(ABLE, true, "ScaleDownStabilized", why);
        }
        let (to, limit): (i32, Limit) = match rules {
            None => limits::usual(current, kept, range),
            Some(rules) => limits::by_rules(rules, history, current, kept, range, now),
        };
        self.set(LIMITED, to != kept, limit.reason(), limit.message());
        to
    }
}

/// By how much usage may be off before an autoscaler does anything.
pub fn tolerances(hpa: &HorizontalPodAutoscaler) -> Tolerances {
    let behavior = hpa.spec.behavior.as_ref();
    let of = |rules: Option<&HPAScalingRules>| {
        let own = rules.and_then(|r| r.tolerance.as_ref()).and_then(|q| Quantity::parse(&q.0));
        own.map_or(TOLERANCE, Quantity::approximate)
    };
    Tolerances {
        down: of(behavior.and_then(|b| b.scale_down.as_ref())),
        up: of(behavior.and_then(|b| b.scale_up.as_ref())),
    }
}
