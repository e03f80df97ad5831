//! Operations: what is slow in the world. A component starts one and is told its outcome by an event.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::file_tree::Tree;
use super::network::NetworkCall;
use super::object::Name;
use super::served::{Served, ServedCall};
use super::time::{Duration, Time};
use super::uid::Uid;
use super::user::User;

/// The number of a running operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct OpId(pub u64);

/// A container in the runtime's books.
pub type ContainerId = super::digest::Digest;

/// What can be asked of the world outside the API. `world` routes each to who answers it.
#[derive(Clone, Debug)]
pub enum Op {
    /// A call to a node's container runtime.
    Runtime { node: Arc<str>, call: RuntimeCall },
    /// What the nodes' network is told.
    Network(NetworkCall),
}

/// What such a call comes back with while the runtime does not run.
pub const NO_RUNTIME: &str = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory\"";

/// The calls of the container runtime interface that kubelet makes.
#[derive(Clone, Debug)]
pub enum RuntimeCall {
    /// The network namespace of a pod; answers its IP.
    CreateSandbox {
        pod: PodRef,
        host_network: bool,
        ip: Option<String>,
    },
    RemoveSandbox {
        pod: PodRef,
    },
    /// Of one that the node has already it is only asked whether it is still the same.
    PullImage {
        image: String,
    },
    /// By its full name.
    RemoveImage {
        image: String,
    },
    CreateContainer {
        pod: PodRef,
        spec: Arc<ContainerSpec>,
    },
    StartContainer {
        id: ContainerId,
    },
    /// SIGTERM now, SIGKILL after the grace; done when the container has ended.
    StopContainer {
        id: ContainerId,
        grace: Duration,
    },
    /// A signal for the first process of a container, by its number.
    SignalContainer {
        id: ContainerId,
        signal: i32,
    },
    RemoveContainer {
        id: ContainerId,
    },
    /// Answers when the container has ended, however long that takes.
    WaitContainer {
        id: ContainerId,
    },
    /// What the container printed: `previous` asks for the instance before the present one.
    Logs {
        pod: PodRef,
        container: String,
        previous: Option<ContainerId>,
    },
    /// A command inside a running container. What it prints is fetched while it runs; it is over when the command has ended.
    Exec {
        id: ContainerId,
        command: Vec<String>,
        /// Somebody will write to it.
        stdin: bool,
        tty: bool,
    },
    /// A command on a machine itself: a node, or the learner's own. Otherwise as [`Exec`](RuntimeCall::Exec).
    RunOnHost {
        host: Arc<str>,
        command: Vec<String>,
        stdin: bool,
        tty: bool,
    },
    /// The first process of a container, from now on; over when it has ended.
    Attach {
        id: ContainerId,
        stdin: bool,
    },
    /// Listens on ports of a machine, each for a port of a pod. Otherwise as [`Exec`](RuntimeCall::Exec).
    PortForward {
        host: Arc<str>,
        pod: PodRef,
        /// Local and remote.
        ports: Vec<(u16, u16)>,
        addresses: Vec<String>,
        /// It goes on when nobody answers in the pod.
        lasting: bool,
    },
    /// Listens on a port of a machine, and passes what comes there on to the API server, as somebody. Otherwise as
    /// [`Exec`](RuntimeCall::Exec).
    Proxy {
        host: Arc<str>,
        how: Box<Proxying>,
        user: Box<User>,
        /// What is sent with every request besides.
        headers: Vec<(String, String)>,
    },
    /// Asks the API server as somebody, and prints its answer, however it comes: for what others answer behind it. Otherwise as
    /// [`Exec`](RuntimeCall::Exec).
    Ask {
        host: Arc<str>,
        call: Box<ServedCall>,
    },
    /// A volume holds something else from now on.
    UpdateVolume {
        volume: Arc<str>,
        content: Tree,
    },
    /// What a container's definition wants done after its start or before its end. Over when it is done; it tells how it went.
    Hook {
        id: ContainerId,
        pod: PodRef,
        hook: HookCall,
        /// It is not waited for longer.
        timeout: Option<Duration>,
    },
    /// A connection or a command, once: probes.
    Probe {
        id: ContainerId,
        pod: PodRef,
        probe: ProbeCall,
        timeout: Duration,
    },
}

impl RuntimeCall {
    pub fn name(&self) -> &'static str {
        match self {
            RuntimeCall::CreateSandbox { .. } => "CreateSandbox",
            RuntimeCall::RemoveSandbox { .. } => "RemoveSandbox",
            RuntimeCall::PullImage { .. } => "PullImage",
            RuntimeCall::RemoveImage { .. } => "RemoveImage",
            RuntimeCall::CreateContainer { .. } => "CreateContainer",
            RuntimeCall::StartContainer { .. } => "StartContainer",
            RuntimeCall::StopContainer { .. } => "StopContainer",
            RuntimeCall::SignalContainer { .. } => "SignalContainer",
            RuntimeCall::RemoveContainer { .. } => "RemoveContainer",
            RuntimeCall::WaitContainer { .. } => "WaitContainer",
            RuntimeCall::Logs { .. } => "Logs",
            RuntimeCall::Exec { .. } => "Exec",
            RuntimeCall::RunOnHost { .. } => "RunOnHost",
            RuntimeCall::Attach { .. } => "Attach",
            RuntimeCall::PortForward { .. } => "PortForward",
            RuntimeCall::Proxy { .. } => "Proxy",
            RuntimeCall::Ask { .. } => "Ask",
            RuntimeCall::UpdateVolume { .. } => "UpdateVolume",
            RuntimeCall::Hook { .. } => "Hook",
            RuntimeCall::Probe { .. } => "Probe",
        }
    }
}

impl Op {
    pub fn name(&self) -> &'static str {
        match self {
            Op::Runtime { call, .. } => call.name(),
            Op::Network(call) => call.name(),
        }
    }
    /// Whether the cluster counts as busy while this runs. Waiting for a program to end may take for ever.
    pub fn is_foreground(&self) -> bool {
        let Op::Runtime { call, .. } = self else { return true };
        !matches!(
            call,
            RuntimeCall::WaitContainer { .. }
                | RuntimeCall::Exec { .. }
                | RuntimeCall::RunOnHost { .. }
                | RuntimeCall::Attach { .. }
                | RuntimeCall::PortForward { .. }
                | RuntimeCall::Proxy { .. }
                | RuntimeCall::Ask { .. }
        )
    }
}

/// Whose pod it is, as the runtime knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodRef {
    pub namespace: Name,
    pub name: Name,
    pub uid: Uid,
}

/// What a container is made of.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ContainerSpec {
    pub name: String,
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// Variables by which it finds Services; `env` goes before them. Pods of a namespace share them.
    pub links: Arc<BTreeMap<String, String>>,
    pub working_dir: String,
    pub hostname: String,
    /// So many thousandths of a CPU it gets at most.
    pub cpu_limit: Option<u32>,
    /// So many bytes of memory it gets at most.
    pub memory_limit: Option<u64>,
    /// Its first process can be written to, and believes that it talks to a terminal.
    pub stdin: bool,
    pub tty: bool,
    /// As whom it runs, where that is not the image's affair.
    pub user: Option<u32>,
    pub group: Option<u32>,
    pub groups: Vec<u32>,
    pub read_only_root: bool,
    pub resolv_conf: Arc<str>,
    /// What the pod's `/etc/hosts` says besides its own name.
    pub aliases: Vec<String>,
    /// Where its name lies in the cluster's DNS.
    pub domain: Option<String>,
    pub mounts: Vec<Mount>,
    /// Whose processes it sees beside its own.
    pub pids: Pids,
    /// Where it may leave a last word, and whether the end of its log is one if it fails without.
    pub last_word: Arc<str>,
    pub log_is_last_word: bool,
    pub attempt: u32,
}

/// Which namespace of processes a container lives in.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Pids {
    #[default]
    Own,
    /// All containers of the pod that share it have one.
    Pod,
    /// That of another container.
    Of(String),
}

/// A volume as a container sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    pub path: String,
    /// Who mounts the same volume sees the same files.
    pub volume: Arc<str>,
    /// What of it is shown: `/`, or a path in it.
    pub inside: String,
    pub read_only: bool,
    /// What it holds when it is first mounted. `None`: it is there already, or begins empty.
    pub content: Option<Tree>,
    /// What the tokens in it say.
    pub claims: Option<Arc<str>>,
}

/// What `kubectl proxy` is told. All patterns are regular expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxying {
    pub port: u16,
    /// Below what the API is found.
    pub prefix: String,
    /// A directory that is served beside it, and below what.
    pub files: Option<Tree>,
    pub files_prefix: String,
    pub accept_hosts: Vec<String>,
    pub accept_paths: Vec<String>,
    pub reject_paths: Vec<String>,
    pub reject_methods: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeCall {
    Exec {
        command: Vec<String>,
    },
    /// Of the pod itself, or of another address.
    Http {
        host: Option<Ipv4Addr>,
        port: u16,
        path: String,
        https: bool,
        /// Besides those that every probe sends, or in their place.
        headers: Vec<(String, String)>,
    },
    Tcp {
        host: Option<Ipv4Addr>,
        port: u16,
    },
    /// `grpc.health.v1.Health/Check` of the pod itself.
    Grpc {
        port: u16,
        service: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCall {
    Exec {
        command: Vec<String>,
    },
    /// Any answer will do.
    Http {
        port: u16,
        path: String,
    },
    Sleep {
        seconds: u64,
    },
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitInfo {
    pub code: i32,
    pub signal: Option<i32>,
    pub reason: &'static str,
    pub message: String,
    pub at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sandbox {
        ip: String,
    },
    Removed,
    /// The network does as it was told from now on.
    Programmed,
    Pulled {
        image: String,
        size: u64,
        /// As whom it runs unless a container says otherwise.
        user: u32,
        took: Duration,
    },
    Created {
        id: ContainerId,
        image_id: String,
    },
    Started {
        at: Time,
    },
    Stopped,
    Probed {
        ok: bool,
        detail: String,
    },
    Exited(ExitInfo),
    /// Lines with the time each was written.
    Logs(Vec<(Time, String)>),
    /// A command has ended, or a container that one was attached to.
    Ended {
        code: i32,
    },
    /// The runtime said no: the message as kubelet shows it.
    Failed {
        message: String,
    },
}

impl Outcome {
    /// What a command ended with; whatever else it is has gone well.
    pub fn exit_code(&self) -> i32 {
        if let Outcome::Ended { code } = self { *code } else { 0 }
    }
}

/// How much of a CPU is used, in 10⁻⁹, and how many bytes of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    pub nanocores: u64,
    pub memory: u64,
}

/// What containers and nodes used, over a window of time that ended at a time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Figures {
    pub pods: Vec<PodFigures>,
    pub nodes: Vec<NodeFigures>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFigures {
    pub pod: PodRef,
    pub node: Arc<str>,
    pub at: Time,
    pub window: Duration,
    pub containers: Vec<(String, Usage)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFigures {
    pub node: Arc<str>,
    pub at: Time,
    pub window: Duration,
    pub usage: Usage,
}

/// What somebody outside does to a running command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Talk {
    Input(Vec<u8>),
    EndOfInput,
    /// Ctrl-C.
    Interrupt,
    /// Nobody listens any more.
    Leave,
}

/// Which of a command's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// An operation that ends at a known time.
#[derive(Clone, Debug)]
pub struct Completion {
    pub op: OpId,
    pub at: Time,
    pub outcome: Outcome,
}

/// Who answers operations: the simulated runtime now, Docker or a webhook later.
pub trait Answerer: Send {
    /// Begins an operation; what ends at a known time is put into `out`, the rest is answered by a later [`Answerer::wake`].
    fn submit(&mut self, op: OpId, what: &Op, now: Time, out: &mut Vec<Completion>);
    /// When something will happen here next.
    fn next_wake(&self) -> Option<Time>;
    /// Lets everything happen that is due.
    fn wake(&mut self, now: Time, out: &mut Vec<Completion>);
    /// Something outside the API broke or was mended.
    fn fault(&mut self, what: &str, place: &str, broken: bool, now: Time, out: &mut Vec<Completion>);
    /// Somebody writes to a running command, or interrupts it.
    fn talk(&mut self, _op: OpId, _what: &Talk, _now: Time, _out: &mut Vec<Completion>) {}
    /// What a running command has printed since somebody last looked, in order.
    fn said(&mut self, _op: OpId) -> Vec<(Stream, Vec<u8>)> {
        vec![]
    }
    /// Whether a running command has read all there was, and waits for more.
    fn awaits_input(&self, _op: OpId) -> bool {
        false
    }
    /// Whether a running command will go on by itself, sooner or later.
    fn goes_on(&self, _op: OpId) -> bool {
        true
    }
    /// What programs want of the API server, each with a number.
    fn take_calls(&mut self) -> Vec<(u64, ServedCall)> {
        vec![]
    }
    /// What it says to one of these; `None`: nobody is there to answer.
    fn reply(&mut self, _call: u64, _reply: Option<&Served>, _now: Time, _out: &mut Vec<Completion>) {}
    /// What pods and nodes use, as metrics-server tells it, if one runs.
    fn figures(&self, _now: Time) -> Figures {
        Figures::default()
    }
    /// What containers use, as their runtimes tell kubelets.
    fn stats(&self, _now: Time) -> Figures {
        Figures::default()
    }
    /// An image that lies on a node, by its full name: its size, and as whom it runs unless a container says otherwise.
    fn image(&self, _node: &str, _full: &str, _now: Time) -> Option<(u64, u32)> {
        None
    }
    fn clone_box(&self) -> Box<dyn Answerer>;
    /// For who put it there and knows what it is.
    fn as_any(&self) -> &dyn std::any::Any;
    fn as_any_mut(&mut self) -> &mut dyn std::any::Any;
}
