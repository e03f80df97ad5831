//! Hints for whom an endpoint is: `spec.trafficDistribution` of a Service keeps traffic in the zone or on the node.
//!
//! Deliberately absent: hints in proportion to the zones' CPUs (the annotation `service.kubernetes.io/topology-mode`).
//! Real Kubernetes: k8s.io/endpointslice/trafficdist/trafficdist.go.

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointHints, ForNode, ForZone};

use crate::api::kinds::{EndpointSlice, Service};
use crate::api::object::Resource;
use crate::client::slices::Changes;

/// Sets the hints of all slices that are written, and has those written whose hints are wrong.
pub fn set(service: &Service, own: &[&EndpointSlice], out: &mut Changes) {
    let how = service.spec.as_ref().and_then(|s| s.traffic_distribution.as_deref());
    let nodes_too = match how {
        Some("PreferClose" | "PreferSameZone") => Some(false),
        Some("PreferSameNode") => Some(true),
        _ => None,
    };
    let touched = |name: &str| out.update.iter().chain(&out.delete).any(|s| s.name() == name);
    let stale = |s: &EndpointSlice| s.endpoints.iter().flatten().any(|e| hinted(e, nodes_too).hints != e.hints);
    let more: Vec<EndpointSlice> =
        own.iter().filter(|s| !touched(s.name()) && stale(s)).map(|s| (*s).clone()).collect();
    out.update.extend(more);
    for s in out.update.iter_mut().chain(&mut out.create) {
        for e in s.endpoints.iter_mut().flatten() {
            *e = hinted(e, nodes_too);
        }
    }
}

/// What is not ready keeps the hints that it had, as long as hints are wanted at all.
fn hinted(e: &Endpoint, nodes_too: Option<bool>) -> Endpoint {
    let ready = e.conditions.as_ref().and_then(|c| c.ready) == Some(true);
    let hints = match nodes_too {
        None => None,
        Some(_) if !ready => e.hints.clone(),
        Some(nodes_too) => {
            let for_zones = e.zone.clone().map(|name| vec![ForZone { name }]);
            let for_nodes = e.node_name.clone().filter(|_| nodes_too).map(|name| vec![ForNode { name }]);
            let any = for_zones.is_some() || for_nodes.is_some();
            any.then_some(EndpointHints { for_zones, for_nodes })
        }
    };
    Endpoint { hints, ..e.clone() }
}
