//! A policy's expressions, compiled.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/{validating/plugin.go,mutating/compilation.go}.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingAdmissionPolicySpec, ValidatingAdmissionPolicySpec, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::cel::Program;
use crate::api::cel::policy::{Sees, Variables, Yields, compile_as, env};
use crate::api::object::Resource;

/// One expression. Why it did not compile is told when it is needed.
pub struct Expression {
    /// The name of a variable or condition, the key of an annotation.
    pub name: String,
    pub text: String,
    pub program: Result<Program, String>,
}

#[derive(Default)]
pub struct Ready {
    pub conditions: Vec<Expression>,
    pub variables: Vec<Expression>,
    pub validations: Vec<Expression>,
    /// One for each validation.
    pub messages: Vec<Option<Expression>>,
    pub annotations: Vec<Expression>,
    pub mutations: Vec<Expression>,
}

/// What has been compiled, by the UID and the generation of the policy or the webhooks' configuration, which counts up whenever
/// their content changes; and the webhook's place in its configuration.
#[derive(Default)]
pub struct Cache(Mutex<BTreeMap<(String, i64, usize), Arc<Ready>>>);

/// So many compiled policies are kept.
const MOST_KEPT: usize = 1000;

impl Clone for Cache {
    /// A copy of a server compiles anew what it needs.
    fn clone(&self) -> Cache {
        Cache::default()
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cache")
    }
}

impl Cache {
    pub fn of<P: Resource>(&self, policy: &P, compile: impl FnOnce(&P) -> Ready) -> Arc<Ready> {
        self.part_of(policy.metadata(), 0, || compile(policy))
    }

    /// The same for the webhook at a place of its configuration, whose metadata this is.
    pub fn part_of(&self, meta: &ObjectMeta, place: usize, compile: impl FnOnce() -> Ready) -> Arc<Ready> {
        let key = (meta.uid.clone().unwrap_or_default(), meta.generation.unwrap_or_default(), place);
        if let Ok(kept) = self.0.lock()
            && let Some(ready) = kept.get(&key)
        {
            return ready.clone();
        }
        let ready = Arc::new(compile());
        if let Ok(mut kept) = self.0.lock() {
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(key, ready.clone());
        }
        ready
    }
}

fn expression(name: &str, text: &str, sees: Sees, variables: Option<&Variables>, yields: Yields) -> Expression {
    let program = compile_as(text, &env(sees, variables), yields).map(|(p, _)| p).map_err(|r| r.detail);
    Expression { name: name.into(), text: text.into(), program }
}

fn conditions(all: Option<&[MatchCondition]>, params: bool) -> Vec<Expression> {
    let sees = Sees { params, authorizer: true, patches: false };
    let each = |c: &MatchCondition| expression(&c.name, &c.expression, sees, None, Yields::Bool);
    all.unwrap_or_default().iter().map(each).collect()
}

fn variables(all: Option<&[Variable]>, params: bool) -> (Vec<Expression>, Variables) {
    let sees = Sees { params, authorizer: true, patches: false };
    let (mut made, mut known) = (vec![], Variables::default());
    for v in all.unwrap_or_default() {
        let compiled = compile_as(&v.expression, &env(sees, Some(&known)), Yields::Anything);
        let (program, type_) = match compiled {
            Ok((program, type_)) => (Ok(program), Some(type_)),
            Err(refusal) => (Err(refusal.detail), None),
        };
        known.add(&v.name, type_);
        made.push(Expression { name: v.name.clone(), text: v.expression.clone(), program });
    }
    (made, known)
}

/// The conditions of a webhook.
pub fn webhook(all: Option<&[MatchCondition]>) -> Ready {
    Ready { conditions: conditions(all, false), ..Ready::default() }
}

pub fn validating(spec: &ValidatingAdmissionPolicySpec) -> Ready {
    let params = spec.param_kind.is_some();
    let (made, known) = variables(spec.variables.as_deref(), params);
    let full = Sees { params, authorizer: true, patches: false };
    let plain = Sees { params, ..Sees::default() };
    let known = Some(&known);
    let validations = spec.validations.as_deref().unwrap_or_default();
    Ready {
        conditions: conditions(spec.match_conditions.as_deref(), params),
        variables: made,
        validations: validations.iter().map(|v| expression("", &v.expression, full, known, Yields::Bool)).collect(),
        messages: validations
            .iter()
            .map(|v| v.message_expression.as_deref().filter(|m| !m.is_empty()))
            .map(|m| m.map(|m| expression("", m, plain, known, Yields::Text)))
            .collect(),
        annotations: spec
            .audit_annotations
            .iter()
            .flatten()
            .map(|a| expression(&a.key, &a.value_expression, full, known, Yields::TextOrNull))
            .collect(),
        mutations: vec![],
    }
}

pub fn mutating(spec: &MutatingAdmissionPolicySpec) -> Ready {
    let params = spec.param_kind.is_some();
    let (made, known) = variables(spec.variables.as_deref(), params);
    let sees = Sees { params, authorizer: true, patches: true };
    let mutations = spec.mutations.iter().flatten().map(|m| {
        let patch = m.json_patch.as_ref().and_then(|p| p.expression.as_deref());
        match patch.filter(|_| m.patch_type == "JSONPatch") {
            Some(text) => expression("JSONPatch", text, sees, Some(&known), Yields::Patches),
            None => {
                let text = m.apply_configuration.as_ref().and_then(|a| a.expression.as_deref()).unwrap_or("");
                expression("ApplyConfiguration", text, sees, Some(&known), Yields::Object)
            }
        }
    });
    Ready {
        conditions: conditions(spec.match_conditions.as_deref(), params),
        mutations: mutations.collect(),
        variables: made,
        ..Ready::default()
    }
}
