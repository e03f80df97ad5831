//! One sync of a Job: count, judge, create or delete pods, write the status.
//! Real Kubernetes: pkg/controller/job/job_controller.go syncJob, manageJob, flushUncountedAndRemoveFinalizers.

use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};

use super::decision::{JobDecision, What};
use super::facts::{self, TRACKING, find, is_held, is_managed_elsewhere, is_suspended};
use super::plan::{New, Plan, plan};
use super::tally::{Seen, Tally, number, tally};
use super::template::{pod, template};
use super::tracking::{self, Tracking, positive, track};
use super::verdict::{self, COMPLETE, deadline_left, done, judge};
use super::{Jobs, selector};
use crate::api::kinds::{Job, Pod, job};
use crate::api::{Duration, Key, Reason, Resource, Status, pods};
use crate::client::Action;
use crate::client::claim::{claim, let_go};
use crate::client::pod_control::slow_start;
use crate::client::recorder::{Note, reference};
use crate::world::Ctx;

/// How many pods there are, with what this sync has done to them.
#[derive(Clone, Copy)]
struct Counts {
    active: i32,
    ready: i32,
    terminating: i32,
}

/// What became of the pods, and what is left to do.
struct Outcome {
    counts: Counts,
    verdict: Option<JobCondition>,
    failure: Option<Status>,
    /// Whether the plan was carried out.
    managed: bool,
    /// When to look again, whatever happens.
    again: Option<(Duration, bool)>,
}

impl Jobs {
    pub(super) fn sync(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(job) = self.jobs.by_key(key).cloned() else {
            self.expectations.forget(key);
            self.failures.remove(key);
            return Ok(Action::done());
        };
        let spec = facts::spec_of(&job);
        if is_managed_elsewhere(&spec) {
            return Ok(Action::done());
        }
        if job::is_finished(&job) {
            self.failures.remove(key);
            return Ok(Action::done());
        }
        let now = ctx.now();
        let ready_to_act = self.expectations.are_met(key, now);
        let pods = claim(&job, &selector(&job), |_: &Pod| true, Some(TRACKING), &mut self.pods, ctx)?;
        let pods: Vec<&Pod> = pods.iter().filter_map(|o| o.get()).collect();
        let mut started = job.status.clone().unwrap_or_default();
        if started.start_time.is_none() && !is_suspended(&spec) {
            started.start_time = Some(now.meta());
        }
        let mut status = started.clone();
        status.uncounted_terminated_pods.get_or_insert_default();
        let failures = self.failures.get(key).copied().unwrap_or_default();
        let seen = Seen { job: &job, spec: &spec, status: &started, pods: &pods, failures, now };
        let tally = tally(&seen);
        let mut outcome = self.act(key, &seen, &tally, ready_to_act, ctx);
        let suspension_changed =
            outcome.managed && outcome.verdict.is_none() && self.tell_suspension(&seen, &tally, &mut status, ctx);
        let Counts { active, ready, terminating } = outcome.counts;
        let counts = (positive(active), Some(ready), Some(terminating));
        let changed = (status.active, status.ready, status.terminating) != counts;
        (status.active, status.ready, status.terminating) = counts;
        let mut tracking = track(&seen, &tally, &mut status, &mut outcome.verdict);
        tracking.write |= changed || suspension_changed;
        self.write(&seen, &tally, status, tracking, &outcome, ctx)?;
        match (outcome.failure, outcome.again) {
            (Some(e), _) => Err(e),
            (None, Some((wait, true))) => Ok(Action::quietly_after(wait)),
            (None, Some((wait, false))) => Ok(Action::after(wait)),
            (None, None) => Ok(Action::done()),
        }
    }

    /// Creates and deletes pods.
    fn act(&mut self, key: &Key, seen: &Seen<'_>, tally: &Tally<'_>, ready_to_act: bool, ctx: &mut Ctx<'_>) -> Outcome {
        let counts = Counts { active: number(tally.active.len()), ready: tally.ready, terminating: tally.terminating };
        let verdict = judge(seen, tally);
        let mut outcome = Outcome { counts, verdict, failure: None, managed: false, again: None };
        if let Some(end) = &outcome.verdict {
            let reason = end.reason.clone().unwrap_or_default();
            if !tally.active.is_empty() {
                let names = names(&tally.active);
                decide(seen, What::Stopped { reason, names }, ctx);
            }
            self.delete(key, seen, &tally.active, false, &mut outcome, ctx);
            // Pods may be left, or not be in the cache yet.
            if outcome.counts.active > 0 || !ready_to_act {
                outcome.verdict = None;
            }
            return outcome;
        }
        outcome.again = deadline_left(seen).map(|left| (left, false));
        if ready_to_act && !seen.job.is_deleting() {
            outcome.managed = true;
            self.manage(key, seen, tally, &mut outcome, ctx);
        }
        outcome.verdict = done(seen, tally, outcome.counts.active);
        outcome
    }

    fn manage(&mut self, key: &Key, seen: &Seen<'_>, tally: &Tally<'_>, outcome: &mut Outcome, ctx: &mut Ctx<'_>) {
        match plan(seen, tally) {
            Plan::Keep => {}
            Plan::Wait(left) => {
                // Said once: later looks during the same wait bring nothing new.
                if tally.failures != seen.failures {
                    let failures = tally.failures.count;
                    let each = seen.spec.backoff_limit_per_index.is_some();
                    let what =
                        if each { What::IndexWaits { wait: left } } else { What::Waits { failures, wait: left } };
                    decide(seen, what, ctx);
                }
                let left = left.max(super::BATCH);
                let sooner = outcome.again.filter(|(deadline, _)| *deadline < left);
                outcome.again = sooner.or(Some((left, true)));
            }
            Plan::Create(new) => self.create(key, seen, tally, &new, outcome, ctx),
            Plan::Delete { pods, wanted } => {
                let names = names(&pods);
                decide(seen, What::Deleted { had: outcome.counts.active, wanted, names }, ctx);
                self.delete(key, seen, &pods, true, outcome, ctx);
            }
            Plan::Suspend(pods) => self.delete(key, seen, &pods, true, outcome, ctx),
        }
    }

    fn create(
        &mut self,
        key: &Key,
        seen: &Seen<'_>,
        tally: &Tally<'_>,
        new: &New,
        outcome: &mut Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        let template = template(seen);
        let mut names = vec![];
        let each = new.each();
        let mut indexes = each.iter();
        let mut made = 0;
        let done = slow_start(each.len(), || {
            let index = indexes.next().copied().flatten();
            if let Some(o) = self.control.create(seen.job, pod(&template, index, seen, tally), ctx)? {
                self.expectations.expect_created(key, o.name(), ctx.now());
                names.push(o.name().to_string());
            }
            made += 1;
            Ok(())
        });
        if let Err(e) = &done {
            decide(seen, What::Refused { why: e.message.clone() }, ctx);
        }
        if !names.is_empty() {
            let what = What::Created {
                done: tally.succeeded,
                completions: seen.spec.completions,
                parallelism: seen.spec.parallelism.unwrap_or(0),
                had: outcome.counts.active,
                names,
            };
            decide(seen, what, ctx);
        }
        outcome.counts.active += made;
        outcome.failure = done.err();
    }

    /// Deletes pods. Those that are just too many (`uncounted`) lose their finalizers first: they count for nothing.
    fn delete(
        &mut self,
        key: &Key,
        seen: &Seen<'_>,
        pods: &[&Pod],
        uncounted: bool,
        outcome: &mut Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        for p in pods {
            let released = match uncounted && is_held(p) {
                true => self.release(p, ctx),
                false => Ok(()),
            };
            match released.and_then(|()| self.control.delete(seen.job, p.name(), ctx)) {
                Ok(true) if uncounted => self.expectations.expect_deleted(key, p.name(), ctx.now()),
                Err(e) if !e.is(Reason::NotFound) => {
                    outcome.failure.get_or_insert(e);
                    continue;
                }
                _ => {}
            }
            outcome.counts.active -= 1;
            outcome.counts.ready -= i32::from(pods::is_ready(p));
            outcome.counts.terminating += 1;
        }
    }

    /// Takes a pod's finalizer away.
    fn release(&mut self, p: &Pod, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let o = ctx.api::<Pod>().patch(p.namespace(), p.name(), |p| let_go(&mut p.metadata, TRACKING))?;
        self.pods.put(&o);
        Ok(())
    }

    /// The condition that says whether the Job rests. Tells whether it changed.
    fn tell_suspension(
        &mut self,
        seen: &Seen<'_>,
        tally: &Tally<'_>,
        status: &mut JobStatus,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let suspended = is_suspended(seen.spec);
        let told = find(job::conditions(Some(status)), "Suspended").map(|c| c.status == "True");
        if told.unwrap_or(false) == suspended {
            return false;
        }
        let (word, message) = match suspended {
            true => ("True", "Job suspended"),
            false => ("False", "Job resumed"),
        };
        let mut new =
            facts::condition("Suspended", if suspended { "JobSuspended" } else { "JobResumed" }, message, seen.now);
        new.status = word.into();
        let conditions = status.conditions.get_or_insert_default();
        match conditions.iter_mut().find(|c| c.type_ == new.type_) {
            Some(old) => *old = new,
            None => conditions.push(new),
        }
        let what = if suspended { What::Suspended { names: names(&tally.active) } } else { What::Resumed };
        decide(seen, what, ctx);
        let reason = if suspended { "Suspended" } else { "Resumed" };
        self.control.recorder.record(reference(seen.job, None), Note::normal(reason, message), ctx);
        // The time that a Job may take begins when it is resumed.
        status.start_time = (!suspended).then(|| seen.now.meta());
        true
    }

    /// Writes the status before finalizers go, lets them go, and writes what that has changed.
    fn write(
        &mut self,
        seen: &Seen<'_>,
        tally: &Tally<'_>,
        status: JobStatus,
        mut tracking: Tracking<'_>,
        outcome: &Outcome,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let mut job = Job { status: Some(status), ..seen.job.clone() };
        if tracking.write {
            job = self.update_status(job, ctx)?;
            self.failures.insert(seen.job.key(), tally.failures);
        }
        let mut failure = None;
        let mut gone = vec![];
        for p in &tracking.release {
            match self.release(p, ctx) {
                Err(e) if !e.is(Reason::NotFound) => failure = Some(e),
                _ => {
                    tracking.held.remove(p.uid());
                    gone.push(*p);
                }
            }
        }
        let status = job.status.get_or_insert_default();
        let counted = tracking::count_released(status, &tracking.held);
        if !gone.is_empty() {
            let (succeeded, failed) = (status.succeeded.unwrap_or(0), status.failed.unwrap_or(0));
            decide(seen, What::Counted { names: names(&gone), succeeded, failed }, ctx);
        }
        if let Some(e) = failure {
            if counted {
                self.update_status(job, ctx)?;
            }
            return Err(e);
        }
        let end = outcome.verdict.as_ref();
        let finished = !tracking.full && tracking::finish(status, end, outcome.counts.terminating);
        if counted || finished {
            job = self.update_status(job, ctx)?;
        }
        match end {
            Some(end) if finished => self.tell_end(seen, &job, end, ctx),
            Some(end) if tracking.write => {
                decide(seen, What::Ending { reason: end.reason.clone().unwrap_or_default() }, ctx);
            }
            _ => {}
        }
        Ok(())
    }

    fn update_status(&mut self, job: Job, ctx: &mut Ctx<'_>) -> Result<Job, Status> {
        let o = ctx.api::<Job>().update_status(job)?;
        self.jobs.put(&o);
        o.get::<Job>().cloned().ok_or_else(|| Status::internal("not a Job"))
    }

    fn tell_end(&mut self, seen: &Seen<'_>, job: &Job, end: &JobCondition, ctx: &mut Ctx<'_>) {
        let (reason, message) = (end.reason.clone().unwrap_or_default(), end.message.clone().unwrap_or_default());
        let about = || reference(job, None);
        if end.type_ == COMPLETE {
            let succeeded = job.status.as_ref().and_then(|s| s.succeeded).unwrap_or(0);
            if seen.spec.completions.is_some_and(|wanted| succeeded > wanted) {
                let text = "Too many succeeded pods running after completion count reached";
                self.control.recorder.record(about(), Note::warning("TooManySucceededPods", text), ctx);
            }
            self.control.recorder.record(about(), Note::normal("Completed", "Job completed"), ctx);
            decide(seen, What::Complete { reason }, ctx);
        } else {
            self.control.recorder.record(about(), Note::warning(verdict::known(&reason), &message), ctx);
            decide(seen, What::Failed { reason, message }, ctx);
        }
    }
}

fn decide(seen: &Seen<'_>, what: What, ctx: &mut Ctx<'_>) {
    ctx.decide(JobDecision { job: seen.job.key(), what });
}

fn names(pods: &[&Pod]) -> Vec<String> {
    pods.iter().map(|p| p.name().to_string()).collect()
}
