//! What a DaemonSet should do about the nodes: create where a pod is missing, delete where one is too much. Pure.
//! Real Kubernetes: pkg/controller/daemon/daemon_controller.go manage, podsShouldBeOnNode.

use super::placement::{Fit, KeptOut};
use super::seen::Observed;
use crate::api::kinds::Pod;
use crate::api::object::Resource;
use crate::api::{Duration, pods};

/// Pods that one sync creates, or deletes, at most.
pub const BURST: usize = 250;

/// A pod that has to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Victim {
    pub name: String,
    pub node: String,
    pub because: Because,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Because {
    Failed,
    Succeeded,
    /// The node has another one already.
    Excess,
    /// Its successor is available, or does better than it.
    Replaced,
    NotHere(KeptOut),
    /// It waits for a node that is gone.
    NodeGone,
    /// It has an old template: it does not work anyway, or may be missing for a while.
    Broken,
    Outdated,
    /// Others are available now where the pods belong.
    Moved,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// Nodes that get a pod.
    pub create: Vec<String>,
    pub delete: Vec<Victim>,
    /// A failed pod may be deleted after this time.
    pub again: Option<Duration>,
}

impl Plan {
    pub fn delete(&mut self, p: &Pod, node: &str, because: Because) {
        self.delete.push(Victim { name: p.name().into(), node: node.into(), because });
    }

    fn later(&mut self, wait: Duration) {
        self.again = Some(self.again.map_or(wait, |a| a.min(wait)));
    }
}

/// `held_back` tells how long the failed pods of a node are to be left alone.
pub fn manage(seen: &Observed<'_>, held_back: &dyn Fn(&str) -> Option<Duration>) -> Plan {
    let mut plan = Plan::default();
    for (node, fit) in &seen.nodes {
        let here = seen.on(node);
        match fit {
            Fit::Runs if here.is_empty() => plan.create.push((*node).into()),
            Fit::Runs | Fit::Stays(_) => keep_one(seen, node, *fit == Fit::Runs, held_back, &mut plan),
            Fit::Leaves(why) => {
                for p in here.iter().filter(|p| !p.is_deleting()) {
                    plan.delete(p, node, Because::NotHere(why.clone()));
                }
            }
        }
    }
    for (node, list) in seen.pods.iter().filter(|(node, _)| seen.fit(node).is_none()) {
        for p in list.iter().filter(|p| pods::node(p).is_empty()) {
            plan.delete(p, node, Because::NodeGone);
        }
    }
    plan
}

/// What ended is deleted, so that it is made anew; of what runs, one stays, or two while one takes the other's place.
fn keep_one(
    seen: &Observed<'_>,
    node: &str,
    runs: bool,
    held_back: &dyn Fn(&str) -> Option<Duration>,
    plan: &mut Plan,
) {
    let mut running = vec![];
    let mut failed = false;
    for p in seen.on(node).iter().copied().filter(|p| !p.is_deleting()) {
        match pods::phase(p) {
            "Failed" => match held_back(node) {
                Some(wait) => plan.later(wait),
                // The first one makes the others wait.
                None if !failed => {
                    failed = true;
                    plan.delete(p, node, Because::Failed);
                }
                None => {}
            },
            "Succeeded" => plan.delete(p, node, Because::Succeeded),
            _ => running.push(p),
        }
    }
    if !seen.surges() {
        running.iter().skip(1).for_each(|p| plan.delete(p, node, Because::Excess));
        return;
    }
    if running.len() <= 1 {
        if running.is_empty() && runs {
            plan.create.push(node.into());
        }
        return;
    }
    let (new, old): (Vec<&Pod>, Vec<&Pod>) = running.into_iter().partition(|p| seen.is_current(p));
    new.iter().skip(1).chain(old.iter().skip(1)).for_each(|p| plan.delete(p, node, Because::Excess));
    if let (Some(new), Some(old)) = (new.first(), old.first())
        && (!pods::is_ready(old) || seen.is_available(new))
    {
        plan.delete(old, node, Because::Replaced);
    }
}
