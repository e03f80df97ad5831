//! `bc`: numbers of any length. Expressions, variables, `scale`, comparisons, `sqrt`, `length`, and with `-l` also `s c a l e`.
//!
//! Left out: functions of one's own, arrays, `ibase` and `obase` but 10.

mod decimal;
mod operators;

use std::collections::BTreeMap;

use num_bigint::BigInt;

use super::Call;
use decimal::Decimal;

/// Steps until it is given up.
const MOST_STEPS: usize = 200_000;

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
            // The statement after an `if` may end where its `else` begins.
            Some(_) if self.is("else") => Ok(()),
            Some(_) => Err("parse error: bad token".into()),
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
