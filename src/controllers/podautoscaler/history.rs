//! What has been recommended and done of late, for an autoscaler that shall not follow every whim of its metrics.
//! Real Kubernetes: pkg/controller/podautoscaler/horizontal.go stabilizeRecommendation, stabilizeRecommendationWithBehaviors,
//! storeScaleEvent, getReplicasChangePerPeriod.

use k8s_openapi::api::autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscalerBehavior};

use crate::api::{Duration, Time};

/// For so long it is remembered how much was needed, before there may be less.
pub const DOWNSCALE_WINDOW: Duration = Duration::from_secs(5 * 60);

#[derive(Clone, Debug, Default)]
pub struct History {
    recommendations: Vec<(i32, Time)>,
    /// By how much it was scaled up, and down.
    ups: Vec<(i32, Time)>,
    downs: Vec<(i32, Time)>,
}

/// Puts something new in the place of the last that is too old, or at the end.
fn remember(list: &mut Vec<(i32, Time)>, value: (i32, Time), is_old: impl Fn(Time) -> bool) {
    match list.iter().rposition(|(_, at)| is_old(*at)) {
        Some(i) => list[i] = value,
        None => list.push(value),
    }
}

fn seconds(n: i32) -> Duration {
    Duration::from_secs(u64::try_from(n).unwrap_or(0))
}

/// How long an autoscaler with rules of its own looks back.
pub fn window(rules: Option<&HPAScalingRules>, usual: Duration) -> Duration {
    rules.and_then(|r| r.stabilization_window_seconds).map_or(usual, seconds)
}

impl History {
    /// What was there when the autoscaler came counts as the first recommendation.
    pub fn began(&mut self, replicas: i32, now: Time) {
        if self.recommendations.is_empty() {
            self.recommendations.push((replicas, now));
        }
    }

    /// The highest recommendation of the window, with this one.
    pub fn highest(&mut self, wanted: i32, now: Time) -> i32 {
        let is_old = |at: Time| at + DOWNSCALE_WINDOW < now;
        let recent = self.recommendations.iter().filter(|(_, at)| !is_old(*at)).map(|(n, _)| *n);
        let highest = recent.fold(wanted, i32::max);
        remember(&mut self.recommendations, (wanted, now), is_old);
        highest
    }

    /// What all recommendations of the two windows agree on, with this one: up only as far as the lowest of one window says,
    /// down only as far as the highest of the other.
    pub fn agreed(&mut self, current: i32, wanted: i32, up: Duration, down: Duration, now: Time) -> i32 {
        let within =
            |window: Duration| self.recommendations.iter().filter(move |(_, at)| *at + window > now).map(|(n, _)| *n);
        let lowest = within(up).fold(wanted, i32::min);
        let highest = within(down).fold(wanted, i32::max);
        remember(&mut self.recommendations, (wanted, now), |at| at + up < now && at + down < now);
        current.max(lowest).min(highest)
    }

    /// It was scaled. Nobody asks later if there are no rules.
    pub fn scaled(&mut self, behavior: Option<&HorizontalPodAutoscalerBehavior>, from: i32, to: i32, now: Time) {
        let Some(behavior) = behavior else { return };
        let (list, rules) =
            if to > from { (&mut self.ups, &behavior.scale_up) } else { (&mut self.downs, &behavior.scale_down) };
        let policies = rules.iter().flat_map(|r| r.policies.iter().flatten());
        let longest = seconds(policies.map(|p| p.period_seconds).max().unwrap_or(0));
        remember(list, ((to - from).abs(), now), |at| at + longest < now);
    }

    /// How many replicas there were a period ago.
    pub fn replicas_before(&self, current: i32, period_seconds: i32, now: Time) -> i32 {
        let period = seconds(period_seconds);
        let sum = |list: &[(i32, Time)]| {
            list.iter().filter(|(_, at)| *at + period > now).map(|(n, _)| i64::from(*n)).sum::<i64>()
        };
        let before = i64::from(current) - sum(&self.ups) + sum(&self.downs);
        i32::try_from(before).unwrap_or(if before < 0 { i32::MIN } else { i32::MAX })
    }
}
