//! `minikube` at the prompt: command lines and messages as minikube itself has them. What they do is [`Cluster`]'s.
//! To add a command: its line in [`TABLE`] and its function.
//! Real Kubernetes: github.com/kubernetes/minikube, cmd/minikube/cmd.
//!
//! [`Cluster`]: crate::cluster::Cluster

mod addons;
mod images;
mod machines;
mod nodes;
mod services;
mod tables;

use super::client::{self, Call, command, said};
use super::session::{Output, Session};
use crate::cluster::minikube::ADDONS;
use crate::cluster::profile::Profile;
use crate::explain::texts::message;
use crate::kubectl::args::{Args, Flag, Type};

/// What a command needs of the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    Nothing,
    /// That this is one of minikube's, whether it is made or not.
    Minikube,
    /// That minikube has made it.
    Cluster,
    /// That it runs.
    Running,
}

type Command = client::Command<Needs>;

/// Flags that all commands take.
const GLOBAL: &[Flag] = &[
    Flag::new("help", Type::Bool).short('h'),
    Flag::new("profile", Type::Text).short('p').default("minikube"),
    Flag::new("alsologtostderr", Type::Bool),
    Flag::new("logtostderr", Type::Bool),
    Flag::new("v", Type::Int).short('v'),
    Flag::new("user", Type::Text),
    Flag::new("rootless", Type::Bool),
];

static TABLE: &[Command] = &[
    command("start", "start [flags]", "Starts a local Kubernetes cluster", Needs::Minikube, machines::start)
        .flags(machines::START_FLAGS),
    command(
        "status",
        "status [flags]",
        "Gets the status of a local Kubernetes cluster",
        Needs::Cluster,
        machines::status,
    )
    .flags(machines::STATUS_FLAGS),
    command("stop", "stop [flags]", "Stops a running local Kubernetes cluster", Needs::Cluster, machines::stop)
        .flags(machines::STOP_FLAGS),
    command("delete", "delete [flags]", "Deletes a local Kubernetes cluster", Needs::Cluster, machines::delete)
        .flags(machines::DELETE_FLAGS),
    command(
        "dashboard",
        "dashboard [flags]",
        "Access the Kubernetes dashboard running within the minikube cluster",
        Needs::Running,
        services::dashboard,
    )
    .flags(services::DASHBOARD_FLAGS),
    command("image load", "image load IMAGE", "Load an image into minikube", Needs::Running, images::load)
        .flags(images::LOAD_FLAGS),
    command("image ls", "image ls", "List images", Needs::Running, images::list).flags(images::LIST_FLAGS),
    command("image rm", "image rm IMAGE [IMAGE...]", "Remove one or more images", Needs::Running, images::remove),
    command("image build", "image build PATH", "Build a container image in minikube", Needs::Running, images::build)
        .flags(images::BUILD_FLAGS),
    command(
        "addons list",
        "addons list",
        "Lists all available minikube addons as well as their current statuses (enabled/disabled)",
        Needs::Cluster,
        addons::list,
    ),
    command(
        "addons enable",
        "addons enable ADDON_NAME",
        "Enables the addon w/ADDON_NAME within minikube",
        Needs::Running,
        addons::enable,
    ),
    command(
        "addons disable",
        "addons disable ADDON_NAME",
        "Disables the addon w/ADDON_NAME within minikube",
        Needs::Running,
        addons::disable,
    ),
    command(
        "service list",
        "service list [flags]",
        "Lists the URLs for the services in your local cluster",
        Needs::Running,
        services::list,
    )
    .flags(services::LIST_FLAGS),
    command(
        "service",
        "service [flags] SERVICE",
        "Returns a URL to connect to a service",
        Needs::Running,
        services::service,
    )
    .flags(services::FLAGS),
    command("tunnel", "tunnel [flags]", "Connect to LoadBalancer services", Needs::Running, services::tunnel)
        .flags(services::TUNNEL_FLAGS),
    command("node add", "node add [flags]", "Adds a node to the given cluster.", Needs::Running, nodes::add)
        .flags(nodes::ADD_FLAGS),
    command("node list", "node list", "List nodes.", Needs::Cluster, nodes::list),
    command("node start", "node start NODE", "Starts a node.", Needs::Running, nodes::start),
    command("node stop", "node stop NODE", "Stops a node in a cluster.", Needs::Running, nodes::stop),
    command("node delete", "node delete NODE", "Deletes a node from a cluster.", Needs::Running, nodes::delete),
    command("ssh", "ssh [COMMAND]", "Log into the minikube environment (for debugging)", Needs::Running, machines::ssh)
        .flags(machines::SSH_FLAGS)
        .of_a_command(),
    command(
        "kubectl",
        "kubectl -- [COMMAND]",
        "Run a kubectl binary matching the cluster version",
        Needs::Cluster,
        |_, _| Output::default(),
    )
    .of_a_command(),
    command("ip", "ip", "Retrieves the IP address of the specified node", Needs::Running, machines::ip)
        .flags(&[Flag::new("node", Type::Text).short('n')]),
    command("logs", "logs", "Returns logs to debug a local Kubernetes cluster", Needs::Running, machines::logs)
        .flags(machines::LOG_FLAGS),
    command("profile list", "profile list", "Lists all minikube profiles.", Needs::Cluster, machines::profiles)
        .flags(&[Flag::new("output", Type::Text).short('o'), Flag::new("light", Type::Bool).short('l')]),
    command("version", "version", "Print the version of minikube", Needs::Nothing, machines::version).flags(&[
        Flag::new("short", Type::Bool),
        Flag::new("components", Type::Bool),
        Flag::new("output", Type::Text).short('o'),
    ]),
];

/// What the real one can do besides.
const ABSENT: [&str; 12] = [
    "cache",
    "completion",
    "config",
    "cp",
    "docker-env",
    "license",
    "mount",
    "options",
    "pause",
    "podman-env",
    "unpause",
    "update-context",
];

/// What its help is sorted by.
const GROUPS: &[(&str, &[&str])] = &[
    ("Basic Commands", &["start", "status", "stop", "delete", "dashboard"]),
    ("Images Commands", &["image"]),
    ("Configuration and Management Commands", &["addons", "profile"]),
    ("Networking and Connectivity Commands", &["service", "tunnel"]),
    ("Advanced Commands", &["kubectl", "node", "ssh"]),
    ("Troubleshooting Commands", &["ip", "logs"]),
    ("Other Commands", &["version"]),
];

pub fn word(s: &mut Session, line: &str, words: &[String]) -> Output {
    let rest = words.get(1..).unwrap_or_default();
    let (first, second) = (rest.first().map_or("", String::as_str), rest.get(1).map_or("", String::as_str));
    match first {
        "" | "--help" | "-h" => return said(help(s)),
        "help" if second.is_empty() => return said(help(s)),
        "help" => return word(s, line, &[words[0].clone(), second.to_string(), "--help".into()]),
        _ => {}
    }
    let second = if second == "list" && first == "image" { "ls" } else { second };
    let two = format!("{first} {second}");
    let found = TABLE.iter().find(|c| c.name == two).map(|c| (c, 2));
    let Some((c, taken)) = found.or_else(|| TABLE.iter().find(|c| c.name == first).map(|c| (c, 1))) else {
        return unknown(s, first, second);
    };
    let flags: Vec<&'static Flag> = c.flags.iter().chain(GLOBAL).collect();
    let args = match Args::read(c.name, &flags, &rest[taken..], c.order) {
        Ok(args) => args,
        Err(wrong) => {
            let stderr = format!("Error: {}\nSee 'minikube {} --help' for usage.\n", wrong.message, c.name);
            return Output { stderr, code: USAGE, ..Output::default() };
        }
    };
    if args.flag("help") {
        return said(c.help());
    }
    if let Some(refused) = refused(s, c, &args) {
        return refused;
    }
    if c.name == "kubectl" {
        return s.kubectl(line, &args.words);
    }
    c.act(s, "minikube", line, args)
}

/// Exit codes. Real Kubernetes: pkg/minikube/reason/exitcodes.go.
const USAGE: i32 = 14;
const GUEST_ERROR: i32 = 80;
const GUEST_NOT_RUNNING: i32 = 83;
const GUEST_NOT_FOUND: i32 = 85;
const SERVICE_NOT_FOUND: i32 = 115;

/// Why a command does nothing as things are.
fn refused(s: &Session, c: &Command, args: &Args) -> Option<Output> {
    if c.wants == Needs::Nothing {
        return None;
    }
    if !s.cluster.is_of_minikube() {
        let note = match s.cluster.plan.profile {
            Profile::Cloud => "minikube-not-in-a-cloud",
            _ => "minikube-not-here",
        };
        let text = message(s.language, note, &[]);
        let refusal = if c.wants == Needs::Minikube { another() } else { no_profile("minikube") };
        return Some(Output { story: format!("  {text}\n"), ..refusal });
    }
    let profile = args.text("profile");
    if profile != "minikube" {
        let stderr = "kubetutor: there is one cluster here, and its profile is called minikube\n".into();
        return Some(Output { stderr, code: USAGE, ..Output::default() });
    }
    if c.wants == Needs::Minikube {
        return None;
    }
    if s.cluster.minikube.deleted {
        return Some(no_profile(profile));
    }
    let first = s.first_node();
    if c.wants == Needs::Running && s.cluster.machine_is_off(&first) {
        let stderr = format!(
            "🤷  The control-plane node {first} host is not running: state=Stopped\n👉  To start a cluster, run: \"minikube start\"\n"
        );
        return Some(Output { stderr, code: GUEST_NOT_RUNNING, ..Output::default() });
    }
    None
}

fn no_profile(profile: &str) -> Output {
    let stderr = format!(
        "🤷  Profile \"{profile}\" not found. Run \"minikube profile list\" to view all profiles.\n👉  To start a cluster, run: \"minikube start\"\n"
    );
    Output { stderr, code: GUEST_NOT_FOUND, ..Output::default() }
}

/// `minikube start`, in a cluster that another tool has made.
fn another() -> Output {
    let stderr = "kubetutor: minikube start would make another cluster, and there is one here already\n".into();
    Output { stderr, code: GUEST_NOT_FOUND, ..Output::default() }
}

/// No node is called so.
fn no_node(name: &str) -> Output {
    exiting("GUEST_NODE_RETRIEVE", GUEST_NOT_FOUND, &format!("retrieving node: Could not find node {name}"))
}

fn unknown(s: &Session, first: &str, second: &str) -> Output {
    let fail = |stderr: String| Output { stderr, code: USAGE, ..Output::default() };
    if first.starts_with('-') {
        return fail(format!("Error: unknown flag: {first}\nSee 'minikube --help' for usage.\n"));
    }
    let below: Vec<&str> = TABLE.iter().filter_map(|c| c.name.strip_prefix(first)?.strip_prefix(' ')).collect();
    if !below.is_empty() {
        return match first {
            "node" => exiting("MK_USAGE", USAGE, "Usage: minikube node [add|start|stop|delete|list]"),
            _ if second.is_empty() => said(below_help(first)),
            _ => fail(format!(
                "Error: unknown command {second:?} for \"minikube {first}\"\nRun 'minikube {first} --help' for usage.\n"
            )),
        };
    }
    if ABSENT.contains(&first) {
        return Output {
            stderr: format!("kubetutor: minikube {first} is not here; `minikube help` lists what is\n"),
            code: 1,
            ..Output::default()
        };
    }
    let known: Vec<&str> = TABLE.iter().filter_map(|c| c.name.split(' ').next()).collect();
    let (near, hint) = client::meant(s, "minikube", first, &known);
    let meant = near.map_or(String::new(), |n| format!("\nDid you mean this?\n\t{n}\n"));
    let stderr =
        format!("Error: unknown command {first:?} for \"minikube\"\n{meant}Run 'minikube --help' for usage.\n");
    Output { stderr, code: USAGE, story: hint, ..Output::default() }
}

/// As minikube gives up.
fn exiting(reason: &str, code: i32, why: &str) -> Output {
    let sign = if reason == "MK_USAGE" { "💡" } else { "❌" };
    Output { stderr: format!("\n{sign}  Exiting due to {reason}: {why}\n\n"), code, ..Output::default() }
}

fn help(s: &Session) -> String {
    let mut text =
        "minikube provisions and manages local Kubernetes clusters optimized for development workflows.\n".to_string();
    for (title, names) in GROUPS {
        text.push_str(&format!("\n{title}:\n"));
        for name in *names {
            let own = TABLE.iter().find(|c| c.name == *name).map(|c| c.summary);
            let summary = own.unwrap_or(match *name {
                "image" => "Manage images",
                "addons" => "Enable or disable a minikube addon",
                "profile" => "Get or list the current profiles (clusters)",
                _ => "Add, remove, or list additional nodes",
            });
            text.push_str(&format!("  {name:<14} {summary}\n"));
        }
    }
    text.push_str("\nUse \"minikube <command> --help\" for more information about a given command.\n");
    let makes = format!("who-makes-{}", s.cluster.plan.profile.name());
    format!("{text}\n{}\n", message(s.language, &makes, &[]))
}

fn below_help(first: &str) -> String {
    let mut text = "Available Commands:\n".to_string();
    for c in TABLE {
        if let Some(name) = c.name.strip_prefix(first).and_then(|n| n.strip_prefix(' ')) {
            text.push_str(&format!("  {name:<12} {}\n", c.summary));
        }
    }
    format!(
        "{text}\nUsage:\n  minikube {first} [flags] [options]\n\nUse \"minikube {first} <command> --help\" for more information about a given command.\n"
    )
}

impl Command {
    fn help(&self) -> String {
        let option = |f: &Flag| {
            let default = if f.default.is_empty() { "''" } else { f.default };
            format!("--{}={default}", f.name)
        };
        format!("{}\n{}\nUsage:\n  minikube {}\n", self.summary, self.options(option), self.usage)
    }
}

/// What could come next on a line.
pub fn completions(s: &Session, before: &[&str]) -> Vec<String> {
    let below = |first: &str| {
        let all = TABLE.iter().filter_map(|c| c.name.strip_prefix(first)?.strip_prefix(' '));
        all.map(String::from).collect::<Vec<_>>()
    };
    match before {
        [] => TABLE.iter().filter_map(|c| c.name.split(' ').next()).map(String::from).collect(),
        ["service"] => services::names(s).into_iter().chain(below("service")).collect(),
        [first] => below(first),
        ["addons", "enable" | "disable"] => ADDONS.iter().map(|a| a.name.to_string()).collect(),
        ["node", "start" | "stop" | "delete"] => s.cluster.plan.nodes.iter().map(|n| n.name.clone()).collect(),
        _ => vec![],
    }
}
