//! What admission policies of both kinds share: their expressions made ready, which requests they are for, their parameters.
//!
//! [`ready`] has a policy's expressions compiled, once for each content; [`matching`] tells whether a request is meant; [`params`]
//! finds the objects that a binding names; [`request`] is what expressions see. The plugins are
//! [`validating_admission_policy`](super::validating_admission_policy) and
//! [`mutating_admission_policy`](super::mutating_admission_policy).
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/{generic,matching}, plugin/cel, plugin/webhook/matchconditions.

pub mod apply_configuration;
pub mod conditions;
pub mod json_patch;
pub mod matching;
pub mod params;
pub mod ready;
pub mod request;

use crate::api::Object;
use crate::api::kinds::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};

/// Policies do not judge policies, so that nobody can lock himself out.
pub fn is_exempt(o: &Object) -> bool {
    o.get::<ValidatingAdmissionPolicy>().is_some()
        || o.get::<ValidatingAdmissionPolicyBinding>().is_some()
        || o.get::<MutatingAdmissionPolicy>().is_some()
        || o.get::<MutatingAdmissionPolicyBinding>().is_some()
}

/// Whether what goes wrong in a policy is let pass.
pub fn ignores_failures(policy: Option<&str>) -> bool {
    policy == Some("Ignore")
}
