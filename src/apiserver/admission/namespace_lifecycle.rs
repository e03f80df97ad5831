//! NamespaceLifecycle: nothing is created in a namespace that is not there or is going away, and some namespaces stay.
//! Real Kubernetes: apiserver/pkg/admission/plugin/namespace/lifecycle.

use super::{Ask, Plugin};
use crate::api::kinds::Namespace;
use crate::api::object::Key;
use crate::api::status::{Cause, NAMESPACE_ENDS};
use crate::api::{KindRef, Object, Resource, Status};
use crate::apiserver::write::{NamespaceState, namespace_state};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, delete, ask, ..Plugin::new("NamespaceLifecycle") };

const NAMESPACES_THAT_STAY: [&str; 3] = ["default", "kube-system", "kube-public"];

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    if old.is_some() || !o.kind().namespaced() {
        return Ok(());
    }
    judge(api, o.kind(), o.namespace(), o.name())
}

/// What is asked of an object counts as something new in its namespace.
fn ask(api: &ApiServer, asked: &Ask<'_>, _: &mut Caller<'_>) -> Result<(), Status> {
    judge(api, asked.key.kind, &asked.key.namespace, &asked.key.name)
}

fn judge(api: &ApiServer, kind: KindRef, ns: &str, name: &str) -> Result<(), Status> {
    match namespace_state(api, ns) {
        NamespaceState::Active => Ok(()),
        NamespaceState::Missing => Err(Status::not_found(Namespace::kind_ref(), ns)),
        NamespaceState::Terminating => {
            let why = format!("unable to create new content in namespace {ns} because it is being terminated");
            let mut status = Status::forbidden(kind, name, &why);
            if let Some(d) = &mut status.details {
                d.causes.push(Cause {
                    reason: NAMESPACE_ENDS.into(),
                    message: format!("namespace {ns} is being terminated"),
                    field: "metadata.namespace".into(),
                });
            }
            Err(status)
        }
    }
}

fn delete(_: &ApiServer, key: &Key, _: &mut Caller<'_>) -> Result<(), Status> {
    if key.kind == Namespace::kind_ref() && NAMESPACES_THAT_STAY.contains(&&*key.name) {
        return Err(Status::forbidden(key.kind, &key.name, "this namespace may not be deleted"));
    }
    Ok(())
}
