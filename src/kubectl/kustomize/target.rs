//! One kustomization: what it gathers, makes and changes, in that order; bases and components are such ones, too.
//! Real Kubernetes: kustomize api/internal/target/kusttarget.go.

use std::collections::BTreeMap;

use super::config::Config;
use super::file::{Kustomization, Var};
use super::generators::{generate, hash};
use super::loader::Root;
use super::reading::resources;
use super::set::Resources;
use super::transformers::{self, Affix};
use super::{namespace, patches, references, replacements, variables};

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

pub struct Target<'a> {
    root: Root<'a>,
    pub file: Kustomization,
}

/// What has been gathered so far.
#[derive(Default)]
pub struct Gathered {
    pub all: Resources,
    config: Config,
    vars: BTreeMap<String, Var>,
}

impl Gathered {
    fn take(&mut self, other: Gathered) -> Result<(), String> {
        self.all.append_all(other.all.0)?;
        self.config.merge(&other.config)?;
        other.vars.into_values().try_for_each(|var| variables::add(&mut self.vars, var))
    }

    /// Gives what was generated its last name, and lets everything else know of names that changed.
    ///
    /// # Errors
    /// A name may mean several resources.
    pub fn finish(&mut self, log: &mut Vec<String>) -> Result<(), String> {
        for r in self.all.0.iter_mut().filter(|r| r.past.hashed) {
            let name = format!("{}-{}", r.name(), hash(&r.node));
            r.remember_id();
            r.set_metadata("name", name.into());
        }
        references::fix(&mut self.all, &self.config.name_reference)?;
        variables::resolve(&mut self.all, &self.vars, &self.config.var_reference, log)?;
        let is_local = |text: Option<&String>| text.is_some_and(|t| t != "false");
        self.all.0.retain(|r| !is_local(r.annotations().get("config.kubernetes.io/local-config")));
        Ok(())
    }
}

impl<'a> Target<'a> {
    /// Reads the file of a directory.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn load(root: Root<'a>, warnings: &mut Vec<String>) -> Result<Target<'a>, String> {
        let found: Vec<String> = NAMES.iter().filter_map(|name| root.load(name).ok()).collect();
        match found.as_slice() {
            [] => Err(format!(
                "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                root.path
            )),
            [text] => {
                let file = Kustomization::read(text, &root.path, warnings)?;
                Ok(Target { root, file })
            }
            _ => Err(format!("Found multiple kustomization files under: {}\n", root.path)),
        }
    }

    /// Adds what this kustomization makes to what is there.
    ///
    /// # Errors
    /// What kustomize says of what is wrong with it.
    pub fn gather(&self, mut so_far: Gathered, warnings: &mut Vec<String>) -> Result<Gathered, String> {
        for path in &self.file.resources {
            so_far = self.resource(so_far, path, warnings).map_err(|why| format!("accumulating resources: {why}"))?;
        }
        let mut config = Config::of_kustomize().clone();
        for path in &self.file.configurations {
            config.merge(&Config::read(&self.root.load(path)?)?)?;
        }
        so_far.config.merge(&config).map_err(|why| format!("merging config: {why}"))?;
        self.generate(&mut so_far.all)?;
        for path in &self.file.components {
            so_far = self.component(so_far, path, warnings).map_err(|why| format!("accumulating components: {why}"))?;
        }
        self.transform(&mut so_far.all, &so_far.config)?;
        variables::declare(&mut so_far.all, &mut so_far.vars, &self.file.vars)
            .map_err(|why| format!("merging vars {}: {why}", variables::shown(&self.file.vars)))?;
        Ok(so_far)
    }

    /// A file, or else a directory.
    fn resource(&self, mut so_far: Gathered, path: &str, warnings: &mut Vec<String>) -> Result<Gathered, String> {
        let Err(no_file) = self.file(&mut so_far, path) else { return Ok(so_far) };
        let prefixed = |why: String| format!("accumulation err='{no_file}': {why}");
        match self.root.below(path) {
            Ok(root) => self.directory(so_far, root, false, warnings).map_err(prefixed),
            // It is a file then, and broken.
            Err(_) if no_file.contains("MalformedYAMLError") => Err(no_file),
            Err(why) => Err(prefixed(why)),
        }
    }

    fn file(&self, so_far: &mut Gathered, path: &str) -> Result<(), String> {
        let read = self.root.load(path).and_then(|text| {
            let mut read = Resources::default();
            read.append_all(resources(&text).map_err(|why| patches::malformed(why, path))?)?;
            Ok(read)
        });
        let read = read.map_err(|why| format!("accumulating resources from '{path}': {why}"))?;
        so_far.all.append_all(read.0).map_err(|why| format!("merging resources from '{path}': {why}"))
    }

    fn component(&self, so_far: Gathered, path: &str, warnings: &mut Vec<String>) -> Result<Gathered, String> {
        let root = self.root.below(path).map_err(|why| format!("loader.New {why:?}"))?;
        self.directory(so_far, root, true, warnings).map_err(|why| format!("accumulateDirectory: {why:?}"))
    }

    fn directory(
        &self,
        mut so_far: Gathered,
        root: Root<'a>,
        component: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Gathered, String> {
        let path = root.path.clone();
        let target =
            Target::load(root, warnings).map_err(|why| format!("couldn't make target for path '{path}': {why}"))?;
        let kind = &target.file.kind;
        match (component, target.file.is_component()) {
            (true, false) => return Err(format!("expected kind 'Component' for path '{path}' but got '{kind}'")),
            (false, true) => return Err(format!("expected kind != 'Component' for path '{path}'")),
            _ => {}
        }
        let recursed = |why: String| format!("recursed accumulation of path '{path}': {why}");
        if component {
            // It works on what is there already.
            return target.gather(so_far, warnings).map_err(recursed);
        }
        let own = target.gather(Gathered::default(), warnings).map_err(recursed)?;
        so_far.take(own).map_err(|why| format!("recursed merging from path '{path}': {why}"))?;
        Ok(so_far)
    }

    fn generate(&self, all: &mut Resources) -> Result<(), String> {
        let file = &self.file;
        let maps = file.config_map_generator.iter().map(|args| ("ConfigMap", args));
        let secrets = file.secret_generator.iter().map(|args| ("Secret", args));
        for (kind, args) in maps.chain(secrets) {
            let made = generate(kind, args, file.generator_options.as_ref(), &self.root)?;
            // Where the real one prints an address in memory, ours is that of nothing.
            all.absorb(made).map_err(|why| format!("merging from generator &{{0x0 <nil>}}: {why}"))?;
        }
        Ok(())
    }

    fn transform(&self, all: &mut Resources, config: &Config) -> Result<(), String> {
        let file = &self.file;
        // All is read before anything is done.
        let old_merges = patches::read_old_merges(file, &self.root)?;
        let merges = patches::read(file, &self.root)?;
        let labels: Vec<_> = file
            .labels
            .iter()
            .map(|label| Ok((&label.pairs, transformers::label_fields(label, config)?)))
            .collect::<Result<_, String>>()?;
        let old_operations = patches::read_old_operations(file, &self.root)?;
        let replacements = replacements::read(file, &self.root)?;

        old_merges.iter().try_for_each(|patch| patches::apply_old_merge(patch, all))?;
        all.drop_empties();
        for patch in &merges {
            patch.apply(all)?;
            all.drop_empties();
        }
        if !file.namespace.is_empty() {
            namespace::put_into(all, &file.namespace, &config.namespace)?;
        }
        transformers::affix(all, Affix::Prefix, &file.name_prefix, &config.name_prefix)?;
        transformers::affix(all, Affix::Suffix, &file.name_suffix, &config.name_suffix)?;
        for (pairs, specs) in &labels {
            transformers::mark(all, pairs, specs)?;
        }
        transformers::mark(all, &file.common_labels, &config.common_labels)?;
        transformers::mark(all, &file.common_annotations, &config.common_annotations)?;
        old_operations.iter().try_for_each(|patch| patch.apply_old(all))?;
        for replica in &file.replicas {
            transformers::scale(all, replica, &config.replicas)?;
        }
        for image in &file.images {
            transformers::set_image(all, image, &config.images)?;
        }
        replacements::apply(all, &replacements)
    }
}
