//! `minikube image`: images straight onto nodes, past any registry.
//! Real Kubernetes: cmd/minikube/cmd/image.go.

use std::sync::Arc;

use super::{Call, GUEST_ERROR, USAGE, exiting, said};
use crate::api::image::ImageRef;
use crate::cluster::docker::Keep;
use crate::kubectl::args::{Flag, Type};
use crate::prompt::docker::building;
use crate::prompt::session::{Output, Session};

pub const LOAD_FLAGS: &[Flag] = &[
    Flag::new("daemon", Type::Bool),
    Flag::new("remote", Type::Bool),
    Flag::new("overwrite", Type::Bool).default("true"),
    Flag::new("pull", Type::Bool),
];
pub const LIST_FLAGS: &[Flag] = &[Flag::new("format", Type::Text).default("short")];
pub const BUILD_FLAGS: &[Flag] = building::FLAGS;

pub fn load(s: &mut Session, c: &Call) -> Output {
    if c.args.words.is_empty() {
        return exiting(
            "MK_USAGE",
            USAGE,
            "Please provide an image in your local daemon to load into minikube via <minikube image load IMAGE_NAME>",
        );
    }
    for w in &c.args.words {
        let loaded = ImageRef::parse(w).is_some_and(|i| s.cluster.load_image(&i, c.cause));
        if !loaded {
            let why = format!("Failed to load image: {w:?}: neither Docker here nor a registry has it");
            return exiting("GUEST_IMAGE_LOAD", GUEST_ERROR, &why);
        }
    }
    Output::default()
}

pub fn list(s: &mut Session, c: &Call) -> Output {
    let mut all = s.cluster.images_on(&s.first_node());
    all.sort_by(|a, b| b.cmp(a));
    match c.args.text("format") {
        "short" => said(all.iter().map(|n| format!("{n}\n")).collect()),
        "json" => said(format!(
            "{}\n",
            serde_json::json!(all.iter().map(|n| serde_json::json!({"repoTags": [n]})).collect::<Vec<_>>())
        )),
        "yaml" => said(all.iter().map(|n| format!("- repoTags:\n  - {n}\n")).collect()),
        "table" => {
            let row = |n: &String| {
                let i = ImageRef::parse(n)?;
                Some(vec![i.repository(), i.tag_or_latest().to_string()])
            };
            said(super::tables::draw(&["IMAGE", "TAG"], &all.iter().filter_map(row).collect::<Vec<_>>()))
        }
        other => exiting("MK_USAGE", USAGE, &format!("--format={other}: short, table, json or yaml")),
    }
}

pub fn remove(s: &mut Session, c: &Call) -> Output {
    if c.args.words.is_empty() {
        return exiting("MK_USAGE", USAGE, "Please provide an image to remove via <minikube image rm IMAGE_NAME>");
    }
    for w in &c.args.words {
        // What is not there need not be removed: minikube says nothing of it.
        if let Some(i) = ImageRef::parse(w) {
            s.cluster.unload_image(&i);
        }
    }
    Output::default()
}

pub fn build(s: &mut Session, c: &Call) -> Output {
    if c.args.words.len() != 1 {
        return exiting("MK_USAGE", USAGE, "Please provide a path or url to build");
    }
    let (mut out, made) = building::make(s, &c.args, c.cause, Keep::Nowhere);
    if let Some((tags, picture)) = made {
        for i in tags.iter().filter_map(|t| ImageRef::parse(t)) {
            s.cluster.put_on_nodes(&i, &Arc::new(picture.image.clone()), c.cause);
        }
    } else {
        out.code = GUEST_ERROR;
    }
    out
}
