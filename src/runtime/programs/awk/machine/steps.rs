//! What each step does.

use super::super::syntax::Redirect;
use super::{
    Arc, Array, Blocked, Frame, Item, MOST_FRAMES, Machine, NR, Op, Phase, Reads, Slot, Sys, Taken, Value, formatted,
    number_text,
};

impl Machine {
    // ---- steps -------------------------------------------------------------------------------

    /// Takes the step at a place. Where it goes on; `None`: this part of the program is over.
    pub(super) fn step(&mut self, at: usize, sys: &mut Sys<'_>) -> Result<Option<usize>, Blocked> {
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

    pub(super) fn larger_step(
        &mut self,
        op: &Op,
        next: Option<usize>,
        sys: &mut Sys<'_>,
    ) -> Result<Option<usize>, Blocked> {
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

    pub(super) fn call(&mut self, function: usize, args: usize, next: Option<usize>) -> Result<Option<usize>, Blocked> {
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

    pub(super) fn print(&mut self, args: usize, is_formatted: bool, to: Option<Redirect>, sys: &mut Sys<'_>) -> Taken {
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

    pub(super) fn getline(&mut self, reads: Reads, into_record: bool, sys: &mut Sys<'_>) -> Taken {
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
}
