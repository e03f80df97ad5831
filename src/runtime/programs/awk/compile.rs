//! Turns a program into steps for the [machine](super::machine): a program that waits in the middle of an expression is data until
//! it goes on.

mod expressions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::regex::{Matcher, Syntax};
use super::syntax::{Expr, From, Function, Operator, Pattern, Program, Redirect, Stmt};

/// Variables that mean something, in this order: the first ones of all.
pub const SPECIAL: [&str; 14] =
    ["NF", "NR", "FNR", "FS", "OFS", "ORS", "RS", "SUBSEP", "CONVFMT", "OFMT", "FILENAME", "RSTART", "RLENGTH", "ARGC"];
pub const ENVIRON: usize = 0;
pub const ARGV: usize = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Global(usize),
    Local(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reads {
    Input,
    File,
    Command,
}

#[derive(Clone, Debug)]
pub enum Op {
    Number(f64),
    Text(Arc<str>),
    Load(Place),
    Store(Place),
    LoadField,
    StoreField,
    Key(usize),
    LoadElement(Place),
    StoreElement(Place),
    Contains(Place),
    Remove(Place),
    Clear(Place),
    PushArray(Place),
    Pop,
    Swap,
    Two(Operator),
    Not,
    Minus,
    Plus,
    /// A compiled pattern against the text on top.
    Matches(Arc<Matcher>),
    /// The same with a pattern from the stack.
    MatchesText,
    Jump(usize),
    JumpFalse(usize),
    JumpTrue(usize),
    /// A status that is not positive stays, and the rest is passed over.
    SkipUnlessRead(usize),
    /// Nothing was substituted: the text goes, and storing it is passed over.
    SkipUnlessChanged(usize),
    Line,
    Getline {
        reads: Reads,
        into_record: bool,
    },
    Call {
        function: usize,
        args: usize,
    },
    Return,
    Builtin(&'static str, usize),
    Split(Place, bool),
    LengthOf(Place),
    Substitute {
        all: bool,
    },
    Print {
        args: usize,
        formatted: bool,
        to: Option<Redirect>,
    },
    Keys(Place),
    NextKey(usize),
    DropKeys,
    RangeIsOpen(usize),
    SetRange(usize, bool),
    Next,
    NextFile,
    Exit(bool),
    Halt,
}

#[derive(Clone, Debug, Default)]
pub struct Code {
    pub ops: Vec<Op>,
    pub begin: usize,
    pub main: Option<usize>,
    pub end: Option<usize>,
    pub functions: Vec<Compiled>,
    pub globals: Vec<String>,
    pub arrays: usize,
    pub ranges: usize,
}

/// A function: where it begins, and which of its parameters are arrays.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub at: usize,
    pub arrays: Vec<bool>,
}

struct Compiler<'a> {
    code: Code,
    functions: &'a [Function],
    globals: BTreeMap<String, usize>,
    arrays: BTreeMap<String, usize>,
    /// By function, the parameters that are used as arrays.
    array_params: Vec<BTreeSet<String>>,
    function: Option<usize>,
    /// Places to be filled in: where `break` and `continue` go, and how many loops over keys lie around.
    loops: Vec<(Vec<usize>, Vec<usize>, bool)>,
}

type Done = Result<(), String>;

pub fn compile(p: &Program) -> Result<Code, String> {
    let mut c = Compiler {
        code: Code::default(),
        functions: &p.functions,
        globals: BTreeMap::new(),
        arrays: BTreeMap::from([("ENVIRON".to_string(), ENVIRON), ("ARGV".to_string(), ARGV)]),
        array_params: vec![BTreeSet::new(); p.functions.len()],
        function: None,
        loops: vec![],
    };
    for n in SPECIAL {
        c.global(n);
    }
    super::arrays::infer(p, &mut c.array_params, &mut c.arrays);
    c.program(p)?;
    c.code.arrays = c.arrays.len();
    c.code.globals = {
        let mut names: Vec<(usize, String)> = c.globals.iter().map(|(n, i)| (*i, n.clone())).collect();
        names.sort();
        names.into_iter().map(|(_, n)| n).collect()
    };
    Ok(c.code)
}

impl Compiler<'_> {
    fn program(&mut self, p: &Program) -> Done {
        self.code.begin = self.here();
        for r in p.rules.iter().filter(|r| r.pattern == Pattern::Begin) {
            self.stmt(r.body.as_ref())?;
        }
        self.emit(Op::Halt);
        let is_main = |r: &&super::syntax::Rule| !matches!(r.pattern, Pattern::Begin | Pattern::End);
        if p.rules.iter().any(|r| is_main(&r)) {
            self.code.main = Some(self.here());
            for r in p.rules.iter().filter(is_main) {
                self.rule(&r.pattern, r.body.as_ref())?;
            }
            self.emit(Op::Halt);
        }
        if p.rules.iter().any(|r| r.pattern == Pattern::End) {
            self.code.end = Some(self.here());
            for r in p.rules.iter().filter(|r| r.pattern == Pattern::End) {
                self.stmt(r.body.as_ref())?;
            }
            self.emit(Op::Halt);
        }
        for (i, f) in p.functions.iter().enumerate() {
            let arrays = f.params.iter().map(|n| self.array_params[i].contains(n)).collect();
            self.code.functions.push(Compiled { at: self.here(), arrays });
            self.function = Some(i);
            self.stmt(Some(&f.body))?;
            self.emit(Op::Text("".into()));
            self.emit(Op::Return);
            self.function = None;
        }
        Ok(())
    }

    fn rule(&mut self, pattern: &Pattern, body: Option<&Stmt>) -> Done {
        let mut skip = None;
        match pattern {
            Pattern::When(e) => {
                self.expr(e)?;
                skip = Some(self.hole(Op::JumpFalse));
            }
            Pattern::Range(from, to) => {
                let n = self.code.ranges;
                self.code.ranges += 1;
                self.emit(Op::RangeIsOpen(n));
                let open = self.hole(Op::JumpTrue);
                self.expr(from)?;
                skip = Some(self.hole(Op::JumpFalse));
                self.emit(Op::SetRange(n, true));
                self.fill(open);
                self.expr(to)?;
                let stays = self.hole(Op::JumpFalse);
                self.emit(Op::SetRange(n, false));
                self.fill(stays);
            }
            _ => {}
        }
        match body {
            Some(b) => self.stmt(Some(b))?,
            None => self.emit(Op::Print { args: 0, formatted: false, to: None }),
        }
        skip.into_iter().for_each(|s| self.fill(s));
        Ok(())
    }

    fn here(&self) -> usize {
        self.code.ops.len()
    }

    fn emit(&mut self, op: Op) {
        self.code.ops.push(op);
    }

    /// A jump whose target is not known yet.
    fn hole(&mut self, op: fn(usize) -> Op) -> usize {
        self.emit(op(0));
        self.here() - 1
    }

    fn fill(&mut self, at: usize) {
        let here = self.here();
        if let Some(
            Op::Jump(t)
            | Op::JumpFalse(t)
            | Op::JumpTrue(t)
            | Op::SkipUnlessRead(t)
            | Op::SkipUnlessChanged(t)
            | Op::NextKey(t),
        ) = self.code.ops.get_mut(at)
        {
            *t = here;
        }
    }

    fn global(&mut self, name: &str) -> usize {
        let n = self.globals.len();
        *self.globals.entry(name.into()).or_insert(n)
    }

    fn local(&self, name: &str) -> Option<usize> {
        self.functions[self.function?].params.iter().position(|p| p == name)
    }

    fn variable(&mut self, name: &str) -> Place {
        match self.local(name) {
            Some(i) => Place::Local(i),
            None => Place::Global(self.global(name)),
        }
    }

    fn array(&mut self, name: &str) -> Place {
        match self.local(name) {
            Some(i) => Place::Local(i),
            None => {
                let n = self.arrays.len();
                Place::Global(*self.arrays.entry(name.into()).or_insert(n))
            }
        }
    }

    /// Whether a name stands for an array here.
    fn is_array(&self, name: &str) -> bool {
        match (self.local(name), self.function) {
            (Some(_), Some(f)) => self.array_params[f].contains(name),
            _ => self.arrays.contains_key(name),
        }
    }

    fn stmt(&mut self, s: Option<&Stmt>) -> Done {
        let Some(s) = s else { return Ok(()) };
        match s {
            Stmt::Expr(e) => {
                self.expr(e)?;
                self.emit(Op::Pop);
            }
            Stmt::Print { args, formatted, to } => {
                args.iter().try_for_each(|a| self.expr(a))?;
                if let Some((_, e)) = to {
                    self.expr(e)?;
                }
                self.emit(Op::Print { args: args.len(), formatted: *formatted, to: to.as_ref().map(|(r, _)| *r) });
            }
            Stmt::If(condition, a, b) => {
                self.expr(condition)?;
                let otherwise = self.hole(Op::JumpFalse);
                self.stmt(Some(a))?;
                match b {
                    Some(b) => {
                        let end = self.hole(Op::Jump);
                        self.fill(otherwise);
                        self.stmt(Some(b))?;
                        self.fill(end);
                    }
                    None => self.fill(otherwise),
                }
            }
            Stmt::Block(list) => list.iter().try_for_each(|s| self.stmt(Some(s)))?,
            Stmt::While(condition, body) => self.for_loop(None, Some(condition), None, body)?,
            Stmt::For(a, b, c, body) => self.for_loop(a.as_deref(), b.as_ref(), c.as_deref(), body)?,
            Stmt::Do(body, condition) => {
                let top = self.here();
                self.loops.push((vec![], vec![], false));
                self.stmt(Some(body))?;
                let (breaks, continues, _) = self.loops.pop().unwrap_or_default();
                continues.into_iter().for_each(|c| self.fill(c));
                self.expr(condition)?;
                self.emit(Op::JumpTrue(top));
                breaks.into_iter().for_each(|b| self.fill(b));
            }
            Stmt::ForIn(name, array, body) => self.for_in(name, array, body)?,
            Stmt::Break | Stmt::Continue => self.leave(*s == Stmt::Break),
            Stmt::Next => self.emit(Op::Next),
            Stmt::NextFile => self.emit(Op::NextFile),
            Stmt::Exit(e) => {
                if let Some(e) = e {
                    self.expr(e)?;
                }
                self.emit(Op::Exit(e.is_some()));
            }
            Stmt::Return(e) => {
                if self.function.is_none() {
                    return Err("return outside a function".into());
                }
                match e {
                    Some(e) => self.expr(e)?,
                    None => self.emit(Op::Text("".into())),
                }
                self.emit(Op::Return);
            }
            Stmt::Delete(name, None) => {
                let a = self.array(name);
                self.emit(Op::Clear(a));
            }
            Stmt::Delete(name, Some(index)) => {
                let a = self.array(name);
                self.key(index)?;
                self.emit(Op::Remove(a));
            }
        }
        Ok(())
    }

    fn leave(&mut self, breaks: bool) {
        let Some((_, _, over_keys)) = self.loops.last().cloned() else {
            // Outside of loops it means the next record.
            return self.emit(Op::Next);
        };
        if breaks && over_keys {
            self.emit(Op::DropKeys);
        }
        let hole = self.hole(Op::Jump);
        if let Some((b, c, _)) = self.loops.last_mut() {
            if breaks { b.push(hole) } else { c.push(hole) }
        }
    }

    fn for_loop(&mut self, a: Option<&Stmt>, b: Option<&Expr>, c: Option<&Stmt>, body: &Stmt) -> Done {
        self.stmt(a)?;
        let top = self.here();
        let out = match b {
            Some(b) => {
                self.expr(b)?;
                Some(self.hole(Op::JumpFalse))
            }
            None => None,
        };
        self.loops.push((vec![], vec![], false));
        self.stmt(Some(body))?;
        let (breaks, continues, _) = self.loops.pop().unwrap_or_default();
        continues.into_iter().for_each(|c| self.fill(c));
        self.stmt(c)?;
        self.emit(Op::Jump(top));
        breaks.into_iter().chain(out).for_each(|b| self.fill(b));
        Ok(())
    }

    fn for_in(&mut self, name: &str, array: &str, body: &Stmt) -> Done {
        let a = self.array(array);
        self.emit(Op::Keys(a));
        let top = self.here();
        let out = self.hole(Op::NextKey);
        let v = self.variable(name);
        self.emit(Op::Store(v));
        self.emit(Op::Pop);
        self.loops.push((vec![], vec![], true));
        self.stmt(Some(body))?;
        let (breaks, continues, _) = self.loops.pop().unwrap_or_default();
        for c in continues {
            self.fill(c);
        }
        self.emit(Op::Jump(top));
        breaks.into_iter().chain([out]).for_each(|b| self.fill(b));
        Ok(())
    }
}
