//! Admission: what may complete or refuse an object before it is stored, in Kubernetes' order.
//!
//! First every plugin may change the object ([`Plugin::mutate`]), then the object is validated, then every plugin may refuse it
//! ([`Plugin::validate`]). What a policy or a webhook has changed, all look at once more ([`reinvocation`]). What policies and
//! webhooks are for, [`matching`] tells; they see a [`request`] and change a [`draft`]. [`Caller::subresource`] tells through which
//! part of the object it is written. What is deleted, and what is asked of an object without writing it, has phases of its own. To
//! add a plugin: write its file, add its line to [`PLUGINS`].
//! Real Kubernetes: apiserver/pkg/admission, plugin/pkg/admission, pkg/kubeapiserver/options/plugins.go.

mod certificate_approval;
mod certificate_signing;
mod certificate_subject_restriction;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod draft;
mod limit_ranger;
mod matching;
mod mountable_secrets;
mod mutating_admission_policy;
mod namespace_lifecycle;
mod node_declared_features;
mod node_restriction;
mod persistent_volume_claim_resize;
mod pod_resize_validator;
mod pod_security;
mod pod_topology_labels;
pub(super) mod policy;
mod priority;
pub(super) mod reinvocation;
mod request;
mod resource_quota;
mod runtime_class;
mod service_account;
mod steps;
mod storage_object_in_use;
mod taint_nodes_by_condition;
mod validating_admission_policy;
pub mod webhooks;

use serde_json::Value;

use super::ApiServer;
use super::caller::Caller;
use crate::api::kind::Subresource;
use crate::api::kinds::{
    MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
};
use crate::api::object::{Key, Resource};
use crate::api::{Object, Status};
use reinvocation::Reinvocation;
use steps::Witness;

/// A request that makes something of an object without being a write of it: an eviction, a token, a binding.
pub struct Ask<'a> {
    /// The object.
    pub key: &'a Key,
    pub part: Subresource,
    /// What is asked; others may change it.
    pub body: Value,
}

/// One plugin. `old` is the object as it was: on a creation there is none.
pub struct Plugin {
    pub name: &'static str,
    /// Whether it looks at updates of the status, too.
    pub status: bool,
    pub mutate: fn(&ApiServer, new: &mut Object, old: Option<&Object>, &mut Caller<'_>) -> Result<(), Status>,
    pub validate: fn(&mut ApiServer, new: &Object, old: Option<&Object>, &mut Caller<'_>) -> Result<(), Status>,
    /// Before something is deleted that is there.
    pub delete: fn(&ApiServer, &Key, &mut Caller<'_>) -> Result<(), Status>,
    /// May change what is asked of an object.
    pub alter: fn(&ApiServer, &mut Ask<'_>, &mut Caller<'_>) -> Result<(), Status>,
    pub ask: fn(&ApiServer, &Ask<'_>, &mut Caller<'_>) -> Result<(), Status>,
}

impl Plugin {
    /// A plugin that lets everything pass; its file overrides what it does.
    const fn new(name: &'static str) -> Plugin {
        Plugin {
            name,
            status: false,
            mutate: |_, _, _, _| Ok(()),
            validate: |_, _, _, _| Ok(()),
            delete: |_, _, _| Ok(()),
            alter: |_, _, _| Ok(()),
            ask: |_, _, _| Ok(()),
        }
    }

    fn concerns(&self, who: &Caller<'_>) -> bool {
        self.status || who.subresource != Some(Subresource::Status)
    }
}

pub static PLUGINS: &[Plugin] = &[
    namespace_lifecycle::PLUGIN,
    limit_ranger::PLUGIN,
    service_account::PLUGIN,
    node_restriction::PLUGIN,
    taint_nodes_by_condition::PLUGIN,
    pod_security::PLUGIN,
    priority::PLUGIN,
    default_toleration_seconds::PLUGIN,
    default_storage_class::PLUGIN,
    storage_object_in_use::PLUGIN,
    persistent_volume_claim_resize::PLUGIN,
    runtime_class::PLUGIN,
    certificate_approval::PLUGIN,
    certificate_signing::PLUGIN,
    certificate_subject_restriction::PLUGIN,
    default_ingress_class::PLUGIN,
    pod_topology_labels::PLUGIN,
    node_declared_features::PLUGIN,
    pod_resize_validator::PLUGIN,
    mutating_admission_policy::PLUGIN,
    webhooks::MUTATING,
    validating_admission_policy::PLUGIN,
    webhooks::VALIDATING,
    resource_quota::PLUGIN,
];

/// Whether somebody may look at requests beside the server itself: there are policies or webhooks.
pub(super) fn is_watched(api: &ApiServer) -> bool {
    let kinds = [
        MutatingAdmissionPolicyBinding::kind_ref(),
        ValidatingAdmissionPolicyBinding::kind_ref(),
        MutatingWebhookConfiguration::kind_ref(),
        ValidatingWebhookConfiguration::kind_ref(),
    ];
    kinds.into_iter().any(|kind| api.store().count(kind) > 0)
}

/// Of several default classes the youngest counts, of those that are equally young the first by name.
fn youngest<'a, T: Resource>(classes: impl Iterator<Item = &'a T>) -> Option<&'a T> {
    let made = |c: &T| c.metadata().creation_timestamp.clone();
    classes.min_by(|a, b| made(b).cmp(&made(a)).then_with(|| a.name().cmp(b.name())))
}

/// Lets the plugins complete an object that is written. If a policy or a webhook has changed it, all look at it once more.
pub(super) fn mutate(
    api: &ApiServer,
    new: &mut Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    twice(who, |who| {
        let mut witness = Witness::of(new, who);
        each(who, |p, who| {
            if !p.concerns(who) {
                return Ok(());
            }
            let done = (p.mutate)(api, new, old, who);
            witness.note(p, new, who);
            done
        })
    })
}

/// The same for an object that is created. One that gets its name here does not have it yet: in a refusal it goes by what
/// its name will begin with.
pub(super) fn mutate_new(
    api: &ApiServer,
    new: &mut Object,
    named_here: bool,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    if !named_here {
        return mutate(api, new, None, who);
    }
    let name = new.meta_mut().name.take();
    let done = mutate(api, new, None, who);
    if new.name().is_empty() {
        new.meta_mut().name = name;
    }
    done.map_err(|mut status| {
        let prefix = new.meta().generate_name.as_deref().unwrap_or("");
        let nameless = format!("{} is forbidden: ", new.kind().group_resource());
        if let (Some(why), Some(details)) = (status.message.strip_prefix(&nameless), &mut status.details) {
            status.message = format!("{} {prefix:?} is forbidden: {why}", new.kind().group_resource());
            details.name = prefix.into();
        }
        status
    })
}

/// Asks one plugin after another until one refuses, who is noted.
fn each<'a>(
    who: &mut Caller<'a>,
    mut ask: impl FnMut(&Plugin, &mut Caller<'a>) -> Result<(), Status>,
) -> Result<(), Status> {
    PLUGINS.iter().try_for_each(|p| ask(p, who).inspect_err(|_| steps::note_refusal(p, who)))
}

/// Runs a round of all plugins, and another if somebody has changed something that those before should see.
fn twice<'a>(who: &mut Caller<'a>, mut round: impl FnMut(&mut Caller<'a>) -> Result<(), Status>) -> Result<(), Status> {
    who.reinvocation = Reinvocation::default();
    round(who)?;
    if !who.reinvocation.wanted {
        return Ok(());
    }
    who.reinvocation.again = true;
    round(who)
}

/// Lets the plugins refuse an object that is otherwise right.
pub(super) fn validate(
    api: &mut ApiServer,
    new: &Object,
    old: Option<&Object>,
    who: &mut Caller<'_>,
) -> Result<(), Status> {
    each(who, |p, who| if p.concerns(who) { (p.validate)(api, new, old, who) } else { Ok(()) })
}

/// Lets the plugins refuse a deletion. One that an eviction leads to was judged as that.
pub(super) fn delete(api: &ApiServer, key: &Key, who: &mut Caller<'_>) -> Result<(), Status> {
    if who.subresource == Some(Subresource::Eviction) {
        return Ok(());
    }
    who.reinvocation = Reinvocation::default();
    each(who, |p, who| (p.delete)(api, key, who))
}

/// Lets the plugins change, and refuse, what is asked of an object.
pub(super) fn ask(api: &ApiServer, asked: &mut Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    if asked.body["metadata"]["namespace"].as_str().unwrap_or("").is_empty() {
        asked.body["metadata"]["namespace"] = asked.key.namespace.as_str().into();
    }
    twice(who, |who| each(who, |p, who| (p.alter)(api, asked, who)))?;
    each(who, |p, who| (p.ask)(api, asked, who))
}
