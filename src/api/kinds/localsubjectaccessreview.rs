//! authorization.k8s.io/v1 LocalSubjectAccessReview: names, validation.
//! Real Kubernetes: pkg/apis/authorization/validation, pkg/registry/authorization/localsubjectaccessreview.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::LocalSubjectAccessReview;
use super::access_review::{self, Question};
use crate::api::Resource;
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<LocalSubjectAccessReview> = Kind {
    verbs: CREATE_ONLY,
    validate,
    ..Kind::new(("authorization.k8s.io", "v1"), "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview")
};

fn validate(r: &LocalSubjectAccessReview, errors: &mut FieldErrors) {
    Question::from(&r.spec).validate(errors);
    if !access_review::is_empty(&ObjectMeta { namespace: None, ..r.metadata.clone() }) {
        access_review::validate_no_metadata(&r.metadata, "must be empty except for namespace", errors);
    }
    let spec = Path::new("spec");
    if let Some(a) = &r.spec.resource_attributes
        && a.namespace.as_deref().unwrap_or("") != r.namespace()
    {
        let attributes = spec.child("resourceAttributes");
        let given = a.namespace.clone().unwrap_or_default();
        errors.invalid(&attributes.child("namespace"), given, "must match metadata.namespace");
    }
    if let Some(a) = &r.spec.non_resource_attributes {
        let shown = internal::shown(a, "authorization/v1.NonResourceAttributes");
        errors.invalid_struct(&spec.child("nonResourceAttributes"), shown, "disallowed on this kind of request");
    }
}
