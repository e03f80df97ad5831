//! kubectl diff: what an apply would change, as `diff -u -N` shows it of two directories of files.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/diff.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::apply::{LAST_APPLIED, Visited, deletion_warning, patch_for};
use super::apply_prune::Pruned;
use super::apply_server::manager;
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{KindRef, Reason, Status, yaml};
use crate::kubectl::args::{FILES, SELECTOR, SHOW_OWNERS, Type, field_manager};
use crate::kubectl::manifests::{self, Manifest, Validate};
use crate::kubectl::printers::cleaned;
use crate::kubectl::resources::{collection, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DIFF: Verb = Verb {
    name: "diff",
    summary: "Diff the live version against a would-be applied version",
    flags: &[
        FILES,
        &[
            SELECTOR,
            field_manager("kubectl-client-side-apply"),
            SHOW_OWNERS,
            Flag::new("server-side", Type::Bool),
            Flag::new("force-conflicts", Type::Bool),
            Flag::new("prune", Type::Bool),
            Flag::new("prune-allowlist", Type::Array),
            Flag::new("concurrency", Type::Int).default("1"),
            Flag::new("show-secrets", Type::Bool),
        ],
    ],
    completes: Completes::Nothing,
    run: diff,
};

/// How often an object is looked at that changes meanwhile; the last time its version is of no account.
const MOST_TRIES: usize = 4;

/// An object as it is and as it would be. What is not there is null.
struct Pair {
    live: Value,
    merged: Value,
    /// What was listed to be pruned is shown with its owners.
    pruned: bool,
}

fn diff(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    // 1 is what a difference is told by, so a failure is 2.
    match differing(args, env) {
        Ok(differing) => Ok(Done::Exit(i32::from(differing))),
        Err(f) => Err(Failure { code: 2, ..f }),
    }
}

fn differing(args: &Args, env: &mut Env<'_>) -> Result<bool, Failure> {
    manifests::required(args)?;
    if args.flag("force-conflicts") && !args.flag("server-side") {
        return Err(Failure::error("--force-conflicts only works with --server-side"));
    }
    let pruned = if args.flag("prune") { Some(env.mapped(|m| Pruned::of(args, m))?) } else { None };
    let directories = (env.api.number(), env.api.number());
    let read = manifests::read(args, Validate::Ignore, env)?;
    let manifests = manifests::chosen(read.into_iter().collect::<Result<_, _>>()?, args.text("selector"))?;
    let (mut pairs, mut visited) = (BTreeMap::new(), Visited::default());
    for m in &manifests {
        let pair = pair(m, args, env)?;
        visited.mark(m, &pair.live);
        pairs.insert(file_name(m.kind, m.namespace(), m.name()), pair);
    }
    if let Some(pruned) = pruned {
        for f in pruned.goners(&visited, args, env)? {
            let name = file_name(f.kind, &f.namespace, &f.name);
            pairs.insert(name, Pair { live: (*f.object).clone(), merged: Value::Null, pruned: true });
        }
    }
    // `diff` walks two directories of files, so the files' names decide on the order.
    let mut any = false;
    for (name, pair) in pairs {
        any |= print(&name, pair, directories, args, env);
    }
    Ok(any)
}

fn pair(m: &Manifest, args: &Args, env: &mut Env<'_>) -> Result<Pair, Failure> {
    for attempt in 1..=MOST_TRIES {
        let live = match env.try_call(&Request::get(object(m.kind, m.namespace(), m.name()))) {
            Ok(live) => (*live).clone(),
            Err(s) if s.is(Reason::NotFound) => Value::Null,
            Err(s) => return Err(Failure::status(&s)),
        };
        let last = attempt == MOST_TRIES;
        if last {
            let version = format!("{}/{}", m.kind.group(), m.kind.version());
            let what = format!("Object ({version}, Kind={}: {})", m.kind.name(), m.name());
            env.warn_as_klog("diff.go:723", &format!("{what} keeps changing, diffing without lock"));
        }
        match merged(m, &live, args, !last, env) {
            Err(s) if s.is(Reason::Conflict) && !last => {}
            Err(s) => return Err(Failure::status(&s)),
            Ok(merged) => {
                deletion_warning(&live, env);
                return Ok(Pair { live, merged, pruned: false });
            }
        }
    }
    Err(Failure::error(format!("{} keeps changing", m.name())))
}

/// The object as it would be, by a dry run. `locked`: only if it is still what was seen.
fn merged(m: &Manifest, live: &Value, args: &Args, locked: bool, env: &mut Env<'_>) -> Result<Value, Status> {
    let path = object(m.kind, m.namespace(), m.name());
    let request = if args.flag("server-side") {
        Request::new(Method::Patch(PatchType::Apply), &path)
            .query("fieldManager", manager(args))
            .query("force", if args.flag("force-conflicts") { "true" } else { "false" })
            .body(m.value.clone())
    } else if live.is_null() {
        Request::new(Method::Post, collection(m.kind, m.namespace())).body(m.value.clone())
    } else {
        let mut modified = m.value.clone();
        let annotations = &mut modified["metadata"]["annotations"];
        match annotations.as_object_mut() {
            Some(all) => drop(all.remove(LAST_APPLIED)),
            None => *annotations = json!({}),
        }
        let mut patch = patch_for(m, &modified, live);
        if patch.as_object().is_some_and(Map::is_empty) {
            return Ok(live.clone());
        }
        if locked {
            patch["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
        }
        Request::new(Method::Patch(PatchType::of(m.kind)), &path).body(patch)
    };
    env.try_call(&request.query("dryRun", "All")).map(|v| (*v).clone())
}

/// The name under which an object is written into the directories that are compared.
fn file_name(kind: KindRef, namespace: &str, name: &str) -> String {
    let version = kind.api_version().replace('/', ".");
    format!("{version}.{}.{namespace}.{name}", kind.name())
}

/// Prints what differs, as `diff` does. Tells whether anything does.
fn print(name: &str, mut pair: Pair, directories: (u64, u64), args: &Args, env: &mut Env<'_>) -> bool {
    let secret = !args.flag("show-secrets") && pair.merged["kind"] == "Secret" && pair.merged["apiVersion"] == "v1";
    if secret {
        masked(&mut pair);
    }
    let owners = args.flag("show-managed-fields") || pair.pruned;
    let text = |v: &Value| match v {
        // What is not there has no file, but for one whose values were to be masked.
        Value::Null if !secret => String::new(),
        v => yaml::print(&cleaned(v, owners)),
    };
    let (a, b) = (text(&pair.live), text(&pair.merged));
    if a == b {
        return false;
    }
    let (stamp, (live, merged)) = (env.now().diff_stamp(), directories);
    env.line(format!("diff -u -N /tmp/LIVE-{live}/{name} /tmp/MERGED-{merged}/{name}"));
    env.line(format!("--- /tmp/LIVE-{live}/{name}\t{stamp}"));
    env.line(format!("+++ /tmp/MERGED-{merged}/{name}\t{stamp}"));
    for hunk in similar::TextDiff::from_lines(&a, &b).unified_diff().context_radius(3).iter_hunks() {
        env.line(hunk.header().to_string());
        for c in hunk.iter_changes() {
            env.out.push_str(&format!("{}{}", c.tag(), c));
        }
    }
    true
}

const MASK: &str = "***";
const MASK_BEFORE: &str = "*** (before)";
const MASK_AFTER: &str = "*** (after)";

/// What a Secret holds is not shown, only that it changes.
fn masked(pair: &mut Pair) {
    let (live, merged) = (pair.live["data"].clone(), pair.merged["data"].clone());
    let mask = |v: &mut Value, other: &Value, changed: &str| {
        for (key, value) in v.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten() {
            let differs = other.get(key).is_some_and(|o| o != value);
            *value = if differs { changed } else { MASK }.into();
        }
    };
    mask(&mut pair.live, &merged, MASK_BEFORE);
    mask(&mut pair.merged, &live, MASK_AFTER);
}
