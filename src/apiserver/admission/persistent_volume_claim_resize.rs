//! PersistentVolumeClaimResize: a claim may ask for more only if it is bound, and its class lets volumes grow.
//! Real Kubernetes: plugin/pkg/admission/storage/persistentvolume/resize.

use super::Plugin;
use crate::api::kinds::persistentvolumeclaim::class;
use crate::api::kinds::resources::amount_of;
use crate::api::kinds::{PersistentVolumeClaim, StorageClass};
use crate::api::object::Key;
use crate::api::quantity::Quantity;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("PersistentVolumeClaimResize") };

fn size(c: &PersistentVolumeClaim) -> Quantity {
    let resources = c.spec.as_ref().and_then(|s| s.resources.as_ref());
    amount_of(resources.and_then(|r| r.requests.as_ref()), "storage")
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let claims = o.get::<PersistentVolumeClaim>().zip(old.and_then(|o| o.get::<PersistentVolumeClaim>()));
    let Some((new, old)) = claims.filter(|_| who.subresource.is_none()) else { return Ok(()) };
    if size(new) <= size(old) {
        return Ok(());
    }
    let refuse = |why| Err(Status::forbidden(o.kind(), o.name(), why));
    if old.status.as_ref().and_then(|s| s.phase.as_deref()) != Some("Bound") {
        return refuse("Only bound persistent volume claims can be expanded");
    }
    let key = Key::of::<StorageClass>("", class(new));
    let grows = api.store().get(&key).and_then(|o| o.get::<StorageClass>()?.allow_volume_expansion);
    if class(new).is_empty() || class(new) != class(old) || grows != Some(true) {
        return refuse(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        );
    }
    Ok(())
}
