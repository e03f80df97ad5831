//! `docker` at the prompt: command lines, tables and messages as Docker's own client prints them. What they do is [`Cluster`]'s.
//! To add a command: its line in [`TABLE`] and its function.
//! Docker: github.com/docker/cli, cli/command/.
//!
//! [`Cluster`]: crate::cluster::Cluster

mod about;
pub mod building;
mod containers;
mod images;
mod inspecting;
mod noticing;
mod running;
mod units;

use super::client::{self, Call, command, said};
use super::session::{Output, Session};
use crate::kubectl::args::{Args, Flag, Type};

/// How many words a command wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Words {
    None,
    Exactly(usize),
    AtLeast(usize),
    AtMost(usize),
}

type Command = client::Command<Words>;

const HELP: Flag = Flag::new("help", Type::Bool).short('h');
const QUIET: Flag = Flag::new("quiet", Type::Bool).short('q');
const FORMAT: Flag = Flag::new("format", Type::Text).short('f');

static TABLE: &[Command] = &[
    command(
        "run",
        "IMAGE [COMMAND] [ARG...]",
        "Create and run a new container from an image",
        Words::AtLeast(1),
        running::run,
    )
    .flags(running::FLAGS)
    .of_a_command(),
    command(
        "exec",
        "CONTAINER COMMAND [ARG...]",
        "Execute a command in a running container",
        Words::AtLeast(2),
        running::exec,
    )
    .flags(running::EXEC_FLAGS)
    .of_a_command(),
    command("ps", "", "List containers", Words::None, containers::ps).flags(containers::PS_FLAGS),
    command("build", "PATH | URL | -", "Build an image from a Dockerfile", Words::Exactly(1), building::build)
        .flags(building::FLAGS),
    command("pull", "NAME[:TAG|@DIGEST]", "Download an image from a registry", Words::Exactly(1), images::pull)
        .flags(&[QUIET]),
    command("push", "NAME[:TAG]", "Upload an image to a registry", Words::Exactly(1), images::push).flags(&[QUIET]),
    command("images", "[REPOSITORY[:TAG]]", "List images", Words::AtMost(1), images::list).flags(images::LIST_FLAGS),
    command("login", "[SERVER]", "Authenticate to a registry", Words::AtMost(1), about::login)
        .flags(about::LOGIN_FLAGS),
    command("logout", "[SERVER]", "Log out from a registry", Words::AtMost(1), about::logout),
    command("version", "", "Show the Docker version information", Words::None, about::version).flags(&[FORMAT]),
    command("info", "", "Display system-wide information", Words::None, about::info).flags(&[FORMAT]),
    command(
        "attach",
        "CONTAINER",
        "Attach local standard input, output, and error streams to a running container",
        Words::Exactly(1),
        running::attach,
    ),
    command("create", "IMAGE [COMMAND] [ARG...]", "Create a new container", Words::AtLeast(1), running::create)
        .flags(running::FLAGS)
        .of_a_command(),
    command("history", "IMAGE", "Show the history of an image", Words::Exactly(1), images::history)
        .flags(&[QUIET, Flag::new("no-trunc", Type::Bool)]),
    command(
        "inspect",
        "NAME|ID [NAME|ID...]",
        "Return low-level information on Docker objects",
        Words::AtLeast(1),
        inspecting::inspect,
    )
    .flags(&[FORMAT, Flag::new("type", Type::Text)]),
    command(
        "kill",
        "CONTAINER [CONTAINER...]",
        "Kill one or more running containers",
        Words::AtLeast(1),
        containers::kill,
    )
    .flags(&[Flag::new("signal", Type::Text).short('s').default("KILL")]),
    command("logs", "CONTAINER", "Fetch the logs of a container", Words::Exactly(1), running::logs)
        .flags(running::LOG_FLAGS),
    command(
        "port",
        "CONTAINER [PRIVATE_PORT[/PROTO]]",
        "List port mappings or a specific mapping for the container",
        Words::AtLeast(1),
        containers::port,
    ),
    command(
        "restart",
        "CONTAINER [CONTAINER...]",
        "Restart one or more containers",
        Words::AtLeast(1),
        containers::restart,
    )
    .flags(containers::STOP_FLAGS),
    command("rm", "CONTAINER [CONTAINER...]", "Remove one or more containers", Words::AtLeast(1), containers::rm)
        .flags(containers::RM_FLAGS),
    command("rmi", "IMAGE [IMAGE...]", "Remove one or more images", Words::AtLeast(1), images::rmi)
        .flags(&[Flag::new("force", Type::Bool).short('f'), Flag::new("no-prune", Type::Bool)]),
    command(
        "start",
        "CONTAINER [CONTAINER...]",
        "Start one or more stopped containers",
        Words::AtLeast(1),
        containers::start,
    )
    .flags(&[Flag::new("attach", Type::Bool).short('a'), Flag::new("interactive", Type::Bool).short('i')]),
    command(
        "stop",
        "CONTAINER [CONTAINER...]",
        "Stop one or more running containers",
        Words::AtLeast(1),
        containers::stop,
    )
    .flags(containers::STOP_FLAGS),
    command(
        "tag",
        "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
        Words::Exactly(2),
        images::tag,
    ),
];

/// What the real one can do besides.
const ABSENT: [&str; 26] = [
    "bake",
    "builder",
    "buildx",
    "commit",
    "compose",
    "config",
    "container",
    "context",
    "cp",
    "diff",
    "events",
    "export",
    "image",
    "import",
    "load",
    "manifest",
    "network",
    "node",
    "rename",
    "save",
    "search",
    "stack",
    "stats",
    "swarm",
    "system",
    "volume",
];

/// How commands that are sorted under another word are called by themselves.
fn by_itself(words: &[String]) -> Option<(&'static str, usize)> {
    let (first, second) = (words.first()?.as_str(), words.get(1).map_or("", String::as_str));
    let named = |name: &str| TABLE.iter().find(|c| c.name == name).map(|c| c.name);
    let found = match (first, second) {
        ("image", "ls" | "list") => Some(("images", 2)),
        ("image", "rm" | "remove") => Some(("rmi", 2)),
        ("container", "ls" | "list") => Some(("ps", 2)),
        ("container", "remove") => Some(("rm", 2)),
        ("image", "build" | "tag" | "push" | "pull" | "history" | "inspect") => Some((named(second)?, 2)),
        (
            "container",
            "build" | "tag" | "push" | "pull" | "history" | "images" | "rmi" | "login" | "logout" | "version" | "info",
        ) => None,
        ("container", other) => Some((named(other)?, 2)),
        ("buildx" | "builder", "build") => Some(("build", 2)),
        _ => None,
    };
    found.or_else(|| Some((named(first)?, 1)))
}

pub fn word(s: &mut Session, line: &str, words: &[String]) -> Output {
    let rest = words.get(1..).unwrap_or_default();
    let first = rest.first().map_or("", String::as_str);
    match first {
        "" | "help" | "--help" | "-h" if rest.len() < 2 => return said(help()),
        "--version" | "-v" => return said(format!("Docker version {}, build {}\n", about::VERSION, about::BUILD)),
        "help" => return word(s, line, &[words[0].clone(), rest[1].clone(), "--help".into()]),
        _ => {}
    }
    let Some((name, taken)) = by_itself(rest) else { return unknown(s, rest) };
    let Some(c) = TABLE.iter().find(|c| c.name == name) else { return unknown(s, rest) };
    let flags: Vec<&'static Flag> = c.flags.iter().chain([&HELP]).collect();
    let args = match Args::read(c.name, &flags, &rest[taken..], c.order) {
        Ok(args) => args,
        Err(wrong) => {
            let text = format!(
                "{}\n\nUsage:  {}\n\nRun 'docker {name} --help' for more information\n",
                wrong.message,
                c.line()
            );
            return Output { stderr: text, code: 125, ..Output::default() };
        }
    };
    if args.flag("help") {
        return said(c.help());
    }
    if let Some(wrong) = c.miscounted(args.words.len()) {
        let text = format!(
            "docker: 'docker {name}' {wrong}\n\nUsage:  {}\n\nRun 'docker {name} --help' for more information\n",
            c.line()
        );
        return Output { stderr: text, code: 1, ..Output::default() };
    }
    c.act(s, "docker", line, args)
}

impl Command {
    fn line(&self) -> String {
        let options = if self.flags.is_empty() { "" } else { " [OPTIONS]" };
        format!("docker {}{options} {}", self.name, self.usage).trim_end().to_string()
    }

    fn help(&self) -> String {
        let option = |f: &Flag| {
            let kind = match f.kind {
                Type::Bool => "",
                Type::Int => " int",
                Type::List | Type::Array => " list",
                _ => " string",
            };
            format!("--{}{kind}", f.name)
        };
        format!("Usage:  {}\n\n{}\n{}", self.line(), self.summary, self.options(option))
    }

    fn miscounted(&self, n: usize) -> Option<String> {
        let words = |n: usize| format!("{n} argument{}", if n == 1 { "" } else { "s" });
        match self.wants {
            Words::None if n > 0 => Some("accepts no arguments".into()),
            Words::Exactly(k) if n != k => Some(format!("requires {}", words(k))),
            Words::AtLeast(k) if n < k => Some(format!("requires at least {}", words(k))),
            Words::AtMost(k) if n > k => Some(format!("requires at most {}", words(k))),
            _ => None,
        }
    }
}

fn unknown(s: &Session, rest: &[String]) -> Output {
    let first = rest.first().map_or("", String::as_str);
    if first.starts_with('-') {
        let text = format!(
            "unknown flag: {first}\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n"
        );
        return Output { stderr: text, code: 125, ..Output::default() };
    }
    if ABSENT.contains(&first) {
        let text = format!(
            "kubetutor: docker {} is not here; `docker --help` lists what is\n",
            rest.iter().take(2).cloned().collect::<Vec<_>>().join(" ")
        );
        return Output { stderr: text, code: 1, ..Output::default() };
    }
    let known: Vec<&str> = TABLE.iter().map(|c| c.name).collect();
    let (_, hint) = client::meant(s, "docker", first, &known);
    let stderr = format!("docker: unknown command: docker {first}\n\nRun 'docker --help' for more information\n");
    Output { stderr, code: 1, story: hint, ..Output::default() }
}

fn help() -> String {
    let mut text =
        "Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n\nCommands:\n".to_string();
    for c in TABLE {
        text.push_str(&format!("  {:<11} {}\n", c.name, c.summary));
    }
    text.push_str("\nRun 'docker COMMAND --help' for more information on a command.\n");
    text
}

/// What could come next on a line.
pub fn completions(s: &Session, before: &[&str]) -> Vec<String> {
    match before {
        [] => TABLE.iter().map(|c| c.name.to_string()).collect(),
        ["run" | "create" | "push" | "tag" | "rmi" | "history", ..] => images::names(s),
        ["inspect", ..] => images::names(s).into_iter().chain(containers::names(s)).collect(),
        _ => containers::names(s),
    }
}

/// What Docker's daemon objects to.
fn daemon(why: &str) -> Output {
    Output { stderr: format!("Error response from daemon: {why}\n"), code: 1, ..Output::default() }
}

/// The same for each of several things: what is done is printed, what is not is complained of.
fn each(words: &[String], mut act: impl FnMut(&str) -> Result<String, String>) -> Output {
    let mut out = Output::default();
    for w in words {
        match act(w) {
            Ok(text) => out.stdout.push_str(&text),
            Err(why) => {
                out.stderr.push_str(&format!("Error response from daemon: {why}\n"));
                out.code = 1;
            }
        }
    }
    out
}
