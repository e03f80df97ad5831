//! The definitions of a document: those that it needs, each as the server of that document knows it.
//! Real Kubernetes: kube-openapi/pkg/builder3/openapi.go buildDefinitionRecursively, apiserver/pkg/server/routes/openapi.go
//! filterScopedGVKs.

use std::collections::{BTreeMap, BTreeSet};

use super::META;
use super::json::{Members, list};
use super::options::Library;
use crate::api::definitions;

const REF: &str = "\"#/components/schemas/";
const KINDS: &str = "\"x-kubernetes-group-version-kind\":[";
/// The kinds that every group has: a document names the groups that matter to it.
const IN_EVERY_GROUP: [&str; 2] = ["DeleteOptions", "WatchEvent"];

/// In which groups and versions a document knows the kinds that all groups have.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// In the first group, and in the one that the document is about.
    Here {
        group: &'a str,
        version: &'a str,
    },
    All(Library),
}

/// Where definitions come from: the published ones, and those of custom kinds.
pub struct Schemas<'a> {
    pub custom: BTreeMap<String, String>,
    pub known: Known<'a>,
}

impl Schemas<'_> {
    /// Definitions by their names, with all that they refer to, in turn.
    pub fn closure(&self, names: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut wanted: BTreeSet<String> = names.into_iter().collect();
        while let Some(name) = wanted.pop_first() {
            let Some(json) = self.definition(&name).filter(|_| !found.contains_key(&name)) else { continue };
            wanted.extend(references(&json).map(String::from));
            found.insert(name, json);
        }
        found
    }

    fn definition(&self, name: &str) -> Option<String> {
        if let Some(json) = self.custom.get(name) {
            return Some(json.clone());
        }
        let json = *definitions::all().get(name)?;
        let shared = name.strip_prefix(META).filter(|kind| IN_EVERY_GROUP.contains(kind));
        Some(shared.map_or_else(|| json.to_string(), |kind| self.in_groups(json, kind)))
    }

    /// The definition of a kind that every group has, with the groups that count here.
    fn in_groups(&self, json: &str, kind: &str) -> String {
        let versions = match self.known {
            Known::All(library) => library.versions(),
            Known::Here { group, version } => {
                BTreeSet::from([("", "v1"), (group, version)]).into_iter().map(|(g, v)| (g.into(), v.into())).collect()
            }
        };
        let kinds = versions.iter().map(|(group, version)| {
            Members::new().text("group", group).text("kind", kind).text("version", version).end()
        });
        let Some((before, rest)) = json.split_once(KINDS) else { return json.into() };
        let after = rest.split_once(']').map_or("", |(_, after)| after);
        format!("{before}{}{}{after}", &KINDS[..KINDS.len() - 1], list(kinds))
    }
}

/// The names of the definitions that a schema refers to.
fn references(json: &str) -> impl Iterator<Item = &str> {
    json.split(REF).skip(1).filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_bring_what_they_refer_to() {
        let schemas = Schemas { custom: BTreeMap::new(), known: Known::Here { group: "apps", version: "v1" } };
        let found = schemas.closure([format!("{META}DeleteOptions"), "io.k8s.api.apps.v1.Deployment".into()]);
        assert!(found.contains_key("io.k8s.api.core.v1.Container") && found.contains_key(&format!("{META}ObjectMeta")));
        assert!(found[&format!("{META}DeleteOptions")].ends_with(
            r#""x-kubernetes-group-version-kind":[{"group":"","kind":"DeleteOptions","version":"v1"},{"group":"apps","kind":"DeleteOptions","version":"v1"}]}"#
        ));
    }
}
