//! `minikube node`: machines that join, leave, start and stop.
//! Real Kubernetes: cmd/minikube/cmd/node_*.go.

use super::{Call, GUEST_ERROR, USAGE, exiting, no_node, said};
use crate::kubectl::args::{Flag, Type};
use crate::prompt::session::{Output, Session};

pub const ADD_FLAGS: &[Flag] =
    &[Flag::new("worker", Type::Bool).default("true"), Flag::new("control-plane", Type::Bool)];

pub fn list(s: &mut Session, _: &Call) -> Output {
    said(s.cluster.plan.nodes.iter().map(|n| format!("{}\t{}\n", n.name, n.ip)).collect())
}

pub fn add(s: &mut Session, c: &Call) -> Output {
    if c.args.flag("control-plane") {
        return exiting("GUEST_NODE_ADD", GUEST_ERROR, "kubetutor: only workers can be added here");
    }
    let role = "[worker]";
    let Some(name) = s.cluster.add_node(c.cause) else {
        return exiting(
            "GUEST_NODE_ADD",
            GUEST_ERROR,
            "failed to add node: kubetutor: there are no more machines here",
        );
    };
    s.await_nodes();
    said(format!(
        "😄  Adding node {0} to cluster minikube as {role}\n👍  Starting \"{name}\" worker node in \"minikube\" cluster\n🚜  Pulling base image v0.0.48 ...\n🔎  Verifying Kubernetes components...\n🏄  Successfully added {0} to minikube!\n",
        short(&name)
    ))
}

/// As minikube itself calls it: `m02`.
fn short(name: &str) -> &str {
    name.strip_prefix("minikube-").unwrap_or(name)
}

/// The node that is meant: `minikube-m02` or `m02`.
fn meant(s: &Session, c: &Call, what: &str) -> Result<String, Output> {
    let word = match c.args.words.as_slice() {
        [one] => one,
        _ => return Err(exiting("MK_USAGE", USAGE, &format!("Usage: minikube node {what} [name]"))),
    };
    let found = s.cluster.plan.nodes.iter().find(|n| n.name == *word || short(&n.name) == word);
    found.map(|n| n.name.clone()).ok_or_else(|| no_node(word))
}

pub fn start(s: &mut Session, c: &Call) -> Output {
    let name = match meant(s, c, "start") {
        Ok(name) => name,
        Err(failed) => return failed,
    };
    if !s.cluster.machine_is_off(&name) {
        return said(format!("👍  {} is already running\n", short(&name)));
    }
    s.waited = true;
    s.boot(std::slice::from_ref(&name));
    said(format!(
        "👍  Starting \"{name}\" worker node in \"minikube\" cluster\n🔄  Restarting existing docker container for \"{name}\" ...\n🔎  Verifying Kubernetes components...\n🏄  Successfully started node {}!\n",
        short(&name)
    ))
}

pub fn stop(s: &mut Session, c: &Call) -> Output {
    let name = match meant(s, c, "stop") {
        Ok(name) => name,
        Err(failed) => return failed,
    };
    s.waited = true;
    s.cluster.switch_machine(&name, false);
    said(format!(
        "✋  Stopping node \"{name}\"  ...\n🛑  Powering off \"{name}\" via SSH ...\n🛑  Successfully stopped node {name}\n"
    ))
}

pub fn delete(s: &mut Session, c: &Call) -> Output {
    let name = match meant(s, c, "delete") {
        Ok(name) => name,
        Err(failed) => return failed,
    };
    if !s.cluster.remove_node(&name, c.cause) {
        return exiting(
            "GUEST_NODE_DELETE",
            GUEST_ERROR,
            "deleting node: kubetutor: the control plane runs on it: minikube delete",
        );
    }
    said(format!(
        "🔥  Deleting node {} from cluster minikube\n✋  Stopping node \"{name}\"  ...\n🛑  Powering off \"{name}\" via SSH ...\n🔥  Deleting \"{name}\" in docker ...\n💀  Node {} was successfully deleted.\n",
        short(&name),
        short(&name)
    ))
}
