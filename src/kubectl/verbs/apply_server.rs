//! kubectl apply --server-side: the server merges the configuration, and knows who owns what.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply/apply.go applyOneObject, client-go/util/csaupgrade.

use serde_json::{Value, json};

use super::apply::{Applied, Applying, LAST_APPLIED};
use crate::api::managed::upgrade;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, Status};
use crate::kubectl::manifests::Manifest;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Env, Failure};

/// As whom kubectl applies, if it is not told.
const MANAGER: &str = "kubectl";
/// As whom it keeps the annotation of its older way.
const OF_ANNOTATION: &str = "kubectl-last-applied";
/// How often it tries anew when somebody was faster.
const MOST_TRIES: usize = 5;

pub fn manager(args: &Args) -> &str {
    if args.is_set("field-manager") { args.text("field-manager") } else { MANAGER }
}

pub fn apply_one(m: &Manifest, by: &Applying, env: &mut Env<'_>) -> Result<Applied, Failure> {
    let args = &by.args;
    let manager = manager(args);
    let whole = object(m.kind, m.namespace(), m.name());
    let path = match args.text("subresource") {
        "" => whole,
        part => format!("{whole}/{part}"),
    };
    let request = |as_whom: &str, how, body| {
        let mut r = Request::new(Method::Patch(how), &path).query("fieldManager", as_whom).body(body);
        if how == PatchType::Apply {
            r = r.query("fieldValidation", by.validate.field_validation());
            r = r.query("force", if args.flag("force-conflicts") { "true" } else { "false" });
        }
        by.dry.on(r)
    };
    let apply = request(manager, PatchType::Apply, m.value.clone());
    let mut made = (*env.try_call(&apply).map_err(|s| told(&s))?).clone();
    if let Err(why) = migrate(m, &mut made, manager, env, request) {
        env.error_line(why.told());
    }
    Ok(Applied::As(made, "serverside-applied"))
}

/// Why an object of the older way was not brought to the new one. What was asked for is done all the same.
enum Stuck {
    Annotation(Status),
    Owners(String),
    Again(Status),
}

impl Stuck {
    fn told(&self) -> String {
        let (what, why) = match self {
            Stuck::Annotation(s) => (format!("failed to migrate {LAST_APPLIED} for Server-Side Apply"), &s.message),
            Stuck::Owners(why) => ("server rejected managed fields migration to Server-Side Apply".into(), why),
            Stuck::Again(s) => {
                ("failed to re-apply configuration after performing Server-Side Apply migration".into(), &s.message)
            }
        };
        format!("Warning: {what}. This is non-fatal and will be retried next time you apply. Error: {why}")
    }
}

/// What kubectl did by its older way becomes what it applies: the annotation gets an owner of its own, and the fields change hands.
fn migrate(
    m: &Manifest,
    made: &mut Value,
    manager: &str,
    env: &mut Env<'_>,
    request: impl Fn(&str, PatchType, Value) -> Request,
) -> Result<(), Stuck> {
    if manager == MANAGER
        && let Some(kept) = with_annotation(m, made)
    {
        let mut r = request(OF_ANNOTATION, PatchType::Apply, kept);
        r.query.retain(|(key, _)| key != "force");
        *made = (*env.try_call(&r).map_err(Stuck::Annotation)?).clone();
    }
    if upgraded(made, manager, env, |patch| request(manager, PatchType::Json, patch)).map_err(Stuck::Owners)? {
        let again = request(manager, PatchType::Apply, m.value.clone());
        *made = (*env.try_call(&again).map_err(Stuck::Again)?).clone();
    }
    Ok(())
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

/// The owners of fields, written anew. Tells whether there was anything to do.
fn upgraded(
    made: &mut Value,
    manager: &str,
    env: &mut Env<'_>,
    request: impl Fn(Value) -> Request,
) -> Result<bool, String> {
    let mut last = String::new();
    for _ in 0..MOST_TRIES {
        let names = owners(made, "Update");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(patch) = upgrade::patch(made, &names, manager, "")? else { return Ok(false) };
        match env.try_call(&request(patch)) {
            Ok(new) => {
                *made = (*new).clone();
                return Ok(true);
            }
            Err(s) if s.is(Reason::Conflict) => last = s.message,
            Err(s) => return Err(s.message),
        }
    }
    Err(last)
}
