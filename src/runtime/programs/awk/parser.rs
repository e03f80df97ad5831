//! Reads a program of `awk`.

use super::lexer::{Lexer, Token};
use super::syntax::{BUILTINS, Expr, From, Function, Operator, Pattern, Program, Redirect, Rule, Stmt};

pub struct Parser {
    lexer: Lexer,
    token: Token,
    /// Where the present word begins.
    began: usize,
    /// `>` prints into a file here.
    no_greater: bool,
    depth: usize,
}

/// How deep expressions and statements may lie in one another.
const DEEPEST: usize = 100;

type Parsed<T> = Result<T, String>;

pub fn parse(text: &str) -> Result<Program, String> {
    let mut p = Parser { lexer: Lexer::new(text), token: Token::End, began: 0, no_greater: false, depth: 0 };
    let done = p.advance().and_then(|()| p.program());
    done.map_err(|e| format!("cmd. line:{}: {e}", p.lexer.line))
}

const KEYWORDS: [&str; 20] = [
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next", "nextfile",
    "exit", "return", "delete", "in", "getline", "print", "printf",
];

impl Parser {
    fn advance(&mut self) -> Parsed<()> {
        self.began = self.lexer.at;
        self.token = self.lexer.next()?;
        Ok(())
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(s) if s == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Name(n) | Token::Called(n) if n == word)
    }

    fn accept(&mut self, sign: &str) -> Parsed<bool> {
        let there = self.is(sign);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.accept(sign)? { Ok(()) } else { Err("Unexpected token".into()) }
    }

    fn newlines(&mut self) -> Parsed<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    fn ends(&mut self) -> Parsed<()> {
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        Ok(())
    }

    fn name(&mut self) -> Parsed<String> {
        match self.token.clone() {
            Token::Name(n) | Token::Called(n) if !KEYWORDS.contains(&n.as_str()) => {
                self.advance()?;
                Ok(n)
            }
            _ => Err("Unexpected token".into()),
        }
    }

    fn deeper<T>(&mut self, act: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deeply".into());
        }
        let r = act(self);
        self.depth -= 1;
        r
    }

    fn program(&mut self) -> Parsed<Program> {
        let mut out = Program::default();
        loop {
            self.ends()?;
            if self.token == Token::End {
                return Ok(out);
            }
            if self.is_word("function") || self.is_word("func") {
                out.functions.push(self.function()?);
                continue;
            }
            let pattern = if self.is_word("BEGIN") {
                self.advance()?;
                Pattern::Begin
            } else if self.is_word("END") {
                self.advance()?;
                Pattern::End
            } else if self.is("{") {
                Pattern::Always
            } else {
                let first = self.expr()?;
                if self.accept(",")? {
                    self.newlines()?;
                    Pattern::Range(first, self.expr()?)
                } else {
                    Pattern::When(first)
                }
            };
            let body = if self.is("{") { Some(self.block()?) } else { None };
            if body.is_none() && matches!(pattern, Pattern::Begin | Pattern::End) {
                return Err("Unexpected token".into());
            }
            out.rules.push(Rule { pattern, body });
        }
    }

    fn function(&mut self) -> Parsed<Function> {
        self.advance()?;
        let name = self.name()?;
        self.expect("(")?;
        let mut params = vec![];
        while !self.accept(")")? {
            params.push(self.name()?);
            self.accept(",")?;
            self.newlines()?;
        }
        self.newlines()?;
        Ok(Function { name, params, body: self.block()? })
    }

    fn block(&mut self) -> Parsed<Stmt> {
        self.expect("{")?;
        let mut list = vec![];
        loop {
            self.ends()?;
            if self.accept("}")? {
                return Ok(Stmt::Block(list));
            }
            if self.token == Token::End {
                return Err("Unexpected end of input".into());
            }
            list.push(self.statement()?);
        }
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        self.deeper(Parser::statement_here)
    }

    fn statement_here(&mut self) -> Parsed<Stmt> {
        if self.is("{") {
            return self.block();
        }
        if self.accept(";")? {
            return Ok(Stmt::Block(vec![]));
        }
        let word = match &self.token {
            Token::Name(n) | Token::Called(n) => n.clone(),
            _ => String::new(),
        };
        match word.as_str() {
            "if" => {
                let condition = self.condition()?;
                let then = Box::new(self.statement()?);
                // `else` may stand after a semicolon and line ends.
                let (at, line, token, began) = (self.lexer.at, self.lexer.line, self.token.clone(), self.began);
                self.ends()?;
                if self.is_word("else") {
                    self.advance()?;
                    self.newlines()?;
                    return Ok(Stmt::If(condition, then, Some(Box::new(self.statement()?))));
                }
                (self.lexer.at, self.lexer.line, self.token, self.began) = (at, line, token, began);
                Ok(Stmt::If(condition, then, None))
            }
            "while" => {
                let condition = self.condition()?;
                if self.is(";") {
                    return Ok(Stmt::While(condition, Box::new(Stmt::Block(vec![]))));
                }
                Ok(Stmt::While(condition, Box::new(self.statement()?)))
            }
            "do" => {
                self.advance()?;
                self.newlines()?;
                let body = Box::new(self.statement()?);
                self.ends()?;
                if !self.is_word("while") {
                    return Err("Unexpected token".into());
                }
                Ok(Stmt::Do(body, self.condition()?))
            }
            "for" => self.for_(),
            _ => {
                let s = self.simple()?;
                if !self.is(";") && !self.is("}") && self.token != Token::Newline && self.token != Token::End {
                    return Err("Unexpected token".into());
                }
                self.accept(";")?;
                Ok(s)
            }
        }
    }

    fn condition(&mut self) -> Parsed<Expr> {
        self.advance()?;
        self.expect("(")?;
        let e = self.expr()?;
        self.expect(")")?;
        if !self.is(";") {
            self.newlines()?;
        }
        Ok(e)
    }

    fn for_(&mut self) -> Parsed<Stmt> {
        self.advance()?;
        self.expect("(")?;
        if let Token::Name(name) = self.token.clone()
            && !KEYWORDS.contains(&name.as_str())
        {
            let (at, line, began) = (self.lexer.at, self.lexer.line, self.began);
            self.advance()?;
            if self.is_word("in") {
                self.advance()?;
                if let Token::Name(array) = self.token.clone() {
                    self.advance()?;
                    if self.accept(")")? {
                        self.newlines()?;
                        return Ok(Stmt::ForIn(name, array, Box::new(self.statement()?)));
                    }
                }
            }
            (self.lexer.at, self.lexer.line, self.token, self.began) = (at, line, Token::Name(name), began);
        }
        let start = if self.is(";") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(";")?;
        self.newlines()?;
        let condition = if self.is(";") { None } else { Some(self.expr()?) };
        self.expect(";")?;
        self.newlines()?;
        let step = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        if self.accept(";")? {
            return Ok(Stmt::For(start, condition, step, Box::new(Stmt::Block(vec![]))));
        }
        self.newlines()?;
        Ok(Stmt::For(start, condition, step, Box::new(self.statement()?)))
    }

    fn at_end(&self) -> bool {
        self.is(";") || self.is("}") || self.is(")") || matches!(self.token, Token::Newline | Token::End)
    }

    fn simple(&mut self) -> Parsed<Stmt> {
        let word = match &self.token {
            Token::Name(n) | Token::Called(n) => n.clone(),
            _ => String::new(),
        };
        let plain = |p: &mut Parser, s: Stmt| p.advance().map(|()| s);
        match word.as_str() {
            "print" | "printf" => self.print(word == "printf"),
            "next" => plain(self, Stmt::Next),
            "nextfile" => plain(self, Stmt::NextFile),
            "break" => plain(self, Stmt::Break),
            "continue" => plain(self, Stmt::Continue),
            "exit" | "return" => {
                self.advance()?;
                let value = if self.at_end() { None } else { Some(self.expr()?) };
                Ok(if word == "exit" { Stmt::Exit(value) } else { Stmt::Return(value) })
            }
            "delete" => {
                self.advance()?;
                let name = self.name()?;
                let index = if self.accept("[")? { Some(self.list("]")?) } else { None };
                Ok(Stmt::Delete(name, index))
            }
            _ => Ok(Stmt::Expr(self.expr()?)),
        }
    }

    fn print(&mut self, formatted: bool) -> Parsed<Stmt> {
        self.advance()?;
        let before = std::mem::replace(&mut self.no_greater, true);
        let mut args = vec![];
        let ends = |p: &Parser| p.at_end() || p.is(">") || p.is(">>") || p.is("|");
        if !ends(self) {
            args.push(self.expr()?);
            while self.accept(",")? {
                self.newlines()?;
                args.push(self.expr()?);
            }
        }
        if let [Expr::Group(list)] = args.as_slice() {
            args = list.clone();
        }
        let how = match self.token {
            Token::Sign(">") => Some(Redirect::Write),
            Token::Sign(">>") => Some(Redirect::Append),
            Token::Sign("|") => Some(Redirect::Pipe),
            _ => None,
        };
        let to = match how {
            Some(how) => {
                self.advance()?;
                Some((how, self.concatenation()?))
            }
            None => None,
        };
        self.no_greater = before;
        if formatted && args.is_empty() {
            return Err("Too few arguments".into());
        }
        Ok(Stmt::Print { args, formatted, to })
    }

    fn list(&mut self, end: &str) -> Parsed<Vec<Expr>> {
        let before = std::mem::take(&mut self.no_greater);
        let mut out = vec![];
        self.newlines()?;
        while !self.is(end) {
            out.push(self.expr()?);
            self.newlines()?;
            if !self.accept(",")? {
                break;
            }
            self.newlines()?;
        }
        self.no_greater = before;
        self.expect(end)?;
        Ok(out)
    }

    // ---- expressions, the loosest first --------------------------------------------------------

    fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(Parser::assignment)
    }

    fn assignment(&mut self) -> Parsed<Expr> {
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

    fn ternary(&mut self) -> Parsed<Expr> {
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

    fn or(&mut self) -> Parsed<Expr> {
        let mut e = self.and()?;
        while self.accept("||")? {
            self.newlines()?;
            e = Expr::Or(Box::new(e), Box::new(self.and()?));
        }
        Ok(e)
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut e = self.membership()?;
        while self.accept("&&")? {
            self.newlines()?;
            e = Expr::And(Box::new(e), Box::new(self.membership()?));
        }
        Ok(e)
    }

    fn membership(&mut self) -> Parsed<Expr> {
        let mut e = self.matching()?;
        while self.is_word("in") {
            self.advance()?;
            let array = self.name()?;
            let index = if let Expr::Group(list) = e { list } else { vec![e] };
            e = Expr::In(index, array);
        }
        Ok(e)
    }

    fn matching(&mut self) -> Parsed<Expr> {
        let mut e = self.comparison()?;
        while self.is("~") || self.is("!~") {
            let negated = self.is("!~");
            self.advance()?;
            let pattern = Box::new(self.comparison()?);
            e = Expr::Match { negated, text: Box::new(e), pattern };
        }
        Ok(e)
    }

    fn comparison(&mut self) -> Parsed<Expr> {
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
    fn begins_operand(&self) -> bool {
        match &self.token {
            Token::Number(_) | Token::Text(_) => true,
            Token::Name(n) | Token::Called(n) => !KEYWORDS.contains(&n.as_str()),
            Token::Sign(s) => ["$", "!", "(", "-", "+", "++", "--"].contains(s),
            _ => false,
        }
    }

    fn concatenation(&mut self) -> Parsed<Expr> {
        let mut e = self.sum()?;
        // A sign would have been taken for a sum.
        while self.begins_operand() && !self.is("+") && !self.is("-") && !self.is("!") {
            e = Expr::Two(Operator::Concatenate, Box::new(e), Box::new(self.sum()?));
        }
        Ok(e)
    }

    fn sum(&mut self) -> Parsed<Expr> {
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

    fn product(&mut self) -> Parsed<Expr> {
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

    fn unary(&mut self) -> Parsed<Expr> {
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

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.accept("^")? {
            return Ok(base);
        }
        let exponent = self.deeper(|p| if p.is("-") || p.is("+") || p.is("!") { p.unary() } else { p.power() })?;
        Ok(Expr::Two(Operator::Power, Box::new(base), Box::new(exponent)))
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let e = self.primary()?;
        if is_target(&e) && (self.is("++") || self.is("--")) {
            let by = if self.is("++") { 1.0 } else { -1.0 };
            self.advance()?;
            return Ok(Expr::Step { of: Box::new(e), by, before: false });
        }
        Ok(e)
    }

    /// What `getline` reads into.
    fn target(&mut self) -> Parsed<Option<Box<Expr>>> {
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

    fn primary(&mut self) -> Parsed<Expr> {
        self.deeper(Parser::primary_here)
    }

    fn primary_here(&mut self) -> Parsed<Expr> {
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

    fn named(&mut self, name: String) -> Parsed<Expr> {
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

fn is_target(e: &Expr) -> bool {
    matches!(e, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..))
}
