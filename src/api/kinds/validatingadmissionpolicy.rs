//! admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy.

use super::ValidatingAdmissionPolicy;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::Column;

pub static KIND: Kind<ValidatingAdmissionPolicy> = Kind {
    categories: &["api-extensions"],
    namespaced: false,
    subresources: &[Subresource::Status],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Validations", "type": "integer", "format": "", "description": "Validations indicates the number of validation rules defined in this configuration", "priority": 0}
        // COLUMN {"name": "ParamKind", "type": "string", "format": "", "description": "ParamKind specifies the kind of resources used to parameterize this policy", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("admissionregistration.k8s.io", "v1"), "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy")
};
