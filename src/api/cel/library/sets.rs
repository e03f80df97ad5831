//! Lists seen as sets.
//! Real Kubernetes: cel-go/ext/sets.go.

use super::super::ops::list_contains;
use super::super::value::{Error, Evaluated, List, Value};

fn holds(all: &List, some: &List) -> Result<bool, Error> {
    for item in &some.items {
        if !list_contains(all, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let [Value::List(a), Value::List(b)] = args else { return Err(Error::no_such_overload()) };
    Ok(Value::Bool(match function {
        "sets.contains" => holds(a, b)?,
        "sets.equivalent" => holds(a, b)? && holds(b, a)?,
        _ => a.items.iter().any(|item| list_contains(b, item) == Ok(true)),
    }))
}
