//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeaffinity.

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec};

use crate::api::object::Resource;
use crate::scheduler::framework::{Filter, NodeInfo, Objections, PodInfo, Reason, Score, Snapshot, normalize};

pub struct NodeAffinity;

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

fn term(t: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    let labels = t.match_expressions.iter().flatten();
    let fields = t.match_fields.iter().flatten();
    let empty =
        t.match_expressions.as_ref().is_none_or(Vec::is_empty) && t.match_fields.as_ref().is_none_or(Vec::is_empty);
    !empty
        && labels.into_iter().all(|r| matches(r, node.node().label(&r.key)))
        && fields.into_iter().all(|r| r.key == "metadata.name" && matches(r, Some(&node.name)))
}

/// Whether the pod may stand on the node, by `nodeSelector` and required node affinity.
pub fn allows(spec: &PodSpec, node: &NodeInfo) -> bool {
    let required = spec
        .affinity
        .as_ref()
        .and_then(|a| a.node_affinity.as_ref())
        .and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    spec.node_selector.iter().flatten().all(|(k, v)| node.node().label(k) == Some(v))
        && required.is_none_or(|r| r.node_selector_terms.iter().any(|t| term(t, node)))
}

impl Filter for NodeAffinity {
    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Option<Objections<'a>> {
        let spec = pod.pod().spec.as_deref()?;
        let says_so = spec.node_selector.as_ref().is_some_and(|n| !n.is_empty())
            || spec.affinity.as_ref().is_some_and(|a| a.node_affinity.is_some());
        says_so.then(|| -> Objections<'a> {
            Box::new(|node| if allows(spec, node) { vec![] } else { vec![Reason::Affinity] })
        })
    }
}

impl Score for NodeAffinity {
    fn applies(&self, pod: &PodInfo) -> bool {
        pod.pod().spec.as_ref().and_then(|s| s.affinity.as_ref()?.node_affinity.as_ref()).is_some_and(|a| {
            a.preferred_during_scheduling_ignored_during_execution.as_ref().is_some_and(|p| !p.is_empty())
        })
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let affinity = pod.pod().spec.as_ref().and_then(|s| s.affinity.as_ref()?.node_affinity.as_ref());
        let preferred = affinity
            .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let weight =
            |n: &NodeInfo| preferred.iter().filter(|p| term(&p.preference, n)).map(|p| i64::from(p.weight)).sum();
        let mut raw: Vec<i64> = nodes.iter().map(|n| weight(n)).collect();
        normalize(&mut raw, false);
        raw
    }
}
