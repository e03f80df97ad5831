//! kubectl create poddisruptionbudget.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_pdb.go.

use serde_json::{Map, Value, json};

use super::create::{make, one_name};
use crate::api::selector::{Equality, Operator, Selector};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static PODDISRUPTIONBUDGET: Verb = Verb {
    name: "create poddisruptionbudget",
    summary: "Create a pod disruption budget with the specified name",
    flags: &[
        &[
            Flag::new("min-available", Type::Text),
            Flag::new("max-unavailable", Type::Text),
            Flag::new("selector", Type::Text),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: budget,
};

fn budget(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let (field, bound) = bound(args)?;
    let selector = selector(args.text("selector"))?;
    let value = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {field: bound, "selector": selector},
        "status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    });
    make(args, kinds::PodDisruptionBudget::kind_ref(), value, "failed to create poddisruptionbudgets:", env)
}

/// The one bound that there is, and its field.
fn bound(args: &Args) -> Result<(&'static str, Value), Failure> {
    let refused = |text: &str| Err(Failure::error(text));
    if args.text("selector").is_empty() {
        return refused("a selector must be specified");
    }
    let (flag, field, given) = match (args.text("min-available"), args.text("max-unavailable")) {
        ("", "") => return refused("one of min-available or max-unavailable must be specified"),
        (least, "") => ("min-available", "minAvailable", least),
        ("", most) => ("max-unavailable", "maxUnavailable", most),
        _ => return refused("min-available and max-unavailable cannot be both specified"),
    };
    let digits = given.strip_suffix('%').unwrap_or(given);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return refused(&format!("invalid format specified for {flag}"));
    }
    Ok((field, given.parse::<i32>().map_or_else(|_| given.into(), Into::into)))
}

/// A selector as objects keep it. Real Kubernetes: apimachinery's ParseToLabelSelector.
fn selector(text: &str) -> Result<Value, Failure> {
    let unreadable = |why: String| Failure::error(format!("couldn't parse the selector string {text:?}: {why}"));
    let (mut labels, mut rest) = (Map::new(), vec![]);
    let Selector::All(requirements) = Selector::parse(text).map_err(unreadable)? else { return Ok(Value::Null) };
    for r in requirements {
        let operator = match (r.operator, r.equality) {
            (Operator::In, Equality::Single | Equality::Double) => {
                labels.insert(r.key, r.values.join(",").into());
                continue;
            }
            (Operator::In, _) => "In",
            (Operator::NotIn, Equality::Set) => "NotIn",
            (Operator::NotIn, _) => return Err(Failure::error("\"!=\" is not a valid label selector operator")),
            (Operator::Exists, _) => "Exists",
            (Operator::DoesNotExist, _) => "DoesNotExist",
            (Operator::GreaterThan, _) => return Err(Failure::error("\"gt\" isn't supported in label selectors")),
            (Operator::LessThan, _) => return Err(Failure::error("\"lt\" isn't supported in label selectors")),
        };
        let mut v = json!({"key": r.key, "operator": operator});
        if !r.values.is_empty() {
            let mut values = r.values;
            values.sort();
            v["values"] = values.into();
        }
        rest.push(v);
    }
    let mut out = Map::new();
    if !labels.is_empty() {
        out.insert("matchLabels".into(), labels.into());
    }
    if !rest.is_empty() {
        out.insert("matchExpressions".into(), rest.into());
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_becomes_labels_and_expressions() {
        let of = |text| selector(text).map_err(|f| f.message);
        assert_eq!(of("app=web"), Ok(json!({"matchLabels": {"app": "web"}})));
        assert_eq!(
            of("a notin (b),c in (y,x),!d,e"),
            Ok(json!({"matchExpressions": [
                {"key": "a", "operator": "NotIn", "values": ["b"]}, {"key": "c", "operator": "In", "values": ["x", "y"]},
                {"key": "d", "operator": "DoesNotExist"}, {"key": "e", "operator": "Exists"}]}))
        );
        assert_eq!(of("a!=b"), Err("error: \"!=\" is not a valid label selector operator".into()));
        assert_eq!(of("a>1"), Err("error: \"gt\" isn't supported in label selectors".into()));
        assert!(of("a b").is_err_and(|m| m.starts_with("error: couldn't parse the selector string \"a b\": ")));
    }
}
