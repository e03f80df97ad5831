//! Reads a program of `awk`.

mod operands;

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
}

fn is_target(e: &Expr) -> bool {
    matches!(e, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..))
}
