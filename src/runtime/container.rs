//! One container: what it was made of, its files, its log, and the process in it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::catalogue::Image;
use super::files::{Files, Mounted, Tree};
use super::meter::Meter;
use super::process::Process;
use super::programs::System;
use crate::api::ops::{ContainerSpec, ExitInfo, PodRef};
use crate::api::{OpId, Time};

/// Lines of a container's log that are kept.
const LOG_LIMIT: usize = 5_000;
/// What a shell or a small program takes of memory.
const SHELL_BYTES: u64 = 600 * 1024;

#[derive(Clone, Debug)]
pub struct Container {
    pub pod: PodRef,
    pub node: Arc<str>,
    pub spec: Arc<ContainerSpec>,
    pub image: Option<&'static Image>,
    pub state: State,
    /// From its start on.
    pub meter: Option<Meter>,
    pub own: Tree,
    pub mounts: Vec<Mounted>,
    /// Who waits for its end.
    pub waiting: Vec<OpId>,
    pub stopping: Vec<OpId>,
    log: VecDeque<(Time, String)>,
    /// A last line without its end.
    partial: String,
}

#[derive(Clone, Debug)]
pub enum State {
    Created,
    Running(Process),
    Exited(ExitInfo),
}

/// What was printed and signalled while something acted inside a container.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub signals: Vec<i32>,
}

impl Container {
    pub fn new(
        pod: PodRef,
        node: Arc<str>,
        spec: Arc<ContainerSpec>,
        image: Option<&'static Image>,
        mounts: Vec<Mounted>,
    ) -> Container {
        Container {
            pod,
            node,
            spec,
            image,
            state: State::Created,
            meter: None,
            own: image.map(|i| i.files.clone()).unwrap_or_default(),
            mounts,
            waiting: vec![],
            stopping: vec![],
            log: VecDeque::new(),
            partial: String::new(),
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    pub fn process(&self) -> Option<&Process> {
        match &self.state {
            State::Running(p) => Some(p),
            _ => None,
        }
    }

    /// The memory that it uses: what its image's own program takes, or little.
    pub fn memory(&self) -> u64 {
        let server = self.process().and_then(Process::server).and(self.image);
        server.map_or(SHELL_BYTES, |i| i.memory)
    }

    /// Lets something act inside: on the main process, with all that a program there can reach.
    pub fn inside<R>(
        &mut self,
        volumes: &mut Vec<Tree>,
        stdin: &str,
        now: Time,
        act: impl FnOnce(&mut State, &ContainerSpec, &mut System<'_>) -> R,
    ) -> (R, Said) {
        let mut said = Said::default();
        let mut sys = System {
            files: Files { own: &mut self.own, volumes, mounts: &self.mounts },
            stdin: stdin.to_string(),
            stdout: &mut said.stdout,
            stderr: &mut said.stderr,
            now,
            container: &self.spec,
            server: self.image.and_then(Image::server),
            signals: &mut said.signals,
        };
        let result = act(&mut self.state, &self.spec, &mut sys);
        (result, said)
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
