//! What the expressions of a schema's rules say, and what running them may cost at most.
//! Real Kubernetes: pkg/apis/apiextensions/validation: cel_validation.go, the last part of ValidateCustomResourceDefinitionOpenAPISchema.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, ValidationRule};

use super::go_shape;
use super::schema_tree::type_of;
use crate::api::cel::rules::{Compiled, compile_all};
use crate::api::cel::schema::Decl;
use crate::api::field::{FieldErrors, Path};
use crate::api::structural::Structural;

/// The most that one rule may cost, wherever it applies.
const PER_RULE: u64 = 10_000_000;
/// The most that all rules of a version may cost.
const PER_SCHEMA: u64 = 100_000_000;
/// So many of the costliest rules are named.
const NAMED: usize = 4;

/// How often data of a schema may stand in one object: as often as lists and maps around it allow; none: without a bound.
#[derive(Clone, Copy)]
pub struct Cardinality(Option<u64>);

impl Cardinality {
    pub const ROOT: Cardinality = Cardinality(Some(1));

    /// That of what lies directly below a schema.
    pub fn below(self, s: &JSONSchemaProps) -> Cardinality {
        let most = |n: Option<i64>| n.map(|n| n.max(0).unsigned_abs());
        let times = match type_of(s) {
            "object" if s.additional_properties.is_some() => most(s.max_properties),
            "array" => most(s.max_items),
            _ => Some(1),
        };
        Cardinality(self.0.zip(times).map(|(a, b)| a.saturating_mul(b)))
    }
}

/// What is found in all schemas of a version.
#[derive(Default)]
pub struct Expressions {
    pub errors: FieldErrors,
    total: u64,
    /// Paths of rules that take a hundredth of what all may take, the costliest first.
    costliest: Vec<(String, u64)>,
}

impl Expressions {
    /// Judges the expressions of one schema. `uncorrelated` is the path from which on nobody can tell what a value was.
    pub fn validate(
        &mut self,
        s: &JSONSchemaProps,
        root: bool,
        cardinality: Cardinality,
        uncorrelated: Option<&str>,
        at: &Path<'_>,
    ) {
        let rules = s.x_kubernetes_validations.as_deref().unwrap_or_default();
        let at = at.child("x-kubernetes-validations");
        if rules.is_empty() {
            return;
        }
        let Ok(structural) = Structural::new(s) else { return };
        let decl = Decl::of(&structural, "selfType", root || s.x_kubernetes_embedded_resource == Some(true));
        let Some(decl) = decl.map(Arc::new) else {
            let why = "internal error: failed to construct type information for x-kubernetes-validations rules";
            return self.errors.internal(&at, format!("{why}: unable to convert structural schema to CEL declarations"));
        };
        let times = cardinality.0.unwrap_or_else(|| decl.max_cardinality());
        for (i, (rule, made)) in rules.iter().zip(compile_all(rules, &structural, &decl)).enumerate() {
            self.one(rule, &made, times, uncorrelated, &at.index(i));
        }
    }

    fn one(&mut self, rule: &ValidationRule, made: &Compiled, times: u64, uncorrelated: Option<&str>, at: &Path<'_>) {
        let place = at.child("rule");
        self.cost(made.cost.saturating_mul(times), "estimated rule cost", &place);
        if let Some(error) = &made.error {
            self.errors.invalid_struct(&place, go_shape::rule(rule), error);
        }
        let message = at.child("messageExpression");
        if let Some(error) = &made.message_error {
            self.errors.invalid_struct(&message, go_shape::rule(rule), error);
        } else if made.message.is_some() {
            self.cost(made.message_cost, "estimated messageExpression cost", &message);
        }
        if made.reads_old {
            if let Some(path) = uncorrelated {
                let why = "oldSelf cannot be used on the uncorrelatable portion of the schema within";
                self.errors.invalid(&place, rule.rule.as_str(), format!("{why} {path}"));
            }
        } else if let Some(optional) = rule.optional_old_self {
            let why = "may not be set if oldSelf is not used in rule";
            self.errors.invalid(&at.child("optionalOldSelf"), optional, why);
        }
    }

    fn cost(&mut self, cost: u64, what: &str, at: &Path<'_>) {
        if cost > PER_RULE {
            self.errors.forbidden(at, too_costly(what, cost, PER_RULE));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= PER_SCHEMA / 100 {
            self.costliest.push((at.to_string(), cost));
            self.costliest.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.costliest.truncate(NAMED);
        }
    }

    /// What the rules of a version cost together.
    pub fn validate_total(&self, at: &Path<'_>, errors: &mut FieldErrors) {
        if self.total <= PER_SCHEMA {
            return;
        }
        for (path, _) in &self.costliest {
            let why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            errors.forbidden(&Path::new(path), why);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.forbidden(&at.child("openAPIV3Schema"), too_costly(what, self.total, PER_SCHEMA));
    }
}

fn too_costly(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        f if f > 100.0 => "more than 100x".into(),
        f if f < 1.5 => format!("{f:.6}x"),
        f => format!("{f:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}
