//! kubectl drain: cordons nodes and sends their pods away, one node after the other.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/drain/drain.go, pkg/drain/drain.go.

use std::collections::VecDeque;

use serde_json::Value;

use super::cordon::{self, NODES, Wanted};
use super::drain_node::{Node, Trouble};
use super::drain_pods::{self, Allowed, Verdict};
use crate::api::request::Request;
use crate::api::selector::Selector;
use crate::api::{Duration, Resource, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, Type};
use crate::kubectl::resources::{Found, collection, joined, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static DRAIN: Verb = Verb {
    name: "drain",
    summary: "Drain node in preparation for maintenance",
    flags: &[&[
        DRY_RUN_FLAG,
        NODES,
        Flag::new("force", Type::Bool),
        Flag::new("ignore-daemonsets", Type::Bool),
        Flag::new("delete-emptydir-data", Type::Bool),
        Flag::new("grace-period", Type::Int).default("-1"),
        Flag::new("timeout", Type::Duration).default("0s"),
        Flag::new("pod-selector", Type::Text),
        Flag::new("disable-eviction", Type::Bool),
        Flag::new("skip-wait-for-delete-timeout", Type::Int).default("0"),
        Flag::new("chunk-size", Type::Int).default("500"),
    ]],
    completes: Completes::Objects,
    run: drain,
};

fn drain(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let pods = args.text("pod-selector");
    let (dry, nodes) = cordon::nodes(args, env)?;
    if !pods.is_empty() && Selector::parse(pods).is_err() {
        return Err(Failure::error("--pod-selector=<pod_selector> must be a valid label selector"));
    }
    cordon::mark(&nodes, Wanted::Cordoned, dry, env);
    let timeout = args.duration("timeout");
    let how = How {
        dry,
        allowed: Allowed {
            unmanaged: args.flag("force"),
            daemonsets: args.flag("ignore-daemonsets"),
            local_data: args.flag("delete-emptydir-data"),
            patience_secs: u64::try_from(args.int("skip-wait-for-delete-timeout")).unwrap_or(0),
        },
        way: if args.flag("disable-eviction") { Way::Delete } else { Way::Evict },
        grace_secs: u64::try_from(args.int("grace-period")).ok(),
        timeout: (!timeout.is_zero()).then_some(timeout),
        pods: pods.to_string(),
    };
    Ok(Done::Follow(Box::new(Draining { how, nodes: nodes.into(), at: None, left: vec![] })))
}

/// What the command line asks for.
pub struct How {
    pub dry: DryRun,
    pub allowed: Allowed,
    pub way: Way,
    /// `None`: as each pod wishes.
    pub grace_secs: Option<u64>,
    /// For the pods of one node.
    pub timeout: Option<Duration>,
    /// A label selector.
    pods: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Evict,
    Delete,
}

struct Draining {
    how: How,
    nodes: VecDeque<Found>,
    at: Option<Node>,
    /// Nodes that could not be drained.
    left: Vec<(String, Box<Trouble>)>,
}

impl Follow for Draining {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        loop {
            if let Some(node) = &mut self.at {
                if let Some(due) = node.go_on(&self.how, env) {
                    return Ok(Progress::Waiting(Some(due)));
                }
            } else {
                let Some(node) = self.nodes.pop_front() else { return self.end(env) };
                match Node::begin(node, &self.how, env) {
                    Ok(begun) => self.at = Some(begun),
                    Err((name, why)) => self.give_up(name, why, env),
                }
            }
            // Where nothing is left to wait for, the next node's turn has come.
            if let Some(done) = self.at.take_if(|n| n.is_done()) {
                match done.outcome(&self.how, env) {
                    Ok(name) => env.line(format!("node/{name} drained{}", self.how.dry.note())),
                    Err((name, why)) => self.give_up(name, why, env),
                }
            }
        }
    }

    /// Where everything that is left is refused again and again, it may be refused for ever.
    fn ends(&self) -> bool {
        self.how.timeout.is_some() || !self.at.as_ref().is_some_and(Node::is_refused)
    }
}

impl Draining {
    fn give_up(&mut self, node: String, why: Box<Trouble>, env: &mut Env<'_>) {
        env.error_line(format!(
            "error: unable to drain node {node:?} due to error: {}, continuing command...",
            why.shown
        ));
        self.left.push((node, why));
    }

    fn end(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        if self.left.is_empty() {
            return Ok(Progress::Exit(0));
        }
        env.error_line("There are pending nodes to be drained:");
        self.left.iter().for_each(|(name, _)| env.error_line(format!(" {name}")));
        Err(joined(std::mem::take(&mut self.left).into_iter().map(|(_, why)| why.failure).collect()))
    }
}

/// The pods of a node that are to go, and what is to be warned of, or what stands against it.
pub struct Seen {
    pub going: Vec<Value>,
    pub said: Result<String, Box<Trouble>>,
}

impl How {
    /// Looks at the pods of a node.
    pub fn pods_of(&self, node: &str, env: &mut Env<'_>) -> Seen {
        let mut request = Request::get(collection(kinds::Pod::kind_ref(), ""))
            .query("fieldSelector", format!("spec.nodeName={node}"));
        if !self.pods.is_empty() {
            request = request.query("labelSelector", self.pods.as_str());
        }
        let list = match env.try_call(&request) {
            Ok(list) => list,
            Err(s) => return Seen { going: vec![], said: Err(Trouble::status(&s)) },
        };
        let now = env.now();
        let mut judged = vec![];
        for pod in list["items"].as_array().into_iter().flatten() {
            let mut daemonset = |namespace: &str, name: &str| {
                env.try_call(&Request::get(object(kinds::DaemonSet::kind_ref(), namespace, name))).map(|_| ())
            };
            judged.push((pod, drain_pods::judge(pod, self.allowed, now, &mut daemonset)));
        }
        let goes = judged.iter().filter(|(_, v)| matches!(v, Verdict::Goes { .. }));
        let going: Vec<Value> = goes.map(|(p, _)| (*p).clone()).collect();
        let blocking = drain_pods::grouped(judged.iter().filter_map(|(p, v)| match v {
            Verdict::Blocks { why } => Some((why.as_str(), *p)),
            _ => None,
        }));
        if !blocking.is_empty() {
            let reasons: Vec<String> = blocking.iter().map(|b| format!("cannot delete {b}")).collect();
            return Seen { going, said: Err(Trouble::all(&reasons)) };
        }
        let warnings = drain_pods::grouped(judged.iter().filter_map(|(p, v)| match v {
            Verdict::Goes { warning } | Verdict::Stays { warning } => warning.map(|w| (w, *p)),
            Verdict::Blocks { .. } => None,
        }));
        Seen { going, said: Ok(warnings.join("; ")) }
    }
}
