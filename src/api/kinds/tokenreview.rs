//! authentication.k8s.io/v1 TokenReview.

use super::TokenReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<TokenReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authentication.k8s.io", "v1"), "TokenReview", "tokenreviews", "tokenreview")
};
