//! What whoever writes a Service should know.
//! Real Kubernetes: pkg/api/service/warnings.go, pkg/registry/core/service/strategy.go.

use super::type_of;
use super::validation::{HINTS, OLD_HINTS};
use crate::api::field::Path;
use crate::api::ip;
use crate::api::kinds::Service;
use crate::api::object::Resource;

pub fn of(s: &Service) -> Vec<String> {
    let mut out = vec![];
    if s.annotation(OLD_HINTS).is_some() {
        out.push(format!("annotation {OLD_HINTS} is deprecated, please use {HINTS} instead"));
    }
    let Some(spec) = &s.spec else { return out };
    let at = Path::new("spec");
    let own = spec.cluster_ip.as_deref().unwrap_or("");
    if !matches!(own, "" | "None") {
        let list = at.child("clusterIPs");
        out.extend(spec.cluster_ips.iter().flatten().enumerate().filter_map(|(i, a)| ip::warning(a, &list.index(i))));
    }
    let outside = spec.external_ips.as_deref().unwrap_or_default();
    let balancer = spec.load_balancer_ip.as_deref().unwrap_or("");
    let headless = type_of(spec) == "ClusterIP" && own == "None";
    if headless {
        let affinity = spec.session_affinity.as_deref() != Some("None");
        let ignored = [("loadBalancerIP", !balancer.is_empty()), ("externalIPs", !outside.is_empty()), ("SessionAffinity", affinity)];
        let ignored = ignored.into_iter().filter(|(_, set)| *set);
        out.extend(ignored.map(|(name, _)| format!("spec.{name} is ignored for headless services")));
    }
    let list = at.child("externalIPs");
    out.extend(outside.iter().enumerate().filter_map(|(i, a)| ip::warning(a, &list.index(i))));
    let elsewhere = type_of(spec) == "ExternalName";
    if !outside.is_empty() && !headless && !elsewhere {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".into());
    }
    if !balancer.is_empty() {
        out.extend(ip::warning(balancer, &at.child("loadBalancerIP")));
    }
    let list = at.child("loadBalancerSourceRanges");
    let ranges = spec.load_balancer_source_ranges.iter().flatten().enumerate();
    out.extend(ranges.filter_map(|(i, range)| ip::block_warning(range, &list.index(i))));
    if elsewhere && !outside.is_empty() {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if !elsewhere && spec.external_name.as_deref().is_some_and(|n| !n.is_empty()) {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if spec.traffic_distribution.as_deref() == Some("PreferClose") {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".into());
    }
    out
}

pub fn of_status(s: &Service) -> Vec<String> {
    let ingress = s.status.iter().filter_map(|s| s.load_balancer.as_ref()?.ingress.as_ref()).flatten();
    ip::balancer_warnings(ingress.map(|i| i.ip.as_deref()))
}
