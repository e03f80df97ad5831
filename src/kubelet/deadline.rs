//! A pod that may be active for so long only: `activeDeadlineSeconds`.
//! Real Kubernetes: pkg/kubelet/active_deadline.go.

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::worker::{Phase, Worker};
use crate::api::{Duration, Time, Uid};
use crate::client::recorder::Note;
use crate::world::{Ctx, latency};

pub const REASON: &str = "DeadlineExceeded";
pub const MESSAGE: &str = "Pod was active on the node longer than the specified deadline";

/// Pods that are past their deadline are looked for once a second.
const LOOK_MILLIS: u64 = 1_000;

/// When a pod that has been acknowledged must be over.
fn due(w: &Worker) -> Option<Time> {
    let pod = w.typed();
    let seconds = u64::try_from(pod.spec.as_ref()?.active_deadline_seconds?).ok()?;
    let start = pod.status.as_ref()?.start_time.as_ref()?;
    Some(Time::from_meta(start) + Duration::from_secs(seconds))
}

impl Fleet {
    /// From the moment when the pod's status has a start, its deadline is known.
    pub(super) fn arm_deadline(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let Some(due) = due(w) else { return };
        let wait = due.since(ctx.now()) + latency::between(ctx.chance(), 0, LOOK_MILLIS);
        ctx.quietly_after(wait, w.tag("deadline"));
    }

    /// The pod's time may be up.
    pub(super) fn deadline(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return };
        let is_due = due(w).is_some_and(|due| due <= now);
        if !is_due || w.phase != Phase::Active || w.is_ending() || w.has_ended() {
            return;
        }
        w.overdue = true;
        let (pod, node) = (w.key.clone(), w.node.to_string());
        ctx.decide(KubeletDecision::Overdue { pod, node });
        self.note(uid, None, Note::normal(REASON, MESSAGE), ctx);
        self.sync(uid, ctx);
    }
}
