//! Other processes of a shell: `$(…)`, pipelines, what runs in the background.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::run::Frame;
use super::script::Stmt;
use super::state::Shell;
use crate::runtime::kernel::{Environment, Fd, ProcessId, Read, Step, Sys, Wait};

/// The environment of what a shell starts: mostly the one that it was given itself, which is not kept twice.
pub(super) fn passed_on(env: Arc<BTreeMap<String, String>>, sys: &Sys<'_>) -> Environment {
    if *env == *sys.env() { sys.environment() } else { Environment::Own(env) }
}

impl Shell {
    pub(super) fn substitute(&mut self, stmt: Stmt, tested: bool, known: Vec<String>, script: &str, sys: &mut Sys<'_>) {
        let mut child = self.fork(sys);
        child.load(script);
        let (read, write) = sys.pipe();
        let mut fds: Vec<(Fd, usize)> =
            sys.fds().into_iter().filter(|(fd, _)| ![1, read, write].contains(fd)).collect();
        let open = sys.fds().into_iter().find(|(fd, _)| *fd == write).map(|(_, open)| open);
        fds.extend(open.map(|o| (1, o)));
        let started = self.child(child, fds, sys);
        sys.close(write);
        match started {
            Some(child) => {
                self.frames.push(Frame::Substituting { stmt, tested, known, child, fd: read, data: vec![] });
            }
            None => {
                sys.close(read);
                self.cannot_fork(sys);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are the fields of its frame")]
    pub(super) fn read_substitution(
        &mut self,
        stmt: Stmt,
        tested: bool,
        mut known: Vec<String>,
        child: ProcessId,
        fd: Fd,
        mut data: Vec<u8>,
        sys: &mut Sys<'_>,
    ) -> Option<Step> {
        loop {
            match sys.read(fd, 65_536) {
                Ok(Read::Data(more)) => data.extend(more),
                Ok(Read::Empty) => {
                    self.frames.push(Frame::Substituting { stmt, tested, known, child, fd, data });
                    return Some(Step::Wait(Wait::readable(fd)));
                }
                Ok(Read::End) | Err(_) => break,
            }
        }
        match sys.reap(Some(child)) {
            Some((_, code)) => self.status = code,
            None if sys.has_child(child) => {
                self.frames.push(Frame::Substituting { stmt, tested, known, child, fd, data });
                return Some(Step::Wait(Wait::child()));
            }
            None => {}
        }
        sys.close(fd);
        let text = String::from_utf8_lossy(&data);
        known.push(text.trim_end_matches('\n').replace('\0', ""));
        self.begin(&stmt, tested, known, sys)
    }

    /// Starts a copy of this shell.
    fn child(&mut self, child: Shell, fds: Vec<(Fd, usize)>, sys: &mut Sys<'_>) -> Option<ProcessId> {
        let (words, env) = (sys.words(), passed_on(Arc::new(self.exported()), sys));
        sys.spawn(Box::new(child), words, env, fds)
    }

    /// Starts one in the foreground.
    pub(super) fn start(&mut self, child: Shell, fds: Vec<(Fd, usize)>, sys: &mut Sys<'_>) {
        match self.child(child, fds, sys) {
            Some(id) => self.frames.push(Frame::Child(id)),
            None => self.cannot_fork(sys),
        }
    }

    pub(super) fn cannot_fork(&mut self, sys: &mut Sys<'_>) {
        self.fail("can't fork: Resource temporarily unavailable", sys);
    }

    /// Under the frame that waits, so that it comes after it.
    pub(super) fn check_after_child(&mut self, tested: bool) {
        if !tested && self.options.errexit {
            let at = self.frames.len().saturating_sub(1);
            self.frames.insert(at, Frame::Check);
        }
    }

    pub(super) fn background(&mut self, body: &Stmt, sys: &mut Sys<'_>) {
        let mut child = self.fork(sys);
        child.push(body, false);
        let mut fds = sys.fds();
        if !self.input.is_interactive() {
            // What runs beside a script reads nothing.
            let null = sys
                .machine
                .open(crate::runtime::kernel::open::What::Device(crate::runtime::kernel::tree::Device::Null));
            fds.retain(|(fd, _)| *fd != 0);
            fds.push((0, null));
        }
        match self.child(child, fds, sys) {
            Some(id) => {
                self.last_background = Some(id);
                self.background.push(id);
                self.numbers.push((id, sys.pid_of(id)));
                self.status = 0;
            }
            None => self.cannot_fork(sys),
        }
    }

    pub(super) fn pipeline(&mut self, stages: &[Stmt], negate: bool, tested: bool, sys: &mut Sys<'_>) {
        if let [one] = stages {
            if negate {
                self.frames.push(Frame::Negate);
            }
            return self.push(one, tested || negate);
        }
        let (mut all, mut input): (Vec<ProcessId>, Option<Fd>) = (vec![], None);
        for (i, stage) in stages.iter().enumerate() {
            let mut child = self.fork(sys);
            child.push(stage, false);
            let pipe = (i + 1 < stages.len()).then(|| sys.pipe());
            let own: Vec<Fd> = input.into_iter().chain(pipe.into_iter().flat_map(|(r, w)| [r, w])).collect();
            let open = |sys: &Sys<'_>, fd: Fd| sys.fds().into_iter().find(|(f, _)| *f == fd).map(|(_, o)| o);
            let mut fds: Vec<(Fd, usize)> = sys.fds().into_iter().filter(|(fd, _)| !own.contains(fd)).collect();
            for (to, from) in [(0, input), (1, pipe.map(|(_, w)| w))] {
                if let Some(o) = from.and_then(|f| open(sys, f)) {
                    fds.retain(|(fd, _)| *fd != to);
                    fds.push((to, o));
                }
            }
            let id = self.child(child, fds, sys);
            input.into_iter().chain(pipe.map(|(_, w)| w)).for_each(|fd| sys.close(fd));
            input = pipe.map(|(r, _)| r);
            match id {
                Some(id) => all.push(id),
                None => {
                    input.into_iter().for_each(|fd| sys.close(fd));
                    return self.cannot_fork(sys);
                }
            }
        }
        let codes = vec![None; all.len()];
        self.frames.push(Frame::Children { all, codes, negate, tested });
    }

    pub(super) fn wait_for(&mut self, id: ProcessId, sys: &mut Sys<'_>) -> Option<Step> {
        match sys.reap(Some(id)) {
            Some((_, code)) => self.status = code,
            None if sys.has_child(id) => {
                self.frames.push(Frame::Child(id));
                return Some(Step::Wait(Wait::child()));
            }
            None => {}
        }
        if self.status == 130 && self.input.is_interactive() {
            self.print(1, b"\n", sys);
        }
        None
    }

    pub(super) fn wait_for_all(
        &mut self,
        all: Vec<ProcessId>,
        mut codes: Vec<Option<i32>>,
        negate: bool,
        tested: bool,
        sys: &mut Sys<'_>,
    ) -> Option<Step> {
        for (id, code) in all.iter().zip(codes.iter_mut()).filter(|(_, c)| c.is_none()) {
            *code = match sys.reap(Some(*id)) {
                Some((_, code)) => Some(code),
                None if sys.has_child(*id) => None,
                None => Some(0),
            };
        }
        if codes.iter().any(Option::is_none) {
            self.frames.push(Frame::Children { all, codes, negate, tested });
            return Some(Step::Wait(Wait::child()));
        }
        let codes: Vec<i32> = codes.into_iter().flatten().collect();
        let last = codes.last().copied().unwrap_or_default();
        let failed = codes.iter().rev().copied().find(|c| *c != 0).unwrap_or_default();
        self.status = if self.options.pipefail { failed } else { last };
        if negate {
            self.status = i32::from(self.status == 0);
        } else {
            self.check_after(tested);
        }
        None
    }
}
