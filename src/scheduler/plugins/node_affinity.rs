//! NodeAffinity: `nodeSelector` and node affinity, required and preferred.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodeaffinity.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{NodeAffinity as Affinity, NodeSelectorTerm};

use crate::api::node_affinity::{NAME, admits, term};
use crate::api::object::Name;
use crate::scheduler::framework::{
    Filter, NodeInfo, Objections, PodInfo, Prepared, Reason, Refusal, Score, Snapshot, normalize,
};

pub struct NodeAffinity;

/// The nodes that a term names. `None`: it names none, so that any may do.
fn named(t: &NodeSelectorTerm) -> Option<BTreeSet<Name>> {
    let fields = t.match_fields.iter().flatten().filter(|r| r.key == NAME && r.operator == "In");
    let sets = fields.map(|r| r.values.iter().flatten().map(Name::from).collect::<BTreeSet<Name>>());
    sets.reduce(|a, b| a.intersection(&b).cloned().collect())
}

fn affinity(pod: &PodInfo) -> Option<&Affinity> {
    pod.pod().spec.as_ref()?.affinity.as_ref()?.node_affinity.as_ref()
}

fn meant_for(pod: &PodInfo) -> Option<&str> {
    pod.pod().spec.as_ref()?.meant_for()
}

impl Filter for NodeAffinity {
    fn among(&self, pod: &PodInfo) -> Result<Option<BTreeSet<Name>>, Refusal> {
        if let Some(only) = meant_for(pod) {
            return Ok(Some([Name::from(only)].into()));
        }
        let required = affinity(pod).and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
        let terms = required.map_or(&[][..], |r| &r.node_selector_terms);
        let Some(sets) = terms.iter().map(named).collect::<Option<Vec<_>>>().filter(|s| !s.is_empty()) else {
            return Ok(None);
        };
        let all: BTreeSet<Name> = sets.into_iter().flatten().collect();
        if all.is_empty() { Err(Refusal::Contradiction) } else { Ok(Some(all)) }
    }

    fn prepare<'a>(&self, pod: &'a PodInfo, _: &'a Snapshot<'a>) -> Prepared<'a> {
        let Some(spec) = &pod.pod().spec else { return Ok(None) };
        let chooses = spec.node_selector.as_ref().is_some_and(|n| !n.is_empty());
        let says_so = chooses || affinity(pod).is_some() || meant_for(pod).is_some();
        Ok(says_so.then(|| -> Objections<'a> {
            Box::new(|node| if admits(spec, node.node()) { vec![] } else { vec![Reason::Affinity] })
        }))
    }
}

impl Score for NodeAffinity {
    fn applies(&self, pod: &PodInfo, _: &Snapshot<'_>) -> bool {
        affinity(pod).is_some_and(|a| {
            a.preferred_during_scheduling_ignored_during_execution.as_ref().is_some_and(|p| !p.is_empty())
        })
    }
    fn score(&self, pod: &PodInfo, nodes: &[&NodeInfo], _: &Snapshot<'_>) -> Vec<i64> {
        let preferred = affinity(pod)
            .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_deref())
            .unwrap_or_default();
        let weight = |n: &NodeInfo| {
            preferred.iter().filter(|p| term(&p.preference, n.node())).map(|p| i64::from(p.weight)).sum()
        };
        let mut raw: Vec<i64> = nodes.iter().map(|n| weight(n)).collect();
        normalize(&mut raw, false);
        raw
    }
}
