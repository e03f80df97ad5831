//! admissionregistration.k8s.io/v1 MutatingAdmissionPolicy.

use super::MutatingAdmissionPolicy;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<MutatingAdmissionPolicy> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    columns: &[
        Column::name(),
        // COLUMN {"name": "Mutations", "type": "integer", "format": "", "description": "Mutation indicates the number of mutations rules defined in this configuration", "priority": 0}
        // COLUMN {"name": "ParamKind", "type": "string", "format": "", "description": "ParamKind specifies the kind of resources used to parameterize this policy", "priority": 0}
        Column::age(),
    ],
    storage_version: Some("v1beta1"),
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy")
};
