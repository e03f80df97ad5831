//! Which custom kinds are served: what the stored CustomResourceDefinitions say at the moment.
//! Real Kubernetes: apiextensions-apiserver/pkg/apiserver/customresource_handler.go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ApiServer;
use crate::api::custom::{self, Definition};
use crate::api::kinds::CustomResourceDefinition;
use crate::api::object::Name;
use crate::api::version::priority;
use crate::api::{KindRef, Object};
use crate::store::Change;

/// The definitions that are established, by their names. Everything that asks shares one table.
#[derive(Clone, Debug, Default)]
pub(super) struct CustomKinds(Arc<BTreeMap<Name, Definition>>);

impl CustomKinds {
    /// Takes in a definition that was written or deleted. Gives back under what its objects were stored, if they are
    /// defined differently now.
    pub fn learn(&mut self, change: &Change) -> Option<KindRef> {
        let crd = change.object.get::<CustomResourceDefinition>()?;
        let gone = change.kind == crate::store::ChangeKind::Deleted;
        let now = if gone { None } else { Definition::of(crd) };
        if self.0.get(&change.key.name) == now.as_ref() {
            return None;
        }
        let all = Arc::make_mut(&mut self.0);
        let before = match &now {
            Some(definition) => all.insert(change.key.name.clone(), definition.clone()),
            None => all.remove(&change.key.name),
        }?;
        let same = now.is_some_and(|now| now.served == before.served && now.storage == before.storage);
        (!same).then_some(before.hub)
    }

    /// Every version that is served, the preferred one of a definition first.
    pub fn served(&self) -> impl Iterator<Item = KindRef> {
        let mut kinds: Vec<KindRef> = self.0.values().flat_map(|d| d.served.iter().map(|f| f.kind)).collect();
        kinds.sort_by_cached_key(|k| (k.group(), k.plural(), priority(k.version())));
        kinds.into_iter()
    }

    /// Under what objects of custom kinds are stored.
    pub fn stored(&self) -> impl Iterator<Item = KindRef> {
        self.0.values().map(|d| d.hub)
    }

    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<KindRef> {
        let definition = self.0.get(format!("{plural}.{group}").as_str())?;
        definition.served.iter().find(|f| f.version == version).map(|f| f.kind)
    }

    fn of_hub(&self, hub: KindRef) -> Option<&Definition> {
        self.0.get(format!("{}.{}", hub.plural(), hub.group()).as_str()).filter(|d| d.hub == hub)
    }

    /// The version as which objects are stored.
    pub fn storage(&self, kind: KindRef) -> Option<KindRef> {
        self.of_hub(kind.stored()).map(|d| d.storage)
    }

    /// The versions of a custom kind; none of a built-in one.
    pub fn faces(&self, kind: KindRef) -> Vec<KindRef> {
        let Some(definition) = kind.custom().and_then(|_| self.of_hub(kind.stored())) else { return vec![] };
        let mut all: Vec<KindRef> = definition.served.iter().map(|f| f.kind).collect();
        if !all.contains(&definition.storage) {
            all.push(definition.storage);
        }
        all
    }

    pub fn is_terminating(&self, kind: KindRef) -> bool {
        self.of_hub(kind.stored()).is_some_and(|d| d.terminating)
    }

    /// The kind as it is defined now: that of the same version, or the one that is stored.
    pub fn current(&self, kind: KindRef) -> KindRef {
        let Some(definition) = self.of_hub(kind.stored()) else { return kind };
        let same = definition.served.iter().find(|f| f.version == kind.version());
        same.map_or(definition.storage, |f| f.kind)
    }
}

impl ApiServer {
    /// An object as the version in which it is stored.
    pub(super) fn to_storage(&self, o: Object) -> Object {
        if o.as_custom().is_none() {
            return o;
        }
        match self.custom.storage(o.kind()) {
            Some(storage) if storage != o.kind() => custom::to_store(&o, storage),
            _ => o,
        }
    }

    /// The same kind as it is defined now; kinds that are built in never change.
    pub(super) fn as_defined(&self, o: Object) -> Object {
        if o.as_custom().is_none() {
            return o;
        }
        let kind = self.custom.current(o.kind());
        if kind == o.kind() { o } else { custom::as_kind(&o, kind) }
    }
}
