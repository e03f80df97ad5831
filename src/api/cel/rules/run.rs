//! Rules in CEL, run on an object.
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;
use serde_json::Value as Json;

use super::{Compiled, OLD_SELF, SELF, Validator};
use crate::api::cel::eval::Activation;
use crate::api::cel::schema::read;
use crate::api::cel::value::{Error, TOO_COSTLY, Value};
use crate::api::cel::{PER_CALL, PER_OBJECT};
use crate::api::field::{FieldErrors, Path};
use crate::api::structural::{Correlated, Structural};

/// The longest message that an expression may make.
const LONGEST_MESSAGE: usize = 5 * 1024;
const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// The object as it was, for an update.
pub struct Before<'a> {
    pub old: &'a Json,
}

/// No further rule is run.
struct Stop;

struct Run<'r> {
    budget: i64,
    errors: &'r mut FieldErrors,
    /// What was wrong before and is left alone.
    warnings: &'r mut Vec<String>,
}

/// Judges an object by the rules of its schema. What was wrong before and has not been touched is only warned of.
pub fn validate(
    rules: &Validator,
    s: &Structural,
    new: &Json,
    before: Option<&Before<'_>>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
    warnings: &mut Vec<String>,
) {
    let mut run = Run { budget: PER_OBJECT, errors, warnings };
    let old = before.map(|b| b.old);
    let ratchet = Ratchet { current: old.map(|old| Correlated { new, old, schema: s }), parent: None };
    let _ = run.visit(rules, s, new, old, ratchet, at);
}

/// Judges a default value by the rules of the schema that it stands in, as one that stays and as one that is new.
/// What is left of the budget, which is less than nothing if no further default is to be judged.
pub fn validate_default(
    s: &Structural,
    root: bool,
    default: &Json,
    budget: i64,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> i64 {
    let Some(rules) = Validator::at(s, root) else { return budget };
    let mut once = |old: Option<&Json>| {
        let mut found = FieldErrors::default();
        let mut run = Run { budget, errors: &mut found, warnings: &mut vec![] };
        let ratchet = Ratchet { current: None, parent: None };
        let left = run.visit(&rules, s, default, old, ratchet, at).map_or(-1, |()| run.budget);
        let right = found.is_empty();
        errors.append(&mut found);
        (left, right)
    };
    match once(Some(default)) {
        (left, true) => left.min(once(None).0),
        (left, false) => left,
    }
}

/// The old value beside the new one; where there is none, that of the nearest parent that has one.
#[derive(Clone, Copy)]
struct Ratchet<'a> {
    current: Option<Correlated<'a>>,
    parent: Option<Correlated<'a>>,
}

impl<'a> Ratchet<'a> {
    fn unchanged(&self) -> bool {
        self.current.or(self.parent).is_some_and(|c| c.same())
    }

    fn key(self, field: &str) -> Ratchet<'a> {
        let Some(current) = self.current else { return self };
        if self.parent.is_none() && matches!(field, "apiVersion" | "kind") {
            return Ratchet { current: None, parent: None };
        }
        Ratchet { current: current.field(field), parent: Some(current) }
    }

    fn index(self, i: usize) -> Ratchet<'a> {
        let Some(current) = self.current else { return self };
        Ratchet { current: current.index(i), parent: Some(current) }
    }
}

/// What a rule sees.
struct Seen {
    me: Value,
    old: Option<Value>,
}

impl Activation for Seen {
    fn variable(&self, name: &str) -> Option<Result<Value, Error>> {
        match name {
            SELF => Some(Ok(self.me.clone())),
            OLD_SELF => self.old.clone().map(Ok),
            _ => None,
        }
    }
}

impl Run<'_> {
    fn visit(
        &mut self,
        v: &Validator,
        s: &Structural,
        new: &Json,
        old: Option<&Json>,
        ratchet: Ratchet<'_>,
        at: &Path<'_>,
    ) -> Result<(), Stop> {
        let old = old.filter(|o| !o.is_null());
        if new.is_null() {
            return Ok(());
        }
        self.rules(v, s, new, old, ratchet, at)?;
        match new {
            Json::Array(items) => {
                let (Some(below), Some(of)) = (&v.items, &s.items) else { return Ok(()) };
                for (i, item) in items.iter().enumerate() {
                    let old = old.and_then(|old| counterpart(s, item, old));
                    self.visit(below, of, item, old, ratchet.index(i), &at.index(i))?;
                }
            }
            Json::Object(fields) => {
                let others = s.additional_properties.as_ref().and_then(|a| a.schema());
                for (name, value) in fields {
                    let old = old.and_then(|o| o.get(name));
                    if let (Some(below), Some(of)) = (&v.others, others) {
                        self.visit(below, of, value, old, ratchet.key(name), &at.key(name))?;
                    }
                    if let (Some(below), Some(of)) = (v.properties.get(name), s.properties.get(name)) {
                        self.visit(below, of, value, old, ratchet.key(name), &at.child(name))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rules(
        &mut self,
        v: &Validator,
        s: &Structural,
        new: &Json,
        old: Option<&Json>,
        ratchet: Ratchet<'_>,
        at: &Path<'_>,
    ) -> Result<(), Stop> {
        if v.rules.is_empty() {
            return Ok(());
        }
        let type_ = s.types.first().map_or("", String::as_str);
        if self.budget <= 0 {
            self.errors.invalid(at, type_, OUT_OF_BUDGET);
            return Err(Stop);
        }
        let reads_old = v.rules.iter().any(|(_, c)| c.reads_old);
        let before = old.filter(|_| reads_old).map(|o| read(o, s, v.root));
        let plain = Seen { me: read(new, s, v.root), old: before.clone() };
        let known = Value::Optional(before.map(Into::into));
        let optional = Seen { me: plain.me.clone(), old: reads_old.then_some(known) };
        for (rule, compiled) in &v.rules {
            let wants_none = rule.optional_old_self == Some(true);
            if compiled.reads_old && old.is_none() && !wants_none {
                continue;
            }
            let seen = if wants_none { &optional } else { &plain };
            if self.holds(rule, compiled, seen, type_, at)? {
                continue;
            }
            let ratcheted = !compiled.reads_old && ratchet.unchanged();
            let fault = Fault { rule, compiled, new, type_, ratcheted };
            self.tell(&fault, &plain, at)?;
        }
        Ok(())
    }

    /// Whether a rule holds, or its trouble has been told.
    fn holds(
        &mut self,
        rule: &ValidationRule,
        compiled: &Compiled,
        seen: &Seen,
        type_: &str,
        at: &Path<'_>,
    ) -> Result<bool, Stop> {
        if let Some(error) = &compiled.error {
            self.errors.invalid(at, type_, format!("rule compile error: {error}"));
            return Ok(true);
        }
        let Some(program) = &compiled.program else { return Ok(true) };
        let outcome = program.run(seen, PER_CALL);
        if !self.afford(outcome.cost) {
            self.errors.invalid(at, type_, OUT_OF_BUDGET);
            return Err(Stop);
        }
        let name = rule_text(rule);
        match outcome.value {
            Ok(value) => Ok(value.as_bool() == Some(true)),
            Err(Error::TooCostly) => {
                let why = "no further validation rules will be run due to call cost exceeds limit for rule";
                self.errors.invalid(at, type_, format!("'{TOO_COSTLY}': {why}: {name}"));
                Err(Stop)
            }
            Err(e) if e.text().starts_with("no such overload") => {
                let why = "call arguments did not match a supported operator, function or macro signature for rule";
                self.errors.invalid(at, type_, format!("'{}': {why}: {name}", e.text()));
                Ok(true)
            }
            Err(e) => {
                self.errors.invalid(at, type_, format!("{} evaluating rule: {name}", e.text()));
                Ok(true)
            }
        }
    }

    fn afford(&mut self, cost: u64) -> bool {
        match i64::try_from(cost) {
            Ok(cost) if cost <= self.budget => {
                self.budget -= cost;
                true
            }
            _ => false,
        }
    }

    fn tell(&mut self, fault: &Fault<'_>, seen: &Seen, at: &Path<'_>) -> Result<(), Stop> {
        let Fault { rule, compiled, new, type_, .. } = fault;
        let child = compiled.field_path.as_deref().filter(|p| !p.is_empty());
        let place = child.map_or(*at, |p| at.child(p));
        let mut found = FieldErrors::default();
        let detail = match self.message(rule, compiled, seen) {
            Ok(Some(message)) => message,
            Ok(None) => default_message(rule),
            Err(why) => {
                found.invalid(&place, *type_, why);
                self.add(fault, &mut found);
                return Err(Stop);
            }
        };
        let shown = !matches!(*type_, "object" | "array");
        match rule.reason.as_deref() {
            Some("FieldValueForbidden") => found.forbidden(&place, detail),
            Some("FieldValueRequired") => found.required(&place, detail),
            Some("FieldValueDuplicate") if shown => found.duplicate(&place, (*new).clone()),
            Some("FieldValueDuplicate") => found.duplicate_struct(&place, String::new()),
            _ if shown => found.invalid(&place, (*new).clone(), detail),
            _ => found.invalid_omitted(&place, detail),
        }
        self.add(fault, &mut found);
        Ok(())
    }

    fn add(&mut self, fault: &Fault<'_>, found: &mut FieldErrors) {
        if fault.ratcheted {
            self.warnings.extend(found.list().iter().map(ToString::to_string));
        } else {
            self.errors.append(found);
        }
    }

    /// What the rule's own expression says of it, if that has something to say.
    fn message(&mut self, rule: &ValidationRule, compiled: &Compiled, seen: &Seen) -> Result<Option<String>, String> {
        let Some(program) = &compiled.message else { return Ok(None) };
        let outcome = program.run(seen, PER_CALL);
        if !self.afford(outcome.cost) {
            let why = "messageExpression evaluation failed due to running out of cost budget";
            return Err(format!("{why}, no further validation rules will be run"));
        }
        match outcome.value {
            Err(Error::TooCostly) => {
                let text = crate::api::go_text::quoted(rule.message_expression.as_deref().unwrap_or(""));
                let why =
                    "no further validation rules will be run due to call cost exceeds limit for messageExpression";
                Err(format!("{why}: {text}"))
            }
            Ok(Value::String(text)) => {
                let text = text.trim();
                let usable = !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
                Ok(usable.then(|| text.to_string()))
            }
            _ => Ok(None),
        }
    }
}

/// A rule that does not hold.
struct Fault<'a> {
    rule: &'a ValidationRule,
    compiled: &'a Compiled,
    new: &'a Json,
    type_: &'a str,
    ratcheted: bool,
}

fn rule_text(rule: &ValidationRule) -> &str {
    match rule.message.as_deref() {
        Some(message) if !message.is_empty() => message.trim(),
        _ => rule.rule.trim(),
    }
}

fn default_message(rule: &ValidationRule) -> String {
    match rule.message.as_deref() {
        Some(message) if !message.is_empty() => message.trim().into(),
        _ => format!("failed rule: {}", rule_text(rule)),
    }
}

/// What an item of a list was, as far as lists tell: those that are maps.
fn counterpart<'o>(s: &Structural, item: &Json, old: &'o Json) -> Option<&'o Json> {
    if s.extensions.list_type.as_deref() != Some("map") || s.extensions.list_map_keys.is_empty() {
        return None;
    }
    let keys = &s.extensions.list_map_keys;
    old.as_array()?.iter().find(|o| keys.iter().all(|k| o.get(k) == item.get(k)))
}
