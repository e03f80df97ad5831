//! Images: `images`, `tag`, `push`, `pull`, `rmi`, `history`.
//! Docker: docker/cli, cli/command/image; moby/moby, daemon/images.

use std::sync::Arc;

use super::{Call, QUIET, daemon, each, said, units};
use crate::api::digest::Digest;
use crate::api::image::ImageRef;
use crate::cluster::docker::Standing;
use crate::host::decision::HostDecision;
use crate::host::engine::HUB;
use crate::host::picture::Picture;
use crate::kubectl::args::{Flag, Type};
use crate::kubectl::tabwriter::align;
use crate::prompt::session::{Output, Session};
use crate::runtime::stores::Refusal;

pub const LIST_FLAGS: &[Flag] = &[
    Flag::new("all", Type::Bool).short('a'),
    QUIET,
    Flag::new("no-trunc", Type::Bool),
    Flag::new("digests", Type::Bool),
    Flag::new("filter", Type::Array).short('f'),
    Flag::new("format", Type::Text),
];

/// A table as Docker lays it out.
pub fn table(text: &str) -> String {
    align(text, 10, 3)
}

/// The names of all images that are here.
pub fn names(s: &Session) -> Vec<String> {
    s.cluster.docker.named().filter_map(|(full, _)| ImageRef::parse(full)).map(|i| i.shown()).collect()
}

pub const BAD_NAME: &str = "invalid reference format";

/// The names of an image as a name for the daemon's complaints.
pub fn shown(text: &str) -> String {
    ImageRef::parse(text).map_or_else(|| text.to_string(), |i| i.shown())
}

pub fn list(s: &mut Session, c: &Call) -> Output {
    let wanted = c.args.word(0);
    let mut rows: Vec<(String, String, Arc<Picture>)> = vec![];
    for (full, picture) in s.cluster.docker.named() {
        let Some(i) = ImageRef::parse(full) else { continue };
        let (name, tag) = (i.familiar(), i.tag_or_latest().to_string());
        if wanted.is_empty() || wanted == name || wanted == i.shown() {
            rows.push((name, tag, picture.clone()));
        }
    }
    if wanted.is_empty() {
        let none = || "<none>".to_string();
        rows.extend(s.cluster.docker.nameless().iter().map(|p| (none(), none(), p.clone())));
    }
    // The newest first.
    rows.sort_by(|a, b| b.2.created.cmp(&a.2.created).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
    let full_id = c.args.flag("no-trunc");
    let id = |p: &Picture| if full_id { format!("sha256:{}", p.id) } else { p.short_id().to_string() };
    if c.args.flag("quiet") {
        return said(rows.iter().map(|(_, _, p)| id(p) + "\n").collect());
    }
    let now = s.cluster.world.now;
    let mut text = "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\n".to_string();
    for (name, tag, p) in &rows {
        let (age, size) = (units::ago(p.created, now), units::size(p.image.bytes));
        text.push_str(&format!("{name}\t{tag}\t{}\t{age}\t{size}\n", id(p)));
    }
    said(table(&text))
}

pub fn tag(s: &mut Session, c: &Call) -> Output {
    let (from, to) = (c.args.word(0), c.args.word(1));
    let Some(picture) = s.cluster.docker.find(from).cloned() else {
        return daemon(&format!("No such image: {}", shown(from)));
    };
    match ImageRef::parse(to) {
        Some(i) => {
            s.cluster.docker_tag(&i.full(), picture);
            Output::default()
        }
        None => {
            let stderr = format!("Error parsing reference: {to:?} is not a valid repository/tag: {BAD_NAME}\n");
            Output { stderr, code: 1, ..Output::default() }
        }
    }
}

fn digest_of(picture: &Picture) -> String {
    format!("sha256:{}", Digest::of(&format!("manifest {}", picture.id)))
}

/// The layers that hold anything.
fn layers(picture: &Picture) -> Vec<String> {
    let of = |by: &str, bytes: u64| Digest::of(&format!("{by} {bytes}")).to_string()[..12].to_string();
    picture.history.iter().filter(|l| l.bytes > 0).map(|l| of(&l.by, l.bytes)).collect()
}

/// Why a registry gives nothing, as Docker's daemon says it.
pub fn refused(why: Refusal, image: &ImageRef) -> String {
    let name = image.familiar();
    match why {
        Refusal::Denied => format!(
            "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
        ),
        Refusal::Unknown => format!("manifest for {} not found: manifest unknown: manifest unknown", image.shown()),
        Refusal::Local => {
            let registry = &image.registry;
            let port = registry.split_once(':').map_or("80", |(_, p)| p);
            format!("Get \"http://{registry}/v2/\": dial tcp 127.0.0.1:{port}: connect: connection refused")
        }
        Refusal::Down => {
            let host = image.host();
            format!(
                "Get \"https://{host}/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
            )
        }
    }
}

/// Fetches an image. What is told of it meanwhile.
///
/// # Errors
/// What the daemon objects to.
pub fn fetch(s: &mut Session, image: &ImageRef) -> Result<String, String> {
    let mut text = format!("{}: Pulling from {}\n", image.tag_or_latest(), image.path);
    let (picture, news) = s.cluster.docker_pull(image).map_err(|why| refused(why, image))?;
    let end = if news { "Pull complete" } else { "Already exists" };
    for l in layers(&picture).iter().filter(|_| news) {
        text.push_str(&format!("{l}: {end}\n"));
    }
    let status = if news { "Downloaded newer image for" } else { "Image is up to date for" };
    text.push_str(&format!("Digest: {}\nStatus: {status} {}\n", digest_of(&picture), image.shown()));
    Ok(text)
}

pub fn pull(s: &mut Session, c: &Call) -> Output {
    let Some(image) = ImageRef::parse(c.args.word(0)) else {
        return Output { stderr: format!("{BAD_NAME}\n"), code: 1, ..Output::default() };
    };
    let mut text = String::new();
    if image.tag.is_none() && image.digest.is_none() {
        text.push_str("Using default tag: latest\n");
    }
    match fetch(s, &image) {
        Ok(_) if c.args.flag("quiet") => said(format!("{}\n", image.full())),
        Ok(told) => said(format!("{text}{told}{}\n", image.full())),
        Err(why) => Output { stdout: text, ..daemon(&why) },
    }
}

pub fn push(s: &mut Session, c: &Call) -> Output {
    let Some(image) = ImageRef::parse(c.args.word(0)) else {
        return Output { stderr: format!("{BAD_NAME}\n"), code: 1, ..Output::default() };
    };
    let mut text = String::new();
    if image.tag.is_none() {
        text.push_str("Using default tag: latest\n");
    }
    text.push_str(&format!("The push refers to repository [{}]\n", image.repository()));
    let fail = |text: String, why: String| Output { stdout: text, stderr: why + "\n", code: 1, ..Output::default() };
    let Some(picture) = s.cluster.docker.image(&image).cloned() else {
        return fail(text, format!("An image does not exist locally with the tag: {}", image.familiar()));
    };
    if image.is_local() && !s.cluster.local_registry(&image) {
        return fail(text, refused(Refusal::Local, &image));
    }
    if s.cluster.registry_is_down() && !image.is_local() {
        return fail(text, refused(Refusal::Down, &image));
    }
    let all = layers(&picture);
    if !s.cluster.docker.may_push(&image) {
        text.extend(all.iter().map(|l| format!("{l}: Waiting\n")));
        // Below no name at all nobody but Docker itself may write: the name has to be another.
        let own = s.cluster.docker.logins.get(HUB).cloned().unwrap_or_else(|| "YOUR-NAME".into());
        let owner = image.path.split('/').next().unwrap_or_default();
        let shown = image.shown();
        let decision = match (image.registry.as_str(), owner) {
            ("docker.io", "library") => HostDecision::PushNeedsName { image: shown, user: own },
            ("docker.io", owner) => {
                HostDecision::PushDenied { image: shown, login: format!("docker login -u {owner}") }
            }
            (other, _) => {
                HostDecision::PushDenied { image: shown, login: format!("docker login {other} -u YOUR-NAME") }
            }
        };
        s.cluster.tell("docker", decision, c.cause);
        return fail(text, "denied: requested access to the resource is denied".into());
    }
    s.cluster.docker_push(&image, &picture, c.cause);
    text.extend(all.iter().map(|l| format!("{l}: Pushed\n")));
    let size = 500 + 210 * all.len();
    said(format!("{text}{}: digest: {} size: {size}\n", image.tag_or_latest(), digest_of(&picture)))
}

pub fn rmi(s: &mut Session, c: &Call) -> Output {
    let (words, force) = (c.args.words.clone(), c.args.flag("force"));
    each(&words, |w| {
        let none = || format!("No such image: {}", shown(w));
        let picture = s.cluster.docker.find(w).cloned().ok_or_else(none)?;
        let by_name = ImageRef::parse(w).filter(|i| s.cluster.docker.image(i).is_some()).map(|i| i.full());
        let names = s.cluster.docker.names_of(&picture.id);
        let goes = by_name.is_none() || names.len() < 2;
        let user = s.cluster.docker.containers.iter().find(|k| k.picture == picture.id).cloned();
        if let Some(k) = user.filter(|_| goes && !force) {
            let runs = s.cluster.docker_standing(&k) == Standing::Running;
            let (how, who) = if runs { ("cannot be forced", "running") } else { ("must be forced", "stopped") };
            let what = if by_name.is_some() {
                format!("unable to remove repository reference {:?} (must force)", w)
            } else {
                format!("unable to delete {} ({how})", picture.short_id())
            };
            return Err(match by_name {
                Some(_) => format!(
                    "conflict: {what} - container {} is using its referenced image {}",
                    k.short_id(),
                    picture.short_id()
                ),
                None => format!("conflict: {what} - image is being used by {who} container {}", k.short_id()),
            });
        }
        if by_name.is_none() && names.len() > 1 && !force {
            return Err(format!(
                "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                picture.short_id()
            ));
        }
        let gone = by_name.map_or(names, |n| vec![n]);
        let mut text = String::new();
        for full in &gone {
            s.cluster.docker_untag(full);
            text.push_str(&format!("Untagged: {}\n", shown(full)));
        }
        if goes {
            s.cluster.docker.forget(&picture.id);
            text.push_str(&format!("Deleted: sha256:{}\n", picture.id));
        }
        Ok(text)
    })
}

pub fn history(s: &mut Session, c: &Call) -> Output {
    let w = c.args.word(0);
    let Some(p) = s.cluster.docker.find(w).cloned() else { return daemon(&format!("No such image: {}", shown(w))) };
    let now = s.cluster.world.now;
    let mut text = "IMAGE\tCREATED\tCREATED BY\tSIZE\tCOMMENT\n".to_string();
    for (i, l) in p.history.iter().rev().enumerate() {
        let id = if i == 0 { p.short_id() } else { "<missing>" };
        let by: String = match l.by.chars().count() {
            n if n > 45 && !c.args.flag("no-trunc") => l.by.chars().take(44).chain(['…']).collect(),
            _ => l.by.clone(),
        };
        let comment = if l.by.starts_with("/bin/sh -c #(nop)") { "" } else { "buildkit.dockerfile.v0" };
        text.push_str(&format!("{id}\t{}\t{by}\t{}\t{comment}\n", units::ago(l.created, now), units::size(l.bytes)));
    }
    said(table(&text))
}
