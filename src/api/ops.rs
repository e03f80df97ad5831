//! Operations: what is slow in the world. A component starts one and is told its outcome by an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::object::Name;
use super::time::{Duration, Time};
use super::uid::Uid;

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
}

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
    PullImage {
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
    /// A command inside a running container.
    Exec {
        id: ContainerId,
        command: Vec<String>,
        stdin: String,
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
            RuntimeCall::CreateContainer { .. } => "CreateContainer",
            RuntimeCall::StartContainer { .. } => "StartContainer",
            RuntimeCall::StopContainer { .. } => "StopContainer",
            RuntimeCall::RemoveContainer { .. } => "RemoveContainer",
            RuntimeCall::WaitContainer { .. } => "WaitContainer",
            RuntimeCall::Logs { .. } => "Logs",
            RuntimeCall::Exec { .. } => "Exec",
            RuntimeCall::Probe { .. } => "Probe",
        }
    }
}

impl Op {
    pub fn name(&self) -> &'static str {
        match self {
            Op::Runtime { call, .. } => call.name(),
        }
    }
    /// Whether the cluster counts as busy while this runs. Waiting for a container to end may take for ever.
    pub fn is_foreground(&self) -> bool {
        !matches!(self, Op::Runtime { call: RuntimeCall::WaitContainer { .. }, .. })
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Mount path → the volume it shows, with its files.
    pub mounts: Vec<Mount>,
    pub attempt: u32,
}

/// Files by path; a copy is free.
pub type Files = imbl::OrdMap<String, String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub path: String,
    /// Files shared by all containers of the pod that mount the same volume.
    pub volume: String,
    pub read_only: bool,
    /// What the volume holds when it is first mounted.
    pub files: Files,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeCall {
    Exec { command: Vec<String> },
    Http { port: u16, path: String },
    Tcp { port: u16 },
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
    Pulled {
        image: String,
        size: u64,
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
    Executed {
        code: i32,
        stdout: String,
        stderr: String,
    },
    /// The runtime said no: the message as kubelet shows it.
    Failed {
        message: String,
    },
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
    /// What pods and nodes use, as metrics-server tells it, if one runs.
    fn figures(&self, _now: Time) -> Figures {
        Figures::default()
    }
    /// What containers use, as their runtimes tell kubelets.
    fn stats(&self, _now: Time) -> Figures {
        Figures::default()
    }
    fn clone_box(&self) -> Box<dyn Answerer>;
}
