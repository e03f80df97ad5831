//! PodTopologySpread: pods of one kind should not all stand in one place. Required constraints filter, the others and
//! the default ones (over hosts and zones) score.
//! Real Kubernetes: pkg/scheduler/framework/plugins/podtopologyspread.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use crate::api::selector::Selector;
use crate::scheduler::framework::{
    Filter, LabelKey, MAX_SCORE, Matching, NodeInfo, PodInfo, Reason, SPREAD_KEYS, Score, Snapshot,
};

pub struct PodTopologySpread;

const HOSTNAME: &str = SPREAD_KEYS[0];
/// What the scheduler spreads over when a pod says nothing: key and largest difference.
const DEFAULTS: [(&str, i64); 2] = [(HOSTNAME, 3), (SPREAD_KEYS[1], 5)];

fn constraints<'a>(pod: &'a PodInfo, when: &'a str) -> impl Iterator<Item = &'a TopologySpreadConstraint> {
    pod.pod()
        .spec
        .iter()
        .flat_map(|s| s.topology_spread_constraints.iter().flatten())
        .filter(move |c| c.when_unsatisfiable == when)
}

fn selector(c: &TopologySpreadConstraint) -> Selector {
    c.label_selector.as_ref().map_or(Selector::Nothing, Selector::of)
}

/// Matching pods in each value of the key.
fn counts(pod: &PodInfo, key: &str, selector: &Selector, all: &Snapshot<'_>) -> BTreeMap<String, i64> {
    let mut out: BTreeMap<String, i64> = BTreeMap::new();
    let mut question = Matching::new(pod.namespace(), selector);
    let key = LabelKey::of(key);
    for n in all.nodes {
        let Some(v) = n.label(key) else { continue };
        let count = n.matching(&mut question);
        match out.get_mut(v) {
            Some(sum) => *sum += count,
            None => {
                out.insert(v.to_string(), count);
            }
        }
    }
    out
}

impl Filter for PodTopologySpread {
    fn applies(&self, pod: &PodInfo) -> bool {
        constraints(pod, "DoNotSchedule").next().is_some()
    }
    fn filter(&self, pod: &PodInfo, node: &NodeInfo, all: &Snapshot<'_>) -> Vec<Reason> {
        for c in constraints(pod, "DoNotSchedule") {
            let selector = selector(c);
            let reason = || vec![Reason::Spread { key: c.topology_key.clone() }];
            let Some(here) = node.label(LabelKey::of(&c.topology_key)) else { return reason() };
            let counts = counts(pod, &c.topology_key, &selector, all);
            let least = counts.values().copied().min().unwrap_or(0);
            let own = i64::from(selector.matches(pod.pod().metadata.labels.as_ref()));
            if counts.get(here).copied().unwrap_or(0) + own - least > i64::from(c.max_skew) {
                return reason();
            }
        }
        vec![]
    }
}

impl Score for PodTopologySpread {
    fn applies(&self, pod: &PodInfo) -> bool {
        pod.spread.is_some() || constraints(pod, "ScheduleAnyway").next().is_some()
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64> {
        let has_own =
            pod.pod().spec.as_ref().and_then(|s| s.topology_spread_constraints.as_ref()).is_some_and(|c| !c.is_empty());
        let list: Vec<(&str, i64, Cow<'_, Selector>)> = match (&pod.spread, has_own) {
            (Some(s), false) => DEFAULTS.iter().map(|(key, skew)| (*key, *skew, Cow::Borrowed(s))).collect(),
            _ => constraints(pod, "ScheduleAnyway")
                .map(|c| (c.topology_key.as_str(), i64::from(c.max_skew), Cow::Owned(selector(c))))
                .collect(),
        };
        let mut raw = vec![0.0; nodes.len()];
        for (key, skew, selector) in &list {
            let by_host = *key == HOSTNAME;
            let counts = if by_host { BTreeMap::new() } else { counts(pod, key, selector, all) };
            let places = if by_host { nodes.len() } else { counts.len() };
            let weight = ((places + 2) as f64).ln();
            let mut question = Matching::new(pod.namespace(), selector);
            let key = LabelKey::of(key);
            for (r, n) in raw.iter_mut().zip(nodes) {
                let count = match n.label(key) {
                    Some(_) if by_host => n.matching(&mut question),
                    Some(v) => counts.get(v).copied().unwrap_or(0),
                    None => continue,
                };
                *r += count as f64 * weight + (*skew - 1) as f64;
            }
        }
        let raw: Vec<i64> = raw.into_iter().map(|r| r.round() as i64).collect();
        let (most, least) = (raw.iter().copied().max().unwrap_or(0), raw.iter().copied().min().unwrap_or(0));
        raw.into_iter().map(|s| if most == 0 { MAX_SCORE } else { MAX_SCORE * (most + least - s) / most }).collect()
    }
}
