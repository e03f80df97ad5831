//! Where images lie: on each node those that it has pulled or was given, in registries those that people have pushed. What nobody
//! pushed is in the catalogue, or nowhere.

use std::sync::Arc;

use super::catalogue::{Catalogue, Image};
use super::simulated::Simulated;
use crate::api::image::ImageRef;
use crate::api::{Duration, Outcome, Time};

/// The machine that Docker runs on has a store of its own, whatever node it may be beside.
pub const DOCKER: &str = "docker";

#[derive(Clone, Default)]
pub struct Stores {
    /// By machine and full name.
    of_machines: imbl::OrdMap<(Arc<str>, String), Arc<Image>>,
    /// Those that are still on their way: until then.
    arriving: imbl::OrdMap<(Arc<str>, String), Time>,
    /// By full name.
    pushed: imbl::OrdMap<String, Arc<Image>>,
}

impl Stores {
    pub fn on(&self, machine: &Arc<str>, full: &str) -> Option<&Arc<Image>> {
        self.of_machines.get(&(machine.clone(), full.to_string()))
    }

    pub fn put(&mut self, machine: &Arc<str>, full: &str, image: Arc<Image>) {
        self.arriving.remove(&(machine.clone(), full.to_string()));
        self.of_machines.insert((machine.clone(), full.to_string()), image);
    }

    /// The same for one that will be there at a time. One that is there already stays.
    pub fn expect(&mut self, machine: &Arc<str>, full: &str, image: Arc<Image>, at: Time) {
        let key = (machine.clone(), full.to_string());
        if !self.of_machines.contains_key(&key) {
            self.arriving.insert(key.clone(), at);
        }
        self.of_machines.insert(key, image);
    }

    /// An image that has arrived on a machine.
    pub fn arrived(&self, machine: &Arc<str>, full: &str, now: Time) -> Option<&Arc<Image>> {
        let late = self.arriving.get(&(machine.clone(), full.to_string())).is_some_and(|at| *at > now);
        self.on(machine, full).filter(|_| !late)
    }

    pub fn remove(&mut self, machine: &Arc<str>, full: &str) -> bool {
        self.arriving.remove(&(machine.clone(), full.to_string()));
        self.of_machines.remove(&(machine.clone(), full.to_string())).is_some()
    }

    /// All that lies on a machine.
    pub fn forget(&mut self, machine: &Arc<str>) {
        let all: Vec<String> = self.names(machine).map(|(n, _)| n.to_string()).collect();
        for name in all {
            self.remove(machine, &name);
        }
    }

    /// What a machine or registry of another time held goes on to be there: the learner's own, and what was pushed.
    pub fn inherit(&mut self, other: &Stores) {
        let docker: Arc<str> = DOCKER.into();
        other.names(&docker).for_each(|(n, i)| self.put(&docker, n, i.clone()));
        self.pushed = other.pushed.clone();
    }

    pub fn names<'a>(&'a self, machine: &'a Arc<str>) -> impl Iterator<Item = (&'a str, &'a Arc<Image>)> {
        let from = (machine.clone(), String::new());
        self.of_machines.range(from..).take_while(move |((m, _), _)| m == machine).map(|((_, n), i)| (n.as_str(), i))
    }

    pub fn push(&mut self, full: &str, image: Arc<Image>) {
        self.pushed.insert(full.into(), image);
    }

    /// What the registries hold under a name.
    pub fn find<'a>(&'a self, catalogue: &'a Catalogue, image: &ImageRef) -> Option<&'a Arc<Image>> {
        self.pushed.get(&image.full()).or_else(|| catalogue.find(image))
    }

    /// Whether a repository holds anything at all.
    pub fn has_repository(&self, catalogue: &Catalogue, image: &ImageRef) -> bool {
        let repository = image.repository();
        let below = format!("{repository}:");
        catalogue.has(&repository)
            || self.pushed.range(below.clone()..).next().is_some_and(|(n, _)| n.starts_with(&below))
    }
}

/// Why a registry gives no image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It does not answer.
    Down,
    /// It would be on the machine itself that asks, where none is.
    Local,
    /// It does not say whether that is private or does not exist, to one who has not logged in.
    Denied,
    Unknown,
}

impl Simulated {
    /// What a registry says to a machine that asks for an image.
    ///
    /// # Errors
    /// Why there is none.
    pub fn ask_registry(&self, image: &ImageRef) -> Result<Arc<Image>, Refusal> {
        let found = self.stores.find(self.catalogue, image);
        match found {
            _ if image.is_local() => Err(Refusal::Local),
            _ if self.registry_down => Err(Refusal::Down),
            Some(found) => Ok(found.clone()),
            None if self.is_secretive(image) => Err(Refusal::Denied),
            None => Err(Refusal::Unknown),
        }
    }

    /// A node fetches an image. How long that takes, and what comes of it.
    pub(super) fn pull(&mut self, node: &Arc<str>, image: &str, now: Time) -> (Duration, Outcome) {
        let fail = |wait: Duration, message: String| (wait, Outcome::Failed { message });
        let Some(r) = ImageRef::parse(image) else {
            return fail(
                Duration::from_millis(1),
                format!(
                    "Failed to apply default image tag {image:?}: couldn't parse image name {image:?}: invalid reference format"
                ),
            );
        };
        let full = r.full();
        let cannot = |why: &str| format!("failed to pull and unpack image {full:?}: failed to resolve image: {why}");
        match self.ask_registry(&r) {
            Ok(found) => {
                let present = self.stores.arrived(node, &full, now).is_some();
                let took = if present { self.catalogue.answer_time() } else { self.catalogue.pull_time(&found) };
                let (size, user) = (found.bytes, found.user);
                self.stores.expect(node, &full, found, now + took);
                (took, Outcome::Pulled { image: full, size, user, took })
            }
            Err(Refusal::Down) => {
                fail(Duration::from_secs(3), cannot(&format!("dial tcp: lookup {}: i/o timeout", r.registry)))
            }
            Err(Refusal::Local) => {
                let port = r.registry.split_once(':').map_or("443", |(_, port)| port);
                let (registry, path, tag) = (&r.registry, &r.path, r.tag_or_latest());
                let head = format!("Head \"https://{registry}/v2/{path}/manifests/{tag}\"");
                let why =
                    format!("failed to do request: {head}: dial tcp 127.0.0.1:{port}: connect: connection refused");
                fail(Duration::from_millis(5), cannot(&why))
            }
            Err(Refusal::Denied) => fail(
                self.catalogue.answer_time(),
                cannot(
                    "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                ),
            ),
            Err(Refusal::Unknown) => {
                let why = cannot(&format!("{full}: not found"));
                fail(self.catalogue.answer_time(), format!("rpc error: code = NotFound desc = {why}"))
            }
        }
    }

    pub(super) fn image_for(&self, node: &Arc<str>, name: &str) -> Option<Arc<Image>> {
        let image = ImageRef::parse(name)?;
        self.stores.on(node, &image.full()).or_else(|| self.stores.find(self.catalogue, &image)).cloned()
    }

    /// What was pushed to a registry on the learner's own machine.
    pub fn pushed(&self, full: &str) -> Option<&Arc<Image>> {
        self.stores.pushed.get(full)
    }

    /// Whether the registry says of what it does not know that it might be private.
    fn is_secretive(&self, image: &ImageRef) -> bool {
        let docker_hub = self.catalogue.is_secretive() && image.registry == "docker.io";
        docker_hub && !self.stores.has_repository(self.catalogue, image)
    }

    pub fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }
}
