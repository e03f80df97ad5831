//! How long a Job waits after failures: 10 s after the first, twice as long after each further one, 10 min at most, counted from the
//! pod's end. A success begins anew.
//! Real Kubernetes: pkg/controller/job/backoff_utils.go.

use k8s_openapi::api::core::v1::ContainerStatus;

use super::facts::tries_before;
use crate::api::kinds::Pod;
use crate::api::{Duration, Time, pods};

const FIRST: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_secs(600);

/// The failures since the last success. It lives in the controller alone: a restart forgets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Failures {
    pub count: i32,
    /// When the last one was.
    last: Option<Time>,
}

impl Failures {
    /// With pods that have ended since.
    pub fn and(self, succeeded: &[&Pod], failed: &[&Pod]) -> Failures {
        let last_success = succeeded.iter().map(|p| finished_at(p)).max();
        let later = failed.iter().map(|p| finished_at(p)).filter(|t| last_success.is_none_or(|s| *t > s));
        let new = later.fold(Failures::default(), |f, t| Failures { count: f.count + 1, last: f.last.max(Some(t)) });
        match (last_success, new.count) {
            (Some(_), _) => new,
            (None, 0) => self,
            (None, n) => Failures { count: self.count + n, last: new.last },
        }
    }

    /// How much longer no pod may be created.
    pub fn left(self, now: Time) -> Duration {
        left(self.count, self.last.unwrap_or_default(), now)
    }
}

/// The same for one index, whose last failed pod tells how often it failed.
pub fn left_for_index(last_failed: Option<&Pod>, now: Time) -> Duration {
    last_failed.map_or(Duration::ZERO, |p| left(tries_before(p).saturating_add(1), finished_at(p), now))
}

fn left(failures: i32, last: Time, now: Time) -> Duration {
    if failures <= 0 {
        return Duration::ZERO;
    }
    // Doubled six times, 10 s are more than the longest wait.
    let wait = (FIRST * (1 << (failures - 1).min(6))).min(MOST);
    wait.saturating_sub(now.since(last))
}

/// When a pod ended: when its last container did; else when it stopped being ready; else when somebody deleted it.
pub fn finished_at(p: &Pod) -> Time {
    let status = p.status.as_ref();
    let of_conditions = || {
        let ready = status.and_then(|s| pods::condition(s, "Ready")).filter(|c| c.status == "False")?;
        ready.last_transition_time.as_ref().map(Time::from_meta)
    };
    let of_deletion = || {
        let due = Time::from_meta(p.metadata.deletion_timestamp.as_ref()?);
        let grace = u64::try_from(p.metadata.deletion_grace_period_seconds.unwrap_or(0)).unwrap_or(0);
        Some(due - Duration::from_secs(grace))
    };
    let created = || p.metadata.creation_timestamp.as_ref().map(Time::from_meta);
    last_end(p).or_else(of_conditions).or_else(of_deletion).or_else(created).unwrap_or_default()
}

/// When the last container ended, if all have. Sidecars end after the others.
fn last_end(p: &Pod) -> Option<Time> {
    let status = p.status.as_ref()?;
    let end = |c: &ContainerStatus| -> Option<Time> {
        Some(Time::from_meta(c.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref()?))
    };
    let sidecars = status.init_container_statuses.iter().flatten().filter(|c| pods::has_sidecar(p, &c.name));
    let ends: Option<Vec<Time>> = status.container_statuses.iter().flatten().chain(sidecars).map(end).collect();
    ends?.into_iter().max()
}
