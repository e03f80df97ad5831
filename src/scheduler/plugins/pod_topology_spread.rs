//! PodTopologySpread: pods of one kind should not all stand in one place. Required constraints filter, the others and
//! the default ones (over hosts and zones) score.
//! Real Kubernetes: pkg/scheduler/framework/plugins/podtopologyspread.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, TopologySpreadConstraint};

use super::taint_toleration::{KEEP_OUT, tolerations};
use crate::api::kinds::Pod;
use crate::api::node_affinity::admits;
use crate::api::object::Resource;
use crate::api::selector::Selector;
use crate::api::taints::untolerated;
use crate::scheduler::framework::{
    Filter, LabelKey, MAX_SCORE, Matching, NodeInfo, Places, PodInfo, Prepared, Reason, SPREAD_KEYS, Score, Snapshot,
};
use crate::scheduler::hints::{Happening, Help};

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

/// Which pods count: those that the constraint selects, and of them, by `matchLabelKeys`, those with the pod's own values.
fn selector(c: &TopologySpreadConstraint, pod: &PodInfo) -> Selector {
    let own = c.match_label_keys.iter().flatten().filter_map(|key| Some((key.clone(), pod.pod().label(key)?.into())));
    match c.label_selector.as_ref().map_or(Selector::Nothing, Selector::of) {
        Selector::All(mut requirements) => {
            if let Selector::All(more) = Selector::of_labels(&own.collect()) {
                requirements.extend(more);
            }
            Selector::All(requirements)
        }
        nothing => nothing,
    }
}

/// Matching pods in each value of the key.
fn counts<'n>(
    pod: &PodInfo,
    key: &str,
    selector: &Selector,
    nodes: impl Iterator<Item = &'n NodeInfo>,
) -> BTreeMap<&'n str, i64> {
    let mut out: BTreeMap<&str, i64> = BTreeMap::new();
    let mut question = Matching::new(pod.namespace(), selector);
    let key = LabelKey::of(key);
    for n in nodes {
        if let Some(v) = n.label(key) {
            *out.entry(v).or_default() += n.matching(&mut question);
        }
    }
    out
}

/// A required constraint, with what is counted for it before any node is judged.
struct Required<'a> {
    key: &'a str,
    counts: BTreeMap<&'a str, i64>,
    /// How many more pods than the emptiest domain a domain may have, without this pod.
    room: i64,
}

impl<'a> Required<'a> {
    fn new(c: &'a TopologySpreadConstraint, eligible: &[&'a NodeInfo], pod: &'a PodInfo) -> Required<'a> {
        let selector = selector(c, pod);
        let counts = counts(pod, &c.topology_key, &selector, eligible.iter().copied());
        let least = counts.values().copied().min().unwrap_or(0);
        // Too few domains: a further one, still empty, is to come.
        let few = i64::try_from(counts.len()).unwrap_or(i64::MAX) < i64::from(c.min_domains.unwrap_or(1));
        let own = i64::from(selector.matches(pod.pod().metadata.labels.as_ref()));
        let room = i64::from(c.max_skew) + if few { 0 } else { least } - own;
        Required { key: &c.topology_key, counts, room }
    }

    fn objection(&self, node: &NodeInfo) -> Option<Reason> {
        let reason = |missing| Some(Reason::Spread { key: self.key.to_string(), missing });
        let Some(here) = node.label(LabelKey::of(self.key)) else { return reason(true) };
        if self.counts.get(here).copied().unwrap_or(0) > self.room { reason(false) } else { None }
    }
}

/// Whether a node's pods count for a constraint, or (none) for those by default: it must be one where the pod could stand.
fn is_eligible(c: Option<&TopologySpreadConstraint>, pod: &PodInfo, node: &NodeInfo) -> bool {
    let honors = |policy: Option<&String>, default| policy.map_or(default, String::as_str) == "Honor";
    let allowed = || pod.pod().spec.as_ref().is_none_or(|s| admits(s, node.node()));
    let tainted = || untolerated(&node.taints, tolerations(pod), &KEEP_OUT).is_some();
    (!honors(c.and_then(|c| c.node_affinity_policy.as_ref()), "Honor") || allowed())
        && !(honors(c.and_then(|c| c.node_taints_policy.as_ref()), "Ignore") && tainted())
}

/// Whether that is so of every node, whatever it is like: the pod asks for none in particular.
fn everybody_counts(c: Option<&TopologySpreadConstraint>, pod: &PodInfo) -> bool {
    let asks = |s: &PodSpec| s.node_selector.is_some() || s.affinity.is_some();
    c.is_none() && !pod.pod().spec.as_deref().is_some_and(asks)
}

fn required(pod: &Pod) -> impl Iterator<Item = &TopologySpreadConstraint> {
    let all = pod.spec.iter().flat_map(|s| s.topology_spread_constraints.iter().flatten());
    all.filter(|c| c.when_unsatisfiable == "DoNotSchedule")
}

/// Whether a pod counts where another must be spread.
fn counts_for(pod: &Pod, other: &Pod) -> bool {
    let mut selectors = required(pod).filter_map(|c| c.label_selector.as_ref());
    pod.namespace() == other.namespace() && selectors.any(|s| Selector::of(s).matches(other.metadata.labels.as_ref()))
}

/// Whether one of the selectors is right for one of two states of a pod alone.
fn counts_otherwise(pod: &Pod, now: &Pod, before: &Pod) -> bool {
    let mut selectors = required(pod).filter_map(|c| c.label_selector.as_ref()).map(Selector::of);
    let matches = |s: &Selector, p: &Pod| s.matches(p.metadata.labels.as_ref());
    pod.namespace() == now.namespace() && selectors.any(|s| matches(&s, now) != matches(&s, before))
}

/// A node, also one that goes: it may have been the emptiest place of all. And pods that count, as they come and go.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node => Help::All,
        Happening::NodeGone(node) => Help::those(|w| required(w.pod).all(|c| node.label(&c.topology_key).is_some())),
        Happening::PodGone(gone) => Help::those(|w| counts_for(w.pod, gone.pod)),
        Happening::PodPlaced { now, before: None } => Help::those(|w| counts_for(w.pod, now.pod)),
        Happening::PodPlaced { now, before: Some(before) } => Help::those(|w| counts_otherwise(w.pod, now.pod, before)),
        _ => Help::Nobody,
    }
}

impl Filter for PodTopologySpread {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let own: Vec<_> = constraints(pod, "DoNotSchedule").collect();
        if own.is_empty() {
            return Ok(None);
        }
        // A node without one of the labels is in no domain at all.
        let whole = |n: &&NodeInfo| own.iter().all(|c| n.label(LabelKey::of(&c.topology_key)).is_some());
        let labelled: Vec<&NodeInfo> = all.each().filter(whole).collect();
        let of = |c: &&'a TopologySpreadConstraint| {
            let eligible: Vec<_> = labelled.iter().copied().filter(|n| is_eligible(Some(c), pod, n)).collect();
            Required::new(c, &eligible, pod)
        };
        let required: Vec<_> = own.iter().map(of).collect();
        Ok(Some(Box::new(move |node| required.iter().find_map(|r| r.objection(node)).into_iter().collect())))
    }
}

fn has_own(pod: &PodInfo) -> bool {
    pod.pod().spec.as_ref().and_then(|s| s.topology_spread_constraints.as_ref()).is_some_and(|c| !c.is_empty())
}

/// A constraint that need not be met: one of the pod's own, or of those by default.
struct Wish<'a> {
    key: &'a str,
    skew: i64,
    selector: Cow<'a, Selector>,
    own: Option<&'a TopologySpreadConstraint>,
}

fn wishes(pod: &PodInfo) -> Vec<Wish<'_>> {
    if has_own(pod) {
        let own = constraints(pod, "ScheduleAnyway");
        let wish = |c: &'_ TopologySpreadConstraint| (i64::from(c.max_skew), Cow::Owned(selector(c, pod)));
        return own
            .map(|c| (c, wish(c)))
            .map(|(c, (skew, selector))| Wish { key: &c.topology_key, skew, selector, own: Some(c) })
            .collect();
    }
    let siblings = pod.spread.as_deref();
    let by_default = siblings.into_iter().flat_map(|s| DEFAULTS.iter().map(move |(key, skew)| (s, key, skew)));
    by_default.map(|(s, key, skew)| Wish { key, skew: *skew, selector: Cow::Borrowed(s), own: None }).collect()
}

impl Wish<'_> {
    /// Matching pods in the place of each of the nodes, more of them where there are many places. `others` are those whose pods
    /// count, too.
    fn weigh<'n>(
        &self,
        pod: &PodInfo,
        nodes: &[&'n NodeInfo],
        others: impl Iterator<Item = &'n NodeInfo>,
    ) -> impl Iterator<Item = f64> {
        let key = LabelKey::of(self.key);
        let mut question = Matching::new(pod.namespace(), &self.selector);
        let by_host = self.key == HOSTNAME;
        let mut places = Places::of(key);
        // Of each place in which one of the nodes lies, how many there are; others do not matter.
        let mut there: Vec<Option<i64>> = vec![];
        if !by_host {
            for n in nodes {
                let place = places.number(n);
                there.resize(there.len().max(place + 1), None);
                there[place] = Some(0);
            }
            let all_count = everybody_counts(self.own, pod);
            // Nobody asks how many there are on nodes without the label.
            let others = others.filter(|n| n.label(key).is_some());
            for n in others.filter(|n| all_count || is_eligible(self.own, pod, n)) {
                if let Some(Some(count)) = there.get_mut(places.number(n)) {
                    *count += n.matching(&mut question);
                }
            }
        }
        let many = if by_host { nodes.len() } else { there.iter().flatten().count() };
        let weight = ((many + 2) as f64).ln();
        let counts: Vec<Option<i64>> = nodes
            .iter()
            .map(|n| {
                n.label(key)?;
                if by_host { Some(n.matching(&mut question)) } else { there.get(places.number(n)).copied().flatten() }
            })
            .collect();
        let skew = self.skew;
        counts.into_iter().map(move |c| c.map_or(0.0, |count| count as f64 * weight + (skew - 1) as f64))
    }
}

impl Score for PodTopologySpread {
    fn applies(&self, pod: &PodInfo, _: &Snapshot<'_>) -> bool {
        if has_own(pod) { constraints(pod, "ScheduleAnyway").next().is_some() } else { pod.spread.is_some() }
    }

    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64> {
        let (wishes, strict) = (wishes(pod), has_own(pod));
        // For a pod's own constraints, a node without one of the labels is in no place at all.
        let counts = |n: &NodeInfo| !strict || wishes.iter().all(|w| n.label(LabelKey::of(w.key)).is_some());
        let judged: Vec<&NodeInfo> = nodes.iter().copied().filter(|n| counts(n)).collect();
        let mut raw = vec![0.0; judged.len()];
        for wish in &wishes {
            let weights = wish.weigh(pod, &judged, all.each().filter(|n| counts(n)));
            raw.iter_mut().zip(weights).for_each(|(sum, w)| *sum += w);
        }
        let raw: Vec<i64> = raw.into_iter().map(|r| r.round() as i64).collect();
        let (most, least) = (raw.iter().copied().max().unwrap_or(0), raw.iter().copied().min().unwrap_or(0));
        let given = |s: i64| if most == 0 { MAX_SCORE } else { MAX_SCORE * (most + least - s) / most };
        let mut given = raw.into_iter().map(given);
        nodes.iter().map(|n| if counts(n) { given.next().unwrap_or(0) } else { 0 }).collect()
    }
}
