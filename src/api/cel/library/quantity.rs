//! Quantities of resources.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/quantity.go.

use super::super::value::{Error, Evaluated, Value};
use super::Opaque;
use crate::api::quantity::{Format, NOT_ONE, Quantity};

fn of(value: &Value) -> Option<Quantity> {
    match value {
        Value::Opaque(o) => match &**o {
            Opaque::Quantity(q) => Some(*q),
            _ => None,
        },
        _ => None,
    }
}

/// The other operand of a sum: a whole number is a quantity too.
fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::Int(i) => Quantity::parse(&i.to_string()).map(|q| q.written_as(Format::Exponent)),
        other => of(other),
    }
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let no = Error::no_such_overload;
    match (function, args) {
        ("quantity", [Value::String(s)]) => match Quantity::parse(s) {
            Some(q) => Ok(Value::opaque(Opaque::Quantity(q))),
            None => Err(Error::new(NOT_ONE)),
        },
        ("isQuantity", [Value::String(s)]) => Ok(Value::Bool(Quantity::parse(s).is_some())),
        (_, [one]) => {
            let q = of(one).ok_or_else(no)?;
            Ok(match function {
                "sign" => Value::Int(if q.is_negative() { -1 } else { i64::from(!q.is_zero()) }),
                "isInteger" => Value::Bool(q.whole().is_some()),
                "asInteger" => Value::Int(q.whole().ok_or_else(|| Error::new("cannot convert value to integer"))?),
                "asApproximateFloat" => Value::Double(q.approximate()),
                _ => return Err(no()),
            })
        }
        ("add" | "sub", [one, other]) => {
            let (q, other) = (of(one).ok_or_else(no)?, amount(other).ok_or_else(no)?);
            let sum = if function == "add" { q.plus(other) } else { q.minus(other) };
            Ok(Value::opaque(Opaque::Quantity(sum)))
        }
        (_, [one, other]) => {
            let order = of(one).ok_or_else(no)?.cmp(&of(other).ok_or_else(no)?);
            Ok(match function {
                "isGreaterThan" => Value::Bool(order.is_gt()),
                "isLessThan" => Value::Bool(order.is_lt()),
                "compareTo" => Value::Int(order as i64),
                _ => return Err(no()),
            })
        }
        _ => Err(no()),
    }
}
