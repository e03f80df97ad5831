//! Tests a name that `find` met.

use super::super::{echo, moments, users};
use super::{Act, Exec, Kind, Node, Sys, Test, name, permissions};

fn compared(n: i64, sign: char, with: i64) -> bool {
    match sign {
        '+' => n > with,
        '-' => n < with,
        _ => n == with,
    }
}

/// One name under test.
pub(super) struct Met<'s, 'a, 'b> {
    pub path: &'s str,
    pub node: &'s Node,
    pub depth: usize,
    pub known: &'s [bool],
    pub used: usize,
    pub prunes: bool,
    pub execs: &'s mut [Exec],
    pub sys: &'a mut Sys<'b>,
}

impl Met<'_, '_, '_> {
    pub(super) fn act(&mut self, act: Act) -> Result<bool, Act> {
        self.used += 1;
        self.known.get(self.used - 1).copied().ok_or(act)
    }

    pub(super) fn check(&mut self, t: &Test) -> Result<bool, Act> {
        let n = self.node;
        Ok(match t {
            Test::All(list) => {
                for t in list {
                    if !self.check(t)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Any(list) => {
                for t in list {
                    if self.check(t)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Not(t) => !self.check(t)?,
            Test::Name { pattern, fold, whole } => {
                let trimmed = self.path.trim_end_matches('/');
                let text = if *whole { self.path } else { name(if trimmed.is_empty() { "/" } else { trimmed }) };
                if *fold { pattern.matches(&text.to_lowercase()) } else { pattern.matches(text) }
            }
            Test::Regex(m) => m.is_match(self.path.as_bytes()),
            Test::Type(letters) => letters.split(',').any(|l| match &n.kind {
                Kind::Directory => l == "d",
                Kind::Link(_) => l == "l",
                Kind::Device(_) => l == "c",
                Kind::File(_) | Kind::Program(_) | Kind::Token(_) => l == "f",
            }),
            Test::Size(want, sign, unit) => {
                let size = i64::try_from(n.size()).unwrap_or(i64::MAX);
                compared((size + unit - 1) / unit, *sign, *want)
            }
            Test::Age(want, sign, unit) => {
                let age = self.sys.now.since(n.modified).as_secs() / unit.as_secs();
                compared(i64::try_from(age).unwrap_or(i64::MAX), *sign, *want)
            }
            Test::Newer(t) => n.modified > *t,
            Test::Permissions(mode, '-') => n.mode & mode == *mode,
            Test::Permissions(mode, '/' | '+') => n.mode & mode != 0 || *mode == 0,
            Test::Permissions(mode, _) => n.mode == *mode,
            Test::User(u) => n.user == *u,
            Test::Group(g) => n.group == *g,
            Test::Empty => match &n.kind {
                Kind::Directory => {
                    let full = self.sys.path(self.path);
                    self.sys.view(|v| v.names(&full)).is_ok_and(|l| l.is_empty())
                }
                Kind::File(b) => b.is_empty(),
                _ => false,
            },
            Test::Constant(b) => *b,
            Test::Executable(l) => {
                let full = self.sys.path(self.path);
                self.sys.view(|v| v.access(&full, *l))
            }
            Test::Print(zero) => self.act(Act::Say(format!("{}{}", self.path, if *zero { '\0' } else { '\n' })))?,
            Test::PrintFormat(f) => {
                let text = self.formatted(f);
                self.act(Act::Say(text))?
            }
            Test::List => {
                let text = format!(
                    "{:>9} {:>6} {} {:>3} {:<8} {:<8} {:>8} {} {}\n",
                    131_072,
                    n.size().div_ceil(4096) * 4,
                    permissions(n),
                    1,
                    n.user,
                    n.group,
                    n.size(),
                    moments::shown(n.modified, "%b %e %H:%M"),
                    self.path
                );
                self.act(Act::Say(text))?
            }
            Test::Exec(i) => {
                if self.execs[*i].gathers {
                    if self.act(Act::Say(String::new()))? && self.used == self.known.len() {
                        let path = self.path.to_string();
                        if self.execs[*i].gathered.last() != Some(&path) {
                            self.execs[*i].gathered.push(path);
                        }
                    }
                    return Ok(true);
                }
                let words = self.execs[*i].words.iter().map(|w| w.replace("{}", self.path)).collect();
                self.act(Act::Run(words))?
            }
            Test::Delete => self.act(Act::Delete)?,
            Test::Prune => {
                self.prunes = true;
                true
            }
            Test::Quit => self.act(Act::Quit)?,
        })
    }

    pub(super) fn formatted(&mut self, format: &str) -> String {
        let mut text = vec![];
        echo::unescape(format, false, &mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let (mut out, mut chars, n) = (String::new(), text.chars(), self.node);
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let kind = match &n.kind {
                Kind::Directory => "d",
                Kind::Link(_) => "l",
                Kind::Device(_) => "c",
                _ => "f",
            };
            match chars.next() {
                Some('p') => out.push_str(self.path),
                Some('f') => out.push_str(name(self.path)),
                Some('h') => out.push_str(self.path.rsplit_once('/').map_or(".", |(d, _)| d)),
                Some('s') => out.push_str(&n.size().to_string()),
                Some('m') => out.push_str(&format!("{:o}", n.mode)),
                Some('M') => out.push_str(&permissions(n)),
                Some('y') => out.push_str(kind),
                Some('d') => out.push_str(&self.depth.to_string()),
                Some('u') => {
                    let user = users::name_of(n.user, self.sys);
                    out.push_str(&user.unwrap_or_else(|| n.user.to_string()));
                }
                Some('U') => out.push_str(&n.user.to_string()),
                Some('t') => out.push_str(&moments::shown(n.modified, "%a %b %e %H:%M:%S %Y")),
                Some('T') => {
                    if chars.next() == Some('@') {
                        out.push_str(&format!("{}.0000000000", n.modified.unix_seconds_and_nanos().0));
                    }
                }
                Some('l') => {
                    if let Kind::Link(to) = &n.kind {
                        out.push_str(to);
                    }
                }
                Some(c) => out.push(c),
                None => out.push('%'),
            }
        }
        out
    }
}
