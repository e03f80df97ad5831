//! Discovery: what the server serves, in both of its forms, and which version it is.
//! Real Kubernetes: apiserver/pkg/endpoints/discovery, kube-aggregator/pkg/apiserver, pkg/version.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::KindRef;
use crate::api::version::priority;

pub const GIT_VERSION: &str = "v1.36.3";
/// Where clients find the server, as discovery tells it.
const ADDRESS: &str = "198.18.0.2:6443";

/// The groups in the order of their priority, as the aggregator has it. Groups of custom resources stand before the
/// last one, which an add-on serves.
const GROUPS: [&str; 20] = [
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];
/// The group that metrics-server serves.
const METRICS: &str = "metrics.k8s.io";

pub fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": GIT_VERSION, "gitCommit": "unknown", "gitTreeState": "clean", "buildDate": "2026-07-01T00:00:00Z",
        "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64",
    })
}

/// What is served: every version of every kind.
pub struct Served(pub Vec<KindRef>);

impl Served {
    /// The answer to a path of discovery, if it is one. `aggregated`: the client asks for everything at once.
    pub fn answer(&self, path: &str, aggregated: bool) -> Option<Value> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["api"] if aggregated => Some(self.aggregated(&[""])),
            ["apis"] if aggregated => Some(self.aggregated(&self.groups())),
            ["api"] => Some(json!({
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ADDRESS}],
            })),
            ["apis"] => {
                let groups: Vec<Value> = self.groups().into_iter().map(|g| self.group(g)).collect();
                Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
            }
            ["apis", group] if self.groups().contains(group) => {
                let mut g = self.group(group);
                g["kind"] = "APIGroup".into();
                g["apiVersion"] = "v1".into();
                Some(g)
            }
            ["api", version] => self.resources("", version),
            ["apis", group, version] => self.resources(group, version),
            _ => None,
        }
    }

    /// The groups, the core group aside.
    fn groups(&self) -> Vec<&'static str> {
        let mut custom: Vec<&'static str> = self.0.iter().map(|k| k.group()).collect();
        custom.retain(|g| !g.is_empty() && !GROUPS.contains(g) && *g != METRICS);
        custom.sort_unstable();
        custom.dedup();
        GROUPS.into_iter().chain(custom).chain([METRICS]).collect()
    }

    /// The versions of a group, the preferred one first.
    fn versions(&self, group: &str) -> Vec<&'static str> {
        let mut versions: Vec<&'static str> =
            self.0.iter().filter(|k| k.group() == group).map(|k| k.version()).collect();
        versions.sort_by_key(|v| priority(v));
        versions.dedup();
        versions
    }

    fn group(&self, group: &str) -> Value {
        let versions: Vec<Value> = self
            .versions(group)
            .into_iter()
            .map(|v| json!({"groupVersion": format!("{group}/{v}"), "version": v}))
            .collect();
        json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
    }

    /// The kinds of a group and version in the order of their names.
    fn kinds(&self, group: &str, version: &str) -> Vec<KindRef> {
        let mut kinds: Vec<KindRef> =
            self.0.iter().copied().filter(|k| k.group() == group && k.version() == version).collect();
        kinds.sort_by_key(|k| k.plural());
        kinds
    }

    /// The resources of one group and version.
    fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let kinds = self.kinds(group, version);
        if kinds.is_empty() {
            return None;
        }
        let list: Vec<Value> = kinds.into_iter().flat_map(resource).collect();
        let group_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
        let mut v = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": list});
        // The oldest list of all names no version of its own.
        if !group.is_empty() {
            v["apiVersion"] = "v1".into();
        }
        Some(v)
    }

    fn aggregated(&self, groups: &[&str]) -> Value {
        let items: Vec<Value> = groups
            .iter()
            .map(|group| {
                let versions: Vec<Value> = self
                    .versions(group)
                    .into_iter()
                    .map(|v| {
                        let resources: Vec<Value> = self.kinds(group, v).into_iter().map(described).collect();
                        json!({"version": v, "resources": resources, "freshness": "Current"})
                    })
                    .collect();
                let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
                json!({"metadata": metadata, "versions": versions})
            })
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
    }
}

/// An entry for a kind and one for each of its subresources.
fn resource(k: KindRef) -> Vec<Value> {
    let mut main = json!({"name": k.plural(), "singularName": k.singular(), "namespaced": k.namespaced(), "kind": k.name(), "verbs": k.verbs()});
    if !k.short_names().is_empty() {
        main["shortNames"] = json!(k.short_names());
    }
    if !k.categories().is_empty() {
        main["categories"] = json!(k.categories());
    }
    if k.verbs().contains(&"delete") {
        main["storageVersionHash"] = storage_version_hash(if k.custom().is_some() { k } else { k.stored() }).into();
    }
    let mut all = vec![main];
    for s in subresources(k) {
        let (kind, of) = s.kind_of(k);
        let mut entry = json!({"name": format!("{}/{}", k.plural(), s.name()), "singularName": "", "namespaced": k.namespaced(), "kind": kind, "verbs": s.verbs()});
        if let Some((group, version)) = of {
            entry["group"] = group.into();
            entry["version"] = version.into();
        }
        all.push(entry);
    }
    all
}

/// The same in the aggregated form. A kind of the resource's own group and version is told without them.
fn described(k: KindRef) -> Value {
    let response = |kind: String, of: Option<(&str, &str)>| {
        let (group, version) = of.unwrap_or(("", ""));
        json!({"group": group, "version": version, "kind": kind})
    };
    let scope = if k.namespaced() { "Namespaced" } else { "Cluster" };
    let mut v = json!({
        "resource": k.plural(), "responseKind": response(k.name().into(), None), "scope": scope,
        "singularResource": k.singular(), "verbs": k.verbs(),
    });
    if !k.short_names().is_empty() {
        v["shortNames"] = json!(k.short_names());
    }
    if !k.categories().is_empty() {
        v["categories"] = json!(k.categories());
    }
    let subs: Vec<Value> = subresources(k)
        .map(|s| {
            let (kind, of) = s.kind_of(k);
            json!({"subresource": s.name(), "responseKind": response(kind, of), "verbs": s.verbs()})
        })
        .collect();
    if !subs.is_empty() {
        v["subresources"] = subs.into();
    }
    v
}

fn subresources(k: KindRef) -> impl Iterator<Item = crate::api::kind::Subresource> {
    let mut all = k.subresources().to_vec();
    if k.custom().is_none() {
        all.sort_by_key(|s| s.name());
    }
    all.into_iter()
}

/// Tells clients whether two servers store a kind in the same way.
/// Real Kubernetes: apiserver/pkg/endpoints/discovery/storageversionhash.go.
fn storage_version_hash(k: KindRef) -> String {
    let sum = Sha256::digest(format!("{}/{}/{}", k.group(), k.storage_version(), k.name()));
    STANDARD.encode(&sum[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(file: &str) -> Value {
        let path = format!("{}/tests/reference/discovery/{file}", env!("CARGO_MANIFEST_DIR"));
        #[allow(clippy::disallowed_methods, reason = "a test reads what a real server said")]
        let text = std::fs::read_to_string(path).expect("a recorded document");
        serde_json::from_str(&text).expect("JSON")
    }

    fn served() -> Served {
        Served(KindRef::built_in().collect())
    }

    fn list<'a>(v: &'a Value, of: &str) -> &'a [Value] {
        v[of].as_array().map_or(&[], Vec::as_slice)
    }

    /// Compares one entry after the other first, so that a failure is short enough to be read.
    fn same(got: &Value, want: &Value, entries: &str) {
        list(got, entries).iter().zip(list(want, entries)).for_each(|(got, want)| assert_eq!(got, want));
        assert_eq!(got, want);
    }

    #[test]
    fn discovery_is_what_a_real_server_says() {
        for (path, file) in [("/api", "api.json"), ("/apis", "apis.json"), ("/api/v1", "api_v1.json")] {
            same(&served().answer(path, false).expect("an answer"), &recorded(file), "resources");
        }
        for (group_version, want) in recorded("apis_by_groupversion.json").as_object().expect("a map") {
            let got = served().answer(&format!("/apis/{group_version}"), false).expect("an answer");
            same(&got, want, "resources");
        }
        assert_eq!(version(), recorded("version.json"));
    }

    #[test]
    fn aggregated_discovery_is_what_a_real_server_says() {
        for (path, file) in [("/api", "api.aggregated.json"), ("/apis", "apis.aggregated.json")] {
            let (got, want) = (served().answer(path, true).expect("an answer"), recorded(file));
            for (got, want) in list(&got, "items").iter().zip(list(&want, "items")) {
                for (got, want) in list(got, "versions").iter().zip(list(want, "versions")) {
                    same(got, want, "resources");
                }
            }
            same(&got, &want, "items");
        }
    }

    #[test]
    fn versions_are_preferred_as_kubernetes_prefers_them() {
        let mut versions =
            ["v1alpha1", "foo10", "v2", "v10beta3", "v1", "v10", "v3beta1", "v11alpha2", "foo1", "v12alpha1"];
        versions.sort_by_key(|v| priority(v));
        assert_eq!(
            versions,
            ["v10", "v2", "v1", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "v1alpha1", "foo1", "foo10"]
        );
    }
}
