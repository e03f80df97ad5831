//! authentication.k8s.io/v1 TokenReview: names. No rule judges its fields; whoever answers it refuses one without a token as a
//! bad request.
//! Real Kubernetes: pkg/registry/authentication/tokenreview.

use super::TokenReview;
use crate::api::kind::{CREATE_ONLY, Kind};

pub static KIND: Kind<TokenReview> = Kind {
    namespaced: false,
    verbs: CREATE_ONLY,
    ..Kind::new(("authentication.k8s.io", "v1"), "TokenReview", "tokenreviews", "tokenreview")
};
