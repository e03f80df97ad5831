//! `$((…))`.

use brush_parser::ast::{ArithmeticExpr, ArithmeticTarget, BinaryOperator, UnaryAssignmentOperator, UnaryOperator};

use super::Shell;

/// How deep expressions may lie in variables that name one another.
const MAX_DEPTH: usize = 32;

/// What an expression is worth. The error is what the shell says of it.
pub fn evaluate(sh: &mut Shell, text: &str) -> Result<i64, String> {
    at_depth(sh, text, 0)
}

fn at_depth(sh: &mut Shell, text: &str, depth: usize) -> Result<i64, String> {
    if text.trim().is_empty() {
        return Ok(0);
    }
    if depth > MAX_DEPTH {
        return Err("arithmetic expression: expression recursion loop".into());
    }
    let parsed = brush_parser::arithmetic::parse(text.trim());
    let parsed = parsed.map_err(|_| format!("arithmetic expression: expecting EOF: \"{text}\""))?;
    value(sh, &parsed, depth)
}

fn read(sh: &mut Shell, target: &ArithmeticTarget, depth: usize) -> Result<i64, String> {
    let ArithmeticTarget::Variable(name) = target else { return Ok(0) };
    let text = sh.get(name).unwrap_or_default();
    match text.trim() {
        "" => Ok(0),
        t => match number(t) {
            Some(n) => Ok(n),
            None if t.starts_with(|c: char| c.is_ascii_digit()) => Err(format!("Illegal number: {t}")),
            None => at_depth(sh, t, depth + 1),
        },
    }
}

/// A number as C writes it.
pub fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let n = match digits {
        d if d.starts_with("0x") || d.starts_with("0X") => i64::from_str_radix(&d[2..], 16).ok()?,
        d if d.len() > 1 && d.starts_with('0') => i64::from_str_radix(d, 8).ok()?,
        d => d.parse().ok()?,
    };
    Some(if negative { n.wrapping_neg() } else { n })
}

fn assign(sh: &mut Shell, target: &ArithmeticTarget, v: i64) -> Result<(), String> {
    match target {
        ArithmeticTarget::Variable(name) => sh.set(name, v.to_string()),
        ArithmeticTarget::ArrayElement(..) => Ok(()),
    }
}

fn value(sh: &mut Shell, e: &ArithmeticExpr, depth: usize) -> Result<i64, String> {
    Ok(match e {
        ArithmeticExpr::Literal(n) => *n,
        ArithmeticExpr::Reference(t) => read(sh, t, depth)?,
        ArithmeticExpr::UnaryOp(op, a) => {
            let a = value(sh, a, depth)?;
            match op {
                UnaryOperator::UnaryMinus => a.wrapping_neg(),
                UnaryOperator::BitwiseNot => !a,
                UnaryOperator::LogicalNot => i64::from(a == 0),
                UnaryOperator::UnaryPlus => a,
            }
        }
        ArithmeticExpr::BinaryOp(BinaryOperator::LogicalAnd, a, b) => {
            i64::from(value(sh, a, depth)? != 0 && value(sh, b, depth)? != 0)
        }
        ArithmeticExpr::BinaryOp(BinaryOperator::LogicalOr, a, b) => {
            i64::from(value(sh, a, depth)? != 0 || value(sh, b, depth)? != 0)
        }
        ArithmeticExpr::BinaryOp(op, a, b) => {
            let (a, b) = (value(sh, a, depth)?, value(sh, b, depth)?);
            binary(op, a, b)?
        }
        ArithmeticExpr::Conditional(c, a, b) => {
            let chosen = if value(sh, c, depth)? != 0 { a } else { b };
            value(sh, chosen, depth)?
        }
        ArithmeticExpr::Assignment(t, v) => {
            let v = value(sh, v, depth)?;
            assign(sh, t, v)?;
            v
        }
        ArithmeticExpr::BinaryAssignment(op, t, v) => {
            let v = value(sh, v, depth)?;
            let v = binary(op, read(sh, t, depth)?, v)?;
            assign(sh, t, v)?;
            v
        }
        ArithmeticExpr::UnaryAssignment(op, t) => {
            let old = read(sh, t, depth)?;
            let step = match op {
                UnaryAssignmentOperator::PrefixIncrement | UnaryAssignmentOperator::PostfixIncrement => 1,
                UnaryAssignmentOperator::PrefixDecrement | UnaryAssignmentOperator::PostfixDecrement => -1,
            };
            let new = old.wrapping_add(step);
            assign(sh, t, new)?;
            let before =
                matches!(op, UnaryAssignmentOperator::PrefixIncrement | UnaryAssignmentOperator::PrefixDecrement);
            if before { new } else { old }
        }
    })
}

fn binary(op: &BinaryOperator, a: i64, b: i64) -> Result<i64, String> {
    let shift = |n: i64| u32::try_from(n & 63).unwrap_or_default();
    Ok(match op {
        BinaryOperator::Power => u32::try_from(b).map_or(0, |b| a.wrapping_pow(b)),
        BinaryOperator::Multiply => a.wrapping_mul(b),
        BinaryOperator::Divide | BinaryOperator::Modulo if b == 0 => {
            return Err("arithmetic expression: division by zero".into());
        }
        BinaryOperator::Divide => a.wrapping_div(b),
        BinaryOperator::Modulo => a.wrapping_rem(b),
        BinaryOperator::Comma => b,
        BinaryOperator::Add => a.wrapping_add(b),
        BinaryOperator::Subtract => a.wrapping_sub(b),
        BinaryOperator::ShiftLeft => a.wrapping_shl(shift(b)),
        BinaryOperator::ShiftRight => a.wrapping_shr(shift(b)),
        BinaryOperator::LessThan => i64::from(a < b),
        BinaryOperator::LessThanOrEqualTo => i64::from(a <= b),
        BinaryOperator::GreaterThan => i64::from(a > b),
        BinaryOperator::GreaterThanOrEqualTo => i64::from(a >= b),
        BinaryOperator::Equals => i64::from(a == b),
        BinaryOperator::NotEquals => i64::from(a != b),
        BinaryOperator::BitwiseAnd => a & b,
        BinaryOperator::BitwiseXor => a ^ b,
        BinaryOperator::BitwiseOr => a | b,
        BinaryOperator::LogicalAnd => i64::from(a != 0 && b != 0),
        BinaryOperator::LogicalOr => i64::from(a != 0 || b != 0),
    })
}
