//! Expressions of `awk`, the loosest operators first.

use super::{BUILTINS, Expr, From, KEYWORDS, Operator, Parsed, Parser, Token, is_target};

impl Parser {
    // ---- expressions, the loosest first --------------------------------------------------------

    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(Parser::assignment)
    }

    pub(super) fn assignment(&mut self) -> Parsed<Expr> {
        let left = self.ternary()?;
        let operator = match self.token {
            Token::Sign("=") => None,
            Token::Sign("+=") => Some(Operator::Add),
            Token::Sign("-=") => Some(Operator::Subtract),
            Token::Sign("*=") => Some(Operator::Multiply),
            Token::Sign("/=") => Some(Operator::Divide),
            Token::Sign("%=") => Some(Operator::Modulo),
            Token::Sign("^=") => Some(Operator::Power),
            _ => return Ok(left),
        };
        self.advance()?;
        self.newlines()?;
        let right = Box::new(self.expr()?);
        // `1 == x = 2`, `!x = y`: what is assigned to is the last thing on the left.
        match left {
            l if is_target(&l) => Ok(Expr::Assign(Box::new(l), operator, right)),
            Expr::Not(l) if is_target(&l) => Ok(Expr::Not(Box::new(Expr::Assign(l, operator, right)))),
            Expr::And(a, l) if is_target(&l) => Ok(Expr::And(a, Box::new(Expr::Assign(l, operator, right)))),
            Expr::Or(a, l) if is_target(&l) => Ok(Expr::Or(a, Box::new(Expr::Assign(l, operator, right)))),
            _ => Err("Unexpected token".into()),
        }
    }

    pub(super) fn ternary(&mut self) -> Parsed<Expr> {
        let condition = self.or()?;
        if !self.accept("?")? {
            return Ok(condition);
        }
        self.newlines()?;
        let a = self.expr()?;
        self.newlines()?;
        self.expect(":")?;
        self.newlines()?;
        let b = self.expr()?;
        Ok(Expr::If(Box::new(condition), Box::new(a), Box::new(b)))
    }

    pub(super) fn or(&mut self) -> Parsed<Expr> {
        let mut e = self.and()?;
        while self.accept("||")? {
            self.newlines()?;
            e = Expr::Or(Box::new(e), Box::new(self.and()?));
        }
        Ok(e)
    }

    pub(super) fn and(&mut self) -> Parsed<Expr> {
        let mut e = self.membership()?;
        while self.accept("&&")? {
            self.newlines()?;
            e = Expr::And(Box::new(e), Box::new(self.membership()?));
        }
        Ok(e)
    }

    pub(super) fn membership(&mut self) -> Parsed<Expr> {
        let mut e = self.matching()?;
        while self.is_word("in") {
            self.advance()?;
            let array = self.name()?;
            let index = if let Expr::Group(list) = e { list } else { vec![e] };
            e = Expr::In(index, array);
        }
        Ok(e)
    }

    pub(super) fn matching(&mut self) -> Parsed<Expr> {
        let mut e = self.comparison()?;
        while self.is("~") || self.is("!~") {
            let negated = self.is("!~");
            self.advance()?;
            let pattern = Box::new(self.comparison()?);
            e = Expr::Match { negated, text: Box::new(e), pattern };
        }
        Ok(e)
    }

    pub(super) fn comparison(&mut self) -> Parsed<Expr> {
        let mut e = self.concatenation()?;
        loop {
            let operator = match self.token {
                Token::Sign("<") => Operator::Less,
                Token::Sign("<=") => Operator::LessEqual,
                Token::Sign("==") => Operator::Equal,
                Token::Sign("!=") => Operator::NotEqual,
                Token::Sign(">") if !self.no_greater => Operator::Greater,
                Token::Sign(">=") => Operator::GreaterEqual,
                Token::Sign("|") => {
                    let (at, line, began) = (self.lexer.at, self.lexer.line, self.began);
                    self.advance()?;
                    if !self.is_word("getline") {
                        (self.lexer.at, self.lexer.line, self.token, self.began) = (at, line, Token::Sign("|"), began);
                        return Ok(e);
                    }
                    self.advance()?;
                    let target = self.target()?;
                    e = Expr::Getline { from: From::Command(Box::new(e)), target };
                    continue;
                }
                _ => return Ok(e),
            };
            self.advance()?;
            e = Expr::Two(operator, Box::new(e), Box::new(self.concatenation()?));
        }
    }

    /// Whether something that can be concatenated begins here.
    pub(super) fn begins_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) => true,
            Token::Name(n) | Token::Called(n) => !KEYWORDS.contains(&n.as_str()),
            Token::Sign(s) => ["$", "!", "(", "-", "+", "++", "--"].contains(s),
            _ => false,
        }
    }

    pub(super) fn concatenation(&mut self) -> Parsed<Expr> {
        let mut e = self.sum()?;
        // A sign would have been taken for a sum.
        while self.begins_operand() && !self.is("+") && !self.is("-") && !self.is("!") {
            e = Expr::Two(Operator::Concatenate, Box::new(e), Box::new(self.sum()?));
        }
        Ok(e)
    }

    pub(super) fn sum(&mut self) -> Parsed<Expr> {
        let mut e = self.product()?;
        loop {
            let operator = match self.token {
                Token::Sign("+") => Operator::Add,
                Token::Sign("-") => Operator::Subtract,
                _ => return Ok(e),
            };
            self.advance()?;
            e = Expr::Two(operator, Box::new(e), Box::new(self.product()?));
        }
    }

    pub(super) fn product(&mut self) -> Parsed<Expr> {
        let mut e = self.unary()?;
        loop {
            let operator = match self.token {
                Token::Sign("*") => Operator::Multiply,
                Token::Sign("/") => Operator::Divide,
                Token::Sign("%") => Operator::Modulo,
                _ => return Ok(e),
            };
            self.advance()?;
            e = Expr::Two(operator, Box::new(e), Box::new(self.unary()?));
        }
    }

    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        let sign = match self.token {
            Token::Sign(s @ ("!" | "-" | "+")) => s,
            _ => return self.power(),
        };
        self.advance()?;
        let e = Box::new(self.deeper(Parser::unary)?);
        Ok(match sign {
            "!" => Expr::Not(e),
            "-" => Expr::Minus(e),
            _ => Expr::Plus(e),
        })
    }

    pub(super) fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.accept("^")? {
            return Ok(base);
        }
        let exponent = self.deeper(|p| if p.is("-") || p.is("+") || p.is("!") { p.unary() } else { p.power() })?;
        Ok(Expr::Two(Operator::Power, Box::new(base), Box::new(exponent)))
    }

    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let e = self.primary()?;
        if is_target(&e) && (self.is("++") || self.is("--")) {
            let by = if self.is("++") { 1.0 } else { -1.0 };
            self.advance()?;
            return Ok(Expr::Step { of: Box::new(e), by, before: false });
        }
        Ok(e)
    }

    /// What `getline` reads into.
    pub(super) fn target(&mut self) -> Parsed<Option<Box<Expr>>> {
        let there = match &self.token {
            Token::Name(n) => !KEYWORDS.contains(&n.as_str()),
            Token::Sign("$") => true,
            _ => false,
        };
        if !there {
            return Ok(None);
        }
        let e = self.primary()?;
        if is_target(&e) { Ok(Some(Box::new(e))) } else { Err("Unexpected token".into()) }
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        self.deeper(Parser::primary_here)
    }

    pub(super) fn primary_here(&mut self) -> Parsed<Expr> {
        match self.token.clone() {
            Token::Number(n) => self.advance().map(|()| Expr::Number(n)),
            Token::Text(t) => self.advance().map(|()| Expr::Text(t)),
            Token::Sign("/") | Token::Sign("/=") => {
                self.lexer.at = self.began;
                // Blanks may stand before the slash.
                loop {
                    let word = self.lexer.next()?;
                    if let Token::Sign(s) = word {
                        self.lexer.at -= s.len() - 1;
                        break;
                    }
                }
                let text = self.lexer.regex()?;
                self.advance()?;
                Ok(Expr::Regex(text))
            }
            Token::Sign("$") => {
                self.advance()?;
                if self.is("++") || self.is("--") {
                    let by = if self.is("++") { 1.0 } else { -1.0 };
                    self.advance()?;
                    let of = Box::new(self.primary()?);
                    return Ok(Expr::Field(Box::new(Expr::Step { of, by, before: true })));
                }
                if self.accept("-")? {
                    return Ok(Expr::Field(Box::new(Expr::Minus(Box::new(self.primary()?)))));
                }
                Ok(Expr::Field(Box::new(self.primary()?)))
            }
            Token::Sign(s @ ("++" | "--")) => {
                self.advance()?;
                let of = self.primary()?;
                if !is_target(&of) {
                    return Err("Unexpected token".into());
                }
                Ok(Expr::Step { of: Box::new(of), by: if s == "++" { 1.0 } else { -1.0 }, before: true })
            }
            Token::Sign("(") => {
                self.advance()?;
                let mut list = self.list(")")?;
                match list.len() {
                    0 => Err("Unexpected token".into()),
                    1 => Ok(list.remove(0)),
                    _ => Ok(Expr::Group(list)),
                }
            }
            Token::Sign("-" | "+" | "!") => self.unary(),
            Token::Name(n) | Token::Called(n) if n == "getline" => {
                self.advance()?;
                let target = self.target()?;
                let from = match self.accept("<")? {
                    true => From::File(Box::new(self.primary()?)),
                    false => From::Input,
                };
                Ok(Expr::Getline { from, target })
            }
            Token::Called(n) | Token::Name(n) if !KEYWORDS.contains(&n.as_str()) => self.named(n),
            Token::End => Err("Unexpected end of input".into()),
            _ => Err("Unexpected token".into()),
        }
    }

    pub(super) fn named(&mut self, name: String) -> Parsed<Expr> {
        let called = matches!(self.token, Token::Called(_));
        self.advance()?;
        if let Some((builtin, least, most)) = BUILTINS.iter().find(|(b, ..)| *b == name) {
            let args = if self.is("(") {
                self.advance()?;
                self.list(")")?
            } else {
                vec![]
            };
            if args.len() < *least {
                return Err("Too few arguments".into());
            }
            if args.len() > *most {
                return Err("Too many arguments".into());
            }
            return Ok(Expr::Builtin(builtin, args));
        }
        if called {
            self.advance()?;
            return Ok(Expr::Call(name, self.list(")")?));
        }
        if self.accept("[")? {
            return Ok(Expr::Element(name, self.list("]")?));
        }
        Ok(Expr::Variable(name))
    }
}
