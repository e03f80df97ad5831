//! A policy's expressions, checked with the types of the kinds that it names.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{ExpressionWarning, NamedRuleWithOperations};

use crate::api::KindRef;
use crate::api::cel::policy::{Variables, env_of_types};
use crate::api::cel::{self, Env};
use crate::api::kinds::ValidatingAdmissionPolicy;

/// No more kinds than these are looked at.
const MOST_KINDS: usize = 10;

/// The kinds that a policy names outright, in their order.
pub fn kinds(p: &ValidatingAdmissionPolicy) -> Vec<KindRef> {
    let rules =
        p.spec.iter().filter_map(|s| s.match_constraints.as_ref()).flat_map(|m| m.resource_rules.iter().flatten());
    let mut found = vec![];
    let mut known = BTreeSet::new();
    for rule in rules {
        let of_rule = kinds_of(rule);
        let full = of_rule.len() == MOST_KINDS;
        found.extend(of_rule.into_iter().filter(|k| known.insert(k.index())));
        if full {
            break;
        }
    }
    found.sort_by_key(|k| (k.group(), k.version(), k.name()));
    found
}

fn kinds_of(rule: &NamedRuleWithOperations) -> Vec<KindRef> {
    let sorted = |names: &Option<Vec<String>>| {
        let mut names = names.clone().unwrap_or_default();
        names.sort();
        names
    };
    let (groups, versions) = (sorted(&rule.api_groups), sorted(&rule.api_versions));
    if groups.iter().chain(&versions).any(|n| n.contains('*')) {
        return vec![];
    }
    let resources: Vec<_> = sorted(&rule.resources).into_iter().filter(|r| !r.contains(['*', '/'])).collect();
    let each = |group: &str, version: &str| -> Vec<KindRef> {
        resources.iter().filter_map(|r| KindRef::by_gvr(group, version, r)).collect()
    };
    let pairs = groups.iter().flat_map(|g| versions.iter().map(move |v| (g, v)));
    pairs.flat_map(|(g, v)| each(g, v)).take(MOST_KINDS).collect()
}

pub fn check(p: &ValidatingAdmissionPolicy, kinds: &[KindRef]) -> Vec<ExpressionWarning> {
    let envs: Vec<(KindRef, Env)> = kinds.iter().map(|k| (*k, env(p, *k))).collect();
    let mut warnings = vec![];
    let mut judge = |field_ref: String, text: &str| {
        let told = |(kind, env): &(KindRef, Env)| {
            let issues = cel::compile(text, env).err()?;
            Some(format!("{}/{}, Kind={}: {issues}\n", kind.group(), kind.version(), kind.name()))
        };
        let told: Vec<String> = envs.iter().filter_map(told).collect();
        if !told.is_empty() {
            warnings.push(ExpressionWarning { field_ref, warning: told.join("\n") });
        }
    };
    let validations = p.spec.iter().flat_map(|s| s.validations.iter().flatten());
    for (i, v) in validations.enumerate() {
        judge(format!("spec.validations[{i}].expression"), &v.expression);
        if let Some(text) = v.message_expression.as_deref().filter(|m| !m.is_empty()) {
            judge(format!("spec.validations[{i}].messageExpression"), text);
        }
    }
    warnings
}

/// What the expressions of a policy see on an object of a kind.
fn env(p: &ValidatingAdmissionPolicy, kind: KindRef) -> Env {
    let spec = p.spec.as_ref();
    let params = spec.and_then(|s| s.param_kind.as_ref()).map(|k| {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        KindRef::by_gvk(&text(&k.api_version), &text(&k.kind))
    });
    let mut known = Variables::default();
    for v in spec.iter().flat_map(|s| s.variables.iter().flatten()) {
        let type_ = cel::compile(&v.expression, &env_of_types(kind, params, &known)).ok().map(|c| c.type_);
        known.add(&v.name, type_);
    }
    env_of_types(kind, params, &known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: &str = include_str!("../../../tests/reference/policy_types/policies.yaml");
    const ANSWERS: &str = include_str!("../../../tests/reference/policy_types/answers.json");

    /// Real types have a number after the kind, taken from the clock.
    fn without_numbers(text: &str) -> String {
        let mut out = String::new();
        let mut letters = 0;
        for c in text.chars() {
            match c {
                '0'..='9' if letters > 4 => continue,
                c if c.is_ascii_alphabetic() => letters += 1,
                _ => letters = 0,
            }
            out.push(c);
        }
        out
    }

    #[test]
    fn warnings_are_those_of_a_real_controller() {
        let answers: Vec<serde_json::Value> = serde_json::from_str(ANSWERS).expect("JSON");
        let policies = crate::api::yaml::parse_all(POLICIES).expect("YAML");
        let read = |p| serde_json::from_value(p).expect("a policy");
        let policies: Vec<ValidatingAdmissionPolicy> = policies.into_iter().map(read).collect();
        assert_eq!(policies.len(), answers.len());
        for (p, real) in policies.iter().zip(&answers) {
            let ours = serde_json::to_value(check(p, &kinds(p))).expect("JSON");
            let none = serde_json::json!([]);
            let real = real.pointer("/typeChecking/expressionWarnings").unwrap_or(&none);
            let (ours, real) = (without_numbers(&format!("{ours:#}")), without_numbers(&format!("{real:#}")));
            assert_eq!(ours, real);
        }
    }
}
