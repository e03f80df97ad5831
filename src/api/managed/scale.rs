//! Who owns the replicas: between an object and its `scale` subresource the owners of that one field are carried over.
//!
//! Real Kubernetes: apimachinery/pkg/util/managedfields/scalehandler.go.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

use super::element::PathElement;
use super::owners::{Owned, Owners};
use super::set::FieldSet;
use super::versions::SCALE;

/// Where an object has its replicas.
pub struct ScaleOwners<'a> {
    /// The version of the request.
    pub api_version: &'a str,
    /// The path in each version; `None` where the version has no scale.
    pub replicas: &'a [(&'a str, Option<Vec<PathElement>>)],
}

impl ScaleOwners<'_> {
    fn path(&self, version: &str) -> Option<Option<&[PathElement]>> {
        self.replicas.iter().find(|(v, _)| *v == version).map(|(_, path)| path.as_deref())
    }

    /// The owners of the scale: whoever owns the object's replicas.
    ///
    /// # Errors
    /// The object's entries cannot be read.
    pub fn of_scale(&self, parent: &[ManagedFieldsEntry]) -> Result<Vec<ManagedFieldsEntry>, String> {
        let mut owners = Owners::decode(parent)?;
        owners.0.retain(|_, o| self.path(&o.api_version).flatten().is_some_and(|path| o.fields.has_path(path)));
        for owned in owners.0.values_mut() {
            owned.fields = FieldSet::of_fields(&[&["spec", "replicas"]]);
            owned.api_version = SCALE.0.into();
        }
        Ok(owners.encode())
    }

    /// The owners of the object after the scale was written: whoever does not own the scale's replicas any more does
    /// not own the object's. A writer is another one in another version of the API, so the scale's are new ones there,
    /// without a time.
    ///
    /// # Errors
    /// The entries cannot be read.
    pub fn of_parent(
        &self,
        parent: &[ManagedFieldsEntry],
        scale: &[ManagedFieldsEntry],
    ) -> Result<Vec<ManagedFieldsEntry>, String> {
        let (parent, mut scale) = (Owners::decode(parent)?, Owners::decode(scale)?);
        let mut out = Owners::default();
        for (manager, owned) in &parent.0 {
            let Some(path) = self.path(&owned.api_version) else { continue };
            let fields = match path.filter(|p| owned.fields.has_path(p)) {
                Some(path) if scale.0.remove(manager).is_none() => owned.fields.difference(&FieldSet::of(path)),
                _ => owned.fields.clone(),
            };
            if !fields.is_empty() {
                out.0.insert(manager.clone(), Owned { fields, ..owned.clone() });
            }
        }
        let replicas = [PathElement::field("spec"), PathElement::field("replicas")];
        let own = self.path(self.api_version).flatten().map(FieldSet::of).unwrap_or_default();
        for (manager, _) in scale.0.into_iter().filter(|(_, o)| o.fields.has_path(&replicas)) {
            let time = parent.0.get(&manager).and_then(|o| o.time);
            out.0.insert(manager, Owned { fields: own.clone(), api_version: self.api_version.into(), time });
        }
        Ok(out.encode())
    }
}
