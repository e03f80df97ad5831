//! Why a StatefulSet did what it did.

use super::plan::Because;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum StatefulSetDecision {
    /// `claims` were created for it, too.
    Created {
        set: Key,
        pod: String,
        order: Order,
        wanted: i32,
        claims: Vec<String>,
    },
    Deleted {
        set: Key,
        pod: String,
        because: Because,
        phase: String,
        wanted: i32,
        revision: String,
    },
    ClaimCreated {
        set: Key,
        claim: String,
        pod: String,
    },
    ClaimOwned {
        set: Key,
        claim: String,
        by: Option<Owner>,
    },
    Corrected {
        set: Key,
        pod: String,
    },
    Refused {
        set: Key,
        pod: String,
        why: String,
    },
}

/// Why it was this pod's turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    First,
    /// All before it work.
    Next,
    Parallel,
}

/// With whom a claim goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    Set,
    Pod,
}

impl StatefulSetDecision {
    fn parts(&self) -> (&'static str, &Key, Facts) {
        use StatefulSetDecision as D;
        let text = |t: &String| t.as_str().into();
        match self {
            D::Created { set, pod, order, wanted, claims } => {
                let message = match order {
                    Order::First => "statefulset-first",
                    Order::Next => "statefulset-next",
                    Order::Parallel => "statefulset-parallel",
                };
                let facts = vec![
                    ("pod", text(pod)),
                    ("wanted", (*wanted).into()),
                    ("count", claims.len().into()),
                    ("claims", claims.clone().into()),
                ];
                (message, set, facts)
            }
            D::Deleted { set, pod, because, phase, wanted, revision } => {
                let message = match because {
                    Because::Ended => "statefulset-ended",
                    Because::ScaledAway => "statefulset-scaled-away",
                    Because::Outdated => "statefulset-outdated",
                };
                let facts = vec![
                    ("pod", text(pod)),
                    ("phase", text(phase)),
                    ("wanted", (*wanted).into()),
                    ("revision", text(revision)),
                ];
                (message, set, facts)
            }
            D::ClaimCreated { set, claim, pod } => {
                ("statefulset-claim-created", set, vec![("claim", text(claim)), ("pod", text(pod))])
            }
            D::ClaimOwned { set, claim, by } => {
                let with = match by {
                    Some(Owner::Set) => "set",
                    Some(Owner::Pod) => "pod",
                    None => "none",
                };
                ("statefulset-claim-owned", set, vec![("claim", text(claim)), ("with", with.into())])
            }
            D::Corrected { set, pod } => ("statefulset-corrected", set, vec![("pod", text(pod))]),
            D::Refused { set, pod, why } => ("statefulset-refused", set, vec![("pod", text(pod)), ("why", text(why))]),
        }
    }
}

impl Decision for StatefulSetDecision {
    fn message(&self) -> &'static str {
        self.parts().0
    }
    fn facts(&self) -> Facts {
        self.parts().2
    }
    fn about(&self) -> Option<Key> {
        Some(self.parts().1.clone())
    }
}
