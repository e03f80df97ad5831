//! Why a pod was put where it is, or nowhere.

use super::cycle::Choice;
use super::framework::{Reason, Refusal, Rejected};
use super::preemption::Candidate;
use super::promises::Promise;
use crate::api::object::{Key, Name};
use crate::api::quantity::Quantity;
use crate::ledger::{Decision, Fact, Facts, by_reason};

#[derive(Clone, Debug)]
pub enum SchedulerDecision {
    Bound {
        pod: Key,
        node: Name,
        choice: Choice,
        rejected: Rejected,
    },
    Nowhere {
        pod: Key,
        rejected: Rejected,
        nodes: usize,
    },
    /// No node was even looked at.
    Refused {
        pod: Key,
        refusal: Refusal,
    },
    /// It may not be looked at yet.
    Gated {
        pod: Key,
        gates: Vec<String>,
    },
    /// It has a node, and waits there for its volumes.
    Promised {
        pod: Key,
        node: Name,
        promises: Vec<Promise>,
        choice: Choice,
        rejected: Rejected,
    },
    /// The volumes did not come.
    Broken {
        pod: Key,
        node: Name,
        why: String,
    },
    /// Others have to go.
    Preempts {
        pod: Key,
        candidate: Candidate,
    },
}

/// One reason as a part of a sentence, about the nodes that share it.
pub(super) fn phrase(r: &Reason, nodes: &[&Name], bound: bool) -> (&'static str, Facts) {
    let mut facts: Facts =
        vec![("names", nodes.iter().map(|n| n.to_string()).collect::<Vec<_>>().into()), ("count", nodes.len().into())];
    let id = match r {
        Reason::WrongName => "scheduler-not-name",
        Reason::Unschedulable => "scheduler-not-unschedulable",
        // Which taint matters to a pod that found no node; else it is the control plane's, mostly.
        Reason::Taint { .. } if bound => "scheduler-not-tolerated",
        Reason::Taint { taint } => {
            facts.push(("taint", taint.as_str().into()));
            "scheduler-not-taint"
        }
        Reason::Affinity => "scheduler-not-affinity",
        Reason::Ports { ports } => {
            facts.push(("ports", ports.iter().map(i32::to_string).collect::<Vec<_>>().into()));
            "scheduler-not-ports"
        }
        Reason::Disk => "scheduler-not-disk",
        Reason::OncePod { claims } => {
            facts.push(("claims", texts(claims).into()));
            "scheduler-not-once"
        }
        Reason::TooManyVolumes { driver, limit } => {
            facts.push(("driver", driver.as_str().into()));
            facts.push(("limit", (*limit).into()));
            "scheduler-not-volumes"
        }
        Reason::VolumeElsewhere { volume } | Reason::Zone { volume } => {
            facts.push(("volume", volume.to_string().into()));
            "scheduler-not-reached"
        }
        Reason::NoVolume { claim } => {
            facts.push(("claim", claim.to_string().into()));
            "scheduler-not-volume"
        }
        Reason::NoSpace { claim } => {
            facts.push(("claim", claim.to_string().into()));
            "scheduler-not-space"
        }
        Reason::VolumeGone { volume } => {
            facts.push(("volume", volume.to_string().into()));
            "scheduler-not-gone"
        }
        Reason::Neighbours => "scheduler-not-near",
        Reason::Unwanted => "scheduler-not-far",
        Reason::Unwelcome => "scheduler-not-welcome",
        Reason::NoDevices => "scheduler-not-devices",
        Reason::DevicesElsewhere => "scheduler-not-devices-there",
        Reason::TooManyPods => "scheduler-not-full",
        Reason::Insufficient { resource, wants, free, .. } => {
            let show = |n: i64| match resource.as_str() {
                "cpu" => Quantity::from_milli(n).to_string(),
                "memory" | "ephemeral-storage" => Quantity::from_bytes(n).to_string(),
                _ => n.to_string(),
            };
            facts.push(("resource", resource.as_str().into()));
            facts.push(("wants", show(*wants).into()));
            facts.push(("free", show(*free).into()));
            "scheduler-not-enough"
        }
        Reason::Spread { key, .. } => {
            facts.push(("key", key.as_str().into()));
            "scheduler-not-spread"
        }
    };
    (id, facts)
}

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(Name::to_string).collect()
}

pub(super) fn refused(r: &Refusal) -> (&'static str, Facts) {
    let one = |key, name: &Name| vec![(key, name.to_string().into())];
    match r {
        Refusal::Contradiction => ("scheduler-refused-contradiction", vec![]),
        Refusal::NoClaim { claim } => ("scheduler-refused-no-claim", one("claim", claim)),
        Refusal::ClaimToCome { claim } => ("scheduler-refused-to-come", one("claim", claim)),
        Refusal::OthersClaim { claim, .. } => ("scheduler-refused-others", one("claim", claim)),
        Refusal::LostClaim { claim, volume } => {
            let mut facts = one("claim", claim);
            facts.push(("volume", volume.to_string().into()));
            ("scheduler-refused-lost", facts)
        }
        Refusal::LeavingClaim { claim } => ("scheduler-refused-leaving", one("claim", claim)),
        Refusal::Unbound { claims } => {
            ("scheduler-refused-unbound", vec![("claims", texts(claims).into()), ("count", claims.len().into())])
        }
        Refusal::VolumeGone { volume } => ("scheduler-refused-gone", one("volume", volume)),
        Refusal::DevicesToCome => ("scheduler-refused-devices-to-come", vec![]),
        Refusal::NoDeviceClaim { claim } => ("scheduler-refused-no-device-claim", one("claim", claim)),
        Refusal::LeavingDeviceClaim { claim } => ("scheduler-refused-leaving", one("claim", claim)),
        Refusal::OthersDeviceClaim { claim } => ("scheduler-refused-others-devices", one("claim", claim)),
        Refusal::NoDeviceClass { request, class } => {
            let mut facts = one("class", class);
            facts.push(("request", request.as_str().into()));
            ("scheduler-refused-no-device-class", facts)
        }
        Refusal::DevicesInUse { claim } => ("scheduler-refused-devices-in-use", one("claim", claim)),
    }
}

fn promised(p: &Promise) -> (&'static str, Facts) {
    match p {
        Promise::Bind { volume, claim } => {
            ("scheduler-promise-bind", vec![("volume", volume.to_string().into()), ("claim", claim.to_string().into())])
        }
        Promise::Provision { claim } => ("scheduler-promise-provision", vec![("claim", claim.to_string().into())]),
    }
}

/// Nodes with the same reason, together.
fn grouped(rejected: &Rejected, bound: bool) -> Fact {
    let groups = by_reason(rejected.nodes.iter().map(|(node, r)| (r, node)));
    let not_named = ("scheduler-not-named", vec![("count", rejected.not_named.into())]);
    let looked_at = groups.into_iter().map(|(r, nodes)| phrase(r, &nodes, bound));
    Fact::Phrases(looked_at.chain((rejected.not_named > 0).then_some(not_named)).collect())
}

impl Decision for SchedulerDecision {
    fn message(&self) -> &'static str {
        match self {
            SchedulerDecision::Bound { choice, .. } if choice.kept => "scheduler-kept",
            SchedulerDecision::Bound { choice, rejected, .. } => match (choice.nodes.len(), rejected.is_empty()) {
                (1, true) => "scheduler-only",
                (1, false) => "scheduler-only-fit",
                (_, true) => "scheduler-best",
                (_, false) => "scheduler-best-of",
            },
            SchedulerDecision::Nowhere { .. } => "scheduler-nowhere",
            SchedulerDecision::Refused { .. } => "scheduler-refused",
            SchedulerDecision::Gated { .. } => "scheduler-gated",
            SchedulerDecision::Promised { .. } => "scheduler-promised",
            SchedulerDecision::Broken { .. } => "scheduler-broken",
            SchedulerDecision::Preempts { candidate, .. } if candidate.violations > 0 => "scheduler-preempts-anyway",
            SchedulerDecision::Preempts { .. } => "scheduler-preempts",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            SchedulerDecision::Bound { pod, node, choice, rejected } => {
                let mut fit: Vec<String> = choice.nodes.names().map(Name::to_string).collect();
                fit.sort();
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("node", node.to_string().into()),
                    ("score", choice.score.into()),
                    ("fit", fit.into()),
                    ("ties", choice.ties.into()),
                    ("rejected", grouped(rejected, true)),
                ]
            }
            SchedulerDecision::Nowhere { pod, rejected, nodes } => {
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("nodes", (*nodes).into()),
                    ("rejected", grouped(rejected, false)),
                ]
            }
            SchedulerDecision::Refused { pod, refusal } => {
                vec![("pod", pod.name.to_string().into()), ("why", Fact::Phrases(vec![refused(refusal)]))]
            }
            SchedulerDecision::Gated { pod, gates } => {
                vec![
                    ("pod", pod.name.to_string().into()),
                    ("gates", gates.clone().into()),
                    ("count", gates.len().into()),
                ]
            }
            SchedulerDecision::Promised { pod, node, promises, .. } => vec![
                ("pod", pod.name.to_string().into()),
                ("node", node.to_string().into()),
                ("promises", Fact::Phrases(promises.iter().map(promised).collect())),
            ],
            SchedulerDecision::Broken { pod, node, why } => vec![
                ("pod", pod.name.to_string().into()),
                ("node", node.to_string().into()),
                ("why", why.as_str().into()),
            ],
            SchedulerDecision::Preempts { pod, candidate } => vec![
                ("pod", pod.name.to_string().into()),
                ("node", candidate.node.to_string().into()),
                ("victims", candidate.victims.iter().map(|v| v.pod.name.to_string()).collect::<Vec<_>>().into()),
                ("count", candidate.victims.len().into()),
                ("violations", candidate.violations.into()),
            ],
        }
    }
    fn about(&self) -> Option<Key> {
        match self {
            SchedulerDecision::Bound { pod, .. }
            | SchedulerDecision::Nowhere { pod, .. }
            | SchedulerDecision::Refused { pod, .. }
            | SchedulerDecision::Gated { pod, .. }
            | SchedulerDecision::Promised { pod, .. }
            | SchedulerDecision::Broken { pod, .. }
            | SchedulerDecision::Preempts { pod, .. } => Some(pod.clone()),
        }
    }
}
