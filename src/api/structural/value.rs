//! Values are held against the schema, in OpenAPI's terms and kube-apiserver's words.
//!
//! The order of the checks is that of the real validators, and so is what is counted: of several alternatives of which none fits, the one
//! with most that did fit is told of.
//! Real Kubernetes: k8s.io/kube-openapi/pkg/validation/validate, pkg/apiserver/validation/validation.go.

use serde_json::{Map, Value};

use super::number::{self, Number};
use super::ratchet::Correlated;
use super::{Additional, Structural, formats};
use crate::api::field::{Fault, FieldError, FieldErrors, Path, shown};
use crate::api::go_text;

/// Judges a value, or its change from `old`.
pub fn validate_value(new: &Value, old: Option<&Value>, s: &Structural, at: &Path<'_>, errors: &mut FieldErrors) {
    let change = old.map(|old| Correlated { new, old, schema: s });
    for problem in judge_change(new, s, "", change).problems {
        errors.add(problem.at(at));
    }
}

/// One thing that is wrong with a value.
pub struct Problem {
    /// Where, from the value on that is judged: `spec.replicas`. Nothing is the value itself.
    name: String,
    /// What is wrong in a sentence. Of several that say the same one counts.
    message: String,
    fault: Option<Fault>,
}

impl Problem {
    /// What is told with the sentence and the value.
    pub fn invalid(name: &str, value: String, message: String) -> Problem {
        let fault = Fault::InvalidStruct { shown: value, detail: message.clone() };
        Problem { name: name.into(), message, fault: Some(fault) }
    }

    /// What is told of the whole, not of a field.
    pub fn whole(message: String) -> Problem {
        Problem { name: String::new(), message, fault: None }
    }

    fn of_type(name: &str, wanted: &str, got: &str) -> Problem {
        let message = format!("{name} in body must be of type {wanted}: {got:?}");
        let fault = Fault::TypeInvalid { shown: format!("{got:?}"), detail: message.clone() };
        Problem { name: name.into(), message, fault: Some(fault) }
    }

    fn at(self, base: &Path<'_>) -> FieldError {
        let name = self.name.strip_prefix('.').unwrap_or(&self.name);
        let path = match &self.fault {
            Some(_) if !name.is_empty() && base.is_root() => name.to_string(),
            Some(_) if !name.is_empty() => format!("{base}.{name}"),
            _ => base.to_string(),
        };
        let fault = self.fault.unwrap_or(Fault::Invalid { value: "".into(), detail: self.message });
        FieldError { path, fault }
    }
}

/// What came of judging a value.
#[derive(Default)]
pub struct Outcome {
    pub problems: Vec<Problem>,
    /// How many checks were passed, by which the best of several alternatives is told.
    matches: usize,
}

impl Outcome {
    pub fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|p| p.message == problem.message) {
            self.problems.push(problem);
        }
    }

    pub fn merge(&mut self, other: Outcome) {
        self.matches += other.matches;
        other.problems.into_iter().for_each(|p| self.add(p));
    }

    /// Merges what one of the validators found, which counts as a match of its own.
    fn take(&mut self, other: Outcome) {
        self.merge(other);
        self.matches += 1;
    }

    fn passed(mut self) -> Outcome {
        self.matches += 1;
        self
    }

    fn fits(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Judges a value that had another one before: what was wrong with that is let be if nothing has changed.
fn judge_change(v: &Value, s: &Structural, path: &str, change: Option<Correlated<'_>>) -> Outcome {
    let mut found = judge(v, s, path, change);
    if !found.fits() && change.is_some_and(|c| c.same()) {
        found.problems.clear();
    }
    found
}

fn judge(v: &Value, s: &Structural, path: &str, change: Option<Correlated<'_>>) -> Outcome {
    let mut out = Outcome::default();
    if v.is_null() {
        out.merge(type_of(v, s, path));
        out.merge(enumeration(v, s, path));
        return out;
    }
    if !s.types.is_empty() || !s.checks.format.is_empty() {
        out.take(type_of(v, s, path));
    }
    out.take(combinations(v, s, path));
    if let Value::String(text) = v {
        out.take(string(text, s, path));
        if let Some(fits) = formats::checker(&s.checks.format) {
            let mut found = Outcome::default();
            if !fits(text) {
                found.add(Problem::of_type(path, &s.checks.format, text));
            }
            out.take(found);
        }
    }
    if let Some(n) = Number::of(v) {
        out.take(number::judge(n, s, path).passed());
    }
    if let Value::Array(items) = v {
        out.take(list(items, s, path, change));
    }
    out.take(enumeration(v, s, path));
    if let Value::Object(map) = v {
        out.take(object(map, s, path, change));
    }
    out.passed()
}

/// What JSON calls the type of a value, and the format that goes with it.
fn own_type(v: &Value) -> (&'static str, &'static str) {
    match v {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(_) if v.as_i64().is_some() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
    }
}

fn type_of(v: &Value, s: &Structural, path: &str) -> Outcome {
    let passed = Outcome::default().passed();
    let failed = |wanted: &str, got: &str| {
        let mut out = Outcome::default();
        out.add(Problem::of_type(path, wanted, got));
        out
    };
    let may_be = |t: &str| s.types.iter().any(|own| own == t);
    let (type_, format) = own_type(v);
    if v.is_null() {
        let refused = !s.types.is_empty() && !may_be("null") && !s.nullable;
        return if refused { failed(&s.types.join(","), "null") } else { passed };
    }
    let wanted = &s.checks.format;
    let fits = may_be(type_)
        || (type_ == "number" && may_be("integer") && v.as_f64().is_some_and(number::is_whole))
        || (type_ == "integer" && may_be("number"));
    // A text or a list is left to the format, if there is one.
    let by_format = v.is_string() || v.is_array();
    if !by_format && !wanted.is_empty() && !fits && format != wanted {
        return failed(wanted, format);
    }
    if by_format && !wanted.is_empty() && !may_be("number") && !may_be("integer") {
        return passed;
    }
    if fits { passed } else { failed(&s.types.join(","), type_) }
}

fn string(text: &str, s: &Structural, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let checks = &s.checks;
    if let Some(max) = checks.max_length.filter(|max| length > *max) {
        let message = format!("{path} in body should be at most {max} chars long");
        let fault = Fault::TooLong { max: usize::try_from(max).unwrap_or(0) };
        out.add(Problem { name: path.into(), message, fault: Some(fault) });
    } else if let Some(min) = checks.min_length.filter(|min| length < *min) {
        let message = format!("{path} in body should be at least {min} chars long");
        out.add(Problem::invalid(path, format!("{text:?}"), message));
    } else if let Some(pattern) = checks.pattern.as_ref().filter(|p| !p.matches(text)) {
        let refused = pattern.refusal().map_or(String::new(), |why| format!(", but pattern is invalid: {why}"));
        let message = format!("{path} in body should match '{}{refused}'", pattern.text);
        out.add(Problem::invalid(path, format!("{text:?}"), message));
    }
    out
}

fn enumeration(v: &Value, s: &Structural, path: &str) -> Outcome {
    let all = &s.checks.enumeration;
    let same = |wanted: &Value| match (Number::of(v), Number::of(wanted)) {
        (Some(a), Some(b)) => a.float() == b.float(),
        _ => v == wanted && !v.is_null(),
    };
    let mut out = Outcome::default();
    if !all.is_empty() && !all.iter().any(same) {
        let text = |v: &Value| v.as_str().map_or_else(|| go_text::json(v), Into::into);
        let supported: Vec<String> = all.iter().map(text).collect();
        let message = format!("{path} in body should be one of [{}]", supported.join(" "));
        let fault = Fault::NotSupported { value: shown(v), supported };
        out.add(Problem { name: path.into(), message, fault: Some(fault) });
    }
    out
}

fn list(items: &[Value], s: &Structural, path: &str, change: Option<Correlated<'_>>) -> Outcome {
    let mut out = Outcome::default();
    if let Some(schema) = &s.items {
        for (i, item) in items.iter().enumerate() {
            let change = change.and_then(|c| c.index(i));
            out.merge(judge_change(item, schema, &format!("{path}[{i}]"), change));
        }
    }
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(min) = s.checks.min_items.filter(|min| size < *min) {
        let message = format!("{path} in body should have at least {min} items");
        out.add(Problem::invalid(path, size.to_string(), message));
    }
    if let Some(max) = s.checks.max_items.filter(|max| size > *max) {
        out.add(too_many(path, items.len(), max, "items"));
    }
    if s.checks.unique_items && (1..items.len()).any(|i| items[..i].contains(&items[i])) {
        let message = format!("{path} in body shouldn't contain duplicates");
        out.add(Problem::invalid(path, "\"\"".into(), message));
    }
    out.passed()
}

fn too_many(path: &str, got: usize, max: i64, what: &str) -> Problem {
    let message = format!("{path} in body should have at most {max} {what}");
    let fault = Fault::TooMany { got, max: usize::try_from(max).unwrap_or(0) };
    Problem { name: path.into(), message, fault: Some(fault) }
}

fn object(map: &Map<String, Value>, s: &Structural, path: &str, change: Option<Correlated<'_>>) -> Outcome {
    let mut out = Outcome::default();
    let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
    if let Some(min) = s.checks.min_properties.filter(|min| size < *min) {
        let message = format!("{path} in body should have at least {min} properties");
        out.add(Problem::invalid(path, size.to_string(), message));
    }
    if let Some(max) = s.checks.max_properties.filter(|max| size > *max) {
        out.add(too_many(path, map.len(), max, "properties"));
    }
    // The kind and version of an object are not what was stored, so nothing is known of what they were.
    let known = |name: &str| change.filter(|_| !path.is_empty() || (name != "kind" && name != "apiVersion"));
    for (key, value) in map.iter().filter(|(key, _)| !s.properties.contains_key(*key)) {
        match &s.additional_properties {
            Some(Additional::Allowed(false)) => {
                let message = format!("{path}.{key} in body is a forbidden property");
                out.add(Problem::invalid(path, format!("{key:?}"), message));
            }
            Some(Additional::Schema(schema)) => {
                let change = known(key).and_then(|c| c.field(key));
                out.merge(judge_change(value, schema, &format!("{path}.{key}"), change));
            }
            _ => {}
        }
    }
    for (name, property) in &s.properties {
        let Some(value) = map.get(name) else { continue };
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        out.merge(judge_change(value, property, &here, known(name).and_then(|c| c.field(name))));
    }
    for name in s.checks.required.iter().filter(|name| !map.contains_key(*name)) {
        let name = format!("{path}.{name}");
        let message = format!("{name} in body is required");
        out.add(Problem { name, message, fault: Some(Fault::Required { detail: String::new() }) });
    }
    out
}

/// `anyOf`, `oneOf`, `allOf` and `not`. What they say of fields does not know what those were before.
fn combinations(v: &Value, s: &Structural, path: &str) -> Outcome {
    let mut out = Outcome::default();
    let checks = &s.checks;
    if !checks.any_of.is_empty() {
        let (first, best) = alternatives(v, &checks.any_of, path, true);
        if first.is_empty() {
            out.add(Problem::whole(format!("{path:?} must validate at least one schema (anyOf)")));
        }
        first.into_iter().next().or(best).into_iter().for_each(|o| out.merge(o));
    }
    if !checks.one_of.is_empty() {
        let (fitting, best) = alternatives(v, &checks.one_of, path, false);
        if fitting.len() == 1 {
            fitting.into_iter().for_each(|o| out.merge(o));
        } else {
            let found = match fitting.len() {
                0 => "Found none valid".into(),
                n => format!("Found {n} valid alternatives"),
            };
            out.add(Problem::whole(format!("{path:?} must validate one and only one schema (oneOf). {found}")));
            best.into_iter().for_each(|o| out.merge(o));
        }
    }
    if !checks.all_of.is_empty() {
        let mut fitting = 0;
        for schema in &checks.all_of {
            let found = judge(v, schema, path, None);
            fitting += usize::from(found.fits());
            out.merge(found);
        }
        if fitting < checks.all_of.len() {
            let none = if fitting == 0 { ". None validated" } else { "" };
            out.add(Problem::whole(format!("{path:?} must validate all the schemas (allOf){none}")));
        }
    }
    if checks.not.as_ref().is_some_and(|schema| judge(v, schema, path, None).fits()) {
        out.add(Problem::whole(format!("{path:?} must not validate the schema (not)")));
    }
    out.passed()
}

/// What came of the schemas that fit, of which the first may be enough, and of the best of the others if none does.
fn alternatives(v: &Value, all: &[Structural], path: &str, first: bool) -> (Vec<Outcome>, Option<Outcome>) {
    let mut fitting: Vec<Outcome> = vec![];
    let mut best: Option<Outcome> = None;
    for schema in all {
        let found = judge(v, schema, path, None);
        if found.fits() {
            fitting.push(found);
            best = None;
            if first {
                break;
            }
        } else if fitting.is_empty() && best.as_ref().is_none_or(|b| found.matches > b.matches) {
            best = Some(found);
        }
    }
    (fitting, best)
}
