//! What runs in containers: `run`, `create`, `exec`, `attach`, `logs`.
//! Docker: docker/cli, cli/command/container (run.go, exec.go, logs.go).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::containers::find;
use super::images::{BAD_NAME, fetch};
use super::{Call, daemon, said};
use crate::api::file_tree::{Node, Tree, join};
use crate::api::image::ImageRef;
use crate::api::ops::{Mount, RuntimeCall, Stream};
use crate::api::path::absolute;
use crate::api::time::parse_go_duration;
use crate::api::{Op, Outcome, Time};
use crate::cluster::docker::{Order, Standing};
use crate::host::engine::Container;
use crate::host::picture::Picture;
use crate::kubectl::Host;
use crate::kubectl::args::{Flag, Type};
use crate::kubectl::env::Found;
use crate::prompt::programs::{CtrlC, follow};
use crate::prompt::session::{Output, Session};
use crate::runtime::stores::DOCKER;

pub const FLAGS: &[Flag] = &[
    Flag::new("detach", Type::Bool).short('d'),
    Flag::new("publish", Type::List).short('p'),
    Flag::new("publish-all", Type::Bool).short('P'),
    Flag::new("env", Type::Array).short('e'),
    Flag::new("env-file", Type::Array),
    Flag::new("name", Type::Text),
    Flag::new("rm", Type::Bool),
    Flag::new("interactive", Type::Bool).short('i'),
    Flag::new("tty", Type::Bool).short('t'),
    Flag::new("volume", Type::Array).short('v'),
    Flag::new("entrypoint", Type::Text),
    Flag::new("workdir", Type::Text).short('w'),
    Flag::new("user", Type::Text).short('u'),
    Flag::new("hostname", Type::Text).short('h'),
    Flag::new("restart", Type::Text),
    Flag::new("network", Type::Text),
    Flag::new("label", Type::Array).short('l'),
    Flag::new("memory", Type::Text).short('m'),
    Flag::new("cpus", Type::Text),
    Flag::new("pull", Type::Text).default("missing"),
    Flag::new("platform", Type::Text),
    Flag::new("init", Type::Bool),
];
pub const EXEC_FLAGS: &[Flag] = &[
    Flag::new("interactive", Type::Bool).short('i'),
    Flag::new("tty", Type::Bool).short('t'),
    Flag::new("detach", Type::Bool).short('d'),
    Flag::new("env", Type::Array).short('e'),
    Flag::new("workdir", Type::Text).short('w'),
    Flag::new("user", Type::Text).short('u'),
];
pub const LOG_FLAGS: &[Flag] = &[
    Flag::new("follow", Type::Bool).short('f'),
    Flag::new("tail", Type::Text).short('n').default("all"),
    Flag::new("timestamps", Type::Bool).short('t'),
    Flag::new("since", Type::Text),
];

/// What `run` and `create` object to.
fn refused(verb: &str, why: &str, code: i32) -> Output {
    Output {
        stderr: format!("docker: {why}\n\nRun 'docker {verb} --help' for more information\n"),
        code,
        ..Output::default()
    }
}

/// `8080:80`, `127.0.0.1:8080:80`, `80`; a port that is not given is the first free of those that kernels hand out.
fn port(text: &str, free: &mut impl FnMut() -> u16) -> Result<(u16, u16), String> {
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let parts: Vec<&str> = text.rsplitn(3, ':').collect();
    let number =
        |t: &str, which: &str| t.parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(|| format!("invalid {which}: {t}"));
    if protocol != "tcp" {
        return Err(format!("kubetutor: only TCP ports can be published here, and {protocol} is another protocol"));
    }
    let inside = number(parts.first().copied().unwrap_or_default(), "containerPort")?;
    match parts.get(1).copied().unwrap_or_default() {
        "" => Ok((free(), inside)),
        outside => Ok((number(outside, "hostPort")?, inside)),
    }
}

/// The files of a directory or file of this machine, as they are now.
fn copy(host: &dyn Host, path: &str, to: &str, tree: &mut Tree, left: &mut Left) {
    if left.files == 0 || left.bytes == 0 {
        return;
    }
    left.files -= 1;
    let Some(found) = host.look(path) else { return };
    let is_directory = matches!(found, Found::Directory);
    let node = Node::from(found);
    left.bytes = left.bytes.saturating_sub(node.size());
    if to != "/" {
        tree.put(to, node);
    }
    if is_directory {
        host.names(path).iter().for_each(|n| copy(host, &join(path, n), &join(to, n), tree, left));
    }
}

/// How much of this machine may still be mounted.
struct Left {
    files: usize,
    bytes: usize,
}

const MOST_MOUNTED: Left = Left { files: 5_000, bytes: 64 << 20 };

/// `NAME:/path[:ro]`, `./here:/path`. What is mounted from this machine is a copy.
fn mount(s: &Session, text: &str) -> Result<Mount, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, path, mode) = match parts.as_slice() {
        [path] => ("", *path, ""),
        [source, path] => (*source, *path, ""),
        [source, path, mode] => (*source, *path, *mode),
        _ => return Err(format!("invalid volume specification: '{text}'")),
    };
    if !path.starts_with('/') {
        return Err(format!(
            "Error response from daemon: invalid volume specification: '{text}': invalid mount config for type \"volume\": invalid mount path: '{path}' mount path must be absolute"
        ));
    }
    let read_only = mode.split(',').any(|m| m == "ro");
    let of = |volume: String, inside: &str, content| Mount {
        path: path.into(),
        volume: volume.as_str().into(),
        inside: inside.into(),
        read_only,
        content,
        claims: None,
    };
    if !source.starts_with(['/', '.', '~']) {
        let name = if source.is_empty() { format!("anonymous {path}") } else { source.to_string() };
        return Ok(of(format!("docker volume {name}"), "/", None));
    }
    let host = s.host.as_ref();
    let source = match source.strip_prefix('~') {
        Some(rest) => format!("{}{rest}", host.home()),
        None => source.to_string(),
    };
    let from = absolute(&host.working_directory(), &source);
    let (mut tree, mut left) = (Tree::default(), MOST_MOUNTED);
    let single = matches!(host.look(&from), Some(Found::File(_) | Found::Executable(_)));
    copy(host, &from, if single { "/file" } else { "/" }, &mut tree, &mut left);
    if left.files == 0 || left.bytes == 0 {
        return Err(format!("kubetutor: {from} is too large to be mounted here: what is mounted is copied"));
    }
    let inside = if single { "/file" } else { "/" };
    Ok(of(format!("docker bind {from} {}", s.cluster.world.ledger.next_id().0), inside, Some(tree)))
}

fn order(s: &mut Session, c: &Call) -> Result<(Order, ImageRef), String> {
    let a = &c.args;
    let name = a.is_set("name").then(|| a.text("name").to_string());
    if let Some(n) =
        name.as_ref().filter(|n| n.len() < 2 || !n.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)))
    {
        return Err(format!(
            "Error response from daemon: Invalid container name ({n}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        ));
    }
    if let Some(other) = name.as_ref().and_then(|n| s.cluster.docker.containers.iter().find(|c| c.name == *n)) {
        return Err(format!(
            "Error response from daemon: Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
            other.name, other.id
        ));
    }
    let mut env = BTreeMap::new();
    let mut set = |pair: &str| match pair.split_once('=') {
        Some((k, v)) => drop(env.insert(k.to_string(), v.to_string())),
        None => {
            let own = s.variables.iter().find(|(k, _)| k == pair).map(|(_, v)| v.clone());
            env.extend(own.map(|v| (pair.to_string(), v)));
        }
    };
    for file in a.list("env-file") {
        let text = s.host.read(&file)?;
        text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).for_each(&mut set);
    }
    a.list("env").iter().for_each(|p| set(p));
    let Some(image) = ImageRef::parse(a.word(0)) else { return Err(BAD_NAME.into()) };
    let known = s.cluster.docker.find(a.word(0)).cloned();
    let mut next = 32_768;
    let mut free = || {
        while s.cluster.listens_here(next) {
            next += 1;
        }
        next += 1;
        next - 1
    };
    let mut ports = a.list("publish").iter().map(|p| port(p, &mut free)).collect::<Result<Vec<_>, String>>()?;
    if a.flag("publish-all") {
        ports.extend(known.iter().flat_map(|p| p.ports()).map(|p| (free(), p)));
    }
    let mounts = a.list("volume").iter().map(|v| mount(s, v)).collect::<Result<Vec<_>, String>>()?;
    let user = a.text("user").split(':').next().and_then(|u| if u == "root" { Some(0) } else { u.parse().ok() });
    let order = Order {
        name,
        image: a.word(0).into(),
        entrypoint: Some(a.text("entrypoint")).filter(|e| !e.is_empty()).map(String::from).into_iter().collect(),
        args: a.words[1..].to_vec(),
        env,
        ports,
        mounts,
        user,
        working_dir: a.text("workdir").into(),
        hostname: a.text("hostname").into(),
        stdin: a.flag("interactive"),
        tty: a.flag("tty"),
        temporary: a.flag("rm"),
    };
    Ok((order, image))
}

/// The image, fetched if it is not here. What was told meanwhile goes to `out`.
fn picture(s: &mut Session, c: &Call, image: &ImageRef, out: &mut Output) -> Result<Arc<Picture>, String> {
    let known = s.cluster.docker.find(c.args.word(0)).cloned();
    match (known, c.args.text("pull")) {
        (Some(p), "missing" | "never") => return Ok(p),
        (None, "never") => return Err(format!("Error response from daemon: No such image: {}", image.shown())),
        _ => {}
    }
    if c.args.text("pull") != "always" {
        out.stderr.push_str(&format!("Unable to find image '{}' locally\n", image.shown()));
    }
    let told = fetch(s, image).map_err(|why| format!("Error response from daemon: {why}"))?;
    out.stderr.push_str(&told);
    s.cluster.docker.image(image).cloned().ok_or_else(|| "Error response from daemon: the image is gone".into())
}

/// Makes the container; the error is what the whole command answers.
fn make(s: &mut Session, c: &Call, verb: &str, out: &mut Output) -> Result<Container, Output> {
    let told = |out: &mut Output, why: &str| {
        let failed = refused(verb, why, 125);
        Output { stderr: std::mem::take(&mut out.stderr) + &failed.stderr, ..failed }
    };
    let (order, image) = order(s, c).map_err(|why| told(out, &why))?;
    let picture = picture(s, c, &image, out).map_err(|why| told(out, &why))?;
    if picture.command().is_empty() && order.entrypoint.is_empty() && order.args.is_empty() {
        return Err(told(out, "Error response from daemon: no command specified"));
    }
    let made = s.cluster.docker_create(&order, &picture, c.cause);
    let id = made.map_err(|why| told(out, &format!("Error response from daemon: {why}")))?;
    find(s, &id).map_err(|why| told(out, &why))
}

pub fn create(s: &mut Session, c: &Call) -> Output {
    let mut out = Output::default();
    match make(s, c, "create", &mut out) {
        Ok(k) => Output { stdout: format!("{}\n", k.id), ..out },
        Err(failed) => failed,
    }
}

pub fn run(s: &mut Session, c: &Call) -> Output {
    let mut out = Output::default();
    if c.args.flag("tty") && c.args.flag("interactive") && !c.args.flag("detach") && !s.terminal {
        return Output { stderr: "the input device is not a TTY\n".into(), code: 1, ..out };
    }
    let k = match make(s, c, "run", &mut out) {
        Ok(k) => k,
        Err(failed) => return failed,
    };
    let detached = c.args.flag("detach");
    // One hears a container from its first word on.
    let call = RuntimeCall::Attach { id: k.inside, stdin: k.stdin };
    let op = (!detached).then(|| s.cluster.world.call(Op::Runtime { node: DOCKER.into(), call }, c.cause));
    if let Err(why) = s.cluster.docker_start(&k.id, c.cause) {
        let missing = ["executable file not found", "no such file or directory"].iter().any(|w| why.contains(w));
        let code = if missing {
            127
        } else if why.contains("permission denied") {
            126
        } else {
            125
        };
        let failed = refused("run", &format!("Error response from daemon: {why}"), code);
        if k.temporary {
            s.cluster.docker_remove(&k.id, c.cause);
        }
        return Output {
            stdout: if detached { format!("{}\n", k.id) } else { String::new() },
            stderr: out.stderr + &failed.stderr,
            ..failed
        };
    }
    match op {
        None => Output { stdout: format!("{}\n", k.id), ..out },
        Some(op) => follow(s, op, (k.stdin, k.tty), CtrlC::Interrupts, c.cause, out),
    }
}

pub fn exec(s: &mut Session, c: &Call) -> Output {
    let k = match find(s, c.args.word(0)) {
        Ok(k) => k,
        Err(why) => return daemon(&why),
    };
    if s.cluster.docker_standing(&k) != Standing::Running {
        return daemon(&format!("container {} is not running", k.id));
    }
    let (stdin, tty) = (c.args.flag("interactive"), c.args.flag("tty"));
    if stdin && tty && !s.terminal {
        return Output { stderr: "the input device is not a TTY\n".into(), code: 1, ..Output::default() };
    }
    let mut command = c.args.words[1..].to_vec();
    let env = c.args.list("env");
    if !env.is_empty() {
        command = ["env".to_string()].into_iter().chain(env).chain(command).collect();
    }
    let detached = c.args.flag("detach");
    let call = RuntimeCall::Exec { id: k.inside, command, stdin: stdin && !detached, tty };
    let op = s.cluster.world.call(Op::Runtime { node: DOCKER.into(), call }, c.cause);
    s.cluster.world.run_until(s.cluster.world.now);
    match s.cluster.world.take_outcome(op) {
        Some(Outcome::Failed { message }) => {
            let why = message.split_once("OCI runtime exec failed").map_or(message.as_str(), |(_, rest)| rest);
            let stderr = format!("OCI runtime exec failed{why}: unknown\n");
            let code = if why.contains("permission denied") { 126 } else { 127 };
            Output { stderr, code, ..Output::default() }
        }
        Some(outcome) => {
            let mut out = Output { code: outcome.exit_code(), ..Output::default() };
            for (stream, data) in s.cluster.world.said(op) {
                let text = String::from_utf8_lossy(&data).into_owned();
                match stream {
                    Stream::Err if !tty => out.stderr.push_str(&text),
                    _ => out.stdout.push_str(&text),
                }
            }
            out
        }
        None if detached => Output::default(),
        None => follow(s, op, (stdin, tty), CtrlC::Interrupts, c.cause, Output::default()),
    }
}

pub fn attach(s: &mut Session, c: &Call) -> Output {
    let k = match find(s, c.args.word(0)) {
        Ok(k) => k,
        Err(why) => return daemon(&why),
    };
    if s.cluster.docker_standing(&k) != Standing::Running {
        let stderr = "cannot attach to a stopped container, start it first\n".into();
        return Output { stderr, code: 1, ..Output::default() };
    }
    let call = RuntimeCall::Attach { id: k.inside, stdin: k.stdin };
    let op = s.cluster.world.call(Op::Runtime { node: DOCKER.into(), call }, c.cause);
    follow(s, op, (k.stdin, k.tty), CtrlC::Interrupts, c.cause, Output::default())
}

/// `--since`: so long ago, or a time.
fn since(text: &str, now: Time) -> Option<Time> {
    match parse_go_duration(text) {
        Some(ago) => Some(now - ago),
        None => Time::parse(text),
    }
}

pub fn logs(s: &mut Session, c: &Call) -> Output {
    let k = match find(s, c.args.word(0)) {
        Ok(k) => k,
        Err(why) => return daemon(&why),
    };
    let mut lines = s.cluster.docker_logs(&k);
    if c.args.is_set("since") {
        match since(c.args.text("since"), s.cluster.world.now) {
            Some(from) => lines.retain(|(at, _)| *at >= from),
            None => {
                let why = format!(
                    "invalid value for \"since\": failed to parse value as time or duration: {:?}",
                    c.args.text("since")
                );
                return daemon(&why);
            }
        }
    }
    let skip = match c.args.text("tail") {
        "all" => 0,
        n => match n.parse::<usize>() {
            Ok(n) => lines.len().saturating_sub(n),
            Err(_) => {
                return Output { stderr: format!("invalid value for \"tail\": {n}\n"), code: 1, ..Output::default() };
            }
        },
    };
    let stamps = c.args.flag("timestamps");
    let line = |(at, text): &(Time, String)| match stamps {
        true => format!("{} {text}\n", at.rfc3339()),
        false => format!("{text}\n"),
    };
    let out = said(lines.iter().skip(skip).map(line).collect());
    if !c.args.flag("follow") || s.cluster.docker_standing(&k) != Standing::Running {
        return out;
    }
    let call = RuntimeCall::Attach { id: k.inside, stdin: false };
    let op = s.cluster.world.call(Op::Runtime { node: DOCKER.into(), call }, c.cause);
    follow(s, op, (false, k.tty), CtrlC::Leaves, c.cause, out)
}
