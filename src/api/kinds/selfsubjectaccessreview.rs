//! authorization.k8s.io/v1 SelfSubjectAccessReview.

use super::SelfSubjectAccessReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectAccessReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authorization.k8s.io", "v1"), "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview")
};
