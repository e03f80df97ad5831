//! Reads what `find` is to look for.

use super::super::{rights, users};
use super::{Duration, Exec, Matcher, Pattern, Syntax, Sys, Test};

pub(super) struct Parser<'w, 'a, 'b> {
    pub words: &'w [String],
    pub at: usize,
    pub execs: Vec<Exec>,
    pub acts: bool,
    pub least: usize,
    pub most: usize,
    pub depth_first: bool,
    pub follows: bool,
    pub nested: usize,
    pub gnu: bool,
    pub sys: &'a mut Sys<'b>,
}

/// `+5`, `-5`, `5`: the number and its sign.
fn counted(text: &str) -> Option<(char, &str)> {
    Some(match text.chars().next()? {
        c @ ('+' | '-') => (c, &text[1..]),
        _ => ('=', text),
    })
}

impl Parser<'_, '_, '_> {
    pub(super) fn unrecognized(&self, w: &str) -> String {
        if self.gnu { format!("unknown predicate `{w}'") } else { format!("unrecognized: {w}") }
    }

    pub(super) fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    pub(super) fn any(&mut self) -> Result<Test, String> {
        let mut all = vec![self.all()?];
        while matches!(self.peek(), Some("-o" | "-or")) {
            self.at += 1;
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Test::Any(all) })
    }

    pub(super) fn all(&mut self) -> Result<Test, String> {
        let mut all = vec![];
        loop {
            match self.peek() {
                None | Some(")" | "-o" | "-or") => break,
                Some("-a" | "-and") => self.at += 1,
                Some(_) => all.push(self.one()?),
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Test::All(all) })
    }

    pub(super) fn value(&mut self, of: &str) -> Result<String, String> {
        let v = self.words.get(self.at).cloned();
        self.at += 1;
        v.ok_or_else(
            || if self.gnu { format!("missing argument to `{of}'") } else { format!("{of}: argument missing") },
        )
    }

    pub(super) fn number(&mut self, of: &str) -> Result<(i64, char, String), String> {
        let text = self.value(of)?;
        let bad = || format!("invalid argument `{text}' to `{of}'");
        let (sign, rest) = counted(&text).ok_or_else(bad)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Ok((rest[..end].parse().map_err(|_| bad())?, sign, rest[end..].to_string()))
    }

    pub(super) fn one(&mut self) -> Result<Test, String> {
        let w = self.value("expression")?;
        self.nested += 1;
        if self.nested > 2_000 {
            return Err("expression is too long".into());
        }
        Ok(match w.as_str() {
            "(" => {
                if self.nested > 100 {
                    return Err("parentheses lie too deep".into());
                }
                let t = self.any()?;
                if self.peek() != Some(")") {
                    return Err("unpaired '('".into());
                }
                self.at += 1;
                t
            }
            "!" | "-not" => {
                if self.nested > 100 {
                    return Err("expression is too long".into());
                }
                Test::Not(Box::new(self.one()?))
            }
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename" => {
                let (fold, whole) = (w.starts_with("-i"), w.ends_with("path") || w.ends_with("wholename"));
                let text = self.value(&w)?;
                let text = if fold { text.to_lowercase() } else { text };
                Test::Name { pattern: Pattern::parse(&text), fold, whole }
            }
            "-regex" | "-iregex" => {
                let text = format!("^({})$", self.value(&w)?);
                let m = Matcher::new(&text.replace('(', "\\(").replace(')', "\\)"), Syntax::Basic, w == "-iregex");
                Test::Regex(m.map_err(String::from)?)
            }
            "-type" | "-xtype" => Test::Type(self.value(&w)?),
            "-size" => {
                let (n, sign, unit) = self.number(&w)?;
                let size = match unit.as_str() {
                    "c" => 1,
                    "w" => 2,
                    "k" => 1 << 10,
                    "M" => 1 << 20,
                    "G" => 1 << 30,
                    _ => 512,
                };
                Test::Size(n, sign, size)
            }
            "-mtime" | "-atime" | "-ctime" | "-mmin" | "-amin" | "-cmin" => {
                let (n, sign, _) = self.number(&w)?;
                Test::Age(n, sign, Duration::from_secs(if w.ends_with("min") { 60 } else { 86_400 }))
            }
            "-newer" => {
                let f = self.value(&w)?;
                let path = self.sys.path(&f);
                Test::Newer(self.sys.view(|v| v.stat(&path)).map_err(|e| format!("{f}: {}", e.text()))?.modified)
            }
            "-perm" => {
                let text = self.value(&w)?;
                let (sign, mode) = match text.strip_prefix(['-', '/', '+']) {
                    Some(rest) => (text.chars().next().unwrap_or('='), rest),
                    None => ('=', text.as_str()),
                };
                let mode = rights::changed(mode, 0, false, 0).ok_or(format!("invalid mode '{text}'"))?;
                Test::Permissions(mode, sign)
            }
            "-user" | "-group" => {
                let text = self.value(&w)?;
                let n = match w.as_str() {
                    "-user" => users::find(&text, self.sys).map(|(u, _)| u),
                    _ => users::find_group(&text, self.sys),
                };
                let n = n.ok_or(format!("unknown {} {text}", &w[1..]))?;
                if w == "-user" { Test::User(n) } else { Test::Group(n) }
            }
            "-empty" => Test::Empty,
            "-true" => Test::Constant(true),
            "-false" => Test::Constant(false),
            "-executable" => Test::Executable('x'),
            "-readable" => Test::Executable('r'),
            "-writable" => Test::Executable('w'),
            _ => return self.other(&w),
        })
    }

    pub(super) fn other(&mut self, w: &str) -> Result<Test, String> {
        let n = |t: String| t.parse::<usize>().map_err(|_| format!("invalid number '{t}'"));
        match w {
            "-maxdepth" => self.most = n(self.value(w)?)?,
            "-mindepth" => self.least = n(self.value(w)?)?,
            "-depth" => self.depth_first = true,
            "-follow" => self.follows = true,
            "-xdev" | "-mount" | "-noleaf" | "-daystart" => {}
            "-prune" => return Ok(Test::Prune),
            _ => {
                self.acts = true;
                return match w {
                    "-print" => Ok(Test::Print(false)),
                    "-print0" => Ok(Test::Print(true)),
                    "-printf" if self.gnu => Ok(Test::PrintFormat(self.value(w)?)),
                    "-ls" if self.gnu => Ok(Test::List),
                    "-quit" => Ok(Test::Quit),
                    "-delete" => {
                        self.depth_first = true;
                        Ok(Test::Delete)
                    }
                    "-exec" | "-ok" | "-execdir" => self.exec(w),
                    w => Err(self.unrecognized(w)),
                };
            }
        }
        Ok(Test::Constant(true))
    }

    pub(super) fn exec(&mut self, w: &str) -> Result<Test, String> {
        let rest = &self.words[self.at..];
        let end = (0..rest.len()).find(|i| rest[*i] == ";" || (rest[*i] == "+" && *i > 0 && rest[*i - 1] == "{}"));
        let Some(end) = end.filter(|e| *e > 0) else {
            return Err(if self.gnu { format!("missing argument to `{w}'") } else { format!("{w}: argument missing") });
        };
        let gathers = rest[end] == "+";
        let words = rest[..end - usize::from(gathers)].to_vec();
        self.at += end + 1;
        self.execs.push(Exec { words, gathers, gathered: vec![] });
        Ok(Test::Exec(self.execs.len() - 1))
    }
}
