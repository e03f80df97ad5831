//! Names that were changed are changed where other resources name them.
//! Real Kubernetes: kustomize api/internal/accumulator/namereferencetransformer.go, api/filters/nameref.

use serde_json::Value;

use super::config::BackReferences;
use super::fields::{Create, Done, one};
use super::file::FieldSpec;
use super::ids::{Gvk, ResId};
use super::resource::{Resource, text};
use super::set::Resources;
use crate::api::yaml;

/// # Errors
/// A name may mean several resources, or what names one has another shape.
pub fn fix(all: &mut Resources, references: &[BackReferences]) -> Done {
    // Names of resources do not change any more, only what names them.
    let before = all.0.clone();
    for (r, referrer) in all.0.iter_mut().zip(&before) {
        let original = referrer.original_id().gvk;
        let candidates = candidates(&before, referrer);
        for reference in references {
            for spec in reference.field_specs.iter().filter(|s| original.is_selected_by(&s.gvk)) {
                fix_one(r, &Reference { referrer, spec, to: &reference.gvk, candidates: &candidates })?;
            }
        }
    }
    Ok(())
}

/// Those that a resource can name: of its namespace, of none, and of those of its subjects.
fn candidates<'a>(all: &'a [Resource], referrer: &Resource) -> Vec<&'a Resource> {
    let id = referrer.id();
    if id.cluster_scoped {
        return all.iter().collect();
    }
    let subjects = referrer.node["subjects"].as_array().filter(|_| id.gvk.kind == "RoleBinding");
    let elsewhere: Vec<String> = subjects
        .into_iter()
        .flatten()
        .filter(|s| s["kind"] == "ServiceAccount" && !s["namespace"].is_null())
        .map(|s| text(&s["namespace"]))
        .collect();
    let reachable = |r: &&Resource| {
        let other = r.id();
        other.cluster_scoped || other.in_same_namespace(&id) || elsewhere.contains(&r.namespace())
    };
    all.iter().filter(reachable).collect()
}

/// One field that names resources of a kind.
struct Reference<'a> {
    referrer: &'a Resource,
    spec: &'a FieldSpec,
    to: &'a Gvk,
    candidates: &'a [&'a Resource],
}

fn fix_one(resource: &mut Resource, reference: &Reference<'_>) -> Done {
    // The kind it was of first has been looked at; it may be of another now.
    let anywhere = FieldSpec { gvk: resource.gvk(), ..reference.spec.clone() };
    let path = &anywhere.path;
    one(resource, &anywhere, Create::Nothing, &mut |node| reference.set(node))
        .map_err(|why| format!("updating name reference in '{path}' field of '{}': {why}", reference.referrer.id()))
}

impl Reference<'_> {
    fn set(&self, node: &mut Value) -> Done {
        match node {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().filter(|i| !i.is_null()).try_for_each(|item| match item {
                Value::Object(_) => self.set_mapping(item),
                Value::Array(_) => Err("is expected to be either a string or a map of string".into()),
                scalar => self.set_scalar(scalar),
            }),
            Value::Object(_) => self.set_mapping(node),
            scalar => self.set_scalar(scalar),
        }
    }

    fn set_scalar(&self, node: &mut Value) -> Done {
        let same = |r: &Resource, other: &Resource| r.name() == other.name();
        if let Some(found) = self.referral(&text(node), self.candidates.to_vec(), same)? {
            *node = found.name().into();
        }
        Ok(())
    }

    fn set_mapping(&self, node: &mut Value) -> Done {
        let Some(name) = node.get("name").map(text) else {
            return Err("path config error; no 'name' field in node".into());
        };
        let candidates = match node.get("namespace").map(text) {
            None => self.candidates.to_vec(),
            Some(namespace) => self.within(&namespace),
        };
        let same = |r: &Resource, other: &Resource| r.name() == other.name() && r.namespace() == other.namespace();
        let (Some(found), Some(map)) = (self.referral(&name, candidates, same)?, node.as_object_mut()) else {
            return Ok(());
        };
        map.insert("name".into(), found.name().into());
        if !found.namespace().is_empty() {
            map.insert("namespace".into(), found.namespace().into());
        }
        Ok(())
    }

    /// Those that were in a namespace, or else those that are in it now.
    fn within(&self, namespace: &str) -> Vec<&Resource> {
        let those = |called: fn(&Resource) -> ResId| {
            let here = |r: &&&Resource| called(r).effective_namespace() == namespace;
            self.candidates.iter().filter(here).copied().collect::<Vec<_>>()
        };
        let then = those(Resource::original_id);
        if then.is_empty() { those(Resource::id) } else { then }
    }

    /// The one that a name means.
    fn referral<'c>(
        &self,
        name: &str,
        mut found: Vec<&'c Resource>,
        same: fn(&Resource, &Resource) -> bool,
    ) -> Result<Option<&'c Resource>, String> {
        let own = self.referrer.id();
        let role = self.role();
        let is_meant = |r: &&Resource| {
            let former = r.former_ids();
            let near = || {
                let id = r.id();
                own.cluster_scoped || id.cluster_scoped || r.kind() == "ServiceAccount" || own.in_same_namespace(&id)
            };
            former.iter().any(|id| id.name == name)
                && former.iter().any(|id| id.gvk.is_selected_by(self.to))
                && role.as_ref().is_none_or(|role| former.iter().any(|id| id.gvk.is_selected_by(role)))
                && near()
        };
        found.retain(is_meant);
        if let [one] = found.as_slice() {
            return Ok(Some(*one));
        }
        found.retain(|r| r.has_affixes_of(self.referrer, true));
        if found.len() > 1 {
            found.retain(|r| r.has_affixes_of(self.referrer, false));
        }
        match found.as_slice() {
            [] => Ok(None),
            [first, rest @ ..] if rest.iter().all(|r| same(first, r)) => Ok(Some(*first)),
            many => Err(self.ambiguous(many)),
        }
    }

    /// The kind of role that a binding is of.
    fn role(&self) -> Option<Gvk> {
        let role = self.referrer.node.get("roleRef").filter(|_| self.spec.path.ends_with("roleRef/name"))?;
        let (group, kind) = (role.get("apiGroup")?, role.get("kind")?);
        Some(Gvk { group: text(group), version: String::new(), kind: text(kind) })
    }

    fn ambiguous(&self, found: &[&Resource]) -> String {
        let ids: Vec<String> = found.iter().map(|r| r.id().to_string()).collect();
        let shown: String = found
            .iter()
            .enumerate()
            .map(|(i, r)| format!("--- possible referral {i}:\n{}\n", yaml::print(&r.node)))
            .collect();
        format!(
            "found multiple possible referrals: {}\n\n**** Too many possible referral targets to referrer:\n{}\n{shown}",
            ids.join(", "),
            yaml::print(&self.referrer.node)
        )
    }
}
