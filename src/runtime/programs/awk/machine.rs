//! Takes the steps of a program of `awk`.

mod record;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::regex::{Matcher, Syntax};
use super::super::source::{Event, Source};
use super::compile::{ARGV, Code, ENVIRON, Op, Place, Reads, SPECIAL};
use super::lexer::escaped;
use super::streams::{Ends, Streams, cut};
use super::syntax::Operator;
use super::values::{Array, Value, formatted, number_text};
use crate::runtime::kernel::{ProcessId, Program, Step, Sys};

/// Steps without letting others have a turn.
const TURN: usize = 50;
/// How long a text may become that is put together.
const LONGEST_TEXT: usize = 1 << 20;
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
    /// What the present turn has cost: long texts cost more.
    spent: usize,
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
            spent: 0,
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
                if a.len() + b.len() > LONGEST_TEXT {
                    return Err(Blocked::Error("out of memory".into()));
                }
                self.spent += (a.len() + b.len()) / 512;
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
        self.spent = 0;
        while self.spent < TURN {
            self.spent += 1;
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
