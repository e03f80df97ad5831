//! Takes the steps of a program of `awk`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::regex::{Matcher, Syntax};
use super::super::source::{Event, LONGEST, Source};
use super::compile::{ARGV, Code, ENVIRON, Op, Place, Reads, SPECIAL};
use super::lexer::escaped;
use super::streams::{Ends, Streams, cut};
use super::syntax::Operator;
use super::values::{Array, Value, formatted, number_text};
use crate::runtime::kernel::{ProcessId, Program, Step, Sys};

/// Steps without letting others have a turn.
const TURN: usize = 5_000;
const MOST_FIELDS: usize = 100_000;
const MOST_FRAMES: usize = 2_000;
/// What all arrays may hold.
const MOST_BYTES: usize = 64 << 20;

/// Why a step cannot be taken now: something has to come first, or it cannot be taken at all.
pub enum Blocked {
    Step(Step),
    Error(String),
}

#[derive(Clone, Debug)]
enum Slot {
    Value(Value),
    Array(usize),
}

#[derive(Clone)]
struct Frame {
    back: usize,
    locals: Vec<Slot>,
    /// Arrays that were made for it.
    own: Vec<usize>,
    keys: usize,
}

/// What lies on the stack.
#[derive(Clone)]
enum Item {
    Value(Value),
    Array(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    Main,
    End,
    Over,
}

#[derive(Clone)]
pub struct Machine {
    code: Arc<Code>,
    pub env: Arc<BTreeMap<String, String>>,
    phase: Phase,
    /// Where it goes on, while something runs.
    at: Option<usize>,
    stack: Vec<Item>,
    frames: Vec<Frame>,
    keys: Vec<(Vec<Arc<str>>, usize)>,
    globals: Vec<Value>,
    arrays: Vec<Array>,
    free: Vec<usize>,
    bytes: usize,
    ranges: Vec<bool>,
    record: Arc<str>,
    fields: Vec<Value>,
    split: bool,
    /// The record has to be put together from its fields.
    stale: bool,
    line: Arc<str>,
    source: Option<Source>,
    file_over: bool,
    had_file: bool,
    next_arg: usize,
    pub streams: Streams,
    pub child: Option<ProcessId>,
    pub matchers: BTreeMap<String, Arc<Matcher>>,
    pub seed: (f64, u64),
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    code_of_exit: i32,
    pub gnu: bool,
}

const NF: usize = 0;
const NR: usize = 1;
const FNR: usize = 2;

fn special(name: &str) -> usize {
    SPECIAL.iter().position(|s| *s == name).unwrap_or_default()
}

type Taken = Result<(), Blocked>;

impl Machine {
    pub fn new(code: Arc<Code>, env: &Arc<BTreeMap<String, String>>, called: &str, args: Vec<String>) -> Machine {
        let mut m = Machine {
            globals: vec![Value::Unset; code.globals.len()],
            arrays: vec![Array::default(); code.arrays],
            ranges: vec![false; code.ranges],
            at: Some(code.begin),
            code,
            env: env.clone(),
            phase: Phase::Begin,
            stack: vec![],
            frames: vec![],
            keys: vec![],
            free: vec![],
            bytes: 0,
            record: "".into(),
            fields: vec![],
            split: true,
            stale: false,
            line: "".into(),
            source: None,
            file_over: false,
            had_file: false,
            next_arg: 1,
            streams: Streams::default(),
            child: None,
            matchers: BTreeMap::new(),
            seed: (0.0, 0),
            out: vec![],
            err: vec![],
            code_of_exit: 0,
            gnu: false,
        };
        let first = [
            ("FS", " "),
            ("OFS", " "),
            ("ORS", "\n"),
            ("RS", "\n"),
            ("SUBSEP", "\x1c"),
            ("CONVFMT", "%.6g"),
            ("OFMT", "%.6g"),
        ];
        first.iter().for_each(|(n, v)| m.set_special(n, v));
        for n in ["NR", "FNR", "RSTART"] {
            m.set_number(n, 0.0);
        }
        m.set_number("RLENGTH", -1.0);
        for (k, v) in env.iter() {
            m.arrays[ENVIRON].set(k.as_str().into(), Value::Input(v.as_str().into()));
        }
        let all: Vec<&str> = [called].into_iter().chain(args.iter().map(String::as_str)).collect();
        #[allow(clippy::cast_precision_loss, reason = "a count of words")]
        m.set_number("ARGC", all.len() as f64);
        for (i, a) in all.iter().enumerate() {
            m.arrays[ARGV].set(i.to_string().into(), Value::Input((*a).into()));
        }
        m
    }

    pub fn set_special(&mut self, name: &str, value: &str) {
        self.globals[special(name)] = Value::text(value);
    }

    pub fn set_number(&mut self, name: &str, n: f64) {
        self.globals[special(name)] = Value::Number(n);
    }

    /// `name=value` from outside.
    pub fn assign(&mut self, name: &str, value: &str) {
        if let Some(i) = self.code.globals.iter().position(|g| g == name) {
            self.globals[i] = Value::Input(value.into());
        }
    }

    pub fn convfmt(&self) -> Arc<str> {
        self.globals[special("CONVFMT")].to_text("%.6g")
    }

    fn special_text(&self, name: &str) -> Arc<str> {
        self.globals[special(name)].to_text("%.6g")
    }

    // ---- the record and its fields -----------------------------------------------------------

    fn set_record(&mut self, text: &str) {
        (self.record, self.split, self.stale) = (text.into(), false, false);
    }

    fn split_record(&mut self) -> Taken {
        if self.split {
            return Ok(());
        }
        self.split = true;
        let text = self.record.clone();
        let mut separator = self.special_text("FS").to_string();
        // Between paragraphs, a line end parts fields too.
        if self.special_text("RS").is_empty() && separator != " " {
            separator =
                format!("({})|\n", if separator.chars().count() == 1 { regex::escape(&separator) } else { separator });
        }
        let mut parts = self.parts(&text, &separator)?;
        parts.truncate(MOST_FIELDS);
        self.fields = parts.into_iter().map(|p| Value::Input(p.into())).collect();
        Ok(())
    }

    fn rebuild(&mut self) {
        if std::mem::take(&mut self.stale) {
            let (separator, convfmt) = (self.special_text("OFS"), self.convfmt());
            let texts: Vec<Arc<str>> = self.fields.iter().map(|f| f.to_text(&convfmt)).collect();
            self.record = texts.join(&*separator).into();
        }
    }

    pub fn field(&mut self, i: usize) -> Result<Value, Blocked> {
        if i == 0 {
            self.rebuild();
            return Ok(Value::Input(self.record.clone()));
        }
        self.split_record()?;
        Ok(self.fields.get(i - 1).cloned().unwrap_or_default())
    }

    fn set_field(&mut self, i: usize, v: Value) -> Taken {
        if i == 0 {
            let text = v.to_text(&self.convfmt());
            self.set_record(&text);
            return Ok(());
        }
        self.split_record()?;
        if i > MOST_FIELDS {
            return Err(Blocked::Error("trying to access out of range field".into()));
        }
        if self.fields.len() < i {
            self.fields.resize(i, Value::Unset);
        }
        self.fields[i - 1] = v;
        self.stale = true;
        Ok(())
    }

    fn field_number(v: &Value) -> Result<usize, Blocked> {
        let n = v.number();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        if (0.0..1e9).contains(&n) { Ok(n as usize) } else { Err(Blocked::Error("Access to negative field".into())) }
    }

    // ---- variables ---------------------------------------------------------------------------

    fn load(&mut self, p: Place) -> Result<Value, Blocked> {
        match p {
            Place::Global(NF) => {
                self.split_record()?;
                #[allow(clippy::cast_precision_loss, reason = "a count")]
                Ok(Value::Number(self.fields.len() as f64))
            }
            Place::Global(i) => Ok(self.globals[i].clone()),
            Place::Local(i) => match self.frames.last().and_then(|f| f.locals.get(i)) {
                Some(Slot::Value(v)) => Ok(v.clone()),
                _ => Err(Blocked::Error("an array is no value".into())),
            },
        }
    }

    fn store(&mut self, p: Place, v: Value) -> Taken {
        match p {
            Place::Global(NF) => {
                let n = Machine::field_number(&v)?.min(MOST_FIELDS);
                self.split_record()?;
                self.fields.resize(n, Value::Unset);
                self.stale = true;
            }
            Place::Global(i) => self.globals[i] = v,
            Place::Local(i) => {
                if let Some(s) = self.frames.last_mut().and_then(|f| f.locals.get_mut(i)) {
                    *s = Slot::Value(v);
                }
            }
        }
        Ok(())
    }

    fn array(&self, p: Place) -> Result<usize, Blocked> {
        match p {
            Place::Global(i) => Ok(i),
            Place::Local(i) => match self.frames.last().and_then(|f| f.locals.get(i)) {
                Some(Slot::Array(a)) => Ok(*a),
                _ => Err(Blocked::Error("a value is no array".into())),
            },
        }
    }

    fn set_element(&mut self, array: usize, key: Arc<str>, v: Value) -> Taken {
        self.bytes += v.bytes() + key.len() + 64;
        if self.bytes > MOST_BYTES {
            // What was put may have gone since: it is counted anew.
            let of =
                |a: &Array| a.keys().iter().map(|k| k.len() + 64 + a.get(k).map_or(0, Value::bytes)).sum::<usize>();
            self.bytes = self.arrays.iter().map(of).sum();
            if self.bytes > MOST_BYTES / 2 {
                return Err(Blocked::Error("out of memory".into()));
            }
        }
        self.arrays[array].set(key, v);
        Ok(())
    }

    // ---- the stack ---------------------------------------------------------------------------

    fn push(&mut self, v: Value) {
        self.stack.push(Item::Value(v));
    }

    fn pop(&mut self) -> Value {
        match self.stack.pop() {
            Some(Item::Value(v)) => v,
            _ => Value::Unset,
        }
    }

    fn pop_text(&mut self) -> Arc<str> {
        let format = self.convfmt();
        self.pop().to_text(&format)
    }

    /// The values on top, without taking them: a step that has to wait is taken anew.
    fn top(&self, n: usize) -> Vec<Value> {
        let from = self.stack.len().saturating_sub(n);
        self.stack[from..].iter().map(|i| if let Item::Value(v) = i { v.clone() } else { Value::Unset }).collect()
    }

    fn drop(&mut self, n: usize) {
        self.stack.truncate(self.stack.len().saturating_sub(n));
    }

    fn two(&mut self, op: Operator) -> Taken {
        let (b, a) = (self.pop(), self.pop());
        let convfmt = self.convfmt();
        let compared = |want: &[std::cmp::Ordering]| Value::truth(want.contains(&a.compare(&b, &convfmt)));
        use std::cmp::Ordering::{Equal, Greater, Less};
        let v = match op {
            Operator::Concatenate => {
                let (a, b) = (a.to_text(&convfmt), b.to_text(&convfmt));
                if a.len() + b.len() > LONGEST {
                    return Err(Blocked::Error("out of memory".into()));
                }
                Value::text(format!("{a}{b}"))
            }
            Operator::Less => compared(&[Less]),
            Operator::LessEqual => compared(&[Less, Equal]),
            Operator::Equal => compared(&[Equal]),
            Operator::NotEqual => compared(&[Less, Greater]),
            Operator::Greater => compared(&[Greater]),
            Operator::GreaterEqual => compared(&[Greater, Equal]),
            _ => {
                let (a, b) = (a.number(), b.number());
                Value::Number(match op {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Power => a.powf(b),
                    Operator::Divide | Operator::Modulo if b == 0.0 => {
                        return Err(Blocked::Error("Division by zero".into()));
                    }
                    Operator::Divide => a / b,
                    _ => a % b,
                })
            }
        };
        self.push(v);
        Ok(())
    }

    // ---- steps -------------------------------------------------------------------------------

    /// Takes the step at a place. Where it goes on; `None`: this part of the program is over.
    fn step(&mut self, at: usize, sys: &mut Sys<'_>) -> Result<Option<usize>, Blocked> {
        let code = self.code.clone();
        let next = Some(at + 1);
        match &code.ops[at] {
            Op::Number(n) => self.push(Value::Number(*n)),
            Op::Text(t) => self.push(Value::Text(t.clone())),
            Op::Load(p) => {
                let v = self.load(*p)?;
                self.push(v);
            }
            Op::Store(p) => {
                let v = self.top(1).remove(0);
                self.store(*p, v)?;
            }
            Op::LoadField => {
                let i = Machine::field_number(&self.pop())?;
                let v = self.field(i)?;
                self.push(v);
            }
            Op::StoreField => {
                let (v, i) = (self.pop(), self.pop());
                self.set_field(Machine::field_number(&i)?, v.clone())?;
                self.push(v);
            }
            Op::Key(n) => {
                let (format, between) = (self.convfmt(), self.special_text("SUBSEP"));
                let texts: Vec<Arc<str>> = self.top(*n).iter().map(|v| v.to_text(&format)).collect();
                self.drop(*n);
                self.push(Value::text(texts.join(&*between)));
            }
            Op::Pop => self.drop(1),
            Op::Swap => {
                let n = self.stack.len();
                if n > 1 {
                    self.stack.swap(n - 1, n - 2);
                }
            }
            Op::Two(op) => self.two(*op)?,
            Op::Not => {
                let v = self.pop();
                self.push(Value::truth(!v.is_true()));
            }
            Op::Minus => {
                let v = self.pop();
                self.push(Value::Number(-v.number()));
            }
            Op::Plus => {
                let v = self.pop();
                self.push(Value::Number(v.number()));
            }
            Op::Matches(m) => {
                let t = self.pop_text();
                self.push(Value::truth(m.is_match(t.as_bytes())));
            }
            Op::MatchesText => {
                let (p, t) = (self.pop_text(), self.pop_text());
                let m = self.matcher(&p)?;
                self.push(Value::truth(m.is_match(t.as_bytes())));
            }
            Op::Jump(to) => return Ok(Some(*to)),
            Op::JumpFalse(to) | Op::JumpTrue(to) => {
                let wants = matches!(code.ops[at], Op::JumpTrue(_));
                if self.pop().is_true() == wants {
                    return Ok(Some(*to));
                }
            }
            Op::SkipUnlessRead(to) => {
                if self.top(1).first().is_none_or(|v| v.number() <= 0.0) {
                    return Ok(Some(*to));
                }
            }
            Op::SkipUnlessChanged(to) => {
                if self.top(2).first().is_none_or(|v| v.number() <= 0.0) {
                    self.drop(1);
                    return Ok(Some(*to));
                }
            }
            Op::Line => {
                let line = self.line.clone();
                self.push(Value::Input(line));
            }
            Op::RangeIsOpen(n) => {
                let open = self.ranges[*n];
                self.push(Value::truth(open));
            }
            Op::SetRange(n, open) => self.ranges[*n] = *open,
            Op::Next | Op::NextFile => {
                if matches!(code.ops[at], Op::NextFile) {
                    self.skip_file(sys);
                }
                self.forget();
                return Ok(None);
            }
            Op::Exit(valued) => {
                #[allow(clippy::cast_possible_truncation, reason = "a code")]
                if *valued {
                    self.code_of_exit = self.pop().number() as i32;
                }
                self.forget();
                self.phase = if self.phase == Phase::End { Phase::Over } else { Phase::End };
                return Ok(None);
            }
            Op::Halt => return Ok(None),
            other => return self.larger_step(other, next, sys),
        }
        Ok(next)
    }

    fn larger_step(&mut self, op: &Op, next: Option<usize>, sys: &mut Sys<'_>) -> Result<Option<usize>, Blocked> {
        match op {
            Op::LoadElement(p) => {
                let (key, a) = (self.pop_text(), self.array(*p)?);
                let v = match self.arrays[a].get(&key) {
                    Some(v) => v.clone(),
                    // Whoever asks for an element makes it.
                    None => {
                        self.set_element(a, key, Value::Unset)?;
                        Value::Unset
                    }
                };
                self.push(v);
            }
            Op::StoreElement(p) => {
                let (v, key, a) = (self.pop(), self.pop_text(), self.array(*p)?);
                self.set_element(a, key, v.clone())?;
                self.push(v);
            }
            Op::Contains(p) => {
                let (key, a) = (self.pop_text(), self.array(*p)?);
                self.push(Value::truth(self.arrays[a].get(&key).is_some()));
            }
            Op::Remove(p) => {
                let (key, a) = (self.pop_text(), self.array(*p)?);
                self.arrays[a].remove(&key);
            }
            Op::Clear(p) => {
                let a = self.array(*p)?;
                self.arrays[a].clear();
            }
            Op::PushArray(p) => {
                let a = self.array(*p)?;
                self.stack.push(Item::Array(a));
            }
            Op::LengthOf(p) => {
                let a = self.array(*p)?;
                #[allow(clippy::cast_precision_loss, reason = "a count")]
                self.push(Value::Number(self.arrays[a].len() as f64));
            }
            Op::Keys(p) => {
                let a = self.array(*p)?;
                let keys = self.arrays[a].keys();
                self.keys.push((keys, 0));
            }
            Op::NextKey(out) => match self.keys.last_mut().and_then(|(k, i)| {
                *i += 1;
                k.get(*i - 1).cloned()
            }) {
                Some(k) => self.push(Value::Input(k)),
                None => {
                    self.keys.pop();
                    return Ok(Some(*out));
                }
            },
            Op::DropKeys => drop(self.keys.pop()),
            Op::Call { function, args } => return self.call(*function, *args, next),
            Op::Return => {
                let v = self.pop();
                let Some(f) = self.frames.pop() else { return Ok(None) };
                for a in f.own {
                    self.arrays[a].clear();
                    self.free.push(a);
                }
                self.keys.truncate(f.keys);
                self.push(v);
                return Ok(Some(f.back));
            }
            Op::Builtin(name, n) => {
                let args = self.top(*n);
                let v = self.builtin(name, &args, sys)?;
                self.drop(*n);
                self.push(v);
            }
            Op::Split(p, separated) => {
                let separator = if *separated { self.pop_text() } else { self.special_text("FS") };
                let (text, a) = (self.pop_text(), self.array(*p)?);
                self.arrays[a].clear();
                let parts = self.parts(&text, &separator)?;
                for (i, part) in parts.iter().enumerate() {
                    self.set_element(a, (i + 1).to_string().into(), Value::Input(part.as_str().into()))?;
                }
                #[allow(clippy::cast_precision_loss, reason = "a count")]
                self.push(Value::Number(parts.len() as f64));
            }
            Op::Substitute { all } => {
                let (text, with, pattern) = (self.pop_text(), self.pop_text(), self.pop_text());
                let (n, made) = self.substitute(&pattern, &with, &text, *all)?;
                #[allow(clippy::cast_precision_loss, reason = "a count")]
                self.push(Value::Number(n as f64));
                self.push(Value::text(made));
            }
            Op::Print { args, formatted, to } => self.print(*args, *formatted, *to, sys)?,
            Op::Getline { reads, into_record } => self.getline(*reads, *into_record, sys)?,
            _ => {}
        }
        Ok(next)
    }

    fn call(&mut self, function: usize, args: usize, next: Option<usize>) -> Result<Option<usize>, Blocked> {
        if self.frames.len() >= MOST_FRAMES {
            return Err(Blocked::Error("function calls lie too deep".into()));
        }
        let code = self.code.clone();
        let f = &code.functions[function];
        let given = self.stack.split_off(self.stack.len().saturating_sub(args));
        let (mut locals, mut own) = (vec![], vec![]);
        for (i, is_array) in f.arrays.iter().enumerate() {
            locals.push(match given.get(i) {
                Some(Item::Array(a)) => Slot::Array(*a),
                _ if *is_array => {
                    let a = self.free.pop().unwrap_or_else(|| {
                        self.arrays.push(Array::default());
                        self.arrays.len() - 1
                    });
                    own.push(a);
                    Slot::Array(a)
                }
                Some(Item::Value(v)) => Slot::Value(v.clone()),
                None => Slot::Value(Value::Unset),
            });
        }
        self.frames.push(Frame { back: next.unwrap_or_default(), locals, own, keys: self.keys.len() });
        Ok(Some(f.at))
    }

    fn print(
        &mut self,
        args: usize,
        is_formatted: bool,
        to: Option<super::syntax::Redirect>,
        sys: &mut Sys<'_>,
    ) -> Taken {
        if self.out.len() > 65_536 || self.streams.outputs.values().any(|o| o.buffer.len() > 65_536) {
            self.flush_all(sys)?;
        }
        let extra = usize::from(to.is_some());
        let mut values = self.top(args + extra);
        let name = to.and_then(|_| values.pop()).map(|v| v.to_text(&self.convfmt()));
        let text = if is_formatted {
            let format = values.first().map(|v| v.to_text("%.6g")).unwrap_or_else(|| "".into());
            formatted(&format, values.get(1..).unwrap_or_default(), &self.convfmt())
        } else {
            let (ofs, ofmt) = (self.special_text("OFS"), self.special_text("OFMT"));
            if args == 0 {
                values.push(self.field(0)?);
            }
            let one = |v: &Value| match v {
                Value::Number(n) => number_text(*n, &ofmt),
                v => v.to_text(&ofmt).to_string(),
            };
            let texts: Vec<String> = values.iter().map(one).collect();
            texts.join(&ofs) + &self.special_text("ORS")
        };
        match (to, name) {
            (Some(how), Some(name)) => self.output(&name, how, sys)?.extend(text.bytes()),
            _ => self.out.extend(text.bytes()),
        }
        self.drop(args + extra);
        Ok(())
    }

    fn getline(&mut self, reads: Reads, into_record: bool, sys: &mut Sys<'_>) -> Taken {
        let read = match reads {
            Reads::Input => match self.next_record(sys)? {
                Some(r) => Ok(r),
                None => Err(0),
            },
            _ => {
                let name = self.top(1).remove(0).to_text(&self.convfmt());
                let ends = self.ends()?;
                let read = self.record_of(&name, reads == Reads::Command, &ends, sys)?;
                self.drop(1);
                if reads == Reads::Command && read.is_ok() {
                    self.count(NR);
                }
                read
            }
        };
        let status = match read {
            Ok(r) => {
                let text = String::from_utf8_lossy(&r);
                if into_record {
                    self.set_record(&text)
                } else {
                    self.line = (&*text).into()
                }
                1.0
            }
            Err(code) => f64::from(code),
        };
        self.push(Value::Number(status));
        Ok(())
    }

    fn count(&mut self, what: usize) {
        self.globals[what] = Value::Number(self.globals[what].number() + 1.0);
    }

    // ---- input -------------------------------------------------------------------------------

    fn ends(&mut self) -> Result<Ends, Blocked> {
        let rs = self.special_text("RS");
        Ok(match rs.as_bytes() {
            [] => Ends::Paragraph,
            [b] => Ends::Letter(*b),
            _ => Ends::Pattern(
                Matcher::new(&rs, Syntax::Extended, false).map_err(|e| Blocked::Error(format!("{e}: {rs}")))?,
            ),
        })
    }

    /// The next operand that names a file; what assigns is done on the way.
    fn next_file(&mut self) -> Option<String> {
        loop {
            let count = self.globals[special("ARGC")].number();
            #[allow(clippy::cast_precision_loss, reason = "a count of words")]
            if self.next_arg as f64 >= count {
                return (!std::mem::replace(&mut self.had_file, true)).then(|| "-".into());
            }
            let key = self.next_arg.to_string();
            self.next_arg += 1;
            let arg = self.arrays[ARGV].get(&key).map(|v| v.to_text("%.6g").to_string()).unwrap_or_default();
            match arg.split_once('=') {
                Some((n, v)) if crate::runtime::shell::simple::is_name(n) => self.assign(n, &escaped(v)),
                _ if arg.is_empty() => {}
                _ => {
                    self.had_file = true;
                    return Some(arg);
                }
            }
        }
    }

    fn skip_file(&mut self, sys: &mut Sys<'_>) {
        if let Some(s) = &mut self.source {
            s.close(sys);
            s.take_rest();
            self.source = None;
        }
    }

    fn next_record(&mut self, sys: &mut Sys<'_>) -> Result<Option<Vec<u8>>, Blocked> {
        let ends = self.ends()?;
        loop {
            let Some(s) = &mut self.source else {
                let Some(name) = self.next_file() else { return Ok(None) };
                self.set_special("FILENAME", if name == "-" { "" } else { &name });
                self.globals[FNR] = Value::Number(0.0);
                self.file_over = false;
                self.source = Some(Source::new(&[name]));
                continue;
            };
            if let Some(r) = cut(s, &ends, self.file_over) {
                self.count(NR);
                self.count(FNR);
                return Ok(Some(r));
            }
            if self.file_over {
                self.source = None;
                continue;
            }
            match s.next(sys) {
                Event::Data | Event::Began(_) => {}
                Event::Ended | Event::Over => self.file_over = true,
                Event::Failed(name, e) => {
                    self.err.extend(format!("awk: {name}: {}\n", e.text()).bytes());
                    self.code_of_exit = if self.gnu { 2 } else { 1 };
                    self.source = None;
                }
                Event::Wait(w) => {
                    self.flush_all(sys)?;
                    return Err(Blocked::Step(Step::Wait(w)));
                }
            }
        }
    }

    // ---- the whole ---------------------------------------------------------------------------

    fn forget(&mut self) {
        self.stack.clear();
        self.frames.clear();
        self.keys.clear();
    }

    /// What comes when a part of the program is over.
    fn go_on(&mut self, sys: &mut Sys<'_>) -> Result<Option<Step>, Blocked> {
        match self.phase {
            Phase::Begin if self.code.main.is_none() && self.code.end.is_none() => self.phase = Phase::Over,
            Phase::Begin => self.phase = Phase::Main,
            Phase::Main => match self.next_record(sys)? {
                Some(r) => {
                    self.set_record(&String::from_utf8_lossy(&r));
                    self.at = self.code.main;
                }
                None => {
                    self.phase = Phase::End;
                    self.at = self.code.end;
                    if self.at.is_none() {
                        self.phase = Phase::Over;
                    }
                }
            },
            Phase::End => self.phase = Phase::Over,
            Phase::Over => {
                self.close_all(sys)?;
                return Ok(Some(Step::Exit(self.code_of_exit)));
            }
        }
        Ok(None)
    }
}

impl Program for Machine {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        for _ in 0..TURN {
            let before = self.phase;
            let done = match self.at {
                Some(at) => self.step(at, sys).map(|next| {
                    self.at = next;
                    // `exit` outside of `END` goes there.
                    if next.is_none() && self.phase == Phase::End && before != Phase::End {
                        self.at = self.code.end;
                    }
                    None
                }),
                None => self.go_on(sys),
            };
            match done {
                Ok(None) => {}
                Ok(Some(step)) | Err(Blocked::Step(step)) => return step,
                Err(Blocked::Error(text)) => {
                    self.err.extend(format!("awk: {text}\n").bytes());
                    self.forget();
                    (self.at, self.phase, self.code_of_exit) = (None, Phase::Over, if self.gnu { 2 } else { 1 });
                }
            }
        }
        Step::Again
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
