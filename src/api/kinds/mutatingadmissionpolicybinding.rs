//! admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding.

use super::MutatingAdmissionPolicyBinding;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<MutatingAdmissionPolicyBinding> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "PolicyName", "type": "string", "format": "", "description": "PolicyName indicates the policy definition which the policy binding binded to", "priority": 0}
        // COLUMN {"name": "ParamRef", "type": "string", "format": "", "description": "ParamRef indicates the param resource which sets the configuration param", "priority": 0}
        Column::age(),
    ],
    storage_version: Some("v1beta1"),
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding")
};
