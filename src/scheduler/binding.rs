//! A node was found: what must be written first is written and waited for, then the pod is bound.
//! Real Kubernetes: pkg/scheduler/schedule_one.go bindingCycle.

use std::sync::Arc;

use super::component::Scheduler;
use super::decision::SchedulerDecision;
use super::notes::Note;
use super::promises::{Found, Promise, Promised, State, TIMEOUT};
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, Pod};
use crate::api::object::Name;
use crate::api::volumes::SELECTED_NODE;
use crate::api::{Key, Object, Resource, Status, conditions};
use crate::client::volumes::name_claim;
use crate::world::{Ctx, Tag};

const LOOK: &str = "volumes";

impl Scheduler {
    pub(super) fn bind(&mut self, found: Found, ctx: &mut Ctx<'_>) {
        let Found { key, object, node, choice, rejected } = found;
        let uid = object.marks().uid;
        // Taken for granted before it is confirmed, so that the next pod sees the room as gone.
        self.cache.place(&object, &node);
        self.nominated.remove(uid);
        ctx.decide(SchedulerDecision::Bound { pod: key.clone(), node: node.clone(), choice, rejected });
        match ctx.api::<Pod>().bind(&key.namespace, &key.name, &node) {
            Ok(_) => {
                if let Some(pod) = object.get::<Pod>() {
                    let message = &format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
                    let note = Note { warning: false, reason: "Scheduled", action: "Binding", message, related: None };
                    self.notes.write(pod, note, ctx);
                }
                self.queue.forget(uid);
            }
            Err(status) => self.fall_back(key, &object, node, "Bind plugin \"DefaultBinder\"", &status.message, ctx),
        }
    }

    /// Writes what must come true, and keeps the room meanwhile.
    pub(super) fn promise(&mut self, found: Found, promises: Vec<Promise>, ctx: &mut Ctx<'_>) {
        let (key, uid, now) = (found.key.clone(), found.object.marks().uid, ctx.now());
        self.cache.place(&found.object, &found.node);
        self.nominated.remove(uid);
        ctx.decide(SchedulerDecision::Promised {
            pod: key.clone(),
            node: found.node.clone(),
            promises: promises.clone(),
            choice: found.choice.clone(),
            rejected: found.rejected.clone(),
        });
        // Whoever makes nodes or volumes is told in good time.
        let _ = ctx.api::<Pod>().patch_status(&key.namespace, &key.name, |p| {
            p.status.get_or_insert_default().nominated_node_name = Some(found.node.to_string());
        });
        let written = promises.iter().try_for_each(|p| self.write(p, &found, ctx));
        self.promises_moved = true;
        let promised = Promised { found, promises, since: now, causes: ctx.causes(), armed: None };
        match written {
            Ok(()) => {
                self.promised.insert(uid, promised);
                ctx.quietly_after(TIMEOUT, Tag::about(LOOK, key).of(uid));
            }
            Err(status) => self.break_promise(promised, &status.message, ctx),
        }
    }

    fn write(&mut self, promise: &Promise, found: &Found, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let (Promise::Bind { claim, .. } | Promise::Provision { claim }) = promise;
        let Some(mut claim) = self.known.claims.get(&found.key.namespace, claim).cloned() else { return Ok(()) };
        match promise {
            Promise::Bind { volume, .. } => {
                let Some(v) = self.known.volumes.get("", volume) else { return Ok(()) };
                let o = ctx.api::<PersistentVolume>().update(name_claim(v, &claim))?;
                self.known.volumes.put(&o);
            }
            Promise::Provision { .. } => {
                let annotations = claim.metadata.annotations.get_or_insert_default();
                annotations.insert(SELECTED_NODE.into(), found.node.to_string());
                let o = ctx.api::<PersistentVolumeClaim>().update(claim)?;
                self.known.claims.put(&o);
            }
        }
        Ok(())
    }

    /// Bindings are polled, but a look is only worth a step when there is something to see.
    pub(super) fn arm_promises(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::take(&mut self.promises_moved) {
            return;
        }
        let now = ctx.now();
        for (uid, p) in &mut self.promised {
            let node = self.cache.node(&p.found.node);
            if p.armed.is_none_or(|at| at < now) && p.state(&self.known, node, now) != State::Open {
                let at = p.next_look(now);
                p.armed = Some(at);
                ctx.after(at.since(now), Tag::about(LOOK, p.found.key.clone()).of(*uid));
            }
        }
    }

    pub(super) fn look_after(&mut self, tag: &Tag, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((uid, p)) = tag.uid.and_then(|uid| Some((uid, self.promised.get(&uid)?))) else { return };
        match p.state(&self.known, self.cache.node(&p.found.node), now) {
            State::Open => {}
            State::Kept => {
                if let Some(p) = self.promised.remove(&uid) {
                    ctx.because(&p.found.key, p.causes);
                    self.bind(p.found, ctx);
                }
            }
            State::Broken(why) => {
                if let Some(p) = self.promised.remove(&uid) {
                    ctx.because(&p.found.key, p.causes.clone());
                    self.break_promise(p, &format!("binding volumes: {why}"), ctx);
                }
            }
        }
    }

    fn break_promise(&mut self, promised: Promised, why: &str, ctx: &mut Ctx<'_>) {
        let Found { key, object, node, .. } = promised.found;
        self.fall_back(key, &object, node, "PreBind plugin \"VolumeBinding\"", why, ctx);
    }

    /// The pod can't go where it was to go: it looks for a node anew after its back-off. `at` is where it came to grief.
    /// Real Kubernetes: handleBindingCycleError.
    fn fall_back(&mut self, key: Key, object: &Arc<Object>, node: Name, at: &str, why: &str, ctx: &mut Ctx<'_>) {
        let (causes, now) = (ctx.causes(), ctx.now());
        self.let_go(object, &causes, now);
        self.queue.retry(object.marks().uid, now);
        ctx.decide(SchedulerDecision::Broken { pod: key, node, why: why.into() });
        let Some(pod) = object.get::<Pod>() else { return };
        self.fail(pod, "SchedulerError", &format!("running {at}: {why}"), Some(""), ctx);
    }

    /// Tells the world that the pod found no place. `nominated` is where room is made for it, if that changed.
    pub(super) fn fail(&mut self, pod: &Pod, reason: &str, message: &str, nominated: Option<&str>, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let note = Note { warning: true, reason: "FailedScheduling", action: "Scheduling", message, related: None };
        self.notes.write(pod, note, ctx);
        let generation = pod.metadata.generation;
        let _ = ctx.api::<Pod>().patch_status(pod.namespace(), pod.name(), |p| {
            let c = conditions::pod("PodScheduled", false, reason, message, generation);
            let status = p.status.get_or_insert_default();
            conditions::set(status.conditions.get_or_insert_default(), c, now);
            if let Some(node) = nominated {
                status.nominated_node_name = (!node.is_empty()).then(|| node.into());
            }
        });
    }
}
