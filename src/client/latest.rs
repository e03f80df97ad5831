//! Writing what somebody else may have changed meanwhile: on a conflict the same is done to the newest.
//! Real Kubernetes: client-go/util/retry RetryOnConflict, as the StatefulSet controller uses it.

use std::sync::Arc;

use crate::api::object::Resource;
use crate::api::{Object, Reason, Status};
use crate::world::Ctx;

/// `change` is made to what is known, and if that is no longer the newest, once more to what the API server has.
///
/// # Errors
/// The API server refused it, or somebody was faster twice.
pub fn update_latest<T: Resource>(
    known: &T,
    change: impl Fn(&mut T),
    write: impl Fn(T, &mut Ctx<'_>) -> Result<Arc<Object>, Status>,
    ctx: &mut Ctx<'_>,
) -> Result<Arc<Object>, Status> {
    let changed = |o: &T| {
        let mut new = o.clone();
        change(&mut new);
        new
    };
    match write(changed(known), ctx) {
        Err(e) if e.is(Reason::Conflict) => {
            let newest = ctx.api::<T>().get(known.namespace(), known.name())?;
            let newest = newest.get::<T>().ok_or_else(|| Status::internal("an object of another kind"))?;
            write(changed(newest), ctx)
        }
        done => done,
    }
}
