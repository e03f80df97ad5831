//! The pods of a Job: as its template says, held until they are counted. Those of an indexed Job know their number: by annotation and
//! label, by host name, and by the variable `JOB_COMPLETION_INDEX`.
//! Real Kubernetes: pkg/controller/job/job_controller.go manageJob; indexed_job_utils.go.

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, PodTemplateSpec};

use super::facts::{INDEX, INDEX_FAILURES, INDEX_IGNORED, TRACKING, failures_before, ignored_before};
use super::policy;
use super::tally::{Seen, Tally};
use crate::api::kinds::Pod;
use crate::api::kinds::job::spec::is_indexed;
use crate::api::object::Resource;
use crate::client::claim::hold;
use crate::client::pod_control::pod_of;

const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// What is left of a name for its beginning, when five letters have been added.
const PREFIX_MAX_BYTES: usize = 58;

/// What all pods of the Job have.
pub fn template(seen: &Seen<'_>) -> PodTemplateSpec {
    let mut template = seen.spec.template.clone();
    if is_indexed(seen.spec) {
        let spec = template.spec.get_or_insert_default();
        spec.init_containers.iter_mut().flatten().chain(&mut spec.containers).for_each(tell_index);
    }
    hold(template.metadata.get_or_insert_default(), TRACKING);
    template
}

fn tell_index(c: &mut Container) {
    let env = c.env.get_or_insert_default();
    if env.iter().any(|v| v.name == INDEX_VARIABLE) {
        return;
    }
    let field_ref = ObjectFieldSelector { field_path: format!("metadata.labels['{INDEX}']"), api_version: None };
    let from = EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() };
    env.push(EnvVar { name: INDEX_VARIABLE.into(), value_from: Some(from), ..EnvVar::default() });
}

/// One pod, with its number if it has one.
pub fn pod(template: &PodTemplateSpec, index: Option<i32>, seen: &Seen<'_>, tally: &Tally<'_>) -> Pod {
    let Some(index) = index else { return pod_of(seen.job, Some(template)) };
    let mut template = template.clone();
    let meta = template.metadata.get_or_insert_default();
    let annotations = meta.annotations.get_or_insert_default();
    annotations.insert(INDEX.into(), index.to_string());
    if seen.spec.backoff_limit_per_index.is_some() {
        let (failures, ignored) = failures_so_far(tally.last_failed.get(&index).copied(), seen);
        annotations.insert(INDEX_FAILURES.into(), failures.to_string());
        if ignored > 0 {
            annotations.insert(INDEX_IGNORED.into(), ignored.to_string());
        }
    }
    meta.labels.get_or_insert_default().insert(INDEX.into(), index.to_string());
    template.spec.get_or_insert_default().hostname = Some(format!("{}-{index}", seen.job.name()));
    let mut pod = pod_of(seen.job, Some(&template));
    pod.metadata.generate_name = Some(prefix(seen.job.name(), index));
    pod
}

/// What the pod takes over from the one whose place it takes: failures that count, and failures that do not.
fn failures_so_far(last: Option<&Pod>, seen: &Seen<'_>) -> (i32, i32) {
    let Some(p) = last else { return (0, 0) };
    let counts = policy::judge(seen.spec, p).counts();
    (failures_before(p).saturating_add(i32::from(counts)), ignored_before(p).saturating_add(i32::from(!counts)))
}

fn prefix(job: &str, index: i32) -> String {
    let tail = format!("-{index}-");
    let head = job.get(..PREFIX_MAX_BYTES.saturating_sub(tail.len())).unwrap_or(job);
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stays_in_the_name_however_long_it_is() {
        assert_eq!(prefix("sum", 3), "sum-3-");
        assert_eq!(prefix(&"j".repeat(63), 12), format!("{}-12-", "j".repeat(54)));
    }
}
