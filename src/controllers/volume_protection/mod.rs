//! Volumes and claims that are used are not taken away: a finalizer holds them, and these controllers let go of it when nobody
//! uses them any more.
//!
//! A claim is used while a pod that has a node names it; a volume while a claim is bound to it; a class of attributes while a
//! volume or a claim names it.
//! Real Kubernetes: pkg/controller/volume/pvcprotection, pvprotection, vacprotection (three controllers).

mod decision;

use crate::api::kinds::pod_spec::references;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass};
use crate::api::{Key, Resource, Status, pods};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::LetGo;

const OF_CLAIM: &str = "kubernetes.io/pvc-protection";
const OF_VOLUME: &str = "kubernetes.io/pv-protection";
const OF_CLASS: &str = "kubernetes.io/vac-protection";

#[derive(Clone, Default)]
pub struct ClaimProtection {
    claims: Cache<PersistentVolumeClaim>,
    pods: Cache<Pod>,
}

#[derive(Clone, Default)]
pub struct VolumeProtection {
    volumes: Cache<PersistentVolume>,
}

#[derive(Clone, Default)]
pub struct AttributesClassProtection {
    classes: Cache<VolumeAttributesClass>,
    volumes: Cache<PersistentVolume>,
    claims: Cache<PersistentVolumeClaim>,
}

fn is_held<T: Resource>(o: &T, by: &str) -> bool {
    o.is_deleting() && o.meta().finalizers.iter().flatten().any(|f| f == by)
}

fn uses(pod: &Pod, claim: &str) -> bool {
    let scheduled = !pods::node(pod).is_empty();
    scheduled && pod.spec.as_ref().is_some_and(|s| references::claims(s).any(|name| name == claim))
}

impl Reconciler for ClaimProtection {
    type Primary = PersistentVolumeClaim;
    const NAME: &'static str = "pvc-protection";
    const USER: &'static str = "pvc-protection-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(PersistentVolumeClaim::kind_ref()), Scope::all(Pod::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.claims.apply(c) {
            if c.object.is_deleting() {
                enqueue.add(c.key.clone());
            }
            return;
        }
        let Some(spec) = c.object.get::<Pod>().and_then(|p| p.spec.as_ref()) else { return };
        let mut named = references::claims(spec).peekable();
        if named.peek().is_none() {
            return;
        }
        self.pods.apply(c);
        for name in named {
            enqueue.add(Key::of::<PersistentVolumeClaim>(&c.key.namespace, name));
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(claim) = self.claims.by_key(key).filter(|c| is_held(*c, OF_CLAIM)) else { return Ok(Action::done()) };
        if self.pods.in_namespace(&key.namespace).any(|p| uses(p, &key.name)) {
            return Ok(Action::done());
        }
        ctx.decide(LetGo { object: key.clone() });
        ctx.api::<PersistentVolumeClaim>().update(without(claim, OF_CLAIM))?;
        Ok(Action::done())
    }
}

impl Reconciler for VolumeProtection {
    type Primary = PersistentVolume;
    const NAME: &'static str = "pv-protection";
    const USER: &'static str = "pv-protection-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(PersistentVolume::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        self.volumes.apply(c);
        if c.object.is_deleting() {
            enqueue.add(c.key.clone());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let bound = |v: &PersistentVolume| v.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Bound");
        let free = |v: &&PersistentVolume| is_held(*v, OF_VOLUME) && !bound(v);
        let Some(volume) = self.volumes.by_key(key).filter(free) else { return Ok(Action::done()) };
        ctx.decide(LetGo { object: key.clone() });
        ctx.api::<PersistentVolume>().update(without(volume, OF_VOLUME))?;
        Ok(Action::done())
    }
}

impl Reconciler for AttributesClassProtection {
    type Primary = VolumeAttributesClass;
    const NAME: &'static str = "volumeattributesclass-protection";
    const USER: &'static str = "volumeattributesclass-protection-controller";

    fn watches() -> Vec<Scope> {
        let kinds =
            [VolumeAttributesClass::kind_ref(), PersistentVolume::kind_ref(), PersistentVolumeClaim::kind_ref()];
        kinds.map(Scope::all).into()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.classes.apply(c) {
            if c.object.is_deleting() {
                enqueue.add(c.key.clone());
            }
            return;
        }
        self.volumes.apply(c);
        self.claims.apply(c);
        // Whoever has changed or gone may have been the last to name one.
        for class in self.classes.iter().filter(|class| class.is_deleting()) {
            enqueue.add(class.key());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(class) = self.classes.by_key(key).filter(|c| is_held(*c, OF_CLASS)) else { return Ok(Action::done()) };
        let named = |name: Option<&String>| name.is_some_and(|n| *n == *key.name);
        let by_volume =
            |v: &PersistentVolume| named(v.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_ref()));
        let by_claim = |c: &PersistentVolumeClaim| {
            let status = c.status.as_ref();
            named(c.spec.as_ref().and_then(|s| s.volume_attributes_class_name.as_ref()))
                || named(status.and_then(|s| s.current_volume_attributes_class_name.as_ref()))
                || named(
                    status.and_then(|s| s.modify_volume_status.as_ref()?.target_volume_attributes_class_name.as_ref()),
                )
        };
        if self.volumes.iter().any(by_volume) || self.claims.iter().any(by_claim) {
            return Ok(Action::done());
        }
        ctx.decide(LetGo { object: key.clone() });
        ctx.api::<VolumeAttributesClass>().update(without(class, OF_CLASS))?;
        Ok(Action::done())
    }
}

/// The object without that finalizer.
fn without<T: Resource>(o: &T, finalizer: &str) -> T {
    let mut new = o.clone();
    if let Some(all) = &mut new.meta_mut().finalizers {
        all.retain(|f| f != finalizer);
    }
    new
}
