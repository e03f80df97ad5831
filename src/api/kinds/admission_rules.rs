//! What kinds share that watch over requests: which requests are meant, and under which conditions.
//! Real Kubernetes: pkg/apis/admissionregistration: v1/defaults.go, validation/validation.go.

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::workload::validate_label_selector;
use crate::api::cel::policy::{Sees, Yields, compile_as, env};
use crate::api::cel::{Env, Type};
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
/// What changes requests may see: there is nothing to change of an object that goes.
const MUTATING_OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];
const MOST_CONDITIONS: usize = 64;
/// Names that only files of the API server's own configuration may have.
const STATIC_SUFFIX: &str = ".static.k8s.io";

pub fn default_policies(failure: &mut Option<String>, matching: &mut Option<String>) {
    failure.get_or_insert_with(|| "Fail".into());
    matching.get_or_insert_with(|| "Equivalent".into());
}

pub fn default_rules(rules: &mut Option<Vec<RuleWithOperations>>) {
    for rule in rules.iter_mut().flatten() {
        rule.scope.get_or_insert_with(|| "*".into());
    }
}

pub fn default_resources(m: &mut MatchResources) {
    m.match_policy.get_or_insert_with(|| "Equivalent".into());
    m.namespace_selector.get_or_insert_default();
    m.object_selector.get_or_insert_default();
    for rule in m.resource_rules.iter_mut().flatten().chain(m.exclude_resource_rules.iter_mut().flatten()) {
        rule.scope.get_or_insert_with(|| "*".into());
    }
}

/// A policy that may be left out, but not be anything.
pub fn validate_policies(failure: Option<&str>, matching: Option<&str>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(policy) = failure {
        errors.one_of(&at.child("failurePolicy"), policy, &FAILURE_POLICIES);
    }
    if let Some(policy) = matching {
        errors.one_of(&at.child("matchPolicy"), policy, &MATCH_POLICIES);
    }
}

/// What a rule says, whether it names objects or not.
pub struct Rule<'a> {
    pub operations: &'a [String],
    pub groups: &'a [String],
    pub versions: &'a [String],
    pub resources: &'a [String],
    pub scope: Option<&'a str>,
}

impl<'a> From<&'a RuleWithOperations> for Rule<'a> {
    fn from(r: &'a RuleWithOperations) -> Rule<'a> {
        Rule {
            operations: r.operations.as_deref().unwrap_or_default(),
            groups: r.api_groups.as_deref().unwrap_or_default(),
            versions: r.api_versions.as_deref().unwrap_or_default(),
            resources: r.resources.as_deref().unwrap_or_default(),
            scope: r.scope.as_deref(),
        }
    }
}

impl<'a> From<&'a NamedRuleWithOperations> for Rule<'a> {
    fn from(r: &'a NamedRuleWithOperations) -> Rule<'a> {
        Rule {
            operations: r.operations.as_deref().unwrap_or_default(),
            groups: r.api_groups.as_deref().unwrap_or_default(),
            versions: r.api_versions.as_deref().unwrap_or_default(),
            resources: r.resources.as_deref().unwrap_or_default(),
            scope: r.scope.as_deref(),
        }
    }
}

impl Rule<'_> {
    pub fn validate(&self, at: &Path<'_>, errors: &mut FieldErrors) {
        some(self.operations, "operations", &at.child("operations"), errors);
        for (i, operation) in self.operations.iter().enumerate() {
            errors.one_of(&at.child("operations").index(i), operation, &OPERATIONS);
        }
        some(self.groups, "API groups", &at.child("apiGroups"), errors);
        some(self.versions, "API versions", &at.child("apiVersions"), errors);
        for (i, _) in self.versions.iter().enumerate().filter(|(_, v)| v.is_empty()) {
            errors.required(&at.child("apiVersions").index(i), "");
        }
        validate_resources(self.resources, &at.child("resources"), errors);
        if let Some(scope) = self.scope {
            errors.one_of(&at.child("scope"), scope, &SCOPES);
        }
    }
}

/// There must be one at least; all of them are one.
fn some(list: &[String], what: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if list.is_empty() {
        errors.required(at, "");
    }
    if list.len() > 1 && list.iter().any(|v| v == "*") {
        errors.invalid(at, list.to_vec(), format!("if '*' is present, must not specify other {what}"));
    }
}

fn validate_resources(resources: &[String], at: &Path<'_>, errors: &mut FieldErrors) {
    if resources.is_empty() {
        errors.required(at, "");
    }
    let (mut whole, mut of_any) = (vec![], vec![]);
    // As in Kubernetes, the last one without a subresource decides.
    let mut last_is_plain = false;
    for (i, resource) in resources.iter().enumerate() {
        let here = at.index(i);
        if resource.is_empty() {
            errors.required(&here, "");
            continue;
        }
        let Some((name, sub)) = resource.split_once('/') else {
            last_is_plain = resource != "*";
            continue;
        };
        if whole.contains(&name) {
            let why = format!("if '{name}/*' is present, must not specify {resource}");
            errors.invalid(&here, resource.as_str(), why);
        }
        if of_any.contains(&sub) {
            let why = format!("if '*/{sub}' is present, must not specify {resource}");
            errors.invalid(&here, resource.as_str(), why);
        }
        if sub == "*" {
            whole.push(name);
        }
        if name == "*" {
            of_any.push(sub);
        }
    }
    let has = |wanted: &str| resources.iter().any(|r| r == wanted);
    if resources.len() > 1 && has("*/*") {
        errors.invalid(at, resources.to_vec(), "if '*/*' is present, must not specify other resources");
    }
    if has("*") && last_is_plain {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.invalid(at, resources.to_vec(), why);
    }
}

pub fn validate_match(m: &MatchResources, at: &Path<'_>, errors: &mut FieldErrors) {
    match m.match_policy.as_deref() {
        None => errors.required(&at.child("matchPolicy"), ""),
        Some(policy) => errors.one_of(&at.child("matchPolicy"), policy, &MATCH_POLICIES),
    }
    validate_selector(m.namespace_selector.as_ref(), &at.child("namespaceSelector"), errors);
    validate_selector(m.object_selector.as_ref(), &at.child("objectSelector"), errors);
    for (field, rules) in [("resourceRules", &m.resource_rules), ("excludeResourceRules", &m.exclude_resource_rules)] {
        for (i, rule) in rules.iter().flatten().enumerate() {
            validate_named_rule(rule, &at.child(field).index(i), errors);
        }
    }
}

fn validate_selector(selector: Option<&LabelSelector>, at: &Path<'_>, errors: &mut FieldErrors) {
    match selector {
        None => errors.required(at, ""),
        Some(selector) => validate_label_selector(selector, at, errors),
    }
}

fn validate_named_rule(rule: &NamedRuleWithOperations, at: &Path<'_>, errors: &mut FieldErrors) {
    let all = rule.resource_names.as_deref().unwrap_or_default();
    for (i, name) in all.iter().enumerate() {
        let list = at.child("resourceNames");
        let here = list.index(i);
        errors.invalid_each(&here, name, names::path_segment(name, false));
        if all[..i].contains(name) {
            errors.duplicate(&here, name.as_str());
        }
    }
    Rule::from(rule).validate(at, errors);
}

/// Who changes requests is not asked when an object goes.
pub fn validate_mutating_operations(m: &MatchResources, at: &Path<'_>, errors: &mut FieldErrors) {
    let at = at.child("resourceRules");
    for operation in m.resource_rules.iter().flatten().flat_map(|r| r.operations.iter().flatten()) {
        errors.one_of(&at.child("operations"), operation, &MUTATING_OPERATIONS);
    }
}

/// `params` says whether conditions see parameters.
pub fn validate_conditions(all: Option<&[MatchCondition]>, params: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    let all = all.unwrap_or_default();
    if all.len() > MOST_CONDITIONS {
        errors.too_many(at, all.len(), MOST_CONDITIONS);
    }
    for (i, condition) in all.iter().enumerate() {
        let here = at.index(i);
        let expression = condition.expression.trim();
        if expression.is_empty() {
            errors.required(&here.child("expression"), "");
        } else {
            let env = env(Sees { params, authorizer: true, patches: false }, None);
            validate_expression(expression, &env, Yields::Bool, &here.child("expression"), errors);
        }
        let name = condition.name.as_str();
        if name.is_empty() {
            errors.required(&here.child("name"), "");
            continue;
        }
        errors.invalid_each(&here.child("name"), name, names::qualified_name(name));
        if all[..i].iter().any(|c| c.name == name) {
            errors.duplicate(&here.child("name"), name);
        }
    }
}

/// An expression that must compile. The type of what it yields is told.
pub fn validate_expression(
    text: &str,
    env: &Env,
    yields: Yields,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> Option<Type> {
    match compile_as(text, env, yields) {
        Ok((_, type_)) => return Some(type_),
        Err(refusal) if refusal.internal => errors.internal(at, refusal.detail),
        Err(refusal) => errors.invalid(at, text, refusal.detail),
    }
    None
}

/// What whoever takes a name should know that is kept for files.
pub fn warnings(name: &str) -> Vec<String> {
    if !name.ends_with(STATIC_SUFFIX) {
        return vec![];
    }
    vec![format!(
        "metadata.name: names ending with {STATIC_SUFFIX:?} are reserved for static manifest-based configurations and cannot be managed \
         via the API"
    )]
}
