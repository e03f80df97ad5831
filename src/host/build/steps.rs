//! The steps of one stage.

use std::sync::Arc;

use super::{Building, Failed};
use crate::api::Duration;
use crate::api::digest::Digest;
use crate::api::file_tree::{Kind, Node, Tree, join};
use crate::api::ops::Stream;
use crate::api::path::absolute;
use crate::host::copying::{self, Order};
use crate::host::dockerfile::lines::Document;
use crate::host::dockerfile::words::{self, Variables};
use crate::host::dockerfile::{Command, Copy, Instruction, What};
use crate::host::picture::{Layer, Picture};
use crate::runtime::building::{Given, run};

/// What all steps of a stage know.
pub struct Stage<'a> {
    /// `build `, where there are several.
    pub title: String,
    pub escape: char,
    /// What `ARG`s before all stages say.
    pub globals: Variables,
    /// The image that it begins with, in full, if that is no other stage.
    pub from: Option<String>,
    /// The number of a stage by its name.
    pub number: &'a dyn Fn(&str) -> Option<usize>,
}

/// What is said where a step takes no time worth telling.
const MOMENT: Duration = Duration::ZERO;

/// Whether an instruction is a step of its own; the others only change what is written beside the files.
fn is_step(i: &Instruction) -> bool {
    matches!(i.what, What::Run { .. } | What::Copy(_) | What::Workdir(_))
}

/// A stage under way.
struct Going<'a> {
    stage: &'a Stage<'a>,
    p: Picture,
    /// `ARG`s of this stage.
    arguments: Variables,
    /// Everything so far came out of the cache.
    fresh: bool,
    /// Whether this stage has said what its containers run.
    has_cmd: bool,
}

impl Going<'_> {
    fn variables(&self) -> Variables {
        self.arguments.iter().chain(&self.p.image.env).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    fn expand(&self, word: &str) -> Result<String, String> {
        words::expand(word, &self.variables(), self.stage.escape)
    }

    fn expand_all(&self, words: &[String]) -> Result<Vec<String>, String> {
        words.iter().map(|w| self.expand(w)).collect()
    }

    fn documents(&self, all: &[Document]) -> Result<Vec<(String, String)>, String> {
        let text = |d: &Document| match d.expands {
            true => words::expand_document(&d.content, &self.variables(), self.stage.escape),
            false => Ok(d.content.clone()),
        };
        all.iter().map(|d| Ok((d.name.clone(), text(d)?))).collect()
    }

    /// What stands in a line after this one is made of it, too.
    fn becomes(&mut self, what: &str) {
        self.p.id = Digest::of(&format!("{}\n{what}", self.p.id)).to_string();
    }

    fn layer(&mut self, by: &str, bytes: u64, b: &Building<'_>) {
        let created = b.job.now + b.took;
        self.p.history.push(Layer { by: by.into(), bytes, created });
        self.p.image.bytes += bytes;
    }
}

impl Building<'_> {
    /// Carries out a stage on the picture that it begins with.
    pub fn stage(&mut self, stage: &Stage<'_>, base: Picture, instructions: &[Instruction]) -> Result<Picture, Failed> {
        let triggers = base.on_build.clone();
        let all: Vec<&Instruction> = triggers.iter().chain(instructions).collect();
        let count = all.iter().filter(|i| is_step(i)).count() + usize::from(stage.from.is_some());
        let mut n = 0;
        if let Some(from) = &stage.from {
            n += 1;
            self.report.begin(&format!("[{}{n}/{count}] FROM {from}", stage.title));
            self.report.done(MOMENT);
        }
        let mut g = Going { stage, p: base, arguments: Variables::new(), fresh: !self.job.no_cache, has_cmd: false };
        g.p.on_build.clear();
        // For whoever works in it, nothing stands in for anything yet.
        g.p.image.stand_in = None;
        for i in all {
            if is_step(i) {
                n += 1;
            }
            let title = format!("[{}{n}/{count}]", stage.title);
            self.instruction(&mut g, i, &title).map_err(|why| Failed { span: i.span, why })?;
        }
        Ok(g.p)
    }

    fn instruction(&mut self, g: &mut Going<'_>, i: &Instruction, title: &str) -> Result<(), String> {
        if !is_step(i) {
            self.setting(g, i)?;
            let text = format!("{} {:?}", i.text, g.arguments);
            g.becomes(&text);
            if !matches!(i.what, What::Arg(_) | What::OnBuild(_)) {
                g.layer(&i.text, 0, self);
            }
            return Ok(());
        }
        match &i.what {
            What::Run { command, documents } => self.run_step(g, i, title, command, documents),
            What::Copy(c) => self.copy_step(g, i, title, c),
            What::Workdir(to) => {
                let to = absolute(&g.p.image.working_dir, &g.expand(to)?);
                self.step(g, title, &format!("WORKDIR {to}"), &to, |_, g| {
                    let (user, group) = (g.p.image.user, g.p.image.group);
                    if to != "/" && g.p.image.files.get(&to).is_none() {
                        g.p.image.files.put(&to, Node { user, group, ..Node::directory() });
                    }
                    g.p.image.working_dir = to.clone();
                    Ok((MOMENT, 0))
                })
            }
            _ => Ok(()),
        }
    }

    /// One step: what came of it the last time, if it is the same step after the same steps; else it is done.
    fn step(
        &mut self,
        g: &mut Going<'_>,
        title: &str,
        shown: &str,
        made_of: &str,
        act: impl FnOnce(&mut Self, &mut Going<'_>) -> Result<(Duration, u64), String>,
    ) -> Result<(), String> {
        self.report.begin(&format!("{title} {shown}"));
        let before = g.p.id.clone();
        g.becomes(&format!("{shown}\n{made_of}"));
        if let Some(p) = g.fresh.then(|| self.shelf.cached(&g.p.id)).flatten() {
            g.p = p;
            self.report.cached();
            return Ok(());
        }
        g.fresh = false;
        let id = std::mem::replace(&mut g.p.id, before);
        let (took, bytes) = act(self, g)?;
        g.p.id = id;
        self.took += took;
        g.layer(shown, bytes, self);
        self.shelf.keep(&g.p);
        self.report.done(took);
        Ok(())
    }

    fn run_step(
        &mut self,
        g: &mut Going<'_>,
        i: &Instruction,
        title: &str,
        command: &Command,
        documents: &[Document],
    ) -> Result<(), String> {
        let shown = i.text.clone();
        // A here-document alone is a script; with a command before it, it is what that reads.
        let alone =
            documents.len() == 1 && matches!(command, Command::Shell(l) if words::split(l, g.stage.escape).len() == 1);
        let words = match command {
            Command::Shell(_) if alone => {
                let content = documents[0].content.clone();
                match content.strip_prefix("#!").and_then(|c| c.lines().next()) {
                    Some(line) => {
                        let mut words: Vec<String> = line.split_whitespace().map(String::from).collect();
                        words.extend(["-c".into(), content]);
                        words
                    }
                    None => g.p.words(&Command::Shell(content)),
                }
            }
            Command::Shell(line) => {
                let of = |d: &Document| format!("\n{}{}", d.content, d.name);
                g.p.words(&Command::Shell(line.clone() + &documents.iter().map(of).collect::<String>()))
            }
            Command::Exec(words) => words.clone(),
        };
        let made_of = format!("{words:?} {:?}", g.arguments);
        self.step(g, title, &shown, &made_of, |b, g| {
            let before = g.p.image.files.bytes();
            let env = g.variables();
            let image = Arc::new(g.p.image.clone());
            let given = Given { image: &image, words: &words, env: &env, cwd: &g.p.image.working_dir, stdin: None };
            let line = words.join(" ");
            let ran = run(&given, b.job.now + b.took).map_err(|why| {
                let why = format!("process {line:?} did not complete successfully: {why}");
                b.report.fail(&why);
                why
            })?;
            let mut said: Vec<u8> = vec![];
            for (stream, text) in &ran.said {
                debug_assert!(matches!(stream, Stream::Out | Stream::Err));
                said.extend(text);
            }
            b.report.print(ran.took, &String::from_utf8_lossy(&said));
            if ran.code != 0 {
                let why = format!("process \"{line}\" did not complete successfully: exit code: {}", ran.code);
                b.took += ran.took;
                b.report.fail(&why);
                return Err(why);
            }
            let added = ran.files.bytes().saturating_sub(before);
            g.p.image.files = ran.files;
            Ok((ran.took, added as u64))
        })
    }

    fn copy_step(&mut self, g: &mut Going<'_>, i: &Instruction, title: &str, c: &Copy) -> Result<(), String> {
        let (sources, to) = (g.expand_all(&c.sources)?, g.expand(&c.to)?);
        let documents = g.documents(&c.documents)?;
        if let Some(url) =
            sources.iter().find(|s| s.starts_with("http://") || s.starts_with("https://") || s.starts_with("git@"))
        {
            return Err(format!("kubetutor: {url} cannot be fetched: there is no internet here"));
        }
        let from: Tree = match &c.from {
            None => self.job.context.clone(),
            Some(name) => {
                let name = g.expand(name)?;
                match (g.stage.number)(&name).and_then(|n| self.stages.get(n)?.clone()) {
                    Some(p) => p.image.files,
                    None => self.load(&name, i).map_err(|f| f.why)?.image.files,
                }
            }
        };
        let owner = c.owner.as_ref().map(|o| g.expand(o)).transpose()?;
        let owner = owner.map(|o| owner_of(&g.p.image.files, &o)).transpose()?;
        let mode = c.mode.as_ref().and_then(|m| u16::from_str_radix(m.trim_start_matches("0o"), 8).ok());
        let verb = if c.adds { "ADD" } else { "COPY" };
        let of = c.from.as_ref().map(|f| format!("--from={f} ")).unwrap_or_default();
        let shown = format!("{verb} {of}{} {to}", sources.join(" "));
        let cwd = g.p.image.working_dir.clone();
        let order = Order { from: &from, sources: &sources, documents: &documents, to: &to, cwd: &cwd, owner, mode };
        // What is copied is part of what it is made of.
        let made_of = copied(&order);
        self.step(g, title, &shown, &made_of, |b, g| match copying::copy(&order, &mut g.p.image.files) {
            Ok(bytes) => Ok((MOMENT, bytes)),
            Err(why) => {
                let id = Digest::of(&made_of).to_string();
                let why = format!("failed to calculate checksum of ref {}::{}: {why}", &id[..25], &id[25..50]);
                b.report.fail(&why);
                Err(if c.from.is_some() { why } else { format!("failed to compute cache key: {why}") })
            }
        })
    }

    /// What is only written beside the files.
    fn setting(&mut self, g: &mut Going<'_>, i: &Instruction) -> Result<(), String> {
        match &i.what {
            What::Arg(all) => {
                for (name, value) in all {
                    let own = value.as_ref().map(|v| g.expand(v)).transpose()?;
                    let given = self.job.arguments.get(name).cloned();
                    let value = given.or(own).or_else(|| g.stage.globals.get(name).cloned());
                    if let Some(v) = value {
                        g.arguments.insert(name.clone(), v);
                    }
                }
            }
            What::Env(all) => {
                let set: Vec<(String, String)> =
                    all.iter().map(|(k, v)| Ok((g.expand(k)?, g.expand(v)?))).collect::<Result<_, String>>()?;
                g.p.image.env.extend(set);
            }
            What::Label(all) => {
                for (k, v) in all {
                    let (k, v) = (g.expand(k)?, g.expand(v)?);
                    g.p.labels.insert(k, v);
                }
            }
            What::Maintainer(who) => drop(g.p.labels.insert("maintainer".into(), who.clone())),
            What::User(who) => {
                let who = g.expand(who)?;
                (g.p.image.user, g.p.image.group) = owner_of(&g.p.image.files, &who)?;
                g.p.user = who;
            }
            What::Cmd(c) => {
                g.p.image.cmd = g.p.words(c);
                g.has_cmd = true;
            }
            What::Entrypoint(c) => {
                g.p.image.entrypoint = g.p.words(c);
                // What the base image would have run does not go with it.
                if !g.has_cmd {
                    g.p.image.cmd = vec![];
                }
            }
            What::Expose(ports) => {
                for w in g.expand_all(ports)? {
                    let (number, protocol) = w.split_once('/').unwrap_or((&w, "tcp"));
                    let number = number.rsplit(':').next().unwrap_or_default();
                    if number.split('-').any(|n| n.parse::<u16>().is_err()) {
                        return Err(format!("invalid containerPort: {w}"));
                    }
                    g.p.exposed.insert(format!("{number}/{}", protocol.to_lowercase()));
                }
            }
            What::Volume(paths) => g.p.volumes.extend(g.expand_all(paths)?),
            What::Healthcheck(c) => g.p.healthcheck = c.as_ref().map(|c| g.p.words(c).join(" ")),
            What::Shell(words) => g.p.shell = words.clone(),
            What::StopSignal(s) => g.p.stop_signal = Some(g.expand(s)?),
            What::OnBuild(inner) => g.p.on_build.push((**inner).clone()),
            What::From { .. } | What::Run { .. } | What::Copy(_) | What::Workdir(_) => {}
        }
        Ok(())
    }
}

/// What is copied, in a text that is another whenever it is something else.
fn copied(order: &Order<'_>) -> String {
    let mut into = Tree::default();
    // What is not there is found out when it is copied in earnest.
    let _ = copying::copy(&Order { to: "/x/", cwd: "/", ..order.clone() }, &mut into);
    let line = |(path, node): (&Arc<str>, &Node)| match &node.kind {
        Kind::File(b) => format!("{path} {} {}", node.mode, Digest::of(&String::from_utf8_lossy(b))),
        other => format!("{path} {other:?}"),
    };
    let all: Vec<String> = into.iter().map(line).collect();
    format!("{:?} {:?}\n{}", order.owner, order.mode, all.join("\n"))
}

/// A user and group by name or number, as the image's own files have them.
fn owner_of(files: &Tree, who: &str) -> Result<(u32, u32), String> {
    let (user, group) = who.split_once(':').map_or((who, None), |(u, g)| (u, Some(g)));
    let lines = |file: &str| match files.get(&join("/etc", file)).map(|n| &n.kind) {
        Some(Kind::File(b)) => String::from_utf8_lossy(b).into_owned(),
        _ => String::new(),
    };
    let find = |text: &str, name: &str| -> Option<Vec<u32>> {
        let line = text.lines().find(|l| l.split(':').next() == Some(name))?;
        Some(line.split(':').skip(2).take(2).filter_map(|n| n.parse().ok()).collect())
    };
    let passwd = lines("passwd");
    let (uid, own) = match user.parse::<u32>() {
        Ok(n) => (n, 0),
        Err(_) => match find(&passwd, user).as_deref() {
            Some([uid, gid]) => (*uid, *gid),
            _ => return Err(format!("unable to find user {user}: no matching entries in passwd file")),
        },
    };
    let gid = match group.map(|g| (g, g.parse::<u32>())) {
        None => own,
        Some((_, Ok(n))) => n,
        Some((name, Err(_))) => match find(&lines("group"), name).as_deref() {
            Some([gid, ..]) => *gid,
            _ => return Err(format!("unable to find group {name}: no matching entries in group file")),
        },
    };
    Ok((uid, gid))
}
