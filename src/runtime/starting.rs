//! How a container is made and started: its files, its first process, or why there is none.

use std::sync::Arc;

use super::container::{Container, State, not_found};
use super::kernel::files::{Identity, Mounted};
use super::kernel::machine::Spawn;
use super::kernel::net::MachineId;
use super::kernel::open::What;
use super::kernel::{Environment, Errno, Fd, Root, STDERR, STDIN, STDOUT, Sys};
use super::meter::Meter;
use super::programs::{self, Started};
use super::simulated::Simulated;
use crate::api::file_tree::{Device, Node};
use crate::api::ops::{Completion, ContainerId, ContainerSpec, ExitInfo, Mount, PodRef, Stream};
use crate::api::{Outcome, Time, Uid};

/// What a shell or a small program takes of memory.
const SHELL_BYTES: u64 = 600 * 1024;

/// How a process's first three descriptors are made.
pub(super) struct Ends {
    /// A pipe to read from; nothing is read without one.
    pub stdin: Option<usize>,
    pub sink: usize,
}

impl Simulated {
    pub(super) fn create(&mut self, node: &Arc<str>, pod: &PodRef, spec: &Arc<ContainerSpec>, now: Time) -> Outcome {
        let id = self.new_id(pod.uid, spec);
        let machine = MachineId::Pod(pod.uid);
        let image = self.image_for(node, &spec.image);
        let mounts: Vec<Mounted> = spec.mounts.iter().map(|m| self.mount(m, now)).collect();
        let who = match identity(spec, image.as_deref()) {
            Ok(who) => who,
            Err(message) => return Outcome::Failed { message },
        };
        let Some(m) = self.machine_mut(&machine) else {
            return Outcome::Failed { message: format!("failed to find sandbox of pod {}", pod.name) };
        };
        let slot = m.add(|sink| {
            let mut root = Root::new(id, spec.clone(), image, sink);
            (root.mounts, root.read_only, root.who) = (mounts, spec.read_only_root, who);
            // Kubelet puts an empty file there.
            if !spec.last_word.is_empty() && root.tree.get(&spec.last_word).is_none() {
                root.tree.put(&spec.last_word, Node { mode: 0o666, modified: now, ..Node::file("") });
            }
            root
        });
        m.number_by(slot, &spec.pids);
        if spec.stdin {
            let pipe = m.pipe_from_outside(spec.tty);
            if let Some(root) = m.root_mut(slot) {
                root.stdin = Some(pipe);
            }
        }
        let container = Container::new(pod.clone(), node.clone(), spec.clone(), machine, slot);
        self.containers.insert(id, Arc::new(container));
        Outcome::Created { id, image_id: Simulated::image_id(&spec.image) }
    }

    fn mount(&mut self, m: &Mount, now: Time) -> Mounted {
        if !self.volumes.contains_key(&m.volume) {
            self.volumes.insert(m.volume.clone(), m.content.clone().unwrap_or_default());
        }
        if m.inside != "/"
            && let Some(tree) = self.volumes.get_mut(&m.volume)
            && tree.get(&m.inside).is_none()
        {
            tree.put(&m.inside, Node { modified: now, ..Node::directory() });
        }
        let path = match m.path.trim_end_matches('/') {
            "" => "/",
            p => p,
        };
        Mounted {
            path: path.into(),
            volume: m.volume.clone(),
            inside: m.inside.clone(),
            read_only: m.read_only,
            claims: m.claims.clone(),
        }
    }

    /// The volumes of a pod that is gone.
    pub(super) fn forget_volumes(&mut self, pod: Uid) {
        let prefix = format!("{pod}/");
        let from: Arc<str> = prefix.as_str().into();
        let ids: Vec<Arc<str>> =
            self.volumes.range(from..).map(|(k, _)| k).take_while(|k| k.starts_with(&prefix)).cloned().collect();
        for id in ids {
            self.volumes.remove(&id);
        }
    }

    pub(super) fn start(&mut self, id: ContainerId, now: Time, out: &mut Vec<Completion>) -> Outcome {
        let Some(c) = self.containers.get(&id).cloned() else {
            return Outcome::Failed { message: "no such container".into() };
        };
        let image = self.machines.get(&c.machine).and_then(|m| m.root(c.slot)?.image.clone());
        let Some(image) = image else {
            return Outcome::Failed { message: format!("failed to find image {:?}", c.spec.image) };
        };
        let mut words = if c.spec.command.is_empty() { image.entrypoint.clone() } else { c.spec.command.clone() };
        // The image's own arguments go with its own entrypoint only.
        match c.spec.args.is_empty() {
            false => words.extend(c.spec.args.clone()),
            true if c.spec.command.is_empty() => words.extend(image.cmd.clone()),
            true => {}
        }
        let cwd = if c.spec.working_dir.is_empty() { image.working_dir.clone() } else { c.spec.working_dir.clone() };
        let limit = c.spec.cpu_limit;
        let Some(m) = self.machine_mut(&c.machine) else {
            return Outcome::Failed { message: "no such sandbox".into() };
        };
        let Some(root) = m.root_mut(c.slot) else { return Outcome::Failed { message: "no such container".into() } };
        root.meter = Some(Meter::start(now, limit));
        root.memory = SHELL_BYTES;
        let ends = Ends { stdin: root.stdin, sink: root.sink };
        match self.launch(&c.machine, c.slot, &words, &cwd, &ends, now) {
            Ok(main) => {
                if let Some(root) = self.machine_mut(&c.machine).and_then(|m| m.root_mut(c.slot)) {
                    root.main = Some(main);
                }
                self.mains.insert(id, main);
                if let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) {
                    c.state = State::Running;
                }
                self.run(&c.machine.clone(), now, out);
                Outcome::Started { at: now }
            }
            Err(why) => {
                let message = format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: \
                     unable to start container process: {why}"
                );
                if let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) {
                    let reason = "StartError";
                    c.end(ExitInfo { code: 128, signal: None, reason, message: message.clone(), at: now });
                }
                Outcome::Failed { message }
            }
        }
    }

    /// Starts a process in a container. The error is what runc says of the program.
    pub(super) fn launch(
        &mut self,
        machine: &MachineId,
        container: usize,
        words: &[String],
        cwd: &str,
        ends: &Ends,
        now: Time,
    ) -> Result<u32, String> {
        let none = || "no such container".to_string();
        let Some(m) = self.machines.get_mut(machine).map(Arc::make_mut) else { return Err(none()) };
        let root = m.root(container).ok_or_else(none)?;
        let (who, parent) = (root.who.clone(), root.main.unwrap_or_default());
        let env = Arc::new(root.environment());
        let name = words.first().cloned().unwrap_or_default();
        let cwd: Arc<str> = if cwd.is_empty() { "/".into() } else { cwd.into() };
        let input = match ends.stdin {
            Some(pipe) => m.open(What::PipeEnd { pipe, writes: false }),
            None => m.open(What::Device(Device::Null)),
        };
        let output = m.open(What::Sink { sink: ends.sink, stream: Stream::Out });
        let errors = m.open(What::Sink { sink: ends.sink, stream: Stream::Err });
        let fds: Vec<(Fd, usize)> = vec![(STDIN, input), (STDOUT, output), (STDERR, errors)];
        // The process is there before its program, which may want to look around.
        let spawn = Spawn {
            program: Box::new(programs::Printing { out: vec![], err: vec![], code: 0 }),
            words: words.into(),
            env: Environment::OfContainer,
            cwd,
            fds,
            who,
            umask: 0o022,
            parent,
            container,
        };
        let id = m.spawn(spawn, now).ok_or("can't fork: Resource temporarily unavailable")?;
        let mut sys =
            Sys { machine: m, id, volumes: &mut self.volumes, sockets: &mut self.sockets, now, outside: None };
        let path = env.get("PATH").cloned().unwrap_or_default();
        let loaded = programs::which(&name, &path, &mut sys).and_then(|p| programs::load(&p, words, &env, &mut sys));
        match loaded {
            Ok(Started { program, words }) => {
                if let Some(p) = m.process_mut(id) {
                    (p.program, p.words) = (Some(program), words);
                }
                Ok(id)
            }
            Err(e) => {
                m.end(id, 127, &mut self.sockets);
                m.exits.clear();
                Err(match e {
                    Errno::NotFound => format!("exec: {name:?}: {}", not_found(&name)),
                    Errno::IsDirectory => format!("exec: {name:?}: is a directory"),
                    Errno::NoExec => format!("exec {name}: exec format error"),
                    _ => format!("exec: {name:?}: permission denied"),
                })
            }
        }
    }
}

/// As whom a container runs: what the pod says, else the image.
fn identity(spec: &ContainerSpec, image: Option<&super::catalogue::Image>) -> Result<Identity, String> {
    let own = image.map_or((0, 0), |i| (i.user, i.group));
    let user = spec.user.unwrap_or(own.0);
    let group = spec.group.unwrap_or(if spec.user.is_some() { 0 } else { own.1 });
    Ok(Identity { user, group, groups: spec.groups.clone().into() })
}
