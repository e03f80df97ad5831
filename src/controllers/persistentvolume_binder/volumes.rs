//! Volumes: free, bound, or left by their claims; then their policy says what becomes of them.

use super::decision::BinderDecision;
use super::{VolumeBinder, claim_of, volume_of};
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim};
use crate::api::volumes::{PROVISIONED_BY, same_mode};
use crate::api::{Key, Resource, Status, unless_gone};
use crate::client::recorder::{Note, reference};
use crate::world::Ctx;

/// Where the built-in deleter of host paths dares to delete.
const DELETABLE_PATH: &str = "/tmp/";

pub(super) fn phase(v: &PersistentVolume) -> &str {
    v.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("")
}

fn policy(v: &PersistentVolume) -> &str {
    v.spec.as_ref().and_then(|s| s.persistent_volume_reclaim_policy.as_deref()).unwrap_or("")
}

impl VolumeBinder {
    pub(super) fn sync_volume(&mut self, v: PersistentVolume, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let named = v.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
        let uid = named.and_then(|r| r.uid.clone()).unwrap_or_default();
        let Some(key) = claim_of(&v).filter(|_| !uid.is_empty()) else {
            // Free, or meant for a claim that may still come.
            return self.set_volume_phase(v, "Available", "", ctx).map(drop);
        };
        let Some(claim) = self.claim_with(&key, &uid, &v, ctx)? else {
            return self.release(v, &key, ctx);
        };
        if volume_of(&claim).is_empty() {
            return self.nudge(&v, claim, ctx);
        }
        if volume_of(&claim) == v.name() {
            return self.set_volume_phase(v, "Bound", "", ctx).map(drop);
        }
        // The claim has another volume: this one was made or chosen in vain.
        if v.annotation(PROVISIONED_BY).is_some() && policy(&v) == "Delete" {
            return self.release(v, &key, ctx);
        }
        self.unbind(v, ctx)
    }

    /// The claim that a volume means: another of that name is another claim. The cache may not have been told of it yet; before a
    /// volume is given up, the API server is asked.
    fn claim_with(
        &self,
        key: &Key,
        uid: &str,
        v: &PersistentVolume,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<PersistentVolumeClaim>, Status> {
        let known = self.claims.by_key(key).filter(|c| c.uid() == uid).cloned();
        if known.is_some() || matches!(phase(v), "Released" | "Failed") {
            return Ok(known);
        }
        let newest = unless_gone(ctx.api::<PersistentVolumeClaim>().get(&key.namespace, &key.name))?;
        Ok(newest.and_then(|o| o.get::<PersistentVolumeClaim>().cloned()).filter(|c| c.uid() == uid))
    }

    /// The volume names the claim, but not yet the other way round: the claim's turn.
    fn nudge(&mut self, v: &PersistentVolume, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if same_mode(v, &c) {
            return self.sync_unbound(c, ctx);
        }
        let text = format!(
            "Cannot bind PersistentVolume to requested PersistentVolumeClaim {:?} due to incompatible volumeMode.",
            c.name()
        );
        self.recorder.record(reference(v, None), Note::warning("VolumeMismatch", &text), ctx);
        let text = format!(
            "Cannot bind PersistentVolume {:?} to requested PersistentVolumeClaim due to incompatible volumeMode.",
            v.name()
        );
        self.recorder.record(reference(&c, None), Note::warning("VolumeMismatch", &text), ctx);
        Ok(())
    }

    fn release(&mut self, v: PersistentVolume, claim: &Key, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let v = if matches!(phase(&v), "Released" | "Failed") {
            v
        } else {
            let (volume, policy) = (v.key(), policy(&v).to_string());
            ctx.decide(BinderDecision::Released { volume, claim: claim.name.to_string(), policy });
            self.set_volume_phase(v, "Released", "", ctx)?
        };
        match policy(&v) {
            "Delete" => self.delete(v, ctx),
            "Retain" | "Recycle" => Ok(()),
            _ => {
                let text = "Volume has unrecognized PersistentVolumeReclaimPolicy";
                self.fail(v, "VolumeUnknownReclaimPolicy", text, ctx)
            }
        }
    }

    /// Deletes what is Kubernetes' own to delete; what a provisioner made, the provisioner deletes.
    fn delete(&mut self, v: PersistentVolume, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(spec) = v.spec.as_ref() else { return Ok(()) };
        if let Some(by) = v.annotation(PROVISIONED_BY).filter(|by| !by.is_empty()) {
            if !by.starts_with("kubernetes.io/") {
                return Ok(());
            }
            let text = format!("no volume plugin matched name: {by}");
            return self.fail(v, "VolumeFailedDelete", &text, ctx);
        }
        if spec.csi.is_some() {
            return Ok(());
        }
        let text = match &spec.host_path {
            None => {
                format!(
                    "error getting deleter volume plugin for volume {:?}: no deletable volume plugin matched",
                    v.name()
                )
            }
            Some(p) if p.path.starts_with(DELETABLE_PATH) && p.path.len() > DELETABLE_PATH.len() => {
                ctx.decide(BinderDecision::Deleted { volume: v.key() });
                return unless_gone(ctx.api::<PersistentVolume>().delete("", v.name(), Default::default())).map(drop);
            }
            Some(p) => format!("host_path deleter only supports /tmp/.+ but received provided {}", p.path),
        };
        self.fail(v, "VolumeFailedDelete", &text, ctx)
    }

    fn fail(&mut self, v: PersistentVolume, reason: &'static str, text: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if phase(&v) == "Failed" {
            return Ok(());
        }
        ctx.decide(BinderDecision::Failed { volume: v.key(), why: text.into() });
        let v = self.set_volume_phase(v, "Failed", text, ctx)?;
        self.recorder.record(reference(&v, None), Note::warning(reason, text), ctx);
        Ok(())
    }
}
