//! `bc`: numbers of any length. Expressions, variables, `scale`, comparisons, `sqrt`, `length`, and with `-l` also `s c a l e`.
//!
//! Left out: functions of one's own, arrays, `ibase` and `obase` but 10.

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::Call;

/// A number: its digits, and how many of them stand after the point.
#[derive(Clone, PartialEq, Debug)]
struct Decimal {
    digits: BigInt,
    scale: u32,
}

/// Digits of a number at most.
const MOST_DIGITS: u32 = 2_000;
const MOST_STEPS: usize = 200_000;

fn ten(n: u32) -> BigInt {
    BigInt::from(10).pow(n)
}

impl Decimal {
    fn whole(n: i64) -> Decimal {
        Decimal { digits: n.into(), scale: 0 }
    }

    fn parse(text: &str) -> Option<Decimal> {
        let (a, b) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("0{a}{b}");
        if digits.len() > MOST_DIGITS as usize {
            return None;
        }
        Some(Decimal { digits: digits.parse().ok()?, scale: u32::try_from(b.len()).ok()? })
    }

    /// With so many digits after the point; what is too much is cut off.
    fn at(&self, scale: u32) -> Decimal {
        let digits = match scale.checked_sub(self.scale) {
            Some(more) => &self.digits * ten(more),
            None => &self.digits / ten(self.scale - scale),
        };
        Decimal { digits, scale }
    }

    fn is_zero(&self) -> bool {
        self.digits == BigInt::ZERO
    }

    fn float(&self) -> f64 {
        self.text().replace("\\\n", "").parse().unwrap_or(0.0)
    }

    fn of_float(n: f64, scale: u32) -> Option<Decimal> {
        let text = format!("{:.*}", usize::try_from(scale).unwrap_or(20).min(20), n.abs());
        let d = Decimal::parse(&text)?.at(scale);
        Some(if n < 0.0 { Decimal { digits: -d.digits, ..d } } else { d })
    }

    /// As it is printed: no zero before the point, long ones in lines of 70.
    fn text(&self) -> String {
        let raw = self.digits.to_string();
        let (sign, raw) = raw.strip_prefix('-').map_or(("", raw.as_str()), |r| ("-", r));
        let scale = self.scale as usize;
        let text = if scale == 0 {
            format!("{sign}{raw}")
        } else if self.is_zero() {
            "0".into()
        } else {
            let padded = format!("{raw:0>w$}", w = scale);
            let (a, b) = padded.split_at(padded.len() - scale);
            format!("{sign}{a}.{b}")
        };
        let letters: Vec<char> = text.chars().collect();
        let rows: Vec<String> =
            letters.chunks(if letters.len() > 69 { 69 } else { 70 }).map(|r| r.iter().collect()).collect();
        rows.join("\\\n")
    }
}

struct Bc<'t> {
    chars: &'t [char],
    at: usize,
    variables: BTreeMap<String, Decimal>,
    scale: u32,
    out: String,
    steps: usize,
    depth: usize,
    quit: bool,
}

type Reckoned = Result<Decimal, String>;

pub fn bc(c: &mut Call<'_, '_>) -> i32 {
    let math = c.args().iter().any(|a| a.starts_with('-') && a.contains('l') || a == "--mathlib");
    let mut files: Vec<String> = c.args().iter().filter(|a| !a.starts_with('-')).cloned().collect();
    files.push("-".into());
    let mut text = String::new();
    for f in files {
        match c.read(&f) {
            Ok(b) => text.push_str(&String::from_utf8_lossy(&b)),
            Err(e) => {
                c.complain(format!("{f}: {}", e.text()));
                return 1;
            }
        }
    }
    let chars: Vec<char> = text.replace("\\\n", "").chars().collect();
    let mut b = Bc {
        chars: &chars,
        at: 0,
        variables: BTreeMap::new(),
        scale: if math { 20 } else { 0 },
        out: String::new(),
        steps: 0,
        depth: 0,
        quit: false,
    };
    let done = b.program();
    c.out.extend(b.out.bytes());
    match done {
        Ok(()) => 0,
        Err(e) => {
            c.complain(e);
            1
        }
    }
}

impl Bc<'_> {
    fn blanks(&mut self) {
        loop {
            match self.chars.get(self.at) {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('#') => {
                    while self.chars.get(self.at).is_some_and(|c| *c != '\n') {
                        self.at += 1;
                    }
                }
                Some('/') if self.chars.get(self.at + 1) == Some(&'*') => {
                    self.at += 2;
                    while self.at < self.chars.len() && !self.is("*/") {
                        self.at += 1;
                    }
                    self.at += 2;
                }
                _ => return,
            }
        }
    }

    fn is(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    fn accept(&mut self, text: &str) -> bool {
        self.blanks();
        let there = self.is(text);
        if there {
            self.at += text.len();
        }
        there
    }

    fn name(&mut self) -> Option<String> {
        self.blanks();
        let from = self.at;
        let letter = |c: &char, first: bool| c.is_ascii_lowercase() || (!first && (c.is_ascii_digit() || *c == '_'));
        while self.chars.get(self.at).is_some_and(|c| letter(c, self.at == from)) {
            self.at += 1;
        }
        (self.at > from).then(|| self.chars[from..self.at].iter().collect())
    }

    fn program(&mut self) -> Result<(), String> {
        while !self.quit {
            self.blanks();
            match self.chars.get(self.at) {
                None => return Ok(()),
                Some('\n' | ';') => self.at += 1,
                Some(_) => self.statement(true)?,
            }
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err("interrupted: this takes too long".into()) } else { Ok(()) }
    }

    /// A statement; it is only read if it is not to run.
    fn statement(&mut self, runs: bool) -> Result<(), String> {
        self.tick()?;
        self.depth += 1;
        if self.depth > 60 {
            return Err("nested too deeply".into());
        }
        self.blanks();
        let from = self.at;
        if self.accept("{") {
            loop {
                self.blanks();
                match self.chars.get(self.at) {
                    None => return Err("parse error: bad token".into()),
                    Some('}') => {
                        self.at += 1;
                        break;
                    }
                    Some('\n' | ';') => self.at += 1,
                    Some(_) => self.statement(runs)?,
                }
            }
        } else if self.accept("\"") {
            let from = self.at;
            while self.chars.get(self.at).is_some_and(|c| *c != '"') {
                self.at += 1;
            }
            if runs {
                self.out.extend(&self.chars[from..self.at]);
            }
            self.at += 1;
        } else {
            match self.name().as_deref() {
                Some("quit" | "halt") => self.quit = runs,
                Some("if") => {
                    let yes = self.condition()?;
                    self.statement(runs && yes)?;
                    let after = self.at;
                    while self.accept("\n") || self.accept(";") {}
                    if self.name().as_deref() == Some("else") {
                        self.statement(runs && !yes)?;
                    } else {
                        self.at = after;
                    }
                }
                Some("while") => {
                    let top = self.at;
                    while self.condition()? && runs && !self.quit {
                        self.statement(true)?;
                        self.at = top;
                        self.tick()?;
                    }
                    self.statement(false)?;
                }
                Some("for") => self.for_(runs)?,
                _ => {
                    self.at = from;
                    self.expression(runs)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn condition(&mut self) -> Result<bool, String> {
        if !self.accept("(") {
            return Err("parse error: bad token".into());
        }
        let v = self.value()?;
        if !self.accept(")") {
            return Err("parse error: bad token".into());
        }
        while self.accept("\n") {}
        Ok(!v.is_zero())
    }

    fn for_(&mut self, runs: bool) -> Result<(), String> {
        const BAD: &str = "parse error: bad token";
        if !self.accept("(") {
            return Err(BAD.into());
        }
        self.value()?;
        if !self.accept(";") {
            return Err(BAD.into());
        }
        let condition = self.at;
        loop {
            self.at = condition;
            let goes_on = !self.value()?.is_zero() && runs && !self.quit;
            if !self.accept(";") {
                return Err(BAD.into());
            }
            let step = self.at;
            // The step is read over first, and done after the body.
            let before = self.variables.clone();
            self.value()?;
            self.variables = before;
            if !self.accept(")") {
                return Err(BAD.into());
            }
            while self.accept("\n") {}
            self.statement(goes_on)?;
            if !goes_on {
                return Ok(());
            }
            let after = self.at;
            self.at = step;
            self.value()?;
            self.at = after;
            self.tick()?;
        }
    }

    fn expression(&mut self, runs: bool) -> Result<(), String> {
        let from = self.at;
        let assigns = self.name().is_some() && {
            self.blanks();
            ["=", "+=", "-=", "*=", "/=", "%=", "^="].iter().any(|s| self.is(s)) && !self.is("==")
        };
        self.at = from;
        let before = (self.variables.clone(), self.scale);
        let v = self.value()?;
        if !runs {
            (self.variables, self.scale) = before;
        } else if !assigns {
            self.out.push_str(&v.text());
            self.out.push('\n');
        }
        self.blanks();
        match self.chars.get(self.at) {
            None | Some('\n' | ';' | '}') => Ok(()),
            Some(_) => Err("parse error: bad token".into()),
        }
    }

    fn value(&mut self) -> Reckoned {
        self.depth += 1;
        if self.depth > 100 {
            return Err("nested too deeply".into());
        }
        self.tick()?;
        let r = self.comparison();
        self.depth -= 1;
        r
    }

    fn comparison(&mut self) -> Reckoned {
        let mut a = self.sum()?;
        loop {
            let Some(op) = ["==", "!=", "<=", ">=", "<", ">", "&&", "||"].into_iter().find(|s| self.accept(s)) else {
                return Ok(a);
            };
            let b = self.sum()?;
            let scale = a.scale.max(b.scale);
            let order = a.at(scale).digits.cmp(&b.at(scale).digits);
            let yes = match op {
                "==" => order.is_eq(),
                "!=" => order.is_ne(),
                "<=" => order.is_le(),
                ">=" => order.is_ge(),
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "&&" => !a.is_zero() && !b.is_zero(),
                _ => !a.is_zero() || !b.is_zero(),
            };
            a = Decimal::whole(i64::from(yes));
        }
    }

    fn sum(&mut self) -> Reckoned {
        let mut a = self.product()?;
        loop {
            let minus = if self.accept("+") {
                false
            } else if self.accept("-") {
                true
            } else {
                return Ok(a);
            };
            let b = self.product()?;
            let scale = a.scale.max(b.scale);
            let (x, y) = (a.at(scale).digits, b.at(scale).digits);
            a = Decimal { digits: if minus { x - y } else { x + y }, scale };
        }
    }

    fn product(&mut self) -> Reckoned {
        let mut a = self.unary()?;
        loop {
            let Some(op) = ["*", "/", "%"].into_iter().find(|s| self.accept(s)) else { return Ok(a) };
            let b = self.unary()?;
            a = self.two(op, &a, &b)?;
        }
    }

    fn two(&self, op: &str, a: &Decimal, b: &Decimal) -> Reckoned {
        if op != "*" && b.is_zero() {
            return Err("divide by zero".into());
        }
        let quotient = |scale: u32| a.at(scale + b.scale).digits / &b.digits;
        Ok(match op {
            "*" => {
                let full = Decimal { digits: &a.digits * &b.digits, scale: a.scale + b.scale };
                full.at(full.scale.min(self.scale.max(a.scale).max(b.scale)))
            }
            "/" => Decimal { digits: quotient(self.scale), scale: self.scale },
            _ => {
                let q = Decimal { digits: quotient(self.scale), scale: self.scale };
                let scale = (self.scale + b.scale).max(a.scale);
                let back = Decimal { digits: q.digits * &b.digits, scale: q.scale + b.scale };
                Decimal { digits: a.at(scale).digits - back.at(scale).digits, scale }
            }
        })
    }

    fn unary(&mut self) -> Reckoned {
        if self.accept("-") {
            self.tick()?;
            self.depth += 1;
            if self.depth > 100 {
                return Err("nested too deeply".into());
            }
            let v = self.unary()?;
            self.depth -= 1;
            return Ok(Decimal { digits: -v.digits, ..v });
        }
        if self.accept("!") {
            let v = self.primary()?;
            return Ok(Decimal::whole(i64::from(v.is_zero())));
        }
        self.power()
    }

    fn power(&mut self) -> Reckoned {
        let base = self.primary()?;
        if !self.accept("^") {
            return Ok(base);
        }
        let exponent = self.value_of_power()?;
        let n: i64 = exponent.at(0).digits.try_into().map_err(|_| "exponent too large".to_string())?;
        let times = u32::try_from(n.unsigned_abs()).map_err(|_| "exponent too large".to_string())?;
        let size = u64::try_from(base.digits.to_string().len()).unwrap_or(u64::MAX);
        if size.saturating_mul(u64::from(times)) > u64::from(MOST_DIGITS) * 10 {
            return Err("number too large".into());
        }
        let full = Decimal { digits: base.digits.pow(times), scale: base.scale * times };
        let full = full.at(full.scale.min(self.scale.max(base.scale)));
        if n < 0 { self.two("/", &Decimal::whole(1), &full) } else { Ok(full) }
    }

    fn value_of_power(&mut self) -> Reckoned {
        self.depth += 1;
        if self.depth > 100 {
            return Err("nested too deeply".into());
        }
        let v = self.unary();
        self.depth -= 1;
        v
    }

    fn primary(&mut self) -> Reckoned {
        const BAD: &str = "parse error: bad token";
        if self.accept("(") {
            let v = self.value()?;
            return if self.accept(")") { Ok(v) } else { Err(BAD.into()) };
        }
        let from = self.at;
        while self.chars.get(self.at).is_some_and(|c| c.is_ascii_digit() || *c == '.') {
            self.at += 1;
        }
        if self.at > from {
            let text: String = self.chars[from..self.at].iter().collect();
            return Decimal::parse(&text).ok_or(BAD.into());
        }
        for (sign, by) in [("++", 1), ("--", -1)] {
            if self.accept(sign) {
                let name = self.name().ok_or(BAD)?;
                let v = self.get(&name);
                let new = Decimal { digits: v.digits + ten(v.scale) * by, scale: v.scale };
                self.set(&name, new.clone())?;
                return Ok(new);
            }
        }
        let name = self.name().ok_or(BAD)?;
        if self.accept("(") {
            let v = self.value()?;
            return if self.accept(")") { self.function(&name, &v) } else { Err(BAD.into()) };
        }
        self.named(&name)
    }

    fn named(&mut self, name: &str) -> Reckoned {
        for op in ["+", "-", "*", "/", "%", "^"] {
            if self.accept(&format!("{op}=")) {
                let (a, b) = (self.get(name), self.value()?);
                let scale = a.scale.max(b.scale);
                let (x, y) = (a.at(scale).digits, b.at(scale).digits);
                let v = match op {
                    "+" => Decimal { digits: x + y, scale },
                    "-" => Decimal { digits: x - y, scale },
                    op => self.two(op, &a, &b)?,
                };
                self.set(name, v.clone())?;
                return Ok(v);
            }
        }
        self.blanks();
        if self.is("=") && !self.is("==") {
            self.at += 1;
            let v = self.value()?;
            self.set(name, v.clone())?;
            return Ok(v);
        }
        let v = self.get(name);
        for (sign, by) in [("++", 1), ("--", -1)] {
            if self.is(sign) {
                self.at += 2;
                self.set(name, Decimal { digits: v.digits.clone() + ten(v.scale) * by, scale: v.scale })?;
            }
        }
        Ok(v)
    }

    fn get(&self, name: &str) -> Decimal {
        match name {
            "scale" => Decimal::whole(i64::from(self.scale)),
            "ibase" | "obase" => Decimal::whole(10),
            n => self.variables.get(n).cloned().unwrap_or_else(|| Decimal::whole(0)),
        }
    }

    fn set(&mut self, name: &str, v: Decimal) -> Result<(), String> {
        if v.digits.bits() > u64::from(MOST_DIGITS) * 40 {
            return Err("number too large".into());
        }
        if name == "scale" {
            let n: u32 = v.at(0).digits.try_into().map_err(|_| "scale out of range".to_string())?;
            self.scale = n.min(MOST_DIGITS);
        } else {
            self.variables.insert(name.into(), v);
        }
        Ok(())
    }

    fn function(&self, name: &str, v: &Decimal) -> Reckoned {
        let float = |n: f64| Decimal::of_float(n, self.scale).ok_or("number too large".to_string());
        match name {
            "sqrt" if v.digits < BigInt::ZERO => Err("negative number".into()),
            "sqrt" => {
                let scale = self.scale.max(v.scale);
                Ok(Decimal { digits: v.at(scale * 2).digits.sqrt(), scale })
            }
            "length" => Ok(Decimal::whole(i64::try_from(v.digits.magnitude().to_string().len()).unwrap_or(0))),
            "scale" => Ok(Decimal::whole(i64::from(v.scale))),
            "s" => float(v.float().sin()),
            "c" => float(v.float().cos()),
            "a" => float(v.float().atan()),
            "l" => float(v.float().ln()),
            "e" => float(v.float().exp()),
            _ => Err(format!("undefined function: {name}()")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reckon(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut b = Bc {
            chars: &chars,
            at: 0,
            variables: BTreeMap::new(),
            scale: 0,
            out: String::new(),
            steps: 0,
            depth: 0,
            quit: false,
        };
        let done = b.program();
        b.out + &done.err().unwrap_or_default()
    }

    #[test]
    fn numbers_come_out_as_bc_prints_them() {
        for (text, want) in [
            ("1+2*3\n", "7\n"),
            ("scale=2; 10/3\n", "3.33\n"),
            ("scale=3; 1/8\n", ".125\n"),
            ("2^100\n", "1267650600228229401496703205376\n"),
            ("10/3; 10%3\n", "3\n1\n"),
            ("-5+2\n", "-3\n"),
            ("1.5*1.5\n", "2.2\n"),
            ("i=3; while (i>0) { i; i-=1 }\n", "3\n2\n1\n"),
            ("for (i=0;i<3;i++) i\n", "0\n1\n2\n"),
            ("if (2>1) 5 else 6\n", "5\n"),
            ("sqrt(16); 3==3\n", "4\n1\n"),
            ("1/0\n", "divide by zero"),
        ] {
            assert_eq!(reckon(text), want, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_reckoned_or_refused(t in "[0-9a-c+*/^%(){};=<>.\n -]{0,30}") {
            let _ = reckon(&t);
        }
    }
}
