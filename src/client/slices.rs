//! EndpointSlices as the controllers write them that keep some of them.

use super::Cache;
use crate::api::kinds::EndpointSlice;
use crate::api::{Reason, Resource, Status};
use crate::world::Ctx;

/// What is to be written. A slice that is changed keeps its name.
#[derive(Clone, Default, Debug)]
pub struct Changes {
    pub create: Vec<EndpointSlice>,
    pub update: Vec<EndpointSlice>,
    pub delete: Vec<EndpointSlice>,
}

impl Changes {
    /// Writes them all, and has the cache know it at once.
    ///
    /// # Errors
    /// The API server refused one; those after it are not written.
    pub fn write(self, slices: &mut Cache<EndpointSlice>, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        for s in self.create {
            match ctx.api::<EndpointSlice>().create(s) {
                Ok(o) => slices.put(&o),
                // Nothing is made in a namespace that ends.
                Err(e) if e.namespace_ends() => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        for s in self.update {
            let o = ctx.api::<EndpointSlice>().update(s)?;
            slices.put(&o);
        }
        for s in self.delete {
            match ctx.api::<EndpointSlice>().delete(s.namespace(), s.name(), Default::default()) {
                Err(e) if !e.is(Reason::NotFound) => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }
}
