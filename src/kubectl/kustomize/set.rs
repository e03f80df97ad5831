//! The resources of a build so far, each called differently.
//! Real Kubernetes: kustomize api/resmap/reswrangler.go.

use std::collections::BTreeMap;

use super::file::Selector;
use super::ids::ResId;
use super::resource::{Behavior, Resource};
use crate::api::go_regexp::Pattern;
use crate::api::selector;

#[derive(Clone, Debug, Default)]
pub struct Resources(pub Vec<Resource>);

impl Resources {
    /// # Errors
    /// One of that name is there already.
    pub fn append(&mut self, resource: Resource) -> Result<(), String> {
        let id = resource.id();
        if self.0.iter().any(|r| r.id().is_same(&id)) {
            return Err(format!("may not add resource with an already registered id: {id}"));
        }
        self.0.push(resource);
        Ok(())
    }

    /// # Errors
    /// As [`Resources::append`].
    pub fn append_all(&mut self, more: impl IntoIterator<Item = Resource>) -> Result<(), String> {
        more.into_iter().try_for_each(|r| self.append(r))
    }

    pub fn drop_empties(&mut self) {
        self.0.retain(|r| !r.is_empty());
    }

    /// The places of those that are or were called so.
    pub fn with_any_id(&self, fits: impl Fn(&ResId) -> bool) -> Vec<usize> {
        let called = |r: &Resource| !r.is_empty() && r.ids().iter().any(&fits);
        (0..self.0.len()).filter(|i| called(&self.0[*i])).collect()
    }

    /// The one that a patch without a target is for.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn by_id(&self, id: &ResId) -> Result<usize, String> {
        let found = self.with_any_id(|other| id.is_same(other));
        match found.as_slice() {
            [one] => Ok(*one),
            other => {
                let how = if other.is_empty() { "no" } else { "multiple" };
                Err(format!("{how} matches for Id {id}; failed to find unique target for patch {id}"))
            }
        }
    }

    /// Adds what a generator made, as that says.
    ///
    /// # Errors
    /// It contradicts what is there.
    pub fn absorb(&mut self, mut made: Resource) -> Result<(), String> {
        let id = made.id();
        let behavior = made.past.behavior;
        let found = self.with_any_id(|other| id.is_same(other));
        match (found.as_slice(), behavior) {
            ([], Behavior::Merge | Behavior::Replace) => {
                Err(format!("id {} does not exist; cannot merge or replace", id.syntax()))
            }
            ([], _) => self.append(made),
            ([at], Behavior::Merge | Behavior::Replace) => {
                let old = &self.0[*at];
                made.take_metadata_of(old);
                if behavior == Behavior::Merge {
                    made.merge_data_of(old, "data");
                    made.merge_data_of(old, "binaryData");
                }
                self.0[*at] = made;
                Ok(())
            }
            ([_], _) => Err(format!(
                "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                id.syntax(),
                behavior.name()
            )),
            (many, _) => {
                let shown: Vec<String> = many.iter().map(|i| self.0[*i].shown()).collect();
                Err(format!("found multiple objects [{}] that could accept merge of {id}", shown.join(" ")))
            }
        }
    }

    /// The places of those that a target chooses.
    ///
    /// # Errors
    /// An expression or a selector cannot be read.
    pub fn select(&self, target: &Selector) -> Result<Vec<usize>, String> {
        let expressions = Expressions::of(target)?;
        let mut out = vec![];
        for (i, r) in self.0.iter().enumerate() {
            let (now, then) = (r.id(), r.original_id());
            let named = (expressions.has_namespace(then.effective_namespace())
                || expressions.has_namespace(now.effective_namespace()))
                && (expressions.has_name(&then.name) || expressions.has_name(&now.name))
                && expressions.has_kind(&now);
            if named && is_marked(r, target)? {
                out.push(i);
            }
        }
        Ok(out)
    }
}

/// Whether the labels and annotations of a resource are those that a target asks for.
///
/// # Errors
/// A selector cannot be read.
pub fn is_marked(r: &Resource, target: &Selector) -> Result<bool, String> {
    let fits = |text: &str, marks: BTreeMap<String, String>| {
        Ok::<bool, String>(selector::Selector::parse(text)?.matches(Some(&marks)))
    };
    Ok(fits(&target.label_selector, r.labels())? && fits(&target.annotation_selector, r.annotations())?)
}

/// The parts of a target, each an expression for the whole text; none fits all.
/// Real Kubernetes: kustomize api/types/selector.go.
pub struct Expressions {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
}

impl Expressions {
    /// # Errors
    /// What Go says of an expression that it cannot read.
    pub fn of(target: &Selector) -> Result<Expressions, String> {
        let read = |text: &str| {
            let pattern = (!text.is_empty()).then(|| Pattern::new(&format!("^(?:{text})$")));
            match pattern.as_ref().and_then(Pattern::refusal) {
                Some(why) => Err(why.to_string()),
                None => Ok(pattern),
            }
        };
        let id = &target.id;
        Ok(Expressions {
            group: read(&id.gvk.group)?,
            version: read(&id.gvk.version)?,
            kind: read(&id.gvk.kind)?,
            name: read(&id.name)?,
            namespace: read(&id.namespace)?,
        })
    }

    pub fn has_kind(&self, id: &ResId) -> bool {
        fits(&self.group, &id.gvk.group) && fits(&self.version, &id.gvk.version) && fits(&self.kind, &id.gvk.kind)
    }

    pub fn has_name(&self, name: &str) -> bool {
        fits(&self.name, name)
    }

    pub fn has_namespace(&self, namespace: &str) -> bool {
        fits(&self.namespace, namespace)
    }
}

fn fits(pattern: &Option<Pattern>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|p| p.matches(text))
}
