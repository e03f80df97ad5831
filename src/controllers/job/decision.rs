//! Why a Job did what it did. Every number in the story comes from here.

use crate::api::Duration;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct JobDecision {
    pub job: Key,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Created {
        done: i32,
        completions: Option<i32>,
        parallelism: i32,
        had: i32,
        names: Vec<String>,
    },
    Refused {
        why: String,
    },
    Deleted {
        had: i32,
        wanted: i32,
        names: Vec<String>,
    },
    /// The Job ends, so what runs is stopped.
    Stopped {
        reason: String,
        names: Vec<String>,
    },
    Waits {
        failures: i32,
        wait: Duration,
    },
    /// Each index waits for itself.
    IndexWaits {
        wait: Duration,
    },
    Counted {
        names: Vec<String>,
        succeeded: i32,
        failed: i32,
    },
    /// How it will end, while pods are still ending.
    Ending {
        reason: String,
    },
    Complete {
        reason: String,
    },
    Failed {
        reason: String,
        message: String,
    },
    Suspended {
        names: Vec<String>,
    },
    Resumed,
    /// A pod that nobody will count any more.
    LetGo {
        pod: String,
    },
}

impl Decision for JobDecision {
    fn message(&self) -> &'static str {
        match &self.what {
            What::Created { completions: Some(_), .. } => "job-created",
            What::Created { completions: None, .. } => "job-created-queue",
            What::Refused { .. } => "job-refused",
            What::Deleted { .. } => "job-deleted",
            What::Stopped { .. } => "job-stopped",
            What::Waits { .. } => "job-waits",
            What::IndexWaits { .. } => "job-index-waits",
            What::Counted { .. } => "job-counted",
            What::Ending { .. } => "job-ending",
            What::Complete { .. } => "job-complete",
            What::Failed { .. } => "job-failed",
            What::Suspended { .. } => "job-suspended",
            What::Resumed => "job-resumed",
            What::LetGo { .. } => "job-let-go",
        }
    }
    fn facts(&self) -> Facts {
        let mut facts: Facts = vec![("job", self.job.name.to_string().into())];
        match &self.what {
            What::Created { done, completions, parallelism, had, names } => facts.extend([
                ("done", (*done).into()),
                ("completions", completions.unwrap_or(0).into()),
                ("parallelism", (*parallelism).into()),
                ("had", (*had).into()),
                ("names", names.clone().into()),
            ]),
            What::Refused { why } => facts.push(("why", why.as_str().into())),
            What::Deleted { had, wanted, names } => {
                facts.extend([("had", (*had).into()), ("wanted", (*wanted).into()), ("names", names.clone().into())]);
            }
            What::Stopped { reason, names } => {
                facts.extend([("reason", reason.as_str().into()), ("names", names.clone().into())]);
            }
            What::Waits { failures, wait } => {
                facts.extend([("failures", (*failures).into()), ("wait", (*wait).into())])
            }
            What::IndexWaits { wait } => facts.push(("wait", (*wait).into())),
            What::Counted { names, succeeded, failed } => facts.extend([
                ("count", names.len().into()),
                ("names", names.clone().into()),
                ("succeeded", (*succeeded).into()),
                ("failed", (*failed).into()),
            ]),
            What::Ending { reason } | What::Complete { reason } => facts.push(("reason", reason.as_str().into())),
            What::Failed { reason, message } => {
                facts.extend([("reason", reason.as_str().into()), ("message", message.as_str().into())]);
            }
            What::Suspended { names } => {
                facts.extend([("count", names.len().into()), ("names", names.clone().into())]);
            }
            What::Resumed => {}
            What::LetGo { pod } => facts.push(("pod", pod.as_str().into())),
        }
        facts
    }
    fn about(&self) -> Option<Key> {
        Some(self.job.clone())
    }
}
