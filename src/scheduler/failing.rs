//! No node was found: the pod waits, and perhaps others have to make room for it.
//! Real Kubernetes: pkg/scheduler/schedule_one.go handleSchedulingFailure, framework/preemption/executor.go.

use std::collections::BTreeSet;

use super::component::Scheduler;
use super::cycle::{failure_message, refusal_message};
use super::decision::SchedulerDecision;
use super::framework::{PodInfo, Refusal, Rejected, priority};
use super::nominated::{Nominee, Rivals};
use super::notes::Note;
use super::plugins::dynamic_resources::at_last;
use super::preemption::{Candidate, Occupant, Outcome, PREEMPTED, consider};
use crate::api::kinds::Pod;
use crate::api::object::{Key, Name, Resource};
use crate::api::{conditions, pods};
use crate::apiserver::delete::DeleteOptions;
use crate::client::recorder::reference;
use crate::world::Ctx;

impl Scheduler {
    pub(super) fn refuse(&mut self, key: &Key, info: &PodInfo, refusal: Refusal, ctx: &mut Ctx<'_>) {
        let nodes = self.cache.nodes.len();
        let outcome = Outcome::hopeless(info.pod(), nodes);
        let message = refusal_message(&refusal, nodes, &outcome);
        self.queue.park(info.object.marks().uid, BTreeSet::from([refusal.plugin()]), ctx.now());
        ctx.decide(SchedulerDecision::Refused { pod: key.clone(), refusal });
        self.fail(info.pod(), "Unschedulable", &message, None, ctx);
    }

    pub(super) fn give_up(
        &mut self,
        key: &Key,
        info: &PodInfo,
        rejected: Rejected,
        rivals: &Rivals,
        ctx: &mut Ctx<'_>,
    ) {
        let (uid, nodes, now) = (info.object.marks().uid, self.cache.nodes.len(), ctx.now());
        let snapshot = self.cache.snapshot(&self.known);
        let priority = priority(info.pod());
        let occupants = |node: &str| self.cache.below(priority, node);
        let outcome = consider(info, &rejected, &snapshot, rivals, &occupants, ctx.chance());
        let message = failure_message(&rejected, nodes, at_last(info.pod()), &outcome);
        let by = rejected.plugins();
        ctx.decide(SchedulerDecision::Nowhere { pod: key.clone(), rejected, nodes });
        self.queue.park(uid, by, now);
        let nominated = match outcome {
            Outcome::Room(candidate) => {
                self.make_room(key, info, &candidate, ctx);
                Some(candidate.node)
            }
            Outcome::Vain { .. } => {
                self.nominated.remove(uid);
                Some(Name::default())
            }
            Outcome::Never | Outcome::Leaving => None,
        };
        self.fail(info.pod(), "Unschedulable", &message, nominated.as_deref(), ctx);
    }

    /// Sends the victims away, and keeps the room for the pod.
    fn make_room(&mut self, key: &Key, info: &PodInfo, candidate: &Candidate, ctx: &mut Ctx<'_>) {
        let uid = info.object.marks().uid;
        ctx.decide(SchedulerDecision::Preempts { pod: key.clone(), candidate: candidate.clone() });
        let load = self.cache.load(info.pod());
        let lesser = self.nominated.lesser(&candidate.node, load.priority);
        self.nominated.add(uid, Nominee { pod: key.clone(), node: candidate.node.clone(), load });
        for other in lesser {
            let _ = ctx.api::<Pod>().patch_status(&other.namespace, &other.name, |p| {
                p.status.get_or_insert_default().nominated_node_name = None;
            });
        }
        for victim in candidate.victims.iter().filter(|v| !v.load.alike.leaving) {
            self.preempt(victim, info.pod(), &candidate.node, ctx);
        }
    }

    fn preempt(&mut self, victim: &Occupant, by: &Pod, node: &str, ctx: &mut Ctx<'_>) {
        let (now, Key { namespace, name, .. }) = (ctx.now(), &victim.pod);
        let told = ctx.api::<Pod>().patch_status(namespace, name, |p| {
            let message = "default-scheduler: preempting to accommodate a higher priority pod";
            let c = conditions::pod(pods::DISRUPTION_TARGET, true, PREEMPTED, message, p.metadata.generation);
            conditions::set(p.status.get_or_insert_default().conditions.get_or_insert_default(), c, now);
        });
        let Ok(object) = told else { return };
        if object.marks().uid != victim.uid
            || ctx.api::<Pod>().delete(namespace, name, DeleteOptions::default()).is_err()
        {
            return;
        }
        if let Some(pod) = object.get::<Pod>() {
            let message = &format!("Preempted by pod {} on node {node}", by.uid());
            let related = Some(reference(by, None));
            let note = Note { warning: false, reason: "Preempted", action: "Preempting", message, related };
            self.notes.write(pod, note, ctx);
        }
    }
}
