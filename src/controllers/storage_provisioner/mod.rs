//! minikube's storage-provisioner: for each claim of its class a directory of the node, and a volume made of it.
//!
//! It is no part of kube-controller-manager: the binder asks for a volume by an annotation, as it asks any provisioner outside of
//! Kubernetes, and binds what it finds.
//! Real Kubernetes: minikube's pkg/storage/storage_provisioner.go, which is built on
//! sigs.k8s.io/sig-storage-lib-external-provisioner/controller.

pub mod decision;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{HostPathVolumeSource, PersistentVolumeSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, StorageClass, persistentvolumeclaim as kind};
use crate::api::volumes::{PROVISIONED_BY, PROVISIONERS, SELECTED_NODE, mode, waits_for_consumer, wanted_size};
use crate::api::{Key, Reason, Resource, Status, unless_gone};
use crate::client::controller::Enqueue;
use crate::client::recorder::{Note, reference};
use crate::client::{Action, Cache, Reconciler, Recorder};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::ProvisionerDecision;

/// What storage classes call it.
pub const PROVISIONER: &str = "k8s.io/minikube-hostpath";
/// Which run of it made a volume. No other deletes it.
const IDENTITY: &str = "hostPathProvisionerIdentity";
const DIRECTORY: &str = "/tmp/hostpath-provisioner";
/// It runs in the network of the node, whose name it has.
const HOST: &str = "minikube";

#[derive(Clone, Default)]
pub struct StorageProvisioner {
    claims: Cache<PersistentVolumeClaim>,
    classes: Cache<StorageClass>,
    volumes: Cache<PersistentVolume>,
    identity: String,
    recorder: Recorder,
}

impl Reconciler for StorageProvisioner {
    type Primary = PersistentVolumeClaim;
    const NAME: &'static str = "storage-provisioner";
    const USER: &'static str = "storage-provisioner";
    const AGENT: &'static str = "storage-provisioner";

    fn watches() -> Vec<Scope> {
        [PersistentVolumeClaim::kind_ref(), StorageClass::kind_ref(), PersistentVolume::kind_ref()]
            .map(Scope::all)
            .to_vec()
    }

    fn started(&mut self, ctx: &mut Ctx<'_>) {
        self.recorder = Recorder::new(format!("{PROVISIONER}_{HOST}_{}", ctx.new_uid()), "");
        self.identity = ctx.new_uid();
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        if self.claims.apply(c) || self.volumes.apply(c) {
            if c.kind != ChangeKind::Deleted {
                enqueue.add(c.key.clone());
            }
        } else {
            self.classes.apply(c);
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        if let Some(c) = self.claims.by_key(key).cloned() {
            self.provision(&c, ctx)?;
        } else if let Some(v) = self.volumes.by_key(key).filter(|v| is_to_go(v, &self.identity)) {
            let path = v.spec.as_ref().and_then(|s| s.host_path.as_ref()).map_or("", |h| h.path.as_str());
            ctx.decide(ProvisionerDecision::Deleted { volume: key.clone(), path: path.into() });
            unless_gone(ctx.api::<PersistentVolume>().delete("", &key.name, Default::default()))?;
        }
        Ok(Action::done())
    }
}

impl StorageProvisioner {
    fn provision(&mut self, c: &PersistentVolumeClaim, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(class) = self.classes.get("", kind::class(c)).filter(|class| is_asked(c, class)) else {
            return Ok(());
        };
        let new = volume(c, class, &self.identity);
        if self.volumes.get("", new.name()).is_some() {
            return Ok(());
        }
        if mode(c.spec.as_ref().and_then(|s| s.volume_mode.as_deref())) == "Block" {
            ctx.decide(ProvisionerDecision::NoBlocks { claim: c.key() });
            let why = format!("{PROVISIONER} does not support block volume provisioning");
            self.recorder.record(reference(c, None), Note::warning("ProvisioningFailed", &why), ctx);
            return Ok(());
        }
        let (claim, name) = (format!("{}/{}", c.namespace(), c.name()), new.name().to_string());
        ctx.decide(ProvisionerDecision::Made {
            claim: c.key(),
            class: class.name().into(),
            wanted: wanted_size(c).to_string(),
            path: path(c),
            volume: name.clone(),
        });
        let text = format!("External provisioner is provisioning volume for claim {claim:?}");
        self.recorder.record(reference(c, None), Note::normal("Provisioning", &text), ctx);
        match ctx.api::<PersistentVolume>().create(new) {
            Err(e) if !e.is(Reason::AlreadyExists) => return Err(e),
            _ => {}
        }
        let text = format!("Successfully provisioned volume {name}");
        self.recorder.record(reference(c, None), Note::normal("ProvisioningSucceeded", &text), ctx);
        Ok(())
    }
}

fn path(c: &PersistentVolumeClaim) -> String {
    format!("{DIRECTORY}/{}/{}", c.namespace(), c.name())
}

/// Whether a claim is still without a volume and the binder has asked this provisioner for one.
/// Real Kubernetes: ProvisionController.shouldProvision.
fn is_asked(c: &PersistentVolumeClaim, class: &StorageClass) -> bool {
    let [old, present] = PROVISIONERS;
    let asked = c.annotation(present).or_else(|| c.annotation(old)) == Some(PROVISIONER);
    let has_one = c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).is_some_and(|v| !v.is_empty());
    let its_turn = !waits_for_consumer(Some(class)) || c.annotation(SELECTED_NODE).is_some_and(|n| !n.is_empty());
    asked && !has_one && its_turn
}

/// The volume that is made for a claim: bound to it from the start.
fn volume(c: &PersistentVolumeClaim, class: &StorageClass, identity: &str) -> PersistentVolume {
    let spec = c.spec.clone().unwrap_or_default();
    let wanted = spec.resources.and_then(|r| r.requests?.get("storage").cloned());
    let annotations = [(IDENTITY, identity), (PROVISIONED_BY, &class.provisioner)];
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(format!("pvc-{}", c.uid())),
            annotations: Some(annotations.map(|(k, v)| (k.to_string(), v.to_string())).into()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            access_modes: spec.access_modes,
            capacity: Some(wanted.map(|w| ("storage".to_string(), w)).into_iter().collect::<BTreeMap<_, _>>()),
            claim_ref: Some(reference(c, None)),
            host_path: Some(HostPathVolumeSource { path: path(c), type_: None }),
            persistent_volume_reclaim_policy: class.reclaim_policy.clone(),
            storage_class_name: Some(kind::class(c).into()),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    }
}

/// Whether a volume is left by its claim and is this run's to delete.
/// Real Kubernetes: ProvisionController.shouldDelete, hostPathProvisioner.Delete.
fn is_to_go(v: &PersistentVolume, identity: &str) -> bool {
    let phase = v.status.as_ref().and_then(|s| s.phase.as_deref());
    let policy = v.spec.as_ref().and_then(|s| s.persistent_volume_reclaim_policy.as_deref());
    !v.is_deleting()
        && matches!(phase, Some("Released" | "Failed"))
        && policy == Some("Delete")
        && v.annotation(PROVISIONED_BY) == Some(PROVISIONER)
        && v.annotation(IDENTITY) == Some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn class(binding: &str) -> StorageClass {
        serde_json::from_value(json!({"metadata": {"name": "standard"}, "provisioner": PROVISIONER,
            "reclaimPolicy": "Delete", "volumeBindingMode": binding}))
        .unwrap()
    }

    fn claim(asks: &str, node: &str, volume: &str) -> PersistentVolumeClaim {
        serde_json::from_value(json!({
            "metadata": {"name": "data", "namespace": "shop", "uid": "u-1", "annotations": {PROVISIONERS[1]: asks, SELECTED_NODE: node}},
            "spec": {"storageClassName": "standard", "volumeName": volume, "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}},
        }))
        .unwrap()
    }

    #[test]
    fn a_claim_is_served_once_the_binder_asks_for_it_and_a_node_is_known_where_one_is_wanted() {
        for (asks, node, volume, binding, want) in [
            (PROVISIONER, "", "", "Immediate", true),
            ("someone/else", "", "", "Immediate", false),
            (PROVISIONER, "", "pv", "Immediate", false),
            (PROVISIONER, "", "", "WaitForFirstConsumer", false),
            (PROVISIONER, "minikube", "", "WaitForFirstConsumer", true),
        ] {
            assert_eq!(is_asked(&claim(asks, node, volume), &class(binding)), want, "{asks} {node} {volume} {binding}");
        }
    }

    #[test]
    fn only_the_run_that_made_a_volume_deletes_it_when_it_is_released() {
        let mut v = volume(&claim(PROVISIONER, "", ""), &class("Immediate"), "me");
        assert_eq!(v.name(), "pvc-u-1");
        assert_eq!(v.spec.as_ref().unwrap().host_path.as_ref().unwrap().path, "/tmp/hostpath-provisioner/shop/data");
        assert!(!is_to_go(&v, "me"), "it is in use");
        v.status.get_or_insert_default().phase = Some("Released".into());
        assert!(is_to_go(&v, "me") && !is_to_go(&v, "another"));
        v.spec.as_mut().unwrap().persistent_volume_reclaim_policy = Some("Retain".into());
        assert!(!is_to_go(&v, "me"));
    }
}
