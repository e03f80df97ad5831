//! Binds claims to volumes, asks provisioners for volumes that are not there, and sees to volumes whose claims are gone.
//!
//! [`claims`] looks after claims, [`volumes`] after volumes, [`binding`] writes what joins and parts them.
//!
//! Deliberately absent: the policy `Recycle`, which is deprecated and wants a pod of its own; such a volume stays Released.
//! Real Kubernetes: pkg/controller/volume/persistentvolume/pv_controller.go.

mod binding;
mod claims;
pub mod decision;
mod volumes;

use std::collections::BTreeMap;

use crate::api::kinds::pod_spec::references;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, Pod, StorageClass};
use crate::api::{Duration, Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::{Ctx, Tag};
use decision::Told;

/// Everything that is not as it should be is looked at again after this time, so that claims find volumes which came later.
const RESYNC: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct VolumeBinder {
    claims: Cache<PersistentVolumeClaim>,
    volumes: Cache<PersistentVolume>,
    classes: Cache<StorageClass>,
    /// Only pods that name claims.
    pods: Cache<Pod>,
    recorder: Recorder,
    /// What was said of a claim last: looked at again, it is not said again.
    told: BTreeMap<Key, Told>,
}

impl Default for VolumeBinder {
    fn default() -> VolumeBinder {
        VolumeBinder {
            claims: Cache::default(),
            volumes: Cache::default(),
            classes: Cache::default(),
            pods: Cache::default(),
            recorder: Recorder::new("persistentvolume-controller", ""),
            told: BTreeMap::new(),
        }
    }
}

fn claim_of(v: &PersistentVolume) -> Option<Key> {
    let r = v.spec.as_ref()?.claim_ref.as_ref()?;
    Some(Key::of::<PersistentVolumeClaim>(r.namespace.as_deref().unwrap_or(""), r.name.as_deref().unwrap_or("")))
}

fn volume_of(c: &PersistentVolumeClaim) -> &str {
    c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or("")
}

impl VolumeBinder {
    /// Whether a claim and its volume know each other: nothing but a change of one of them calls for more.
    fn rests(&self, c: &PersistentVolumeClaim) -> bool {
        let bound = c.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Bound")
            && c.annotation(crate::api::volumes::BIND_COMPLETED).is_some();
        let volume = self.volumes.get("", volume_of(c));
        let named = volume.and_then(|v| v.spec.as_ref()?.claim_ref.as_ref()?.uid.as_deref());
        bound && named == Some(c.uid())
    }
}

impl Reconciler for VolumeBinder {
    type Primary = PersistentVolumeClaim;
    const NAME: &'static str = "persistentvolume-binder";
    const USER: &'static str = "persistent-volume-binder";

    fn watches() -> Vec<Scope> {
        let kinds = [
            PersistentVolumeClaim::kind_ref(),
            PersistentVolume::kind_ref(),
            StorageClass::kind_ref(),
            Pod::kind_ref(),
        ];
        kinds.map(Scope::all).to_vec()
    }

    fn started(&mut self, ctx: &mut Ctx<'_>) {
        ctx.every(RESYNC, Tag::new("resync"));
    }

    fn timer(&mut self, tag: Tag, ctx: &mut Ctx<'_>) -> Vec<Key> {
        ctx.every(RESYNC, tag);
        let claims = self.claims.iter().filter(|c| !self.rests(c)).map(Resource::key);
        // A volume that is free waits for claims; they look for it.
        let busy = |v: &&PersistentVolume| match claim_of(v).and_then(|key| self.claims.by_key(&key)) {
            Some(c) => !(self.rests(c) && volume_of(c) == v.name() && volumes::phase(v) == "Bound"),
            None => volumes::phase(v) != "Available",
        };
        claims.chain(self.volumes.iter().filter(busy).map(Resource::key)).collect()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        let gone = c.kind == ChangeKind::Deleted;
        if self.claims.apply(c) {
            enqueue.add(c.key.clone());
            let volume = c.object.get::<PersistentVolumeClaim>().map_or("", volume_of);
            if gone {
                self.told.remove(&c.key);
                if !volume.is_empty() {
                    enqueue.add(Key::of::<PersistentVolume>("", volume));
                }
            }
        } else if self.volumes.apply(c) {
            enqueue.add(c.key.clone());
            if let Some(claim) = c.object.get::<PersistentVolume>().and_then(claim_of).filter(|_| gone) {
                enqueue.add(claim);
            }
        } else if c.key.kind == Pod::kind_ref() {
            let spec = c.object.get::<Pod>().and_then(|p| p.spec.as_ref());
            if spec.is_some_and(|s| references::claims(s).next().is_some()) {
                self.pods.apply(c);
            }
        } else {
            self.classes.apply(c);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if key.kind == PersistentVolume::kind_ref() {
            if let Some(v) = self.volumes.by_key(key).cloned() {
                self.sync_volume(v, ctx)?;
            }
        } else if let Some(c) = self.claims.by_key(key).cloned() {
            if c.annotation(crate::api::volumes::BIND_COMPLETED).is_some() {
                self.sync_bound(c, ctx)?;
            } else {
                self.sync_unbound(c, ctx)?;
            }
        }
        Ok(Action::done())
    }
}
