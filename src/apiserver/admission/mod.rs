//! Admission: what may complete or refuse an object before it is stored, in Kubernetes' order.
//!
//! First every plugin may change the object ([`Plugin::mutate`]), then the object is validated, then every plugin may refuse it
//! ([`Plugin::validate`]). To add a plugin: write its file, add its line to [`PLUGINS`].
//! Real Kubernetes: apiserver/pkg/admission, plugin/pkg/admission, pkg/kubeapiserver/options/plugins.go.

mod default_storage_class;
mod default_toleration_seconds;
mod limit_ranger;
mod mutating_admission_policy;
mod namespace_lifecycle;
pub(super) mod policy;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod storage_object_in_use;
mod taint_nodes_by_condition;
mod validating_admission_policy;

use super::ApiServer;
use super::caller::Caller;
use crate::api::{Object, Status};

/// One plugin. `old` is the object as it was: on a creation there is none.
pub struct Plugin {
    pub name: &'static str,
    pub mutate: fn(&ApiServer, new: &mut Object, old: Option<&Object>, &mut Caller<'_>) -> Result<(), Status>,
    pub validate: fn(&mut ApiServer, new: &Object, old: Option<&Object>, &mut Caller<'_>) -> Result<(), Status>,
}

impl Plugin {
    /// A plugin that lets everything pass; its file overrides what it does.
    const fn new(name: &'static str) -> Plugin {
        Plugin { name, mutate: |_, _, _, _| Ok(()), validate: |_, _, _, _| Ok(()) }
    }
}

pub static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    limit_ranger::PLUGIN,
    service_account::PLUGIN,
    taint_nodes_by_condition::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    default_storage_class::PLUGIN,
    storage_object_in_use::PLUGIN,
    runtime_class::PLUGIN,
    mutating_admission_policy::PLUGIN,
    validating_admission_policy::PLUGIN,
    resource_quota::PLUGIN,
];

/// Lets the plugins complete an object that is written.
pub(super) fn mutate(
    api: &ApiServer,
    new: &mut Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|p| (p.mutate)(api, new, old, who))
}

/// Lets the plugins refuse an object that is otherwise right.
pub(super) fn validate(
    api: &mut ApiServer,
    new: &Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|p| (p.validate)(api, new, old, who))
}

/// Lets policies refuse a new status.
pub(super) fn validate_status(api: &ApiServer, new: &Object, old: &Object, who: &mut Caller<'_>) -> Result<(), Status> {
    validating_admission_policy::judge(api, Some(new), Some(old), who)
}

/// Lets policies refuse the deletion of an object.
pub(super) fn validate_delete(api: &ApiServer, old: &Object, who: &mut Caller<'_>) -> Result<(), Status> {
    validating_admission_policy::judge(api, None, Some(old), who)
}
