//! When a finished Job goes.

use crate::api::Duration;
use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum TtlDecision {
    Waits { job: Key, wait: Duration },
    Expired { job: Key, ttl: Duration },
}

impl Decision for TtlDecision {
    fn message(&self) -> &'static str {
        match self {
            TtlDecision::Waits { .. } => "ttl-waits",
            TtlDecision::Expired { .. } => "ttl-expired",
        }
    }
    fn facts(&self) -> Facts {
        match self {
            TtlDecision::Waits { job, wait } => {
                vec![("job", job.name.to_string().into()), ("wait", (*wait).into())]
            }
            TtlDecision::Expired { job, ttl } => vec![("job", job.name.to_string().into()), ("ttl", (*ttl).into())],
        }
    }
    fn about(&self) -> Option<Key> {
        let (TtlDecision::Waits { job, .. } | TtlDecision::Expired { job, .. }) = self;
        Some(job.clone())
    }
}
