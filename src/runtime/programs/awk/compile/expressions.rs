//! Steps of expressions.

use super::{Arc, Compiler, Done, Expr, From, Matcher, Op, Operator, Reads, Syntax};

impl Compiler<'_> {
    pub(super) fn key(&mut self, index: &[Expr]) -> Done {
        index.iter().try_for_each(|e| self.expr(e))?;
        self.emit(Op::Key(index.len()));
        Ok(())
    }

    /// Stores what lies on top, and leaves it there. What says where is computed here.
    pub(super) fn store(&mut self, target: &Expr) -> Done {
        match target {
            Expr::Variable(n) => {
                let v = self.variable(n);
                self.emit(Op::Store(v));
            }
            Expr::Field(e) => {
                self.expr(e)?;
                self.emit(Op::Swap);
                self.emit(Op::StoreField);
            }
            Expr::Element(n, index) => {
                let a = self.array(n);
                self.key(index)?;
                self.emit(Op::Swap);
                self.emit(Op::StoreElement(a));
            }
            _ => return Err("not something that can be assigned to".into()),
        }
        Ok(())
    }

    pub(super) fn pair(&mut self, a: &Expr, b: &Expr) -> Done {
        self.expr(a)?;
        self.expr(b)
    }

    /// `&&` and `||`.
    pub(super) fn chain(&mut self, a: &Expr, b: &Expr, and: bool) -> Done {
        let jump = if and { Op::JumpFalse } else { Op::JumpTrue };
        self.expr(a)?;
        let first = self.hole(jump);
        self.expr(b)?;
        let second = self.hole(jump);
        self.emit(Op::Number(if and { 1.0 } else { 0.0 }));
        let end = self.hole(Op::Jump);
        self.fill(first);
        self.fill(second);
        self.emit(Op::Number(if and { 0.0 } else { 1.0 }));
        self.fill(end);
        Ok(())
    }

    pub(super) fn matches(&mut self, pattern: &Expr) -> Done {
        match pattern {
            Expr::Regex(r) => {
                let m = Matcher::new(r, Syntax::Extended, false).map_err(|e| format!("{e}: /{r}/"))?;
                self.emit(Op::Matches(Arc::new(m)));
            }
            e => {
                self.expr(e)?;
                self.emit(Op::MatchesText);
            }
        }
        Ok(())
    }

    pub(super) fn expr(&mut self, e: &Expr) -> Done {
        match e {
            Expr::Number(n) => self.emit(Op::Number(*n)),
            Expr::Text(t) => self.emit(Op::Text(t.as_str().into())),
            Expr::Regex(_) => {
                self.emit(Op::Number(0.0));
                self.emit(Op::LoadField);
                self.matches(e)?;
            }
            Expr::Variable(n) if self.is_array(n) => return Err(format!("{n}: an array is no value")),
            Expr::Variable(n) => {
                let v = self.variable(n);
                self.emit(Op::Load(v));
            }
            Expr::Field(i) => {
                self.expr(i)?;
                self.emit(Op::LoadField);
            }
            Expr::Element(n, index) => {
                let a = self.array(n);
                self.key(index)?;
                self.emit(Op::LoadElement(a));
            }
            Expr::Assign(target, operator, value) => {
                if let Some(op) = operator {
                    self.pair(target, value)?;
                    self.emit(Op::Two(*op));
                } else {
                    self.expr(value)?;
                }
                self.store(target)?;
            }
            Expr::Step { of, by, before } => {
                self.expr(of)?;
                self.emit(Op::Plus);
                self.emit(Op::Number(*by));
                self.emit(Op::Two(Operator::Add));
                self.store(of)?;
                if !before {
                    self.emit(Op::Number(*by));
                    self.emit(Op::Two(Operator::Subtract));
                }
            }
            Expr::If(condition, a, b) => {
                self.expr(condition)?;
                let otherwise = self.hole(Op::JumpFalse);
                self.expr(a)?;
                let end = self.hole(Op::Jump);
                self.fill(otherwise);
                self.expr(b)?;
                self.fill(end);
            }
            Expr::And(a, b) => self.chain(a, b, true)?,
            Expr::Or(a, b) => self.chain(a, b, false)?,
            Expr::Not(a) | Expr::Minus(a) | Expr::Plus(a) => {
                self.expr(a)?;
                self.emit(match e {
                    Expr::Not(_) => Op::Not,
                    Expr::Minus(_) => Op::Minus,
                    _ => Op::Plus,
                });
            }
            Expr::Two(op, a, b) => {
                self.pair(a, b)?;
                self.emit(Op::Two(*op));
            }
            Expr::Match { negated, text, pattern } => {
                self.expr(text)?;
                self.matches(pattern)?;
                if *negated {
                    self.emit(Op::Not);
                }
            }
            Expr::In(index, array) => {
                let a = self.array(array);
                self.key(index)?;
                self.emit(Op::Contains(a));
            }
            Expr::Group(list) => self.key(list)?,
            Expr::Getline { from, target } => self.getline(from, target.as_deref())?,
            Expr::Call(name, args) => self.call(name, args)?,
            Expr::Builtin(name, args) => self.builtin(name, args)?,
        }
        Ok(())
    }

    pub(super) fn getline(&mut self, from: &From, target: Option<&Expr>) -> Done {
        let reads = match from {
            From::Input => Reads::Input,
            From::File(e) => {
                self.expr(e)?;
                Reads::File
            }
            From::Command(e) => {
                self.expr(e)?;
                Reads::Command
            }
        };
        self.emit(Op::Getline { reads, into_record: target.is_none() });
        if let Some(t) = target {
            let skip = self.hole(Op::SkipUnlessRead);
            self.emit(Op::Line);
            self.store(t)?;
            self.emit(Op::Pop);
            self.fill(skip);
        }
        Ok(())
    }

    pub(super) fn call(&mut self, name: &str, args: &[Expr]) -> Done {
        let function = self.functions.iter().position(|f| f.name == name).ok_or("Call to undefined function")?;
        let params = &self.functions[function].params;
        if args.len() > params.len() {
            return Err(format!("too many arguments to {name}"));
        }
        for (a, p) in args.iter().zip(params) {
            match a {
                Expr::Variable(n) if self.array_params[function].contains(p) => {
                    let array = self.array(n);
                    self.emit(Op::PushArray(array));
                }
                a => self.expr(a)?,
            }
        }
        self.emit(Op::Call { function, args: args.len() });
        Ok(())
    }

    pub(super) fn builtin(&mut self, name: &'static str, args: &[Expr]) -> Done {
        let pattern = |c: &mut Self, e: &Expr| match e {
            Expr::Regex(r) => {
                c.emit(Op::Text(r.as_str().into()));
                Ok(())
            }
            e => c.expr(e),
        };
        match (name, args) {
            ("split", [text, Expr::Variable(n), rest @ ..]) => {
                let a = self.array(n);
                self.expr(text)?;
                rest.iter().try_for_each(|e| pattern(self, e))?;
                self.emit(Op::Split(a, !rest.is_empty()));
            }
            ("split", _) => return Err("split needs an array".into()),
            ("length", [Expr::Variable(n)]) if self.is_array(n) => {
                let a = self.array(n);
                self.emit(Op::LengthOf(a));
            }
            ("sub" | "gsub", [p, with, rest @ ..]) => {
                let record = Expr::Field(Box::new(Expr::Number(0.0)));
                let target = rest.first().unwrap_or(&record);
                pattern(self, p)?;
                self.expr(with)?;
                self.expr(target)?;
                self.emit(Op::Substitute { all: name == "gsub" });
                let skip = self.hole(Op::SkipUnlessChanged);
                if matches!(target, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..)) {
                    self.store(target)?;
                }
                self.emit(Op::Pop);
                self.fill(skip);
            }
            ("match", [text, p]) => {
                self.expr(text)?;
                pattern(self, p)?;
                self.emit(Op::Builtin(name, 2));
            }
            _ => {
                args.iter().try_for_each(|e| self.expr(e))?;
                self.emit(Op::Builtin(name, args.len()));
            }
        }
        Ok(())
    }
}
