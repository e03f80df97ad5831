//! Containers as a whole: `ps`, `start`, `stop`, `restart`, `kill`, `rm`, `port`.
//! Docker: docker/cli, cli/command/container; cli/command/formatter.

use super::images::table;
use super::{Call, QUIET, daemon, each, said, units};
use crate::api::go_text::quoted;
use crate::api::{Duration, RecordId};
use crate::cluster::docker::Standing;
use crate::host::engine::Container;
use crate::kubectl::args::{Flag, Type};
use crate::prompt::session::{Output, Session};
use crate::runtime::kernel::Signal;

pub const PS_FLAGS: &[Flag] = &[
    Flag::new("all", Type::Bool).short('a'),
    QUIET,
    Flag::new("latest", Type::Bool).short('l'),
    Flag::new("no-trunc", Type::Bool),
    Flag::new("size", Type::Bool).short('s'),
    Flag::new("filter", Type::Array).short('f'),
    Flag::new("format", Type::Text),
];
pub const STOP_FLAGS: &[Flag] =
    &[Flag::new("time", Type::Int).short('t').default("10"), Flag::new("signal", Type::Text).short('s')];
pub const RM_FLAGS: &[Flag] = &[Flag::new("force", Type::Bool).short('f'), Flag::new("volumes", Type::Bool).short('v')];

/// As it stands in the column STATUS.
pub fn status(s: &Session, c: &Container) -> String {
    let now = s.cluster.world.now;
    match s.cluster.docker_standing(c) {
        Standing::Created => "Created".into(),
        Standing::Running => format!("Up {}", units::duration(now.since(c.started.unwrap_or(now)))),
        Standing::Exited(info) => format!("Exited ({}) {}", info.code, units::ago(info.at, now)),
    }
}

fn ports(s: &Session, c: &Container) -> String {
    if s.cluster.docker_standing(c) != Standing::Running {
        return String::new();
    }
    let shown = |here: &str| {
        let all = c.ports.iter().map(move |(local, remote)| format!("{here}:{local}->{remote}/tcp"));
        all.collect::<Vec<_>>()
    };
    let open = c.exposed.iter().filter(|e| !c.ports.iter().any(|(_, p)| format!("{p}/tcp") == **e)).cloned();
    let all: Vec<String> = shown("0.0.0.0").into_iter().chain(shown("[::]")).chain(open).collect();
    all.join(", ")
}

pub fn ps(s: &mut Session, c: &Call) -> Output {
    let all = c.args.flag("all") || c.args.flag("latest");
    let mut shown: Vec<&Container> = s.cluster.docker.containers.iter().rev().collect();
    shown.retain(|k| all || s.cluster.docker_standing(k) == Standing::Running);
    if c.args.flag("latest") {
        shown.truncate(1);
    }
    let whole = c.args.flag("no-trunc");
    let id = |k: &Container| if whole { k.id.clone() } else { k.short_id().to_string() };
    if c.args.flag("quiet") {
        return said(shown.iter().map(|k| id(k) + "\n").collect());
    }
    let now = s.cluster.world.now;
    let mut text = "CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES\n".to_string();
    for k in shown {
        let line = k.command.join(" ");
        let command = match line.chars().count() {
            n if n > 20 && !whole => line.chars().take(19).chain(['…']).collect(),
            _ => line,
        };
        text.push_str(&format!(
            "{}\t{}\t\"{command}\"\t{}\t{}\t{}\t{}\n",
            id(k),
            k.image,
            units::ago(k.created, now),
            status(s, k),
            ports(s, k),
            k.name
        ));
    }
    said(table(&text))
}

pub fn names(s: &Session) -> Vec<String> {
    s.cluster.docker.containers.iter().map(|c| c.name.clone()).collect()
}

pub fn missing(name: &str) -> String {
    format!("No such container: {name}")
}

/// A container by what somebody calls it.
pub fn find(s: &Session, name: &str) -> Result<Container, String> {
    s.cluster.docker.container(name).cloned().ok_or_else(|| missing(name))
}

fn not_running(c: &Container) -> String {
    format!("container {} is not running", c.id)
}

pub fn start(s: &mut Session, c: &Call) -> Output {
    let (words, cause) = (c.args.words.clone(), c.cause);
    let mut out = each(&words, |w| {
        let k = find(s, w)?;
        if s.cluster.docker_standing(&k) != Standing::Running {
            s.cluster.docker_start(&k.id, cause)?;
        }
        Ok(format!("{w}\n"))
    });
    if out.code != 0 {
        out.stderr.push_str(&format!("failed to start containers: {}\n", words.join(", ")));
    }
    out
}

fn ended(s: &mut Session, name: &str, grace: Duration, cause: RecordId) -> Result<(), String> {
    let k = find(s, name)?;
    if s.cluster.docker_standing(&k) == Standing::Running {
        s.cluster.docker_stop(&k.id, grace, cause);
    }
    Ok(())
}

fn grace(c: &Call) -> Duration {
    Duration::from_secs(u64::try_from(c.args.int("time")).unwrap_or(10).min(3_600))
}

pub fn stop(s: &mut Session, c: &Call) -> Output {
    each(&c.args.words, |w| ended(s, w, grace(c), c.cause).map(|()| format!("{w}\n")))
}

pub fn restart(s: &mut Session, c: &Call) -> Output {
    each(&c.args.words, |w| {
        ended(s, w, grace(c), c.cause)?;
        let k = find(s, w)?;
        s.cluster.docker_start(&k.id, c.cause)?;
        Ok(format!("{w}\n"))
    })
}

pub fn kill(s: &mut Session, c: &Call) -> Output {
    let Some(signal) = Signal::parse(c.args.text("signal")) else {
        return daemon(&format!("invalid signal: {}", c.args.text("signal")));
    };
    each(&c.args.words, |w| {
        let k = find(s, w)?;
        if s.cluster.docker_standing(&k) != Standing::Running {
            return Err(format!("cannot kill container: {w}: {}", not_running(&k)));
        }
        s.cluster.docker_signal(&k.id, signal, c.cause);
        Ok(format!("{w}\n"))
    })
}

pub fn rm(s: &mut Session, c: &Call) -> Output {
    let force = c.args.flag("force");
    each(&c.args.words, |w| {
        let k = match find(s, w) {
            Err(_) if force => return Ok(String::new()),
            other => other?,
        };
        if s.cluster.docker_standing(&k) == Standing::Running && !force {
            return Err(format!(
                "cannot remove container {}: container is running: stop the container before removing or force remove",
                quoted(&k.name)
            ));
        }
        s.cluster.docker_remove(&k.id, c.cause);
        Ok(format!("{w}\n"))
    })
}

pub fn port(s: &mut Session, c: &Call) -> Output {
    let k = match find(s, c.args.word(0)) {
        Ok(k) => k,
        Err(why) => return daemon(&why),
    };
    let wanted = c.args.word(1).split('/').next().unwrap_or_default().to_string();
    let shown = k.ports.iter().filter(|(_, remote)| wanted.is_empty() || remote.to_string() == wanted);
    let lead = |remote: &u16| if wanted.is_empty() { format!("{remote}/tcp -> ") } else { String::new() };
    let text: String =
        shown.map(|(local, remote)| format!("{0}0.0.0.0:{local}\n{0}[::]:{local}\n", lead(remote))).collect();
    if text.is_empty() && !wanted.is_empty() {
        let stderr = format!("Error: No public port '{wanted}/tcp' published for {}\n", c.args.word(0));
        return Output { stderr, code: 1, ..Output::default() };
    }
    said(text)
}
