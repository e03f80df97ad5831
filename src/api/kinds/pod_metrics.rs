//! metrics.k8s.io/v1beta1 PodMetrics.

use super::PodMetrics;
use crate::api::kind::{Kind, READ_ONLY};

pub static KIND: Kind<PodMetrics> = Kind {
    verbs: READ_ONLY,
    aggregated: true,
    ..Kind::new(("metrics.k8s.io", "v1beta1"), "PodMetrics", "pods", "")
};
