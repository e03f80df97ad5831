//! authorization.k8s.io/v1 LocalSubjectAccessReview.

use super::LocalSubjectAccessReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<LocalSubjectAccessReview> = Kind {
    verbs: CREATE_ONLY,
    ..Kind::new(("authorization.k8s.io", "v1"), "LocalSubjectAccessReview", "localsubjectaccessreviews", "localsubjectaccessreview")
};
