//! Programs that reckon: `expr`, `factor`, `cal`.

use super::Call;
use super::moments::zoned;
use super::regex::{Matcher, Syntax};

struct Expr<'w> {
    words: &'w [String],
    at: usize,
    depth: usize,
}

type Reckoned = Result<String, (String, i32)>;

pub fn expr(c: &mut Call<'_, '_>) -> i32 {
    let args = c.args().to_vec();
    let args = if args.first().is_some_and(|a| a == "--") { &args[1..] } else { &args[..] };
    if args.is_empty() {
        c.cannot("missing operand", "too few arguments");
        return 2;
    }
    let mut e = Expr { words: args, at: 0, depth: 0 };
    match e.or() {
        Ok(_) if e.at < args.len() => {
            c.cannot(format!("syntax error: unexpected argument '{}'", args[e.at]), "syntax error");
            2
        }
        Ok(v) => {
            let code = i32::from(v.is_empty() || v.parse::<i64>() == Ok(0));
            c.line(v);
            code
        }
        Err((text, code)) => {
            c.complain(text);
            code
        }
    }
}

fn flag(b: bool) -> String {
    i32::from(b).to_string()
}

impl Expr<'_> {
    fn accept(&mut self, words: &[&str]) -> Option<String> {
        let w = self.words.get(self.at).filter(|w| words.contains(&w.as_str()))?;
        self.at += 1;
        Some(w.clone())
    }

    fn or(&mut self) -> Reckoned {
        let mut a = self.and()?;
        let nothing = |v: &str| v.is_empty() || v.parse::<i64>() == Ok(0);
        while self.accept(&["|"]).is_some() {
            let b = self.and()?;
            if nothing(&a) {
                a = if nothing(&b) { "0".into() } else { b };
            }
        }
        Ok(a)
    }

    fn and(&mut self) -> Reckoned {
        let mut a = self.comparison()?;
        let nothing = |v: &str| v.is_empty() || v.parse::<i64>() == Ok(0);
        while self.accept(&["&"]).is_some() {
            let b = self.comparison()?;
            if nothing(&a) || nothing(&b) {
                a = "0".into();
            }
        }
        Ok(a)
    }

    fn comparison(&mut self) -> Reckoned {
        let mut a = self.sum()?;
        while let Some(op) = self.accept(&["<", "<=", "=", "==", "!=", ">=", ">"]) {
            let b = self.sum()?;
            let order = match (a.parse::<i64>(), b.parse::<i64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                _ => a.cmp(&b),
            };
            a = flag(match op.as_str() {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                "=" | "==" => order.is_eq(),
                "!=" => order.is_ne(),
                ">=" => order.is_ge(),
                _ => order.is_gt(),
            });
        }
        Ok(a)
    }

    fn numbers(a: &str, b: &str) -> Result<(i64, i64), (String, i32)> {
        let n = |t: &str| t.parse::<i64>().map_err(|_| ("non-integer argument".to_string(), 2));
        Ok((n(a)?, n(b)?))
    }

    fn sum(&mut self) -> Reckoned {
        let mut a = self.product()?;
        while let Some(op) = self.accept(&["+", "-"]) {
            let (x, y) = Expr::numbers(&a, &self.product()?)?;
            a = if op == "+" { x.wrapping_add(y) } else { x.wrapping_sub(y) }.to_string();
        }
        Ok(a)
    }

    fn product(&mut self) -> Reckoned {
        let mut a = self.matching()?;
        while let Some(op) = self.accept(&["*", "/", "%"]) {
            let (x, y) = Expr::numbers(&a, &self.matching()?)?;
            if op != "*" && y == 0 {
                return Err(("division by zero".into(), 2));
            }
            a = match op.as_str() {
                "*" => x.wrapping_mul(y),
                "/" => x.wrapping_div(y),
                _ => x.wrapping_rem(y),
            }
            .to_string();
        }
        Ok(a)
    }

    fn matching(&mut self) -> Reckoned {
        let mut a = self.word()?;
        while self.accept(&[":"]).is_some() {
            let pattern = self.word()?;
            a = matched(&a, &pattern)?;
        }
        Ok(a)
    }

    fn word(&mut self) -> Reckoned {
        let too_few = || ("syntax error".to_string(), 2);
        let w = self.words.get(self.at).cloned().ok_or_else(too_few)?;
        self.at += 1;
        self.depth += 1;
        if self.depth > 200 {
            return Err(too_few());
        }
        let more = self.at < self.words.len();
        let v = match w.as_str() {
            "(" => {
                let v = self.or()?;
                self.accept(&[")"]).ok_or_else(too_few)?;
                v
            }
            ")" => return Err(too_few()),
            "+" if more => {
                self.at += 1;
                self.words[self.at - 1].clone()
            }
            "length" if more => self.word()?.chars().count().to_string(),
            "match" if more => {
                let (t, p) = (self.word()?, self.word()?);
                matched(&t, &p)?
            }
            "index" if more => {
                let (t, set) = (self.word()?, self.word()?);
                t.chars().position(|c| set.contains(c)).map_or(0, |i| i + 1).to_string()
            }
            "substr" if more => {
                let (t, from, n) = (self.word()?, self.word()?, self.word()?);
                match (from.parse::<usize>(), n.parse::<usize>()) {
                    (Ok(from), Ok(n)) if from > 0 => t.chars().skip(from - 1).take(n).collect(),
                    _ => String::new(),
                }
            }
            _ => w,
        };
        self.depth -= 1;
        Ok(v)
    }
}

/// What the first group matched, or how many letters matched, from the beginning on.
fn matched(text: &str, pattern: &str) -> Reckoned {
    let grouped = pattern.contains("\\(");
    let m = Matcher::new(&format!("^{}", pattern.strip_prefix('^').unwrap_or(pattern)), Syntax::Basic, false)
        .map_err(|e| (e.to_string(), 2))?;
    let found = m.groups_at(text.as_bytes(), 0);
    Ok(match (found, grouped) {
        (Some(g), true) => g.get(1).copied().flatten().map_or_else(String::new, |(a, b)| text[a..b].into()),
        (Some(g), false) => g[0].map_or(0, |(a, b)| text[a..b].chars().count()).to_string(),
        (None, true) => String::new(),
        (None, false) => "0".into(),
    })
}

pub fn factor(c: &mut Call<'_, '_>) -> i32 {
    let mut words = c.args().to_vec();
    if words.is_empty() {
        let Ok(text) = c.read("-") else { return 1 };
        words = String::from_utf8_lossy(&text).split_whitespace().map(String::from).collect();
    }
    let mut code = 0;
    for w in words {
        let Ok(n) = w.parse::<u64>() else {
            c.cannot(format!("'{w}' is not a valid positive integer"), format!("invalid number '{w}'"));
            code = 1;
            continue;
        };
        let (mut left, mut p, mut factors) = (n, 2u64, vec![]);
        // Large primes would take long: what has no factor up to here is shown as it is.
        while p * p <= left && p < 3_000_000 {
            while left.is_multiple_of(p) {
                factors.push(p);
                left /= p;
            }
            p += if p == 2 { 1 } else { 2 };
        }
        if left > 1 {
            factors.push(left);
        }
        let text: String = factors.iter().map(|f| format!(" {f}")).collect();
        c.line(format!("{n}:{text}"));
    }
    code
}

pub fn cal(c: &mut Call<'_, '_>) -> i32 {
    let today = zoned(c.sys.now).date();
    let numbers: Vec<i16> = c.args().iter().filter_map(|a| a.parse().ok()).collect();
    let months: Vec<(i16, i8)> = match numbers.as_slice() {
        [] => vec![(today.year(), today.month())],
        [year] => (1..=12).map(|m| (*year, m)).collect(),
        [month, year, ..] => vec![(*year, i8::try_from(*month).unwrap_or(0))],
    };
    for (i, (year, month)) in months.iter().enumerate() {
        let Ok(first) = jiff::civil::Date::new(*year, *month, 1) else {
            c.complain("illegal month value: use 1-12");
            return 1;
        };
        if i > 0 {
            c.line("");
        }
        let title = first.strftime("%B %Y").to_string();
        let indent = 20usize.saturating_sub(title.len()) / 2;
        c.line(format!("{}{title}", " ".repeat(indent)));
        c.line("Su Mo Tu We Th Fr Sa");
        let skip = first.weekday().to_sunday_zero_offset();
        let mut row = "   ".repeat(usize::try_from(skip).unwrap_or(0));
        for day in 1..=first.days_in_month() {
            row.push_str(&format!("{day:>2} "));
            if (skip + day) % 7 == 0 || day == first.days_in_month() {
                c.line(row.trim_end());
                row.clear();
            }
        }
    }
    0
}
