//! What joins a volume and a claim: each names the other, and both say that they are bound. Four writes, each of which may be the
//! one that is still missing.

use super::VolumeBinder;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim};
use crate::api::volumes::{BIND_COMPLETED, BOUND_BY_CONTROLLER, size};
use crate::api::{Object, Resource, Status};
use crate::client::volumes::name_claim;
use crate::world::Ctx;
use std::sync::Arc;

fn typed<T: Resource>(o: &Arc<Object>) -> T {
    o.get::<T>().cloned().unwrap_or_default()
}

impl VolumeBinder {
    pub(super) fn bind(
        &mut self,
        v: PersistentVolume,
        c: PersistentVolumeClaim,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let v = self.have_volume_name_claim(v, &c, ctx)?;
        let v = self.set_volume_phase(v, "Bound", "", ctx)?;
        let c = self.have_claim_name_volume(c, &v, ctx)?;
        self.set_claim_phase(c, "Bound", Some(&v), ctx)?;
        Ok(())
    }

    fn have_volume_name_claim(
        &mut self,
        v: PersistentVolume,
        c: &PersistentVolumeClaim,
        ctx: &mut Ctx<'_>,
    ) -> Result<PersistentVolume, Status> {
        let new = name_claim(&v, c);
        if new == v { Ok(v) } else { self.update_volume(new, ctx) }
    }

    fn have_claim_name_volume(
        &mut self,
        c: PersistentVolumeClaim,
        v: &PersistentVolume,
        ctx: &mut Ctx<'_>,
    ) -> Result<PersistentVolumeClaim, Status> {
        let mut new = c.clone();
        let annotations = new.metadata.annotations.get_or_insert_default();
        if super::volume_of(&c) != v.name() {
            new.spec.get_or_insert_default().volume_name = Some(v.name().into());
            annotations.entry(BOUND_BY_CONTROLLER.into()).or_insert_with(|| "yes".into());
        }
        annotations.entry(BIND_COMPLETED.into()).or_insert_with(|| "yes".into());
        if new == c { Ok(c) } else { self.update_claim(new, ctx) }
    }

    pub(super) fn update_volume(&mut self, v: PersistentVolume, ctx: &mut Ctx<'_>) -> Result<PersistentVolume, Status> {
        let o = ctx.api::<PersistentVolume>().update(v)?;
        self.volumes.put(&o);
        Ok(typed(&o))
    }

    pub(super) fn update_claim(
        &mut self,
        c: PersistentVolumeClaim,
        ctx: &mut Ctx<'_>,
    ) -> Result<PersistentVolumeClaim, Status> {
        let o = ctx.api::<PersistentVolumeClaim>().update(c)?;
        self.claims.put(&o);
        Ok(typed(&o))
    }

    pub(super) fn set_volume_phase(
        &mut self,
        v: PersistentVolume,
        phase: &str,
        message: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<PersistentVolume, Status> {
        if v.status.as_ref().and_then(|s| s.phase.as_deref()) == Some(phase) {
            return Ok(v);
        }
        let mut new = v;
        let status = new.status.get_or_insert_default();
        status.phase = Some(phase.into());
        status.message = (!message.is_empty()).then(|| message.into());
        let o = ctx.api::<PersistentVolume>().update_status(new)?;
        self.volumes.put(&o);
        Ok(typed(&o))
    }

    /// A claim that is bound has what its volume has.
    pub(super) fn set_claim_phase(
        &mut self,
        c: PersistentVolumeClaim,
        phase: &str,
        v: Option<&PersistentVolume>,
        ctx: &mut Ctx<'_>,
    ) -> Result<PersistentVolumeClaim, Status> {
        let mut new = c.clone();
        let status = new.status.get_or_insert_default();
        let before = status.phase.replace(phase.into());
        match v.and_then(|v| Some((v, v.spec.as_ref()?))) {
            None => {
                status.access_modes = None;
                status.capacity = None;
                status.current_volume_attributes_class_name = None;
            }
            Some((v, spec)) => {
                status.access_modes.clone_from(&spec.access_modes);
                // Once bound, what grows is told by whoever lets it grow.
                let has = crate::api::kinds::resources::amount_of(status.capacity.as_ref(), "storage");
                if before.as_deref() != Some(phase) && has != size(v) {
                    status.capacity.clone_from(&spec.capacity);
                }
                if before.as_deref() == Some("Pending") {
                    let class = &spec.volume_attributes_class_name;
                    status.current_volume_attributes_class_name.clone_from(class);
                }
            }
        }
        if new == c {
            return Ok(c);
        }
        let o = ctx.api::<PersistentVolumeClaim>().update_status(new)?;
        self.claims.put(&o);
        Ok(typed(&o))
    }

    /// A volume that was bound and is no longer: free again, or waiting for the claim that somebody named.
    pub(super) fn unbind(&mut self, v: PersistentVolume, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let mut new = v;
        let spec = new.spec.get_or_insert_default();
        if new.metadata.annotations.as_mut().and_then(|a| a.remove(BOUND_BY_CONTROLLER)).is_some() {
            spec.claim_ref = None;
            new.metadata.annotations = new.metadata.annotations.filter(|a| !a.is_empty());
        } else if let Some(r) = &mut spec.claim_ref {
            r.uid = None;
        }
        let v = self.update_volume(new, ctx)?;
        self.set_volume_phase(v, "Available", "", ctx).map(drop)
    }
}
