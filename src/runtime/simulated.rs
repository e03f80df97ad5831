//! The runtime of all nodes: it answers kubelet's calls and lets programs run on in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::catalogue::{Catalogue, digest, hex64};
use super::files::{Files, Mounted, Tree};
use super::process::{Next, Process};
use super::programs::System;
use super::shell::{Pause, Shell};
use crate::api::image::ImageRef;
use crate::api::ops::{Answerer, Completion, ContainerId, ContainerSpec, ExitInfo, PodRef, ProbeCall, RuntimeCall};
use crate::api::{Duration, Op, OpId, Outcome, Time};

/// Lines of a container's log that are kept.
const LOG_LIMIT: usize = 5_000;

/// How long the runtime's own work takes.
#[derive(Clone, Copy, Debug)]
pub struct Speeds {
    pub sandbox: Duration,
    pub create: Duration,
    pub start: Duration,
}

#[derive(Clone, Debug)]
struct Container {
    pod: PodRef,
    node: Arc<str>,
    spec: Arc<ContainerSpec>,
    state: State,
    own: Tree,
    mounts: Vec<Mounted>,
    log: VecDeque<(Time, String)>,
    partial: String,
    waiting: Vec<OpId>,
    stopping: Vec<OpId>,
}

#[derive(Clone, Debug)]
enum State {
    Created,
    Running(Process),
    Exited(ExitInfo),
}

#[derive(Clone, Debug, Default)]
struct Pod {
    ip: String,
    volumes: Vec<Tree>,
    names: BTreeMap<String, usize>,
    containers: Vec<ContainerId>,
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
    containers: imbl::OrdMap<ContainerId, Container>,
    pods: imbl::OrdMap<Arc<str>, Pod>,
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
        let fail = |wait: u64, message: String| (Duration::from_millis(wait), Outcome::Failed { message });
        let Some(r) = ImageRef::parse(image) else {
            return fail(
                1,
                format!(
                    "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: invalid reference format"
                ),
            );
        };
        let full = r.full();
        if self.registry_down {
            return fail(
                3000,
                format!(
                    "failed to pull and unpack image {full:?}: failed to resolve image: dial tcp: lookup {}: i/o timeout",
                    r.registry
                ),
            );
        }
        match self.catalogue.find(&r) {
            Some(found) => {
                let took = self.catalogue.pull_time(found);
                (took, Outcome::Pulled { image: full, digest: digest(&r), size: found.bytes, took })
            }
            None => fail(
                self.catalogue_latency(),
                format!(
                    "rpc error: code = NotFound desc = failed to pull and unpack image {full:?}: failed to resolve image: {full}: not found"
                ),
            ),
        }
    }

    fn catalogue_latency(&self) -> u64 {
        u64::try_from(self.catalogue.pull_time(&EMPTY_IMAGE).as_millis()).unwrap_or(100) / 2
    }

    fn create(&mut self, node: &Arc<str>, pod: &PodRef, spec: &Arc<ContainerSpec>) -> Outcome {
        self.created += 1;
        let text = format!("{}/{}/{}/{}", pod.uid, spec.name, spec.attempt, self.created);
        let id: ContainerId = hex64(&text, "").into();
        let image = ImageRef::parse(&spec.image);
        let entry = self.pods.entry(pod.uid.clone()).or_default();
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
        let own = image.as_ref().and_then(|i| self.catalogue.find(i)).map(|i| i.files.clone()).unwrap_or_default();
        let image_id = image.as_ref().map(|i| format!("{}@{}", i.repository(), digest(i))).unwrap_or_default();
        let container = Container {
            pod: pod.clone(),
            node: node.clone(),
            spec: spec.clone(),
            state: State::Created,
            own,
            mounts,
            log: VecDeque::new(),
            partial: String::new(),
            waiting: vec![],
            stopping: vec![],
        };
        entry.containers.push(id.clone());
        self.containers.insert(id.clone(), container);
        Outcome::Created { id, image_id }
    }

    /// Runs `f` with the container's process and what it can reach; what it prints goes to the log, what it does next is arranged.
    fn with_process(
        &mut self,
        id: &ContainerId,
        now: Time,
        f: impl FnOnce(Option<&mut Process>, &Catalogue, &ContainerSpec, &mut System<'_>) -> Option<(Option<Process>, Next)>,
    ) -> Option<Next> {
        let mut c = self.containers.get(id)?.clone();
        let mut volumes = self.pods.get(&c.pod.uid).map(|p| p.volumes.clone()).unwrap_or_default();
        let (mut out, mut err, mut signals) = (String::new(), String::new(), vec![]);
        let port = ImageRef::parse(&c.spec.image).and_then(|i| match self.catalogue.find(&i)?.behaviour {
            super::catalogue::Behaviour::Server { port } => Some(port),
            _ => None,
        });
        let mut process = match &mut c.state {
            State::Running(p) => Some(p.clone()),
            _ => None,
        };
        let result = {
            let mut sys = System {
                files: Files { own: &mut c.own, volumes: &mut volumes, mounts: &c.mounts },
                stdin: String::new(),
                stdout: &mut out,
                stderr: &mut err,
                now,
                hostname: &c.spec.hostname,
                server_port: port,
                signals: &mut signals,
            };
            f(process.as_mut(), self.catalogue, &c.spec, &mut sys)
        };
        write_log(&mut c, now, &out);
        write_log(&mut c, now, &err);
        let next = result.map(|(fresh, next)| {
            if let Some(p) = fresh.or(process) {
                c.state = State::Running(p);
            }
            next
        });
        if let Some(p) = self.pods.get_mut(&c.pod.uid) {
            p.volumes = volumes;
        }
        self.containers.insert(id.clone(), c);
        next
    }

    fn arrange(&mut self, id: &ContainerId, next: Next, now: Time, out: &mut Vec<Completion>) {
        match next {
            Next::Waits => {}
            Next::WakesAt(t) => self.at(t, Due::Resume(id.clone())),
            Next::Exits(code) => self.exit(id, code, now, out),
        }
    }

    fn exit(&mut self, id: &ContainerId, code: i32, now: Time, out: &mut Vec<Completion>) {
        let Some(c) = self.containers.get_mut(id) else { return };
        if matches!(c.state, State::Exited(_)) {
            return;
        }
        let message = c.own.get("/dev/termination-log").cloned().unwrap_or_default();
        let info =
            ExitInfo { code, signal: None, reason: if code == 0 { "Completed" } else { "Error" }, message, at: now };
        c.state = State::Exited(info.clone());
        if !c.partial.is_empty() {
            let rest = std::mem::take(&mut c.partial);
            c.log.push_back((now, rest));
        }
        for op in c.waiting.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Exited(info.clone()) });
        }
        for op in c.stopping.drain(..) {
            out.push(Completion { op, at: now, outcome: Outcome::Stopped });
        }
    }

    fn start(&mut self, id: &ContainerId, now: Time, out: &mut Vec<Completion>) -> Outcome {
        let mut failure = None;
        let next = self.with_process(id, now, |_, catalogue, spec, sys| {
            let image = ImageRef::parse(&spec.image).and_then(|i| catalogue.find(&i).cloned());
            let Some(image) = image else {
                failure = Some(format!("failed to find image {:?}", spec.image));
                return None;
            };
            let mut env = image.env.clone();
            env.insert("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
            env.insert("HOSTNAME".into(), spec.hostname.clone());
            env.insert("HOME".into(), "/root".into());
            env.extend(spec.env.clone());
            match Process::start(&image, &spec.command, &spec.args, &env, &spec.working_dir, sys) {
                Ok((p, next)) => Some((Some(p), next)),
                Err(e) => {
                    failure = Some(e.0);
                    None
                }
            }
        });
        match (failure, next) {
            (Some(message), _) => {
                if let Some(c) = self.containers.get_mut(id) {
                    c.state = State::Exited(ExitInfo {
                        code: 128,
                        signal: None,
                        reason: "StartError",
                        message: message.clone(),
                        at: now,
                    });
                }
                Outcome::Failed { message }
            }
            (None, Some(next)) => {
                self.arrange(id, next, now, out);
                Outcome::Started { at: now }
            }
            (None, None) => Outcome::Failed { message: "no such container".into() },
        }
    }

    fn signal(&mut self, id: &ContainerId, signal: i32, now: Time, out: &mut Vec<Completion>) {
        let next = self.with_process(id, now, |p, _, _, sys| p?.signal(signal, sys).map(|n| (None, n)));
        if let Some(next) = next {
            self.arrange(id, next, now, out);
        }
    }

    /// A command in a running container, to its end: time does not pass in it, but what it sleeps is told.
    fn exec(
        &mut self,
        id: &ContainerId,
        command: &[String],
        stdin: &str,
        now: Time,
        out: &mut Vec<Completion>,
    ) -> (Duration, Outcome) {
        let Some(mut c) = self.containers.get(id).cloned() else {
            return (Duration::ZERO, Outcome::Failed { message: "container not found".into() });
        };
        if !matches!(c.state, State::Running(_)) {
            return (Duration::ZERO, Outcome::Failed { message: "container not running".into() });
        }
        let name = command.first().cloned().unwrap_or_default();
        if !super::programs::exists(&name) {
            let why = if name.contains('/') {
                format!("stat {name}: no such file or directory")
            } else {
                "executable file not found in $PATH".into()
            };
            let message = format!(
                "Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start \
                 exec {:?}: OCI runtime exec failed: exec failed: unable to start container process: exec: {name:?}: {why}",
                hex64(&format!("{id}{name}"), "")
            );
            return (Duration::ZERO, Outcome::Failed { message });
        }
        let mut volumes = self.pods.get(&c.pod.uid).map(|p| p.volumes.clone()).unwrap_or_default();
        let (mut stdout, mut stderr, mut signals) = (String::new(), String::new(), vec![]);
        let mut env = c.spec.env.clone();
        env.insert("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        env.insert("HOSTNAME".into(), c.spec.hostname.clone());
        let mut shell = Shell::new(env, &c.spec.working_dir);
        let mut slept = Duration::ZERO;
        let line = command.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
        let code = {
            let mut sys = System {
                files: Files { own: &mut c.own, volumes: &mut volumes, mounts: &c.mounts },
                stdin: stdin.to_string(),
                stdout: &mut stdout,
                stderr: &mut stderr,
                now,
                hostname: &c.spec.hostname,
                server_port: None,
                signals: &mut signals,
            };
            if shell.load(&line).is_err() {
                2
            } else {
                loop {
                    match shell.run(&mut sys) {
                        Pause::Exit(code) => break code,
                        Pause::Sleep(d) if slept + d < Duration::from_secs(3600) => slept += d,
                        Pause::Sleep(_) | Pause::Serve(_) => break 137,
                    }
                    sys.now = now + slept;
                }
            }
        };
        if let Some(p) = self.pods.get_mut(&c.pod.uid) {
            p.volumes = volumes;
        }
        self.containers.insert(id.clone(), c);
        for s in signals {
            self.signal(id, s, now, out);
        }
        (slept, Outcome::Executed { code, stdout, stderr })
    }

    fn probe(
        &mut self,
        id: &ContainerId,
        pod: &PodRef,
        probe: &ProbeCall,
        timeout: Duration,
        now: Time,
        out: &mut Vec<Completion>,
    ) -> (Duration, Outcome) {
        let done = |ok: bool, detail: &str| Outcome::Probed { ok, detail: detail.into() };
        let ip = self.pods.get(&pod.uid).map(|p| p.ip.clone()).unwrap_or_default();
        match probe {
            ProbeCall::Exec { command } => match self.exec(id, command, "", now, out) {
                (d, Outcome::Executed { .. }) if d > timeout => (
                    timeout,
                    done(false, &format!("command timed out: {command:?} timed out after {}s", timeout.as_secs())),
                ),
                (d, Outcome::Executed { code: 0, .. }) => (d, done(true, "")),
                (d, Outcome::Executed { stdout, stderr, .. }) => (d, done(false, &format!("{stdout}{stderr}"))),
                (d, Outcome::Failed { message }) => (d, done(false, &message)),
                (d, _) => (d, done(false, "")),
            },
            ProbeCall::Tcp { port } => {
                let open = self.listens(&pod.uid, *port);
                (
                    Duration::from_millis(1),
                    if open {
                        done(true, "")
                    } else {
                        done(false, &format!("dial tcp {ip}:{port}: connect: connection refused"))
                    },
                )
            }
            ProbeCall::Http { port, path } => {
                if !self.listens(&pod.uid, *port) {
                    return (
                        Duration::from_millis(1),
                        done(
                            false,
                            &format!(
                                "Get \"http://{ip}:{port}{path}\": dial tcp {ip}:{port}: connect: connection refused"
                            ),
                        ),
                    );
                }
                let missing = matches!(path.as_str(), "/missing" | "/not-exist");
                (
                    Duration::from_millis(2),
                    if missing { done(false, "HTTP probe failed with statuscode: 404") } else { done(true, "") },
                )
            }
        }
    }

    fn of_pod(&self, uid: &Arc<str>) -> impl Iterator<Item = &Container> {
        self.pods.get(uid).into_iter().flat_map(|p| &p.containers).filter_map(|id| self.containers.get(id))
    }

    /// Containers of a pod share one network: any of them may hold the port.
    fn listens(&self, uid: &Arc<str>, port: u16) -> bool {
        self.of_pod(uid).any(|c| matches!(&c.state, State::Running(p) if p.port() == Some(port)))
    }

    fn logs(&self, pod: &PodRef, container: &str, which: Option<&ContainerId>) -> Outcome {
        let found = match which {
            Some(id) => self.containers.get(id),
            None => self.of_pod(&pod.uid).filter(|c| c.spec.name == container).max_by_key(|c| c.spec.attempt),
        };
        match found {
            Some(c) => {
                let mut lines: Vec<(Time, String)> = c.log.iter().cloned().collect();
                if !c.partial.is_empty() {
                    lines.push((lines.last().map_or(Time::default(), |l| l.0), c.partial.clone()));
                }
                Outcome::Logs(lines)
            }
            None => Outcome::Failed { message: "container not found".into() },
        }
    }
}

static EMPTY_IMAGE: super::catalogue::Image = super::catalogue::Image {
    tags: vec![],
    bytes: 0,
    behaviour: super::catalogue::Behaviour::Shell,
    env: BTreeMap::new(),
    files: BTreeMap::new(),
};

/// Quotes a word so that the shell takes it as it is.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn write_log(c: &mut Container, now: Time, text: &str) {
    if text.is_empty() {
        return;
    }
    c.partial.push_str(text);
    while let Some(i) = c.partial.find('\n') {
        let line: String = c.partial.drain(..=i).collect();
        c.log.push_back((now, line.trim_end_matches('\n').to_string()));
        if c.log.len() > LOG_LIMIT {
            c.log.pop_front();
        }
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
                self.pods.insert(pod.uid.clone(), Pod { ip: ip.clone(), ..Pod::default() });
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
                let outcome = self.start(id, now, out);
                (self.speeds.start, outcome)
            }
            RuntimeCall::WaitContainer { id } => {
                match self.containers.get_mut(id).map(|c| (&c.state, &mut c.waiting)) {
                    Some((State::Exited(info), _)) => {
                        out.push(Completion { op, at: now, outcome: Outcome::Exited(info.clone()) })
                    }
                    Some((_, waiting)) => waiting.push(op),
                    None => out.push(Completion {
                        op,
                        at: now,
                        outcome: Outcome::Failed { message: "no such container".into() },
                    }),
                }
                return;
            }
            RuntimeCall::StopContainer { id, grace } => {
                let running = self.containers.get(id).is_some_and(|c| matches!(c.state, State::Running(_)));
                if !running {
                    out.push(Completion { op, at: now, outcome: Outcome::Stopped });
                    return;
                }
                if let Some(c) = self.containers.get_mut(id) {
                    c.stopping.push(op);
                }
                if *grace > Duration::ZERO {
                    self.signal(id, 15, now, out);
                }
                if self.containers.get(id).is_some_and(|c| matches!(c.state, State::Running(_))) {
                    self.at(now + *grace, Due::Kill(id.clone()));
                }
                return;
            }
            RuntimeCall::RemoveContainer { id } => {
                self.containers.remove(id);
                (Duration::from_millis(5), Outcome::Removed)
            }
            RuntimeCall::Logs { pod, container, previous } => {
                (Duration::ZERO, self.logs(pod, container, previous.as_ref()))
            }
            RuntimeCall::Exec { id, command, stdin } => self.exec(id, command, stdin, now, out),
            RuntimeCall::Probe { id, pod, probe, timeout } => self.probe(id, pod, probe, *timeout, now, out),
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
                    let next = self.with_process(&id, now, |p, _, _, sys| p.map(|p| (None, p.resume(sys))));
                    if let Some(next) = next {
                        self.arrange(&id, next, now, out);
                    }
                }
                Due::Kill(id) => self.exit(&id, 137, now, out),
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
                let ids: Vec<ContainerId> = self
                    .containers
                    .iter()
                    .filter(|(_, c)| {
                        format!("{}/{}", c.pod.namespace, c.pod.name) == place && matches!(c.state, State::Running(_))
                    })
                    .map(|(id, _)| id.clone())
                    .collect();
                for id in ids {
                    self.exit(&id, 1, now, out);
                }
            }
            // The machine loses power: whatever ran there is gone.
            "node" if broken => {
                let ids: Vec<ContainerId> =
                    self.containers.iter().filter(|(_, c)| &*c.node == place).map(|(id, _)| id.clone()).collect();
                for id in ids {
                    self.exit(&id, 255, now, out);
                }
            }
            _ => {}
        }
    }

    fn clone_box(&self) -> Box<dyn Answerer> {
        Box::new(self.clone())
    }
}
