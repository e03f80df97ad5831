//! kubectl cp: files to a container and back, as an archive through `tar` in it.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/cp/cp.go.

use std::io::Read as _;

use crate::api::ops::{Stream, Talk};
use crate::api::path::absolute;
use crate::api::request::Request;
use crate::api::{OpId, Outcome, Resource, kinds};
use crate::kubectl::args::Type;
use crate::kubectl::containers;
use crate::kubectl::env::{InPod, Remote, Streams};
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static CP: Verb = Verb {
    name: "cp",
    summary: "Copy files and directories to and from containers",
    flags: &[&[
        Flag::new("container", Type::Text).short('c'),
        Flag::new("no-preserve", Type::Bool),
        Flag::new("retries", Type::Int).default("0"),
    ]],
    completes: Completes::Pods,
    run: cp,
};

/// `[[namespace/]pod:]path`
struct Spec {
    pod: Option<(Option<String>, String)>,
    path: String,
}

fn spec(text: &str) -> Result<Spec, Failure> {
    let wrong = || Failure::error("filespec must match the canonical format: [[namespace/]pod:]file/path");
    let Some((pod, path)) = text.split_once(':') else { return Ok(Spec { pod: None, path: text.into() }) };
    let pod = match pod.split('/').collect::<Vec<_>>().as_slice() {
        [""] => return Err(wrong()),
        [pod] => (None, (*pod).to_string()),
        [ns, pod] => (Some((*ns).to_string()), (*pod).to_string()),
        _ => return Err(wrong()),
    };
    Ok(Spec { pod: Some(pod), path: path.into() })
}

fn cp(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let [from, to] = args.words.as_slice() else {
        return Err(Failure::error("source and destination are required"));
    };
    let (from, to) = (spec(from)?, spec(to)?);
    if from.path.is_empty() || to.path.is_empty() {
        return Err(Failure::error("filepath can not be empty"));
    }
    let (local, remote, phase) = match (from.pod, to.pod) {
        (Some(_), Some(_)) => return Err(Failure::error("one of src or dest must be a local file specification")),
        (None, None) => return Err(Failure::error("one of src or dest must be a remote file specification")),
        (Some(pod), None) => (to.path, (pod, from.path), Phase::Fetch),
        (None, Some(pod)) => (from.path, (pod, to.path), Phase::Look),
    };
    let is_there = env.host.is_directory(&local) || env.host.read(&local).is_ok();
    if phase == Phase::Look && !is_there {
        return Err(Failure::error(format!("{local} doesn't exist in local filesystem")));
    }
    let ((namespace, pod), path) = remote;
    let namespace = namespace.unwrap_or_else(|| env.namespace.clone());
    let found = env.call(&Request::get(object(kinds::Pod::kind_ref(), &namespace, &pod)))?;
    if let phase @ ("Succeeded" | "Failed") = found["status"]["phase"].as_str().unwrap_or("") {
        return Err(Failure::error(format!(
            "cannot exec into a container in a completed pod; current phase is {phase}"
        )));
    }
    let wanted = args.is_set("container").then(|| args.text("container"));
    let (container, note) = containers::chosen(&found, wanted)?;
    note.into_iter().for_each(|n| env.error_line(n));
    let at = InPod { namespace, pod, container: Some(container) };
    let mut copying = Copying { at, local, path, phase, op: None, came: vec![], bare: args.flag("no-preserve") };
    match copying.poll(env)? {
        Progress::Exit(code) => Ok(Done::Exit(code)),
        _ => Ok(Done::Follow(Box::new(copying))),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Whether the destination is a directory.
    Look,
    Send,
    Fetch,
}

struct Copying {
    at: InPod,
    local: String,
    /// In the container.
    path: String,
    phase: Phase,
    op: Option<OpId>,
    /// The archive, as far as it came.
    came: Vec<u8>,
    /// Without the files' rights and owners.
    bare: bool,
}

fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

fn refused(e: &std::io::Error) -> Failure {
    Failure::error(e.to_string())
}

impl Copying {
    fn command(&self) -> Vec<String> {
        let words: Vec<&str> = match self.phase {
            Phase::Look => vec!["test", "-d", &self.path],
            Phase::Fetch => vec!["tar", "cf", "-", &self.path],
            Phase::Send => {
                let mut all = vec!["tar"];
                if self.bare {
                    all.extend(["--no-same-permissions", "--no-same-owner"]);
                }
                all.extend(["-xmf", "-"]);
                let dir = self.path.trim_end_matches('/').rsplit_once('/').map_or("", |(d, _)| d);
                let dir = if dir.is_empty() && self.path.starts_with('/') { "/" } else { dir };
                if !dir.is_empty() {
                    all.extend(["-C", dir]);
                }
                all
            }
        };
        words.into_iter().map(String::from).collect()
    }

    fn begin(&mut self, env: &mut Env<'_>) -> Result<OpId, Failure> {
        let stdin = self.phase == Phase::Send;
        let op =
            env.api.exec(&self.at, &self.command(), Streams { stdin, tty: false }).map_err(|s| Failure::status(&s))?;
        if stdin {
            let archive = self.packed(env)?;
            env.api.talk(op, &Talk::Input(archive));
            env.api.talk(op, &Talk::EndOfInput);
        }
        self.op = Some(op);
        Ok(op)
    }

    /// What is to be sent, named as it will be called there.
    fn packed(&self, env: &Env<'_>) -> Result<Vec<u8>, Failure> {
        let mut archive = tar::Builder::new(vec![]);
        let name = base(&self.path).to_string();
        let files = match env.host.is_directory(&self.local) {
            true => env
                .host
                .list(&self.local)
                .unwrap_or_default()
                .into_iter()
                .map(|f| (format!("{}/{f}", self.local.trim_end_matches('/')), format!("{name}/{f}")))
                .collect(),
            false => vec![(self.local.clone(), name)],
        };
        for (file, called) in files {
            let content = env.host.read(&file).map_err(Failure::error)?;
            let mut head = tar::Header::new_gnu();
            head.set_size(content.len() as u64);
            head.set_mode(0o644);
            head.set_cksum();
            archive.append_data(&mut head, called, content.as_bytes()).map_err(|e| refused(&e))?;
        }
        archive.into_inner().map_err(|e| refused(&e))
    }

    /// Writes what came. Real Kubernetes: cp.go untarAll.
    fn unpack(&self, env: &mut Env<'_>) -> Result<(), Failure> {
        let prefix = absolute("/", &self.path).trim_start_matches('/').to_string();
        let mut archive = tar::Archive::new(self.came.as_slice());
        for entry in archive.entries().map_err(|e| refused(&e))? {
            let mut entry = entry.map_err(|e| refused(&e))?;
            let name = entry.path().map_err(|e| refused(&e))?.to_string_lossy().trim_end_matches('/').to_string();
            let Some(rest) = name.strip_prefix(&prefix) else { return Err(Failure::error("tar contents corrupted")) };
            let rest = rest.trim_start_matches('/');
            let to = if rest.is_empty() {
                self.local.clone()
            } else {
                format!("{}/{rest}", self.local.trim_end_matches('/'))
            };
            let kind = entry.header().entry_type();
            if rest.split('/').any(|p| p == "..") {
                env.error_line(format!("warning: file {to:?} is outside target destination, skipping"));
            } else if kind.is_symlink() {
                let target =
                    entry.link_name().ok().flatten().map(|l| l.to_string_lossy().into_owned()).unwrap_or_default();
                env.error_line(format!("warning: skipping symlink: {to:?} -> {target:?}"));
            } else if kind.is_dir() {
                env.host.make_directory(&to).map_err(Failure::error)?;
            } else {
                let mut content = vec![];
                entry.read_to_end(&mut content).map_err(|e| refused(&e))?;
                if env.host.is_directory(&to) {
                    return Err(Failure::error(format!("open {to}: is a directory")));
                }
                if let Some((dir, _)) = to.rsplit_once('/').filter(|(d, _)| !d.is_empty()) {
                    env.host.make_directory(dir).map_err(Failure::error)?;
                }
                env.host.write(&to, &String::from_utf8_lossy(&content)).map_err(Failure::error)?;
            }
        }
        Ok(())
    }

    /// A command in the container has ended.
    fn ended(&mut self, code: i32, env: &mut Env<'_>) -> Result<Progress, Failure> {
        self.op = None;
        match self.phase {
            Phase::Look => {
                if code == 0 {
                    self.path = format!("{}/{}", self.path.trim_end_matches('/'), base(&self.local));
                }
                self.phase = Phase::Send;
                self.poll(env)
            }
            Phase::Send if code != 0 => {
                env.error_line(format!("command terminated with exit code {code}"));
                Ok(Progress::Exit(code))
            }
            Phase::Send => Ok(Progress::Exit(0)),
            Phase::Fetch => {
                if code == 0 {
                    self.unpack(env)?;
                }
                Ok(Progress::Exit(0))
            }
        }
    }
}

impl Follow for Copying {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        let op = match self.op {
            Some(op) => op,
            None => self.begin(env)?,
        };
        let remote = env.api.remote(op);
        let mut told = String::new();
        for (stream, text) in env.api.said(op) {
            match (stream, self.phase) {
                (_, Phase::Look) => {}
                (Stream::Out, Phase::Fetch) => self.came.extend(text),
                (Stream::Out, Phase::Send) => env.out.push_str(&String::from_utf8_lossy(&text)),
                (Stream::Err, Phase::Fetch) => told.push_str(&String::from_utf8_lossy(&text)),
                (Stream::Err, Phase::Send) => env.complain(&String::from_utf8_lossy(&text)),
            }
        }
        let failed = matches!(&remote, Remote::Done(Outcome::Ended { code }) if *code != 0);
        // Of a file that is not there real kubectl says nothing: it has gone before.
        if !failed {
            env.out.push_str(&told);
        }
        match remote {
            Remote::Running { .. } | Remote::AwaitsInput => Ok(Progress::Waiting(None)),
            Remote::Done(Outcome::Ended { code }) => self.ended(code, env),
            Remote::Done(Outcome::Failed { message }) => Err(Failure::error(message)),
            Remote::Done(_) => Ok(Progress::Exit(0)),
        }
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        if let Some(op) = self.op {
            env.api.talk(op, &Talk::Leave);
        }
    }
}
