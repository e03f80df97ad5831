//! What containers may not say about when they are started anew: after they end, and when their resources change.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateContainerRestartPolicy, validateResizePolicy; for what
//! follows of it pkg/api/v1/pod/util.go ContainerShouldRestart.

use k8s_openapi::api::core::v1::{Container, ContainerResizePolicy, ContainerRestartRule, PodSpec};

use super::{items, text};
use crate::api::field::{FieldErrors, Path};

/// The rule that starts not only its container anew but the whole pod.
const RESTART_ALL: &str = "RestartAllContainers";
const MOST_RULES: usize = 20;
const MOST_CODES: usize = 255;
const RULES_WITHOUT_POLICY: &str = "must specify restartPolicy when restart rules are used";

/// An init container without a policy is asked for that alone.
pub fn validate_init_rules(c: &Container, at: &Path<'_>, errors: &mut FieldErrors) {
    if c.restart_policy.is_some() {
        validate_rules(c, at, errors);
    } else if !items(&c.restart_policy_rules).is_empty() {
        errors.required(&at.child("restartPolicy"), RULES_WITHOUT_POLICY);
    }
}

pub fn validate_rules(c: &Container, at: &Path<'_>, errors: &mut FieldErrors) {
    let rules = items(&c.restart_policy_rules);
    match &c.restart_policy {
        None if rules.is_empty() => return,
        None => errors.required(&at.child("restartPolicy"), RULES_WITHOUT_POLICY),
        Some(policy) => errors.one_of(&at.child("restartPolicy"), policy, &["Always", "Never", "OnFailure"]),
    }
    let at = at.child("restartPolicyRules");
    if rules.len() > MOST_RULES {
        errors.too_many(&at, rules.len(), MOST_RULES);
    }
    for (i, r) in rules.iter().enumerate() {
        let here = at.index(i);
        errors.one_of(&here.child("action"), &r.action, &["Restart", RESTART_ALL]);
        let Some(codes) = &r.exit_codes else {
            errors.required(&here.child("exitCodes"), "must be specified");
            continue;
        };
        let here = here.child("exitCodes");
        errors.one_of(&here.child("operator"), &codes.operator, &["In", "NotIn"]);
        let count = items(&codes.values).len();
        if count > MOST_CODES {
            errors.too_many(&here.child("values"), count, MOST_CODES);
        }
    }
}

pub fn validate_resize_policy(list: &[ContainerResizePolicy], pod: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, p) in list.iter().enumerate() {
        if list[..i].iter().any(|before| before.resource_name == p.resource_name) {
            errors.duplicate(&at.index(i), p.resource_name.as_str());
        }
        // All but the first name the list, as Kubernetes does.
        super::containers::must_be_one_of(&p.resource_name, &["cpu", "memory"], at, errors);
        super::containers::must_be_one_of(&p.restart_policy, &["NotRequired", "RestartContainer"], at, errors);
        if text(&pod.restart_policy) == "Never" && p.restart_policy != "NotRequired" {
            let why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.invalid(at, p.restart_policy.as_str(), why);
        }
    }
}

/// The rule that holds for a container that ended with that code: the first that names it.
fn matching_rule(c: &Container, exit_code: i32) -> Option<&ContainerRestartRule> {
    items(&c.restart_policy_rules).iter().find(|r| {
        r.exit_codes.as_ref().is_some_and(|codes| match codes.operator.as_str() {
            "In" => items(&codes.values).contains(&exit_code),
            "NotIn" => !items(&codes.values).contains(&exit_code),
            _ => false,
        })
    })
}

/// Whether a container that ended with that code is started anew.
pub fn restarts(c: &Container, pod: &PodSpec, exit_code: i32) -> bool {
    if c.restart_policy.is_some()
        && matching_rule(c, exit_code).is_some_and(|r| matches!(r.action.as_str(), "Restart" | RESTART_ALL))
    {
        return true;
    }
    match c.restart_policy.as_deref() {
        Some("Always") => return true,
        Some("OnFailure") => return exit_code != 0,
        Some("Never") => return false,
        _ => {}
    }
    match text(&pod.restart_policy) {
        "OnFailure" => exit_code != 0,
        "Never" => false,
        _ => true,
    }
}

/// Whether a container may start all of them anew.
pub fn all_could_restart(pod: &PodSpec) -> bool {
    let containers = pod.containers.iter().chain(items(&pod.init_containers));
    containers.flat_map(|c| items(&c.restart_policy_rules)).any(|r| r.action == RESTART_ALL)
}
