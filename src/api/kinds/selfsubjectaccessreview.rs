//! authorization.k8s.io/v1 SelfSubjectAccessReview: names, validation.
//! Real Kubernetes: pkg/apis/authorization/validation, pkg/registry/authorization/selfsubjectaccessreview.

use super::SelfSubjectAccessReview;
use super::access_review::{Question, validate_no_metadata};
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectAccessReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    validate: |r, errors| {
        Question::from(&r.spec).validate(errors);
        validate_no_metadata(&r.metadata, "must be empty", errors);
    },
    ..Kind::new(("authorization.k8s.io", "v1"), "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview")
};
