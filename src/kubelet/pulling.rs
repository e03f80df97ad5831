//! Images are pulled one after another on a node, whoever wants them; who comes second to the same image finds most of it there.
//! Real Kubernetes: pkg/kubelet/images/puller.go (serializeImagePulls), image_manager.go.

use std::collections::VecDeque;

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::nodes::NodeRef;
use super::roles;
use super::worker::Step;
use crate::api::ops::RuntimeCall;
use crate::api::time::go_duration;
use crate::api::{Duration, OpId, Outcome, Uid};
use crate::client::recorder::Note;
use crate::world::Ctx;

/// What a node pulls, and who waits for his turn.
#[derive(Clone, Debug, Default)]
pub struct Puller {
    current: Option<OpId>,
    waiting: VecDeque<(Uid, String)>,
}

impl Puller {
    /// All that was under way has come to nothing.
    pub fn clear(&mut self) {
        *self = Puller::default();
    }
}

/// A duration as kubelet tells it, in whole milliseconds.
fn told(d: Duration) -> String {
    go_duration(Duration::from_millis(u64::try_from(d.as_millis()).unwrap_or(0)))
}

impl Fleet {
    /// Asks the registry, unless the last failure is too fresh. With a pull policy of Always what is here already is
    /// not sent again, but the registry is asked all the same.
    pub(super) fn pull(&mut self, uid: Uid, name: &str, node: &NodeRef, image: String, ctx: &mut Ctx<'_>) -> bool {
        if let Some(left) = self.pulls.left_since_update(uid, &image, ctx.now()) {
            self.pull_back_off(uid, name, image, left, ctx);
            return false;
        }
        self.note(uid, Some(name), Note::normal("Pulling", &format!("Pulling image {image:?}")), ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Pull { op: None, container: name.into(), asked: ctx.now() });
        }
        self.nodes.at_mut(node).puller.waiting.push_back((uid, name.into()));
        self.pull_next(node, ctx);
        true
    }

    /// Begins with the next image, if none is being pulled.
    fn pull_next(&mut self, node: &NodeRef, ctx: &mut Ctx<'_>) {
        while self.nodes.at(node).puller.current.is_none() {
            let Some((uid, name)) = self.nodes.at_mut(node).puller.waiting.pop_front() else { return };
            // Who is to go by now, or begins anew, waits no more.
            let waits = |s: &Step| matches!(s, Step::Pull { op: None, container, .. } if *container == name);
            let Some(w) = self.workers.get(uid).filter(|w| w.busy.as_ref().is_some_and(waits)) else { continue };
            let image = roles::image(&w.typed(), &name);
            let began = self.runtime(uid, node, RuntimeCall::PullImage { image }, ctx);
            self.nodes.at_mut(node).puller.current = Some(began);
            self.pull_ops.insert(began, node.clone());
            if let Some(Step::Pull { op, .. }) = self.workers.get_mut(uid).and_then(|w| w.busy.as_mut()) {
                *op = Some(began);
            }
        }
    }

    /// A pull has ended, whatever came of it and whoever wanted it: the next one's turn.
    pub(super) fn pull_ended(&mut self, op: OpId, ctx: &mut Ctx<'_>) {
        let Some(node) = self.pull_ops.remove(&op) else { return };
        let puller = &mut self.nodes.at_mut(&node).puller;
        if puller.current == Some(op) {
            puller.current = None;
            self.pull_next(&node, ctx);
        }
    }

    fn pull_back_off(&mut self, uid: Uid, name: &str, image: String, left: Duration, ctx: &mut Ctx<'_>) {
        let message = format!("Back-off pulling image {image:?}");
        self.note(uid, Some(name), Note::normal("BackOff", &message), ctx);
        self.note(uid, Some(name), Note::warning("Failed", "Error: ImagePullBackOff"), ctx);
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node) = (w.key.clone(), w.node.to_string());
        let (before, why) = w.slot_mut(name).reason.take().unwrap_or_default();
        let why = match why.unwrap_or_default() {
            // It says already that it waits, and why.
            same if same.starts_with("Back-off") => same,
            pull => format!("{message}: ErrImagePull: {pull}"),
        };
        self.set_reason(uid, name, "ImagePullBackOff", why);
        if before != "ImagePullBackOff" {
            ctx.decide(KubeletDecision::PullWaits { pod, node, image, left });
        }
    }

    /// `waited`: from the moment on when it was asked for.
    pub(super) fn pulled(&mut self, uid: Uid, name: &str, waited: Duration, outcome: Outcome, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let pod = w.typed();
        let image = roles::image(&pod, name);
        match outcome {
            Outcome::Pulled { image: full, size, user, took } => {
                w.pulled.push((image.clone(), took));
                let ending = w.is_ending();
                let image_there = self.nodes.at_mut(&w.node).images.entry(full).or_default();
                (image_there.bytes, image_there.user) = (size, user);
                let message = format!(
                    "Successfully pulled image {image:?} in {} ({} including waiting). Image size: {size} bytes.",
                    told(took),
                    told(waited)
                );
                self.note(uid, Some(name), Note::normal("Pulled", &message), ctx);
                if ending {
                    self.next_container(uid, ctx);
                } else if !self.create_container(uid, name, ctx) {
                    self.failed(uid);
                    self.next_container(uid, ctx);
                }
            }
            Outcome::Failed { message } => {
                w.failed = true;
                let (pod, node) = (w.key.clone(), w.node.to_string());
                let wait = self.pulls.next(uid, &image, ctx.now(), ctx.now());
                let told = format!("Failed to pull image {image:?}: {message}");
                self.note(uid, Some(name), Note::warning("Failed", &told), ctx);
                self.note(uid, Some(name), Note::warning("Failed", "Error: ErrImagePull"), ctx);
                self.set_reason(uid, name, "ErrImagePull", message);
                ctx.decide(KubeletDecision::PullFailed { pod, node, image, wait });
                self.next_container(uid, ctx);
            }
            _ => {}
        }
    }
}
