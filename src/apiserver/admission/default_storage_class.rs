//! DefaultStorageClass: a claim that names no class gets the default one.
//! Real Kubernetes: plugin/pkg/admission/storage/storageclass/setdefault.

use super::{Plugin, youngest};
use crate::api::kinds::{PersistentVolumeClaim, StorageClass, storageclass};
use crate::api::object::Resource;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("DefaultStorageClass") };

/// The name that older versions gave to a claim's class; it still means something.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(claim) = o.get::<PersistentVolumeClaim>().filter(|_| old.is_none()) else { return Ok(()) };
    let named = claim.spec.as_ref().is_some_and(|s| s.storage_class_name.is_some());
    if named || claim.annotation(BETA_CLASS).is_some() {
        return Ok(());
    }
    let defaults = api.store().all::<StorageClass>().filter(|c| storageclass::is_default(c));
    let Some(class) = youngest(defaults).map(|c| c.name().to_string()) else { return Ok(()) };
    if let Some(claim) = o.get_mut::<PersistentVolumeClaim>() {
        claim.spec.get_or_insert_default().storage_class_name = Some(class);
    }
    Ok(())
}
