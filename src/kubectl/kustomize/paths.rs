//! Paths into a resource as replacements write them: `spec.containers.[name=web].image`, `a.*.b`, `a.0`.
//! Real Kubernetes: kustomize kyaml/yaml/match.go PathMatcher, kyaml/yaml/fns.go PathGetter, kyaml/utils/pathsplitter.go.

use serde_json::{Value, json};

use super::fields::{Done, split_path};
use super::resource::{text, wrong_kind};
use crate::api::go_regexp::Pattern;
use crate::api::yaml;

/// What is put at the end of a path that leads nowhere: something of the kind of the value that is to come there.
pub fn of_kind(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        _ => Value::Null,
    }
}

/// Splits a path at dots, but not in brackets.
pub fn split(path: &str) -> Vec<String> {
    let mut out = vec![];
    let mut parts = split_path(path, '.').into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            out.push(part);
            continue;
        }
        let mut whole = part;
        for more in parts.by_ref() {
            whole = format!("{whole}.{more}");
            if more.ends_with(']') {
                break;
            }
        }
        out.push(if whole.contains('=') { whole } else { whole.trim_matches(['[', ']']).into() });
    }
    out
}

fn is_condition(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

fn condition(part: &str) -> Result<(&str, &str), String> {
    let inside = part.strip_suffix(']').unwrap_or(part);
    let inside = inside.strip_prefix('[').unwrap_or(inside);
    inside
        .split_once('=')
        .ok_or_else(|| "list path element must contain fieldName=fieldValue for element to match".into())
}

fn items(node: &Value) -> Result<&[Value], String> {
    match node {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        other => Err(wrong_kind("SequenceNode", other)),
    }
}

/// What a path leads to; exactly one thing, or nothing.
///
/// # Errors
/// The path cannot be read, or what it leads through has another shape.
pub fn look_up<'v>(node: &'v Value, path: &[String]) -> Result<Option<&'v Value>, String> {
    let mut at = node;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        let next = match part.parse::<i64>() {
            Ok(i) if i < 0 => return Err(format!("array index {i} cannot be negative")),
            Ok(i) => items(at)?.get(usize::try_from(i).unwrap_or(usize::MAX)),
            Err(_) if part == "-" => items(at)?.last(),
            Err(_) if part == "*" => return Err("wildcard is not supported in PathGetter".into()),
            Err(_) if is_condition(part) => {
                let (field, value) = condition(part)?;
                let own = |item: &Value| if field.is_empty() { Some(text(item)) } else { item.get(field).map(text) };
                items(at)?.iter().find(|item| own(item).is_some_and(|own| own == value))
            }
            Err(_) => match at {
                Value::Object(map) => map.get(part),
                Value::Null => None,
                other => return Err(wrong_kind("MappingNode", other)),
            },
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Does something to all that a path leads to, and says to how many. `made` is put where nothing is.
///
/// # Errors
/// The path cannot be read, or what it leads through has another shape.
pub fn visit(
    node: &mut Value,
    path: &[String],
    made: Option<&Value>,
    f: &mut dyn FnMut(&mut Value) -> Done,
) -> Result<usize, String> {
    let Some((part, rest)) = path.split_first() else {
        f(node)?;
        return Ok(1);
    };
    // What comes next decides what is made here.
    let child = |made: &Value| match rest.first() {
        None => made.clone(),
        Some(next) if is_condition(next) || next.parse::<usize>().is_ok() => json!([]),
        Some(_) => json!({}),
    };
    if let Ok(index) = part.parse::<usize>() {
        let length = items(node)?.len();
        let Value::Array(list) = node else {
            return Err(format!("index {index} specified but only {length} elements found"));
        };
        if let Some(made) = made.filter(|_| index == length) {
            list.push(child(made));
        }
        let found = format!("index {index} specified but only {length} elements found");
        return visit(list.get_mut(index).ok_or(found)?, rest, made, f);
    }
    if is_condition(part) {
        return visit_matching(node, part, rest, made, f);
    }
    if part == "*" {
        items(node)?;
        let mut count = 0;
        for item in node.as_array_mut().into_iter().flatten() {
            count += visit(item, rest, made, f)?;
        }
        return Ok(count);
    }
    let map = match node {
        Value::Object(map) => map,
        Value::Null => return Ok(0),
        other => return Err(wrong_kind("MappingNode", other)),
    };
    if let Some(made) = made.filter(|_| !map.contains_key(part)) {
        map.insert(part.clone(), child(made));
    }
    match map.get_mut(part) {
        None => Ok(0),
        // What is written in a text is found, but what is done to it is lost.
        Some(Value::String(inside)) if !rest.is_empty() => {
            let mut inside = yaml::parse_new(inside)?.unwrap_or_default();
            visit(&mut inside, rest, made, f)
        }
        Some(field) => visit(field, rest, made, f),
    }
}

fn visit_matching(
    node: &mut Value,
    part: &str,
    rest: &[String],
    made: Option<&Value>,
    f: &mut dyn FnMut(&mut Value) -> Done,
) -> Result<usize, String> {
    let (field, expression) = condition(part)?;
    let pattern = Pattern::new(expression);
    if let Some(why) = pattern.refusal() {
        return Err(why.to_string());
    }
    let fits = |item: &Value| match item.get(field) {
        _ if field.is_empty() => pattern.matches(&text(item)),
        own => own.is_some_and(|own| pattern.matches(&text(own))),
    };
    items(node)?;
    let Value::Array(list) = node else { return Ok(0) };
    if made.is_some() && !list.iter().any(fits) {
        list.push(if field.is_empty() { expression.into() } else { json!({field: expression}) });
    }
    let mut count = 0;
    for item in list.iter_mut().filter(|i| fits(i)) {
        // A plain item is the end of its path.
        count += visit(item, if field.is_empty() { &[] } else { rest }, made, f)?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_dots_outside_of_brackets() {
        assert_eq!(split("a.b"), ["a", "b"]);
        assert_eq!(split("a.[x.io/y].b"), ["a", "x.io/y", "b"]);
        assert_eq!(split("a.[name=x.y].b"), ["a", "[name=x.y]", "b"]);
        assert_eq!(split(r"a.x\.y"), ["a", "x.y"]);
    }

    #[test]
    fn what_is_not_there_can_be_made() {
        let mut v = json!({"a": []});
        let path = split("a.[name=x].b.0.c");
        let set = &mut |node: &mut Value| {
            *node = 1.into();
            Ok(())
        };
        assert_eq!(visit(&mut v, &path, None, set), Ok(0));
        assert_eq!(visit(&mut v, &path, Some(&Value::Null), set), Ok(1));
        assert_eq!(v, json!({"a": [{"name": "x", "b": [{"c": 1}]}]}));
    }
}
