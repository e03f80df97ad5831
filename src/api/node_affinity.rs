//! On which nodes a pod may stand, by its `nodeSelector` and its node affinity.
//! Real Kubernetes: k8s.io/component-helpers/scheduling/corev1/nodeaffinity.

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec};

use super::kinds::Node;
use super::kinds::shared_pod::Spec;
use super::object::Resource;

/// The field of a node by which a term may name it.
pub const NAME: &str = "metadata.name";

fn matches(r: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = r.values.as_deref().unwrap_or_default();
    let number = |s: &str| s.parse::<i64>().ok();
    let bound = values.first().and_then(|v| number(v));
    match r.operator.as_str() {
        "In" => value.is_some_and(|v| values.iter().any(|x| x == v)),
        "NotIn" => value.is_none_or(|v| values.iter().all(|x| x != v)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => value.and_then(number).zip(bound).is_some_and(|(v, b)| v > b),
        "Lt" => value.and_then(number).zip(bound).is_some_and(|(v, b)| v < b),
        _ => false,
    }
}

/// Whether a term chooses the node. An empty one chooses none.
pub fn term(t: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = t.match_expressions.iter().flatten();
    let fields = t.match_fields.iter().flatten();
    let empty =
        t.match_expressions.as_ref().is_none_or(Vec::is_empty) && t.match_fields.as_ref().is_none_or(Vec::is_empty);
    !empty
        && labels.into_iter().all(|r| matches(r, node.label(&r.key)))
        && fields.into_iter().all(|r| r.key == NAME && matches(r, Some(node.name())))
}

/// Whether the pod may stand on the node, by `nodeSelector` and required node affinity.
pub fn allows(spec: &PodSpec, node: &Node) -> bool {
    let required = spec
        .affinity
        .as_ref()
        .and_then(|a| a.node_affinity.as_ref())
        .and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    spec.node_selector.iter().flatten().all(|(k, v)| node.label(k) == Some(v))
        && required.is_none_or(|r| r.node_selector_terms.iter().any(|t| term(t, node)))
}

/// The same for the spec of a pod, which may be meant for one node.
pub fn admits(spec: &Spec, node: &Node) -> bool {
    spec.meant_for().is_none_or(|only| only == node.name()) && allows(spec, node)
}
