//! kubectl apply --server-side: the server merges the configuration, and knows who owns what.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/apply.go applyOneObject, client-go/util/csaupgrade.

use serde_json::{Value, json};

use super::apply::LAST_APPLIED;
use super::create::say;
use crate::api::managed::upgrade;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status};
use crate::kubectl::args::DryRun;
use crate::kubectl::manifests::{Manifest, Validate};
use crate::kubectl::printers::Format;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Env, Failure};

/// As whom kubectl applies, if it is not told.
const MANAGER: &str = "kubectl";
/// As whom it keeps the annotation of its older way.
const OF_ANNOTATION: &str = "kubectl-last-applied";
/// How often it tries anew when somebody was faster.
const MOST_TRIES: usize = 5;

/// Flags that do not go together.
pub fn check(args: &Args, dry: DryRun) -> Result<(), Failure> {
    let server_side = args.flag("server-side");
    if args.flag("force-conflicts") && !server_side {
        return Err(Failure::error("--force-conflicts only works with --server-side"));
    }
    if dry == DryRun::Client && server_side {
        return Err(Failure::error(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
        ));
    }
    if args.flag("force") && server_side {
        return Err(Failure::error("--force cannot be used with --server-side"));
    }
    Ok(())
}

pub fn apply_one(
    m: &Manifest,
    args: &Args,
    format: &Format,
    dry: DryRun,
    validate: Validate,
    env: &mut Env<'_>,
) -> Result<(), Failure> {
    let manager = if args.is_set("field-manager") { args.text("field-manager") } else { MANAGER };
    let path = object(m.kind, m.namespace(), m.name());
    let request = |as_whom: &str, how, body| {
        let mut r = Request::new(Method::Patch(how), &path).query("fieldManager", as_whom).body(body);
        if how == PatchType::Apply {
            r = r.query("fieldValidation", validate.field_validation());
            r = r.query("force", if args.flag("force-conflicts") { "true" } else { "false" });
        }
        dry.on(r)
    };
    let apply = request(manager, PatchType::Apply, m.value.clone());
    let mut made = (*env.try_call(&apply).map_err(|s| told(&s))?).clone();
    if manager == MANAGER
        && let Some(kept) = with_annotation(m, &made)
    {
        made = (*env.call(&request(OF_ANNOTATION, PatchType::Apply, kept))?).clone();
    }
    if migrate(&mut made, manager, env, |patch| request(manager, PatchType::Json, patch))? {
        made = (*env.try_call(&apply).map_err(|s| told(&s))?).clone();
    }
    say(args, format, m.kind, &made, "serverside-applied", dry, env)
}

/// A conflict is told with the ways out of it.
fn told(s: &Status) -> Failure {
    if !s.is(Reason::Conflict) {
        return Failure::status(s);
    }
    Failure::error(format!(
        "{}\nPlease review the fields above--they currently have other managers. Here\nare the ways you can resolve this warning:\n\
         * If you intend to manage all of these fields, please re-run the apply\n  command with the `--force-conflicts` flag.\n\
         * If you do not intend to manage all of the fields, please edit your\n  manifest to remove references to the fields that should keep their\n  current managers.\n\
         * You may co-own fields by updating your manifest to match the existing\n  value; in this case, you'll become the manager if the other manager(s)\n  stop managing the field (remove it from their configuration).\n\
         See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts",
        s.message
    ))
}

/// The annotation of the older way, if the object has it and nobody applies it yet.
fn with_annotation(m: &Manifest, made: &Value) -> Option<Value> {
    let annotation = made["metadata"]["annotations"][LAST_APPLIED].as_str()?;
    if !owners(made, "Apply").is_empty() {
        return None;
    }
    let mut metadata = json!({"name": made["metadata"]["name"], "annotations": {LAST_APPLIED: annotation}});
    if m.kind.namespaced() {
        metadata["namespace"] = made["metadata"]["namespace"].clone();
    }
    Some(json!({"apiVersion": m.kind.api_version(), "kind": m.kind.name(), "metadata": metadata}))
}

/// Who owns the annotation by applies, or by updates.
fn owners(made: &Value, operation: &str) -> Vec<String> {
    let entries = made["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let field = format!("f:{LAST_APPLIED}");
    let has = |e: &Value| !e["fieldsV1"]["f:metadata"]["f:annotations"][&field].is_null();
    let found = entries.iter().filter(|e| e["operation"] == operation && has(e));
    found.filter_map(|e| e["manager"].as_str().map(Into::into)).collect()
}

/// What kubectl owned by its older way becomes what it applies. Tells whether there was anything to do.
fn migrate(
    made: &mut Value,
    manager: &str,
    env: &mut Env<'_>,
    request: impl Fn(Value) -> Request,
) -> Result<bool, Failure> {
    for _ in 0..MOST_TRIES {
        let names = owners(made, "Update");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(patch) = upgrade::patch(made, &names, manager, "").map_err(Failure::error)? else { return Ok(false) };
        match env.try_call(&request(patch)) {
            Ok(new) => {
                *made = (*new).clone();
                return Ok(true);
            }
            Err(s) if s.is(Reason::Conflict) => {}
            Err(s) => return Err(Failure::status(&s)),
        }
    }
    Ok(false)
}
