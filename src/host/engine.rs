//! What Docker keeps on the learner's machine: images by name, containers, what was built before, who has logged in where.
//! Docker: moby/moby, daemon/.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::picture::Picture;
use crate::api::digest::Digest;
use crate::api::image::ImageRef;
use crate::api::ops::{ContainerId, PodRef};
use crate::api::{OpId, Time};

#[derive(Clone, Debug, Default)]
pub struct Engine {
    /// By full name.
    images: BTreeMap<String, Arc<Picture>>,
    /// Those that have lost their names, or never had one.
    nameless: Vec<Arc<Picture>>,
    /// What steps of builds have made: by what they were made of.
    cache: BTreeMap<String, Arc<Picture>>,
    pub containers: Vec<Container>,
    /// Who has logged in, by registry.
    pub logins: BTreeMap<String, String>,
    /// What people have given to registries, by full name: as it was, with what a Dockerfile says beside the files.
    pushed: BTreeMap<String, Arc<Picture>>,
    made: u64,
}

#[derive(Clone, Debug)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// Its image as it was asked for.
    pub image: String,
    /// The id of the image.
    pub picture: String,
    pub command: Vec<String>,
    pub created: Time,
    pub started: Option<Time>,
    /// Ports of this machine, and those of the container that they lead to.
    pub ports: Vec<(u16, u16)>,
    pub exposed: Vec<String>,
    pub address: Ipv4Addr,
    pub env: BTreeMap<String, String>,
    /// As the runtime knows it.
    pub pod: PodRef,
    pub inside: ContainerId,
    /// What listens on this machine for it.
    pub forward: Option<OpId>,
    /// It goes when it has ended.
    pub temporary: bool,
    pub tty: bool,
    pub stdin: bool,
}

impl Container {
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// Where the registry of a name that says none lies, as `docker login` calls it.
pub const HUB: &str = "https://index.docker.io/v1/";

impl Engine {
    // ---- images -----------------------------------------------------------------------------

    pub fn named(&self) -> impl Iterator<Item = (&str, &Arc<Picture>)> {
        self.images.iter().map(|(n, p)| (n.as_str(), p))
    }

    pub fn nameless(&self) -> &[Arc<Picture>] {
        &self.nameless
    }

    pub fn image(&self, image: &ImageRef) -> Option<&Arc<Picture>> {
        self.images.get(&image.full())
    }

    /// An image by its name, or by the beginning of its id.
    pub fn find(&self, text: &str) -> Option<&Arc<Picture>> {
        let by_name = || ImageRef::parse(text).and_then(|i| self.image(&i));
        let id = text.strip_prefix("sha256:").unwrap_or(text);
        let begins = |p: &&Arc<Picture>| id.len() >= 3 && p.id.starts_with(id);
        by_name().or_else(|| self.images.values().chain(&self.nameless).find(begins))
    }

    /// The names of an image.
    pub fn names_of(&self, id: &str) -> Vec<String> {
        self.images.iter().filter(|(_, p)| p.id == id).map(|(n, _)| n.clone()).collect()
    }

    /// Gives an image a name. Whatever had that name before loses it.
    pub fn tag(&mut self, full: &str, picture: Arc<Picture>) {
        self.nameless.retain(|p| p.id != picture.id);
        let id = picture.id.clone();
        if let Some(old) = self.images.insert(full.into(), picture)
            && old.id != id
            && self.names_of(&old.id).is_empty()
        {
            self.nameless.push(old);
        }
    }

    pub fn keep_nameless(&mut self, picture: Arc<Picture>) {
        if self.names_of(&picture.id).is_empty() && !self.nameless.iter().any(|p| p.id == picture.id) {
            self.nameless.push(picture);
        }
    }

    /// Takes a name away. Tells whether the image is gone with it.
    pub fn untag(&mut self, full: &str) {
        self.images.remove(full);
    }

    pub fn forget(&mut self, id: &str) {
        self.images.retain(|_, p| p.id != id);
        self.nameless.retain(|p| p.id != id);
    }

    pub fn push(&mut self, full: &str, picture: Arc<Picture>) {
        self.pushed.insert(full.into(), picture);
    }

    pub fn pushed(&self, full: &str) -> Option<&Arc<Picture>> {
        self.pushed.get(full)
    }

    pub fn cached(&self, id: &str) -> Option<&Arc<Picture>> {
        self.cache.get(id)
    }

    pub fn keep(&mut self, picture: &Picture) {
        self.cache.insert(picture.id.clone(), Arc::new(picture.clone()));
    }

    // ---- containers -------------------------------------------------------------------------

    /// A container by its name, or by the beginning of its id.
    pub fn container(&self, text: &str) -> Option<&Container> {
        let all = &self.containers;
        all.iter().find(|c| c.name == text).or_else(|| all.iter().find(|c| !text.is_empty() && c.id.starts_with(text)))
    }

    pub fn container_mut(&mut self, id: &str) -> Option<&mut Container> {
        self.containers.iter_mut().find(|c| c.id == id)
    }

    /// A number that no container had.
    pub fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A name for a container that was given none.
    pub fn name(&self, n: u64) -> String {
        const HOW: [&str; 16] = [
            "brave", "clever", "eager", "friendly", "happy", "jolly", "keen", "kind", "lucid", "modest", "nifty",
            "patient", "quirky", "sharp", "vibrant", "zen",
        ];
        const WHO: [&str; 16] = [
            "babbage", "bohr", "curie", "darwin", "euler", "fermi", "gauss", "hopper", "kepler", "lovelace", "noether",
            "pascal", "ride", "tesla", "turing", "wozniak",
        ];
        let digest = Digest::of(&format!("name {n}")).to_string();
        let at = |i: usize| digest.as_bytes().get(i).map_or(0, |b| usize::from(*b) * 7 + i) % 16;
        let name = format!("{}_{}", HOW[at(3)], WHO[at(9)]);
        if self.containers.iter().any(|c| c.name == name) { format!("{name}{n}") } else { name }
    }

    /// An address on Docker's bridge that is free.
    pub fn address(&self) -> Ipv4Addr {
        let free = |n: &u8| !self.containers.iter().any(|c| c.address.octets()[3] == *n);
        Ipv4Addr::new(172, 17, 0, (2..=254).find(free).unwrap_or(255))
    }

    // ---- registries -------------------------------------------------------------------------

    /// Whether one who is logged in as they are may write there.
    pub fn may_push(&self, image: &ImageRef) -> bool {
        if image.is_local() {
            return true;
        }
        if image.registry != "docker.io" {
            return self.logins.contains_key(&image.registry);
        }
        let owner = image.path.split('/').next();
        self.logins.get(HUB).is_some_and(|user| Some(user.as_str()) == owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(id: &str) -> Arc<Picture> {
        Arc::new(Picture { id: id.repeat(64), ..Picture::default() })
    }

    #[test]
    fn a_name_moves_from_an_image_to_another() {
        let mut e = Engine::default();
        e.tag("docker.io/library/a:latest", picture("1"));
        e.tag("docker.io/me/a:1", picture("1"));
        e.tag("docker.io/library/a:latest", picture("2"));
        assert!(e.nameless().is_empty(), "it has another name");
        e.tag("docker.io/me/a:1", picture("2"));
        assert_eq!(e.nameless().len(), 1);
        assert_eq!(e.find("a").unwrap().id, "2".repeat(64));
        assert_eq!(e.find("1111").unwrap().id, "1".repeat(64));
        assert!(e.find("11").is_none() && e.find("b").is_none());
        e.untag("docker.io/me/a:1");
        assert!(e.find("me/a:1").is_none() && e.find("a").is_some());
        e.untag("docker.io/library/a:latest");
        assert!(e.find("a").is_none());
    }

    #[test]
    fn one_writes_below_ones_own_name() {
        let mut e = Engine::default();
        let may = |e: &Engine, name: &str| e.may_push(&ImageRef::parse(name).unwrap());
        assert!(!may(&e, "codongmin/app") && !may(&e, "ghcr.io/x/app") && may(&e, "localhost:5000/app"));
        e.logins.insert(HUB.into(), "codongmin".into());
        assert!(may(&e, "codongmin/app") && !may(&e, "other/app") && !may(&e, "app"));
        e.logins.insert("ghcr.io".into(), "x".into());
        assert!(may(&e, "ghcr.io/x/app"));
    }
}
