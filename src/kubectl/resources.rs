//! Which objects a command line means: `TYPE NAME`, `TYPE/NAME`, `TYPE1,TYPE2`, files, selectors.
//! Real Kubernetes: k8s.io/cli-runtime/pkg/resource/builder.go.

use std::sync::Arc;

use serde_json::Value;

use super::args::Args;
use super::env::{Done, Env};
use super::failure::Failure;
use super::manifests::{self, Validate};
use super::mapper::Mapper;
use crate::api::request::Request;
use crate::api::{KindRef, Reason, Resource, Status, kinds};

/// The path of a kind in a namespace (empty: all, or none).
pub fn collection(kind: KindRef, namespace: &str) -> String {
    kind.collection(namespace)
}

pub fn object(kind: KindRef, namespace: &str, name: &str) -> String {
    format!("{}/{name}", collection(kind, namespace))
}

/// `deployment.apps/web`, as messages name objects.
pub fn full_name(kind: KindRef, name: &str) -> String {
    format!("{}/{name}", singular(kind))
}

/// `deployment.apps`
pub fn singular(kind: KindRef) -> String {
    if kind.group().is_empty() { kind.singular().into() } else { format!("{}.{}", kind.singular(), kind.group()) }
}

/// What was asked for: kinds, or single objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    pub items: Vec<(KindRef, Option<String>)>,
    /// More than one kind was named, so the output names kinds.
    pub several_kinds: bool,
    /// It was written as TYPE/NAME.
    pub slashed: bool,
}

/// `pods,services a b` is short for `pods/a pods/b services/a services/b`; so `pods, services` names nothing.
fn each_of_each(words: &[String]) -> Vec<String> {
    match words.split_first() {
        Some((kinds, names)) if kinds.contains(',') && !names.is_empty() => {
            kinds.split(',').flat_map(|kind| names.iter().map(move |name| format!("{kind}/{name}"))).collect()
        }
        _ => words.to_vec(),
    }
}

/// The two parts of `TYPE/NAME`; nothing of a word without a slash. Real Kubernetes: builder.go splitResourceTypeName.
pub fn slashed(word: &str) -> Result<Option<(&str, &str)>, Failure> {
    let Some((kind, name)) = word.split_once('/') else { return Ok(None) };
    if name.contains('/') {
        return Err(Failure::error("arguments in resource/name form may not have more than one slash"));
    }
    if kind.is_empty() || name.is_empty() || kind.contains(',') {
        return Err(Failure::error("arguments in resource/name form must have a single resource and name"));
    }
    Ok(Some((kind, name)))
}

/// What `NAME` or `TYPE/NAME` means, where a kind goes without saying. Real Kubernetes: builder.go ResourceNames.
pub fn named(word: &str, kind: KindRef, mapper: &Mapper) -> Result<(KindRef, String), Failure> {
    Ok(match slashed(word)? {
        Some((kind, name)) => (mapper.kind(kind)?, name.to_string()),
        None => (kind, word.to_string()),
    })
}

impl Selection {
    pub fn parse(words: &[String], mapper: &Mapper) -> Result<Selection, Failure> {
        let words = &each_of_each(words);
        let slash = words.iter().any(|w| w.contains('/'));
        let mut items = vec![];
        if slash {
            for w in words {
                let Some((t, n)) = slashed(w)? else {
                    return Err(Failure::error(
                        "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form \
                         (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
                    ));
                };
                items.push((mapper.kind(t)?, Some(n.to_string())));
            }
            let mut seen: Vec<KindRef> = items.iter().map(|(k, _)| *k).collect();
            seen.sort();
            seen.dedup();
            return Ok(Selection { several_kinds: seen.len() > 1, items, slashed: true });
        }
        let Some((first, names)) = words.split_first() else {
            return Ok(Selection { items, several_kinds: false, slashed: false });
        };
        let kinds = mapper.kinds(first)?;
        if first == "all" && !names.is_empty() {
            return Err(Failure::error("you must specify only one resource"));
        }
        for k in &kinds {
            if names.is_empty() {
                items.push((*k, None));
            }
            items.extend(names.iter().map(|n| (*k, Some(n.clone()))));
        }
        Ok(Selection { items, several_kinds: kinds.len() > 1, slashed: false })
    }

    pub fn has_names(&self) -> bool {
        self.items.iter().any(|(_, n)| n.is_some())
    }
}

/// What `You must provide …` says where a command line names nothing at all.
pub const MISSING_RESOURCE: &str = "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'";

/// Refuses command lines that name nothing, or contradict themselves. `whole`: a kind alone means all its objects.
fn check(args: &Args, selection: &Selection, whole: bool) -> Result<(), Failure> {
    let refused = |text: &str| Err(Failure::error(text));
    let selecting = args.is_set("selector") && !args.text("selector").is_empty()
        || args.is_set("field-selector") && !args.text("field-selector").is_empty();
    if selecting && selection.has_names() {
        return refused(if selection.slashed {
            "selectors and the all flag cannot be used when passing resource/name arguments"
        } else {
            "name cannot be provided when a selector is specified"
        });
    }
    if selecting && selection.items.is_empty() {
        return refused("at least one resource must be specified to use a selector");
    }
    if selection.items.is_empty() {
        return refused(MISSING_RESOURCE);
    }
    if !whole && !selecting && !selection.has_names() {
        return refused("resource(s) were provided, but no name was specified");
    }
    Ok(())
}

/// An object as it was found, and where it came from.
#[derive(Clone, Debug)]
pub struct Found {
    pub kind: KindRef,
    pub namespace: String,
    pub name: String,
    pub object: Arc<Value>,
}

impl Found {
    pub fn of(kind: KindRef, object: Arc<Value>) -> Found {
        let text = |k: &str| object["metadata"][k].as_str().unwrap_or("").to_string();
        Found { kind, namespace: text("namespace"), name: text("name"), object }
    }
    pub fn path(&self) -> String {
        object(self.kind, &self.namespace, &self.name)
    }
    pub fn full_name(&self) -> String {
        full_name(self.kind, &self.name)
    }
}

/// Adds the selectors of the command line to a request for a list.
pub fn with_selectors(mut r: Request, args: &Args) -> Request {
    for (flag, key) in [("selector", "labelSelector"), ("field-selector", "fieldSelector")] {
        let text = args.text(flag);
        if !text.is_empty() {
            r = r.query(key, text);
        }
    }
    r
}

/// A list that was refused, with what was looked for. Real Kubernetes: cli-runtime/pkg/resource/selector.go Visit.
pub fn refused_list(mut s: Status, kind: KindRef, args: &Args) -> Failure {
    if s.is(Reason::BadRequest) || s.is(Reason::NotFound) {
        let version = kind.api_version();
        let version = if version.contains('/') { version } else { format!("/{version}") };
        let what = format!("{version}, Resource={}", kind.plural());
        let (labels, fields) = (args.text("selector"), args.text("field-selector"));
        s.message = if labels.is_empty() && fields.is_empty() {
            format!("Unable to list {what:?}: {}", s.message)
        } else {
            format!(
                "Unable to find {what:?} that match label selector {labels:?}, field selector {fields:?}: {}",
                s.message
            )
        };
    }
    Failure::status(&s)
}

/// Fetches every object that the command line means; failures are collected, as kubectl goes on with the rest.
/// A kind alone means all its objects.
pub fn fetch(args: &Args, words: &[String], env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    gather(args, words, true, env)
}

/// The same for verbs that change what they find: there a kind alone means all its objects only after `--all`.
pub fn fetch_named(args: &Args, words: &[String], env: &mut Env<'_>) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    gather(args, words, args.flag("all"), env)
}

fn gather(
    args: &Args,
    words: &[String],
    whole: bool,
    env: &mut Env<'_>,
) -> Result<(Vec<Found>, Vec<Failure>), Failure> {
    let (mut found, mut failures) = (vec![], vec![]);
    let namespace = if args.flag("all-namespaces") { String::new() } else { env.namespace.clone() };
    if args.names_files() {
        for read in manifests::read(args, Validate::Ignore, env)? {
            let fetched = read.and_then(|m| {
                let request = Request::get(object(m.kind, m.namespace(), m.name()));
                let o = by_name(&request, m.namespace(), env).map_err(|s| Failure::status(&s))?;
                Ok(Found::of(m.kind, o))
            });
            match fetched {
                Ok(o) => found.push(o),
                Err(f) => failures.push(f),
            }
        }
        return Ok((found, failures));
    }
    let selection = env.mapped(|m| Selection::parse(words, m))?;
    check(args, &selection, whole)?;
    for (kind, name) in &selection.items {
        match name {
            Some(n) => match by_name(&Request::get(object(*kind, &namespace, n)), placed(*kind, &namespace), env) {
                Ok(o) => found.push(Found::of(*kind, o)),
                Err(s) if s.is(Reason::NotFound) && args.flag("ignore-not-found") => {}
                Err(s) => failures.push(Failure::status(&s)),
            },
            None => {
                let request = with_selectors(Request::get(collection(*kind, &namespace)), args);
                match env.try_call(&request) {
                    Ok(list) => {
                        for item in list["items"].as_array().into_iter().flatten() {
                            found.push(Found::of(*kind, Arc::new(item.clone())));
                        }
                    }
                    Err(s) => failures.push(refused_list(s, *kind, args)),
                }
            }
        }
    }
    Ok((found, failures))
}

/// The namespace, for what lives in one.
pub fn placed(kind: KindRef, namespace: &str) -> &str {
    if kind.namespaced() { namespace } else { "" }
}

/// An object by its name. Where there is not even the namespace, that is the trouble.
/// Real Kubernetes: cli-runtime/pkg/resource/visitor.go Info.Get.
pub fn by_name(request: &Request, namespace: &str, env: &mut Env<'_>) -> Result<Arc<Value>, Status> {
    env.try_call(request).map_err(|absent| {
        if !absent.is(Reason::NotFound) || matches!(namespace, "" | "default") {
            return absent;
        }
        let place = Request::get(object(kinds::Namespace::kind_ref(), "", namespace));
        env.try_call(&place).err().filter(|s| s.is(Reason::NotFound)).unwrap_or(absent)
    })
}

/// How a command ends that went on after what failed.
pub fn finish(failures: Vec<Failure>) -> Result<Done, Failure> {
    if failures.is_empty() { Ok(Done::OK) } else { Err(joined(failures)) }
}

/// All failures of a command as one; or of a part of it, for a list with others: there they take one line.
pub fn joined(mut failures: Vec<Failure>) -> Failure {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let code = failures.iter().map(|f| f.code).max().unwrap_or(1);
    let hint = failures.iter().find_map(|f| f.hint.clone());
    // Several at once are listed without the word that a single one begins with.
    let line = |f: Failure| match (f.among, f.message.strip_prefix("error: ")) {
        (Some(among), _) => among,
        (None, Some(bare)) => bare.to_string(),
        _ => f.message,
    };
    let lines: Vec<String> = failures.into_iter().map(line).collect();
    Failure { code, hint, among: Some(format!("[{}]", lines.join(", "))), ..Failure::plain(lines.join("\n")) }
}
