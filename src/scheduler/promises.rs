//! What must come true before a pod is bound to the node that was found for it: its claims get their volumes.
//! Real Kubernetes: pkg/scheduler/framework/plugins/volumebinding/binder.go bindAPIUpdate, checkBindings.

use std::sync::Arc;

use super::cycle::Choice;
use super::framework::{NodeInfo, Rejected};
use super::known::Known;
use super::plugins::volume_binding::{is_bound, reaches};
use crate::api::object::{Name, Resource};
use crate::api::volumes::SELECTED_NODE;
use crate::api::{Duration, Key, Object, Time};
use crate::ledger::Causes;

/// One thing that was written down and is now waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Promise {
    /// A volume is set aside for a claim; the volume controller does the rest.
    Bind { volume: Name, claim: Name },
    /// A driver is asked to make the claim's volume for the chosen node.
    Provision { claim: Name },
}

/// A pod, and the node that was found for it.
#[derive(Clone)]
pub struct Found {
    pub key: Key,
    pub object: Arc<Object>,
    pub node: Name,
    pub choice: Choice,
    pub rejected: Rejected,
}

/// A pod that has a node, and waits there.
#[derive(Clone)]
pub struct Promised {
    pub found: Found,
    pub promises: Vec<Promise>,
    pub since: Time,
    pub causes: Causes,
    /// When it is looked after next.
    pub armed: Option<Time>,
}

/// How it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Open,
    Kept,
    /// What Kubernetes says of it.
    Broken(String),
}

/// How often the bindings are looked after, and for how long.
pub const EVERY: Duration = Duration::from_secs(1);
pub const TIMEOUT: Duration = Duration::from_secs(600);

impl Promised {
    /// When it is looked after next: bindings are polled, once a second.
    pub fn next_look(&self, now: Time) -> Time {
        let looks = now.since(self.since).as_millis() / EVERY.as_millis();
        self.since + EVERY.saturating_mul(u32::try_from(looks).unwrap_or(u32::MAX).saturating_add(1))
    }

    pub fn state(&self, known: &Known, node: Option<&NodeInfo>, now: Time) -> State {
        let Some(node) = node else {
            return State::Broken(format!(
                "failed to get node {:?}: node {:?} not found",
                self.found.node, self.found.node
            ));
        };
        for p in &self.promises {
            match self.one(p, known, node) {
                State::Kept => {}
                State::Open if now.since(self.since) >= TIMEOUT => {
                    return State::Broken("context deadline exceeded".into());
                }
                other => return other,
            }
        }
        State::Kept
    }

    fn one(&self, promise: &Promise, known: &Known, node: &NodeInfo) -> State {
        let (Promise::Bind { claim, .. } | Promise::Provision { claim }) = promise;
        let Some(c) = known.claims.get(&self.found.key.namespace, claim) else {
            return State::Broken(format!("failed to check binding: persistentvolumeclaim {claim:?} not found"));
        };
        let misplaced = |name: &str| {
            let v = known.volumes.get("", name).filter(|v| !reaches(v, node.node()))?;
            Some(State::Broken(format!(
                "pv {:?} node affinity doesn't match node {:?}: no matching NodeSelectorTerms",
                v.name(),
                node.name
            )))
        };
        let wrong = match promise {
            Promise::Bind { volume, .. } => {
                let v = known.volumes.get("", volume);
                let named = v.and_then(|v| v.spec.as_ref()?.claim_ref.as_ref()?.uid.as_deref()).unwrap_or("");
                if v.is_none() {
                    Some(State::Broken(format!("failed to check binding: persistentvolume {volume:?} not found")))
                } else if named.is_empty() {
                    Some(State::Broken(format!("ClaimRef got reset for pv {volume:?}")))
                } else {
                    misplaced(volume)
                }
            }
            Promise::Provision { .. } if c.metadata.annotations.is_none() => {
                Some(State::Broken(format!("selectedNode annotation reset for PVC {claim:?}")))
            }
            Promise::Provision { .. } if c.annotation(SELECTED_NODE) != Some(&*self.found.node) => {
                Some(State::Broken(format!("provisioning failed for PVC {claim:?}")))
            }
            Promise::Provision { .. } => {
                misplaced(c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or(""))
            }
        };
        wrong.unwrap_or(if is_bound(c) { State::Kept } else { State::Open })
    }
}
