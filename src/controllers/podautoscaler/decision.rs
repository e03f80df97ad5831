//! What an autoscaler did, or why it does nothing. A tick on which nothing changes is no decision.

use super::plan::{ABLE, ACTIVE, LIMITED, NO_COUNT, NO_SCALE, Plan, Reason, Step};
use crate::api::kinds::HorizontalPodAutoscaler;
use crate::api::kinds::horizontalpodautoscaler::targets;
use crate::api::object::{Key, Resource};
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct AutoscalerDecision {
    hpa: Key,
    target: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Rescales {
        from: i32,
        to: i32,
        reason: Reason,
        usage: String,
    },
    /// The target has no scale.
    NoScale(String),
    /// It does not know how many there should be.
    Blind(String),
    /// Nothing is scaled that somebody has set to zero.
    Disabled,
    /// It waits whether it stays like this.
    Waits(String),
    /// It would go further than it may.
    Limited(String),
}

/// What of a plan is worth telling: what is done, and what has changed since the last time.
pub fn of(hpa: &HorizontalPodAutoscaler, plan: &Plan) -> Option<AutoscalerDecision> {
    let condition = |list: &HorizontalPodAutoscaler, kind: &str| {
        let all = list.status.as_ref().and_then(|s| s.conditions.as_ref());
        let found = all.into_iter().flatten().find(|c| c.type_ == kind)?;
        Some((
            found.status == "True",
            found.reason.clone().unwrap_or_default(),
            found.message.clone().unwrap_or_default(),
        ))
    };
    let new = HorizontalPodAutoscaler { status: Some(plan.status.clone()), ..hpa.clone() };
    // What a condition says, if it has said something else before.
    let news = |kind: &str| {
        let now = condition(&new, kind)?;
        (condition(hpa, kind).is_none_or(|old| (old.0, &old.1) != (now.0, &now.1))).then_some(now)
    };
    let usage = targets(&new);
    let what = match (&plan.step, news(ABLE), news(ACTIVE), news(LIMITED)) {
        (Step::Rescale { to, reason }, ..) => {
            What::Rescales { from: plan.status.current_replicas.unwrap_or(0), to: *to, reason: reason.clone(), usage }
        }
        (_, Some((false, _, why)), ..) => What::NoScale(why.trim_start_matches(NO_SCALE).into()),
        (_, _, Some((false, reason, _)), _) if reason == "ScalingDisabled" => What::Disabled,
        (_, _, Some((false, _, why)), _) => What::Blind(why.trim_start_matches(NO_COUNT).into()),
        (_, Some((true, reason, _)), ..) if reason.ends_with("Stabilized") => What::Waits(usage),
        (_, _, _, Some((true, ..))) => What::Limited(usage),
        _ => return None,
    };
    let about = &hpa.spec.scale_target_ref;
    Some(AutoscalerDecision { hpa: hpa.key(), target: format!("{}/{}", about.kind, about.name), what })
}

impl Decision for AutoscalerDecision {
    fn message(&self) -> &'static str {
        match &self.what {
            What::Rescales { reason: Reason::AboveMax, .. } => "autoscaler-above-max",
            What::Rescales { reason: Reason::BelowMin, .. } => "autoscaler-below-min",
            What::Rescales { reason: Reason::Above(_), .. } => "autoscaler-up",
            What::Rescales { reason: Reason::AllBelow, .. } => "autoscaler-down",
            What::Rescales { reason: Reason::Earlier, .. } => "autoscaler-back",
            What::NoScale(_) => "autoscaler-no-scale",
            What::Blind(_) => "autoscaler-blind",
            What::Disabled => "autoscaler-disabled",
            What::Waits(_) => "autoscaler-waits",
            What::Limited(_) => "autoscaler-limited",
        }
    }

    fn facts(&self) -> Facts {
        let mut facts: Facts = vec![("hpa", self.hpa.name.to_string().into()), ("target", self.target.clone().into())];
        match &self.what {
            What::Rescales { from, to, usage, .. } => {
                facts.extend([("from", (*from).into()), ("to", (*to).into()), ("usage", usage.clone().into())]);
            }
            What::NoScale(why) | What::Blind(why) => facts.push(("why", why.clone().into())),
            What::Waits(usage) | What::Limited(usage) => facts.push(("usage", usage.clone().into())),
            What::Disabled => {}
        }
        facts
    }

    fn about(&self) -> Option<Key> {
        Some(self.hpa.clone())
    }
}
