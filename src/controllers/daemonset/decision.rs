//! Why a DaemonSet did what it did.

use super::placement::KeptOut;
use super::plan::{Because, Victim};
use crate::api::object::Key;
use crate::ledger::{Decision, Fact, Facts, by_reason};

#[derive(Clone, Debug)]
pub enum DaemonSetDecision {
    /// `kept_out` are the nodes that get none, told when the set begins.
    Created {
        set: Key,
        nodes: Vec<String>,
        names: Vec<String>,
        kept_out: Vec<(KeptOut, String)>,
    },
    /// A new pod beside an old one.
    Surged {
        set: Key,
        nodes: Vec<String>,
        names: Vec<String>,
    },
    Deleted {
        set: Key,
        victims: Vec<Victim>,
    },
    Refused {
        set: Key,
        missing: usize,
        why: String,
    },
}

fn kept_out(why: &KeptOut) -> (&'static str, &str) {
    match why {
        KeptOut::Name => ("name", ""),
        KeptOut::Affinity => ("affinity", ""),
        KeptOut::Taint(t) => ("taint", t),
    }
}

fn nodes(list: &[(KeptOut, String)]) -> Fact {
    let phrase = |(why, nodes): (KeptOut, Vec<String>)| {
        let (because, taint) = kept_out(&why);
        let facts = vec![("nodes", nodes.into()), ("because", because.into()), ("taint", taint.into())];
        ("daemonset-kept-out", facts)
    };
    Fact::Phrases(by_reason(list.iter().cloned()).into_iter().map(phrase).collect())
}

fn victims(list: &[Victim]) -> Fact {
    let phrase = |(why, names): (Because, Vec<String>)| {
        let (because, taint) = match &why {
            Because::Failed => ("failed", ""),
            Because::Succeeded => ("succeeded", ""),
            Because::Excess => ("excess", ""),
            Because::Replaced => ("replaced", ""),
            Because::NotHere(why) => kept_out(why),
            Because::NodeGone => ("node-gone", ""),
            Because::Broken => ("broken", ""),
            Because::Outdated => ("outdated", ""),
            Because::Moved => ("moved", ""),
        };
        let facts = vec![("names", names.into()), ("because", because.into()), ("taint", taint.into())];
        ("daemonset-victims", facts)
    };
    Fact::Phrases(by_reason(list.iter().map(|v| (v.because.clone(), v.name.clone()))).into_iter().map(phrase).collect())
}

impl DaemonSetDecision {
    fn parts(&self) -> (&'static str, &Key, Facts) {
        use DaemonSetDecision as D;
        match self {
            D::Created { set, nodes: on, names, kept_out } => {
                let facts =
                    vec![("nodes", on.clone().into()), ("names", names.clone().into()), ("out", nodes(kept_out))];
                (if kept_out.is_empty() { "daemonset-created" } else { "daemonset-began" }, set, facts)
            }
            D::Surged { set, nodes, names } => {
                let facts = vec![("nodes", nodes.clone().into()), ("names", names.clone().into())];
                ("daemonset-surged", set, facts)
            }
            D::Deleted { set, victims: list } => ("daemonset-deleted", set, vec![("victims", victims(list))]),
            D::Refused { set, missing, why } => {
                ("daemonset-refused", set, vec![("missing", (*missing).into()), ("why", why.as_str().into())])
            }
        }
    }
}

impl Decision for DaemonSetDecision {
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
