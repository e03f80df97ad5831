//! The record at work, its fields, and where the next one comes from.

use super::{
    ARGV, Arc, Blocked, Ends, Event, FNR, MOST_FIELDS, Machine, Matcher, NR, Source, Step, Syntax, Sys, Taken, Value,
    cut, escaped, special,
};

impl Machine {
    // ---- the record and its fields -----------------------------------------------------------

    pub(super) fn set_record(&mut self, text: &str) {
        (self.record, self.split, self.stale) = (text.into(), false, false);
    }

    pub(super) fn split_record(&mut self) -> Taken {
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

    pub(super) fn rebuild(&mut self) {
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

    pub(super) fn set_field(&mut self, i: usize, v: Value) -> Taken {
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

    pub(super) fn field_number(v: &Value) -> Result<usize, Blocked> {
        let n = v.number();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        if (0.0..1e9).contains(&n) { Ok(n as usize) } else { Err(Blocked::Error("Access to negative field".into())) }
    }

    pub(super) fn count(&mut self, what: usize) {
        self.globals[what] = Value::Number(self.globals[what].number() + 1.0);
    }

    // ---- input -------------------------------------------------------------------------------

    pub(super) fn ends(&mut self) -> Result<Ends, Blocked> {
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
    pub(super) fn next_file(&mut self) -> Option<String> {
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

    pub(super) fn skip_file(&mut self, sys: &mut Sys<'_>) {
        if let Some(s) = &mut self.source {
            s.close(sys);
            s.take_rest();
            self.source = None;
        }
    }

    pub(super) fn next_record(&mut self, sys: &mut Sys<'_>) -> Result<Option<Vec<u8>>, Blocked> {
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
}
