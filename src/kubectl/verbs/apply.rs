//! kubectl apply: brings objects to what files say, and keeps what others set.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/apply (client-side).

use serde_json::{Value, json};

use super::apply_server;
use super::create::say;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, go_text, strategic, yaml};
use crate::kubectl::args::{
    DELETING, DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SELECTOR, Type, VALIDATE, field_manager, output,
};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::{Format, json_text};
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, collection, finish, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub static APPLY: Verb = Verb {
    name: "apply",
    summary: "Apply a configuration to a resource by file name or stdin",
    flags: &[
        &[
            DRY_RUN_FLAG,
            Flag::new("server-side", Type::Bool),
            Flag::new("force-conflicts", Type::Bool),
            Flag::new("force", Type::Bool).absent(),
            VALIDATE,
            Flag::new("overwrite", Type::Bool).default("true").absent(),
            field_manager("kubectl-client-side-apply"),
            Flag::new("prune", Type::Bool),
            Flag::new("prune-allowlist", Type::Array),
            Flag::new("all", Type::Bool),
            Flag::new("openapi-patch", Type::Bool).default("true"),
            Flag::new("subresource", Type::Text).absent(),
            SELECTOR,
        ],
        DELETING,
        RECORD,
        FILES,
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run: apply,
};

pub static VIEW_LAST_APPLIED: Verb = Verb {
    name: "apply view-last-applied",
    summary: "View the latest last-applied-configuration annotations of a resource/object",
    flags: &[&[output("yaml"), Flag::new("all", Type::Bool), SELECTOR], FILES],
    completes: Completes::Objects,
    run: view_last_applied,
};

fn apply(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.words.is_empty() {
        return Err(Failure::see(format!("Unexpected args: [{}]", args.words.join(" ")), "apply"));
    }
    let files = manifests::files(args, env)?;
    if args.flag("prune") && !args.flag("all") && args.text("selector").is_empty() {
        return Err(Failure::error(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
        ));
    }
    if args.flag("prune") {
        return Err(Failure::error("kubetutor does not prune yet: leave --prune out"));
    }
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    apply_server::check(args, dry)?;
    let validate = Validate::of(args)?;
    let (manifests, mut failures) = manifests::read(&files, args.flag("recursive"), validate, env)?;
    let mut manifests = manifests::chosen(manifests, args.text("selector"))?;
    if args.flag("record") {
        manifests.iter_mut().for_each(|m| record::mark(args, &mut m.value));
    }
    if manifests.is_empty() && failures.is_empty() {
        return Err(Failure::error("no objects passed to apply"));
    }
    for m in manifests {
        let one = if args.flag("server-side") { apply_server::apply_one } else { apply_one };
        if let Err(f) = one(&m, args, &format, dry, validate, env) {
            failures.push(f);
        }
    }
    finish(failures)
}

/// The manifest as it is remembered: without what apply itself adds.
pub fn remembered(m: &Manifest) -> Value {
    let mut v = m.value.clone();
    if v["metadata"]["annotations"].is_null() {
        v["metadata"]["annotations"] = json!({});
    }
    remember(&mut v);
    v
}

/// Writes an object into itself as what was last applied.
/// Real Kubernetes: k8s.io/kubectl/pkg/util/apply.go CreateOrUpdateAnnotation.
pub fn remember(object: &mut Value) {
    if let Some(a) = object["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        a.remove(LAST_APPLIED);
    }
    let text = format!("{}\n", go_text::json(object));
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][LAST_APPLIED] = text.into();
}

/// The patch that brings the live object to the manifest.
pub fn patch_for(m: &Manifest, modified: &Value, current: &Value) -> Value {
    let original = current["metadata"]["annotations"][LAST_APPLIED]
        .as_str()
        .and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or(Value::Null);
    strategic::three_way(&original, modified, current, m.kind.layout())
}

fn apply_one(
    m: &Manifest,
    args: &Args,
    format: &Format,
    dry: DryRun,
    validate: Validate,
    env: &mut Env<'_>,
) -> Result<(), Failure> {
    let ns = m.namespace();
    if m.name().is_empty() {
        if let Some(g) = m.value["metadata"]["generateName"].as_str().filter(|g| !g.is_empty()) {
            return Err(Failure::error(format!("from {g}: cannot use generate name with apply")));
        }
        return Err(Failure::error(format!(
            "error when retrieving current configuration of:\nResource: \"{0}, Resource={1}\", GroupVersionKind: \"{0}, Kind={2}\"\nName: \"\", Namespace: {ns:?}\nfrom server for: {3:?}: resource name may not be empty",
            format_args!("{}/{}", m.kind.group(), m.kind.version()),
            m.kind.plural(),
            m.kind.name(),
            m.source
        )));
    }
    let validation = validate.field_validation();
    let modified = remembered(m);
    let path = object(m.kind, ns, m.name());
    match env.try_call(&Request::get(&path)) {
        Err(s) if s.is(Reason::NotFound) => {
            let made = if dry == DryRun::Client {
                modified
            } else {
                let r = dry.on(Request::new(Method::Post, collection(m.kind, ns))
                    .query("fieldValidation", validation)
                    .body(modified));
                let made = env
                    .try_call(&r)
                    .map_err(|s| Failure::status_while(&s, &format!("error when creating {:?}", m.source)))?;
                (*made).clone()
            };
            say(args, format, m.kind, &made, "created", dry, env)
        }
        Err(s) => Err(Failure::status_while(
            &s,
            &format!("error when retrieving current configuration of:\nfrom: {:?}", m.source),
        )),
        Ok(current) => {
            if current["metadata"]["annotations"][LAST_APPLIED].is_null() && dry == DryRun::None {
                env.error_line(format!(
                    "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
                    m.kind.plural(),
                    m.name()
                ));
            }
            let patch = patch_for(m, &modified, &current);
            if patch.as_object().is_some_and(serde_json::Map::is_empty) {
                return say(args, format, m.kind, &current, "unchanged", dry, env);
            }
            let new = if dry == DryRun::Client {
                (*current).clone()
            } else {
                let r = dry.on(Request::new(Method::Patch(PatchType::of(m.kind)), &path)
                    .query("fieldValidation", validation)
                    .body(patch));
                let doing = format!(
                    "error when applying patch:\n{}\nto:\nResource: \"{}/{}, Resource={}\", GroupVersionKind: \"{}/{}, Kind={}\"\nName: {:?}, Namespace: {ns:?}\nfor: {:?}: error when patching {:?}",
                    r.body.clone().unwrap_or_default(),
                    m.kind.group(),
                    m.kind.version(),
                    m.kind.plural(),
                    m.kind.group(),
                    m.kind.version(),
                    m.kind.name(),
                    m.name(),
                    m.source,
                    m.source
                );
                (*env.try_call(&r).map_err(|s| Failure::status_while(&s, &doing))?).clone()
            };
            let same =
                new["metadata"]["resourceVersion"] == current["metadata"]["resourceVersion"] && dry == DryRun::None;
            say(args, format, m.kind, &new, if same { "unchanged" } else { "configured" }, dry, env)
        }
    }
}

fn view_last_applied(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (found, failures) = resources::fetch(args, &args.words, env)?;
    for f in found {
        let Some(text) = f.object["metadata"]["annotations"][LAST_APPLIED].as_str() else {
            return Err(Failure::error(format!(
                "no last-applied-configuration annotation found on resource: {}",
                f.name
            )));
        };
        let v: Value = serde_json::from_str(text).unwrap_or_default();
        let text = match args.text("output") {
            "json" => json_text(&v),
            "yaml" => yaml::print(&v),
            other => {
                return Err(Failure::see(
                    format!("Unexpected -o output mode: {other}, the flag 'output' must be one of yaml|json"),
                    "apply view-last-applied",
                ));
            }
        };
        env.out.push_str(&text);
    }
    finish(failures)
}
