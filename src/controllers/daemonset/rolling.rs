//! Brings pods with an old template up to date, a few nodes at a time. Pure.
//! Real Kubernetes: pkg/controller/daemon/update.go rollingUpdate, updatedDesiredNodeCounts, findUpdatedPodsOnNode.

use std::collections::BTreeSet;

use super::placement::Fit;
use super::plan::{Because, Plan};
use super::seen::Observed;
use crate::api::kinds::Pod;
use crate::api::object::Resource;

/// The pods of a node that are not being deleted: one of the new template and one of an old one at most.
#[derive(Clone, Copy)]
struct Pair<'a> {
    new: Option<&'a Pod>,
    old: Option<&'a Pod>,
}

/// `None` if there are more: they are thinned out first.
fn pair<'a>(seen: &Observed<'a>, node: &str) -> Option<Pair<'a>> {
    let mut pair = Pair { new: None, old: None };
    for p in seen.on(node).iter().copied().filter(|p| !p.is_deleting()) {
        let place = if seen.is_updated(p) { &mut pair.new } else { &mut pair.old };
        if place.replace(p).is_some() {
            return None;
        }
    }
    Some(pair)
}

/// The nodes that have pods or should have one.
fn nodes<'a>(seen: &Observed<'a>) -> BTreeSet<&'a str> {
    let wanting = seen.nodes.iter().filter(|(_, fit)| **fit == Fit::Runs).map(|(name, _)| *name);
    seen.pods.keys().copied().chain(wanting).collect()
}

pub fn roll(seen: &Observed<'_>) -> Plan {
    let wanted = seen.wanted();
    let (surge, unavailable) = (seen.max_surge(wanted), seen.max_unavailable(wanted));
    match surge {
        // Nothing could ever move, so one pod may be missing.
        0 => take_down(seen, if wanted > 0 { unavailable.max(1) } else { unavailable }),
        _ => put_beside(seen, surge, wanted),
    }
}

/// Deletes old pods; new ones come where they were. So many pods may be missing at a time.
fn take_down(seen: &Observed<'_>, most: usize) -> Plan {
    let mut plan = Plan::default();
    let mut candidates = vec![];
    let mut missing = 0;
    for node in nodes(seen) {
        match pair(seen, node) {
            // Nobody there, or too many: other things have to be done there first.
            None | Some(Pair { new: None, old: None } | Pair { new: Some(_), old: Some(_) }) => missing += 1,
            Some(Pair { new: Some(new), .. }) => missing += usize::from(!seen.is_available(new)),
            Some(Pair { old: Some(old), .. }) if !seen.is_available(old) => {
                plan.delete(old, node, Because::Broken);
                missing += 1;
            }
            Some(Pair { old: Some(old), .. }) => {
                if missing < most {
                    candidates.push((old, node));
                }
            }
        }
    }
    for (old, node) in candidates.into_iter().take(most.saturating_sub(missing)) {
        plan.delete(old, node, Because::Outdated);
    }
    plan
}

/// Creates new pods beside old ones, which go when the new ones are available. So many nodes may have two at a time.
fn put_beside(seen: &Observed<'_>, most: usize, wanted: usize) -> Plan {
    let mut plan = Plan::default();
    let mut candidates = vec![];
    let mut strays = vec![];
    let (mut surging, mut available) = (0_usize, 0_usize);
    for node in nodes(seen) {
        let Some(Pair { new, old }) = pair(seen, node) else {
            surging += 1;
            continue;
        };
        available += usize::from(old.or(new).is_some_and(|p| seen.is_available(p)));
        let Some(old) = old else { continue };
        if let Some(new) = new {
            match seen.is_available(new) {
                true => plan.delete(old, node, Because::Replaced),
                false => surging += 1,
            }
            continue;
        }
        // A node that is gone: nothing is done until its pods are gone, too.
        let Some(fit) = seen.fit(node) else { return Plan::default() };
        match (seen.is_available(old), fit) {
            (false, Fit::Runs) => plan.create.push(node.into()),
            (false, _) => plan.delete(old, node, Because::Broken),
            (true, Fit::Runs) => {
                if surging < most {
                    candidates.push(node);
                }
            }
            (true, _) => strays.push((old, node)),
        }
    }
    // Where pods do not belong any more, they go only when there are enough where they do.
    for (old, node) in strays.into_iter().take(available.saturating_sub(wanted)) {
        plan.delete(old, node, Because::Moved);
    }
    let room = most.saturating_sub(surging);
    plan.create.extend(candidates.into_iter().take(room).map(Into::into));
    plan
}
