//! kubectl create quota, kubectl create priorityclass.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_quota.go, create_priorityclass.go.

use serde_json::{Map, Value, json};

use super::create::{make, one_name};
use crate::api::quantity::{self, Quantity};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static QUOTA: Verb = Verb {
    name: "create quota",
    summary: "Create a quota with the specified name",
    flags: &[&[Flag::new("hard", Type::Text), Flag::new("scopes", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: quota,
};

pub static PRIORITYCLASS: Verb = Verb {
    name: "create priorityclass",
    summary: "Create a priority class with the specified name",
    flags: &[
        &[
            Flag::new("value", Type::Int).default("0"),
            Flag::new("global-default", Type::Bool),
            Flag::new("description", Type::Text),
            Flag::new("preemption-policy", Type::Text).default("PreemptLowerPriority"),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: priority_class,
};

fn quota(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let mut value =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {}, "status": {}});
    let mut hard = Map::new();
    for statement in args.text("hard").split(',').filter(|s| !s.is_empty()) {
        let parts: Vec<&str> = statement.split('=').collect();
        let [resource, amount] = parts.as_slice() else {
            return Err(Failure::error(format!("Invalid argument syntax {statement}, expected <resource>=<value>")));
        };
        if Quantity::parse(amount).is_none() {
            return Err(Failure::error(quantity::NOT_ONE));
        }
        hard.insert((*resource).into(), quantity::canonical(amount).into());
    }
    if !hard.is_empty() {
        value["spec"]["hard"] = hard.into();
    }
    let scopes: Vec<&str> = args.text("scopes").split(',').filter(|s| !s.is_empty()).collect();
    if !scopes.is_empty() {
        value["spec"]["scopes"] = json!(scopes);
    }
    make(args, kinds::ResourceQuota::kind_ref(), value, "failed to create quota:", env)
}

fn priority_class(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let mut value = json!({
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
        "value": args.int("value"), "preemptionPolicy": args.text("preemption-policy"),
    });
    if args.flag("global-default") {
        value["globalDefault"] = Value::Bool(true);
    }
    if !args.text("description").is_empty() {
        value["description"] = args.text("description").into();
    }
    make(args, kinds::PriorityClass::kind_ref(), value, "failed to create priorityclass:", env)
}
