//! What the scheduler knows besides nodes and pods: claims, volumes and what makes them, namespaces, disruption
//! budgets, claims of devices.

use crate::api::kinds::{
    CSIDriver, CSINode, CSIStorageCapacity, DeviceClass, Namespace, PersistentVolume, PersistentVolumeClaim,
    PodDisruptionBudget, ResourceClaim, StorageClass, VolumeAttachment, persistentvolumeclaim,
};
use crate::api::object::Resource;
use crate::api::selector::Labels;
use crate::client::Cache as Lister;
use crate::store::{Change, Scope};

#[derive(Clone, Default)]
pub struct Known {
    pub claims: Lister<PersistentVolumeClaim>,
    pub volumes: Lister<PersistentVolume>,
    pub classes: Lister<StorageClass>,
    pub drivers: Lister<CSIDriver>,
    /// What the drivers of each node can do.
    pub csi_nodes: Lister<CSINode>,
    pub capacities: Lister<CSIStorageCapacity>,
    pub attachments: Lister<VolumeAttachment>,
    pub namespaces: Lister<Namespace>,
    pub budgets: Lister<PodDisruptionBudget>,
    /// Claims of devices, and the classes of those.
    pub device_claims: Lister<ResourceClaim>,
    pub device_classes: Lister<DeviceClass>,
}

impl Known {
    pub fn scopes() -> Vec<Scope> {
        [
            PersistentVolumeClaim::kind_ref(),
            PersistentVolume::kind_ref(),
            StorageClass::kind_ref(),
            CSIDriver::kind_ref(),
            CSINode::kind_ref(),
            CSIStorageCapacity::kind_ref(),
            VolumeAttachment::kind_ref(),
            Namespace::kind_ref(),
            PodDisruptionBudget::kind_ref(),
            ResourceClaim::kind_ref(),
            DeviceClass::kind_ref(),
        ]
        .map(Scope::all)
        .into()
    }

    /// Takes a change in. Changes of other kinds are none of its business.
    pub fn apply(&mut self, c: &Change) -> bool {
        self.claims.apply(c)
            || self.volumes.apply(c)
            || self.classes.apply(c)
            || self.drivers.apply(c)
            || self.csi_nodes.apply(c)
            || self.capacities.apply(c)
            || self.attachments.apply(c)
            || self.namespaces.apply(c)
            || self.budgets.apply(c)
            || self.device_claims.apply(c)
            || self.device_classes.apply(c)
    }

    pub fn class_of(&self, c: &PersistentVolumeClaim) -> Option<&StorageClass> {
        self.classes.get("", persistentvolumeclaim::class(c))
    }

    pub fn labels_of_namespace(&self, name: &str) -> Option<&Labels> {
        self.namespaces.get("", name)?.metadata.labels.as_ref()
    }
}
