//! `test` and `[`.

use super::arithmetic::number;
use crate::runtime::kernel::tree::{Kind, Node};
use crate::runtime::kernel::{Fd, Sys};

const UNARY: &str = "bcdefghkLnprstuwxzSO";

/// What a test with one operand says. `None`: there is no such operator.
pub fn unary(operator: &str, word: &str, sys: &mut Sys<'_>) -> Option<bool> {
    let letter = operator.strip_prefix('-').filter(|l| l.len() == 1)?.chars().next()?;
    if !UNARY.contains(letter) {
        return None;
    }
    let path = sys.path(word);
    let made = crate::runtime::kernel::proc::read(sys, &path).is_some_and(|r| r.is_ok());
    let of = |sys: &mut Sys<'_>, f: fn(&Node) -> bool| sys.view(|v| v.stat(&path)).is_ok_and(|n| f(&n));
    Some(match letter {
        'n' => !word.is_empty(),
        'z' => word.is_empty(),
        't' => word.parse::<Fd>().is_ok_and(|fd| sys.is_terminal(fd)),
        'e' => made || sys.view(|v| v.exists(&path)),
        'f' => made || of(sys, |n| matches!(n.kind, Kind::File(_) | Kind::Program(_) | Kind::Token(_))),
        'd' => sys.view(|v| v.is_directory(&path)),
        'h' | 'L' => sys.view(|v| v.link_stat(&path)).is_ok_and(|n| matches!(n.kind, Kind::Link(_))),
        's' => of(sys, |n| n.size() > 0),
        'r' => made || sys.view(|v| v.access(&path, 'r')),
        'w' => sys.view(|v| v.access(&path, 'w')),
        'x' => sys.view(|v| v.access(&path, 'x')),
        'c' => of(sys, |n| matches!(n.kind, Kind::Device(_))),
        'O' => {
            let who = sys.who().user;
            sys.view(|v| v.stat(&path)).is_ok_and(|n| n.user == who)
        }
        'g' => of(sys, |n| n.mode & 0o2000 != 0),
        'u' => of(sys, |n| n.mode & 0o4000 != 0),
        'k' => of(sys, |n| n.mode & 0o1000 != 0),
        _ => false,
    })
}

fn is_binary(operator: &str) -> bool {
    ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"].contains(&operator)
}

pub fn binary(operator: &str, left: &str, right: &str, sys: &mut Sys<'_>) -> Result<bool, String> {
    let n = |t: &str| number(t.trim()).ok_or_else(|| format!("Illegal number: {t}"));
    let modified = |sys: &mut Sys<'_>, p: &str| {
        let p = sys.path(p);
        sys.view(|v| v.stat(&p)).ok().map(|n| n.modified)
    };
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-eq" => n(left)? == n(right)?,
        "-ne" => n(left)? != n(right)?,
        "-lt" => n(left)? < n(right)?,
        "-le" => n(left)? <= n(right)?,
        "-gt" => n(left)? > n(right)?,
        "-ge" => n(left)? >= n(right)?,
        "-nt" => modified(sys, left) > modified(sys, right),
        "-ot" => modified(sys, left) < modified(sys, right),
        "-ef" => {
            let (l, r) = (sys.path(left), sys.path(right));
            sys.view(|v| v.resolve(&l, true)) == sys.view(|v| v.resolve(&r, true))
        }
        other => return Err(format!("{other}: unknown operand")),
    })
}

/// How deep parentheses may lie.
const MAX_DEPTH: usize = 60;

struct Parser<'a, 'b, 'c> {
    words: &'a [String],
    at: usize,
    depth: usize,
    sys: &'b mut Sys<'c>,
}

/// What the words say: the error is what `test` says of them.
pub fn evaluate(words: &[String], sys: &mut Sys<'_>) -> Result<bool, String> {
    // POSIX goes by the number of words first, so that operands may look like operators.
    match words {
        [] => return Ok(false),
        [one] => return Ok(!one.is_empty()),
        [not, one] if not == "!" => return Ok(one.is_empty()),
        [op, one] if op != "(" => {
            return unary(op, one, sys).ok_or_else(|| format!("{op}: unexpected operator"));
        }
        [a, op, b] if is_binary(op) => return binary(op, a, b, sys),
        [not, rest @ ..] if not == "!" && rest.len() <= 3 => return evaluate(rest, sys).map(|r| !r),
        _ => {}
    }
    let mut p = Parser { words, at: 0, depth: 0, sys };
    let r = p.or()?;
    match p.words.get(p.at) {
        None => Ok(r),
        Some(w) => Err(format!("{w}: unexpected operator")),
    }
}

impl Parser<'_, '_, '_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let w = self.words.get(self.at).cloned().ok_or("argument expected")?;
        self.at += 1;
        Ok(w)
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut r = self.and()?;
        while self.peek() == Some("-o") {
            self.at += 1;
            r |= self.and()?;
        }
        Ok(r)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut r = self.not()?;
        while self.peek() == Some("-a") {
            self.at += 1;
            r &= self.not()?;
        }
        Ok(r)
    }

    fn not(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many nested expressions".into());
        }
        let r = match self.peek() {
            Some("!") => {
                self.at += 1;
                self.not().map(|r| !r)
            }
            _ => self.primary(),
        };
        self.depth -= 1;
        r
    }

    fn primary(&mut self) -> Result<bool, String> {
        let first = self.next()?;
        if let Some(op) = self.peek().map(String::from).filter(|o| is_binary(o)) {
            self.at += 1;
            let right = self.next()?;
            return binary(&op, &first, &right, self.sys);
        }
        if first == "(" {
            let r = self.or()?;
            if self.next()? != ")" {
                return Err("closing paren expected".into());
            }
            return Ok(r);
        }
        let is_unary = first.len() == 2 && first.starts_with('-') && UNARY.contains(&first[1..]);
        if is_unary && self.at < self.words.len() {
            let w = self.next()?;
            return unary(&first, &w, self.sys).ok_or_else(|| format!("{first}: unexpected operator"));
        }
        Ok(!first.is_empty())
    }
}
