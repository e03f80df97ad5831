//! authorization.k8s.io/v1 SubjectAccessReview.

use super::SubjectAccessReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SubjectAccessReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authorization.k8s.io", "v1"), "SubjectAccessReview", "subjectaccessreviews", "subjectaccessreview")
};
