//! Why a ReplicaSet did what it did. Every number in the story comes from here.

use super::ranking::Victim;
use crate::api::object::Key;
use crate::ledger::{Decision, Fact, Facts, by_reason};

#[derive(Clone, Debug)]
pub enum ReplicaSetDecision {
    Created { set: Key, wanted: usize, had: usize, names: Vec<String> },
    Deleted { set: Key, wanted: usize, had: usize, victims: Vec<Victim> },
    Refused { set: Key, wanted: usize, had: usize, why: String },
}

impl ReplicaSetDecision {
    fn set(&self) -> &Key {
        match self {
            ReplicaSetDecision::Created { set, .. }
            | ReplicaSetDecision::Deleted { set, .. }
            | ReplicaSetDecision::Refused { set, .. } => set,
        }
    }
}

/// Who goes because of what: pods that go for one reason stand together.
fn reasons(victims: &[Victim], all: bool) -> Fact {
    // Where all have to go nobody was chosen.
    let because = |v: &Victim| if all { "all" } else { v.because.key() };
    let groups = by_reason(victims.iter().map(|v| (because(v), v.name.clone())));
    let phrase = |(because, names): (&str, Vec<String>)| {
        let facts = vec![("count", names.len().into()), ("names", names.into()), ("because", because.into())];
        ("replicaset-victims", facts)
    };
    Fact::Phrases(groups.into_iter().map(phrase).collect())
}

impl Decision for ReplicaSetDecision {
    fn message(&self) -> &'static str {
        match self {
            ReplicaSetDecision::Created { .. } => "replicaset-created",
            ReplicaSetDecision::Deleted { .. } => "replicaset-deleted",
            ReplicaSetDecision::Refused { .. } => "replicaset-refused",
        }
    }
    fn facts(&self) -> Facts {
        let mut facts: Facts = vec![("set", self.set().name.to_string().into())];
        match self {
            ReplicaSetDecision::Created { wanted, had, names, .. } => {
                facts.extend([("wanted", (*wanted).into()), ("had", (*had).into()), ("names", names.clone().into())]);
            }
            ReplicaSetDecision::Deleted { wanted, had, victims, .. } => {
                let names: Vec<String> = victims.iter().map(|v| v.name.clone()).collect();
                facts.extend([
                    ("wanted", (*wanted).into()),
                    ("had", (*had).into()),
                    ("names", names.into()),
                    ("victims", reasons(victims, *wanted == 0)),
                ]);
            }
            ReplicaSetDecision::Refused { wanted, had, why, .. } => {
                facts.extend([("wanted", (*wanted).into()), ("had", (*had).into()), ("why", why.as_str().into())]);
            }
        }
        facts
    }
    fn about(&self) -> Option<Key> {
        Some(self.set().clone())
    }
}
