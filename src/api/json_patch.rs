//! JSON patches (RFC 6902) as Kubernetes' library understands them, and in its words.
//!
//! It is more forgiving than the RFC: a missing value is null, what is replaced need not be there, places in lists may be counted
//! from their end.
//! Real Kubernetes: gopkg.in/evanphx/json-patch.v4 patch.go.

use std::fmt;

use serde_json::{Map, Value};

use super::go_text::quoted;

/// So many bytes a patch may copy.
const MOST_COPIED: usize = 3 * 1024 * 1024;
const MISSING: &str = "missing value";

/// Why a patch cannot be applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// What it tests is not so.
    Test(String),
    Other(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Test(why) | Refused::Other(why) => f.write_str(why),
        }
    }
}

fn refused<T>(why: String) -> Result<T, Refused> {
    Err(Refused::Other(why))
}

/// The document after the patch.
pub fn applied(target: &Value, operations: &[Value]) -> Result<Value, Refused> {
    let mut out = target.clone();
    let mut copied = 0;
    for operation in operations.iter().filter_map(Value::as_object) {
        apply(&mut out, operation, &mut copied)?;
    }
    Ok(out)
}

/// What strict decoding finds in a patch.
/// Real Kubernetes: apiserver/pkg/endpoints/handlers/patch.go applyJSPatch.
pub fn unknown_fields(patch: &Value) -> Vec<String> {
    const KNOWN: [&str; 4] = ["op", "path", "from", "value"];
    let operations = patch.as_array().into_iter().flatten().enumerate();
    let of = |(i, op): (usize, &Value)| -> Vec<String> {
        let fields = op.as_object().into_iter().flatten().map(|(k, _)| k);
        fields
            .filter(|k| !KNOWN.contains(&k.as_str()))
            .map(|k| format!("json patch unknown field \"[{i}].{k}\""))
            .collect()
    };
    operations.flat_map(of).collect()
}

fn apply(doc: &mut Value, op: &Map<String, Value>, copied: &mut usize) -> Result<(), Refused> {
    let value = || op.get("value").cloned().unwrap_or_default();
    let wrapped = |kind: &str, why: &str| format!("{kind} operation failed to decode path: {why}");
    match op.get("op").and_then(Value::as_str).unwrap_or("unknown") {
        kind @ "add" => {
            let path = path(op).or_else(|_| refused(wrapped(kind, MISSING)))?;
            let (place, key) = find(doc, path).ok_or_else(|| no_path(kind, path))?;
            add(place, &key, value()).or_else(|why| refused(format!("error in add for path: '{path}': {why}")))
        }
        kind @ "remove" => {
            let path = path(op).or_else(|_| refused(wrapped(kind, MISSING)))?;
            let (place, key) = find(doc, path).ok_or_else(|| no_path(kind, path))?;
            remove(place, &key).or_else(|why| refused(format!("error in remove for path: '{path}': {why}")))
        }
        kind @ "replace" => {
            let path = path(op).or_else(|why| refused(wrapped(kind, &why)))?;
            replace(doc, path, value())
        }
        kind @ "move" => {
            let from =
                text(op, "from").or_else(|why| refused(format!("move operation failed to decode from: {why}")))?;
            let gone = format!("move operation does not apply: doc is missing from path: {from}: {MISSING}");
            let (place, key) = find(doc, from).ok_or(Refused::Other(gone))?;
            let failed = |why: String| Refused::Other(format!("error in move for path: '{key}': {why}"));
            let moved = get(place, &key).map_err(failed)?;
            remove(place, &key).map_err(failed)?;
            let path = path(op).or_else(|why| refused(wrapped(kind, &why)))?;
            let nowhere = format!("move operation does not apply: doc is missing destination path: {path}: {MISSING}");
            let (place, key) = find(doc, path).ok_or(Refused::Other(nowhere))?;
            add(place, &key, moved.unwrap_or_default())
                .or_else(|why| refused(format!("error in move for path: '{path}': {why}")))
        }
        kind @ "copy" => {
            let from =
                text(op, "from").or_else(|why| refused(format!("copy operation failed to decode from: {why}")))?;
            let gone = format!("copy operation does not apply: doc is missing from path: {from}: {MISSING}");
            let (place, key) = find(doc, from).ok_or(Refused::Other(gone))?;
            let made = get(place, &key)
                .or_else(|why| refused(format!("error in copy for from: '{from}': {why}")))?
                .unwrap_or_default();
            let path = path(op).or_else(|_| refused(wrapped(kind, MISSING)))?;
            let nowhere = format!("copy operation does not apply: doc is missing destination path: {path}: {MISSING}");
            let (place, key) = find(doc, path).ok_or(Refused::Other(nowhere))?;
            *copied += made.to_string().len();
            if *copied > MOST_COPIED {
                return refused(format!(
                    "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MOST_COPIED}"
                ));
            }
            add(place, &key, made).or_else(|why| refused(format!("error while adding value during copy: {why}")))
        }
        kind @ "test" => {
            let path = path(op).or_else(|why| refused(wrapped(kind, &why)))?;
            test(doc, path, &value())
        }
        other => refused(format!("Unexpected kind: {other}")),
    }
}

fn path(op: &Map<String, Value>) -> Result<&str, String> {
    text(op, "path")
}

fn text<'a>(op: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    let said = op.get(key).and_then(Value::as_str);
    said.ok_or_else(|| format!("operation missing {key} field: {MISSING}"))
}

fn no_path(kind: &str, path: &str) -> Refused {
    Refused::Other(format!("{kind} operation does not apply: doc is missing path: \"{path}\": {MISSING}"))
}

/// What a path stands in, and its last step.
fn find<'v>(doc: &'v mut Value, path: &str) -> Option<(&'v mut Value, String)> {
    let decoded = |step: &str| step.replace("~1", "/").replace("~0", "~");
    let mut steps: Vec<&str> = path.split('/').collect();
    let last = steps.pop().filter(|_| !steps.is_empty())?;
    let mut place = doc;
    for step in steps.into_iter().skip(1).map(decoded) {
        place = match place {
            Value::Object(m) => m.get_mut(&step)?,
            Value::Array(items) => {
                let at = index(&step, items.len()).ok()?;
                items.get_mut(at)?
            }
            _ => return None,
        };
        if !place.is_object() && !place.is_array() {
            return None;
        }
    }
    Some((place, decoded(last)))
}

/// A place in a list of so many items.
fn index(step: &str, length: usize) -> Result<usize, String> {
    let number: i64 = step.parse().map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", quoted(step)))?;
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let at = if number < 0 { number + length } else { number };
    match usize::try_from(at) {
        Ok(at) if number < length => Ok(at),
        _ => Err(format!("Unable to access invalid index: {number}: invalid index referenced")),
    }
}

fn get(place: &Value, key: &str) -> Result<Option<Value>, String> {
    match place {
        Value::Array(items) => index(key, items.len()).map(|at| items.get(at).cloned()),
        other => Ok(other.get(key).cloned()),
    }
}

fn add(place: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match place {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(key, items.len() + 1).map_err(|why| match why.starts_with("strconv") {
                true => format!("value was not a proper array index: '{key}': {why}"),
                false => why,
            })?;
            items.insert(at, value);
        }
        Value::Object(m) => drop(m.insert(key.into(), value)),
        _ => {}
    }
    Ok(())
}

fn remove(place: &mut Value, key: &str) -> Result<(), String> {
    match place {
        Value::Array(items) => {
            let at = index(key, items.len())?;
            items.remove(at);
            Ok(())
        }
        Value::Object(m) => match m.remove(key) {
            Some(_) => Ok(()),
            None => Err(format!("Unable to remove nonexistent key: {key}: {MISSING}")),
        },
        _ => Ok(()),
    }
}

fn replace(doc: &mut Value, path: &str, value: Value) -> Result<(), Refused> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return refused("replace operation value must be object or array: %!w(<nil>)".into());
        }
        *doc = value;
        return Ok(());
    }
    let absent = |what: &str| format!("replace operation does not apply: doc is missing {what}: {path}: {MISSING}");
    let (place, key) = find(doc, path).ok_or_else(|| Refused::Other(absent("path")))?;
    match place {
        Value::Array(items) => {
            let at = index(&key, items.len()).or_else(|_| refused(absent("key")))?;
            items[at] = value;
        }
        Value::Object(m) => drop(m.insert(key, value)),
        _ => {}
    }
    Ok(())
}

fn test(doc: &mut Value, path: &str, value: &Value) -> Result<(), Refused> {
    let found = if path.is_empty() {
        Some(doc.clone())
    } else {
        let gone = format!("test operation does not apply: is missing path: {path}: {MISSING}");
        let (place, key) = find(doc, path).ok_or(Refused::Other(gone))?;
        get(place, &key).or_else(|why| refused(format!("error in test for path: '{path}': {why}")))?
    };
    if found.unwrap_or_default() == *value {
        return Ok(());
    }
    Err(Refused::Test(format!("testing value {path} failed: test failed")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(operation: Value, expected: &str) {
        let target = json!({"a": {"b": [1, 2]}, "n": null});
        let got = match applied(&target, &[operation]) {
            Ok(v) => v.to_string(),
            Err(why) => why.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn operations_do_what_the_library_does() {
        check(json!({"op": "add", "path": "/a/b/-", "value": 3}), r#"{"a":{"b":[1,2,3]},"n":null}"#);
        check(json!({"op": "add", "path": "/a/b/-1", "value": 3}), r#"{"a":{"b":[1,2,3]},"n":null}"#);
        check(json!({"op": "add", "path": "/x~1y"}), r#"{"a":{"b":[1,2]},"n":null,"x/y":null}"#);
        check(json!({"op": "replace", "path": "/c", "value": 3}), r#"{"a":{"b":[1,2]},"c":3,"n":null}"#);
        check(json!({"op": "remove", "path": "/a/b/-1"}), r#"{"a":{"b":[1]},"n":null}"#);
        check(json!({"op": "move", "from": "/a/b/0", "path": "/a/b/-"}), r#"{"a":{"b":[2,1]},"n":null}"#);
        check(json!({"op": "copy", "from": "/a/b", "path": "/n"}), r#"{"a":{"b":[1,2]},"n":[1,2]}"#);
        check(json!({"op": "copy", "from": "/x", "path": "/y"}), r#"{"a":{"b":[1,2]},"n":null,"y":null}"#);
        check(json!({"op": "test", "path": "/x", "value": null}), r#"{"a":{"b":[1,2]},"n":null}"#);
    }

    #[test]
    fn what_cannot_be_done_is_refused_in_the_librarys_words() {
        check(json!({"op": "test", "path": "/a/b/0", "value": 2}), "testing value /a/b/0 failed: test failed");
        check(json!({"op": "add"}), "add operation failed to decode path: missing value");
        check(
            json!({"op": "replace"}),
            "replace operation failed to decode path: operation missing path field: missing value",
        );
        check(
            json!({"op": "add", "path": "/n/x"}),
            "add operation does not apply: doc is missing path: \"/n/x\": missing value",
        );
        check(
            json!({"op": "add", "path": "/a/b/x"}),
            "error in add for path: '/a/b/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
        );
        check(
            json!({"op": "add", "path": "/a/b/3"}),
            "error in add for path: '/a/b/3': Unable to access invalid index: 3: invalid index referenced",
        );
        check(
            json!({"op": "replace", "path": "/a/b/2"}),
            "replace operation does not apply: doc is missing key: /a/b/2: missing value",
        );
        check(
            json!({"op": "move", "from": "/a/c", "path": "/d"}),
            "error in move for path: 'c': Unable to remove nonexistent key: c: missing value",
        );
        check(json!({"op": "dance", "path": "/a"}), "Unexpected kind: dance");
    }
}
