//! What a StatefulSet should do next. Pure.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set_control.go updateStatefulSet, processReplica, processCondemned.

use std::collections::BTreeMap;

use super::{claims, identity};
use crate::api::kinds::{PersistentVolumeClaim, Pod, StatefulSet};
use crate::api::object::Resource;
use crate::api::{Duration, Time, pods};

/// Replicas that a parallel set creates in one sync at most. Kubernetes goes through all that are wanted, however many; here
/// the pods that came call for the next sync.
pub const BURST: usize = 500;
/// Pods that a parallel set turns to in one round at most.
const LARGEST_ROUND: usize = 500;

/// What is to be done, in rounds: if something fails, the rest of its round is done all the same, but no further round.
pub type Plan = Vec<Round>;
/// The turns of pods: if a step fails, the later steps of that pod are left out.
pub type Round = Vec<Turn>;
pub type Turn = Vec<Step>;

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Create {
        ordinal: i64,
        of: Of,
    },
    /// Creates claims that a waiting pod lacks.
    Claims {
        pod: String,
    },
    /// Gives a pod back its labels and volumes, and its claims their owners.
    Correct {
        pod: String,
    },
    /// Gives the claims of a pod that is scaled away their owners.
    Owners {
        pod: String,
    },
    Delete {
        pod: String,
        because: Because,
    },
}

impl Step {
    /// Whether it takes a pod away for the sake of the new template.
    pub fn replaces(&self) -> bool {
        matches!(self, Step::Delete { because: Because::Outdated, .. })
    }
}

/// A pod is created with the present template, or with the one that the set comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    Current,
    Update,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// It failed or succeeded.
    Ended,
    ScaledAway,
    Outdated,
}

pub struct Observed<'a> {
    pub set: &'a StatefulSet,
    /// The revisions' names.
    pub current: &'a str,
    pub update: &'a str,
    /// How many replicas there should be.
    pub wanted: usize,
    /// Those that are there, by place: the first place has the ordinal at which the set starts.
    pub replicas: BTreeMap<usize, &'a Pod>,
    /// The highest ordinal first.
    pub condemned: Vec<&'a Pod>,
    pub claim: &'a dyn Fn(&str) -> Option<&'a PersistentVolumeClaim>,
    pub min_ready: Duration,
    pub now: Time,
}

impl<'a> Observed<'a> {
    pub fn gather(
        set: &'a StatefulSet,
        (current, update): (&'a str, &'a str),
        all: impl Iterator<Item = &'a Pod>,
        claim: &'a dyn Fn(&str) -> Option<&'a PersistentVolumeClaim>,
        now: Time,
    ) -> Observed<'a> {
        let wanted = usize::try_from(identity::replicas(set)).unwrap_or(0);
        let (mut replicas, mut condemned) = (BTreeMap::new(), vec![]);
        for p in all {
            let Some(n) = identity::ordinal(p) else { continue };
            match usize::try_from(n - identity::start(set)).ok().filter(|place| *place < wanted) {
                Some(place) => drop(replicas.insert(place, p)),
                None => condemned.push(p),
            }
        }
        condemned.sort_by_key(|p| std::cmp::Reverse(identity::ordinal(p)));
        let seconds = set.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or(0);
        let min_ready = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        Observed { set, current, update, wanted, replicas, condemned, claim, min_ready, now }
    }

    pub fn is_available(&self, p: &Pod) -> bool {
        pods::available_at(p, self.min_ready).is_some_and(|t| t <= self.now)
    }

    fn works(&self, p: &Pod) -> bool {
        is_running_and_ready(p) && self.is_available(p)
    }

    fn is_missing(&self, p: Option<&Pod>) -> bool {
        p.is_none_or(|p| !self.is_available(p) || p.is_deleting())
    }

    /// Several at a time, without regard to one another.
    fn parallel(&self) -> bool {
        self.set.spec.as_ref().and_then(|s| s.pod_management_policy.as_deref()) == Some("Parallel")
    }

    fn ordinal_at(&self, place: usize) -> i64 {
        identity::start(self.set).saturating_add(i64::try_from(place).unwrap_or(i64::MAX))
    }

    fn at(&self, place: usize) -> Option<&'a Pod> {
        self.replicas.get(&place).copied()
    }

    /// Which template a new pod in that place gets: below the partition, the one that the set comes from.
    fn of(&self, place: usize) -> Of {
        let strategy = self.set.spec.as_ref().and_then(|s| s.update_strategy.as_ref());
        let place = i32::try_from(place).unwrap_or(i32::MAX);
        let rolling = strategy.and_then(|s| s.rolling_update.as_ref());
        let kept = match (strategy.and_then(|s| s.type_.as_deref()), rolling) {
            (_, Some(r)) => r.partition.unwrap_or(0),
            (Some("RollingUpdate"), None) => self.set.status.as_ref().and_then(|s| s.current_replicas).unwrap_or(0),
            _ => 0,
        };
        if place < kept { Of::Current } else { Of::Update }
    }

    /// The pod that holds the others up: the first one that is not available.
    fn first_missing(&self) -> Option<&'a Pod> {
        let replicas = (0..self.wanted).map(|place| self.at(place));
        let all = replicas.chain(self.condemned.iter().rev().map(|p| Some(*p)));
        all.into_iter().find(|p| self.is_missing(*p)).flatten()
    }

    fn owners_are_right(&self, p: &Pod) -> bool {
        let Some(n) = identity::ordinal(p) else { return true };
        let known = claims::names(self.set, n).filter_map(|name| (self.claim)(&name));
        known.into_iter().all(|c| claims::owners_are_right(c, self.set, p))
    }

    /// A claim that goes with the pod before: until it is gone there is no new pod.
    fn has_stale_claim(&self, ordinal: i64) -> bool {
        if !claims::Retention::of(self.set).with_pod {
            return false;
        }
        let mut new = Pod::default();
        new.metadata.name = Some(identity::name(self.set, ordinal));
        let known = claims::names(self.set, ordinal).filter_map(|name| (self.claim)(&name));
        known.into_iter().any(|c| claims::has_stale_owner(c, &new))
    }
}

pub fn is_running_and_ready(p: &Pod) -> bool {
    pods::phase(p) == "Running" && pods::is_ready(p)
}

/// Each part ends the plan where an ordered set has to wait.
pub fn plan(seen: &Observed<'_>) -> Plan {
    let mut plan = vec![];
    if !seen.set.is_deleting() && create(seen, &mut plan) && scale_down(seen, &mut plan) {
        plan.extend(roll(seen).map(|step| vec![vec![step]]));
    }
    plan
}

/// An ordered set turns to one pod after the other, a parallel one to more and more at once.
fn rounds(seen: &Observed<'_>, turns: Vec<Turn>, plan: &mut Plan) {
    let (mut turns, mut size) = (turns.into_iter().peekable(), 1);
    while turns.peek().is_some() {
        let round: Round = turns.by_ref().take(size).filter(|turn| !turn.is_empty()).collect();
        plan.extend((!round.is_empty()).then_some(round));
        size = if seen.parallel() { (2 * size).min(LARGEST_ROUND) } else { 1 };
    }
}

/// What should be there; an ordered set looks at one after the other, and goes on only when that one works.
fn create(seen: &Observed<'_>, plan: &mut Plan) -> bool {
    let (mut turns, mut missing, mut goes_on) = (vec![], 0, true);
    for place in 0..seen.wanted {
        missing += usize::from(seen.at(place).is_none());
        if missing > BURST {
            goes_on = false;
            break;
        }
        let mut turn = vec![];
        let works = replica(seen, place, &mut turn);
        turns.push(turn);
        if !works && !seen.parallel() {
            goes_on = false;
            break;
        }
    }
    rounds(seen, turns, plan);
    goes_on
}

/// Tells whether an ordered set may go on to the next.
fn replica(seen: &Observed<'_>, place: usize, steps: &mut Turn) -> bool {
    let Some(p) = seen.at(place) else {
        let ordinal = seen.ordinal_at(place);
        if !seen.has_stale_claim(ordinal) {
            steps.push(Step::Create { ordinal, of: seen.of(place) });
        }
        return false;
    };
    let pod = || p.name().to_string();
    if pods::is_terminal(p) {
        // It is made anew when it is gone.
        if !p.is_deleting() {
            steps.push(Step::Delete { pod: pod(), because: Because::Ended });
        }
        return false;
    }
    if pods::phase(p) == "Pending" && !claims::templates(seen.set).is_empty() {
        steps.push(Step::Claims { pod: pod() });
    }
    if !seen.parallel() && (p.is_deleting() || !seen.works(p)) {
        return false;
    }
    let right = identity::has_identity(seen.set, p) && identity::has_storage(seen.set, p) && seen.owners_are_right(p);
    if !right {
        steps.push(Step::Correct { pod: pod() });
    }
    true
}

/// What is too much goes, the highest ordinal first; an ordered set takes one away at a time, and waits until all others work.
fn scale_down(seen: &Observed<'_>, plan: &mut Plan) -> bool {
    let owners = |p: &&Pod| match seen.owners_are_right(p) {
        true => vec![],
        false => vec![Step::Owners { pod: p.name().into() }],
    };
    rounds(seen, seen.condemned.iter().map(owners).collect(), plan);
    let first = seen.first_missing().map(Resource::name);
    let delete = |p: &&Pod| match !p.is_deleting() && (seen.parallel() || seen.works(p) || first == Some(p.name())) {
        true => vec![Step::Delete { pod: p.name().into(), because: Because::ScaledAway }],
        false => vec![],
    };
    let at_once = if seen.parallel() { seen.condemned.len() } else { 1 };
    rounds(seen, seen.condemned.iter().take(at_once).map(delete).collect(), plan);
    seen.parallel() || seen.condemned.is_empty()
}

/// Of the pods with an old template the one with the highest ordinal goes, if all above it work.
fn roll(seen: &Observed<'_>) -> Option<Step> {
    let strategy = seen.set.spec.as_ref().and_then(|s| s.update_strategy.as_ref());
    if strategy.and_then(|s| s.type_.as_deref()) == Some("OnDelete") {
        return None;
    }
    let partition = strategy.and_then(|s| s.rolling_update.as_ref()?.partition).unwrap_or(0);
    let least = usize::try_from(partition).unwrap_or(0);
    for place in (least..seen.wanted).rev() {
        let p = seen.at(place);
        let updated = match p {
            Some(p) => identity::revision(p) == seen.update || p.is_deleting(),
            None => seen.of(place) == Of::Update || seen.current == seen.update,
        };
        if !updated {
            let pod = identity::name(seen.set, seen.ordinal_at(place));
            return Some(Step::Delete { pod, because: Because::Outdated });
        }
        if seen.is_missing(p) {
            return None;
        }
    }
    None
}
