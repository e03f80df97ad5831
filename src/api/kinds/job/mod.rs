//! batch/v1 Job: names, defaults, columns, and what the server adds to it: a selector and labels made of its uid. [`spec`] says
//! what is wrong with it, with [`policies`] for its rules of failure and success and [`indexes`] for lists of indexes;
//! [`update`] what may not change; [`status`] how its end is told.
//! Real Kubernetes: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation, pkg/registry/batch/job.

pub mod indexes;
pub mod policies;
pub mod spec;
pub mod status;
pub mod update;

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::PodSpec;

use super::Job;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::field::Path;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column};
use crate::api::time::{Time, ago};
use crate::api::{canonical, names};

pub static KIND: Kind<Job> = Kind {
    categories: &["all"],
    subresources: &[Subresource::Status],
    generation: true,
    defaults: |j| {
        let spec = j.spec.get_or_insert_default();
        default_planned(spec);
        default_spec(spec);
    },
    prepare_create: |j| {
        j.status = Some(Default::default());
        pod_spec::drop_disabled_of_template(j.spec.as_mut().map(|s| &mut s.template), None);
        let labelled = template_labels(j).is_some();
        generate_selector(j);
        // Without labels of its own the template's are filled in when the stored Job is read, which one with bad labels never is.
        if labelled || template_labels(j).into_iter().flatten().all(|(_, v)| names::label_value(v).is_empty()) {
            default_labels(j);
        }
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        let was = old.spec.as_ref().map(|s| &s.template);
        pod_spec::drop_disabled_of_template(new.spec.as_mut().map(|s| &mut s.template), was);
        default_labels(new);
    },
    prepare_status: |new, old| {
        keep(&mut new.spec, &old.spec);
        default_labels(new);
    },
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "batch/v1.JobSpec"),
    validate: spec::validate,
    validate_update: update::validate,
    validate_status: status::validate,
    warnings: |new, old| {
        let mut out = if old.is_none() { workload::name_warnings(&new.metadata) } else { vec![] };
        let changed = old.is_none_or(|o| o.metadata.generation != new.metadata.generation);
        let told = new.spec.as_ref().filter(|_| changed).map(|s| spec::warnings(s, &Path::new("spec")));
        out.extend(told.into_iter().flatten());
        out
    },
    leaves_owned: true,
    deletion_warning: Some(
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set \
         propagationPolicy=Orphan to suppress this warning",
    ),
    columns: &[
        Column::name(),
        Column::text("Status", "Status of the job.", |j, _| Cell::from(status_column(j))),
        Column::text("Completions", "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.", |j, _| Cell::from(completions_column(j))),
        Column::text("Duration", "Time required to complete the job.", |j, now| Cell::from(duration_column(j, now))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |j, _| Cell::from(pod_spec::container_names(template(j)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |j, _| Cell::from(pod_spec::images(template(j)))),
        Column::wide_text("Selector", "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |j, _| Cell::from(workload::selector_text(j.spec.as_ref().and_then(|s| s.selector.as_ref())))),
    ],
    selectable: &["status.successful"],
    field: |j, _| Some(j.status.as_ref().and_then(|s| s.succeeded).unwrap_or(0).to_string()),
    ..Kind::new(("batch", "v1"), "Job", "jobs", "job")
};

/// The labels by which a Job's pods are told, the first two as they were named before labels had prefixes.
pub const LEGACY_CONTROLLER_UID: &str = "controller-uid";
pub const LEGACY_JOB_NAME: &str = "job-name";
pub const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
pub const JOB_NAME: &str = "batch.kubernetes.io/job-name";

fn template(j: &Job) -> Option<&PodSpec> {
    j.spec.as_ref()?.template.spec.as_ref()
}

fn template_labels(j: &Job) -> Option<&BTreeMap<String, String>> {
    workload::labels_of(&j.spec.as_ref()?.template)
}

/// What a CronJob's Jobs get too, while they are only planned.
pub fn default_planned(spec: &mut JobSpec) {
    pod_spec::default_template(&mut spec.template);
    let rules = spec.pod_failure_policy.iter_mut().flat_map(|p| p.rules.iter_mut());
    for pattern in rules.flat_map(|r| r.on_pod_conditions.iter_mut().flatten()) {
        if pattern.status.as_deref().unwrap_or("").is_empty() {
            pattern.status = Some("True".into());
        }
    }
}

fn default_spec(spec: &mut JobSpec) {
    // Without either number one pod must succeed; with parallelism alone, any one of them.
    if spec.completions.is_none() && spec.parallelism.is_none() {
        spec.completions = Some(1);
    }
    spec.parallelism.get_or_insert(1);
    let limit = if spec.backoff_limit_per_index.is_some() { i32::MAX } else { 6 };
    spec.backoff_limit.get_or_insert(limit);
    spec.completion_mode.get_or_insert_with(|| "NonIndexed".into());
    spec.suspend.get_or_insert(false);
    let replacement = if spec.pod_failure_policy.is_some() { "Failed" } else { "TerminatingOrFailed" };
    spec.pod_replacement_policy.get_or_insert_with(|| replacement.into());
    spec.manual_selector.get_or_insert(false);
}

/// A Job without labels has its template's. Kubernetes fills them in again whenever it reads the Job.
fn default_labels(j: &mut Job) {
    if j.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
        j.metadata.labels = template_labels(j).cloned();
    }
}

/// Makes sure that the Job selects its own pods and no others, by its uid. What the author wrote into these labels stays, and is
/// judged.
fn generate_selector(j: &mut Job) {
    let (name, uid) = (j.metadata.name.clone().unwrap_or_default(), j.metadata.uid.clone().unwrap_or_default());
    let Some(spec) = j.spec.as_mut().filter(|s| s.manual_selector != Some(true)) else { return };
    let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
    for (key, value) in [
        (LEGACY_JOB_NAME, &name),
        (JOB_NAME, &name),
        (LEGACY_CONTROLLER_UID, &uid),
        (CONTROLLER_UID, &uid),
    ] {
        labels.entry(key.into()).or_insert_with(|| value.clone());
    }
    let selected = spec.selector.get_or_insert_default().match_labels.get_or_insert_default();
    selected.entry(CONTROLLER_UID.into()).or_insert(uid);
}

pub fn conditions(s: Option<&JobStatus>) -> &[JobCondition] {
    s.and_then(|s| s.conditions.as_deref()).unwrap_or_default()
}

/// Whether a condition of that type has that status.
pub fn has(conditions: &[JobCondition], kind: &str, status: &str) -> bool {
    conditions.iter().any(|c| c.type_ == kind && c.status == status)
}

/// The condition that says that the Job has ended, well or not.
pub fn end(j: &Job) -> Option<&JobCondition> {
    let ends = |c: &&JobCondition| matches!(c.type_.as_str(), "Complete" | "Failed") && c.status == "True";
    conditions(j.status.as_ref()).iter().find(ends)
}

pub fn is_finished(j: &Job) -> bool {
    end(j).is_some()
}

fn status_column(j: &Job) -> &'static str {
    let is = |kind| has(conditions(j.status.as_ref()), kind, "True");
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if j.metadata.deletion_timestamp.is_some() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions_column(j: &Job) -> String {
    let succeeded = j.status.as_ref().and_then(|s| s.succeeded).unwrap_or(0);
    let spec = j.spec.as_ref();
    match (spec.and_then(|s| s.completions), spec.and_then(|s| s.parallelism).unwrap_or(0)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, at_once) if at_once > 1 => format!("{succeeded}/1 of {at_once}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

/// From the start to the end, or until now.
fn duration_column(j: &Job, now: Time) -> String {
    let status = j.status.as_ref();
    let Some(start) = status.and_then(|s| s.start_time.as_ref()) else { return String::new() };
    let end = status.and_then(|s| s.completion_time.as_ref()).map_or(now, Time::from_meta);
    ago(Time::from_meta(start), end)
}
