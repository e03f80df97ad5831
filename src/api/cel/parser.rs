//! Reads an expression into its tree.
//!
//! The grammar is CEL's; what is told of an expression that does not follow it: [`syntax_errors`].
//! Real Kubernetes: cel-go/parser/parser.go.

use super::ast::{Entry, Expr, Field, Id, Kind, Source};
use super::escaping::is_reserved;
use super::issue::Issues;
use super::lexer::{Lexeme, Token, lex};
use super::literal;
use super::macros;
use super::syntax_errors::syntax_errors;
use super::value::Value;

/// The longest expression, in characters.
const LONGEST: usize = 100_000;
/// How deep an expression may be nested.
pub const DEEPEST: usize = 250;

/// Why the parser gave up.
enum Halt {
    Syntax,
    TooDeep,
}

type Parsed<T> = Result<T, Halt>;

pub struct Parser<'a> {
    tokens: Vec<Lexeme<'a>>,
    at: usize,
    pub source: Source,
    pub issues: Issues,
    depth: usize,
    pub bindings: bool,
}

/// The tree of an expression, and what is wrong with it. `bindings`: whether `cel.bind` is known.
pub fn parse(text: &str, bindings: bool) -> (Option<Expr>, Source, Issues) {
    let size = text.chars().count();
    let mut issues = Issues::default();
    if size > LONGEST {
        let why = format!("expression code point size exceeds limit: size: {size}, limit {LONGEST}");
        issues.add(None, why);
        return (None, Source::new(text), issues);
    }
    let Some(tokens) = lex(text) else {
        return (None, Source::new(text), syntax_errors(text));
    };
    let mut parser = Parser { tokens, at: 0, source: Source::new(text), issues, depth: 0, bindings };
    let parsed = parser.expr().and_then(|e| if parser.token() == Token::End { Ok(e) } else { Err(Halt::Syntax) });
    match parsed {
        Ok(e) => (Some(e), parser.source, parser.issues),
        Err(Halt::Syntax) => (None, Source::new(text), syntax_errors(text)),
        Err(Halt::TooDeep) => {
            let mut issues = Issues::default();
            issues.add(None, format!("expression recursion limit exceeded: {DEEPEST}"));
            (None, Source::new(text), issues)
        }
    }
}

impl<'a> Parser<'a> {
    /// Names a node that stands at a place.
    pub fn id(&mut self, place: usize) -> Id {
        self.source.places.push(place);
        self.source.places.len() - 1
    }

    pub fn node(&mut self, place: usize, kind: Kind) -> Expr {
        Expr { id: self.id(place), kind }
    }

    pub fn error(&mut self, place: usize, message: impl Into<String>) -> Expr {
        let at = self.source.position(place);
        self.issues.add(Some(at), message);
        self.node(place, Kind::Nothing)
    }

    fn peek(&self) -> Lexeme<'a> {
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn token(&self) -> Token {
        self.peek().token
    }

    fn sees(&self, sign: &str) -> bool {
        let t = self.peek();
        t.token == Token::Sign && t.text == sign
    }

    fn sees_after(&self, sign: &str) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|t| t.token == Token::Sign && t.text == sign)
    }

    fn take(&mut self) -> Lexeme<'a> {
        let t = self.peek();
        self.at += 1;
        t
    }

    fn accept(&mut self, sign: &str) -> Option<usize> {
        self.sees(sign).then(|| self.take().place)
    }

    fn expect(&mut self, sign: &str) -> Parsed<usize> {
        self.accept(sign).ok_or(Halt::Syntax)
    }

    fn ident(&mut self) -> Parsed<Lexeme<'a>> {
        if self.token() == Token::Ident { Ok(self.take()) } else { Err(Halt::Syntax) }
    }

    fn deeper<T>(&mut self, by: usize, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += by;
        if self.depth > DEEPEST {
            return Err(Halt::TooDeep);
        }
        let result = inner(self);
        self.depth -= by;
        result
    }

    fn expr(&mut self) -> Parsed<Expr> {
        // A nested expression takes the reader more room than a longer chain.
        self.deeper(4, |p| {
            let condition = p.logic("||")?;
            let Some(place) = p.accept("?") else { return Ok(condition) };
            let id = p.id(place);
            let yes = p.logic("||")?;
            p.expect(":")?;
            let no = p.expr()?;
            Ok(Expr { id, kind: call("_?_:_", vec![condition, yes, no]) })
        })
    }

    /// Terms of `||` or `&&`, joined into a balanced tree.
    fn logic(&mut self, sign: &str) -> Parsed<Expr> {
        let mut terms = vec![self.logic_term(sign)?];
        let mut ids = vec![];
        while let Some(place) = self.accept(sign) {
            terms.push(self.logic_term(sign)?);
            ids.push(self.id(place));
        }
        let function = if sign == "||" { "_||_" } else { "_&&_" };
        Ok(balanced(function, &mut terms.into_iter().map(Some).collect::<Vec<_>>(), &ids, 0))
    }

    fn logic_term(&mut self, sign: &str) -> Parsed<Expr> {
        if sign == "||" { self.logic("&&") } else { self.relation() }
    }

    fn relation(&mut self) -> Parsed<Expr> {
        self.chain(&["<", "<=", ">=", ">", "==", "!=", "in"], Self::sum)
    }

    fn sum(&mut self) -> Parsed<Expr> {
        self.chain(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Parsed<Expr> {
        self.chain(&["*", "/", "%"], Self::unary)
    }

    /// Operands with operators that bind to the left.
    fn chain(&mut self, signs: &[&str], operand: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        let mut left = operand(self)?;
        let before = self.depth;
        while let Some(sign) = signs.iter().find(|s| self.sees(s)) {
            let place = self.take().place;
            let id = self.id(place);
            let right = operand(self)?;
            let function = if *sign == "in" { "@in".into() } else { format!("_{sign}_") };
            left = Expr { id, kind: call(&function, vec![left, right]) };
            self.lengthen()?;
        }
        self.depth = before;
        Ok(left)
    }

    /// A longer chain is a deeper tree.
    fn lengthen(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(Halt::TooDeep) } else { Ok(()) }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        for (sign, function) in [("!", "!_"), ("-", "-_")] {
            let place = self.peek().place;
            let mut count = 0;
            while self.sees(sign) && !(sign == "-" && count == 0 && self.number_follows()) {
                self.take();
                count += 1;
            }
            if count > 0 {
                if count % 2 == 0 {
                    return self.member();
                }
                let id = self.id(place);
                let operand = self.member()?;
                return Ok(Expr { id, kind: call(function, vec![operand]) });
            }
        }
        self.member()
    }

    fn number_follows(&self) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|t| matches!(t.token, Token::Int | Token::Float))
    }

    fn member(&mut self) -> Parsed<Expr> {
        let mut e = self.primary()?;
        let before = self.depth;
        loop {
            if let Some(place) = self.accept(".") {
                e = self.selected(e, place)?;
            } else if let Some(place) = self.accept("[") {
                let optional = self.accept("?").is_some();
                let id = self.id(place);
                let index = self.expr()?;
                self.expect("]")?;
                e = Expr { id, kind: call(if optional { "_[?_]" } else { "_[_]" }, vec![e, index]) };
            } else {
                self.depth = before;
                return Ok(e);
            }
            self.lengthen()?;
        }
    }

    fn selected(&mut self, operand: Expr, place: usize) -> Parsed<Expr> {
        let optional = self.accept("?").is_some();
        if self.token() == Token::EscapedIdent {
            let name = self.take();
            self.error(name.place, "unsupported syntax: '`'");
            return Ok(self.node(place, Kind::Nothing));
        }
        let name = self.ident()?;
        if optional {
            let field = self.node(name.place, Kind::Literal(Value::string(name.text)));
            return Ok(self.node(place, call("_?._", vec![operand, field])));
        }
        if let Some(open) = self.accept("(") {
            let id = self.id(open);
            let args = self.arguments()?;
            return Ok(macros::member_call(self, id, name.text, operand, args));
        }
        Ok(self.node(place, Kind::Select { operand: Box::new(operand), field: name.text.into(), test: false }))
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut all = vec![];
        if self.accept(")").is_some() {
            return Ok(all);
        }
        // Macros make three nodes of one: a bound for their arguments is one for the tree.
        loop {
            all.push(self.deeper(3, Self::expr)?);
            if self.accept(",").is_none() {
                self.expect(")")?;
                return Ok(all);
            }
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let t = self.peek();
        match t.token {
            Token::Ident => self.named(),
            Token::Int | Token::Uint | Token::Float | Token::String | Token::Bytes => {
                self.take();
                Ok(self.literal(t, "", t.place))
            }
            Token::Sign => match t.text {
                "(" => {
                    self.take();
                    let e = self.expr()?;
                    self.expect(")")?;
                    Ok(e)
                }
                "[" => self.list(),
                "{" => self.map(),
                "." => self.named(),
                "-" if self.number_follows() => {
                    self.take();
                    let number = self.take();
                    Ok(self.literal(number, "-", t.place))
                }
                "true" | "false" | "null" => {
                    self.take();
                    let value = if t.text == "null" { Value::Null } else { Value::Bool(t.text == "true") };
                    Ok(self.node(t.place, Kind::Literal(value)))
                }
                _ => Err(Halt::Syntax),
            },
            Token::EscapedIdent | Token::End => Err(Halt::Syntax),
        }
    }

    fn literal(&mut self, t: Lexeme<'a>, sign: &str, place: usize) -> Expr {
        match literal::read(t.token, &format!("{sign}{}", t.text)) {
            Ok(value) => self.node(place, Kind::Literal(value)),
            Err(why) => self.error(place, why),
        }
    }

    /// A variable, a function or the name of a type whose object follows.
    fn named(&mut self) -> Parsed<Expr> {
        let start = self.peek().place;
        let dot = if self.accept(".").is_some() { "." } else { "" };
        let name = self.ident()?;
        if let Some(message) = self.message(dot, name)? {
            return Ok(message);
        }
        let reserved = is_reserved(name.text);
        let called = self.accept("(");
        let args = if called.is_some() { self.arguments()? } else { vec![] };
        if reserved {
            return Ok(self.error(start, format!("reserved identifier: {}", name.text)));
        }
        let full = format!("{dot}{}", name.text);
        match called {
            Some(open) => {
                let id = self.id(open);
                Ok(macros::global_call(self, id, &full, args))
            }
            None => Ok(self.node(name.place, Kind::Ident(full))),
        }
    }

    /// `Type.Name{field: value}`, if a bracket follows the name.
    fn message(&mut self, dot: &str, first: Lexeme<'a>) -> Parsed<Option<Expr>> {
        let before = self.at;
        let mut name = format!("{dot}{}", first.text);
        while self.sees(".") && self.tokens.get(self.at + 1).is_some_and(|t| t.token == Token::Ident) {
            self.take();
            name = format!("{name}.{}", self.take().text);
        }
        let Some(place) = self.accept("{") else {
            self.at = before;
            return Ok(None);
        };
        let id = self.id(place);
        let mut fields = vec![];
        while !self.sees("}") {
            let optional = self.accept("?").is_some();
            let field = self.ident()?;
            let colon = self.expect(":")?;
            let field_id = self.id(colon);
            let value = self.expr()?;
            fields.push(Field { id: field_id, name: field.text.into(), value, optional });
            if self.accept(",").is_none() {
                break;
            }
        }
        self.expect("}")?;
        Ok(Some(Expr { id, kind: Kind::Struct { name, fields } }))
    }

    fn list(&mut self) -> Parsed<Expr> {
        let place = self.expect("[")?;
        let id = self.id(place);
        let (mut elements, mut optional) = (vec![], vec![]);
        while !(self.sees("]") || elements.is_empty() && self.sees(",") && self.sees_after("]")) {
            if self.accept("?").is_some() {
                optional.push(elements.len());
            }
            elements.push(self.expr()?);
            if self.accept(",").is_none() {
                break;
            }
        }
        self.accept(",");
        self.expect("]")?;
        Ok(Expr { id, kind: Kind::List { elements, optional } })
    }

    fn map(&mut self) -> Parsed<Expr> {
        let place = self.expect("{")?;
        let id = self.id(place);
        let mut entries = vec![];
        while !self.sees("}") {
            let optional = self.accept("?").is_some();
            let key = self.expr()?;
            let colon = self.expect(":")?;
            self.id(colon);
            let value = self.expr()?;
            entries.push(Entry { key, value, optional });
            if self.accept(",").is_none() {
                break;
            }
        }
        self.expect("}")?;
        Ok(Expr { id, kind: Kind::Map(entries) })
    }
}

pub fn call(function: &str, args: Vec<Expr>) -> Kind {
    Kind::Call { function: function.into(), target: None, args }
}

/// Splits the terms in the middle, as cel-go does to keep the tree low.
fn balanced(function: &str, terms: &mut [Option<Expr>], ids: &[Id], at: usize) -> Expr {
    let nothing = || Expr { id: 0, kind: Kind::Nothing };
    if let [only] = terms {
        return only.take().unwrap_or_else(nothing);
    }
    let middle = (terms.len() - 1) / 2 + 1;
    let (left, right) = terms.split_at_mut(middle);
    let id = ids.get(at + middle - 1).copied().unwrap_or_default();
    let left = balanced(function, left, ids, at);
    let right = balanced(function, right, ids, at + middle);
    Expr { id, kind: call(function, vec![left, right]) }
}
