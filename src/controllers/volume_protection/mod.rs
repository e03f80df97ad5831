//! Volumes and claims that are used are not taken away: a finalizer holds them, and these controllers let go of it when nobody
//! uses them any more.
//!
//! A claim is used while a pod that has a node names it; a volume while a claim is bound to it.
//! Real Kubernetes: pkg/controller/volume/pvcprotection, pvprotection (two controllers).

mod decision;

use crate::api::kinds::pod_spec::references;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, Pod};
use crate::api::{Key, Resource, Status, pods};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::LetGo;

const OF_CLAIM: &str = "kubernetes.io/pvc-protection";
const OF_VOLUME: &str = "kubernetes.io/pv-protection";

#[derive(Clone, Default)]
pub struct ClaimProtection {
    claims: Cache<PersistentVolumeClaim>,
    pods: Cache<Pod>,
}

#[derive(Clone, Default)]
pub struct VolumeProtection {
    volumes: Cache<PersistentVolume>,
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

/// The object without that finalizer.
fn without<T: Resource>(o: &T, finalizer: &str) -> T {
    let mut new = o.clone();
    if let Some(all) = &mut new.meta_mut().finalizers {
        all.retain(|f| f != finalizer);
    }
    new
}
