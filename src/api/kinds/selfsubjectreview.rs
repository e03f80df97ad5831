//! authentication.k8s.io/v1 SelfSubjectReview.

use super::SelfSubjectReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authentication.k8s.io", "v1"), "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview")
};
