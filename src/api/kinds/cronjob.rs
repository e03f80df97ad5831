//! batch/v1 CronJob: names, defaults, validation, columns, update rules.
//! Real Kubernetes: pkg/apis/batch/v1/defaults.go SetDefaults_CronJob, pkg/apis/batch/validation, pkg/registry/batch/cronjob.

use k8s_openapi::api::batch::v1::{CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::CronJob;
use super::job;
use super::updates::keep;
use super::{pod_spec, workload};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column, ColumnType, since};
use crate::api::time::Time;
use crate::api::{canonical, cron, names, time_zone};

pub static KIND: Kind<CronJob> = Kind {
    short_names: &["cj"],
    categories: &["all"],
    subresources: &[Subresource::Status],
    generation: true,
    defaults,
    prepare_create: |c| {
        c.status = Some(Default::default());
        pod_spec::drop_disabled_of_template(template_mut(c), None);
    },
    prepare_update: |new, old| {
        new.status.clone_from(&old.status);
        let was = work(old).map(|w| &w.template);
        pod_spec::drop_disabled_of_template(template_mut(new), was);
    },
    prepare_status: |new, old| keep(&mut new.spec, &old.spec),
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "batch/v1.CronJobSpec"),
    validate: |c, errors| {
        validate_spec(&c.spec, None, errors);
        validate_name(c, errors);
    },
    // Names that were too long before the rule was made may stay.
    validate_update: |new, old, errors| {
        names::validate_meta_update(&new.metadata, &old.metadata, errors);
        validate_spec(&new.spec, Some(&old.spec), errors);
    },
    update_judges_alone: true,
    warnings,
    columns: &[
        Column::name(),
        Column::text("Schedule", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.", |c, _| Cell::from(c.spec.schedule.as_str())),
        Column::text("Timezone", "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones", |c, _| Cell::from(c.spec.time_zone.as_deref().unwrap_or("<none>"))),
        Column::of(ColumnType::Boolean, 0, "Suspend", "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.", |c, _| Cell::from(suspend_column(c))),
        Column::int("Active", "A list of pointers to currently running jobs.", |c, _| Cell::from(c.status.as_ref().and_then(|s| s.active.as_ref()).map_or(0, Vec::len))),
        Column::text("Last Schedule", "Information when was the last time the job was successfully scheduled.", |c, now| Cell::from(last_schedule_column(c, now))),
        Column::age(),
        Column::wide_text("Containers", "Names of each container in the template.", |c, _| Cell::from(pod_spec::container_names(template(c)))),
        Column::wide_text("Images", "Images referenced by each container in the template.", |c, _| Cell::from(pod_spec::images(template(c)))),
        Column::wide_text("Selector", "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors", |c, _| Cell::from(workload::selector_text(work(c).and_then(|w| w.selector.as_ref())))),
    ],
    ..Kind::new(("batch", "v1"), "CronJob", "cronjobs", "cronjob")
};

/// The Jobs that it plans.
fn work(c: &CronJob) -> Option<&JobSpec> {
    c.spec.job_template.spec.as_ref()
}

fn template(c: &CronJob) -> Option<&PodSpec> {
    work(c)?.template.spec.as_ref()
}

fn suspend_column(c: &CronJob) -> &'static str {
    match c.spec.suspend {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    }
}

fn last_schedule_column(c: &CronJob, now: Time) -> String {
    let last = c.status.as_ref().and_then(|s| s.last_schedule_time.as_ref());
    last.map_or_else(|| "<none>".into(), |t| since(Some(Time::from_meta(t)), now))
}

fn defaults(c: &mut CronJob) {
    let spec = &mut c.spec;
    job::default_planned(spec.job_template.spec.get_or_insert_default());
    if spec.concurrency_policy.as_deref().unwrap_or("").is_empty() {
        spec.concurrency_policy = Some("Allow".into());
    }
    spec.suspend.get_or_insert(false);
    spec.successful_jobs_history_limit.get_or_insert(3);
    spec.failed_jobs_history_limit.get_or_insert(1);
}

/// Its Jobs are named after it and the time, and their pods after them.
fn validate_name(c: &CronJob, errors: &mut FieldErrors) {
    const MOST_BYTES: usize = 52;
    if let Some(name) = c.metadata.name.as_deref().filter(|n| n.len() > MOST_BYTES) {
        errors.invalid(&Path::new("metadata").child("name"), name, "must be no more than 52 characters");
    }
}

fn validate_spec(spec: &CronJobSpec, old: Option<&CronJobSpec>, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    validate_schedule(spec, old, &at.child("schedule"), errors);
    errors.non_negative(&at.child("startingDeadlineSeconds"), spec.starting_deadline_seconds.unwrap_or(0));
    if let Some(zone) = spec.time_zone.as_deref().filter(|_| old.is_none_or(|o| o.time_zone != spec.time_zone)) {
        validate_zone(zone, &at.child("timeZone"), errors);
    }
    match spec.concurrency_policy.as_deref().unwrap_or("") {
        "" => errors.required(&at.child("concurrencyPolicy"), ""),
        policy => errors.one_of(&at.child("concurrencyPolicy"), policy, &["Allow", "Forbid", "Replace"]),
    }
    let was = old.and_then(|o| o.job_template.spec.as_ref()).map(|s| &s.template);
    validate_work(&spec.job_template, was, &at.child("jobTemplate"), errors);
    for (name, limit) in [
        ("successfulJobsHistoryLimit", spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", spec.failed_jobs_history_limit),
    ] {
        errors.non_negative(&at.child(name), limit.unwrap_or(0).into());
    }
}

/// A schedule may no longer name a time zone, unless it did before.
fn validate_schedule(spec: &CronJobSpec, old: Option<&CronJobSpec>, at: &Path<'_>, errors: &mut FieldErrors) {
    let schedule = spec.schedule.as_str();
    if schedule.is_empty() {
        errors.required(at, "");
        return;
    }
    if let Err(why) = cron::parse(schedule) {
        errors.invalid(at, schedule, why);
    }
    if !schedule.contains("TZ") {
        return;
    }
    if !old.is_some_and(|o| o.schedule.contains("TZ")) {
        errors.invalid(at, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    } else if spec.time_zone.is_some() {
        errors.invalid(at, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
    }
}

/// Names are of the shape that the database's names have, before one is looked for.
fn validate_zone(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    const PART_MAX_BYTES: usize = 14;
    if name.is_empty() {
        errors.invalid(at, name, "timeZone must be nil or non-empty string");
        return;
    }
    let well_formed = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.len() <= PART_MAX_BYTES
            && !part.starts_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b))
    };
    if !name.split('/').all(well_formed) {
        errors.invalid(at, name, format!("unknown time zone {name}"));
        return;
    }
    if name.eq_ignore_ascii_case("Local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.invalid(at, name, why);
    }
    // Go knows the machine's own zone by this name.
    if let Some(why) = time_zone::load(name).err().filter(|_| name != "Local") {
        errors.invalid(at, name, why);
    }
}

/// The Jobs of a CronJob get their selectors when they are made.
fn validate_work(
    work: &JobTemplateSpec,
    old: Option<&PodTemplateSpec>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let Some(spec) = &work.spec else { return };
    let at = at.child("spec");
    job::spec::validate_spec(spec, old, &at, errors);
    if let Some(s) = &spec.selector {
        let shown = job::spec::shown(Some(s));
        errors.invalid_struct(&at.child("selector"), shown, "`selector` will be auto-generated");
    }
    if spec.manual_selector == Some(true) {
        errors.not_supported_struct(&at.child("manualSelector"), "true".into(), &["nil", "false"]);
    }
}

fn template_mut(c: &mut CronJob) -> Option<&mut PodTemplateSpec> {
    c.spec.job_template.spec.as_mut().map(|s| &mut s.template)
}

fn warnings(new: &CronJob, old: Option<&CronJob>) -> Vec<String> {
    let mut out = if old.is_none() { workload::name_warnings(&new.metadata) } else { vec![] };
    let changed = old.is_none_or(|o| o.metadata.generation != new.metadata.generation);
    let spec = Path::new("spec");
    let at = spec.child("jobTemplate");
    let told = work(new).filter(|_| changed).map(|w| job::spec::warnings(w, &at.child("spec")));
    let zoned = old.is_some() && new.spec.schedule.contains("TZ");
    // The path is Kubernetes' own slip.
    let zoned = zoned.then(|| {
        "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
         https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
            .to_string()
    });
    out.extend(told.into_iter().flatten().chain(zoned));
    out
}
