//! Why a CronJob made a Job, or did not.

use crate::api::object::Key;
use crate::api::{Duration, Time};
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct CronJobDecision {
    pub cronjob: Key,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// Nothing is due yet.
    Next {
        at: Time,
        wait: Duration,
    },
    Started {
        at: Time,
        job: String,
        next: Time,
    },
    TooLate {
        at: Time,
        limit: Duration,
    },
    Forbidden {
        running: Vec<String>,
    },
    Replaced {
        at: Time,
        running: Vec<String>,
    },
    Forgot {
        jobs: Vec<String>,
    },
    Noticed {
        job: String,
        how: String,
    },
}

impl Decision for CronJobDecision {
    fn message(&self) -> &'static str {
        match &self.what {
            What::Next { .. } => "cronjob-next",
            What::Started { .. } => "cronjob-started",
            What::TooLate { .. } => "cronjob-too-late",
            What::Forbidden { .. } => "cronjob-forbidden",
            What::Replaced { .. } => "cronjob-replaced",
            What::Forgot { .. } => "cronjob-forgot",
            What::Noticed { .. } => "cronjob-noticed",
        }
    }
    fn facts(&self) -> Facts {
        let mut facts: Facts = vec![("cronjob", self.cronjob.name.to_string().into())];
        match &self.what {
            What::Next { at, wait } => facts.extend([("at", at.rfc3339().into()), ("wait", (*wait).into())]),
            What::Started { at, job, next } => facts.extend([
                ("at", at.rfc3339().into()),
                ("job", job.as_str().into()),
                ("next", next.rfc3339().into()),
            ]),
            What::TooLate { at, limit } => facts.extend([("at", at.rfc3339().into()), ("limit", (*limit).into())]),
            What::Forbidden { running } => facts.push(("running", running.clone().into())),
            What::Replaced { at, running } => {
                facts.extend([("at", at.rfc3339().into()), ("running", running.clone().into())]);
            }
            What::Forgot { jobs } => facts.push(("jobs", jobs.clone().into())),
            What::Noticed { job, how } => facts.extend([("job", job.as_str().into()), ("how", how.as_str().into())]),
        }
        facts
    }
    fn about(&self) -> Option<Key> {
        Some(self.cronjob.clone())
    }
}
