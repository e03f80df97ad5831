//! What a Job's rules say of how its pods ended.
//! Real Kubernetes: pkg/controller/job/{pod_failure_policy,success_policy}.go.

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicy,
};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus};

use super::intervals::Indexes;
use crate::api::kinds::Pod;
use crate::api::object::Resource;

/// What becomes of a pod's failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    Counts,
    /// It is not counted, and the pod is replaced.
    Ignored,
    /// Its index is not tried again.
    EndsIndex,
    /// The Job has failed, with that message.
    EndsJob(String),
}

impl Failure {
    pub fn counts(&self) -> bool {
        *self != Failure::Ignored
    }
}

/// The first rule that matches a failed pod decides; without one, the failure counts.
pub fn judge(spec: &JobSpec, pod: &Pod) -> Failure {
    let rules = spec.pod_failure_policy.iter().flat_map(|p| p.rules.iter());
    for (i, rule) in rules.enumerate() {
        let Some(why) = matches(rule, pod) else { continue };
        return match rule.action.as_str() {
            "Ignore" => Failure::Ignored,
            "FailIndex" => Failure::EndsIndex,
            "FailJob" => Failure::EndsJob(format!("{why} matching FailJob rule at index {i}")),
            _ => Failure::Counts,
        };
    }
    Failure::Counts
}

/// By what a rule matches.
fn matches(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let place = format!("{}/{}", pod.namespace(), pod.name());
    if let Some(codes) = &rule.on_exit_codes {
        let all = status.container_statuses.iter().flatten().chain(status.init_container_statuses.iter().flatten());
        let (container, end) = all.filter_map(|c| Some((c, ended(c)?))).find(|(c, end)| fits(codes, c, end))?;
        return Some(format!("Container {} for pod {place} failed with exit code {}", container.name, end.exit_code));
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    let met = status
        .conditions
        .iter()
        .flatten()
        .find(|c| patterns.iter().any(|p| p.type_ == c.type_ && p.status.as_deref() == Some(c.status.as_str())))?;
    Some(format!("Pod {place} has condition {}", met.type_))
}

fn ended(c: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    c.state.as_ref()?.terminated.as_ref()
}

fn fits(rule: &PodFailurePolicyOnExitCodesRequirement, c: &ContainerStatus, end: &ContainerStateTerminated) -> bool {
    let named = rule.container_name.as_ref().is_none_or(|n| *n == c.name);
    let listed = rule.values.contains(&end.exit_code);
    named && end.exit_code != 0 && (listed == (rule.operator == "In"))
}

/// The rule by which the indexes that succeeded are enough.
pub fn enough(policy: Option<&SuccessPolicy>, completions: i32, succeeded: &Indexes) -> Option<usize> {
    if succeeded.is_empty() {
        return None;
    }
    policy?.rules.iter().position(|rule| {
        let reached = |n: i32| rule.succeeded_count.is_some_and(|wanted| n >= wanted);
        let Some(list) = &rule.succeeded_indexes else { return reached(succeeded.len()) };
        let required = Indexes::parse(list, completions);
        let met = required.common(succeeded);
        !required.is_empty() && (met == required.len() || reached(met))
    })
}
