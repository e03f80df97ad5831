//! networking.k8s.io/v1 NetworkPolicy.

use super::NetworkPolicy;
use crate::api::kind::Kind;
use crate::api::table::Column;

pub static KIND: Kind<NetworkPolicy> = Kind {
    short_names: &["netpol"],
    columns: &[
        Column::name(),
        // COLUMN {"name": "Pod-Selector", "type": "string", "format": "", "description": "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.", "priority": 0}
        Column::age(),
    ],
    ..Kind::new(("networking.k8s.io", "v1"), "NetworkPolicy", "networkpolicies", "networkpolicy")
};
