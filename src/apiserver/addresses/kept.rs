//! What a client left out of a Service and the Service has had: an address, node ports. And where one field says twice what
//! another says, the silent one is filled in.
//! Real Kubernetes: pkg/registry/core/service/storage/storage.go patchAllocatedValues, normalizeClusterIPs.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};

use crate::api::kinds::service::{needs_cluster_ip, needs_health_check, type_of};

pub fn take_over(new: &mut ServiceSpec, old: Option<&ServiceSpec>) {
    // Go does not tell an empty text or list from none.
    new.cluster_ip = new.cluster_ip.take().filter(|ip| !ip.is_empty());
    new.cluster_ips = new.cluster_ips.take().filter(|ips| !ips.is_empty());
    new.ip_families = new.ip_families.take().filter(|f| !f.is_empty());
    match old {
        None => {
            if let (Some(ip), None) = (&new.cluster_ip, &new.cluster_ips) {
                new.cluster_ips = Some(vec![ip.clone()]);
            }
        }
        Some(old) => {
            keep_allocated(new, old);
            pair_addresses(new, old);
        }
    }
}

fn keep_allocated(new: &mut ServiceSpec, old: &ServiceSpec) {
    if needs_cluster_ip(old) && needs_cluster_ip(new) {
        if new.cluster_ip.is_none() {
            new.cluster_ip.clone_from(&old.cluster_ip);
        }
        if new.cluster_ips.is_none() {
            new.cluster_ips.clone_from(&old.cluster_ips);
        }
    }
    if needs_node_ports(old) && needs_node_ports(new) {
        keep_node_ports(new, old);
    }
    if needs_health_check(old) && needs_health_check(new) && new.health_check_node_port.unwrap_or(0) == 0 {
        new.health_check_node_port = old.health_check_node_port;
    }
}

fn needs_node_ports(s: &ServiceSpec) -> bool {
    type_of(s) == "NodePort" || (type_of(s) == "LoadBalancer" && s.allocate_load_balancer_node_ports != Some(false))
}

/// Ports are told apart by their names, as everything else of a port may be what the client changed.
fn keep_node_ports(new: &mut ServiceSpec, old: &ServiceSpec) {
    let number = |p: &ServicePort| p.node_port.filter(|n| *n != 0);
    let before: Vec<i32> = old.ports.iter().flatten().filter_map(number).collect();
    let used: Vec<i32> = new.ports.iter().flatten().filter_map(number).filter(|n| before.contains(n)).collect();
    let by_name: BTreeMap<&str, Option<i32>> =
        old.ports.iter().flatten().map(|p| (p.name.as_deref().unwrap_or(""), number(p))).collect();
    for p in new.ports.iter_mut().flatten().filter(|p| p.node_port.unwrap_or(0) == 0) {
        let had = by_name.get(p.name.as_deref().unwrap_or("")).copied().flatten();
        p.node_port = had.filter(|n| !used.contains(n));
    }
}

/// A client that knows one address only changes it in one place.
fn pair_addresses(new: &mut ServiceSpec, old: &ServiceSpec) {
    if old.cluster_ips.is_some() && new.cluster_ips.is_none() && old.cluster_ip == new.cluster_ip {
        new.cluster_ips.clone_from(&old.cluster_ips);
    }
    if old.cluster_ip == new.cluster_ip || old.cluster_ips != new.cluster_ips {
        return;
    }
    new.cluster_ips = new.cluster_ip.clone().map(|ip| vec![ip]);
}
