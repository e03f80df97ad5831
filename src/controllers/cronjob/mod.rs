//! CronJob: makes a Job whenever its schedule is due. [`timetable`] says when that is, [`plan`] what is to be done.
//! Real Kubernetes: pkg/controller/cronjob/cronjob_controllerv2.go.

pub mod decision;
pub mod plan;
#[cfg(test)]
mod tests;
pub mod timetable;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{CronJob, Job, job};
use crate::api::object::{controller_of, controller_ref};
use crate::api::{Duration, Key, Reason, Resource, Status, Time};
use crate::apiserver::delete::{DeleteOptions, Propagation};
use crate::client::claim::owner_of;
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::{CronJobDecision, What};
use plan::{Plan, active, job_name, outlived, plan};
use timetable::{LATER, Timetable, UNKNOWN_ZONE, deadline};

/// For when a Job was made.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

#[derive(Clone)]
pub struct CronJobs {
    cronjobs: Cache<CronJob>,
    jobs: Cache<Job>,
    recorder: Recorder,
    /// When each is due next, as the story has told it.
    told: BTreeMap<Key, Time>,
}

impl Default for CronJobs {
    fn default() -> CronJobs {
        let recorder = Recorder::new(CronJobs::USER, "");
        CronJobs { cronjobs: Cache::default(), jobs: Cache::default(), recorder, told: BTreeMap::new() }
    }
}

impl Reconciler for CronJobs {
    type Primary = CronJob;
    const NAME: &'static str = "cronjob";
    const USER: &'static str = "cronjob-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(CronJob::kind_ref()), Scope::all(Job::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.cronjobs.apply(c) {
            if c.kind == ChangeKind::Deleted {
                self.told.remove(&c.key);
            }
            match rescheduled(c, enqueue.now()) {
                Some(wait) => enqueue.after(wait, c.key.clone(), true),
                None => enqueue.add(c.key.clone()),
            }
            return;
        }
        self.jobs.apply(c);
        let before = c.previous.as_ref().filter(|_| c.kind == ChangeKind::Modified);
        for meta in [Some(c.object.meta()), before.map(|o| o.meta())].into_iter().flatten() {
            if let Some(j) = owner_of(meta, &self.cronjobs) {
                enqueue.add(j.key());
            }
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(old) = self.cronjobs.by_key(key).cloned() else { return Ok(Action::done()) };
        let own = |j: &&Job| controller_of(j.meta()).is_some_and(|r| r.name == old.name());
        let jobs: Vec<Job> = self.jobs.in_namespace(old.namespace()).filter(own).cloned().collect();
        let mut c = old.clone();
        self.forget_outlived(&mut c, &jobs, ctx);
        let next = self.sync(&mut c, &jobs, ctx);
        if c.status != old.status {
            let o = ctx.api::<CronJob>().update_status(c)?;
            self.cronjobs.put(&o);
        }
        Ok(next?.map_or_else(Action::done, |at| Action::quietly_after(at.since(ctx.now()))))
    }
}

/// How long to wait when a CronJob got another schedule: nothing else is done about that.
fn rescheduled(c: &Change, now: Time) -> Option<Duration> {
    let (new, old) = (c.object.get::<CronJob>()?, c.previous.as_ref()?.get::<CronJob>()?);
    let same = new.spec.schedule == old.spec.schedule && new.spec.time_zone == old.spec.time_zone;
    if same || c.kind != ChangeKind::Modified {
        return None;
    }
    let table = Timetable::of(&new.spec).ok()?;
    Some((table.next_due(new, now) + LATER).since(now))
}

impl CronJobs {
    /// Deletes finished Jobs that are too many to keep.
    fn forget_outlived(&mut self, c: &mut CronJob, jobs: &[Job], ctx: &mut Ctx<'_>) {
        let too_many = outlived(c, jobs);
        if !too_many.is_empty() {
            let jobs = too_many.iter().map(|j| j.name().to_string()).collect();
            decide(c, What::Forgot { jobs }, ctx);
        }
        for j in too_many {
            self.delete(c, j, ctx);
        }
    }

    /// Deletes a Job with its pods. Tells whether that went well.
    fn delete(&mut self, c: &mut CronJob, j: &Job, ctx: &mut Ctx<'_>) -> bool {
        let with_pods = DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() };
        if let Err(e) = ctx.api::<Job>().delete(j.namespace(), j.name(), with_pods) {
            self.note(c, true, "FailedDelete", &format!("Deleted job: {}", e.message), ctx);
            return false;
        }
        cross_out(c, j.uid());
        self.note(c, false, "SuccessfulDelete", &format!("Deleted job {}", j.name()), ctx);
        true
    }

    /// Brings the status up to date and makes a Job if one is due. Tells when to look again.
    fn sync(&mut self, c: &mut CronJob, jobs: &[Job], ctx: &mut Ctx<'_>) -> Result<Option<Time>, Status> {
        self.look_at_jobs(c, jobs, ctx)?;
        if c.is_deleting() {
            return Ok(None);
        }
        let rests = c.spec.suspend == Some(true);
        let table = match Timetable::of(&c.spec) {
            Ok(table) if !rests => table,
            // A zone that is none is told of even while the CronJob rests.
            Err(why) if !rests || why.reason == UNKNOWN_ZONE => {
                self.note(c, true, why.reason, &why.message, ctx);
                return Ok(None);
            }
            _ => return Ok(None),
        };
        if c.spec.schedule.contains("TZ") {
            let message = format!(
                "CRON_TZ or TZ used in schedule {:?} is not officially supported, see \
                 https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
                c.spec.schedule
            );
            self.note(c, true, "UnsupportedSchedule", &message, ctx);
        }
        let now = ctx.now();
        let (plan, too_many) = match plan(c, &table, now) {
            Ok(planned) => planned,
            Err(why) => {
                let message = format!("invalid schedule: {} : {why}", c.spec.schedule);
                self.note(c, true, "InvalidSchedule", &message, ctx);
                return Ok(None);
            }
        };
        if too_many {
            let message =
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.note(c, true, "TooManyMissedTimes", message, ctx);
        }
        match plan {
            Plan::Wait => {}
            Plan::TooLate(at) => {
                let message = format!("Missed scheduled time to start a job: {}", at.rfc1123z());
                self.note(c, true, "MissSchedule", &message, ctx);
                decide(c, What::TooLate { at, limit: deadline(&c.spec).unwrap_or_default() }, ctx);
            }
            Plan::Forbidden => {
                let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
                self.note(c, false, "JobAlreadyActive", message, ctx);
                decide(c, What::Forbidden { running: running(c) }, ctx);
            }
            Plan::Start { at, replace } => {
                if replace {
                    self.replace(c, at, ctx)?;
                }
                if !self.start(c, at, &table, ctx)? {
                    return Ok(None);
                }
            }
        }
        let next = table.next_due(c, now);
        if self.told.insert(c.key(), next) != Some(next) && plan == Plan::Wait {
            decide(c, What::Next { at: next, wait: next.since(now) }, ctx);
        }
        Ok(Some(next + LATER))
    }

    /// Who runs, who has ended, who is gone.
    fn look_at_jobs(&mut self, c: &mut CronJob, jobs: &[Job], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        for j in jobs {
            let listed = |c: &CronJob| active(c).iter().any(|r| r.uid.as_deref() == Some(j.uid()));
            let Some(end) = job::end(j) else {
                if listed(c) {
                    continue;
                }
                let fresh = ctx.api::<CronJob>().get(c.namespace(), c.name())?;
                match fresh.get::<CronJob>().filter(|f| listed(f)) {
                    Some(fresh) => *c = fresh.clone(),
                    None => {
                        let message = format!("Saw a job that the controller did not create or forgot: {}", j.name());
                        self.note(c, true, "UnexpectedJob", &message, ctx);
                    }
                }
                continue;
            };
            if listed(c) {
                cross_out(c, j.uid());
                let message = format!("Saw completed job: {}, condition: {}", j.name(), end.type_);
                self.note(c, false, "SawCompletedJob", &message, ctx);
                decide(c, What::Noticed { job: j.name().into(), how: end.type_.clone() }, ctx);
            }
            let ended = j.status.as_ref().and_then(|s| s.completion_time.clone()).filter(|_| end.type_ == "Complete");
            let status = c.status.get_or_insert_default();
            let newer = |t: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time| {
                status.last_successful_time.as_ref().is_none_or(|last| t.0 > last.0)
            };
            if let Some(t) = ended.filter(newer) {
                status.last_successful_time = Some(t);
            }
        }
        let lost = |r: &&ObjectReference| !jobs.iter().any(|j| r.uid.as_deref() == Some(j.uid()));
        let lost: Vec<ObjectReference> = active(c).iter().filter(lost).cloned().collect();
        for r in lost {
            let name = r.name.as_deref().unwrap_or("");
            match ctx.api::<Job>().get(c.namespace(), name) {
                Ok(_) => {}
                Err(e) if e.is(Reason::NotFound) => {
                    self.note(c, false, "MissingJob", &format!("Active job went missing: {name}"), ctx);
                    cross_out(c, r.uid.as_deref().unwrap_or(""));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Deletes what still runs.
    fn replace(&mut self, c: &mut CronJob, at: Time, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let names = running(c);
        if !names.is_empty() {
            decide(c, What::Replaced { at, running: names.clone() }, ctx);
        }
        for name in names {
            let o = match ctx.api::<Job>().get(c.namespace(), &name) {
                Ok(o) => o,
                Err(e) => {
                    self.note(c, true, "FailedGet", &format!("Get job: {}", e.message), ctx);
                    return Err(e);
                }
            };
            let Some(j) = o.get::<Job>() else { continue };
            if !self.delete(c, j, ctx) {
                return Err(Status::internal(&format!("could not replace job {}/{name}", c.namespace())));
            }
        }
        Ok(())
    }

    /// Makes the Job of a time. Tells whether it is ours.
    fn start(&mut self, c: &mut CronJob, at: Time, table: &Timetable, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
        let new = job_of(c, at, &table.zone);
        let made = match ctx.api::<Job>().create(new) {
            Ok(o) => {
                self.note(c, false, "SuccessfulCreate", &format!("Created job {}", o.name()), ctx);
                o
            }
            Err(e) if e.is(Reason::AlreadyExists) => {
                // Made before, but not written down; or somebody else's.
                let o = ctx.api::<Job>().get(c.namespace(), &job_name(c, at))?;
                let ours = controller_of(o.meta()).is_some_and(|r| r.uid == c.uid());
                if !ours || active(c).iter().any(|r| r.uid.as_deref() == Some(o.uid())) {
                    return Ok(false);
                }
                o
            }
            Err(e) => {
                if !e.namespace_ends() {
                    self.note(c, true, "FailedCreate", &format!("Error creating job: {}", e.message), ctx);
                }
                return Err(e);
            }
        };
        let status = c.status.get_or_insert_default();
        status.active.get_or_insert_default().extend(made.get::<Job>().map(|j| reference(j, None)));
        status.last_schedule_time = Some(at.meta());
        let next = table.next_due(c, ctx.now());
        decide(c, What::Started { at, job: made.name().into(), next }, ctx);
        Ok(true)
    }

    fn note(&mut self, c: &CronJob, warning: bool, reason: &'static str, message: &str, ctx: &mut Ctx<'_>) {
        self.recorder.record(reference(c, None), Note { warning, reason, message }, ctx);
    }
}

fn decide(c: &CronJob, what: What, ctx: &mut Ctx<'_>) {
    ctx.decide(CronJobDecision { cronjob: c.key(), what });
}

fn running(c: &CronJob) -> Vec<String> {
    active(c).iter().filter_map(|r| r.name.clone()).collect()
}

/// Takes a Job out of the list of those that run.
fn cross_out(c: &mut CronJob, uid: &str) {
    let Some(status) = &mut c.status else { return };
    let left: Vec<ObjectReference> =
        status.active.take().into_iter().flatten().filter(|r| r.uid.as_deref() != Some(uid)).collect();
    status.active = Some(left).filter(|l| !l.is_empty());
}

/// The Job of a time: as the template says, and with the time by the clocks of the CronJob's zone.
fn job_of(c: &CronJob, at: Time, zone: &TimeZone) -> Job {
    let template = c.spec.job_template.metadata.clone().unwrap_or_default();
    let mut annotations = template.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED.into(), local(at, zone));
    Job {
        metadata: ObjectMeta {
            name: Some(job_name(c, at)),
            namespace: Some(c.namespace().into()),
            labels: template.labels,
            annotations: Some(annotations),
            owner_references: Some(vec![controller_ref(c)]),
            ..ObjectMeta::default()
        },
        spec: c.spec.job_template.spec.clone(),
        status: None,
    }
}

/// `2026-01-01T09:00:00+09:00`, or with `Z` where the clocks show UTC.
fn local(t: Time, zone: &TimeZone) -> String {
    let seconds = i64::try_from(t.nanos() / 1_000_000_000).unwrap_or(0);
    let shown = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(zone.clone());
    if shown.offset().is_zero() { t.rfc3339() } else { shown.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() }
}
