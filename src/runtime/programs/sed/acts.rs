//! What the commands of a script do.

use super::{Act, LONGEST, Part, Sed, Substitute, Sys};

impl Sed {
    /// Runs one command. Where the script goes on; `None`: the line is done.
    pub(super) fn act(&mut self, i: usize, sys: &mut Sys<'_>) -> Option<usize> {
        let commands = self.commands.clone();
        let c = &commands[i];
        if !self.selected(i, c) {
            return Some(if let Act::Block(end) = c.act { end + 1 } else { i + 1 });
        }
        match &c.act {
            Act::Block(_) | Act::Close | Act::Label(_) => {}
            Act::Append(_) | Act::ReadFile(_) => self.appended.push(c.act.clone()),
            Act::Insert(t) => self.print(t.trim_end_matches('\n').as_bytes(), true),
            Act::Change(t) => {
                let ends = c.to.is_none() || c.negate || self.ranges[i].is_none() || self.is_last();
                if ends {
                    self.print(t.trim_end_matches('\n').as_bytes(), true);
                }
                self.restart = false;
                self.pattern.clear();
                return None;
            }
            Act::Branch(l) => return Some(self.jump(l.as_ref())),
            Act::BranchIf(l) if std::mem::take(&mut self.substituted) => return Some(self.jump(l.as_ref())),
            Act::BranchIf(_) => {}
            Act::BranchUnless(l) if !std::mem::take(&mut self.substituted) => return Some(self.jump(l.as_ref())),
            Act::BranchUnless(_) => {}
            Act::Substitute(s) => self.substitute(s),
            Act::Translate(pairs) => {
                let text = String::from_utf8_lossy(&self.pattern).into_owned();
                let one = |c: char| pairs.iter().find(|(f, _)| *f == c).map_or(c, |(_, t)| *t);
                self.pattern = text.chars().map(one).collect::<String>().into_bytes();
            }
            Act::WriteFile(path) => {
                let text = [&self.pattern[..], b"\n"].concat();
                self.write(path, &text);
            }
            Act::Quit(code, prints) => {
                self.code = *code;
                self.ending = true;
                if *prints {
                    return Some(commands.len());
                }
                self.appended.clear();
                return None;
            }
            // busybox reads it, and that is all.
            Act::List if self.gnu => self.list(),
            Act::List => {}
            Act::Plain(letter) => return self.plain(*letter, i, sys),
        }
        Some(i + 1)
    }

    pub(super) fn plain(&mut self, letter: char, i: usize, _: &mut Sys<'_>) -> Option<usize> {
        match letter {
            'd' => return None,
            'D' => match self.pattern.iter().position(|b| *b == b'\n') {
                Some(n) => {
                    self.pattern.drain(..=n);
                    self.restart = true;
                    return None;
                }
                None => return None,
            },
            'g' => self.pattern = self.hold.clone(),
            'G' => {
                self.pattern.push(b'\n');
                self.pattern.extend(&self.hold);
            }
            'h' => self.hold = self.pattern.clone(),
            'H' => {
                self.hold.push(b'\n');
                self.hold.extend(&self.pattern);
            }
            'n' => {
                if !self.quiet {
                    self.print_pattern();
                }
                self.needs = Some(false);
            }
            'N' => self.needs = Some(true),
            'p' if self.gnu => self.print_pattern(),
            'p' => {
                let text = self.pattern.clone();
                self.print(&text, true);
            }
            'P' => {
                let end = self.pattern.iter().position(|b| *b == b'\n').unwrap_or(self.pattern.len());
                let text = self.pattern[..end].to_vec();
                self.print(&text, true);
            }
            'x' => std::mem::swap(&mut self.pattern, &mut self.hold),
            '=' => {
                let text = self.number.to_string();
                self.print(text.as_bytes(), true);
            }
            'z' => self.pattern.clear(),
            _ => {
                let text = self.file.clone();
                self.print(text.as_bytes(), true);
            }
        }
        // Two spaces that take each other in grow without end.
        for space in [&mut self.pattern, &mut self.hold] {
            space.truncate(LONGEST);
        }
        Some(i + 1)
    }

    pub(super) fn list(&mut self) {
        let mut text = String::new();
        for b in &self.pattern {
            match b {
                b'\n' => text.push_str("\\n"),
                b'\t' => text.push_str("\\t"),
                b'\\' => text.push_str("\\\\"),
                32..=126 => text.push(char::from(*b)),
                b => text.push_str(&format!("\\{b:03o}")),
            }
        }
        text.push('$');
        self.print(text.as_bytes(), true);
    }

    pub(super) fn substitute(&mut self, s: &Substitute) {
        let Some(m) = self.uses(s.pattern.as_ref()) else { return };
        let (text, mut out, mut at, mut copied, mut n, mut changed) =
            (std::mem::take(&mut self.pattern), vec![], 0, 0, 0, false);
        while at <= text.len() && out.len() < LONGEST {
            let Some(groups) = m.groups_at(&text, at) else { break };
            let Some((from, to)) = groups.first().copied().flatten() else { break };
            // Nothing, right after something that matched, does not count.
            let counts = to > from || from != copied || n == 0 || from == 0;
            if counts {
                n += 1;
                if n >= s.nth {
                    out.extend(&text[copied..from]);
                    replace(&s.with, &text, &groups, &mut out);
                    copied = to;
                    changed = true;
                    if !s.global {
                        break;
                    }
                }
            }
            at = if to > from { to } else { to + 1 };
        }
        out.extend(&text[copied..]);
        self.pattern = out;
        if changed {
            self.substituted = true;
            if s.print {
                self.print_pattern();
            }
            if let Some(path) = &s.write {
                let line = [&self.pattern[..], b"\n"].concat();
                self.write(path, &line);
            }
        }
    }

    pub(super) fn write(&mut self, path: &str, text: &[u8]) {
        match path {
            "/dev/stdout" => self.out.extend(text),
            "/dev/stderr" => self.err.extend(text),
            path => {
                let all = self.written.entry(path.into()).or_default();
                if all.len() < LONGEST {
                    all.extend(text);
                }
            }
        }
    }
}

fn replace(with: &[Part], text: &[u8], groups: &[Option<(usize, usize)>], out: &mut Vec<u8>) {
    let (mut whole, mut next) = (None, None);
    for p in with {
        let piece = match p {
            Part::Case(c @ ('U' | 'L')) => {
                whole = Some(*c);
                continue;
            }
            Part::Case('E') => {
                whole = None;
                continue;
            }
            Part::Case(c) => {
                next = Some(*c);
                continue;
            }
            Part::Text(t) => t.as_bytes(),
            Part::Group(n) => groups.get(*n).copied().flatten().map_or(&[][..], |(a, b)| &text[a..b]),
        };
        if whole.is_none() && next.is_none() {
            out.extend(piece);
            continue;
        }
        let piece = String::from_utf8_lossy(piece);
        let mut chars: String = match whole {
            Some('U') => piece.to_uppercase(),
            Some(_) => piece.to_lowercase(),
            None => piece.into_owned(),
        };
        if let (Some(how), Some(first)) = (next, chars.chars().next()) {
            let rest = chars.split_off(first.len_utf8());
            chars =
                if how == 'u' { first.to_uppercase().to_string() } else { first.to_lowercase().to_string() } + &rest;
            next = None;
        }
        out.extend(chars.bytes());
    }
}
