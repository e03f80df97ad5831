//! Admission: what may refuse or complete an object before it is validated and stored, in Kubernetes' order.
//! To add a plugin: write its file, add its line to [`PLUGINS`].
//! Real Kubernetes: apiserver/pkg/admission, plugin/pkg/admission, pkg/kubeapiserver/options/plugins.go.

mod default_toleration_seconds;
mod namespace_lifecycle;
mod priority;
mod runtime_class;
mod service_account;
mod taint_nodes_by_condition;

use super::ApiServer;
use super::caller::Caller;
use crate::api::{Object, Status};

/// One plugin. Those that only look at creation leave `update` as it is.
pub struct Plugin {
    pub name: &'static str,
    pub create: fn(&ApiServer, &mut Object, &mut Caller<'_>) -> Result<(), Status>,
    pub update: fn(&ApiServer, &mut Object, &Object, &mut Caller<'_>) -> Result<(), Status>,
}

pub static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    service_account::PLUGIN,
    taint_nodes_by_condition::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    runtime_class::PLUGIN,
];

fn not_on_update(_: &ApiServer, _: &mut Object, _: &Object, _: &mut Caller<'_>) -> Result<(), Status> {
    Ok(())
}

pub(super) fn on_create(api: &ApiServer, o: &mut Object, who: &mut Caller<'_>) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|p| (p.create)(api, o, who))
}

pub(super) fn on_update(api: &ApiServer, new: &mut Object, old: &Object, who: &mut Caller<'_>) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|p| (p.update)(api, new, old, who))
}
