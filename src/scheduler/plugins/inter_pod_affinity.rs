//! InterPodAffinity: pods that want to be near other pods, or far from them. What pods that stand already want counts, too.
//! Real Kubernetes: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, scoring.go.

use std::collections::BTreeMap;

use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::scheduler::framework::{Filter, MAX_SCORE, NodeInfo, PodInfo, Prepared, Reason, Score, Snapshot};
use crate::scheduler::hints::{Happening, Help, Seen, Waiter};
use crate::scheduler::known::Known;
use crate::scheduler::special::{Special, Term};

pub struct InterPodAffinity;

/// How much a pod that must be near others is worth to them in turn.
const REQUIRED_WEIGHT: i64 = 1;

/// Numbers for places: by the label that tells places apart, and its value.
#[derive(Default)]
struct ByPlace<'a>(BTreeMap<&'a str, BTreeMap<&'a str, i64>>);

impl<'a> ByPlace<'a> {
    fn add(&mut self, key: &'a str, node: &'a NodeInfo, n: i64) {
        if let Some(value) = node.node().label(key) {
            *self.0.entry(key).or_default().entry(value).or_default() += n;
        }
    }

    /// What was counted for the node's place.
    fn at(&self, key: &str, node: &NodeInfo) -> i64 {
        let here = || Some(*self.0.get(key)?.get(node.node().label(key)?)?);
        here().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn sum(&self, node: &NodeInfo) -> i64 {
        self.0.keys().map(|key| self.at(key, node)).sum()
    }
}

/// Whether a wish is about the pod.
fn means_pod(t: &Term, pod: &PodInfo, known: &Known) -> bool {
    t.means(pod.namespace(), pod.pod().metadata.labels.as_ref(), known)
}

fn required(of: Option<&[Term]>) -> &[Term] {
    of.unwrap_or_default()
}

/// What speaks for and against places, as counted before any node is judged.
struct Counts<'a> {
    near: &'a [Term],
    far: &'a [Term],
    /// Pods that all wishes for company mean.
    company: ByPlace<'a>,
    unwanted: ByPlace<'a>,
    /// Pods that do not want this one.
    unwelcome: ByPlace<'a>,
    /// The pod would be its own company: the first of its kind may stand anywhere.
    is_first: bool,
}

impl<'a> Counts<'a> {
    fn of(pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Counts<'a> {
        let special = pod.special.as_ref();
        let near = required(special.map(|s| s.near.required.as_slice()));
        let far = required(special.map(|s| s.far.required.as_slice()));
        let (mut company, mut unwanted, mut unwelcome) = (ByPlace::default(), ByPlace::default(), ByPlace::default());
        if !near.is_empty() || !far.is_empty() {
            for node in all.nodes {
                for (pods, count) in node.sorts() {
                    if !near.is_empty() && near.iter().all(|t| t.means_those(pods, all.known)) {
                        near.iter().for_each(|t| company.add(&t.key, node, count));
                    }
                    for t in far.iter().filter(|t| t.means_those(pods, all.known)) {
                        unwanted.add(&t.key, node, count);
                    }
                }
            }
        }
        for node in all.with_choosy() {
            let theirs = node.specials().flat_map(|(_, s, _)| &s.far.required);
            theirs.filter(|t| means_pod(t, pod, all.known)).for_each(|t| unwelcome.add(&t.key, node, 1));
        }
        let is_first = company.is_empty() && near.iter().all(|t| means_pod(t, pod, all.known));
        Counts { near, far, company, unwanted, unwelcome, is_first }
    }

    fn objection(&self, node: &NodeInfo) -> Option<Reason> {
        let has_place = |t: &Term| node.node().label(&t.key).is_some();
        if !self.near.iter().all(has_place)
            || !(self.is_first || self.near.iter().all(|t| self.company.at(&t.key, node) > 0))
        {
            Some(Reason::Neighbours)
        } else if self.far.iter().any(|t| self.unwanted.at(&t.key, node) > 0) {
            Some(Reason::Unwanted)
        } else if self.unwelcome.sum(node) > 0 {
            Some(Reason::Unwelcome)
        } else {
            None
        }
    }
}

/// Whether the wishes are all about the pod; if there are none, nobody is meant.
fn mean(terms: &[Term], pod: &Pod, known: &Known) -> bool {
    !terms.is_empty() && terms.iter().all(|t| t.means(pod.namespace(), pod.metadata.labels.as_ref(), known))
}

/// Whether a pod was in the way of one that waits.
fn was_unwanted(gone: &Seen<'_>, w: &Waiter<'_>) -> bool {
    mean(&w.special.far.required, gone.pod, w.known) || mean(&gone.special().far.required, w.pod, w.known)
}

/// Whether a pod is the company that one wants which waits.
fn is_company(there: &Pod, w: &Waiter<'_>) -> bool {
    mean(&w.special.near.required, there, w.known)
}

/// Whether a pod's new labels make it company, or no longer unwanted.
fn became_welcome(before: &Pod, now: &Pod, w: &Waiter<'_>) -> bool {
    let is_unwanted = |p: &Pod| mean(&w.special.far.required, p, w.known);
    (!is_company(before, w) && is_company(now, w)) || (is_unwanted(before) && !is_unwanted(now))
}

/// A node, company that comes, and unwanted neighbours that go.
/// Real Kubernetes: isSchedulableAfterPodChange.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node => Help::All,
        Happening::PodGone(gone) => Help::those(|w| was_unwanted(gone, w)),
        Happening::PodPlaced { now, before: None } => Help::those(|w| is_company(now.pod, w)),
        Happening::PodPlaced { now, before: Some(before) } => Help::those(|w| became_welcome(before, now.pod, w)),
        _ => Help::Nobody,
    }
}

impl Filter for InterPodAffinity {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let asks = pod.special.as_ref().is_some_and(|s| !s.near.required.is_empty() || !s.far.required.is_empty());
        if !asks && all.choosy.is_empty() {
            return Ok(None);
        }
        let counts = Counts::of(pod, all);
        if !asks && counts.unwelcome.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node| counts.objection(node).into_iter().collect())))
    }
}

fn prefers(s: &Special) -> bool {
    !s.near.preferred.is_empty() || !s.far.preferred.is_empty()
}

/// What the pod's wishes, and those of pods that stand, make of each place.
fn worth<'a>(pod: &'a PodInfo, all: &'a Snapshot<'a>) -> ByPlace<'a> {
    let mut out = ByPlace::default();
    let own = pod.special.as_ref();
    let likes = own.into_iter().flat_map(|s| &s.near.preferred).map(|(t, w)| (t, *w));
    let dislikes = own.into_iter().flat_map(|s| &s.far.preferred).map(|(t, w)| (t, -w));
    let wishes: Vec<(&Term, i64)> = likes.chain(dislikes).collect();
    if !wishes.is_empty() {
        for node in all.nodes {
            for (pods, count) in node.sorts() {
                for (t, weight) in wishes.iter().filter(|(t, _)| t.means_those(pods, all.known)) {
                    out.add(&t.key, node, weight * count);
                }
            }
        }
    }
    for node in all.with_choosy() {
        for (_, theirs, count) in node.specials().filter(|(_, s, _)| s.is_choosy()) {
            let must = theirs.near.required.iter().map(|t| (t, REQUIRED_WEIGHT));
            let like = theirs.near.preferred.iter().map(|(t, w)| (t, *w));
            let dislike = theirs.far.preferred.iter().map(|(t, w)| (t, -w));
            for (t, weight) in must.chain(like).chain(dislike).filter(|(t, _)| means_pod(t, pod, all.known)) {
                out.add(&t.key, node, weight * count);
            }
        }
    }
    out
}

impl Score for InterPodAffinity {
    fn applies(&self, pod: &PodInfo, all: &Snapshot<'_>) -> bool {
        !all.choosy.is_empty() || pod.special.as_ref().is_some_and(prefers)
    }

    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], all: &Snapshot<'_>) -> Vec<i64> {
        let worth = worth(pod, all);
        if worth.is_empty() {
            return vec![0; nodes.len()];
        }
        let raw: Vec<i64> = nodes.iter().map(|n| worth.sum(n)).collect();
        let (most, least) = (raw.iter().copied().max().unwrap_or(0), raw.iter().copied().min().unwrap_or(0));
        let share = |s: i64| (s - least) as f64 / (most - least) as f64;
        raw.into_iter().map(|s| if most == least { 0 } else { (MAX_SCORE as f64 * share(s)) as i64 }).collect()
    }
}
