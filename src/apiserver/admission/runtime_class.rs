//! RuntimeClass: a pod may name only a class that exists. No class exists, as nobody has made one.
//! Real Kubernetes: plugin/pkg/admission/runtimeclass.

use super::{Plugin, not_on_update};
use crate::api::kinds::Pod;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { name: "RuntimeClass", create, update: not_on_update };

fn create(_: &ApiServer, o: &mut Object, _: &mut Caller<'_>) -> Result<(), Status> {
    let class = o.get::<Pod>().and_then(|p| p.spec.as_ref()?.runtime_class_name.as_deref());
    match class {
        Some(class) => {
            let why = format!("pod rejected: RuntimeClass {class:?} not found");
            Err(Status::forbidden(o.kind(), o.name(), &why))
        }
        None => Ok(()),
    }
}
