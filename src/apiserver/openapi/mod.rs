//! OpenAPI: what the server serves, told for programs. Clients find there which paths there are and what objects look like.
//!
//! Everything is derived: [`actions`] has the words of what may be done, [`install`] makes the routes of a kind from the record that discovery reads too, [`custom`] those of a kind
//! that a definition made, [`roots`] those of the server itself; [`v3`] and [`v2`] write them down, with the published definitions
//! that they need ([`schemas`]). A document is text in the order in which Go writes it, so that its hash, by which clients know
//! whether they have read it before, is the hash that a real server gives it. Documents are made when somebody asks; the hashes of
//! those that never change are remembered.
//!
//! Deliberately absent: the protobuf form, as nothing here is on a wire.
//!
//! In Kubernetes: apiserver/pkg/endpoints/openapi, kube-openapi, kube-aggregator/pkg/controllers/openapi,
//! apiextensions-apiserver/pkg/controller/openapi.

mod actions;
mod custom;
mod install;
mod json;
mod options;
mod paths;
mod roots;
mod route;
mod schema;
mod schemas;
mod v2;
mod v3;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha512};

use super::ApiServer;
use crate::api::KindRef;
use custom::Form;
use options::Library;
use route::Route;
use schema::Rules;
use schemas::{Known, Schemas};
use v3::Title;

/// With what the names of the definitions begin that all kinds share.
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const BUILT_IN: Title = Title { title: "Kubernetes", version: "1.36", secured: true };
const METRICS: Title = Title { title: "Kubernetes metrics-server", version: "v0.8.0", secured: false };
const CUSTOM: Title = Title { title: "Kubernetes CRD Swagger", version: "v0.1.0", secured: false };
/// The paths that have a document of their own beside those of groups and versions.
const OWN: [&str; 5] = [".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"];

/// Where a group and version are served: `/apis/apps/v1/`.
fn root_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}/") } else { format!("/apis/{group}/{version}/") }
}

/// The answer to a path, if it is one of a document.
pub fn answer(api: &ApiServer, path: &str) -> Option<Value> {
    let path = path.strip_prefix("/openapi/")?;
    let documents = Documents::of(api.kinds());
    match path {
        "v2" => Some(documents.v2().into()),
        "v3" => Some(documents.index().into()),
        _ => documents.v3(path.strip_prefix("v3/")?).map(Value::from),
    }
}

/// The documents of everything that is served.
struct Documents {
    kinds: Vec<KindRef>,
}

impl Documents {
    fn of(kinds: impl Iterator<Item = KindRef>) -> Documents {
        Documents { kinds: kinds.collect() }
    }

    /// The paths that have a document, in the order of the alphabet.
    fn paths(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = OWN.map(Into::into).into();
        for k in &self.kinds {
            all.insert(root_of(k.group(), k.version()).trim_matches('/').into());
            if k.custom().is_none() && !k.group().is_empty() {
                all.insert(format!("apis/{}", k.group()));
            }
        }
        all
    }

    /// The paths that have a document, each with the document's hash.
    fn index(&self) -> String {
        v3::index(self.paths().into_iter().filter_map(|p| Some((self.hash_of(&p)?, p))))
    }

    /// The hash of a document. Those of built-in kinds are the same for ever.
    fn hash_of(&self, path: &str) -> Option<String> {
        static BUILT_IN: OnceLock<BTreeMap<String, String>> = OnceLock::new();
        let known = BUILT_IN.get_or_init(|| {
            let all = Documents::of(KindRef::built_in());
            all.paths().into_iter().filter_map(|p| Some((p.clone(), hash(&all.v3(&p)?)))).collect()
        });
        known.get(path).cloned().or_else(|| Some(hash(&self.v3(path)?)))
    }

    /// The document of a path such as `apis/apps/v1`.
    fn v3(&self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["api", version] => self.version("", version),
            ["apis", group, version] => self.version(group, version),
            _ => {
                let schemas = Schemas { custom: BTreeMap::new(), known: Known::All(Library::Server) };
                let route = self.own(path)?;
                let title = if route.guarded { &BUILT_IN } else { &METRICS };
                Some(v3::document(vec![route], title, &schemas))
            }
        }
    }

    /// The route of what is no group's version.
    fn own(&self, path: &str) -> Option<Route> {
        match path {
            "api" => Some(roots::core()),
            "apis" => Some(roots::groups()),
            "version" => Some(roots::version()),
            ".well-known/openid-configuration" => Some(roots::issuer()),
            "openid/v1/jwks" => Some(roots::keys()),
            _ => {
                let group = path.strip_prefix("apis/")?;
                let built_in = |k: &&KindRef| k.group() == group && k.custom().is_none();
                let kind = self.kinds.iter().find(built_in)?;
                Some(Route { guarded: !kind.is_aggregated(), ..roots::group(group) })
            }
        }
    }

    /// The document of a group and version.
    fn version(&self, group: &str, version: &str) -> Option<String> {
        let kinds = self.kinds.iter().copied().filter(|k| k.group() == group && k.version() == version);
        let kinds: Vec<KindRef> = kinds.collect();
        if kinds.first()?.custom().is_some() {
            let schemas = Schemas { custom: custom(&kinds, Form::V3), known: Known::All(Library::Clients) };
            return Some(v3::document(kinds.into_iter().flat_map(custom::routes).collect(), &CUSTOM, &schemas));
        }
        let schemas = Schemas { custom: BTreeMap::new(), known: Known::Here { group, version } };
        let title = if kinds.first()?.is_aggregated() { &METRICS } else { &BUILT_IN };
        Some(v3::document(built_in(group, version, kinds), title, &schemas))
    }

    /// The document of everything.
    fn v2(&self) -> String {
        let mut routes: Vec<Route> = self.paths().iter().filter_map(|p| self.own(p)).collect();
        let mut versions: BTreeMap<(&str, &str), Vec<KindRef>> = BTreeMap::new();
        for kind in self.kinds.iter().filter(|k| k.custom().is_none()) {
            versions.entry((kind.group(), kind.version())).or_default().push(*kind);
        }
        routes.extend(versions.into_iter().flat_map(|((group, version), kinds)| built_in(group, version, kinds)));
        let made: Vec<KindRef> = self.kinds.iter().copied().filter(|k| k.custom().is_some()).collect();
        routes.extend(made.iter().copied().flat_map(custom::routes));
        let schemas = Schemas { custom: custom(&made, Form::V2), known: Known::All(Library::Server) };
        v2::document(routes, &BUILT_IN, &schemas)
    }
}

/// The routes of a group and version.
fn built_in(group: &str, version: &str, kinds: Vec<KindRef>) -> Vec<Route> {
    let own = roots::resources(&root_of(group, version));
    // What an add-on serves is told as it tells it.
    let guarded = !kinds.iter().any(|k| k.is_aggregated());
    let routes = std::iter::once(own).chain(kinds.into_iter().flat_map(install::routes));
    routes.map(|r| Route { guarded, ..r }).collect()
}

/// The definitions of custom kinds.
fn custom(kinds: &[KindRef], form: Form) -> BTreeMap<String, String> {
    let all = kinds.iter().flat_map(|k| custom::definitions_of(*k, form));
    all.map(|(name, s)| (name, schema::text(&s, Rules::AsDeclared))).collect()
}

/// By which clients know a document.
fn hash(document: &str) -> String {
    Sha512::digest(document).iter().map(|b| format!("{b:02X}")).collect()
}
