//! An image as Docker keeps it: what the runtime needs of it, and what else its Dockerfile says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dockerfile::{Command, Instruction};
use crate::api::Time;
use crate::api::digest::Digest;
use crate::runtime::catalogue::{Image, StandIn};

#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Names what it was made of, in order: whatever is made so again has the same.
    pub id: String,
    pub image: Image,
    /// `8080/tcp`
    pub exposed: BTreeSet<String>,
    pub labels: BTreeMap<String, String>,
    pub volumes: BTreeSet<String>,
    pub healthcheck: Option<String>,
    pub stop_signal: Option<String>,
    pub shell: Vec<String>,
    pub on_build: Vec<Instruction>,
    pub history: Vec<Layer>,
    pub created: Time,
    /// Its user as the Dockerfile names it.
    pub user: String,
}

/// What an instruction added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layer {
    pub by: String,
    pub bytes: u64,
    pub created: Time,
}

/// How long ago what comes from a registry was made there.
const AGE: u64 = 86_400 * 14;

impl Picture {
    /// An image of a registry.
    pub fn of(name: &str, image: &Arc<Image>) -> Picture {
        let image = Image::clone(image);
        let port = image.exposes.map(|port| format!("{port}/tcp"));
        let created = Time::ZERO - crate::api::Duration::from_secs(AGE);
        Picture {
            id: Digest::of(name).to_string(),
            exposed: port.into_iter().collect(),
            history: vec![Layer { by: "/bin/sh -c #(nop) ADD file in /".into(), bytes: image.bytes, created }],
            created,
            image,
            ..Picture::default()
        }
    }

    /// Nothing at all: `FROM scratch`.
    pub fn scratch() -> Picture {
        let files = crate::runtime::layers::Base::Scratch.layer().clone();
        let image = Image { files, working_dir: "/".into(), ..Image::default() };
        Picture { id: Digest::of("scratch").to_string(), image, ..Picture::default() }
    }

    /// As it is shown in tables.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The words that a command becomes: a line goes to the shell.
    pub fn words(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Exec(words) => words.clone(),
            Command::Shell(line) if line.is_empty() => vec![],
            Command::Shell(line) => self.shell().into_iter().chain([line.clone()]).collect(),
        }
    }

    pub fn shell(&self) -> Vec<String> {
        if self.shell.is_empty() { ["/bin/sh", "-c"].map(String::from).into() } else { self.shell.clone() }
    }

    /// What its container runs if nothing else is said.
    pub fn command(&self) -> Vec<String> {
        self.image.entrypoint.iter().chain(&self.image.cmd).cloned().collect()
    }

    /// The ports in numbers, in order.
    pub fn ports(&self) -> Vec<u16> {
        self.exposed.iter().filter_map(|p| p.split(['/', '-']).next()?.parse().ok()).collect()
    }

    pub fn stand_in(&self) -> Option<&Arc<StandIn>> {
        self.image.stand_in.as_ref()
    }
}
