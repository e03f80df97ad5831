//! The cluster as a whole: `start`, `stop`, `delete`, `status`, `ip`, `ssh`, `logs`, `profile`, `version`.

use serde_json::{Value, json};

use super::tables::draw;
use super::{Call, USAGE, exiting, no_node, said};
use crate::api::kinds::Node;
use crate::api::kinds::node::is_ready;
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Op};
use crate::kubectl;
use crate::kubectl::args::{Flag, Type};
use crate::kubectl::config::{Entries, Kubeconfig};
use crate::kubectl::go_template;
use crate::prompt::programs::{CtrlC, follow};
use crate::prompt::session::{Output, Session};

pub const VERSION: &str = "v1.38.0";
pub const KUBERNETES: &str = "v1.36.3";
const RUNTIME: &str = "containerd 2.1.4";

pub const START_FLAGS: &[Flag] = &[
    Flag::new("nodes", Type::Int).short('n').default("1"),
    Flag::new("driver", Type::Text),
    Flag::new("vm-driver", Type::Text),
    Flag::new("cpus", Type::Text).default("2"),
    Flag::new("memory", Type::Text),
    Flag::new("disk-size", Type::Text).default("20000mb"),
    Flag::new("kubernetes-version", Type::Text),
    Flag::new("container-runtime", Type::Text),
    Flag::new("cni", Type::Text),
    Flag::new("addons", Type::List),
    Flag::new("wait", Type::List),
    Flag::new("force", Type::Bool),
];
pub const STATUS_FLAGS: &[Flag] = &[
    Flag::new("node", Type::Text).short('n'),
    Flag::new("output", Type::Text).short('o'),
    Flag::new("format", Type::Text).short('f'),
];
pub const STOP_FLAGS: &[Flag] = &[Flag::new("all", Type::Bool), Flag::new("keep-context-active", Type::Bool)];
pub const DELETE_FLAGS: &[Flag] = &[Flag::new("all", Type::Bool), Flag::new("purge", Type::Bool)];
pub const SSH_FLAGS: &[Flag] =
    &[Flag::new("node", Type::Text).short('n'), Flag::new("native-ssh", Type::Bool).default("true")];
pub const LOG_FLAGS: &[Flag] = &[
    Flag::new("follow", Type::Bool).short('f'),
    Flag::new("length", Type::Int).short('n').default("60"),
    Flag::new("problems", Type::Bool),
    Flag::new("file", Type::Text),
    Flag::new("node", Type::Text),
];

/// A machine that was just switched on needs so long until its kubelet has looked around and told of it.
const BOOT: Duration = Duration::from_secs(30);
/// Until a cluster that starts counts as one that does not.
const PATIENCE: Duration = Duration::from_secs(180);

impl Session {
    pub(super) fn first_node(&self) -> String {
        self.cluster.plan.nodes.first().map(|n| n.name.clone()).unwrap_or_default()
    }

    /// The kubeconfig leads to minikube's cluster, or knows nothing of it.
    fn set_minikube_context(&mut self, known: bool) {
        const NAME: &str = "minikube";
        let server = format!("https://{}:6443", self.cluster.plan.api_address);
        let fresh = Kubeconfig::new(NAME, &server, &self.host.home());
        for of in Entries::ALL {
            match fresh.entry(of, NAME).filter(|_| known) {
                Some(entry) => self.config.put(of, NAME, entry.clone()),
                None => self.config.remove(of, NAME),
            }
        }
        if known {
            self.config.value["current-context"] = NAME.into();
        } else if self.config.current() == NAME {
            self.config.value["current-context"] = "".into();
        }
    }

    /// Switches machines on, and waits for those that were off.
    pub(super) fn boot(&mut self, names: &[String]) {
        let off = names.iter().any(|n| self.cluster.machine_is_off(n));
        names.iter().for_each(|n| self.cluster.switch_machine(n, true));
        if off {
            self.advance(BOOT);
        }
        self.await_nodes();
    }

    /// Lets time pass until all nodes are ready.
    pub(super) fn await_nodes(&mut self) {
        let until = self.cluster.world.now + PATIENCE;
        while self.cluster.world.now < until && !self.is_interrupted() {
            let nodes: Vec<Node> = self.cluster.objects();
            let wanted = self.cluster.plan.nodes.len();
            if self.cluster.world.reach().is_ok() && nodes.iter().filter(|n| is_ready(n)).count() >= wanted {
                return;
            }
            self.advance(Duration::from_secs(1));
        }
    }
}

fn driver(c: &Call) -> String {
    let given = [c.args.text("driver"), c.args.text("vm-driver")].into_iter().find(|d| !d.is_empty());
    match given {
        Some(d) => format!("✨  Using the {d} driver based on user configuration\n"),
        None => "✨  Automatically selected the docker driver\n".into(),
    }
}

const ENABLED: &str = "    ▪ Using image gcr.io/k8s-minikube/storage-provisioner:v5\n🌟  Enabled addons: storage-provisioner, default-storageclass\n";
const DONE: &str =
    "🏄  Done! kubectl is now configured to use \"minikube\" cluster and \"default\" namespace by default\n";

pub fn start(s: &mut Session, c: &Call) -> Output {
    let nodes = c.args.int("nodes");
    if !(1..=50).contains(&nodes) {
        return exiting("MK_USAGE", USAGE, "kubetutor: a cluster has between 1 and 50 nodes here");
    }
    let version = c.args.text("kubernetes-version").trim_start_matches('v').to_string();
    if !["", "stable", "latest", &KUBERNETES[1..]].contains(&version.as_str()) {
        let why = format!("kubetutor: the one version of Kubernetes that is here is {KUBERNETES}");
        return exiting("K8S_UNSUPPORTED_VERSION", USAGE, &why);
    }
    s.waited = true;
    let off = s.cluster.machine_is_off(&s.first_node());
    let mut text = format!("😄  minikube {VERSION} on Debian 12\n");
    let starting = "👍  Starting \"minikube\" primary control-plane node in \"minikube\" cluster\n🚜  Pulling base image v0.0.48 ...\n";
    let preparing = format!("📦  Preparing Kubernetes {KUBERNETES} on {RUNTIME} ...\n");
    let verifying = "🔎  Verifying Kubernetes components...\n";
    if s.cluster.minikube.deleted {
        s.cluster.options.nodes = u32::try_from(nodes - 1).ok().filter(|n| *n > 0);
        s.cluster.make_anew();
        s.story_from = s.cluster.world.root("minikube", crate::ledger::Root::Command(c.line.clone()));
        text.push_str(&driver(c));
        text.push_str(starting);
        text.push_str("🔥  Creating docker container (CPUs=2, Memory=3072MB) ...\n");
        text.push_str(&preparing);
        text.push_str("🔗  Configuring CNI (Container Networking Interface) ...\n");
        text.push_str(verifying);
        text.push_str(ENABLED);
        for n in s.cluster.plan.nodes.iter().skip(1) {
            text.push_str(&format!("\n👍  Starting \"{}\" worker node in \"minikube\" cluster\n", n.name));
        }
    } else {
        text.push_str("✨  Using the docker driver based on existing profile\n");
        text.push_str(starting);
        text.push_str(match off {
            true => "🔄  Restarting existing docker container for \"minikube\" ...\n",
            false => "🏃  Updating the running docker \"minikube\" container ...\n",
        });
        text.push_str(&preparing);
        text.push_str(verifying);
        text.push_str(ENABLED);
        let names: Vec<String> = s.cluster.plan.nodes.iter().map(|n| n.name.clone()).collect();
        s.boot(&names);
    }
    s.set_minikube_context(true);
    s.await_nodes();
    said(text + DONE)
}

pub fn stop(s: &mut Session, c: &Call) -> Output {
    s.waited = true;
    s.cluster.close_tunnel(c.cause);
    let names: Vec<String> = s.cluster.plan.nodes.iter().rev().map(|n| n.name.clone()).collect();
    let mut text = String::new();
    for n in &names {
        text.push_str(&format!("✋  Stopping node \"{n}\"  ...\n"));
        if !s.cluster.machine_is_off(n) {
            text.push_str(&format!("🛑  Powering off \"{n}\" via SSH ...\n"));
        }
        s.cluster.switch_machine(n, false);
    }
    if !c.args.flag("keep-context-active") {
        s.set_minikube_context(false);
    }
    let many = if names.len() == 1 { "" } else { "s" };
    said(format!("{text}🛑  {} node{many} stopped.\n", names.len()))
}

pub fn delete(s: &mut Session, c: &Call) -> Output {
    s.cluster.close_tunnel(c.cause);
    let names: Vec<String> = s.cluster.plan.nodes.iter().map(|n| n.name.clone()).collect();
    let home = s.host.home();
    let mut text = "🔥  Deleting \"minikube\" in docker ...\n".to_string();
    for n in &names {
        text.push_str(&format!("🔥  Deleting container \"{n}\" ...\n"));
        s.cluster.switch_machine(n, false);
    }
    for n in &names {
        text.push_str(&format!("🔥  Removing {home}/.minikube/machines/{n} ...\n"));
    }
    s.cluster.minikube.deleted = true;
    s.set_minikube_context(false);
    said(text + "💀  Removed all traces of the \"minikube\" cluster.\n")
}

/// How a node's machine and what runs on it stands, under the names that `--format` knows.
fn standing(s: &Session, node: &str, first: bool) -> (Value, i32) {
    let off = s.cluster.machine_is_off(node);
    let is = |well: bool| if well { "Running" } else { "Stopped" };
    let kubelet = !off && s.cluster.world.broken("kubelet", node).is_none();
    let server = !off && s.cluster.world.reach().is_ok();
    let config = match s.config.context("minikube") {
        _ if off => "Stopped",
        Some(_) => "Configured",
        None => "Misconfigured",
    };
    let of_first = |text: &str| if first { text.to_string() } else { "Irrelevant".into() };
    let all = json!({
        "Name": node, "Host": is(!off), "Kubelet": is(kubelet), "APIServer": of_first(is(server)),
        "Kubeconfig": of_first(config), "Worker": !first,
    });
    // What does not run, bit by bit: the host, the cluster's programs, Kubernetes.
    (all, i32::from(off) | i32::from(!kubelet) << 1 | i32::from(first && !server) << 2)
}

/// How `status` shows a node unless `--format` says otherwise.
const FIRST: &str = "{{.Name}}\ntype: Control Plane\nhost: {{.Host}}\nkubelet: {{.Kubelet}}\napiserver: {{.APIServer}}\nkubeconfig: {{.Kubeconfig}}\n\n";
const WORKER: &str = "{{.Name}}\ntype: Worker\nhost: {{.Host}}\nkubelet: {{.Kubelet}}\n\n";

pub fn status(s: &mut Session, c: &Call) -> Output {
    let wanted = c.args.text("node");
    let nodes = s.cluster.plan.nodes.iter().enumerate();
    let all: Vec<(Value, i32)> = nodes
        .filter(|(_, n)| wanted.is_empty() || wanted == n.name)
        .map(|(i, n)| standing(s, &n.name, i == 0))
        .collect();
    if all.is_empty() {
        return no_node(wanted);
    }
    let code = all.iter().fold(0, |sum, (_, code)| sum | code);
    let rows = || all.iter().map(|(row, _)| row.clone());
    let stdout = match c.args.text("output") {
        "json" if all.len() == 1 => rows().map(|r| format!("{r}\n")).collect(),
        "json" => format!("{}\n", rows().collect::<Value>()),
        "" | "text" => {
            let given = c.args.text("format");
            let shown = |row: &Value| {
                let usual = if row["Worker"] == true { WORKER } else { FIRST };
                let template = if given.is_empty() { usual } else { given };
                go_template::check(template).and_then(|()| go_template::print(template, row, false))
            };
            match rows().map(|r| shown(&r)).collect::<Result<String, _>>() {
                Ok(text) => text,
                Err(wrong) => return exiting("MK_USAGE", USAGE, &wrong.message),
            }
        }
        other => {
            let why = format!("invalid output format: {other}. Valid values: 'text', 'json'");
            return exiting("MK_USAGE", USAGE, &why);
        }
    };
    Output { stdout, code, ..Output::default() }
}

/// A node by its name, or the first.
fn node<'a>(s: &'a Session, c: &'a Call) -> Result<(&'a str, &'a str), Output> {
    let name = c.args.text("node");
    let found = s.cluster.plan.nodes.iter().find(|n| name.is_empty() || n.name == name);
    found.map(|n| (n.name.as_str(), n.ip.as_str())).ok_or_else(|| no_node(name))
}

pub fn ip(s: &mut Session, c: &Call) -> Output {
    node(s, c).map_or_else(|failed| failed, |(_, ip)| said(format!("{ip}\n")))
}

pub fn ssh(s: &mut Session, c: &Call) -> Output {
    let host = match node(s, c) {
        Ok((name, _)) => name.to_string(),
        Err(failed) => return failed,
    };
    if s.cluster.machine_is_off(&host) {
        return exiting("GUEST_NODE_NOT_RUNNING", super::GUEST_NOT_RUNNING, &format!("\"{host}\" host is not running"));
    }
    let line = c.args.words.join(" ");
    let shell = line.is_empty();
    if shell && !s.terminal {
        return exiting("MK_USAGE", USAGE, "kubetutor: nobody types here: minikube ssh -- COMMAND");
    }
    let command = if shell { vec!["sh".to_string()] } else { ["sh", "-c", &line].map(String::from).to_vec() };
    let call = RuntimeCall::RunOnHost { host: host.as_str().into(), command, stdin: shell, tty: shell };
    let op = s.cluster.world.call(Op::Runtime { node: host.as_str().into(), call }, c.cause);
    let mut out = follow(s, op, (shell, shell), CtrlC::Interrupts, c.cause, Output::default());
    if !shell && out.code != 0 {
        out.stderr.push_str(&format!("ssh: Process exited with status {}\n", out.code));
    }
    out
}

pub fn logs(s: &mut Session, c: &Call) -> Output {
    let mut out = said("\n==> describe nodes <==\n".into());
    let words = ["describe", "nodes"].map(String::from);
    s.in_env(c.cause, &mut out, |env| kubectl::run(&words, env));
    out.stdout.push_str("\n==> kube-system <==\n");
    let words = ["get", "pods", "-n", "kube-system", "-o", "wide"].map(String::from);
    s.in_env(c.cause, &mut out, |env| kubectl::run(&words, env));
    out
}

pub fn profiles(s: &mut Session, _: &Call) -> Output {
    let first = s.first_node();
    let status = if s.cluster.machine_is_off(&first) { "Stopped" } else { "OK" };
    let ip = s.cluster.plan.api_address.clone();
    let current = if s.config.current() == "minikube" { "*" } else { "" };
    let nodes = s.cluster.plan.nodes.len().to_string();
    let row = ["minikube", "docker", "containerd", &ip, "6443", KUBERNETES, status, &nodes, "*", current];
    let head = [
        "PROFILE",
        "DRIVER",
        "RUNTIME",
        "IP",
        "PORT",
        "VERSION",
        "STATUS",
        "NODES",
        "ACTIVE PROFILE",
        "ACTIVE KUBECONTEXT",
    ];
    said(draw(&head, &[row.map(String::from).to_vec()]))
}

pub fn version(_: &mut Session, c: &Call) -> Output {
    if c.args.flag("short") {
        return said(format!("{VERSION}\n"));
    }
    said(format!("minikube version: {VERSION}\ncommit: kubetutor\n"))
}
