//! StorageObjectInUseProtection: volumes, claims and classes of their attributes are held by a finalizer as long as they are used.
//! Real Kubernetes: plugin/pkg/admission/storage/storageobjectinuseprotection.

use super::Plugin;
use crate::api::kinds::{PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass};
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("StorageObjectInUseProtection") };

fn mutate(_: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let finalizer = match () {
        () if old.is_some() => return Ok(()),
        () if o.get::<PersistentVolume>().is_some() => "kubernetes.io/pv-protection",
        () if o.get::<PersistentVolumeClaim>().is_some() => "kubernetes.io/pvc-protection",
        () if o.get::<VolumeAttributesClass>().is_some() => "kubernetes.io/vac-protection",
        () => return Ok(()),
    };
    let all = o.meta_mut().finalizers.get_or_insert_default();
    if !all.iter().any(|f| f == finalizer) {
        all.push(finalizer.into());
    }
    Ok(())
}
