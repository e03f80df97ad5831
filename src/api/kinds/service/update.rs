//! What a change of a Service may do, and what it drops because the new type has no use for it.
//! Real Kubernetes: pkg/apis/core/validation ValidateServiceUpdate, pkg/registry/core/service/strategy.go.

use k8s_openapi::api::core::v1::{LoadBalancerStatus, ServiceSpec};

use super::{cluster_ips, is_reachable_from_outside, needs_cluster_ip, needs_health_check, type_of, validation};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Service;
use crate::api::names;

pub fn validate(new: &Service, old: &Service, errors: &mut FieldErrors) {
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
    if let (Some(n), Some(o)) = (&new.spec, &old.spec) {
        cluster_ips::validate_change(n, o, errors);
        cluster_ips::validate_family_change(n, o, errors);
        let at = Path::new("spec");
        let balanced = |s: &ServiceSpec| type_of(s) == "LoadBalancer";
        if balanced(n) && balanced(o) && n.load_balancer_class != o.load_balancer_class {
            let class = serde_json::to_value(&n.load_balancer_class).unwrap_or_default();
            errors.invalid(&at.child("loadBalancerClass"), class, "may not change once set");
        }
        validation::validate_class(n, &at, errors);
        if needs_health_check(n) && needs_health_check(o) && n.health_check_node_port != o.health_check_node_port {
            errors.forbidden(&at.child("healthCheckNodePort"), "field is immutable");
        }
    }
    validation::validate(new, Some(old), errors);
}

/// A field goes when the new type has no use for it, unless the client has also changed it and so meant it.
pub fn drop_type_dependent(new: &mut Service, old: &Service) {
    let Some((n, o)) = new.spec.as_mut().zip(old.spec.as_ref()) else { return };
    drop_addresses(n, o);
    let has_node_ports = |s: &ServiceSpec| matches!(type_of(s), "NodePort" | "LoadBalancer");
    if has_node_ports(o) && !has_node_ports(n) && no_new_node_ports(n, o) {
        n.ports.iter_mut().flatten().for_each(|p| p.node_port = None);
    }
    if needs_health_check(o) && !needs_health_check(n) && n.health_check_node_port == o.health_check_node_port {
        n.health_check_node_port = None;
    }
    let balanced = |s: &ServiceSpec| type_of(s) == "LoadBalancer";
    if balanced(o) && !balanced(n) {
        if n.allocate_load_balancer_node_ports == o.allocate_load_balancer_node_ports {
            n.allocate_load_balancer_node_ports = None;
        }
        if n.load_balancer_class == o.load_balancer_class {
            n.load_balancer_class = None;
        }
    }
    if is_reachable_from_outside(o)
        && !is_reachable_from_outside(n)
        && n.external_traffic_policy == o.external_traffic_policy
    {
        n.external_traffic_policy = None;
    }
    if !balanced(n)
        && let Some(status) = &mut new.status
    {
        status.load_balancer = Some(LoadBalancerStatus::default());
    }
}

fn drop_addresses(n: &mut ServiceSpec, o: &ServiceSpec) {
    if !needs_cluster_ip(o) || needs_cluster_ip(n) {
        return;
    }
    if n.cluster_ip == o.cluster_ip && n.cluster_ips == o.cluster_ips {
        n.cluster_ip = None;
        n.cluster_ips = None;
    }
    if n.ip_families == o.ip_families {
        n.ip_families = None;
    }
    if n.ip_family_policy == o.ip_family_policy {
        n.ip_family_policy = None;
    }
}

fn no_new_node_ports(n: &ServiceSpec, o: &ServiceSpec) -> bool {
    let ports = |s: &ServiceSpec| -> Vec<i32> {
        s.ports.iter().flatten().filter_map(|p| p.node_port).filter(|n| *n != 0).collect()
    };
    let before = ports(o);
    ports(n).iter().all(|p| before.contains(p))
}
