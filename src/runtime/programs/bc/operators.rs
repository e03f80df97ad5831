//! Expressions of `bc`, the loosest operators first.

use super::decimal::{Decimal, MOST_DIGITS, ten};
use super::{Bc, BigInt, Reckoned};

impl Bc<'_> {
    pub(super) fn value(&mut self) -> Reckoned {
        self.depth += 1;
        if self.depth > 100 {
            return Err("nested too deeply".into());
        }
        self.tick()?;
        let r = self.comparison();
        self.depth -= 1;
        r
    }

    pub(super) fn comparison(&mut self) -> Reckoned {
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

    pub(super) fn sum(&mut self) -> Reckoned {
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

    pub(super) fn product(&mut self) -> Reckoned {
        let mut a = self.unary()?;
        loop {
            let Some(op) = ["*", "/", "%"].into_iter().find(|s| self.accept(s)) else { return Ok(a) };
            let b = self.unary()?;
            a = self.two(op, &a, &b)?;
        }
    }

    pub(super) fn two(&self, op: &str, a: &Decimal, b: &Decimal) -> Reckoned {
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

    pub(super) fn unary(&mut self) -> Reckoned {
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

    pub(super) fn power(&mut self) -> Reckoned {
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

    pub(super) fn value_of_power(&mut self) -> Reckoned {
        self.depth += 1;
        if self.depth > 100 {
            return Err("nested too deeply".into());
        }
        let v = self.unary();
        self.depth -= 1;
        v
    }

    pub(super) fn primary(&mut self) -> Reckoned {
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

    pub(super) fn named(&mut self, name: &str) -> Reckoned {
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

    pub(super) fn get(&self, name: &str) -> Decimal {
        match name {
            "scale" => Decimal::whole(i64::from(self.scale)),
            "ibase" | "obase" => Decimal::whole(10),
            n => self.variables.get(n).cloned().unwrap_or_else(|| Decimal::whole(0)),
        }
    }

    pub(super) fn set(&mut self, name: &str, v: Decimal) -> Result<(), String> {
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

    pub(super) fn function(&self, name: &str, v: &Decimal) -> Reckoned {
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
