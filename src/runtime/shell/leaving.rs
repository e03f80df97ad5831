//! Ways out of loops and functions, and into functions.

use std::sync::Arc;

use super::run::{Frame, MAX_DEPTH};
use super::script::{self, Stmt};
use super::state::Shell;
use crate::runtime::kernel::Sys;

impl Shell {
    /// `break` and `continue`.
    pub(super) fn leave_loops(&mut self, n: usize, again: bool, sys: &mut Sys<'_>) {
        let loops = |f: &Frame| {
            matches!(
                f,
                Frame::LoopBody { .. }
                    | Frame::LoopCheck { .. }
                    | Frame::For { .. }
                    | Frame::CountBody { .. }
                    | Frame::CountCheck { .. }
            )
        };
        let bound = self.frames.iter().rposition(|f| matches!(f, Frame::Return { .. })).map_or(0, |i| i + 1);
        let there = self.frames[bound..].iter().filter(|f| loops(f)).count();
        let mut n = n.min(there);
        while n > 0 {
            let Some(f) = self.frames.pop() else { return };
            if loops(&f) {
                n -= 1;
                if n == 0 && again {
                    self.frames.push(match f {
                        Frame::LoopCheck { of, tested, .. } => Frame::LoopBody { of, tested },
                        other => other,
                    });
                }
            } else {
                self.unwind(f, sys);
            }
        }
        self.status = 0;
    }

    /// `return`: out of a function, or of a script that was read in.
    pub(super) fn leave_function(&mut self, code: i32, sys: &mut Sys<'_>) {
        self.status = code;
        if !self.frames.iter().any(|f| matches!(f, Frame::Return { .. } | Frame::Sourced)) {
            self.exiting = Some(code);
            return;
        }
        while let Some(f) = self.frames.pop() {
            if matches!(f, Frame::Return { .. } | Frame::Sourced) {
                // What stands under it goes on as if the body had ended.
                self.frames.push(f);
                return;
            }
            self.unwind(f, sys);
        }
    }

    /// Calls a function.
    pub(super) fn call(&mut self, body: &Arc<Stmt>, args: Vec<String>, tested: bool, sys: &mut Sys<'_>) {
        if self.depth >= MAX_DEPTH {
            return self.fail("maximum function recursion depth exceeded", sys);
        }
        self.depth += 1;
        let args = std::mem::replace(&mut self.args, args);
        self.frames.push(Frame::Return { args, locals: vec![] });
        self.push(body, tested);
    }

    /// A variable that belongs to the innermost function from now on.
    pub(super) fn make_local(&mut self, name: &str) -> bool {
        let old = self.vars.get(name).cloned();
        let frame = self.frames.iter_mut().rev().find_map(|f| match f {
            Frame::Return { locals, .. } => Some(locals),
            _ => None,
        });
        let Some(locals) = frame else { return false };
        if !locals.iter().any(|(n, _)| n == name) {
            locals.push((name.into(), old));
        }
        true
    }

    /// Reads a script in, in place of what called it.
    pub(super) fn source(&mut self, text: &str) {
        self.frames.push(Frame::Sourced);
        match script::parse(text) {
            Ok(s) => self.push(&s, false),
            Err(_) => self.load(text),
        }
    }
}
