//! How far a recommendation may be followed: from the fewest to the most replicas, and not too fast.
//! Real Kubernetes: pkg/controller/podautoscaler/horizontal.go convertDesiredReplicasWithRules,
//! convertDesiredReplicasWithBehaviorRate, calculateScaleUpLimitWithScalingRules, calculateScaleDownLimitWithBehaviors.

use k8s_openapi::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules};

use super::history::History;
use crate::api::Time;

/// What kept a recommendation from being followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    None,
    /// It would grow too fast.
    Up,
    TooMany,
    /// It would shrink too fast.
    Down,
    TooFew,
}

impl Limit {
    pub fn reason(self) -> &'static str {
        match self {
            Limit::None => "DesiredWithinRange",
            Limit::Up => "ScaleUpLimit",
            Limit::TooMany => "TooManyReplicas",
            Limit::Down => "ScaleDownLimit",
            Limit::TooFew => "TooFewReplicas",
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            Limit::None => "the desired count is within the acceptable range",
            Limit::Up => "the desired replica count is increasing faster than the maximum scale rate",
            Limit::TooMany => "the desired replica count is more than the maximum replica count",
            Limit::Down => "the desired replica count is decreasing faster than the maximum scale rate",
            Limit::TooFew => "the desired replica count is less than the minimum replica count",
        }
    }
}

/// The fewest and the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub min: i32,
    pub max: i32,
}

/// Without rules: at most twice as many as now, or four.
pub fn usual(current: i32, wanted: i32, range: Range) -> (i32, Limit) {
    let fast = current.saturating_mul(2).max(4);
    let most = if range.max > fast { (fast, Limit::Up) } else { (range.max, Limit::TooMany) };
    match wanted {
        n if n < range.min => (range.min, Limit::TooFew),
        n if n > most.0 => most,
        n => (n, Limit::None),
    }
}

/// By the rules of the autoscaler, which say how many may come and go in a time.
pub fn by_rules(
    (up, down): (Option<&HPAScalingRules>, Option<&HPAScalingRules>),
    history: &History,
    current: i32,
    wanted: i32,
    range: Range,
    now: Time,
) -> (i32, Limit) {
    if wanted > current {
        let rate = up.map_or(i32::MAX, |r| furthest(r, history, current, now, Way::Up)).max(current);
        let most = if range.max > rate { (rate, Limit::Up) } else { (range.max, Limit::TooMany) };
        return if wanted > most.0 { most } else { (wanted, Limit::None) };
    }
    if wanted < current {
        let rate = down.map_or(i32::MIN, |r| furthest(r, history, current, now, Way::Down)).min(current);
        let least = if range.min < rate { (rate, Limit::Down) } else { (range.min, Limit::TooFew) };
        return if wanted < least.0 { least } else { (wanted, Limit::None) };
    }
    (wanted, Limit::None)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Up,
    Down,
}

/// How far the policies let it go: as far as the most generous one does, unless the strictest is chosen.
fn furthest(rules: &HPAScalingRules, history: &History, current: i32, now: Time, way: Way) -> i32 {
    let select = rules.select_policy.as_deref();
    if select == Some("Disabled") {
        return current;
    }
    let to = |p: &HPAScalingPolicy| {
        let before = history.replicas_before(current, p.period_seconds, now);
        let share = f64::from(p.value) / 100.0;
        match (p.type_.as_str(), way) {
            ("Percent", Way::Up) => (f64::from(before) * (1.0 + share)).ceil() as i32,
            ("Percent", Way::Down) => (f64::from(before) * (1.0 - share)) as i32,
            (_, Way::Up) => before.saturating_add(p.value),
            (_, Way::Down) => before.saturating_sub(p.value),
        }
    };
    let all = rules.policies.iter().flatten().map(to);
    let furthest = if (way == Way::Up) == (select != Some("Min")) { all.max() } else { all.min() };
    furthest.unwrap_or(current)
}
