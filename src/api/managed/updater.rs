//! Who owns what after a write, and what an apply makes of an object. The managers' names, times and the stripping of
//! the metadata are [`super::write`]'s.
//!
//! Real Kubernetes: sigs.k8s.io/structured-merge-diff/merge/update.go.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::compare::Comparison;
use super::conflict::Conflicts;
use super::owners::{Manager, Owned, Owners};
use super::reconcile::reconcile;
use super::set::FieldSet;
use super::typed::{Duplicates, Typed};
use super::values;
use super::versions::{Unconverted, Versions};

/// Why an apply came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    Conflicts(Conflicts),
    Failed(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal::Failed(why)
    }
}

pub(super) struct Updater<'k> {
    pub kind: &'k dyn Versions,
}

impl<'k> Updater<'k> {
    /// A value as an object of the kind in the version that it names. Nothing if the version has no type.
    pub fn typed<'v>(&self, value: Cow<'v, Value>, duplicates: Duplicates) -> Result<Typed<'v>, String>
    where
        'k: 'v,
    {
        let version = value["apiVersion"].as_str().unwrap_or("").to_string();
        let kind = self.kind;
        let schema = kind.schema(&version).ok_or_else(|| no_type(&value))?;
        Typed::new(value, schema, duplicates).map_err(|e| e.to_string())
    }

    /// The object in that version, and nothing done if it is so already.
    fn converted<'v>(&self, object: &'v Typed<'_>, version: &str) -> Result<Typed<'v>, Unconverted>
    where
        'k: 'v,
    {
        if version_of(object) == version {
            return Ok(Typed { value: Cow::Borrowed(&object.value), schema: object.schema });
        }
        let kind = self.kind;
        let value = kind.convert(&object.value, version)?;
        let schema = kind.schema(version).ok_or(Unconverted::Missing)?;
        Typed::new(Cow::Owned(value), schema, Duplicates::Refused).map_err(|e| Unconverted::Failed(e.to_string()))
    }

    /// Writes down that `manager` changed the object from one to the other: what it changed is its own now, and
    /// nobody else's.
    pub fn update(
        &self,
        live: &Typed<'_>,
        new: &Typed<'_>,
        owners: Owners,
        manager: &Manager,
    ) -> Result<Owners, String> {
        let version = version_of(new);
        let owners = self.reconciled(live, owners)?;
        let (mut owners, found) = match self.changed(live, new, owners, manager, true) {
            Ok(result) => result,
            Err(Refusal::Failed(why)) => return Err(why),
            Err(Refusal::Conflicts(_)) => return Err("conflicts of a forced write".into()),
        };
        let before = owners.0.remove(manager).map_or_else(FieldSet::default, |o| o.fields);
        let fields = before.difference(&found.removed).union(&found.modified).union(&found.added);
        let fields = self.kind.filter(version).keep(fields);
        if !fields.is_empty() {
            owners.0.insert(manager.clone(), Owned { fields, api_version: version.into(), time: None });
        }
        Ok(owners)
    }

    /// Merges a configuration into the object. `None` is an object that stays as it is.
    pub fn apply(
        &self,
        live: &Typed<'_>,
        config: &Typed<'_>,
        owners: Owners,
        manager: &Manager,
        force: bool,
    ) -> Result<(Option<Value>, Owners), Refusal> {
        let version = version_of(config);
        let mut owners = self.reconciled(live, owners)?;
        let merged = live.merge(config);
        let fields = self.kind.filter(version).keep(config.fields());
        let last = owners.0.get(manager).cloned();
        let time = last.as_ref().and_then(|o| o.time);
        owners.0.insert(manager.clone(), Owned { fields, api_version: version.into(), time });
        let new = match last.filter(|o| !o.fields.is_empty()) {
            None => merged,
            Some(last) => {
                let pruned = self.pruned(&merged, &owners, version, &last);
                pruned.map_err(|why| format!("failed to prune fields: {why}"))?
            }
        };
        let (owners, _) = self.changed(live, &new, owners, manager, force)?;
        let changed = !values::equal(&live.value, &new.value);
        Ok((changed.then(|| new.value.into_owned()), owners))
    }

    /// Takes what was changed from the others who own it. Unless it is forced, an owner whose field would change is a
    /// conflict.
    fn changed(
        &self,
        old: &Typed<'_>,
        new: &Typed<'_>,
        mut owners: Owners,
        manager: &Manager,
        force: bool,
    ) -> Result<(Owners, Comparison), Refusal> {
        let own_version = version_of(new).to_string();
        let mut versions: BTreeMap<String, Option<Comparison>> = BTreeMap::new();
        let own = old.compare(new).filtered(&self.kind.filter(&own_version));
        versions.insert(own_version.clone(), Some(own));
        let others: Vec<(Manager, String)> =
            owners.0.iter().filter(|(m, _)| *m != manager).map(|(m, o)| (m.clone(), o.api_version.clone())).collect();
        for (_, version) in &others {
            if !versions.contains_key(version) {
                versions.insert(version.clone(), self.compared(old, new, version)?);
            }
        }
        let mut conflicts = Conflicts::default();
        for (other, version) in &others {
            let Some(Some(found)) = versions.get(version) else {
                owners.0.remove(other);
                continue;
            };
            let Some(owned) = owners.0.get(other) else { continue };
            let taken = owned.fields.intersection(&found.modified.union(&found.added));
            if !taken.is_empty() {
                conflicts.0.push((other.clone(), taken));
            }
        }
        if !force && !conflicts.0.is_empty() {
            return Err(Refusal::Conflicts(conflicts));
        }
        for (other, taken) in conflicts.0 {
            if let Some(owned) = owners.0.get_mut(&other) {
                owned.fields = owned.fields.difference(&taken);
            }
        }
        for (other, version) in &others {
            if let (Some(owned), Some(Some(found))) = (owners.0.get_mut(other), versions.get(version)) {
                owned.fields = owned.fields.difference(&found.removed);
            }
        }
        owners.0.retain(|_, o| !o.fields.is_empty());
        Ok((owners, versions.remove(&own_version).flatten().unwrap_or_default()))
    }

    /// The change as it is in another version; nothing if the version is not served.
    fn compared(&self, old: &Typed<'_>, new: &Typed<'_>, version: &str) -> Result<Option<Comparison>, String> {
        let old = served(self.converted(old, version), "failed to convert old object")?;
        let new = served(self.converted(new, version), "failed to convert new object")?;
        let (Some(old), Some(new)) = (old, new) else { return Ok(None) };
        Ok(Some(old.compare(&new).filtered(&self.kind.filter(version))))
    }

    /// The object without what the manager applied last time and now does not, unless somebody else owns it too.
    fn pruned<'v>(&self, merged: &Typed<'v>, owners: &Owners, version: &str, last: &Owned) -> Result<Typed<'v>, String>
    where
        'k: 'v,
    {
        let whole = self.converted(merged, &last.api_version);
        let whole = served(whole, "failed to convert merged object to last applied version")?;
        let Some(whole) = whole else { return Ok(merged.clone()) };
        let pruned = whole.remove(&last.fields.with_named_fields(whole.schema));
        let pruned = self.with_owned(&whole, pruned, owners, &last.api_version);
        let pruned = pruned.map_err(|why| format!("failed add back owned items: {why}"))?;
        let pruned = self.with_unapplied(&whole, &pruned, last);
        let pruned = pruned.map_err(|why| format!("failed add back dangling items: {why}"))?;
        match self.converted(&pruned, version) {
            Ok(object) => Ok(merged.with(object.value.into_owned())),
            Err(Unconverted::Missing) => Err(no_type(&pruned.value)),
            Err(Unconverted::Failed(why)) => Err(why),
        }
    }

    /// Puts back what has owners, in each version in which it has some; the pruned version first, since a conversion
    /// may need what is there.
    fn with_owned(
        &self,
        whole: &Typed<'_>,
        pruned: Typed<'_>,
        owners: &Owners,
        first: &str,
    ) -> Result<Typed<'k>, String> {
        let mut owned: BTreeMap<&str, FieldSet> = BTreeMap::new();
        for o in owners.0.values() {
            let set = owned.entry(&o.api_version).or_default();
            *set = set.union(&o.fields);
        }
        let mut order: Vec<&str> = owned.keys().copied().collect();
        order.sort_by_key(|version| *version != first);
        let (mut whole, mut pruned) = (self.own(whole)?, self.own(&pruned)?);
        for version in order {
            let failed = |what: &str| format!("failed to convert {what} object at version {version}");
            let all = served(self.converted(&whole, version), &failed("merged"))?;
            let kept = served(self.converted(&pruned, version), &failed("pruned"))?;
            let (Some(all), Some(kept)) = (all, kept) else { continue };
            let named = |set: &FieldSet| set.with_named_fields(all.schema);
            let stays = named(&kept.fields()).union(&named(&owned[version]));
            let next = all.remove(&named(&all.fields()).difference(&stays));
            (whole, pruned) = (self.own(&all)?, self.own(&next)?);
        }
        Ok(pruned)
    }

    /// A copy that borrows from nobody but the kind.
    fn own(&self, object: &Typed<'_>) -> Result<Typed<'k>, String> {
        let kind = self.kind;
        let schema = kind.schema(version_of(object)).ok_or_else(|| no_type(&object.value))?;
        Ok(Typed { value: Cow::Owned(object.value.clone().into_owned()), schema })
    }

    /// Puts back what went with something that the manager applied but was not applied itself.
    fn with_unapplied(&self, whole: &Typed<'_>, pruned: &Typed<'_>, last: &Owned) -> Result<Typed<'k>, String> {
        let kept = self.converted(pruned, &last.api_version);
        let kept = served(kept, "failed to convert pruned object to last applied version")?;
        let Some(kept) = kept else { return self.own(whole) };
        let named = |set: FieldSet| set.with_named_fields(whole.schema);
        let gone = named(whole.fields()).difference(&named(kept.fields()));
        self.own(&whole.remove(&gone.intersection(&named(last.fields.clone()))))
    }

    /// The owners' sets as the schemas have them now.
    fn reconciled(&self, live: &Typed<'_>, owners: Owners) -> Result<Owners, String> {
        let mut out = Owners::default();
        let mut served = BTreeSet::from([version_of(live).to_string()]);
        for (manager, mut owned) in owners.0 {
            if !served.contains(&owned.api_version) {
                match self.converted(live, &owned.api_version) {
                    Ok(_) => served.insert(owned.api_version.clone()),
                    Err(Unconverted::Missing) => continue,
                    Err(Unconverted::Failed(why)) => return Err(why),
                };
            }
            if let Some(set) = self.kind.schema(&owned.api_version).and_then(|s| reconcile(&owned.fields, s)) {
                owned.fields = set;
            }
            out.0.insert(manager, owned);
        }
        Ok(out)
    }
}

/// Nothing if the version is not served.
fn served<'v>(result: Result<Typed<'v>, Unconverted>, failed: &str) -> Result<Option<Typed<'v>>, String> {
    match result {
        Ok(typed) => Ok(Some(typed)),
        Err(Unconverted::Missing) => Ok(None),
        Err(Unconverted::Failed(why)) => Err(format!("{failed}: {why}")),
    }
}

fn version_of<'t>(typed: &'t Typed<'_>) -> &'t str {
    typed.value["apiVersion"].as_str().unwrap_or("")
}

fn no_type(object: &Value) -> String {
    format!("no corresponding type for {}", super::gvk(object))
}
