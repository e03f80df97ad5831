//! Bringing a container up: back-off, image, creation, start. Each step waits for the runtime.
//! Real Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer, pkg/kubelet/images/image_manager.go.

use std::sync::Arc;

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::roles;
use super::service_links::Environment;
use super::spec::{Place, container_spec, may_run_as};
use super::status;
use super::worker::{Instance, Replaced, Step};
use crate::api::image::ImageRef;
use crate::api::object::Resource;
use crate::api::ops::{ContainerId, ContainerSpec, ExitInfo, NO_RUNTIME, RuntimeCall};
use crate::api::time::go_duration;
use crate::api::{Outcome, Time, Uid};
use crate::client::recorder::Note;
use crate::world::Ctx;

/// Whom kubelets tell pods to ask for names: their setting `clusterDNS`.
pub(super) const CLUSTER_DNS: &str = "10.96.0.10";

impl Fleet {
    /// Starts bringing a container up. `false`: not now.
    pub(super) fn begin_container(&mut self, uid: Uid, name: &str, ctx: &mut Ctx<'_>) -> bool {
        if self.crash_back_off(uid, name, ctx) {
            return false;
        }
        let Some(w) = self.workers.get(uid) else { return false };
        let pod = w.typed();
        let Some((c, _)) = roles::find(&pod, name) else { return false };
        let image = c.image.clone().unwrap_or_default();
        let node = w.node.clone();
        let Some(full) = ImageRef::parse(&image).map(|i| i.full()) else {
            let message = format!(
                "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: invalid reference format"
            );
            self.cannot(uid, name, "InvalidImageName", "InspectFailed", message, ctx);
            return false;
        };
        if self.nodes.at(&node).runtime_off {
            let message = format!("Failed to inspect image {image:?}: {NO_RUNTIME}");
            self.cannot(uid, name, "ImageInspectError", "InspectFailed", message, ctx);
            return false;
        }
        // Somebody may have put it there without kubelet: `minikube image load`.
        let known = self.nodes.at(&node).images.contains_key(&full);
        let found = if known { None } else { ctx.image(&node.name, &full) };
        if let Some((bytes, user)) = found {
            let there = self.nodes.at_mut(&node).images.entry(full).or_default();
            (there.bytes, there.user) = (bytes, user);
        }
        let present = known || found.is_some();
        match c.image_pull_policy.as_deref() {
            Some("Never") if !present => {
                let message = format!("Container image {image:?} is not present with pull policy of Never");
                self.cannot(uid, name, "ErrImageNeverPull", "ErrImageNeverPull", message, ctx);
                false
            }
            Some("Always") => self.pull(uid, name, &node, image, ctx),
            _ if !present => self.pull(uid, name, &node, image, ctx),
            _ => {
                let message =
                    format!("Container image {image:?} already present on machine and can be accessed by the pod");
                self.note(uid, Some(name), Note::normal("Pulled", &message), ctx);
                if let Some(w) = self.workers.get_mut(uid) {
                    w.present.push(image);
                }
                self.create_container(uid, name, ctx)
            }
        }
    }

    /// Whether a container that has ended must wait before it is started again. If not, its next wait is made longer.
    fn crash_back_off(&mut self, uid: Uid, name: &str, ctx: &mut Ctx<'_>) -> bool {
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return true };
        let pod = w.typed();
        let slot = w.slot_mut(name);
        let exits: Vec<Time> = slot.instances.iter().rev().filter_map(|i| i.seen_exit.as_ref().map(|e| e.at)).collect();
        // A container that kubelet itself killed is judged by the exit before that one.
        let unhealthy = matches!(slot.replaced.take(), Some(Replaced::Unhealthy(_)));
        let since = exits.get(usize::from(unhealthy)).copied();
        if exits.is_empty() {
            return false;
        }
        // With another image it is another container, which has not crashed yet.
        let image = roles::image(&pod, name);
        let id = format!("{name} {image}");
        // The first time there is none: nothing is waited for, and nothing is counted.
        let Some(exit) = since else { return false };
        let Some(left) = self.restarts.left_since(uid, &id, exit, now) else {
            self.restarts.next(uid, &id, exit, now);
            return false;
        };
        w.crash_wait = Some(w.crash_wait.map_or(left, |w| w.min(left)));
        let (key, node) = (w.key.clone(), w.node.to_string());
        let pod = status::full_name(&pod);
        let why = format!("back-off {} restarting failed container={name} pod={pod}", go_duration(left));
        let first = w.slot_mut(name).reason.replace(("CrashLoopBackOff".into(), Some(why))).is_none();
        let message = format!("Back-off restarting failed container {name} in pod {pod}");
        self.note(uid, Some(name), Note::warning("BackOff", &message), ctx);
        if first {
            ctx.decide(KubeletDecision::Waits { pod: key, node, container: name.into(), left });
        }
        true
    }

    /// The container cannot be brought up as it is written: says so in its status and in two events.
    fn cannot(&mut self, uid: Uid, name: &str, reason: &str, event: &'static str, message: String, ctx: &mut Ctx<'_>) {
        self.note(uid, Some(name), Note::warning(event, &message), ctx);
        self.note(uid, Some(name), Note::warning("Failed", &format!("Error: {reason}")), ctx);
        self.set_reason(uid, name, reason, message);
    }

    pub(super) fn set_reason(&mut self, uid: Uid, name: &str, reason: &str, message: String) {
        if let Some(w) = self.workers.get_mut(uid) {
            w.slot_mut(name).reason = Some((reason.into(), Some(message)));
        }
    }

    pub(super) fn create_container(&mut self, uid: Uid, name: &str, ctx: &mut Ctx<'_>) -> bool {
        let Some(w) = self.workers.get(uid) else { return false };
        let (pod, node) = (w.typed(), w.node.clone());
        let attempt = w.slot(name).map_or(0, |s| s.attempts);
        let Some((c, _)) = roles::find(&pod, name) else { return false };
        let all = pod.spec.as_ref().and_then(|s| s.enable_service_links) != Some(false);
        let links = self.links.of(pod.namespace(), all);
        let account = self.accounts.of(pod.namespace(), ctx);
        let at = self.nodes.at(&node);
        let pod_ip = w.ip.as_deref().unwrap_or("");
        let none = Environment::new();
        let place = Place {
            pod_ip,
            host_ip: &at.config.ip,
            allocatable: &at.allocatable,
            account: &account,
            volumes: &w.volumes,
            env: &none,
            dns: CLUSTER_DNS,
        };
        let full = ImageRef::parse(c.image.as_deref().unwrap_or_default()).map(|i| i.full()).unwrap_or_default();
        let image_user = at.images.get(&full).map_or(0, |i| i.user);
        let made = container_spec(&pod, &c, attempt, &place, links, ctx);
        let spec = match made.and_then(|s| may_run_as(&pod, &c, image_user).map(|()| s)) {
            // What a program of the control plane does, its image does unasked: its flags say nothing to the simulated runtime.
            Ok(s) if w.fixed.is_some() => Arc::new(ContainerSpec { command: vec![], args: vec![], ..s }),
            Ok(s) => Arc::new(s),
            Err(e) => {
                let (pod, node) = (w.key.clone(), node.to_string());
                self.set_reason(uid, name, "CreateContainerConfigError", e.0.clone());
                self.note(uid, Some(name), Note::warning("Failed", &format!("Error: {}", e.0)), ctx);
                ctx.decide(KubeletDecision::CannotStart { pod, node, container: name.into(), reason: e.0 });
                return false;
            }
        };
        let call = RuntimeCall::CreateContainer { pod: w.pod_ref(), spec };
        let op = self.runtime(uid, &node, call, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.busy = Some(Step::Create { op, container: name.into() });
        }
        true
    }

    pub(super) fn created(&mut self, uid: Uid, name: &str, outcome: Outcome, ctx: &mut Ctx<'_>) {
        match outcome {
            Outcome::Created { id, image_id } => {
                let Some(w) = self.workers.get_mut(uid) else { return };
                let (pod, node) = (w.typed(), w.node.clone());
                let defined = roles::image(&pod, name);
                let image = ImageRef::parse(&defined).map_or_else(|| defined.clone(), |i| i.full());
                if let Some(i) = self.nodes.at_mut(&w.node).images.get_mut(&image).filter(|i| i.id.is_empty()) {
                    i.id.clone_from(&image_id);
                }
                w.slot_mut(name).begin(Instance::new(id, defined, image, image_id));
                self.note(uid, Some(name), Note::normal("Created", "Container created"), ctx);
                let op = self.runtime(uid, &node, RuntimeCall::StartContainer { id }, ctx);
                if let Some(w) = self.workers.get_mut(uid) {
                    w.busy = Some(Step::Start { op, container: name.into(), id });
                }
            }
            Outcome::Failed { message } => {
                self.note(uid, Some(name), Note::warning("Failed", &format!("Error: {message}")), ctx);
                self.set_reason(uid, name, "CreateContainerError", message);
                self.failed(uid);
                self.next_container(uid, ctx);
            }
            _ => {}
        }
    }

    pub(super) fn started(&mut self, uid: Uid, name: &str, id: ContainerId, outcome: Outcome, ctx: &mut Ctx<'_>) {
        match outcome {
            Outcome::Started { at } => {
                self.runs(uid, name, id, at, ctx);
                if self.begin_post_start(uid, name, id, ctx) {
                    return;
                }
            }
            Outcome::Failed { message } => self.not_started(uid, name, id, message, ctx),
            _ => return,
        }
        self.next_container(uid, ctx);
    }

    fn runs(&mut self, uid: Uid, name: &str, id: ContainerId, at: Time, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node) = (w.typed(), w.node.clone());
        let Some((c, _)) = roles::find(&pod, name) else { return };
        let slot = w.slot_mut(name);
        slot.reason = None;
        if let Some(i) = slot.instances.last_mut() {
            i.started = Some(at);
            // Kubelet looks again right after a start, and finds it running even if it ends at once.
            i.seen_running = true;
        }
        // Without a probe a running container is taken for started and ready.
        slot.startup_ok = c.startup_probe.is_none();
        slot.ready = c.readiness_probe.is_none();
        w.started.push(name.into());
        self.note(uid, Some(name), Note::normal("Started", "Container started"), ctx);
        let wait = self.runtime(uid, &node, RuntimeCall::WaitContainer { id }, ctx);
        if let Some(w) = self.workers.get_mut(uid) {
            w.waits.push((wait, name.into(), id));
            let (program, key) = (w.fixed.as_ref().map(|f| (f.program, f.broken)), w.key.clone());
            match program {
                Some((_, true)) => ctx.crash(&key),
                Some((program, false)) => ctx.program_began(program),
                None => {}
            }
        }
    }

    fn not_started(&mut self, uid: Uid, name: &str, id: ContainerId, message: String, ctx: &mut Ctx<'_>) {
        let at = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return };
        let (pod, node) = (w.key.clone(), w.node.to_string());
        w.failed = true;
        if let Some(i) = w.slot_mut(name).instance_mut(id) {
            i.exit = Some(ExitInfo { code: 128, signal: None, reason: "StartError", message: message.clone(), at });
        }
        self.set_reason(uid, name, "RunContainerError", message.clone());
        self.note(uid, Some(name), Note::warning("Failed", &format!("Error: {message}")), ctx);
        ctx.decide(KubeletDecision::CannotStart { pod, node, container: name.into(), reason: message });
        self.touch(uid, ctx);
    }
}
