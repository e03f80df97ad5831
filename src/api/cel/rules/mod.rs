//! `x-kubernetes-validations`: the rules in a custom resource's schema, made ready once and run on each write.
//!
//! The API server makes a [`Validator`] of a schema when a CustomResourceDefinition is served, and calls [`validate`] after
//! [`structural::validate`](crate::api::structural::validate) unless that says that the object is too broken.
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/schema/cel/{compilation,validation}.go.

mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;

use super::env::Env;
use super::escaping::escape;
use super::schema::{Decl, SchemaTypes};
use super::{Program, Type, compile};
use crate::api::structural::{Structural, field_path};

pub use run::{Before, validate, validate_default};

/// What an expression sees: the value, and what it was.
pub const SELF: &str = "self";
pub const OLD_SELF: &str = "oldSelf";

/// One rule, made ready.
#[derive(Default)]
pub struct Compiled {
    /// None if the rule is empty or wrong.
    pub program: Option<Program>,
    pub error: Option<String>,
    pub reads_old: bool,
    /// The most that running it once may cost.
    pub cost: u64,
    pub message: Option<Program>,
    pub message_error: Option<String>,
    pub message_cost: u64,
    /// Where the error is told, in the form in which errors show paths.
    pub field_path: Option<String>,
}

/// Makes the rules of one schema ready; `decl` is how they see it.
pub fn compile_all(rules: &[ValidationRule], s: &Structural, decl: &Arc<Decl>) -> Vec<Compiled> {
    if rules.is_empty() {
        return vec![];
    }
    let env = Env::default().with(SELF, decl.type_()).with_types(Arc::new(SchemaTypes::of(decl)));
    let plain = env.clone().with(OLD_SELF, decl.type_());
    let optional = env.with(OLD_SELF, Type::optional(decl.type_()));
    let each = |r: &ValidationRule| {
        compile_one(r, s, decl, if r.optional_old_self == Some(true) { &optional } else { &plain })
    };
    rules.iter().map(each).collect()
}

fn compile_one(rule: &ValidationRule, s: &Structural, decl: &Decl, env: &Env) -> Compiled {
    let mut made = Compiled::default();
    if rule.rule.trim().is_empty() {
        return made;
    }
    let compiled = match compile(&rule.rule, env) {
        Err(issues) => return Compiled { error: Some(format!("compilation failed: {issues}")), ..made },
        Ok(c) if c.type_ != Type::Bool => {
            return Compiled { error: Some("cel expression must evaluate to a bool".into()), ..made };
        }
        Ok(c) => c,
    };
    made.reads_old = compiled.reads(OLD_SELF);
    match compiled.program() {
        Err(e) => {
            made.error = Some(format!("program instantiation failed: {}", e.text()));
            return made;
        }
        Ok(program) => made.program = Some(program),
    }
    made.cost = compiled.cost(decl).max;
    if let Some(text) = rule.message_expression.as_deref().filter(|m| !m.is_empty()) {
        match compile_message(text, decl, env) {
            Err(why) => {
                made.message_error = Some(why);
                return made;
            }
            Ok((program, cost)) => (made.message, made.message_cost) = (Some(program), cost),
        }
    }
    if let Some(path) = rule.field_path.as_deref().filter(|p| !p.is_empty()) {
        made.field_path = field_path::follow(path, s, true).ok().map(|f| f.path);
    }
    made
}

fn compile_message(text: &str, decl: &Decl, env: &Env) -> Result<(Program, u64), String> {
    let compiled = compile(text, env).map_err(|issues| format!("messageExpression compilation failed: {issues}"))?;
    if compiled.type_ != Type::String {
        return Err("messageExpression must evaluate to a string".into());
    }
    let program = compiled.program().map_err(|e| format!("messageExpression instantiation failed: {}", e.text()))?;
    Ok((program, compiled.cost(decl).max))
}

/// The rules of a schema and of all below it, in the shape of the schema. Below `allOf` and its like there are none.
#[derive(Default)]
pub struct Validator {
    rules: Vec<(ValidationRule, Compiled)>,
    items: Option<Box<Validator>>,
    properties: BTreeMap<String, Validator>,
    others: Option<Box<Validator>>,
    /// Whether objects have metadata here.
    root: bool,
}

impl Validator {
    /// None if there are no rules.
    pub fn new(s: &Structural) -> Option<Validator> {
        Validator::at(s, true)
    }

    fn at(s: &Structural, root: bool) -> Option<Validator> {
        if !s.has_rules() {
            return None;
        }
        let decl = Decl::of(s, "selfType", root).map(Arc::new);
        Validator::of(s, root, decl.as_ref())
    }

    fn of(s: &Structural, root: bool, decl: Option<&Arc<Decl>>) -> Option<Validator> {
        let own = &s.extensions.rules;
        let compiled = decl.map(|d| compile_all(own, s, d)).unwrap_or_default();
        let below = |s: &Structural, decl: Option<&Arc<Decl>>| Validator::of(s, s.extensions.embedded_resource, decl);
        let element = decl.and_then(|d| d.element());
        let mut made = Validator { rules: own.iter().cloned().zip(compiled).collect(), root, ..Validator::default() };
        made.items = s.items.as_deref().and_then(|s| below(s, element)).map(Box::new);
        for (name, property) in &s.properties {
            let of = match escape(name) {
                Some(escaped) => decl.and_then(|d| d.field(&escaped)).cloned(),
                None => Decl::of(property, "selfType", property.extensions.embedded_resource).map(Arc::new),
            };
            if let Some(v) = of.and_then(|of| below(property, Some(&of))) {
                made.properties.insert(name.clone(), v);
            }
        }
        let others = s.additional_properties.as_ref().and_then(|a| a.schema());
        made.others = others.and_then(|s| below(s, element)).map(Box::new);
        let empty =
            made.rules.is_empty() && made.items.is_none() && made.properties.is_empty() && made.others.is_none();
        (!empty).then_some(made)
    }
}
