//! What admission policies of both kinds share: their expressions made ready, which requests they are for, their parameters.
//!
//! [`ready`] has a policy's expressions compiled, once for each content; [`aim`] tells for which requests a
//! policy and its bindings are, [`params`] finds the objects that a binding names; [`seen`] is
//! what expressions see. The plugins are
//! [`validating_admission_policy`](super::validating_admission_policy) and
//! [`mutating_admission_policy`](super::mutating_admission_policy).
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/{generic,validating,mutating}, plugin/cel, plugin/webhook/matchconditions.

pub mod aim;
pub mod apply_configuration;
pub mod conditions;
pub mod params;
pub mod ready;
pub mod seen;

use crate::api::KindRef;
use crate::api::kinds::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use crate::api::object::Resource;

/// Policies do not judge policies, so that nobody can lock himself out.
pub fn is_exempt(kind: KindRef) -> bool {
    kind.group() == "admissionregistration.k8s.io" && !is_webhooks(kind)
}

fn is_webhooks(kind: KindRef) -> bool {
    kind == MutatingWebhookConfiguration::kind_ref() || kind == ValidatingWebhookConfiguration::kind_ref()
}

/// Whether what goes wrong in a policy is let pass.
pub fn ignores_failures(policy: Option<&str>) -> bool {
    policy == Some("Ignore")
}
