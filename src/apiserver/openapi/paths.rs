//! Routes sorted by their paths: what all methods of a path take is told once, for the path.
//! Real Kubernetes: kube-openapi/pkg/builder findCommonParameters.

use std::collections::BTreeMap;

use super::route::{Parameter, Place, Route};

/// A path with its methods, in the order of documents.
pub struct PathItem {
    pub routes: Vec<Route>,
    /// What every method takes; the methods' own parameters are without these.
    pub common: Vec<Parameter>,
}

/// Sorts routes by path.
pub fn by_path(routes: Vec<Route>) -> BTreeMap<String, PathItem> {
    let mut all: BTreeMap<String, Vec<Route>> = BTreeMap::new();
    for route in routes {
        all.entry(route.path.clone()).or_default().push(route);
    }
    all.into_iter().map(|(path, routes)| (path, item(routes))).collect()
}

fn item(mut routes: Vec<Route>) -> PathItem {
    routes.sort_by_key(|r| r.method);
    let everywhere = |p: &Parameter| routes.iter().all(|r| r.parameters.iter().any(|other| key(other) == key(p)));
    let first = routes.first().map(|r| r.parameters.as_slice()).unwrap_or_default();
    let mut common: Vec<Parameter> = first.iter().filter(|p| everywhere(p)).cloned().collect();
    common.sort_by(|a, b| key(a).cmp(&key(b)));
    for route in &mut routes {
        route.parameters.retain(|p| !common.iter().any(|c| key(c) == key(p)));
        route.parameters.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    PathItem { routes, common }
}

/// By what parameters are told apart and put in order.
fn key(p: &Parameter) -> (&str, Place) {
    (&p.name, p.place)
}
