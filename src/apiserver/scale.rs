//! Who owns the replicas when they are written through the `scale` subresource: one field of the object, which is a whole object there.
//! Real Kubernetes: apimachinery/pkg/util/managedfields/scalehandler.go, pkg/registry/apps/deployment/storage/storage.go.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Value, json};

use crate::api::managed::{PathElement, Scale, ScaleOwners, entries_of, on_apply, on_update};
use crate::api::ownership::By;
use crate::api::patch::PatchType;
use crate::api::request::Method;
use crate::api::{KindRef, Object, Reason, Status};

/// The owners of an object, and of its scale.
pub struct OwnedScale {
    api_version: String,
    replicas: Vec<PathElement>,
    parent: Vec<ManagedFieldsEntry>,
    scale: Vec<ManagedFieldsEntry>,
}

fn internal(why: String) -> Status {
    Status::new(Reason::Unknown, why)
}

impl OwnedScale {
    pub fn of(o: &Object, kind: KindRef) -> Result<OwnedScale, Status> {
        let path = match kind.custom().and_then(|c| c.replicas_path()) {
            Some(path) => path.iter().map(|step| PathElement::field(step)).collect(),
            None => vec![PathElement::field("spec"), PathElement::field("replicas")],
        };
        let entries = json!({"metadata": {"managedFields": o.owners().map_or(&Value::Null, |o| o)}});
        let parent = if o.owners().is_some() { entries_of(&entries).map_err(internal)? } else { vec![] };
        let mut owned = OwnedScale { api_version: kind.api_version(), replicas: path, parent, scale: vec![] };
        owned.scale = owned.with(|owners| owners.of_scale(&owned.parent)).map_err(internal)?;
        Ok(owned)
    }

    fn with<R>(&self, f: impl FnOnce(&ScaleOwners<'_>) -> R) -> R {
        let replicas = [(self.api_version.as_str(), Some(self.replicas.clone()))];
        f(&ScaleOwners { api_version: &self.api_version, replicas: &replicas })
    }

    /// The scale with its owners.
    fn whole(&self, scale: &Value) -> Value {
        let mut scale = scale.clone();
        scale["metadata"]["managedFields"] = json!(self.scale);
        scale
    }

    /// The scale that an apply makes.
    pub fn applied(&self, scale: &Value, config: &Value, force: bool, by: &By) -> Result<Value, Status> {
        on_apply(Some(&self.whole(scale)), config, &Scale, &by.writer(), force)
    }

    /// The owners of the object, once its scale is what was wanted.
    pub fn after(&self, before: &Value, wanted: Value, method: Method, by: &By) -> Result<Arc<Value>, Status> {
        let mut after = wanted;
        if method != Method::Patch(PatchType::Apply) {
            if method != Method::Put {
                after["metadata"]["managedFields"] = json!(self.scale);
            }
            on_update(Some(&self.whole(before)), &mut after, &Scale, &by.writer());
        }
        let scale = match after["metadata"].get("managedFields") {
            None | Some(Value::Null) => vec![],
            Some(_) => entries_of(&after).map_err(internal)?,
        };
        let parent = self.with(|owners| owners.of_parent(&self.parent, &scale)).map_err(internal)?;
        Ok(Arc::new(json!(parent)))
    }
}
