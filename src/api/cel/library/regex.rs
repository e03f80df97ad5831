//! Regular expressions.
//! Real Kubernetes: k8s.io/apiserver/pkg/cel/library/regex.go, matches in cel-go/common/types/string.go.

use super::super::value::{Error, Evaluated, Value};
use crate::api::go_regexp::Pattern;

pub fn call(function: &str, args: &[Value]) -> Evaluated {
    let Some(Value::String(pattern)) = args.get(1) else { return Err(Error::no_such_overload()) };
    let pattern = Pattern::new(pattern);
    if let Some(why) = pattern.refusal() {
        return Err(Error::new(if function == "matches" { why.into() } else { format!("Illegal regex: {why}") }));
    }
    matching(function, args, &pattern)
}

/// The same with an expression that has been read before.
pub fn matching(function: &str, args: &[Value], pattern: &Pattern) -> Evaluated {
    Ok(match (function, args) {
        ("matches", [Value::String(s), _]) => Value::Bool(pattern.matches(s)),
        ("find", [Value::String(s), _]) => Value::string(pattern.find(s, 1).first().copied().unwrap_or("")),
        ("findAll", [Value::String(s), _]) => Value::list(pattern.find(s, usize::MAX).into_iter().map(Value::string)),
        ("findAll", [Value::String(s), _, Value::Int(n)]) => {
            let most = usize::try_from(*n).unwrap_or(usize::MAX);
            Value::list(pattern.find(s, most).into_iter().map(Value::string))
        }
        _ => return Err(Error::no_such_overload()),
    })
}
