//! One container in the runtime's books: what it was made of, how it stands, its log. Its processes and files are its machine's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::kernel::Root;
use super::kernel::net::MachineId;
use crate::api::ops::{ContainerSpec, ExitInfo, PodRef};
use crate::api::{OpId, Time};

/// Lines of a container's log that are kept.
const LOG_LIMIT: usize = 5_000;

#[derive(Clone, Debug)]
pub struct Container {
    pub pod: PodRef,
    pub node: Arc<str>,
    pub spec: Arc<ContainerSpec>,
    pub state: State,
    pub machine: MachineId,
    /// Which root of the machine is its own.
    pub slot: usize,
    /// Who waits for its end.
    pub waiting: Vec<OpId>,
    pub stopping: Vec<OpId>,
    /// Who watches what it prints.
    pub attached: Vec<OpId>,
    log: VecDeque<(Time, String)>,
    /// A last line without its end.
    partial: String,
}

#[derive(Clone, Debug)]
pub enum State {
    Created,
    Running,
    Exited(ExitInfo),
}

impl Container {
    pub fn new(pod: PodRef, node: Arc<str>, spec: Arc<ContainerSpec>, machine: MachineId, slot: usize) -> Container {
        Container {
            pod,
            node,
            spec,
            state: State::Created,
            machine,
            slot,
            waiting: vec![],
            stopping: vec![],
            attached: vec![],
            log: VecDeque::new(),
            partial: String::new(),
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running)
    }

    /// What its main process printed goes to its log, line by line.
    pub fn print(&mut self, now: Time, text: &str) {
        self.partial.push_str(text);
        while let Some(i) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=i).collect();
            self.log.push_back((now, line.trim_end_matches('\n').to_string()));
            if self.log.len() > LOG_LIMIT {
                self.log.pop_front();
            }
        }
    }

    pub fn end(&mut self, info: ExitInfo) {
        if !self.partial.is_empty() {
            self.log.push_back((info.at, std::mem::take(&mut self.partial)));
        }
        self.state = State::Exited(info);
    }

    pub fn lines(&self) -> Vec<(Time, String)> {
        let mut lines: Vec<(Time, String)> = self.log.iter().cloned().collect();
        if !self.partial.is_empty() {
            lines.push((lines.last().map_or(Time::default(), |l| l.0), self.partial.clone()));
        }
        lines
    }
}

impl Root {
    /// What a program in the container finds in its environment: the image's variables under those of the pod.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let spec = &self.spec;
        let mut env = self.image.as_ref().map(|i| i.env.clone()).unwrap_or_default();
        env.entry("PATH".into())
            .or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        env.insert("HOSTNAME".into(), spec.hostname.clone());
        if spec.tty {
            env.insert("TERM".into(), "xterm".into());
        }
        let home = if self.who.user == 0 { "/root" } else { "/" };
        env.entry("HOME".into()).or_insert_with(|| home.into());
        env.extend(spec.links.iter().chain(&spec.env).map(|(k, v)| (k.clone(), v.clone())));
        env
    }
}

/// Why a program cannot be run, as runc says it.
pub fn not_found(name: &str) -> String {
    if name.contains('/') {
        format!("stat {name}: no such file or directory")
    } else {
        "executable file not found in $PATH".into()
    }
}
