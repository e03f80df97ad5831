//! Conditions of pods and Deployments: set one, keep its transition time where the status stays.

use k8s_openapi::api::core::v1::PodCondition;

use super::time::Time;

/// A pod's condition; empty texts are left out.
pub fn pod(kind: &str, holds: bool, reason: &str, message: &str, generation: Option<i64>) -> PodCondition {
    let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
    PodCondition {
        type_: kind.into(),
        status: if holds { "True" } else { "False" }.into(),
        reason: text(reason),
        message: text(message),
        observed_generation: generation,
        last_probe_time: None,
        last_transition_time: None,
    }
}

/// Sets a condition in place; a condition that is new goes to the end. Tells whether anything changed.
pub fn set(list: &mut Vec<PodCondition>, mut new: PodCondition, now: Time) -> bool {
    match list.iter_mut().find(|c| c.type_ == new.type_) {
        None => {
            new.last_transition_time = Some(now.meta());
            list.push(new);
            true
        }
        Some(old) => {
            new.last_transition_time =
                if old.status == new.status { old.last_transition_time.clone() } else { Some(now.meta()) };
            let changed = *old != new;
            *old = new;
            changed
        }
    }
}
