//! Discovery: what the server serves, and which version it is.
//! Real Kubernetes: apiserver/pkg/endpoints/discovery, pkg/version.

use serde_json::{Value, json};

use crate::api::KindRef;

pub const GIT_VERSION: &str = "v1.36.3";

pub fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
    })
}

fn verbs(kind: KindRef) -> Vec<&'static str> {
    let mut v = vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    if kind.name() == "Namespace" || kind.name() == "Service" && kind.group().is_empty() {
        v.retain(|x| kind.name() != "Namespace" || *x != "deletecollection");
    }
    v
}

/// The resources of one group and version.
pub fn resources(group: &str, version: &str) -> Option<Value> {
    let kinds: Vec<KindRef> = KindRef::all().filter(|k| k.group() == group && k.version() == version).collect();
    if kinds.is_empty() {
        return None;
    }
    let list: Vec<Value> = kinds
        .iter()
        .flat_map(|k| {
            let mut main = json!({"name": k.plural(), "singularName": k.singular(), "namespaced": k.namespaced(), "kind": k.name(), "verbs": verbs(*k)});
            if !k.short_names().is_empty() {
                main["shortNames"] = json!(k.short_names());
            }
            if !k.categories().is_empty() {
                main["categories"] = json!(k.categories());
            }
            let subs = k.subresources().iter().map(|s| {
                json!({"name": format!("{}/{}", k.plural(), s.name()), "singularName": "", "namespaced": k.namespaced(), "kind": k.name(), "verbs": ["get", "patch", "update"]})
            });
            std::iter::once(main).chain(subs.collect::<Vec<_>>())
        })
        .collect();
    let group_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list}))
}

/// The groups, the core group aside.
pub fn groups() -> Value {
    let mut seen: Vec<(&str, &str)> = vec![];
    for k in KindRef::all().filter(|k| !k.group().is_empty()) {
        if !seen.contains(&(k.group(), k.version())) {
            seen.push((k.group(), k.version()));
        }
    }
    let list: Vec<Value> = seen
        .iter()
        .map(|(g, v)| {
            let version = json!({"groupVersion": format!("{g}/{v}"), "version": v});
            json!({"name": g, "versions": [version], "preferredVersion": version})
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list})
}
