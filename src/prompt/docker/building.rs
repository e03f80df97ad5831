//! `docker build`: the learner's own Dockerfile and directory.
//! Docker: docker/buildx, commands/build.go.

use super::{Call, QUIET};
use crate::api::RecordId;
use crate::api::file_tree::{Node, Tree, join};
use crate::api::image::ImageRef;
use crate::api::path::absolute;
use crate::cluster::docker::Keep;
use crate::host::build::Job;
use crate::host::ignore::Ignored;
use crate::host::picture::Picture;
use crate::kubectl::Host;
use crate::kubectl::args::{Args, Flag, Type};
use crate::kubectl::env::Found;
use crate::prompt::session::{Output, Session};

pub const FLAGS: &[Flag] = &[
    Flag::new("tag", Type::Array).short('t'),
    Flag::new("file", Type::Text).short('f'),
    Flag::new("build-arg", Type::Array),
    Flag::new("target", Type::Text),
    Flag::new("no-cache", Type::Bool),
    Flag::new("pull", Type::Bool),
    Flag::new("platform", Type::Text),
    Flag::new("progress", Type::Text),
    Flag::new("label", Type::Array),
    Flag::new("load", Type::Bool),
    Flag::new("rm", Type::Bool).default("true"),
    QUIET,
];

/// What is sent to the builder at most.
const MOST_BYTES: usize = 64 << 20;
const MOST_FILES: usize = 20_000;
/// So deep a directory is one that leads back into itself.
const DEEPEST: usize = 40;

fn failed(why: &str) -> Output {
    Output { stderr: format!("ERROR: failed to build: {why}\n"), code: 1, ..Output::default() }
}

pub(super) fn build(s: &mut Session, c: &Call) -> Output {
    make(s, &c.args, c.cause, Keep::InDocker).0
}

/// Builds. What was made, and under which names, if it went well.
pub fn make(s: &mut Session, args: &Args, cause: RecordId, keep: Keep) -> (Output, Option<Made>) {
    let job = match job(s, args) {
        Ok(job) => job,
        Err(why) => return (failed(&why), None),
    };
    let built = s.cluster.docker_build(&job, keep, cause);
    let quiet = args.flag("quiet");
    let code = i32::from(built.picture.is_none());
    let stdout = match &built.picture {
        Some(p) if quiet => format!("sha256:{}\n", p.id),
        _ => String::new(),
    };
    let stderr = if quiet && code == 0 { String::new() } else { built.report };
    (Output { stdout, stderr, code, ..Output::default() }, built.picture.map(|p| (job.tags, p)))
}

/// Names in full, and an image.
pub type Made = (Vec<String>, Picture);

/// What is to be built.
fn job(s: &mut Session, args: &Args) -> Result<Job, String> {
    let mut tags = vec![];
    for t in args.list("tag") {
        match ImageRef::parse(&t) {
            Some(i) => tags.push(i.full()),
            None => {
                let why = if t.to_lowercase() == t {
                    "invalid reference format"
                } else {
                    "invalid reference format: repository name must be lowercase"
                };
                return Err(format!("invalid tag {t:?}: {why}"));
            }
        }
    }
    let (host, place) = (s.host.as_ref(), args.word(0));
    let given = args.text("file");
    if place.contains("://") {
        return Err(format!(
            "unable to prepare context: kubetutor: {place} cannot be fetched: there is no internet here"
        ));
    }
    // `docker build -`: the Dockerfile itself comes through a pipe, and there is no directory.
    let from_pipe = place == "-";
    let context = if from_pipe { Tree::default() } else { context(host, place)? };
    let (name, text) = match (from_pipe || given == "-", given) {
        (true, _) => ("Dockerfile".to_string(), s.stdin.take().ok_or_else(|| "unexpected end of input".to_string())),
        (false, "") => ("Dockerfile".into(), host.read(&join(place, "Dockerfile"))),
        (false, path) => (crate::api::file_tree::name(path).to_string(), host.read(path)),
    };
    let Ok(text) = text else {
        return Err(format!("failed to solve: failed to read dockerfile: open {name}: no such file or directory"));
    };
    let pair = |a: String| match a.split_once('=') {
        Some((k, v)) => Some((k.to_string(), v.to_string())),
        None => s.variables.iter().find(|(k, _)| *k == a).cloned(),
    };
    Ok(Job {
        file: name,
        text,
        context,
        arguments: args.list("build-arg").into_iter().filter_map(pair).collect(),
        target: args.is_set("target").then(|| args.text("target").to_string()),
        no_cache: args.flag("no-cache"),
        tags,
        now: s.cluster.world.now,
    })
}

/// The files of a directory but those that its `.dockerignore` leaves out.
fn context(host: &dyn Host, place: &str) -> Result<Tree, String> {
    let root = absolute(&host.working_directory(), place);
    if !matches!(host.look(&root), Some(Found::Directory)) {
        return Err(format!("unable to prepare context: path {place:?} not found"));
    }
    let ignored = Ignored::parse(&host.read(&join(&root, ".dockerignore")).unwrap_or_default());
    let mut tree = Tree::default();
    let (mut bytes, mut files) = (0, 0);
    let mut waiting = vec![(String::new(), 0)];
    while let Some((dir, depth)) = waiting.pop() {
        let full = if dir.is_empty() { root.clone() } else { join(&root, &dir) };
        for name in host.names(&full) {
            let path = if dir.is_empty() { name.clone() } else { join(&dir, &name) };
            if ignored.leaves_out(&path) || depth > DEEPEST {
                continue;
            }
            let Some(found) = host.look(&join(&full, &name)) else { continue };
            if matches!(found, Found::Directory) {
                waiting.push((path.clone(), depth + 1));
            }
            let node = Node::from(found);
            (bytes, files) = (bytes + node.size(), files + 1);
            if bytes > MOST_BYTES || files > MOST_FILES {
                return Err(format!(
                    "unable to prepare context: kubetutor: {place} holds more than {} MiB or {MOST_FILES} files; name what the image does not need in .dockerignore",
                    MOST_BYTES >> 20
                ));
            }
            tree.put(&format!("/{path}"), node);
        }
    }
    Ok(tree)
}
