//! Conditions: set one, keep its transition time where the status stays.

use k8s_openapi::api::core::v1::PodCondition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::time::Time;

/// What a pod's condition should say; empty texts are left out.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    kind: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
    generation: Option<i64>,
}

pub fn pod<'a>(kind: &'a str, holds: bool, reason: &'a str, message: &'a str, generation: Option<i64>) -> Wanted<'a> {
    Wanted { kind, status: if holds { "True" } else { "False" }, reason, message, generation }
}

impl Wanted<'_> {
    pub fn is_about(&self, c: &PodCondition) -> bool {
        c.type_ == self.kind
    }

    fn holds(&self, c: &PodCondition) -> bool {
        c.status == self.status
            && c.reason.as_deref().unwrap_or("") == self.reason
            && c.message.as_deref().unwrap_or("") == self.message
            && c.observed_generation == self.generation
            && c.last_probe_time.is_none()
    }

    /// The condition as it follows on those that were. Where the status stays, its time does.
    pub fn after(&self, before: &[PodCondition], now: Time) -> PodCondition {
        let old = before.iter().find(|c| self.is_about(c));
        if let Some(same) = old.filter(|c| self.holds(c)) {
            return same.clone();
        }
        let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
        PodCondition {
            type_: self.kind.into(),
            status: self.status.into(),
            reason: text(self.reason),
            message: text(self.message),
            observed_generation: self.generation,
            last_probe_time: None,
            last_transition_time: match old.filter(|c| c.status == self.status) {
                Some(c) => c.last_transition_time.clone(),
                None => Some(now.meta()),
            },
        }
    }
}

/// Sets one of the conditions that most kinds share. Its time is that of the last change of its status; whatever time the new one
/// has does not matter.
/// Real Kubernetes: apimachinery/pkg/api/meta/conditions.go SetStatusCondition.
pub fn set_meta(list: &mut Vec<Condition>, new: Condition, now: Time) {
    let Some(old) = list.iter_mut().find(|c| c.type_ == new.type_) else {
        list.push(Condition { last_transition_time: now.meta(), ..new });
        return;
    };
    let since = if old.status == new.status { old.last_transition_time.clone() } else { now.meta() };
    *old = Condition { last_transition_time: since, ..new };
}

/// Sets a condition in place; a condition that is new goes to the end. Tells whether anything changed: mostly nothing
/// has, and then nothing is written.
pub fn set(list: &mut Vec<PodCondition>, new: Wanted<'_>, now: Time) -> bool {
    match list.iter().position(|c| new.is_about(c)) {
        Some(at) if new.holds(&list[at]) => return false,
        Some(at) => list[at] = new.after(list, now),
        None => {
            list.reserve_exact(1);
            list.push(new.after(&[], now));
        }
    }
    true
}
