//! The numbers of a DaemonSet's status.
//! Real Kubernetes: pkg/controller/daemon/daemon_controller.go updateDaemonSetStatus, storeDaemonSetStatus.

use k8s_openapi::api::apps::v1::DaemonSetStatus;

use super::placement::Fit;
use super::seen::Observed;
use crate::api::pods;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    pub desired: i32,
    pub current: i32,
    pub misscheduled: i32,
    pub ready: i32,
    pub updated: i32,
    pub available: i32,
}

/// On each node the first pod counts.
pub fn count(seen: &Observed<'_>) -> Numbers {
    let mut n = Numbers::default();
    for (node, fit) in &seen.nodes {
        let first = seen.on(node).first();
        if *fit != Fit::Runs {
            n.misscheduled += i32::from(first.is_some());
            continue;
        }
        n.desired += 1;
        let Some(p) = first else { continue };
        n.current += 1;
        n.ready += i32::from(pods::is_ready(p));
        n.available += i32::from(seen.is_available(p));
        n.updated += i32::from(seen.is_updated(p));
    }
    n
}

impl Numbers {
    fn of(s: &DaemonSetStatus) -> Numbers {
        Numbers {
            desired: s.desired_number_scheduled,
            current: s.current_number_scheduled,
            misscheduled: s.number_misscheduled,
            ready: s.number_ready,
            updated: s.updated_number_scheduled.unwrap_or(0),
            available: s.number_available.unwrap_or(0),
        }
    }

    fn unavailable(self) -> i32 {
        self.desired - self.available
    }

    /// Whether the status says this already.
    pub fn are_in(self, s: &DaemonSetStatus) -> bool {
        Numbers::of(s) == self && s.number_unavailable.unwrap_or(0) == self.unavailable()
    }

    pub fn put_into(self, s: &mut DaemonSetStatus) {
        let positive = |n: i32| (n != 0).then_some(n);
        s.desired_number_scheduled = self.desired;
        s.current_number_scheduled = self.current;
        s.number_misscheduled = self.misscheduled;
        s.number_ready = self.ready;
        s.updated_number_scheduled = positive(self.updated);
        s.number_available = positive(self.available);
        s.number_unavailable = positive(self.unavailable());
    }
}
