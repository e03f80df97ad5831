//! What a shell knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use brush_parser::word::{Parameter, SpecialParameter};

use super::input::Input;
use super::run::Frame;
use super::script::{self, Stmt};
use crate::runtime::kernel::{Fd, ProcessId, Signal, Sys};

/// Which shell it is: they differ in what they say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavor {
    /// busybox
    Ash,
    /// Debian's `sh`
    Dash,
    Bash,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variable {
    /// `None`: it was only marked, not set.
    pub value: Option<String>,
    pub exported: bool,
    pub read_only: bool,
    /// It is an array of bash.
    pub elements: Option<Arc<Elements>>,
}

/// An array of bash: by number, or by name after `declare -A`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Elements {
    pub named: bool,
    pub all: BTreeMap<Key, String>,
}

/// The number of an element, or its name.
pub type Key = (u64, String);

/// What one array may hold.
const MOST_ELEMENTS: usize = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    pub allexport: bool,
    pub noclobber: bool,
    pub errexit: bool,
    pub noglob: bool,
    pub noexec: bool,
    pub nounset: bool,
    pub verbose: bool,
    pub xtrace: bool,
    pub pipefail: bool,
}

impl Options {
    pub const LETTERS: [(char, &'static str); 8] = [
        ('a', "allexport"),
        ('C', "noclobber"),
        ('e', "errexit"),
        ('f', "noglob"),
        ('n', "noexec"),
        ('u', "nounset"),
        ('v', "verbose"),
        ('x', "xtrace"),
    ];

    pub fn named(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "allexport" => &mut self.allexport,
            "noclobber" => &mut self.noclobber,
            "errexit" => &mut self.errexit,
            "noglob" => &mut self.noglob,
            "noexec" => &mut self.noexec,
            "nounset" => &mut self.nounset,
            "verbose" => &mut self.verbose,
            "xtrace" => &mut self.xtrace,
            "pipefail" => &mut self.pipefail,
            _ => return None,
        })
    }

    pub fn letter(&mut self, letter: char) -> Option<&mut bool> {
        let (_, name) = Options::LETTERS.iter().find(|(l, _)| *l == letter)?;
        self.named(name)
    }

    fn letters(mut self) -> String {
        Options::LETTERS.iter().filter(|(_, name)| self.named(name).is_some_and(|on| *on)).map(|(l, _)| *l).collect()
    }
}

/// A running shell.
#[derive(Clone)]
pub struct Shell {
    pub flavor: Flavor,
    pub vars: BTreeMap<String, Variable>,
    pub args: Vec<String>,
    /// `$0`
    pub name: String,
    pub options: Options,
    pub functions: BTreeMap<String, Arc<Stmt>>,
    /// What it does at a signal: `trap 'exit 0' TERM`.
    pub traps: BTreeMap<String, String>,
    pub status: i32,
    /// `$$` of a subshell is its parent's.
    pub pid: Option<u32>,
    pub last_background: Option<ProcessId>,
    /// Processes that run beside it.
    pub background: Vec<ProcessId>,
    /// The numbers that they had.
    pub(super) numbers: Vec<(ProcessId, u32)>,
    pub is_subshell: bool,
    pub(super) frames: Vec<Frame>,
    pub(super) input: Input,
    /// Signals that came and have a trap.
    pub(super) pending: Vec<Signal>,
    /// What was printed and did not fit into a pipe.
    pub(super) unwritten: Vec<(Fd, Vec<u8>)>,
    /// It is on its way out with this code.
    pub(super) exiting: Option<i32>,
    pub(super) line: usize,
    /// Changes of variables that an expansion makes, to be taken back if it is begun anew.
    pub(super) undo: Option<Vec<(String, Option<Variable>)>>,
    /// Of `getopts`: which letter of a word comes next.
    pub(super) letter: usize,
    /// How deep functions have called one another.
    pub(super) depth: u32,
    /// Its turn is over after this step: it may have sent itself a signal.
    pub(super) yields: bool,
    /// `command` takes from special builtins that their errors end a script.
    pub(super) forgiving: bool,
    /// Names that lead to a program although there is a builtin of that name.
    pub outranked: Arc<[&'static str]>,
}

impl Shell {
    pub fn new(flavor: Flavor, env: &BTreeMap<String, String>, input: Input) -> Shell {
        let exported = |(k, v): (&String, &String)| {
            let is_name = k.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            is_name.then(|| (k.clone(), Variable { value: Some(v.clone()), exported: true, ..Variable::default() }))
        };
        let mut vars: BTreeMap<String, Variable> = env.iter().filter_map(exported).collect();
        for (name, value) in [("IFS", " \t\n"), ("OPTIND", "1"), ("PS1", ""), ("PS2", "> "), ("PS4", "+ ")] {
            let v = vars.entry(name.into()).or_default();
            if v.value.is_none() || name == "IFS" {
                v.value = Some(value.into());
            }
        }
        Shell {
            flavor,
            vars,
            args: vec![],
            name: "sh".into(),
            options: Options::default(),
            functions: BTreeMap::new(),
            traps: BTreeMap::new(),
            status: 0,
            pid: None,
            last_background: None,
            background: vec![],
            numbers: vec![],
            is_subshell: false,
            frames: vec![],
            input,
            pending: vec![],
            unwritten: vec![],
            exiting: None,
            line: 1,
            undo: None,
            letter: 0,
            depth: 0,
            yields: false,
            forgiving: false,
            outranked: Arc::default(),
        }
    }

    /// A script that is given as a word: `sh -c`.
    pub fn of_script(flavor: Flavor, env: &BTreeMap<String, String>, text: &str) -> Shell {
        let mut sh = Shell::new(flavor, env, Input::Ended);
        sh.load(text);
        sh
    }

    /// A shell that is told what to do, one statement after the other: [`Shell::hand`].
    pub fn that_is_told(flavor: Flavor, env: &BTreeMap<String, String>) -> Shell {
        Shell::new(flavor, env, Input::Given(None))
    }

    pub fn hand(&mut self, stmt: Stmt) {
        self.input = Input::Given(Some(stmt));
    }

    /// Ctrl-C: nothing of what it was told is done any more.
    pub fn give_up(&mut self) {
        self.frames.clear();
        self.unwritten.clear();
        self.input.interrupt();
        self.status = 130;
    }

    /// Whether it waits to be told.
    pub fn is_idle(&self) -> bool {
        self.frames.is_empty() && matches!(self.input, Input::Given(None))
    }

    /// Puts a script on the stack; as much of it as can be read, and then what is wrong with it.
    pub(super) fn load(&mut self, text: &str) {
        match script::parse(text) {
            Ok(s) => self.push(&s, false),
            Err(e) => {
                let (good, line) = script::readable_part(text);
                self.frames.push(Frame::Complain { text: e.text(), line });
                if let Some(s) = good {
                    self.push(&s, false);
                }
            }
        }
    }

    /// A shell of its own that begins as a copy of this one.
    pub(super) fn fork(&self, sys: &Sys<'_>) -> Shell {
        let mut child = self.clone();
        child.frames.clear();
        child.input = Input::Ended;
        child.is_subshell = true;
        child.pid = Some(self.pid.unwrap_or_else(|| sys.pid()));
        child.background.clear();
        child.unwritten.clear();
        child.undo = None;
        // A subshell forgets traps, but goes on to ignore what was ignored.
        child.traps.retain(|_, action| action.is_empty());
        child
    }

    // ---- variables --------------------------------------------------------------------------

    pub fn get(&self, name: &str) -> Option<String> {
        let v = self.vars.get(name)?;
        match &v.elements {
            Some(e) => e.all.get(&(0, if e.named { "0".into() } else { String::new() })).cloned(),
            None => v.value.clone(),
        }
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) -> Result<(), String> {
        let old = self.vars.get(name).cloned();
        if old.as_ref().is_some_and(|v| v.read_only) {
            return Err(format!("{name}: is read only"));
        }
        if let Some(undo) = &mut self.undo {
            undo.push((name.into(), old.clone()));
        }
        let exported = self.options.allexport || old.as_ref().is_some_and(|v| v.exported);
        let mut elements = old.and_then(|v| v.elements);
        let value = value.into();
        if let Some(e) = &mut elements {
            let key = (0, if e.named { "0".to_string() } else { String::new() });
            Arc::make_mut(e).all.insert(key, value.clone());
        }
        self.vars.insert(name.into(), Variable { value: Some(value), exported, read_only: false, elements });
        if name == "OPTIND" {
            self.letter = 0;
        }
        Ok(())
    }

    /// The elements of an array with their keys; a plain variable is its only one.
    pub fn elements(&self, name: &str) -> Vec<(Key, String)> {
        match self.vars.get(name) {
            Some(Variable { elements: Some(e), .. }) => e.all.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            Some(Variable { value: Some(v), .. }) => vec![((0, String::new()), v.clone())],
            _ => vec![],
        }
    }

    pub fn has_names(&self, name: &str) -> bool {
        self.vars.get(name).and_then(|v| v.elements.as_ref()).is_some_and(|e| e.named)
    }

    /// Changes an array; what is none yet becomes one.
    pub fn change_array(&mut self, name: &str, change: impl FnOnce(&mut Elements)) -> Result<(), String> {
        let old = self.vars.get(name).cloned();
        if old.as_ref().is_some_and(|v| v.read_only) {
            return Err(format!("{name}: is read only"));
        }
        if let Some(undo) = &mut self.undo {
            undo.push((name.into(), old.clone()));
        }
        let mut v = old.unwrap_or_default();
        let mut e = v.elements.take().unwrap_or_else(|| {
            let all = v.value.take().map(|t| ((0, String::new()), t)).into_iter().collect();
            Arc::new(Elements { named: false, all })
        });
        change(Arc::make_mut(&mut e));
        if e.all.len() > MOST_ELEMENTS {
            return Err(format!("{name}: too many elements"));
        }
        v.elements = Some(e);
        self.vars.insert(name.into(), v);
        Ok(())
    }

    /// Takes back what an expansion changed.
    pub(super) fn roll_back(&mut self) {
        for (name, old) in self.undo.take().unwrap_or_default().into_iter().rev() {
            match old {
                Some(v) => self.vars.insert(name, v),
                None => self.vars.remove(&name),
            };
        }
    }

    pub fn parameter(&self, p: &Parameter, sys: &Sys<'_>) -> Option<String> {
        match p {
            Parameter::Named(n) => match (n.as_str(), self.flavor) {
                ("LINENO", _) => Some(self.line.to_string()),
                ("PPID", _) => Some(sys.process().map_or(0, |p| sys.pid_of(p.parent)).to_string()),
                ("PWD", _) => Some(self.get("PWD").unwrap_or_else(|| sys.cwd().to_string())),
                ("RANDOM", Flavor::Ash | Flavor::Bash) => {
                    // The same numbers for the same shell at the same time.
                    let n = crate::api::digest::Digest::of(&format!("{}/{}/{}", sys.id, sys.now.nanos(), self.line));
                    let digits: String = n.to_string().chars().filter(char::is_ascii_digit).take(7).collect();
                    digits.parse::<u32>().ok().map(|n| (n % 32_768).to_string())
                }
                _ => self.get(n),
            },
            Parameter::Positional(0) => Some(self.name.clone()),
            Parameter::Positional(n) => self.args.get(*n as usize - 1).cloned(),
            Parameter::Special(s) => match s {
                SpecialParameter::AllPositionalParameters { .. } => {
                    (!self.args.is_empty()).then(|| self.args.join(" "))
                }
                SpecialParameter::PositionalParameterCount => Some(self.args.len().to_string()),
                SpecialParameter::LastExitStatus => Some(self.status.to_string()),
                SpecialParameter::ProcessId => Some(self.pid.unwrap_or_else(|| sys.pid()).to_string()),
                SpecialParameter::ShellName => Some(self.name.clone()),
                SpecialParameter::CurrentOptionFlags => {
                    let i = if self.input.is_interactive() { "i" } else { "" };
                    Some(self.options.letters() + i)
                }
                SpecialParameter::LastBackgroundProcessId => {
                    self.last_background.map(|id| self.shown_pid(id, sys).to_string())
                }
            },
            _ => None,
        }
    }

    /// A background process by the number that it was told; it may have ended.
    fn shown_pid(&self, id: ProcessId, sys: &Sys<'_>) -> u32 {
        let n = sys.pid_of(id);
        if n > 0 { n } else { self.numbers.iter().find(|(i, _)| *i == id).map_or(0, |(_, n)| *n) }
    }

    /// What a program gets of the variables.
    pub(super) fn exported(&self) -> BTreeMap<String, String> {
        let one = |(k, v): (&String, &Variable)| v.exported.then(|| Some((k.clone(), v.value.clone()?)))?;
        self.vars.iter().filter_map(one).collect()
    }

    // ---- what it says -----------------------------------------------------------------------

    /// An error as this shell words it.
    pub fn complaint(&self, what: &str) -> String {
        match self.flavor {
            Flavor::Ash => format!("{}: {what}\n", self.name),
            Flavor::Dash if self.input.is_interactive() => format!("{}: {}: {what}\n", self.name, self.line),
            Flavor::Dash => format!("{}: {}: {what}\n", self.name, self.line),
            Flavor::Bash if self.input.is_interactive() => format!("{}: {what}\n", self.name),
            Flavor::Bash => format!("{}: line {}: {what}\n", self.name, self.line),
        }
    }

    pub fn complain(&mut self, what: &str, sys: &mut Sys<'_>) {
        let text = self.complaint(what);
        self.print(2, text.as_bytes(), sys);
    }

    /// Prints; what does not fit is kept until there is room.
    pub fn print(&mut self, fd: Fd, data: &[u8], sys: &mut Sys<'_>) -> bool {
        let mut data = data.to_vec();
        if self.unwritten.is_empty() {
            match sys.drain(fd, &mut data) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(crate::runtime::kernel::Errno::BrokenPipe) => {
                    self.exiting = Some(141);
                    self.traps.clear();
                    return false;
                }
                Err(_) => return false,
            }
        }
        self.unwritten.push((fd, data));
        true
    }
}
