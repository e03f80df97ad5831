//! What pods and nodes use, as metrics-server tells it. The published Rust types have no such kinds.
//! Real Kubernetes: k8s.io/metrics/pkg/apis/metrics/v1beta1; metrics-server's pkg/api/table.go.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};

use crate::api::quantity;
use crate::api::table::Cell;

/// What metrics-server says of the column with the names.
pub const NAME_DOC: &str = "Name of the resource";

/// A cell with what is used of a resource, all parts together.
pub fn shown<'a>(parts: impl IntoIterator<Item = &'a BTreeMap<String, Quantity>>, resource: &str) -> Cell {
    let amounts =
        parts.into_iter().filter_map(|usage| usage.get(resource)).filter_map(|q| quantity::Quantity::parse(&q.0));
    let sum = amounts.reduce(quantity::Quantity::plus);
    Cell::from(sum.map_or_else(|| "0".into(), |q| q.to_string()))
}

/// The mean use of a node over a window of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeMetrics {
    pub metadata: ObjectMeta,
    pub timestamp: Option<Time>,
    pub window: String,
    pub usage: BTreeMap<String, Quantity>,
}

/// The mean use of a pod's containers over a window of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodMetrics {
    pub metadata: ObjectMeta,
    pub timestamp: Option<Time>,
    pub window: String,
    pub containers: Vec<ContainerMetrics>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerMetrics {
    pub name: String,
    pub usage: BTreeMap<String, Quantity>,
}

macro_rules! published {
    ($type:ident, $plural:literal, $scope:ty) => {
        impl k8s_openapi::Resource for $type {
            const API_VERSION: &'static str = "metrics.k8s.io/v1beta1";
            const GROUP: &'static str = "metrics.k8s.io";
            const KIND: &'static str = stringify!($type);
            const VERSION: &'static str = "v1beta1";
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = $scope;
        }

        impl k8s_openapi::Metadata for $type {
            type Ty = ObjectMeta;
            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

published!(NodeMetrics, "nodes", k8s_openapi::ClusterResourceScope);
published!(PodMetrics, "pods", k8s_openapi::NamespaceResourceScope);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_parts_use_is_added_up() {
        let usage = |cpu: &str| BTreeMap::from([("cpu".to_string(), Quantity(cpu.into()))]);
        let parts = [usage("1500m"), usage("250000000n"), usage("1")];
        assert_eq!(shown(&parts, "cpu"), json!("2750m"));
        assert_eq!(shown(&parts, "memory"), json!("0"));
    }
}
