//! `--record`: the command line that changed an object is kept with it as the cause of the change.
//! Real Kubernetes: k8s.io/cli-runtime/pkg/genericclioptions/record_flags.go.

use serde_json::{Value, json};

use super::args::{Args, Flag, Type};
use super::env::Env;
use crate::api::Status;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};

/// What `rollout history` shows as CHANGE-CAUSE.
pub const CAUSE: &str = "kubernetes.io/change-cause";

pub const RECORD: &[Flag] = &[Flag::new("record", Type::Bool).deprecated("--record will be removed in the future")];

/// Writes the cause into an object that is about to be sent.
pub fn mark(args: &Args, object: &mut Value) {
    if !args.flag("record") {
        return;
    }
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][CAUSE] = args.line().into();
}

/// Adds the cause to an object that was changed already.
pub fn add(args: &Args, path: &str, env: &mut Env<'_>) -> Result<(), Status> {
    if !args.flag("record") {
        return Ok(());
    }
    let patch = json!({"metadata": {"annotations": {CAUSE: args.line()}}});
    env.try_call(&Request::new(Method::Patch(PatchType::Merge), path).body(patch)).map(|_| ())
}
