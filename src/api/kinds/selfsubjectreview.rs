//! authentication.k8s.io/v1 SelfSubjectReview: names. It asks nothing, so nothing can be wrong with it.
//! Real Kubernetes: pkg/registry/authentication/selfsubjectreview.

use super::SelfSubjectReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authentication.k8s.io", "v1"), "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview")
};
