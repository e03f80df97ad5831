//! How many pods the controller of a pod wants: whoever stands at the end of the chain of owners says so.
//! Real Kubernetes: pkg/controller/disruption/disruption.go getPodReplicaSet and its neighbours.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::kinds::{Deployment, Pod, ReplicaSet, ReplicationController, StatefulSet};
use crate::api::object::controller_of;
use crate::api::{Key, KindRef, Object, Resource, Uid};
use crate::store::{Change, ChangeKind};

/// Everything that has a scale, by its key.
#[derive(Clone, Debug, Default)]
pub struct Finders {
    scaled: BTreeMap<Key, Arc<Object>>,
    /// The custom kinds that have been seen.
    custom: Vec<KindRef>,
}

impl Finders {
    pub fn kinds() -> [KindRef; 4] {
        [Deployment::kind_ref(), ReplicaSet::kind_ref(), ReplicationController::kind_ref(), StatefulSet::kind_ref()]
    }

    pub fn apply(&mut self, c: &Change) {
        if c.key.kind.custom().is_some() && !self.custom.contains(&c.object.kind()) {
            self.custom.push(c.object.kind());
        }
        if c.kind == ChangeKind::Deleted {
            self.scaled.remove(&c.key);
        } else {
            self.scaled.insert(c.key.clone(), c.object.clone());
        }
    }

    /// # Errors
    /// The controller's kind is unknown, or is none that says how many it wants.
    pub fn find(&self, pod: &Pod) -> Result<Option<(Uid, i32)>, String> {
        let Some(owner) = controller_of(&pod.metadata) else { return Ok(None) };
        let kind = self.kind(&owner.api_version, &owner.kind)?;
        let key = Key::new(kind.stored(), pod.namespace(), &owner.name);
        let Some(o) = self.scaled.get(&key).filter(|o| o.meta().uid.as_deref() == Some(&owner.uid)) else {
            return if can_scale(kind) { Ok(None) } else { Err(no_scale(kind)) };
        };
        let above = controller_of(o.meta()).filter(|_| kind == ReplicaSet::kind_ref());
        match above.filter(|r| r.kind == "Deployment" && r.api_version.starts_with("apps/")) {
            None => self.scale(o),
            Some(r) => {
                let key = Key::of::<Deployment>(pod.namespace(), &r.name);
                let d = self.scaled.get(&key).filter(|d| d.meta().uid.as_deref() == Some(&r.uid));
                d.map_or(Ok(None), |d| self.scale(d))
            }
        }
    }

    fn kind(&self, version: &str, name: &str) -> Result<KindRef, String> {
        let custom = || self.custom.iter().find(|k| k.name() == name && k.api_version() == version).copied();
        KindRef::by_gvk(version, name)
            .or_else(custom)
            .ok_or_else(|| format!("no matches for kind {name:?} in version {version:?}"))
    }

    fn scale(&self, o: &Object) -> Result<Option<(Uid, i32)>, String> {
        let scale = o.kind().scale_of(o).ok_or_else(|| no_scale(o.kind()))?;
        Ok(Some((Uid::of(o.meta().uid.as_deref().unwrap_or("")), scale.wanted)))
    }
}

fn can_scale(kind: KindRef) -> bool {
    kind.subresources().iter().any(|s| s.name() == "scale")
}

fn no_scale(kind: KindRef) -> String {
    let group = if kind.group().is_empty() { String::new() } else { format!(".{}", kind.group()) };
    format!("{}{group} does not implement the scale subresource", kind.plural())
}
