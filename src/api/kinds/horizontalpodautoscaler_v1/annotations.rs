//! The shapes in which annotations of autoscaling/v1 hold metrics and conditions. Everything may be missing where they are read;
//! fields are written in Go's order.
//! Real Kubernetes: staging/src/k8s.io/api/autoscaling/v1/types.go.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::api::quantity::{Quantity, canonical};

/// An amount, spelled canonically; `0` if none was given.
#[derive(Clone, PartialEq, Serialize)]
pub struct Amount(String);

impl Default for Amount {
    fn default() -> Amount {
        Amount("0".into())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Amount, D::Error> {
        let text = match Value::deserialize(d)? {
            Value::String(s) => s,
            Value::Null => return Ok(Amount::default()),
            other => other.to_string(),
        };
        let amount = Quantity::parse(&text).ok_or_else(|| serde::de::Error::custom("no quantity"))?;
        Ok(Amount(amount.to_string()))
    }
}

impl From<Amount> for RawQuantity {
    fn from(a: Amount) -> RawQuantity {
        RawQuantity(a.0)
    }
}

impl From<&RawQuantity> for Amount {
    fn from(q: &RawQuantity) -> Amount {
        Amount(canonical(&q.0))
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_expressions: Option<Vec<Requirement>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Requirement {
    pub key: String,
    pub operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reference {
    pub kind: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
}

/// What is scaled by.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Source {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSource>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectSource {
    pub target: Reference,
    pub metric_name: String,
    pub target_value: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Amount>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodsSource {
    pub metric_name: String,
    pub target_average_value: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceSource {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_average_utilization: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_average_value: Option<Amount>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerResourceSource {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_average_utilization: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_average_value: Option<Amount>,
    pub container: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExternalSource {
    pub metric_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_value: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_average_value: Option<Amount>,
}

/// How much of it there is.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Current {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectCurrent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<PodsCurrent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceCurrent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resource: Option<ContainerResourceCurrent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalCurrent>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectCurrent {
    pub target: Reference,
    pub metric_name: String,
    pub current_value: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_value: Option<Amount>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodsCurrent {
    pub metric_name: String,
    pub current_average_value: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceCurrent {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_average_utilization: Option<i32>,
    pub current_average_value: Amount,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerResourceCurrent {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_average_utilization: Option<i32>,
    pub current_average_value: Amount,
    pub container: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExternalCurrent {
    pub metric_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_selector: Option<Selector>,
    pub current_value: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_average_value: Option<Amount>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    /// Go writes a missing one as `null`.
    pub last_transition_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
