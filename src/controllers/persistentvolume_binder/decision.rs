//! Which volume a claim got, or for what it waits; and what becomes of volumes.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

/// Why a claim is not bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    NoClass,
    Consumer { pods: Vec<String> },
    Provisioner { class: String, name: String },
    NoProvisioner { class: String, why: String },
    Named { volume: String },
    Mismatch { volume: String, why: String },
}

#[derive(Clone, Debug)]
pub enum BinderDecision {
    /// `meant`: the volume names the claim.
    Bound {
        claim: Key,
        volume: String,
        wanted: String,
        size: String,
        meant: bool,
    },
    Waits {
        claim: Key,
        wanted: String,
        what: Told,
    },
    Lost {
        claim: Key,
        volume: String,
    },
    Released {
        volume: Key,
        claim: String,
        policy: String,
    },
    Deleted {
        volume: Key,
    },
    Failed {
        volume: Key,
        why: String,
    },
}

impl Decision for BinderDecision {
    fn message(&self) -> &'static str {
        use BinderDecision as D;
        match self {
            D::Bound { meant: false, .. } => "binder-bound",
            D::Bound { meant: true, .. } => "binder-bound-as-meant",
            D::Waits { what: Told::NoClass, .. } => "binder-no-class",
            D::Waits { what: Told::Consumer { .. }, .. } => "binder-waits-for-pod",
            D::Waits { what: Told::Provisioner { .. }, .. } => "binder-asks-provisioner",
            D::Waits { what: Told::NoProvisioner { .. }, .. } => "binder-no-provisioner",
            D::Waits { what: Told::Named { .. }, .. } => "binder-waits-for-volume",
            D::Waits { what: Told::Mismatch { .. }, .. } => "binder-mismatch",
            D::Lost { .. } => "binder-lost",
            D::Released { .. } => "binder-released",
            D::Deleted { .. } => "binder-deleted",
            D::Failed { .. } => "binder-failed",
        }
    }

    fn facts(&self) -> Facts {
        use BinderDecision as D;
        let text = |s: &str| s.to_string().into();
        let key = |k: &Key| k.name.to_string().into();
        match self {
            D::Bound { claim, volume, wanted, size, .. } => {
                vec![("claim", key(claim)), ("volume", text(volume)), ("wanted", text(wanted)), ("size", text(size))]
            }
            D::Waits { claim, wanted, what } => {
                let mut facts: Facts = vec![("claim", key(claim)), ("wanted", text(wanted))];
                match what {
                    Told::NoClass => {}
                    Told::Consumer { pods } => {
                        facts.extend([("count", pods.len().into()), ("pods", pods.clone().into())]);
                    }
                    Told::Provisioner { class, name } => {
                        facts.extend([("class", text(class)), ("provisioner", text(name))]);
                    }
                    Told::NoProvisioner { class, why } => facts.extend([("class", text(class)), ("why", text(why))]),
                    Told::Named { volume } => facts.push(("volume", text(volume))),
                    Told::Mismatch { volume, why } => facts.extend([("volume", text(volume)), ("why", text(why))]),
                }
                facts
            }
            D::Lost { claim, volume } => vec![("claim", key(claim)), ("volume", text(volume))],
            D::Released { volume, claim, policy } => {
                vec![("volume", key(volume)), ("claim", text(claim)), ("policy", text(policy))]
            }
            D::Deleted { volume } => vec![("volume", key(volume))],
            D::Failed { volume, why } => vec![("volume", key(volume)), ("why", text(why))],
        }
    }

    fn about(&self) -> Option<Key> {
        use BinderDecision as D;
        let (D::Bound { claim: key, .. }
        | D::Waits { claim: key, .. }
        | D::Lost { claim: key, .. }
        | D::Released { volume: key, .. }
        | D::Deleted { volume: key }
        | D::Failed { volume: key, .. }) = self;
        Some(key.clone())
    }
}
