//! DefaultStorageClass: a claim that names no class gets the default one.
//! Real Kubernetes: plugin/pkg/admission/storage/storageclass/setdefault.

use super::Plugin;
use crate::api::kinds::{PersistentVolumeClaim, StorageClass};
use crate::api::object::Resource;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("DefaultStorageClass") };

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// Names that older versions used, and still mean something.
const BETA_DEFAULT: &str = "storageclass.beta.kubernetes.io/is-default-class";
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let Some(claim) = o.get::<PersistentVolumeClaim>().filter(|_| old.is_none()) else { return Ok(()) };
    let named = claim.spec.as_ref().is_some_and(|s| s.storage_class_name.is_some());
    if named || claim.annotation(BETA_CLASS).is_some() {
        return Ok(());
    }
    let Some(class) = default_class(api).map(|c| c.name().to_string()) else { return Ok(()) };
    if let Some(claim) = o.get_mut::<PersistentVolumeClaim>() {
        claim.spec.get_or_insert_default().storage_class_name = Some(class);
    }
    Ok(())
}

/// The default class; of several the youngest.
fn default_class(api: &ApiServer) -> Option<&StorageClass> {
    let all = api.store().all::<StorageClass>();
    let default = |c: &&StorageClass| [DEFAULT, BETA_DEFAULT].iter().any(|a| c.annotation(a) == Some("true"));
    let mut all: Vec<&StorageClass> = all.filter(default).collect();
    all.sort_by(|a, b| {
        let made = |c: &StorageClass| c.metadata.creation_timestamp.clone();
        made(b).cmp(&made(a)).then_with(|| a.name().cmp(b.name()))
    });
    all.first().copied()
}
