//! NamespaceLifecycle: nothing is created in a namespace that is not there or is going away.
//! Real Kubernetes: apiserver/pkg/admission/plugin/namespace/lifecycle.

use super::Plugin;
use crate::api::kinds::Namespace;
use crate::api::status::Cause;
use crate::api::{Object, Resource, Status};
use crate::apiserver::write::{NamespaceState, namespace_state};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("NamespaceLifecycle") };

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    if old.is_some() || !o.kind().namespaced() {
        return Ok(());
    }
    let ns = o.namespace();
    match namespace_state(api, ns) {
        NamespaceState::Active => Ok(()),
        NamespaceState::Missing => Err(Status::not_found(Namespace::kind_ref(), ns)),
        NamespaceState::Terminating => {
            let why = format!("unable to create new content in namespace {ns} because it is being terminated");
            let mut status = Status::forbidden(o.kind(), o.name(), &why);
            if let Some(d) = &mut status.details {
                d.causes.push(Cause {
                    reason: "NamespaceTerminating".into(),
                    message: format!("namespace {ns} is being terminated"),
                    field: "metadata.namespace".into(),
                });
            }
            Err(status)
        }
    }
}
