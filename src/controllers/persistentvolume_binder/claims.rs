//! Claims: an unbound one looks for a volume, or asks for one to be made; a bound one is watched over.

use super::decision::{BinderDecision, Told};
use super::{VolumeBinder, volume_of};
use crate::api::kinds::pod_spec::references;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, StorageClass, persistentvolumeclaim as kind};
use crate::api::volumes::{
    BOUND_BY_CONTROLLER, PROVISIONERS, SELECTED_NODE, best_of_all, is_meant_for, satisfies, size, waits_for_consumer,
    wanted_size,
};
use crate::api::{Resource, Status, pods};
use crate::client::recorder::{Note, reference};
use crate::world::Ctx;

/// Provisioners that were once part of Kubernetes; drivers outside do their work.
/// Real Kubernetes: k8s.io/csi-translation-lib/plugins.
const MOVED_OUT: [(&str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("kubernetes.io/azure-file", "file.csi.azure.com"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
];
/// Whether a class is the one for claims that name none.
const DEFAULT_CLASS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

impl VolumeBinder {
    pub(super) fn sync_unbound(&mut self, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if volume_of(&c).is_empty() { self.look_for_volume(c, ctx) } else { self.take_named_volume(c, ctx) }
    }

    fn class_of(&self, c: &PersistentVolumeClaim) -> Option<&StorageClass> {
        self.classes.get("", kind::class(c))
    }

    fn look_for_volume(&mut self, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let delayed = waits_for_consumer(self.class_of(&c));
        if let Some(v) = best_of_all(&c, self.volumes.iter(), delayed).cloned() {
            let meant = is_meant_for(&v, &c);
            ctx.decide(BinderDecision::Bound {
                claim: c.key(),
                volume: v.name().into(),
                wanted: wanted_size(&c).to_string(),
                size: size(&v).to_string(),
                meant,
            });
            return self.bind(v, c, ctx);
        }
        if let Some(class) = self.default_class().filter(|_| names_no_class(&c)) {
            let class = class.name().to_string();
            let mut new = c;
            new.spec.get_or_insert_default().storage_class_name = Some(class);
            return self.update_claim(new, ctx).map(drop);
        }
        if delayed && c.annotation(SELECTED_NODE).is_none() {
            self.tell_what_it_waits_for(&c, ctx);
        } else if !kind::class(&c).is_empty() {
            return self.provision(c, ctx);
        } else {
            self.tell(&c, Told::NoClass, ctx);
            let text = "no persistent volumes available for this claim and no storage class is set";
            self.recorder.record(reference(&c, None), Note::normal("FailedBinding", text), ctx);
        }
        self.set_claim_phase(c, "Pending", None, ctx).map(drop)
    }

    /// Says it in the story, unless it was the last thing that was said of the claim.
    pub(super) fn tell(&mut self, c: &PersistentVolumeClaim, what: Told, ctx: &mut Ctx<'_>) {
        let key = c.key();
        if self.told.get(&key) != Some(&what) {
            let wanted = wanted_size(c).to_string();
            ctx.decide(BinderDecision::Waits { claim: key.clone(), wanted, what: what.clone() });
            self.told.insert(key, what);
        }
    }

    fn default_class(&self) -> Option<&StorageClass> {
        let is_default = |s: &&StorageClass| DEFAULT_CLASS.iter().any(|a| s.annotation(a) == Some("true"));
        // The newest, and of two as new the first by name.
        let age = |s: &StorageClass| s.metadata.creation_timestamp.as_ref().map(|t| t.0);
        self.classes.iter().filter(is_default).min_by(|a, b| age(b).cmp(&age(a)).then_with(|| a.name().cmp(b.name())))
    }

    fn tell_what_it_waits_for(&mut self, c: &PersistentVolumeClaim, ctx: &mut Ctx<'_>) {
        let names = |p: &&crate::api::kinds::Pod| {
            let spec = p.spec.as_ref();
            pods::node(p).is_empty()
                && !pods::is_terminal(p)
                && spec.is_some_and(|s| references::claims(s).any(|n| n == c.name()))
        };
        let waiting: Vec<String> =
            self.pods.in_namespace(c.namespace()).filter(names).map(|p| p.name().to_string()).collect();
        let (reason, text) = match waiting.as_slice() {
            [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_string()),
            [one] => ("WaitForPodScheduled", format!("waiting for pod {one} to be scheduled")),
            all => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", all.join(","))),
        };
        self.tell(c, Told::Consumer { pods: waiting }, ctx);
        self.recorder.record(reference(c, None), Note::normal(reason, &text), ctx);
    }

    /// Asks the class's provisioner for a volume.
    fn provision(&mut self, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let class = kind::class(&c).to_string();
        let named = self.class_of(&c).map(|s| s.provisioner.clone());
        let provisioner = match named {
            None => Err(format!("storageclasses.storage.k8s.io {class:?} not found")),
            Some(name) => provisioner_outside(&name),
        };
        let provisioner = match provisioner {
            Ok(name) => name,
            Err(why) => {
                self.tell(&c, Told::NoProvisioner { class, why: why.clone() }, ctx);
                self.recorder.record(reference(&c, None), Note::warning("ProvisioningFailed", &why), ctx);
                return Ok(());
            }
        };
        self.tell(&c, Told::Provisioner { class, name: provisioner.clone() }, ctx);
        let mut new = c.clone();
        let annotations = new.metadata.annotations.get_or_insert_default();
        for key in PROVISIONERS {
            annotations.insert(key.into(), provisioner.clone());
        }
        let c = if new == c { c } else { self.update_claim(new, ctx)? };
        let text = format!(
            "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
        );
        self.recorder.record(reference(&c, None), Note::normal("ExternalProvisioning", &text), ctx);
        Ok(())
    }

    /// Somebody said which volume it shall be.
    fn take_named_volume(&mut self, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(v) = self.volumes.get("", volume_of(&c)).cloned() else {
            self.tell(&c, Told::Named { volume: volume_of(&c).into() }, ctx);
            return self.set_claim_phase(c, "Pending", None, ctx).map(drop);
        };
        let free = v.spec.as_ref().is_none_or(|s| s.claim_ref.is_none());
        if is_meant_for(&v, &c) {
            return self.bind(v, c, ctx);
        }
        let (reason, text) = if !free {
            ("FailedBinding", format!("volume {:?} already bound to a different claim.", v.name()))
        } else if let Err(why) = satisfies(&v, &c) {
            ("VolumeMismatch", format!("Cannot bind to requested volume {:?}: {why}", v.name()))
        } else {
            return self.bind(v, c, ctx);
        };
        self.tell(&c, Told::Mismatch { volume: v.name().into(), why: text.clone() }, ctx);
        self.recorder.record(reference(&c, None), Note::warning(reason, &text), ctx);
        if !free && c.annotation(BOUND_BY_CONTROLLER).is_some() {
            return Err(Status::internal(&text));
        }
        self.set_claim_phase(c, "Pending", None, ctx).map(drop)
    }

    /// A claim that was bound once stays with its volume, or is lost.
    pub(super) fn sync_bound(&mut self, c: PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let named = volume_of(&c).to_string();
        let volume: Option<PersistentVolume> = self.volumes.get("", &named).cloned();
        let lost = match &volume {
            None if named.is_empty() => {
                ("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
            }
            None => ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
            Some(v) => {
                let of = v.spec.as_ref().and_then(|s| s.claim_ref.as_ref());
                if of.is_none_or(|r| r.uid.as_deref() == Some(c.uid())) {
                    let v = v.clone();
                    return self.bind(v, c, ctx);
                }
                ("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
            }
        };
        if c.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Lost") {
            return Ok(());
        }
        ctx.decide(BinderDecision::Lost { claim: c.key(), volume: named });
        let c = self.set_claim_phase(c, "Lost", None, ctx)?;
        self.recorder.record(reference(&c, None), Note::warning(lost.0, lost.1), ctx);
        Ok(())
    }
}

/// A claim that names the empty class wants none.
fn names_no_class(c: &PersistentVolumeClaim) -> bool {
    let named = c.spec.as_ref().is_some_and(|s| s.storage_class_name.is_some());
    !named && c.annotation("volume.beta.kubernetes.io/storage-class").is_none()
}

/// Who outside of Kubernetes makes volumes for a class.
fn provisioner_outside(name: &str) -> Result<String, String> {
    if let Some((_, moved)) = MOVED_OUT.iter().find(|(old, _)| *old == name) {
        return Ok((*moved).to_string());
    }
    if name.starts_with("kubernetes.io/") {
        return Err(format!("no volume plugin matched name: {name}"));
    }
    Ok(name.to_string())
}
