//! DefaultPreemption: where no node fits, pods of less priority may have to go. Pure; `component` carries it out.
//! Real Kubernetes: pkg/scheduler/framework/plugins/defaultpreemption, pkg/scheduler/framework/preemption.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::cycle::{Judges, histogram};
use super::framework::{Load, NodeInfo, PodInfo, Reason, Rejected, Snapshot};
use super::known::Known;
use super::nominated::Rivals;
use crate::api::kinds::{Pod, PodDisruptionBudget};
use crate::api::object::{Name, Resource};
use crate::api::selector::Selector;
use crate::api::{Key, Time, Uid, pods};
use crate::apiserver::caller::{Chance, below};

/// The condition of a pod that has to go, and why it says so.
pub const PREEMPTED: &str = "PreemptionByScheduler";

/// Whether a pod is on its way out because of a preemption.
pub fn is_preempted(pod: &Pod) -> bool {
    let target = pod.status.as_ref().and_then(|s| pods::condition(s, pods::DISRUPTION_TARGET));
    pod.is_deleting() && target.is_some_and(|c| c.status == "True" && c.reason.as_deref() == Some(PREEMPTED))
}

/// A pod on a node that might have to go.
#[derive(Clone, Debug)]
pub struct Occupant {
    pub pod: Key,
    pub uid: Uid,
    pub load: Load,
    /// One that has not started yet counts as the youngest.
    pub started: Option<Time>,
    /// It is on its way out because of an earlier preemption.
    pub preempted: bool,
}

impl Occupant {
    /// The most important first.
    fn rank(&self) -> (Reverse<i32>, bool, Option<Time>) {
        (Reverse(self.load.priority), self.started.is_none(), self.started)
    }
}

/// A node on which it would work, and who would have to go there.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub node: Name,
    /// The most important first; never empty.
    pub victims: Vec<Occupant>,
    /// How many of them their budgets would not let go.
    pub violations: usize,
}

/// What came of the thought.
#[derive(Clone, Debug)]
pub enum Outcome {
    Room(Candidate),
    /// The pod is never to take another's place.
    Never,
    /// Room is being made already.
    Leaving,
    /// It would not help: why, for each node where it was tried, and on how many others it could not.
    Vain {
        tried: Vec<(Name, Vec<String>)>,
        hopeless: usize,
    },
}

/// Whether a pod is never to take another's place.
fn never_preempts(pod: &Pod) -> bool {
    pod.spec.as_ref().and_then(|s| s.preemption_policy.as_deref()) == Some("Never")
}

impl Outcome {
    /// For a pod that is refused whatever the nodes are like.
    pub fn hopeless(pod: &Pod, nodes: usize) -> Outcome {
        if never_preempts(pod) { Outcome::Never } else { Outcome::Vain { tried: vec![], hopeless: nodes } }
    }

    /// What is told of it; nothing of a success.
    pub fn message(&self, nodes: usize) -> Option<String> {
        match self {
            Outcome::Room(_) => None,
            Outcome::Never => Some("not eligible due to preemptionPolicy=Never.".into()),
            Outcome::Leaving => Some("not eligible due to a terminating pod on the nominated node.".into()),
            Outcome::Vain { tried, hopeless } => {
                let tried = tried.iter().flat_map(|(_, texts)| texts.iter().map(|t| (t.clone(), 1)));
                let hopeless = ("Preemption is not helpful for scheduling".to_string(), *hopeless);
                let texts = histogram(tried.chain(Some(hopeless).filter(|(_, n)| *n > 0)));
                Some(format!("0/{nodes} nodes are available: {texts}."))
            }
        }
    }
}

/// In large clusters it is enough to find some candidates.
fn enough(nodes: usize) -> usize {
    (nodes * 10 / 100).max(100).min(nodes)
}

/// Thinks of making room. `occupants` tells the pods of less priority on a node; it is asked of those nodes only where it may help.
pub fn consider(
    pod: &PodInfo,
    rejected: &Rejected,
    all: &Snapshot<'_>,
    rivals: &Rivals,
    occupants: &dyn Fn(&str) -> Vec<Occupant>,
    chance: &mut Chance,
) -> Outcome {
    if never_preempts(pod.pod()) {
        return Outcome::Never;
    }
    // Could room be made by removing pods? All reasons of a node must allow it.
    let mut helps: BTreeMap<&Name, bool> = BTreeMap::new();
    for (node, reason) in &rejected.nodes {
        *helps.entry(node).or_insert(true) &= reason.preemption_helps();
    }
    let nominated = pod.nominated().filter(|name| helps.iter().any(|(n, helps)| *n == name && *helps));
    if nominated.is_some_and(|name| occupants(name).iter().any(|o| o.preempted)) {
        return Outcome::Leaving;
    }
    let potential: Vec<&Name> = helps.iter().filter(|(_, helps)| **helps).map(|(n, _)| *n).collect();
    let wanted = enough(potential.len());
    let offset = if wanted < potential.len() { any(chance, potential.len()) } else { 0 };
    // To suppose other nodes costs a look at all, which most pods that fit nowhere are spared.
    let mut trial = None;
    let begun = || Trial { pod, all, rivals, nodes: all.nodes.to_vec(), budgets: Budgets::of(all.known) };
    let (mut candidates, mut tried) = (vec![], vec![]);
    for i in 0..potential.len() {
        let node = potential[(offset + i) % potential.len()];
        let here = occupants(node);
        if here.is_empty() {
            tried.push((node.clone(), vec!["No preemption victims found for incoming pod".into()]));
        } else {
            match trial.get_or_insert_with(begun).victims(node, &here) {
                Ok(candidate) => candidates.push(candidate),
                Err(texts) => tried.push((node.clone(), texts)),
            }
        }
        if candidates.len() >= wanted && candidates.iter().any(|c: &Candidate| c.violations == 0) {
            break;
        }
    }
    let hopeless = rejected.not_named + helps.values().filter(|helps| !**helps).count();
    best(candidates, chance).map_or(Outcome::Vain { tried, hopeless }, Outcome::Room)
}

fn any(chance: &mut Chance, n: usize) -> usize {
    usize::try_from(below(chance, n as u64)).unwrap_or(0)
}

/// Nodes without some of their pods, and whether the pod would fit there.
struct Trial<'a> {
    pod: &'a PodInfo,
    all: &'a Snapshot<'a>,
    rivals: &'a Rivals,
    /// All nodes, those that are supposed to be different as copies.
    nodes: Vec<Arc<NodeInfo>>,
    budgets: Budgets<'a>,
}

impl Trial<'_> {
    /// Who has to go from a node. All are taken away, then as many as possible are put back, the most important first.
    fn victims(&mut self, node: &Name, here: &[Occupant]) -> Result<Candidate, Vec<String>> {
        let Some(at) = self.all.find(node) else { return Err(vec![]) };
        let before = self.nodes[at].clone();
        let outcome = self.reprieve(at, here);
        self.nodes[at] = before;
        outcome.map(|(victims, violations)| Candidate { node: node.clone(), victims, violations })
    }

    fn reprieve(&mut self, at: usize, here: &[Occupant]) -> Result<(Vec<Occupant>, usize), Vec<String>> {
        here.iter().for_each(|o| self.node_mut(at).remove(&o.load));
        let reasons = self.objections(at);
        if !reasons.is_empty() {
            return Err(reasons.iter().map(Reason::to_string).collect());
        }
        let mut sorted: Vec<&Occupant> = here.iter().collect();
        sorted.sort_by_key(|o| o.rank());
        let (guarded, free) = self.budgets.part(&sorted);
        let (mut victims, mut violations) = (vec![], 0);
        for (o, is_guarded) in guarded.iter().map(|o| (o, true)).chain(free.iter().map(|o| (o, false))) {
            self.node_mut(at).add(&o.load);
            if !self.objections(at).is_empty() {
                self.node_mut(at).remove(&o.load);
                victims.push((*o).clone());
                violations += usize::from(is_guarded);
            }
        }
        victims.sort_by_key(Occupant::rank);
        if victims.is_empty() { Err(vec![]) } else { Ok((victims, violations)) }
    }

    fn node_mut(&mut self, at: usize) -> &mut NodeInfo {
        Arc::make_mut(&mut self.nodes[at])
    }

    fn objections(&self, at: usize) -> Vec<Reason> {
        let supposed = Snapshot { nodes: &self.nodes, ..*self.all };
        let with_rivals = self.rivals.objections(self.pod, &self.nodes[at], &supposed);
        if !with_rivals.is_empty() {
            return with_rivals;
        }
        Judges::of(self.pod, &supposed).map(|judges| judges.objections(&self.nodes[at])).unwrap_or_default()
    }
}

/// What speaks for pods that might have to go.
struct Budgets<'a>(Vec<Budget<'a>>);

struct Budget<'a> {
    object: &'a PodDisruptionBudget,
    pods: Selector,
    allowed: i32,
}

impl<'a> Budgets<'a> {
    fn of(known: &'a Known) -> Budgets<'a> {
        let budget = |object: &'a PodDisruptionBudget| {
            let pods = Selector::of(object.spec.as_ref()?.selector.as_ref()?);
            let allowed = object.status.as_ref().and_then(|s| s.disruptions_allowed).unwrap_or(0);
            (pods != Selector::everything()).then_some(Budget { object, pods, allowed })
        };
        Budgets(known.budgets.iter().filter_map(budget).collect())
    }

    /// Those whose budget would be broken, and the others. Each one counts against the budgets of those after it.
    fn part<'o>(&self, sorted: &[&'o Occupant]) -> (Vec<&'o Occupant>, Vec<&'o Occupant>) {
        let mut left: Vec<i32> = self.0.iter().map(|b| b.allowed).collect();
        sorted.iter().partition(|o| {
            let mut broken = false;
            for (left, _) in left.iter_mut().zip(&self.0).filter(|(_, b)| b.counts(o)) {
                *left -= 1;
                broken |= *left < 0;
            }
            broken
        })
    }
}

impl Budget<'_> {
    /// Whether a pod counts against it; one that it has counted already does not.
    fn counts(&self, o: &Occupant) -> bool {
        let alike = &o.load.alike;
        let disrupted = self.object.status.as_ref().and_then(|s| s.disrupted_pods.as_ref());
        !alike.labels.is_empty()
            && self.object.namespace() == alike.namespace
            && self.pods.matches(Some(&alike.labels))
            && !disrupted.is_some_and(|d| d.contains_key(&*o.pod.name))
    }
}

/// The candidate that hurts least: fewest broken budgets, then the lowest priorities, fewest pods, the youngest. Chance decides
/// among equals.
fn best(candidates: Vec<Candidate>, chance: &mut Chance) -> Option<Candidate> {
    let cost = |c: &Candidate| {
        let highest = c.victims.first().map_or(0, |v| v.load.priority);
        let sum: i64 = c.victims.iter().map(|v| i64::from(v.load.priority) + i64::from(i32::MAX) + 1).sum();
        let oldest = c.victims.iter().filter(|v| v.load.priority == highest).map(Occupant::rank).min();
        (c.violations, highest, sum, c.victims.len(), Reverse(oldest))
    };
    let least = candidates.iter().map(cost).min()?;
    let mut equals: Vec<Candidate> = candidates.into_iter().filter(|c| cost(c) == least).collect();
    let at = if equals.len() > 1 { any(chance, equals.len()) } else { 0 };
    Some(equals.swap_remove(at))
}
