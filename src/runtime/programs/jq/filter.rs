//! A program made a filter, and run.
//!
//! What is typed is changed a little first: every definition, and every step of a `reduce`, begins with a tick, so that what never
//! ends is given up; and operators become calls, which go through their operands in jq's order.

use std::cell::{Cell, RefCell};

use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, lex, parse};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{Compiler, Ctx, DataT, Lut, Vars, data};
use jaq_json::Val;
use jaq_std::input::{HasInputs, Inputs, RcIter};

use super::input::Item;
use super::{errors, natives};

/// How deep brackets may lie in one another in a program.
const DEEPEST: usize = 100;
/// How long a program may be.
const LONGEST: usize = 20_000;
/// So many words and signs that put one term into another it may have.
const MOST_NESTED: usize = 400;

pub struct Given<'a> {
    pub program: &'a str,
    pub variables: Vec<(String, Val)>,
    pub now: f64,
    pub env: Val,
    pub null_input: bool,
}

pub enum Ended {
    /// It is no program: what is said.
    Refused(String),
    Halted(i32),
    /// All inputs are done; the code of the last that failed.
    Broken(i32),
}

/// The types that filters work with.
pub struct Jq;

impl DataT for Jq {
    type V<'a> = Val;
    type Data<'a> = &'a Running<'a>;
}

/// What filters know beside their input.
pub struct Running<'a> {
    lut: &'a Lut<Jq>,
    inputs: Inputs<'a, Val>,
    pub now: f64,
    pub env: Val,
    pub line: &'a Cell<usize>,
    pub said: &'a RefCell<Vec<u8>>,
    pub effort: natives::Effort,
}

impl<'a> data::HasLut<'a, Jq> for &'a Running<'a> {
    fn lut(&self) -> &'a Lut<Jq> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for &'a Running<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

fn call<'s>(name: &'static str, args: Vec<Term<&'s str>>) -> Term<&'s str> {
    Term::Call(name, args)
}

fn ticking(t: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(call("__tick", vec![])), BinaryOp::Pipe(None), Box::new(t))
}

/// The same after a term.
fn ticked(t: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(t), BinaryOp::Pipe(None), Box::new(call("__tick", vec![])))
}

fn changed_def(d: Def<&str>) -> Def<&str> {
    Def { body: ticking(changed(d.body)), ..d }
}

fn changed_all(all: Vec<Term<&str>>) -> Vec<Term<&str>> {
    all.into_iter().map(changed).collect()
}

fn boxed(mut t: Box<Term<&str>>) -> Box<Term<&str>> {
    *t = changed(std::mem::take(&mut *t));
    t
}

fn changed(t: Term<&str>) -> Term<&str> {
    match t {
        Term::Str(format, parts) => {
            let plain = format.is_none();
            let part = |p| match p {
                // Numbers have jq's form in texts, too.
                lex::StrPart::Term(t) if plain => {
                    let text = call("tostring", vec![]);
                    lex::StrPart::Term(Term::BinOp(Box::new(changed(t)), BinaryOp::Pipe(None), Box::new(text)))
                }
                lex::StrPart::Term(t) => lex::StrPart::Term(changed(t)),
                other => other,
            };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Arr(t) => Term::Arr(t.map(boxed)),
        Term::Obj(all) => Term::Obj(all.into_iter().map(|(k, v)| (changed(k), v.map(changed))).collect()),
        Term::Neg(t) => Term::Neg(boxed(t)),
        Term::BinOp(l, BinaryOp::Math(op), r) => {
            let name = match op {
                Math::Add => "__add",
                Math::Sub => "__sub",
                Math::Mul => "__mul",
                Math::Div => "__div",
                Math::Rem => "__rem",
            };
            call(name, vec![changed(*r), changed(*l)])
        }
        Term::BinOp(l, op, r) => Term::BinOp(boxed(l), op, boxed(r)),
        Term::Label(l, t) => Term::Label(l, boxed(t)),
        Term::Fold(kind, xs, pattern, mut steps) => {
            steps = changed_all(steps);
            if let Some(update) = steps.get_mut(1) {
                *update = ticking(std::mem::take(update));
            }
            Term::Fold(kind, boxed(xs), pattern, steps)
        }
        Term::TryCatch(t, c) => Term::TryCatch(boxed(t), c.map(boxed)),
        Term::IfThenElse(all, otherwise) => {
            let all = all.into_iter().map(|(i, t)| (changed(i), changed(t))).collect();
            Term::IfThenElse(all, otherwise.map(boxed))
        }
        Term::Def(defs, t) => Term::Def(defs.into_iter().map(changed_def).collect(), boxed(t)),
        Term::Call(name, args) => Term::Call(name, changed_all(args)),
        Term::Path(t, Path(parts)) => {
            let part = |(p, opt)| match p {
                Part::Index(i) => (Part::Index(changed(i)), opt),
                Part::Range(a, b) => (Part::Range(a.map(changed), b.map(changed)), opt),
            };
            // Each value that comes of `.[]` is a step.
            let spreads = parts.iter().any(|(p, _)| matches!(p, Part::Range(None, None)));
            let path = Term::Path(boxed(t), Path(parts.into_iter().map(part).collect()));
            if spreads { ticked(path) } else { path }
        }
        Term::Recurse => ticked(Term::Recurse),
        other => other,
    }
}

/// Before jaq's own definitions, which use them.
const FIRST: &str = "def range($a; $b; $by): __range($a; $b; $by) | __tick;";
const LAST: &str = include_str!("prelude.jq");

fn defs<'s>() -> impl Iterator<Item = Def<&'s str>> {
    let own = |text| parse(text, |p| p.defs()).unwrap_or_default();
    // Natives of the same name stand for these: they divide by zero, show numbers otherwise, or do not keep the order of what stays.
    let replaced = |d: &Def<&str>| ["nan", "infinite", "delpaths", "halt_error", "tostring"].contains(&d.name);
    let jaqs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(move |d| !replaced(d));
    own(FIRST).into_iter().chain(jaqs).chain(own(LAST)).map(|d| -> Def<&'s str> { changed_def(d) })
}

/// Where a program is wrong, as jq says it.
fn refused(program: &str, why: &str) -> Ended {
    Ended::Refused(format!("jq: error: {why} at <top-level>, line 1:\n{program}\njq: 1 compile error\n"))
}

fn syntax(program: &str, found: &str) -> Ended {
    let first = found.chars().next();
    let what = match first {
        None => "end of file".to_string(),
        Some(l) if l.is_ascii_alphabetic() || l == '_' => "IDENT".into(),
        Some(l) if l.is_ascii_digit() => "LITERAL".into(),
        Some('"') => "QQSTRING_START".into(),
        Some('$') => "'$'".into(),
        Some(l) if ".,:;|()[]{}?=+-*/%<>".contains(l) => format!("'{l}'"),
        Some(_) => "INVALID_CHARACTER".into(),
    };
    refused(program, &format!("syntax error, unexpected {what} (Unix shell quoting issues?)"))
}

fn is_too_deep(program: &str) -> bool {
    let mut depth = 0usize;
    let nests = ["|", "-", "try", "if", "def", " as ", "reduce", "foreach", "label", "//", "?"];
    program.len() > LONGEST
        || nests.iter().map(|word| program.matches(word).count()).sum::<usize>() > MOST_NESTED
        || program.bytes().any(|b| {
            match b {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > DEEPEST
        })
}

pub fn run(given: Given<'_>, items: Vec<Item>, err: &mut Vec<u8>, each: &mut dyn FnMut(&Val)) -> Ended {
    let program = given.program;
    if is_too_deep(program) {
        return refused(program, "syntax error, memory exhausted");
    }
    let tokens = match Lexer::new(program).lex() {
        Ok(tokens) => tokens,
        Err(all) => {
            // A bracket that is never closed is missed at the end.
            let found = match all.first() {
                Some((lex::Expect::Token, at)) => *at,
                _ => "",
            };
            return syntax(program, found);
        }
    };
    let parsed = match program.trim() {
        "" => Ok(Term::Id),
        _ => Parser::new(&tokens).parse(|p| p.term()),
    };
    let body = match parsed {
        Ok(body) => body,
        Err(all) => {
            let found = all.first().and_then(|(_, t)| t.as_ref()).map_or("", |t| t.as_str());
            return syntax(program, found);
        }
    };
    let names: Vec<String> = given.variables.iter().map(|(n, _)| format!("${n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Everything is a definition, the program too: so it can be changed before jaq sees it.
    let main = Def { name: "main", args: names.clone(), body: changed(body) };
    let arena = Arena::default();
    let entry = format!("main({})", names.join("; "));
    let loader = Loader::new(defs().chain([main]));
    let Ok(modules) = loader.load(&arena, File { code: entry.as_str(), path: () }) else {
        return refused(program, "syntax error");
    };
    let compiler = Compiler::default().with_funs(natives::all()).with_global_vars(names.iter().copied());
    let filter = match compiler.compile(modules) {
        Ok(filter) => filter,
        Err(all) => {
            let mut text = String::new();
            let mut count = 0;
            for (name, what) in all.into_iter().flat_map(|(_, e)| e) {
                let what = match what {
                    jaq_core::compile::Undefined::Filter(arity) => format!("{name}/{arity}"),
                    jaq_core::compile::Undefined::Label => format!("$*label-{}", name.trim_start_matches('$')),
                    _ => name.to_string(),
                };
                count += 1;
                text.push_str(&format!("jq: error: {what} is not defined at <top-level>, line 1:\n{program}\n"));
            }
            let errors = if count == 1 { "error" } else { "errors" };
            return Ended::Refused(format!("{text}jq: {count} compile {errors}\n"));
        }
    };
    let line = Cell::new(0);
    let began = Cell::new(false);
    let broken = Cell::new(None);
    let mut all = items.into_iter();
    let next = std::iter::from_fn(|| {
        let item = all.next()?;
        began.set(true);
        line.set(item.line);
        match item.value {
            Ok(v) => Some(Ok(v)),
            Err(e) => {
                broken.set(Some(e.clone()));
                Some(Err(e))
            }
        }
    });
    let inputs = RcIter::new(next);
    let said = RefCell::new(vec![]);
    let running = Running {
        lut: &filter.lut,
        inputs: &inputs,
        now: given.now,
        env: given.env,
        line: &line,
        said: &said,
        effort: natives::Effort::begins(),
    };
    let mut code = 0;
    let mut once = given.null_input;
    loop {
        let input = match given.null_input {
            true if !std::mem::take(&mut once) => break,
            true => Val::Null,
            false => match (&mut &inputs).next() {
                None => break,
                Some(Ok(v)) => v,
                Some(Err(e)) => {
                    err.extend(format!("jq: parse error: {e}\n").bytes());
                    return Ended::Broken(2);
                }
            },
        };
        let vars = Vars::new(given.variables.iter().map(|(_, v)| v.clone()));
        let ctx = Ctx::<Jq>::new(&running, vars);
        for out in filter.id.run((ctx, input)) {
            err.append(&mut said.borrow_mut());
            let e = match out {
                Ok(v) if natives::is_too_deep(&v) => {
                    running.effort.give_up();
                    break;
                }
                Ok(v) => {
                    each(&v);
                    continue;
                }
                Err(e) => e,
            };
            let e = match e.get_err() {
                Ok(e) => e.into_val(),
                Err(e) => match e.get_halt() {
                    Ok(code) if !running.effort.is_given_up() => {
                        err.append(&mut said.borrow_mut());
                        return Ended::Halted(code);
                    }
                    _ => break,
                },
            };
            let place = if began.get() { format!("<stdin>:{}", line.get()) } else { "<unknown>".into() };
            let text = match &e {
                Val::TStr(s) | Val::BStr(s) => format!(": {}", errors::translated(&String::from_utf8_lossy(s))),
                v => format!(" (not a string): {}", super::print::compact(v)),
            };
            err.extend(format!("jq: error (at {place}){text}\n").bytes());
            code = 5;
            break;
        }
        err.append(&mut said.borrow_mut());
        if running.effort.is_given_up() {
            err.extend(b"jq: error: interrupted: this takes too long\n");
            return Ended::Halted(5);
        }
        if let Some(e) = broken.take() {
            err.extend(format!("jq: parse error: {e}\n").bytes());
            return Ended::Broken(2);
        }
    }
    Ended::Broken(code)
}
