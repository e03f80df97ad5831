//! kubectl cordon and uncordon: whether new pods may come to a node.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/drain/drain.go, pkg/drain/cordon.go.

use std::sync::Arc;

use serde_json::json;

use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, Type};
use crate::kubectl::resources::{self, Found, collection, object, with_selectors};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const FLAGS: &[Flag] = &[DRY_RUN_FLAG, NODES];

/// Which nodes, where none is named.
pub const NODES: Flag = Flag::new("selector", Type::Text).short('l');

pub static CORDON: Verb = Verb {
    name: "cordon",
    summary: "Mark node as unschedulable",
    flags: &[FLAGS],
    completes: Completes::Objects,
    run: |args, env| alone(args, Wanted::Cordoned, env),
};

pub static UNCORDON: Verb = Verb {
    name: "uncordon",
    summary: "Mark node as schedulable",
    flags: &[FLAGS],
    completes: Completes::Objects,
    run: |args, env| alone(args, Wanted::Uncordoned, env),
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Cordoned,
    Uncordoned,
}

impl Wanted {
    fn done(self) -> &'static str {
        match self {
            Wanted::Cordoned => "cordoned",
            Wanted::Uncordoned => "uncordoned",
        }
    }
}

fn alone(args: &Args, wanted: Wanted, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, nodes) = nodes(args, env)?;
    mark(&nodes, wanted, dry, env);
    Ok(Done::OK)
}

/// The nodes that a command line means: by their names, `node/NAME` too, or by their labels. The first that is missing
/// ends the command.
pub fn nodes(args: &Args, env: &mut Env<'_>) -> Result<(DryRun, Vec<Found>), Failure> {
    if args.words.is_empty() && !args.is_set("selector") {
        return Err(Failure::see(format!("USAGE: {} NODE [flags]", args.verb), args.verb));
    }
    let selecting = !args.text("selector").is_empty();
    if !args.words.is_empty() && selecting {
        return Err(Failure::see("cannot specify both a node name and a --selector option", args.verb));
    }
    let dry = DryRun::of(args)?;
    let node = kinds::Node::kind_ref();
    if selecting {
        let request = with_selectors(Request::get(collection(node, "")), args);
        let list = env.try_call(&request).map_err(|s| resources::refused_list(s, node, args))?;
        let items = list["items"].as_array().into_iter().flatten();
        return Ok((dry, items.map(|v| Found::of(node, Arc::new(v.clone()))).collect()));
    }
    if args.words.is_empty() {
        return Err(Failure::error(resources::MISSING_RESOURCE));
    }
    let named =
        env.mapped(|m| args.words.iter().map(|w| resources::named(w, node, m)).collect::<Result<Vec<_>, _>>())?;
    if named.iter().any(|(kind, _)| *kind != named[0].0) {
        return Err(Failure::error("you may only specify a single resource type"));
    }
    let mut found = vec![];
    for (kind, name) in named {
        let namespace = if kind.namespaced() { env.namespace.clone() } else { String::new() };
        let o = env.call(&Request::get(object(kind, &namespace, &name)))?;
        if kind != node {
            let (group, version, plural) = (kind.group(), kind.version(), kind.plural());
            return Err(Failure::error(format!(
                "error: expected resource of type node, got \"{group}/{version}, Resource={plural}\""
            )));
        }
        found.push(Found::of(kind, o));
    }
    Ok((dry, found))
}

/// Marks nodes, and says so. One that cannot be marked is no reason to stop.
pub fn mark(nodes: &[Found], wanted: Wanted, dry: DryRun, env: &mut Env<'_>) {
    let unschedulable = wanted == Wanted::Cordoned;
    for n in nodes {
        let is = n.object["spec"]["unschedulable"].as_bool().unwrap_or(false);
        if is == unschedulable {
            env.line(format!("node/{} already {}{}", n.name, wanted.done(), dry.note()));
            continue;
        }
        if dry != DryRun::Client {
            let change = if unschedulable { json!(true) } else { json!(null) };
            let r = dry.on(Request::new(Method::Patch(PatchType::Strategic), n.path())
                .body(json!({"spec": {"unschedulable": change}})));
            if let Err(s) = env.try_call(&r) {
                let doing = wanted.done().trim_end_matches("ed");
                env.error_line(format!("error: unable to {doing} node {:?}: {}", n.name, s.message));
                continue;
            }
        }
        env.line(format!("node/{} {}{}", n.name, wanted.done(), dry.note()));
    }
}
