//! EndpointSlices as the controllers write them that keep some of them.

use super::Cache;
use crate::api::kinds::EndpointSlice;
use crate::api::{Key, Resource, Status, names, unless_gone};
use crate::world::Ctx;

/// How the names of slices begin that serve `name`: with a dash, if that makes a name.
/// Real Kubernetes: k8s.io/endpointslice getEndpointSlicePrefix.
pub fn prefix(name: &str) -> String {
    let dashed = format!("{name}-");
    if names::dns1123_subdomain(&dashed, true).is_empty() { dashed } else { name.into() }
}

/// What is to be written. A slice that is changed keeps its name.
#[derive(Clone, Default, Debug)]
pub struct Changes {
    pub create: Vec<EndpointSlice>,
    pub update: Vec<EndpointSlice>,
    pub delete: Vec<EndpointSlice>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.create.is_empty() && self.update.is_empty() && self.delete.is_empty()
    }

    /// Writes them all, and has the cache know it at once. `owner` is what they are kept for: a Service, or Endpoints that are mirrored.
    ///
    /// # Errors
    /// The API server refused one, as the message says; those after it are not written.
    pub fn write(self, owner: &Key, slices: &mut Cache<EndpointSlice>, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let failed = |what: &str, e: Status| {
            let Key { kind, namespace, name } = owner;
            Status { message: format!("failed to {what} for {} {namespace}/{name}: {}", kind.name(), e.message), ..e }
        };
        for s in self.create {
            match ctx.api::<EndpointSlice>().create(s) {
                Ok(o) => slices.put(&o),
                // Nothing is made in a namespace that ends.
                Err(e) if e.namespace_ends() => return Ok(()),
                Err(e) => return Err(failed("create EndpointSlice", e)),
            }
        }
        for s in self.update {
            let what = format!("update {} EndpointSlice", s.name());
            let o = ctx.api::<EndpointSlice>().update(s).map_err(|e| failed(&what, e))?;
            slices.put(&o);
        }
        for s in self.delete {
            let done = ctx.api::<EndpointSlice>().delete(s.namespace(), s.name(), Default::default());
            unless_gone(done).map_err(|e| failed(&format!("delete {} EndpointSlice", s.name()), e))?;
        }
        Ok(())
    }
}
