//! Expansion of words: parameters, commands, arithmetic, quotes, splitting.

use brush_parser::ast::{ArithmeticExpr, ArithmeticTarget, BinaryOperator, UnaryOperator};
use brush_parser::word::{self, Parameter, ParameterExpr, ParameterTestType, SpecialParameter, WordPiece};

use super::interpreter::Shell;
use crate::runtime::programs::System;

/// Fields under construction: a field may be open, and quoted text keeps it even if it is empty.
struct Fields {
    done: Vec<String>,
    open: Option<String>,
}

impl Fields {
    fn push(&mut self, s: &str) {
        self.open.get_or_insert_default().push_str(s);
    }
    fn split(&mut self, s: &str) {
        let mut first = true;
        for part in s.split([' ', '\t', '\n']) {
            if !first && let Some(f) = self.open.take() {
                self.done.push(f);
            }
            first = false;
            if !part.is_empty() {
                self.push(part);
            }
        }
    }
}

/// A word to its fields.
pub fn fields(sh: &mut Shell, sys: &mut System<'_>, text: &str) -> Vec<String> {
    let Ok(pieces) = word::parse(text, &brush_parser::ParserOptions::default()) else { return vec![text.to_string()] };
    let mut f = Fields { done: vec![], open: None };
    for p in pieces {
        expand(sh, sys, &p.piece, false, &mut f);
    }
    if let Some(last) = f.open {
        f.done.push(last);
    }
    f.done
}

/// A word to one string, without splitting: values of variables, paths, here-documents.
pub fn single(sh: &mut Shell, sys: &mut System<'_>, text: &str) -> String {
    let Ok(pieces) = word::parse(text, &brush_parser::ParserOptions::default()) else { return text.to_string() };
    let mut f = Fields { done: vec![], open: None };
    for p in pieces {
        expand(sh, sys, &p.piece, true, &mut f);
    }
    f.done.into_iter().chain(f.open).collect::<Vec<_>>().join(" ")
}

fn expand(sh: &mut Shell, sys: &mut System<'_>, piece: &WordPiece, quoted: bool, out: &mut Fields) {
    match piece {
        WordPiece::Text(s) => out.push(s),
        WordPiece::SingleQuotedText(s) | WordPiece::AnsiCQuotedText(s) => out.push(s),
        WordPiece::EscapeSequence(s) => out.push(s.strip_prefix('\\').unwrap_or(s)),
        WordPiece::TildeExpansion(_) => out.push("/root"),
        WordPiece::DoubleQuotedSequence(list) | WordPiece::GettextDoubleQuotedSequence(list) => {
            if list.is_empty() {
                out.push("");
            }
            for p in list {
                expand(sh, sys, &p.piece, true, out);
            }
        }
        WordPiece::ParameterExpansion(ParameterExpr::Parameter {
            parameter: Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: false }),
            ..
        }) if quoted => {
            let args = sh.args.clone();
            for (i, a) in args.iter().enumerate() {
                if i > 0
                    && let Some(f) = out.open.take()
                {
                    out.done.push(f);
                }
                out.push(a);
            }
        }
        WordPiece::ParameterExpansion(e) => {
            let v = parameter(sh, sys, e);
            put(&v, quoted, out);
        }
        WordPiece::CommandSubstitution(s) | WordPiece::BackquotedCommandSubstitution(s) => {
            let v = sh.substitute(sys, s);
            put(&v, quoted, out);
        }
        WordPiece::ArithmeticExpression(e) => {
            let text = single(sh, sys, &e.value);
            let v = brush_parser::arithmetic::parse(&text).map(|e| arithmetic(sh, &e)).unwrap_or(0);
            out.push(&v.to_string());
        }
    }
}

fn put(v: &str, quoted: bool, out: &mut Fields) {
    if quoted { out.push(v) } else { out.split(v) }
}

fn value(sh: &Shell, p: &Parameter) -> Option<String> {
    match p {
        Parameter::Named(n) => sh.vars.get(n).cloned(),
        Parameter::Positional(n) => sh.args.get((*n as usize).wrapping_sub(1)).cloned(),
        Parameter::Special(s) => Some(match s {
            SpecialParameter::AllPositionalParameters { .. } => sh.args.join(" "),
            SpecialParameter::PositionalParameterCount => sh.args.len().to_string(),
            SpecialParameter::LastExitStatus => sh.status.to_string(),
            SpecialParameter::ProcessId => "1".into(),
            SpecialParameter::ShellName => "sh".into(),
            _ => String::new(),
        }),
        _ => None,
    }
}

fn parameter(sh: &mut Shell, sys: &mut System<'_>, e: &ParameterExpr) -> String {
    let tested = |sh: &Shell, p: &Parameter, t: &ParameterTestType| {
        value(sh, p).filter(|v| matches!(t, ParameterTestType::Unset) || !v.is_empty())
    };
    match e {
        ParameterExpr::Parameter { parameter, .. } => value(sh, parameter).unwrap_or_default(),
        ParameterExpr::UseDefaultValues { parameter, test_type, default_value, .. } => {
            match tested(sh, parameter, test_type) {
                Some(v) => v,
                None => single(sh, sys, default_value.as_deref().unwrap_or("")),
            }
        }
        ParameterExpr::AssignDefaultValues { parameter, test_type, default_value, .. } => {
            match tested(sh, parameter, test_type) {
                Some(v) => v,
                None => {
                    let v = single(sh, sys, default_value.as_deref().unwrap_or(""));
                    if let Parameter::Named(n) = parameter {
                        sh.vars.insert(n.clone(), v.clone());
                    }
                    v
                }
            }
        }
        ParameterExpr::UseAlternativeValue { parameter, test_type, alternative_value, .. } => {
            match tested(sh, parameter, test_type) {
                Some(_) => single(sh, sys, alternative_value.as_deref().unwrap_or("")),
                None => String::new(),
            }
        }
        ParameterExpr::ParameterLength { parameter, .. } => {
            value(sh, parameter).unwrap_or_default().chars().count().to_string()
        }
        ParameterExpr::RemoveSmallestSuffixPattern { parameter, pattern, .. }
        | ParameterExpr::RemoveLargestSuffixPattern { parameter, pattern, .. } => {
            let longest = matches!(e, ParameterExpr::RemoveLargestSuffixPattern { .. });
            let (v, p) = (value(sh, parameter).unwrap_or_default(), pattern.clone().unwrap_or_default());
            let mut cuts: Vec<usize> = v.char_indices().map(|(i, _)| i).chain([v.len()]).collect();
            if !longest {
                cuts.reverse();
            }
            cuts.into_iter().find(|i| glob(&p, &v[*i..])).map_or(v.clone(), |i| v[..i].to_string())
        }
        ParameterExpr::RemoveSmallestPrefixPattern { parameter, pattern, .. }
        | ParameterExpr::RemoveLargestPrefixPattern { parameter, pattern, .. } => {
            let longest = matches!(e, ParameterExpr::RemoveLargestPrefixPattern { .. });
            let (v, p) = (value(sh, parameter).unwrap_or_default(), pattern.clone().unwrap_or_default());
            let mut cuts: Vec<usize> = v.char_indices().map(|(i, _)| i).chain([v.len()]).collect();
            if longest {
                cuts.reverse();
            }
            cuts.into_iter().find(|i| glob(&p, &v[..*i])).map_or(v.clone(), |i| v[i..].to_string())
        }
        _ => String::new(),
    }
}

/// Whether a shell pattern (`*`, `?`) matches a text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star, mut mark) = (0, 0, None, 0);
    while j < t.len() {
        if i < p.len() && (p[i] == '?' || (p[i] != '*' && p[i] == t[j])) {
            i += 1;
            j += 1;
        } else if i < p.len() && p[i] == '*' {
            star = Some(i);
            mark = j;
            i += 1;
        } else if let Some(s) = star {
            i = s + 1;
            mark += 1;
            j = mark;
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

fn arithmetic(sh: &mut Shell, e: &ArithmeticExpr) -> i64 {
    let read = |sh: &Shell, t: &ArithmeticTarget| match t {
        ArithmeticTarget::Variable(n) => sh.vars.get(n).and_then(|v| v.parse().ok()).unwrap_or(0),
        ArithmeticTarget::ArrayElement(..) => 0,
    };
    match e {
        ArithmeticExpr::Literal(n) => *n,
        ArithmeticExpr::Reference(t) => read(sh, t),
        ArithmeticExpr::UnaryOp(op, a) => {
            let a = arithmetic(sh, a);
            match op {
                UnaryOperator::UnaryMinus => a.wrapping_neg(),
                UnaryOperator::BitwiseNot => !a,
                UnaryOperator::LogicalNot => i64::from(a == 0),
                _ => a,
            }
        }
        ArithmeticExpr::BinaryOp(op, a, b) => {
            let (a, b) = (arithmetic(sh, a), arithmetic(sh, b));
            binary(op, a, b)
        }
        ArithmeticExpr::Conditional(c, a, b) => {
            if arithmetic(sh, c) != 0 {
                arithmetic(sh, a)
            } else {
                arithmetic(sh, b)
            }
        }
        ArithmeticExpr::Assignment(t, v) => {
            let v = arithmetic(sh, v);
            if let ArithmeticTarget::Variable(n) = t {
                sh.vars.insert(n.clone(), v.to_string());
            }
            v
        }
        ArithmeticExpr::BinaryAssignment(op, t, v) => {
            let v = arithmetic(sh, v);
            let v = binary(op, read(sh, t), v);
            if let ArithmeticTarget::Variable(n) = t {
                sh.vars.insert(n.clone(), v.to_string());
            }
            v
        }
        ArithmeticExpr::UnaryAssignment(..) => 0,
    }
}

fn binary(op: &BinaryOperator, a: i64, b: i64) -> i64 {
    match op {
        BinaryOperator::Add => a.wrapping_add(b),
        BinaryOperator::Subtract => a.wrapping_sub(b),
        BinaryOperator::Multiply => a.wrapping_mul(b),
        BinaryOperator::Divide => a.checked_div(b).unwrap_or(0),
        BinaryOperator::Modulo => a.checked_rem(b).unwrap_or(0),
        BinaryOperator::LessThan => i64::from(a < b),
        BinaryOperator::LessThanOrEqualTo => i64::from(a <= b),
        BinaryOperator::GreaterThan => i64::from(a > b),
        BinaryOperator::GreaterThanOrEqualTo => i64::from(a >= b),
        BinaryOperator::Equals => i64::from(a == b),
        BinaryOperator::NotEquals => i64::from(a != b),
        BinaryOperator::LogicalAnd => i64::from(a != 0 && b != 0),
        BinaryOperator::LogicalOr => i64::from(a != 0 || b != 0),
        _ => 0,
    }
}
