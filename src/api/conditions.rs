//! Conditions of pods and Deployments: set one, keep its transition time where the status stays.

use k8s_openapi::api::core::v1::PodCondition;

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

/// Sets a condition in place; a condition that is new goes to the end. Tells whether anything changed: mostly nothing
/// has, and then nothing is written.
pub fn set(list: &mut Vec<PodCondition>, new: Wanted<'_>, now: Time) -> bool {
    let at = list.iter().position(|c| c.type_ == new.kind).unwrap_or_else(|| {
        list.push(PodCondition { type_: new.kind.into(), ..PodCondition::default() });
        list.len() - 1
    });
    let c = &mut list[at];
    let same = c.status == new.status
        && c.reason.as_deref().unwrap_or("") == new.reason
        && c.message.as_deref().unwrap_or("") == new.message
        && c.observed_generation == new.generation
        && c.last_probe_time.is_none();
    if same {
        return false;
    }
    let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
    *c = PodCondition {
        type_: new.kind.into(),
        status: new.status.into(),
        reason: text(new.reason),
        message: text(new.message),
        observed_generation: new.generation,
        last_probe_time: None,
        last_transition_time: match c.status == new.status {
            true => c.last_transition_time.take(),
            false => Some(now.meta()),
        },
    };
    true
}
