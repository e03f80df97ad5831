//! authorization.k8s.io/v1 SelfSubjectRulesReview.

use super::SelfSubjectRulesReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<SelfSubjectRulesReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authorization.k8s.io", "v1"), "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview")
};
