//! Where images lie: on each node those that it has pulled or was given, in registries those that people have pushed. What nobody
//! pushed is in the catalogue, or nowhere.

use std::sync::Arc;

use super::catalogue::{Catalogue, Image};
use super::simulated::Simulated;
use crate::api::image::ImageRef;

/// The machine that Docker runs on has a store of its own, whatever node it may be beside.
pub const DOCKER: &str = "docker";

#[derive(Clone, Default)]
pub struct Stores {
    /// By machine and full name.
    of_machines: imbl::OrdMap<(Arc<str>, String), Arc<Image>>,
    /// By full name.
    pushed: imbl::OrdMap<String, Arc<Image>>,
}

impl Stores {
    pub fn on(&self, machine: &Arc<str>, full: &str) -> Option<&Arc<Image>> {
        self.of_machines.get(&(machine.clone(), full.to_string()))
    }

    pub fn put(&mut self, machine: &Arc<str>, full: &str, image: Arc<Image>) {
        self.of_machines.insert((machine.clone(), full.to_string()), image);
    }

    pub fn remove(&mut self, machine: &Arc<str>, full: &str) -> bool {
        self.of_machines.remove(&(machine.clone(), full.to_string())).is_some()
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

impl Simulated {
    /// What a registry says to somebody who asks for an image.
    pub fn in_registry(&self, image: &ImageRef) -> Option<Arc<Image>> {
        self.stores.find(self.catalogue, image).cloned()
    }

    pub fn has_repository(&self, image: &ImageRef) -> bool {
        self.stores.has_repository(self.catalogue, image)
    }

    /// Whether the registry says of what it does not know that it might be private.
    pub fn is_secretive(&self, image: &ImageRef) -> bool {
        self.catalogue.is_secretive() && image.registry == "docker.io" && !self.has_repository(image)
    }

    pub fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }
}
