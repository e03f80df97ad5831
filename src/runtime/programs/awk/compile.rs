//! Turns a program into steps for the [machine](super::machine): a program that waits in the middle of an expression is data until
//! it goes on.

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

    fn key(&mut self, index: &[Expr]) -> Done {
        index.iter().try_for_each(|e| self.expr(e))?;
        self.emit(Op::Key(index.len()));
        Ok(())
    }

    /// Stores what lies on top, and leaves it there. What says where is computed here.
    fn store(&mut self, target: &Expr) -> Done {
        match target {
            Expr::Variable(n) => {
                let v = self.variable(n);
                self.emit(Op::Store(v));
            }
            Expr::Field(e) => {
                self.expr(e)?;
                self.emit(Op::Swap);
                self.emit(Op::StoreField);
            }
            Expr::Element(n, index) => {
                let a = self.array(n);
                self.key(index)?;
                self.emit(Op::Swap);
                self.emit(Op::StoreElement(a));
            }
            _ => return Err("not something that can be assigned to".into()),
        }
        Ok(())
    }

    fn pair(&mut self, a: &Expr, b: &Expr) -> Done {
        self.expr(a)?;
        self.expr(b)
    }

    /// `&&` and `||`.
    fn chain(&mut self, a: &Expr, b: &Expr, and: bool) -> Done {
        let jump = if and { Op::JumpFalse } else { Op::JumpTrue };
        self.expr(a)?;
        let first = self.hole(jump);
        self.expr(b)?;
        let second = self.hole(jump);
        self.emit(Op::Number(if and { 1.0 } else { 0.0 }));
        let end = self.hole(Op::Jump);
        self.fill(first);
        self.fill(second);
        self.emit(Op::Number(if and { 0.0 } else { 1.0 }));
        self.fill(end);
        Ok(())
    }

    fn matches(&mut self, pattern: &Expr) -> Done {
        match pattern {
            Expr::Regex(r) => {
                let m = Matcher::new(r, Syntax::Extended, false).map_err(|e| format!("{e}: /{r}/"))?;
                self.emit(Op::Matches(Arc::new(m)));
            }
            e => {
                self.expr(e)?;
                self.emit(Op::MatchesText);
            }
        }
        Ok(())
    }

    fn expr(&mut self, e: &Expr) -> Done {
        match e {
            Expr::Number(n) => self.emit(Op::Number(*n)),
            Expr::Text(t) => self.emit(Op::Text(t.as_str().into())),
            Expr::Regex(_) => {
                self.emit(Op::Number(0.0));
                self.emit(Op::LoadField);
                self.matches(e)?;
            }
            Expr::Variable(n) if self.is_array(n) => return Err(format!("{n}: an array is no value")),
            Expr::Variable(n) => {
                let v = self.variable(n);
                self.emit(Op::Load(v));
            }
            Expr::Field(i) => {
                self.expr(i)?;
                self.emit(Op::LoadField);
            }
            Expr::Element(n, index) => {
                let a = self.array(n);
                self.key(index)?;
                self.emit(Op::LoadElement(a));
            }
            Expr::Assign(target, operator, value) => {
                if let Some(op) = operator {
                    self.pair(target, value)?;
                    self.emit(Op::Two(*op));
                } else {
                    self.expr(value)?;
                }
                self.store(target)?;
            }
            Expr::Step { of, by, before } => {
                self.expr(of)?;
                self.emit(Op::Plus);
                self.emit(Op::Number(*by));
                self.emit(Op::Two(Operator::Add));
                self.store(of)?;
                if !before {
                    self.emit(Op::Number(*by));
                    self.emit(Op::Two(Operator::Subtract));
                }
            }
            Expr::If(condition, a, b) => {
                self.expr(condition)?;
                let otherwise = self.hole(Op::JumpFalse);
                self.expr(a)?;
                let end = self.hole(Op::Jump);
                self.fill(otherwise);
                self.expr(b)?;
                self.fill(end);
            }
            Expr::And(a, b) => self.chain(a, b, true)?,
            Expr::Or(a, b) => self.chain(a, b, false)?,
            Expr::Not(a) | Expr::Minus(a) | Expr::Plus(a) => {
                self.expr(a)?;
                self.emit(match e {
                    Expr::Not(_) => Op::Not,
                    Expr::Minus(_) => Op::Minus,
                    _ => Op::Plus,
                });
            }
            Expr::Two(op, a, b) => {
                self.pair(a, b)?;
                self.emit(Op::Two(*op));
            }
            Expr::Match { negated, text, pattern } => {
                self.expr(text)?;
                self.matches(pattern)?;
                if *negated {
                    self.emit(Op::Not);
                }
            }
            Expr::In(index, array) => {
                let a = self.array(array);
                self.key(index)?;
                self.emit(Op::Contains(a));
            }
            Expr::Group(list) => self.key(list)?,
            Expr::Getline { from, target } => self.getline(from, target.as_deref())?,
            Expr::Call(name, args) => self.call(name, args)?,
            Expr::Builtin(name, args) => self.builtin(name, args)?,
        }
        Ok(())
    }

    fn getline(&mut self, from: &From, target: Option<&Expr>) -> Done {
        let reads = match from {
            From::Input => Reads::Input,
            From::File(e) => {
                self.expr(e)?;
                Reads::File
            }
            From::Command(e) => {
                self.expr(e)?;
                Reads::Command
            }
        };
        self.emit(Op::Getline { reads, into_record: target.is_none() });
        if let Some(t) = target {
            let skip = self.hole(Op::SkipUnlessRead);
            self.emit(Op::Line);
            self.store(t)?;
            self.emit(Op::Pop);
            self.fill(skip);
        }
        Ok(())
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Done {
        let function = self.functions.iter().position(|f| f.name == name).ok_or("Call to undefined function")?;
        let params = &self.functions[function].params;
        if args.len() > params.len() {
            return Err(format!("too many arguments to {name}"));
        }
        for (a, p) in args.iter().zip(params) {
            match a {
                Expr::Variable(n) if self.array_params[function].contains(p) => {
                    let array = self.array(n);
                    self.emit(Op::PushArray(array));
                }
                a => self.expr(a)?,
            }
        }
        self.emit(Op::Call { function, args: args.len() });
        Ok(())
    }

    fn builtin(&mut self, name: &'static str, args: &[Expr]) -> Done {
        let pattern = |c: &mut Self, e: &Expr| match e {
            Expr::Regex(r) => {
                c.emit(Op::Text(r.as_str().into()));
                Ok(())
            }
            e => c.expr(e),
        };
        match (name, args) {
            ("split", [text, Expr::Variable(n), rest @ ..]) => {
                let a = self.array(n);
                self.expr(text)?;
                rest.iter().try_for_each(|e| pattern(self, e))?;
                self.emit(Op::Split(a, !rest.is_empty()));
            }
            ("split", _) => return Err("split needs an array".into()),
            ("length", [Expr::Variable(n)]) if self.is_array(n) => {
                let a = self.array(n);
                self.emit(Op::LengthOf(a));
            }
            ("sub" | "gsub", [p, with, rest @ ..]) => {
                let record = Expr::Field(Box::new(Expr::Number(0.0)));
                let target = rest.first().unwrap_or(&record);
                pattern(self, p)?;
                self.expr(with)?;
                self.expr(target)?;
                self.emit(Op::Substitute { all: name == "gsub" });
                let skip = self.hole(Op::SkipUnlessChanged);
                if matches!(target, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..)) {
                    self.store(target)?;
                }
                self.emit(Op::Pop);
                self.fill(skip);
            }
            ("match", [text, p]) => {
                self.expr(text)?;
                pattern(self, p)?;
                self.emit(Op::Builtin(name, 2));
            }
            _ => {
                args.iter().try_for_each(|e| self.expr(e))?;
                self.emit(Op::Builtin(name, args.len()));
            }
        }
        Ok(())
    }
}
