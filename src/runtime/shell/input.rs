//! Where a shell gets its commands from: a script that it was given, or a descriptor that it reads line by line.

use super::script::{self, Refused, Stmt};
use super::state::{Flavor, Shell};
use crate::runtime::kernel::{Fd, Read, STDIN, Sys, Wait};

#[derive(Clone, Debug)]
pub enum Input {
    /// All there is lies on the stack.
    Ended,
    /// Statements that somebody who knows the shell hands to it.
    Given(Option<Stmt>),
    /// Lines from a descriptor. `typed`: somebody sits there and is asked for them.
    Lines { fd: Fd, typed: bool, text: String, asked: bool },
}

/// What comes next.
pub enum Next {
    Command(Stmt),
    Wait(Wait),
    Wrong(Refused),
    End,
}

/// How long a command may become before it is given up.
const LONGEST: usize = 1 << 20;

impl Input {
    pub fn stdin(typed: bool) -> Input {
        Input::Lines { fd: STDIN, typed, text: String::new(), asked: false }
    }

    pub fn is_interactive(&self) -> bool {
        matches!(self, Input::Lines { typed: true, .. } | Input::Given(_))
    }

    pub fn has_ended(&self) -> bool {
        matches!(self, Input::Ended)
    }

    pub fn end(&mut self) {
        *self = Input::Ended;
    }

    /// Ctrl-C: the line is begun anew.
    pub fn interrupt(&mut self) {
        match self {
            Input::Lines { text, asked, .. } => {
                text.clear();
                *asked = false;
            }
            Input::Given(next) => *next = None,
            Input::Ended => {}
        }
    }
}

/// One line, its end included, read byte by byte: what follows belongs to whoever reads next. `None`: it is not whole yet.
pub fn read_line(fd: Fd, line: &mut Vec<u8>, sys: &mut Sys<'_>) -> Result<bool, Read> {
    loop {
        match sys.read(fd, 1) {
            Ok(Read::Data(d)) => {
                line.extend(&d);
                if d.ends_with(b"\n") {
                    return Ok(true);
                }
            }
            Ok(other) => return Err(other),
            Err(_) => return Err(Read::End),
        }
    }
}

impl Shell {
    pub(super) fn next_command(&mut self, sys: &mut Sys<'_>) -> Next {
        if let Input::Given(next) = &mut self.input {
            return next.take().map_or(Next::Wait(Wait::default()), Next::Command);
        }
        let Input::Lines { fd, typed, text, asked } = &self.input else { return Next::End };
        let (fd, typed, mut text, asked) = (*fd, *typed, text.clone(), *asked);
        if typed && !asked {
            let prompt = self.prompt(text.is_empty(), sys);
            self.print(2, prompt.as_bytes(), sys);
        }
        let mut line = vec![];
        let read = read_line(fd, &mut line, sys);
        text.push_str(&String::from_utf8_lossy(&line));
        if read == Err(Read::Empty) {
            self.input = Input::Lines { fd, typed, text, asked: true };
            return Next::Wait(Wait::readable(fd));
        }
        let ended = read.is_err();
        if ended && text.trim().is_empty() {
            if typed {
                self.print(2, b"\n", sys);
            }
            self.input = Input::Ended;
            return Next::End;
        }
        if self.options.verbose {
            self.print(2, &line, sys);
        }
        let parsed = script::parse(&text);
        let goes_on = matches!(parsed, Err(Refused::Unfinished)) || text.ends_with("\\\n");
        let keep = if goes_on && !ended && text.len() < LONGEST { text } else { String::new() };
        let waits = !keep.is_empty();
        self.input = Input::Lines { fd, typed, text: keep, asked: false };
        if waits {
            return self.next_command(sys);
        }
        match parsed {
            Ok(s) => Next::Command(s),
            Err(e) => Next::Wrong(e),
        }
    }

    /// What a terminal shows before a command.
    fn prompt(&self, first: bool, sys: &mut Sys<'_>) -> String {
        if !first {
            return self.get("PS2").unwrap_or_default();
        }
        let root = sys.who().user == 0;
        let sign = if root { '#' } else { '$' };
        let set = self.get("PS1").filter(|p| !p.is_empty());
        let text = set.unwrap_or_else(|| match self.flavor {
            Flavor::Ash => "\\w \\$ ".into(),
            Flavor::Dash => "\\$ ".into(),
            Flavor::Bash => "\\u@\\h:\\w\\$ ".into(),
        });
        let home = self.get("HOME").filter(|h| h.len() > 1);
        let cwd = sys.cwd().to_string();
        let short = match home.as_deref().and_then(|h| cwd.strip_prefix(h)) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => cwd,
        };
        let user = super::super::programs::users::name_of(sys.who().user, sys);
        text.replace("\\w", &short)
            .replace("\\h", &sys.hostname())
            .replace("\\u", &user.unwrap_or_else(|| "I have no name!".into()))
            .replace("\\$", &sign.to_string())
    }
}
