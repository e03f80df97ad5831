//! kubectl diff: what an apply would change, as `diff -u -N` shows it.

use serde_json::Value;

use super::apply::{patch_for, remembered};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Reason, yaml};
use crate::kubectl::args::{FILES, SELECTOR, SHOW_OWNERS, Type, field_manager};
use crate::kubectl::manifests::{self, Validate};
use crate::kubectl::resources::{collection, joined, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DIFF: Verb = Verb {
    name: "diff",
    summary: "Diff the live version against a would-be applied version",
    flags: &[
        FILES,
        &[
            SELECTOR,
            field_manager("kubectl-client-side-apply"),
            SHOW_OWNERS.absent(),
            Flag::new("server-side", Type::Bool).absent(),
            Flag::new("force-conflicts", Type::Bool).absent(),
            Flag::new("prune", Type::Bool).absent(),
            Flag::new("prune-allowlist", Type::Array).absent(),
            Flag::new("concurrency", Type::Int).default("1"),
            Flag::new("show-secrets", Type::Bool),
        ],
    ],
    completes: Completes::Nothing,
    run: diff,
};

fn diff(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    // 1 is what a difference is told by, so a failure is 2.
    let failed = |f: Failure| Failure { code: 2, ..f };
    let files = manifests::files(args, env).map_err(failed)?;
    let (live, merged) = (env.api.number(), env.api.number());
    let mut changed = false;
    let (manifests, unread) = manifests::read(&files, args.flag("recursive"), Validate::Ignore, env).map_err(failed)?;
    if !unread.is_empty() {
        return Err(failed(joined(unread)));
    }
    let mut manifests = manifests::chosen(manifests, args.text("selector")).map_err(failed)?;
    // `diff` walks two directories of files, so the files' names decide on the order.
    manifests.sort_by_key(|m| file_name(m, m.namespace()));
    for m in manifests {
        let ns = m.namespace();
        let modified = remembered(&m);
        let path = object(m.kind, ns, m.name());
        let (old, new) = match env.try_call(&Request::get(&path)) {
            Err(s) if s.is(Reason::NotFound) => {
                let r = Request::new(Method::Post, collection(m.kind, ns))
                    .query("dryRun", "All")
                    .query("fieldValidation", "Strict")
                    .body(m.value.clone());
                (Value::Null, (*env.call(&r).map_err(failed)?).clone())
            }
            Err(s) => return Err(failed(Failure::status(&s))),
            Ok(current) => {
                let patch = patch_for(&m, &modified, &current);
                let r = Request::new(Method::Patch(PatchType::Strategic), &path)
                    .query("dryRun", "All")
                    .query("fieldValidation", "Strict")
                    .body(patch);
                let new = if r.body.as_ref().and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
                    (*current).clone()
                } else {
                    (*env.call(&r).map_err(failed)?).clone()
                };
                ((*current).clone(), new)
            }
        };
        let text = |v: &Value| {
            if v.is_null() {
                return String::new();
            }
            let mut v = v.clone();
            // What the server does with the annotation itself is of no interest.
            let keep = old["metadata"]["annotations"][super::apply::LAST_APPLIED].clone();
            if keep.is_string() {
                v["metadata"]["annotations"][super::apply::LAST_APPLIED] = keep;
            }
            yaml::print(&v)
        };
        let (a, b) = (text(&old), text(&new));
        if a == b {
            continue;
        }
        changed = true;
        let name = file_name(&m, ns);
        let stamp = env.now().diff_stamp();
        env.line(format!("diff -u -N /tmp/LIVE-{live}/{name} /tmp/MERGED-{merged}/{name}"));
        env.line(format!("--- /tmp/LIVE-{live}/{name}\t{stamp}"));
        env.line(format!("+++ /tmp/MERGED-{merged}/{name}\t{stamp}"));
        let d = similar::TextDiff::from_lines(&a, &b);
        for hunk in d.unified_diff().context_radius(3).iter_hunks() {
            env.line(hunk.header().to_string());
            for c in hunk.iter_changes() {
                env.out.push_str(&format!("{}{}", c.tag(), c));
            }
        }
    }
    Ok(Done::Exit(i32::from(changed)))
}

/// The name under which an object is written into the directories that are compared.
fn file_name(m: &manifests::Manifest, ns: &str) -> String {
    let version = m.kind.api_version().replace('/', ".");
    format!("{version}.{}.{ns}.{}", m.kind.name(), m.name()).replace("..", ".")
}
