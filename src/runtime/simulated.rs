//! The runtime of all nodes: it answers kubelet's calls and lets programs run on in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{Catalogue, digest};
use super::container::{Container, Said, State};
use super::files::{Mounted, Tree};
use super::meter::Meter;
use super::process::{CannotStart, Next, Process, environment};
use super::programs::System;
use crate::api::image::ImageRef;
use crate::api::ops::{Answerer, Completion, ContainerId, ContainerSpec, ExitInfo, PodRef, RuntimeCall};
use crate::api::{Duration, Op, OpId, Outcome, Time, Uid};

/// How long the runtime's own work takes.
#[derive(Clone, Copy, Debug)]
pub struct Speeds {
    pub sandbox: Duration,
    pub create: Duration,
    pub start: Duration,
}

/// What the containers of a pod share.
#[derive(Clone, Debug, Default)]
pub(super) struct Pod {
    pub(super) ip: String,
    volumes: Vec<Tree>,
    names: BTreeMap<String, usize>,
    pub(super) containers: Vec<ContainerId>,
}

/// What is due at a time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
    Resume(ContainerId),
    Kill(ContainerId),
}

#[derive(Clone, Debug)]
pub struct Simulated {
    catalogue: &'static Catalogue,
    speeds: Speeds,
    pub(super) containers: imbl::OrdMap<ContainerId, Arc<Container>>,
    pub(super) pods: imbl::OrdMap<Uid, Pod>,
    due: BTreeMap<(Time, u64), Due>,
    seq: u64,
    down: BTreeSet<Arc<str>>,
    registry_down: bool,
    created: u64,
}

impl Simulated {
    pub fn new(catalogue: &'static Catalogue, speeds: Speeds) -> Simulated {
        Simulated {
            catalogue,
            speeds,
            containers: imbl::OrdMap::new(),
            pods: imbl::OrdMap::new(),
            due: BTreeMap::new(),
            seq: 0,
            down: BTreeSet::new(),
            registry_down: false,
            created: 0,
        }
    }

    fn at(&mut self, t: Time, due: Due) {
        self.seq += 1;
        self.due.insert((t, self.seq), due);
    }

    fn pull(&self, image: &str) -> (Duration, Outcome) {
        let fail = |wait: Duration, message: String| (wait, Outcome::Failed { message });
        let Some(r) = ImageRef::parse(image) else {
            return fail(
                Duration::from_millis(1),
                format!(
                    "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: invalid reference format"
                ),
            );
        };
        let full = r.full();
        if self.registry_down {
            return fail(
                Duration::from_secs(3),
                format!(
                    "failed to pull and unpack image {full:?}: failed to resolve image: dial tcp: lookup {}: i/o timeout",
                    r.registry
                ),
            );
        }
        match self.catalogue.find(&r) {
            Some(found) => {
                let took = self.catalogue.pull_time(found);
                (took, Outcome::Pulled { image: full, size: found.bytes, took })
            }
            None => fail(
                self.catalogue.answer_time(),
                format!(
                    "rpc error: code = NotFound desc = failed to pull and unpack image {full:?}: failed to resolve image: {full}: not found"
                ),
            ),
        }
    }

    fn create(&mut self, node: &Arc<str>, pod: &PodRef, spec: &Arc<ContainerSpec>) -> Outcome {
        self.created += 1;
        let text = format!("{}/{}/{}/{}", pod.uid, spec.name, spec.attempt, self.created);
        let id = ContainerId::of(&text);
        let image = ImageRef::parse(&spec.image);
        let entry = self.pods.entry(pod.uid).or_default();
        let mounts = spec
            .mounts
            .iter()
            .map(|m| {
                let volume = *entry.names.entry(m.volume.clone()).or_insert_with(|| {
                    entry.volumes.push(m.files.clone());
                    entry.volumes.len() - 1
                });
                Mounted { path: m.path.clone(), volume, read_only: m.read_only }
            })
            .collect();
        let image_id = image.as_ref().map(|i| format!("{}@{}", i.repository(), digest(i))).unwrap_or_default();
        let image = image.and_then(|i| self.catalogue.find(&i));
        let container = Container::new(pod.clone(), node.clone(), spec.clone(), image, mounts);
        entry.containers.push(id);
        self.containers.insert(id, Arc::new(container));
        Outcome::Created { id, image_id }
    }

    /// Lets something act inside a container.
    pub(super) fn inside<R>(
        &mut self,
        id: ContainerId,
        stdin: &str,
        now: Time,
        act: impl FnOnce(&mut State, &ContainerSpec, &mut System<'_>) -> R,
    ) -> Option<(R, Said)> {
        let c = Arc::make_mut(self.containers.get_mut(&id)?);
        let mut none = vec![];
        let volumes = self.pods.get_mut(&c.pod.uid).map_or(&mut none, |p| &mut p.volumes);
        Some(c.inside(volumes, stdin, now, act))
    }

    /// Lets the main process of a container do something; what it prints goes to the log.
    fn with_process<R>(
        &mut self,
        id: ContainerId,
        now: Time,
        act: impl FnOnce(&mut State, &ContainerSpec, &mut System<'_>) -> R,
    ) -> Option<R> {
        let (result, said) = self.inside(id, "", now, act)?;
        let c = Arc::make_mut(self.containers.get_mut(&id)?);
        let busy = c.process().is_some_and(Process::is_busy);
        if let Some(meter) = &mut c.meter {
            meter.is_busy(busy, now);
        }
        c.print(now, &said.stdout);
        c.print(now, &said.stderr);
        Some(result)
    }

    fn arrange(&mut self, id: ContainerId, next: Next, now: Time, out: &mut Vec<Completion>) {
        match next {
            Next::Waits => {}
            Next::WakesAt(t) => self.at(t, Due::Resume(id)),
            Next::Exits(code) => self.exit(id, code, now, out),
        }
    }

    fn exit(&mut self, id: ContainerId, code: i32, now: Time, out: &mut Vec<Completion>) {
        let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) else { return };
        if matches!(c.state, State::Exited(_)) {
            return;
        }
        let message = c.own.get("/dev/termination-log").cloned().unwrap_or_default();
        let reason = if code == 0 { "Completed" } else { "Error" };
        let info = ExitInfo { code, signal: None, reason, message, at: now };
        c.end(info.clone());
        for op in c.waiting.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Exited(info.clone()) });
        }
        for op in c.stopping.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Stopped });
        }
    }

    fn start(&mut self, id: ContainerId, now: Time, out: &mut Vec<Completion>) -> Outcome {
        let image = self.containers.get(&id).and_then(|c| c.image);
        if let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) {
            c.meter = Some(Meter::start(now, c.spec.cpu_limit));
        }
        let started = self.with_process(id, now, |state, spec, sys| {
            let image = image.ok_or_else(|| CannotStart(format!("failed to find image {:?}", spec.image)))?;
            let env = || environment(&image.env, spec);
            let (process, next) = Process::start(image, &spec.command, &spec.args, env, &spec.working_dir, sys)?;
            *state = State::Running(process);
            Ok(next)
        });
        match started {
            Some(Ok(next)) => {
                self.arrange(id, next, now, out);
                Outcome::Started { at: now }
            }
            Some(Err(CannotStart(message))) => {
                if let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) {
                    let reason = "StartError";
                    c.end(ExitInfo { code: 128, signal: None, reason, message: message.clone(), at: now });
                }
                Outcome::Failed { message }
            }
            None => Outcome::Failed { message: "no such container".into() },
        }
    }

    pub(super) fn signal(&mut self, id: ContainerId, signal: i32, now: Time, out: &mut Vec<Completion>) {
        let next = self.with_process(id, now, |state, _, sys| match state {
            State::Running(p) => p.signal(signal, sys),
            _ => None,
        });
        if let Some(next) = next.flatten() {
            self.arrange(id, next, now, out);
        }
    }

    fn is_running(&self, id: ContainerId) -> bool {
        self.containers.get(&id).is_some_and(|c| c.is_running())
    }

    fn logs(&self, pod: &PodRef, container: &str, which: Option<ContainerId>) -> Outcome {
        let of_pod = || self.pods.get(&pod.uid).into_iter().flat_map(|p| &p.containers);
        let found = match which {
            Some(id) => self.containers.get(&id),
            None => of_pod()
                .filter_map(|id| self.containers.get(id))
                .filter(|c| c.spec.name == container)
                .max_by_key(|c| c.spec.attempt),
        };
        match found {
            Some(c) => Outcome::Logs(c.lines()),
            None => Outcome::Failed { message: "container not found".into() },
        }
    }

    fn ids(&self, mut wanted: impl FnMut(&Container) -> bool) -> Vec<ContainerId> {
        self.containers.iter().filter(|(_, c)| wanted(c)).map(|(id, _)| *id).collect()
    }
}

impl Answerer for Simulated {
    fn submit(&mut self, op: OpId, what: &Op, now: Time, out: &mut Vec<Completion>) {
        let Op::Runtime { node, call } = what;
        let reads = matches!(call, RuntimeCall::WaitContainer { .. });
        if self.down.contains(node) && !reads {
            let message = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"".into();
            out.push(Completion { op, at: now, outcome: Outcome::Failed { message } });
            return;
        }
        let (took, outcome) = match call {
            RuntimeCall::CreateSandbox { pod, ip, .. } => {
                let ip = ip.clone().unwrap_or_default();
                self.pods.insert(pod.uid, Pod { ip: ip.clone(), ..Pod::default() });
                (self.speeds.sandbox, Outcome::Sandbox { ip })
            }
            RuntimeCall::RemoveSandbox { pod } => {
                for id in self.pods.remove(&pod.uid).map(|p| p.containers).unwrap_or_default() {
                    self.containers.remove(&id);
                }
                (Duration::from_millis(20), Outcome::Removed)
            }
            RuntimeCall::PullImage { image } => self.pull(image),
            RuntimeCall::CreateContainer { pod, spec } => (self.speeds.create, self.create(node, pod, spec)),
            RuntimeCall::StartContainer { id } => {
                let outcome = self.start(*id, now, out);
                (self.speeds.start, outcome)
            }
            RuntimeCall::WaitContainer { id } => {
                let outcome = match self.containers.get_mut(id).map(Arc::make_mut) {
                    Some(Container { state: State::Exited(info), .. }) => Outcome::Exited(info.clone()),
                    Some(c) => return c.waiting.push(op),
                    None => Outcome::Failed { message: "no such container".into() },
                };
                (Duration::ZERO, outcome)
            }
            RuntimeCall::StopContainer { id, grace } => {
                if !self.is_running(*id) {
                    out.push(Completion { op, at: now, outcome: Outcome::Stopped });
                    return;
                }
                if let Some(c) = self.containers.get_mut(id).map(Arc::make_mut) {
                    c.stopping.push(op);
                }
                if *grace > Duration::ZERO {
                    self.signal(*id, 15, now, out);
                }
                if self.is_running(*id) {
                    self.at(now + *grace, Due::Kill(*id));
                }
                return;
            }
            RuntimeCall::RemoveContainer { id } => {
                self.containers.remove(id);
                (Duration::from_millis(5), Outcome::Removed)
            }
            RuntimeCall::Logs { pod, container, previous } => (Duration::ZERO, self.logs(pod, container, *previous)),
            RuntimeCall::Exec { id, command, stdin } => self.exec(*id, command, stdin, now, out),
            RuntimeCall::Probe { id, pod, probe, timeout } => self.probe(*id, pod, probe, *timeout, now, out),
        };
        out.push(Completion { op, at: now + took, outcome });
    }

    fn next_wake(&self) -> Option<Time> {
        self.due.keys().next().map(|(t, _)| *t)
    }

    fn wake(&mut self, now: Time, out: &mut Vec<Completion>) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                break;
            }
            match entry.remove() {
                Due::Resume(id) => {
                    let next = self.with_process(id, now, |state, _, sys| match state {
                        State::Running(p) => Some(p.resume(sys)),
                        _ => None,
                    });
                    if let Some(next) = next.flatten() {
                        self.arrange(id, next, now, out);
                    }
                }
                Due::Kill(id) => self.exit(id, 137, now, out),
            }
        }
    }

    fn fault(&mut self, what: &str, place: &str, broken: bool, now: Time, out: &mut Vec<Completion>) {
        match what {
            "containerd" if broken => {
                self.down.insert(place.into());
            }
            "containerd" => {
                self.down.remove(place);
            }
            "registry" => self.registry_down = broken,
            // `container NAMESPACE/POD`: its main program ends with an error.
            "container" if broken => {
                let ids = self.ids(|c| c.is_running() && format!("{}/{}", c.pod.namespace, c.pod.name) == place);
                for id in ids {
                    self.exit(id, 1, now, out);
                }
            }
            // The machine loses power: whatever ran there is gone.
            "node" if broken => {
                let ids = self.ids(|c| &*c.node == place);
                for id in ids {
                    self.exit(id, 255, now, out);
                }
            }
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Answerer> {
        Box::new(self.clone())
    }
}
