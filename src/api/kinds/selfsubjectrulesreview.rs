//! authorization.k8s.io/v1 SelfSubjectRulesReview: names. No rule judges its fields; whoever answers it refuses one without a
//! namespace as a bad request.
//! Real Kubernetes: pkg/registry/authorization/selfsubjectrulesreview.

use super::SelfSubjectRulesReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectRulesReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authorization.k8s.io", "v1"), "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview")
};
