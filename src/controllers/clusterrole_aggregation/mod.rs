//! Cluster roles that are made of others: whoever carries the right label becomes part of them.
//!
//! `admin`, `edit` and `view` are made so; an add-on that brings a kind of its own adds rules to them by a label.
//! Real Kubernetes: pkg/controller/clusterroleaggregation.

mod decision;

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::json;

use crate::api::kinds::ClusterRole;
use crate::api::selector::Selector;
use crate::api::{Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::Aggregated;

#[derive(Clone, Default)]
pub struct ClusterRoleAggregation {
    roles: Cache<ClusterRole>,
}

impl Reconciler for ClusterRoleAggregation {
    type Primary = ClusterRole;
    const NAME: &'static str = "clusterrole-aggregation";
    const USER: &'static str = "clusterrole-aggregation-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(ClusterRole::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        self.roles.apply(c);
        // Any role may be part of any other that aggregates.
        for role in self.roles.iter().filter(|r| r.aggregation_rule.is_some()) {
            enqueue.add(role.key());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(role) = self.roles.by_key(key).filter(|r| r.aggregation_rule.is_some() && !r.is_deleting()) else {
            return Ok(Action::done());
        };
        let (rules, parts) = plan(role, self.roles.iter());
        if role.rules.as_deref().unwrap_or_default() == rules {
            return Ok(Action::done());
        }
        ctx.decide(Aggregated { role: key.clone(), parts, rules: rules.len() });
        let mut config = json!({
            "apiVersion": ClusterRole::kind_ref().api_version(), "kind": "ClusterRole",
            "metadata": {"name": role.name()},
        });
        // Without any it owns none.
        let rules = (!rules.is_empty()).then_some(rules);
        if let Some(rules) = &rules {
            config["rules"] = json!(rules);
        }
        ctx.api::<ClusterRole>().apply(None, config, Self::USER, |r| r.rules = rules)?;
        Ok(Action::done())
    }
}

/// The rules of all roles that the aggregation chooses, by name and each rule once; and the names of those roles.
fn plan<'a>(role: &ClusterRole, all: impl Iterator<Item = &'a ClusterRole>) -> (Vec<PolicyRule>, Vec<String>) {
    let selectors = role.aggregation_rule.iter().flat_map(|a| a.cluster_role_selectors.iter().flatten());
    let selectors: Vec<Selector> = selectors.map(Selector::of).collect();
    let mut all: Vec<&ClusterRole> = all.filter(|r| r.name() != role.name()).collect();
    all.sort_by_key(|r| r.name().to_string());
    let (mut rules, mut parts): (Vec<PolicyRule>, Vec<String>) = (vec![], vec![]);
    for selector in &selectors {
        for part in all.iter().filter(|r| selector.matches(r.metadata.labels.as_ref())) {
            parts.push(part.name().to_string());
            for rule in part.rules.iter().flatten() {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    (rules, parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn role(v: Value) -> ClusterRole {
        serde_json::from_value(v).expect("a role")
    }

    #[test]
    fn a_role_gets_the_rules_of_those_that_carry_its_label_each_once() {
        let rule = |r: &str| json!({"apiGroups": [""], "resources": [r], "verbs": ["get"]});
        let part = |name: &str, label: &str, rules: Vec<Value>| {
            role(json!({"metadata": {"name": name, "labels": {label: "true"}}, "rules": rules}))
        };
        let all = [
            part("b", "x", vec![rule("pods"), rule("services")]),
            part("a", "x", vec![rule("pods")]),
            part("c", "y", vec![rule("secrets")]),
        ];
        let whole = role(json!({"metadata": {"name": "whole"},
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "true"}}]}}));
        let (rules, parts) = plan(&whole, all.iter());
        assert_eq!(parts, ["a", "b"]);
        assert_eq!(serde_json::to_value(rules).expect("JSON"), json!([rule("pods"), rule("services")]));
    }
}
