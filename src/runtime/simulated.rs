//! The runtime of all nodes: it answers kubelet's calls and lets programs run on in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::catalogue::{Catalogue, digest};
use super::container::{Container, State};
use super::kernel::files::{Mounted, Signer, Volumes};
use super::kernel::net::{ConnectionId, Dial, MachineId, Reached, Sockets};
use super::kernel::{Machine, ProcessId, Root, Signal};
use super::sessions::Session;
use super::starting::Ends;
use super::stores::Stores;
use crate::api::image::ImageRef;
use crate::api::ops::{
    Answerer, Completion, ContainerId, ContainerSpec, NO_RUNTIME, PodRef, RuntimeCall, Stream, Talk,
};
use crate::api::served::{Identity, Served, ServedCall};
use crate::api::{Duration, Op, OpId, Outcome, Time, Uid};

/// How long the runtime's own work takes, in milliseconds: least and most. It forks and mounts, and shares the machine's processors
/// with whatever else begins: no two sandboxes take the same time.
#[derive(Clone, Copy, Debug)]
pub struct Speeds {
    pub sandbox: (u64, u64),
    pub create: (u64, u64),
    pub start: (u64, u64),
}

/// How long it takes for this one; the same one takes as long again.
fn takes((least, most): (u64, u64), one: impl Hash) -> Duration {
    let mut hasher = DefaultHasher::new();
    one.hash(&mut hasher);
    Duration::from_micros(least * 1_000 + hasher.finish() % ((most - least) * 1_000 + 1))
}

/// What is due at a time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    /// Somebody in a machine wants to go on.
    Run(MachineId),
    Kill(ContainerId),
    /// The network has answered.
    Answer(ConnectionId),
    /// A command took longer than it may.
    TimeOut(OpId),
}

#[derive(Clone)]
pub struct Simulated {
    pub(super) catalogue: &'static Catalogue,
    pub stores: Stores,
    speeds: Speeds,
    pub(super) containers: imbl::OrdMap<ContainerId, Arc<Container>>,
    /// The first process of each running container.
    pub(super) mains: imbl::OrdMap<ContainerId, ProcessId>,
    pub(super) machines: imbl::OrdMap<MachineId, Arc<Machine>>,
    pub(super) volumes: Volumes,
    pub(super) sockets: Sockets,
    /// What the network has answered, until it arrives.
    answers: BTreeMap<ConnectionId, Reached>,
    pub(super) sessions: BTreeMap<OpId, Session>,
    /// Calls that the API server passes on: which process does it, the call's number, and where the process prints what comes back.
    pub(super) passed_on: BTreeMap<(MachineId, ProcessId), (u64, usize)>,
    due: BTreeMap<(Time, u64), Due>,
    /// When each machine will be run next.
    wakes: imbl::OrdMap<MachineId, Time>,
    seq: u64,
    down: BTreeSet<Arc<str>>,
    pub(super) registry_down: bool,
    created: u64,
}

impl Simulated {
    pub fn new(catalogue: &'static Catalogue, speeds: Speeds) -> Simulated {
        Simulated {
            catalogue,
            stores: Stores::default(),
            speeds,
            containers: imbl::OrdMap::new(),
            mains: imbl::OrdMap::new(),
            machines: imbl::OrdMap::new(),
            volumes: Volumes::new(),
            sockets: Sockets::default(),
            answers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            passed_on: BTreeMap::new(),
            due: BTreeMap::new(),
            wakes: imbl::OrdMap::new(),
            seq: 0,
            down: BTreeSet::new(),
            registry_down: false,
            created: 0,
        }
    }

    pub(super) fn at(&mut self, t: Time, due: Due) {
        self.seq += 1;
        self.due.insert((t, self.seq), due);
    }

    // ---- machines ---------------------------------------------------------------------------

    pub(super) fn machine_mut(&mut self, id: &MachineId) -> Option<&mut Machine> {
        self.machines.get_mut(id).map(Arc::make_mut)
    }

    pub(super) fn root(&self, c: &Container) -> Option<&Root> {
        self.machines.get(&c.machine)?.root(c.slot)
    }

    /// Lets the programs of a machine go on, and of all that they wake.
    pub(super) fn run(&mut self, machine: &MachineId, now: Time, out: &mut Vec<Completion>) {
        let mut waiting = BTreeSet::from([machine.clone()]);
        while let Some(id) = waiting.pop_first() {
            let Some(m) = self.machines.get_mut(&id).map(Arc::make_mut) else { continue };
            let next = m.run(now, &mut self.volumes, &mut self.sockets, None);
            let (exits, busy) = (std::mem::take(&mut m.exits), m.busy.clone());
            for (i, root) in m.roots.iter_mut().enumerate() {
                if let Some(meter) = root.as_mut().and_then(|r| r.meter.as_mut()) {
                    meter.is_busy(busy.contains(&i), now);
                }
            }
            if let Some(t) = next
                && self.wakes.get(&id).is_none_or(|w| t < *w || *w <= now)
            {
                self.wakes.insert(id.clone(), t);
                self.at(t.max(now), Due::Run(id.clone()));
            }
            self.pump(&id, now);
            for e in exits {
                self.exited(&id, e, now, out);
            }
            self.dial_locally();
            waiting.extend(self.list_sockets());
            waiting.extend(std::mem::take(&mut self.sockets.woken));
            waiting.extend(self.serve_sessions(now, out));
        }
    }

    /// What was printed goes to the logs.
    fn pump(&mut self, machine: &MachineId, now: Time) {
        let Some(m) = self.machines.get_mut(machine) else { return };
        let printed = |m: &Machine, sink: usize| {
            m.sinks.get(sink).and_then(Option::as_ref).is_some_and(|s| !s.printed.is_empty())
        };
        if !m.roots.iter().flatten().any(|r| printed(m, r.sink)) {
            return;
        }
        let m = Arc::make_mut(m);
        let sinks: Vec<(ContainerId, usize)> = m.roots.iter().flatten().map(|r| (r.container, r.sink)).collect();
        for (id, sink) in sinks {
            let said = self.machine_mut(machine).map(|m| m.fetch(sink)).unwrap_or_default();
            let Some(c) = self.containers.get_mut(&id).map(Arc::make_mut) else { continue };
            for (_, text) in &said {
                c.print(now, &String::from_utf8_lossy(text));
            }
            for op in c.attached.clone() {
                if let Some(s) = self.sessions.get_mut(&op) {
                    s.hear(&said);
                }
            }
        }
    }

    pub(super) fn is_running(&self, id: ContainerId) -> bool {
        self.containers.get(&id).is_some_and(|c| c.is_running())
    }

    fn logs(&self, pod: &PodRef, container: &str, which: Option<ContainerId>) -> Outcome {
        let of_pod = || self.containers.values().filter(|c| c.pod.uid == pod.uid && c.spec.name == container);
        let found = match which {
            Some(id) => self.containers.get(&id),
            None => of_pod().max_by_key(|c| c.spec.attempt),
        };
        match found {
            Some(c) => Outcome::Logs(c.lines()),
            None => Outcome::Failed { message: "container not found".into() },
        }
    }

    /// A container in the books.
    pub fn container(&self, id: ContainerId) -> Option<&Container> {
        self.containers.get(&id).map(|c| &**c)
    }

    /// A pod of that address.
    pub fn machine_at(&self, ip: std::net::Ipv4Addr) -> Option<&MachineId> {
        self.machines.iter().find(|(_, m)| m.address == Some(ip)).map(|(id, _)| id)
    }

    fn ids(&self, mut wanted: impl FnMut(&Container) -> bool) -> Vec<ContainerId> {
        self.containers.iter().filter(|(_, c)| wanted(c)).map(|(id, _)| *id).collect()
    }

    fn remove_container(&mut self, id: ContainerId, now: Time, out: &mut Vec<Completion>) {
        let Some(c) = self.containers.remove(&id) else { return };
        self.mains.remove(&id);
        if let Some(m) = self.machines.get_mut(&c.machine).map(Arc::make_mut) {
            m.remove(c.slot, &mut self.sockets);
            m.exits.clear();
        }
        for op in &c.attached {
            self.end_session(*op, 137, now, out);
        }
    }

    fn remove_sandbox(&mut self, pod: &PodRef, now: Time, out: &mut Vec<Completion>) {
        let machine = MachineId::Pod(pod.uid);
        let ids: Vec<ContainerId> = match self.machines.get(&machine) {
            Some(m) => m.roots.iter().flatten().map(|r| r.container).collect(),
            None => vec![],
        };
        for id in ids {
            self.remove_container(id, now, out);
        }
        self.machines.remove(&machine);
        self.wakes.remove(&machine);
        self.sockets.forget(&machine);
        self.forget_volumes(pod.uid);
    }

    /// A machine's own network namespace: a node, or the learner's machine.
    pub fn add_host(&mut self, name: &str, address: Option<std::net::Ipv4Addr>) {
        let id = MachineId::Host(name.into());
        let mut machine = Machine::new(id.clone(), address);
        let hostname = if name.is_empty() { "laptop" } else { name };
        let spec = ContainerSpec { hostname: hostname.into(), ..ContainerSpec::default() };
        let (image, disk): (_, Arc<str>) = (Catalogue::host(), format!("host/{name}").into());
        let files = image.files.clone();
        machine.add(|sink| {
            let mut root = Root::new(ContainerId::of(&disk), spec.into(), Some(image), sink);
            // A node's disk is what pods mount with `hostPath`.
            if !name.is_empty() {
                root.mounts.push(Mounted::whole("/", &disk));
            }
            root
        });
        if !name.is_empty() {
            self.volumes.insert(disk.clone(), files);
        }
        self.machines.insert(id, Arc::new(machine));
    }

    /// Starts a program of a machine itself, that goes on for ever.
    pub fn start_on_host(&mut self, host: &str, words: &[&str], now: Time, out: &mut Vec<Completion>) {
        let id = MachineId::Host(host.into());
        let sink = self.machines.get(&id).and_then(|m| m.root(0)).map_or(0, |r| r.sink);
        let words: Vec<String> = words.iter().map(|w| (*w).to_string()).collect();
        let _ = self.launch(&id, 0, &words, "/", &Ends { stdin: None, sink }, now);
        self.run(&id, now, out);
    }

    /// The cluster's DNS servers stop, or go on.
    fn names_are(&mut self, down: bool, now: Time, out: &mut Vec<Completion>) {
        self.sockets.names_down = down;
        let serves = |m: &Machine| m.processes.iter().any(|p| p.words.first().is_some_and(|w| w.ends_with("coredns")));
        let machines: Vec<MachineId> =
            self.machines.iter().filter(|(_, m)| serves(m)).map(|(id, _)| id.clone()).collect();
        for id in machines {
            if let Some(m) = self.machine_mut(&id) {
                m.processes.iter_mut().for_each(|p| p.woken = true);
            }
            self.run(&id, now, out);
        }
    }

    /// What the API server shows to those who call it.
    pub fn set_identity(&mut self, identity: Identity) {
        self.sockets.identity = Arc::new(identity);
    }

    /// Who signs the tokens that lie in volumes.
    pub fn set_signer(&mut self, sign: impl Fn(&str, Time) -> String + Send + Sync + 'static) {
        self.sockets.signer = Signer(Some(Arc::new(sign)));
    }

    /// What the cluster's DNS servers answer from.
    pub fn set_names(&mut self, names: crate::api::network::Names) {
        self.sockets.names = names;
    }

    pub fn names(&self) -> &crate::api::network::Names {
        &self.sockets.names
    }

    /// Whether DNS servers have somebody to ask about names that are not the cluster's.
    pub fn ask_upstream(&mut self, yes: bool) {
        self.sockets.upstream = yes;
    }

    /// The pods in which a process runs at this moment.
    pub fn alive(&self) -> impl Iterator<Item = Uid> {
        self.machines.iter().filter(|(_, m)| !m.processes.is_empty()).filter_map(|(id, _)| match id {
            MachineId::Pod(uid) => Some(*uid),
            MachineId::Host(_) => None,
        })
    }

    pub fn listens(&self, machine: &MachineId, port: u16) -> bool {
        self.machines.get(machine).is_some_and(|m| m.listeners.iter().any(|l| l.port == port))
    }

    /// What the network says to connections that were dialled.
    pub fn take_dials(&mut self) -> Vec<Dial> {
        std::mem::take(&mut self.sockets.dials)
    }

    /// A connection will arrive, or not.
    pub fn answered(&mut self, id: ConnectionId, reached: Reached, now: Time) {
        let after = match &reached {
            Reached::Machine { after, .. } | Reached::Failed { after, .. } => *after,
        };
        self.answers.insert(id, reached);
        self.at(now + after, Due::Answer(id));
    }

    fn due(&mut self, due: Due, now: Time, out: &mut Vec<Completion>) {
        match due {
            Due::Run(machine) => {
                if self.wakes.get(&machine).is_some_and(|t| *t <= now) {
                    self.wakes.remove(&machine);
                }
                self.run(&machine, now, out);
            }
            Due::Kill(id) => self.signal(id, Signal::KILL, now, out),
            Due::Answer(id) => {
                let Some(reached) = self.answers.remove(&id) else { return };
                self.arrive(id, reached, now, out);
            }
            Due::TimeOut(op) => self.time_out(op, now, out),
        }
    }
}

impl Answerer for Simulated {
    fn submit(&mut self, op: OpId, what: &Op, now: Time, out: &mut Vec<Completion>) {
        let Op::Runtime { node, call } = what else { return };
        let reads = matches!(call, RuntimeCall::WaitContainer { .. });
        if self.down.contains(node) && !reads {
            let message = NO_RUNTIME.into();
            out.push(Completion { op, at: now, outcome: Outcome::Failed { message } });
            return;
        }
        let (took, outcome) = match call {
            RuntimeCall::CreateSandbox { pod, ip, .. } => {
                let ip = ip.clone().unwrap_or_default();
                let id = MachineId::Pod(pod.uid);
                self.machines.insert(id.clone(), Arc::new(Machine::new(id, ip.parse().ok())));
                (takes(self.speeds.sandbox, pod.uid.to_string()), Outcome::Sandbox { ip })
            }
            RuntimeCall::RemoveSandbox { pod } => {
                self.remove_sandbox(pod, now, out);
                (Duration::from_millis(20), Outcome::Removed)
            }
            RuntimeCall::PullImage { image } => self.pull(node, image, now),
            RuntimeCall::RemoveImage { image } => {
                self.stores.remove(node, image);
                (Duration::from_millis(5), Outcome::Removed)
            }
            RuntimeCall::CreateContainer { pod, spec } => {
                let outcome = self.create(node, pod, spec, now);
                (takes(self.speeds.create, (pod.uid.to_string(), &spec.name, spec.attempt)), outcome)
            }
            RuntimeCall::StartContainer { id } => {
                let outcome = self.start(*id, now, out);
                (takes(self.speeds.start, id.to_string()), outcome)
            }
            RuntimeCall::WaitContainer { id } => {
                let outcome = match self.containers.get_mut(id).map(Arc::make_mut) {
                    Some(Container { state: State::Exited(info), .. }) => Outcome::Exited(info.clone()),
                    Some(c) => return c.waiting.push(op),
                    None => Outcome::Failed { message: "no such container".into() },
                };
                (Duration::ZERO, outcome)
            }
            RuntimeCall::StopContainer { id, grace } => return self.stop(op, *id, *grace, now, out),
            RuntimeCall::SignalContainer { id, signal } => {
                self.signal(*id, Signal(*signal), now, out);
                (Duration::ZERO, Outcome::Stopped)
            }
            RuntimeCall::RemoveContainer { id } => {
                self.remove_container(*id, now, out);
                (Duration::from_millis(5), Outcome::Removed)
            }
            RuntimeCall::Logs { pod, container, previous } => (Duration::ZERO, self.logs(pod, container, *previous)),
            RuntimeCall::Exec { id, command, stdin, tty } => {
                return self.exec(op, *id, command, (*stdin, *tty), now, out);
            }
            RuntimeCall::RunOnHost { host, command, stdin, tty } => {
                return self.run_on_host(op, host, command, (*stdin, *tty), now, out);
            }
            RuntimeCall::Attach { id, stdin } => return self.attach(op, *id, *stdin, now, out),
            RuntimeCall::PortForward { host, pod, ports, addresses, lasting } => {
                return self.port_forward(op, host, pod, (ports, addresses, *lasting), now, out);
            }
            RuntimeCall::Proxy { host, how, user, headers } => {
                return self.begin_proxy(op, host, how, (user, headers), now, out);
            }
            RuntimeCall::Ask { host, call } => return self.begin_asking(op, host, call, now, out),
            RuntimeCall::UpdateVolume { volume, content } => {
                if let Some(tree) = self.volumes.get_mut(volume) {
                    *tree = content.clone();
                }
                (Duration::ZERO, Outcome::Removed)
            }
            RuntimeCall::Hook { id, pod, hook, timeout } => {
                return self.hook(op, *id, pod, hook, *timeout, now, out);
            }
            RuntimeCall::Probe { id, pod, probe, timeout } => {
                return self.probe(op, *id, pod, probe, *timeout, now, out);
            }
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
            let due = entry.remove();
            self.due(due, now, out);
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
            "coredns" => self.names_are(broken, now, out),
            // `container NAMESPACE/POD`: its main program ends with an error.
            "container" if broken => {
                let ids = self.ids(|c| c.is_running() && format!("{}/{}", c.pod.namespace, c.pod.name) == place);
                self.kill(ids, 1, now, out);
            }
            // The machine loses power: whatever ran there is gone.
            "node" if broken => {
                let ids = self.ids(|c| &*c.node == place);
                self.kill(ids, 255, now, out);
            }
            _ => {}
        }
    }

    fn talk(&mut self, op: OpId, what: &Talk, now: Time, out: &mut Vec<Completion>) {
        self.talk_to(op, what, now, out);
    }

    fn said(&mut self, op: OpId) -> Vec<(Stream, Vec<u8>)> {
        self.heard(op)
    }

    fn goes_on(&self, op: OpId) -> bool {
        self.session_goes_on(op)
    }

    fn awaits_input(&self, op: OpId) -> bool {
        self.waits_for_input(op)
    }

    fn take_calls(&mut self) -> Vec<(u64, ServedCall)> {
        std::mem::take(&mut self.sockets.calls)
    }

    fn reply(&mut self, call: u64, reply: Option<&Served>, now: Time, out: &mut Vec<Completion>) {
        self.reply_to(call, reply, now, out);
    }

    fn image(&self, node: &str, full: &str, now: Time) -> Option<(u64, u32)> {
        self.stores.arrived(&node.into(), full, now).map(|i| (i.bytes, i.user))
    }

    fn clone_box(&self) -> Box<dyn Answerer> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl Simulated {
    pub(super) fn new_id(&mut self, pod: Uid, spec: &ContainerSpec) -> ContainerId {
        self.created += 1;
        ContainerId::of(&format!("{pod}/{}/{}/{}", spec.name, spec.attempt, self.created))
    }

    pub(super) fn image_id(image: &str) -> String {
        ImageRef::parse(image).map(|i| format!("{}@{}", i.repository(), digest(&i))).unwrap_or_default()
    }
}
