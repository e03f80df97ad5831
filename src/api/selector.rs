//! Label selectors and field selectors: parsing, matching, printing.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/labels`, `pkg/fields`, and `metav1.LabelSelector`.

mod fields;

pub use fields::{FieldTerm, parse_fields};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

pub type Labels = BTreeMap<String, String>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    pub values: Vec<String>,
    /// `a=b` prints differently from `a in (b)`.
    pub equality: Equality,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Equality {
    Set,
    Single,
    Double,
}

impl Requirement {
    fn set(key: &str, operator: Operator, values: Vec<String>) -> Requirement {
        Requirement { key: key.into(), operator, values, equality: Equality::Set }
    }

    pub fn matches(&self, labels: Option<&Labels>) -> bool {
        let value = labels.and_then(|l| l.get(&self.key));
        let number = |s: &str| s.parse::<i64>().ok();
        let bound = || self.values.first().and_then(|v| number(v));
        match self.operator {
            Operator::In => value.is_some_and(|v| self.values.contains(v)),
            Operator::NotIn => value.is_none_or(|v| !self.values.contains(v)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => value.and_then(|v| number(v)).zip(bound()).is_some_and(|(v, b)| v > b),
            Operator::LessThan => value.and_then(|v| number(v)).zip(bound()).is_some_and(|(v, b)| v < b),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.values.first().map_or("", String::as_str);
        match (&self.operator, self.equality) {
            (Operator::In, Equality::Single) => write!(f, "{}={first}", self.key),
            (Operator::In, Equality::Double) => write!(f, "{}=={first}", self.key),
            (Operator::NotIn, Equality::Single | Equality::Double) => write!(f, "{}!={first}", self.key),
            (Operator::In, Equality::Set) => write!(f, "{} in ({})", self.key, sorted(&self.values)),
            (Operator::NotIn, Equality::Set) => write!(f, "{} notin ({})", self.key, sorted(&self.values)),
            (Operator::Exists, _) => write!(f, "{}", self.key),
            (Operator::DoesNotExist, _) => write!(f, "!{}", self.key),
            (Operator::GreaterThan, _) => write!(f, "{}>{first}", self.key),
            (Operator::LessThan, _) => write!(f, "{}<{first}", self.key),
        }
    }
}

fn sorted(values: &[String]) -> String {
    let mut v = values.to_vec();
    v.sort();
    v.join(",")
}

/// All requirements must hold. `Nothing` matches no object at all, `All(vec![])` every one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Selector {
    Nothing,
    All(Vec<Requirement>),
}

impl Selector {
    pub fn everything() -> Selector {
        Selector::All(vec![])
    }

    /// Matches objects that carry all of these labels.
    pub fn of_labels(labels: &Labels) -> Selector {
        Selector::All(
            labels
                .iter()
                .map(|(k, v)| Requirement {
                    key: k.clone(),
                    operator: Operator::In,
                    values: vec![v.clone()],
                    equality: Equality::Single,
                })
                .collect(),
        )
    }

    pub fn of(selector: &LabelSelector) -> Selector {
        let mut all = match &selector.match_labels {
            Some(l) => match Selector::of_labels(l) {
                Selector::All(r) => r,
                Selector::Nothing => vec![],
            },
            None => vec![],
        };
        for e in selector.match_expressions.iter().flatten() {
            let operator = match e.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return Selector::Nothing,
            };
            all.push(Requirement::set(&e.key, operator, e.values.clone().unwrap_or_default()));
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Selector::All(all)
    }

    pub fn matches(&self, labels: Option<&Labels>) -> bool {
        match self {
            Selector::Nothing => false,
            Selector::All(r) => r.iter().all(|r| r.matches(labels)),
        }
    }

    /// Reads what `-l` takes. The error is the whole message the API server would give.
    pub fn parse(text: &str) -> Result<Selector, String> {
        let mut p = Parser { tokens: lex(text), at: 0 };
        let mut all = p.requirements()?;
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Selector::All(all))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Selector::All(r) = self {
            let parts: Vec<String> = r.iter().map(ToString::to_string).collect();
            f.write_str(&parts.join(","))?;
        }
        Ok(())
    }
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Word(String),
    Sign(&'static str),
    End,
}

fn lex(text: &str) -> Vec<Token> {
    const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let mut out = vec![];
    let mut rest = text;
    'outer: while !rest.is_empty() {
        if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        for s in SIGNS {
            if let Some(r) = rest.strip_prefix(s) {
                out.push(Token::Sign(s));
                rest = r;
                continue 'outer;
            }
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=!(),><".contains(c)).unwrap_or(rest.len());
        out.push(Token::Word(rest[..end].into()));
        rest = &rest[end..];
    }
    out.push(Token::End);
    out
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }
    fn next(&mut self) -> Token {
        let t = self.peek().clone();
        self.at += 1;
        t
    }
    fn show(t: &Token) -> String {
        match t {
            Token::Word(w) => w.clone(),
            Token::Sign(s) => (*s).into(),
            Token::End => String::new(),
        }
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut out = vec![];
        if *self.peek() == Token::End {
            return Ok(out);
        }
        loop {
            match self.peek() {
                Token::Word(_) | Token::Sign("!") => {
                    out.push(self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?);
                }
                t => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", Parser::show(t))),
            }
            match self.next() {
                Token::End => return Ok(out),
                Token::Sign(",") => match self.peek() {
                    Token::Word(_) | Token::Sign("!") => {}
                    t => return Err(format!("found '{}', expected: identifier after ','", Parser::show(t))),
                },
                t => return Err(format!("found '{}', expected: ',' or 'end of string'", Parser::show(&t))),
            }
        }
    }

    fn key(&mut self) -> Result<String, String> {
        match self.next() {
            Token::Word(w) => {
                let problems = super::names::qualified_name(&w);
                match problems.first() {
                    Some(p) => Err(format!("<nil>: Invalid value: {w:?}: {p}")),
                    None => Ok(w),
                }
            }
            t => Err(format!("found '{}', expected: identifier", Parser::show(&t))),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        if *self.peek() == Token::Sign("!") {
            self.next();
            return Ok(Requirement::set(&self.key()?, Operator::DoesNotExist, vec![]));
        }
        let key = self.key()?;
        let found = self.peek().clone();
        match found {
            Token::End | Token::Sign(",") => Ok(Requirement::set(&key, Operator::Exists, vec![])),
            Token::Sign(s @ ("=" | "==" | "!=")) => {
                self.next();
                let value = self.value()?;
                check_value(&key, &value)?;
                let operator = if s == "!=" { Operator::NotIn } else { Operator::In };
                let equality = if s == "==" { Equality::Double } else { Equality::Single };
                Ok(Requirement { key, operator, values: vec![value], equality })
            }
            Token::Sign(s @ (">" | "<")) => {
                self.next();
                let value = self.value()?;
                if value.parse::<i64>().is_err() {
                    return Err(format!(
                        "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                    ));
                }
                let operator = if s == ">" { Operator::GreaterThan } else { Operator::LessThan };
                Ok(Requirement { key, operator, values: vec![value], equality: Equality::Single })
            }
            Token::Word(w) if w == "in" || w == "notin" => {
                self.next();
                let values = self.values()?;
                for v in &values {
                    check_value(&key, v)?;
                }
                let operator = if w == "in" { Operator::In } else { Operator::NotIn };
                Ok(Requirement::set(&key, operator, values))
            }
            t => Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", Parser::show(&t))),
        }
    }

    /// The value after `=`; nothing at all is the empty value.
    fn value(&mut self) -> Result<String, String> {
        match self.peek().clone() {
            Token::Word(w) => {
                self.next();
                Ok(w)
            }
            Token::End | Token::Sign(",") => Ok(String::new()),
            t => Err(format!("found '{}', expected: identifier", Parser::show(&t))),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            Token::Sign("(") => {}
            t => return Err(format!("found '{}' expected: '('", Parser::show(&t))),
        }
        match self.peek() {
            // Each once, by the alphabet.
            Token::Word(_) | Token::Sign(",") => Ok(BTreeSet::from_iter(self.list()?).into_iter().collect()),
            Token::Sign(")") => {
                self.next();
                Ok(vec![String::new()])
            }
            t => Err(format!("found '{}', expected: ',', ')' or identifier", Parser::show(t))),
        }
    }

    /// Values up to the parenthesis. Between two commas there is an empty one.
    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut out: Vec<String> = vec![];
        loop {
            match self.next() {
                Token::Word(w) => {
                    out.push(w);
                    match self.peek() {
                        Token::Sign(",") => {}
                        Token::Sign(")") => {
                            self.next();
                            return Ok(out);
                        }
                        t => return Err(format!("found '{}', expected: ',' or ')'", Parser::show(t))),
                    }
                }
                Token::Sign(",") => {
                    if out.is_empty() {
                        out.push(String::new());
                    }
                    if let Token::Sign(sign @ (")" | ",")) = self.peek() {
                        let end = *sign == ")";
                        self.next();
                        out.push(String::new());
                        if end {
                            return Ok(out);
                        }
                    }
                }
                t => return Err(format!("found '{}', expected: ',', or identifier", Parser::show(&t))),
            }
        }
    }
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    match super::names::label_value(value).first() {
        Some(p) => Err(format!("values[0][{key}]: Invalid value: {value:?}: {p}")),
        None => Ok(()),
    }
}

/// `a=b,c=d`, or `none` as describe says.
pub fn labels_text(labels: Option<&Labels>, none: &str) -> String {
    match labels {
        Some(l) if !l.is_empty() => l.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(","),
        _ => none.into(),
    }
}

/// A selector as Go prints the published type.
pub fn go_selector(s: &LabelSelector) -> String {
    let labels: String = s.match_labels.iter().flatten().map(|(k, v)| format!("{k}: {v},")).collect();
    let each = s.match_expressions.iter().flatten().map(|e| {
        let values = e.values.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", e.key, e.operator)
    });
    let expressions: String = each.collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        text.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
    }

    #[test]
    fn selectors_match_as_kubectl_says() {
        let l = labels("app=web,tier=front,n=5");
        for (text, want) in [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("!app", false),
            ("!x", true),
            ("app in (a, web)", true),
            ("app notin (web)", false),
            ("x notin (web)", true),
            ("n>4", true),
            ("n<5", false),
            ("app", true),
            ("", true),
            ("app=", false),
        ] {
            let s = Selector::parse(text).expect(text);
            assert_eq!(s.matches(Some(&l)), want, "{text}");
        }
    }

    #[test]
    fn a_malformed_selector_is_told_where_it_breaks() {
        for (text, want) in [
            ("a in", "unable to parse requirement: found '' expected: '('"),
            ("=", "found '=', expected: !, identifier, or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
            ("a in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
        ] {
            assert_eq!(Selector::parse(text).err().as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn malformed_selectors_are_refused() {
        for bad in ["a b", "in (x)", "a in", "a in (", "=x", "a=b,", "a=!", "a,,b", "-a=b", "a=-b"] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_panic(s in ".{0,40}") {
            let _ = Selector::parse(&s);
            let _ = parse_fields(&s);
        }

        #[test]
        fn what_is_printed_reads_back(key in "[a-z]{1,5}", value in "[a-y0-9]{1,5}", op in 0..5) {
            let text = match op { 0 => format!("{key}={value}"), 1 => format!("{key}!={value}"), 2 => key.clone(),
                                  3 => format!("!{key}"), _ => format!("{key} in ({value},zz)") };
            let s = Selector::parse(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
            proptest::prop_assert_eq!(Selector::parse(&s.to_string()), Ok(s));
        }
    }
}
