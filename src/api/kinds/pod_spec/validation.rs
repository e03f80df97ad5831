//! What a pod's spec may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go ValidatePodSpec.

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{Around, must_be_one_of};
use super::volumes::validate_volumes;
use super::{Options, containers, env, hosts, items, placement, resources, security, spread, text, windows};
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

/// Whose spec it is.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// A pod keeps it beside the rest of its spec.
    pub node_name: &'a str,
    /// A pod's; a template has none.
    pub meta: Option<&'a ObjectMeta>,
    pub options: Options,
}

/// Judges the spec of a template that is new. `node_name`: a pod keeps it beside the rest of its spec.
pub fn validate_spec(s: &PodSpec, node_name: Option<&str>, at: &Path<'_>, errors: &mut FieldErrors) {
    let subject = Subject { node_name: node_name.unwrap_or(""), meta: None, options: Options::default() };
    validate(s, subject, at, errors);
}

pub fn validate(s: &PodSpec, of: Subject<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    let options = of.options;
    if s.termination_grace_period_seconds.is_none() {
        errors.required(&at.child("terminationGracePeriodSeconds"), "");
    }
    let volumes = validate_volumes(s, of.meta, options, &at.child("volumes"), errors);
    resources::validate_claims(items(&s.resource_claims), of.meta, &at.child("resourceClaims"), errors);
    let around = Around { spec: s, volumes: &volumes, options };
    containers::validate_containers(around, &at.child("containers"), errors);
    containers::validate_init_containers(around, &at.child("initContainers"), errors);
    containers::validate_ephemeral_containers(around, &at.child("ephemeralContainers"), errors);
    resources::validate_of_pod(s, options, &at.child("resources"), errors);
    hosts::validate_host_network(s, options, at, errors);
    must_be_one_of(text(&s.restart_policy), &["Always", "OnFailure", "Never"], &at.child("restartPolicy"), errors);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    must_be_one_of(text(&s.dns_policy), &policies, &at.child("dnsPolicy"), errors);
    names::validate_labels(s.node_selector.as_ref(), &at.child("nodeSelector"), errors);
    security::validate_of_pod(s, options, &at.child("securityContext"), errors);
    if let Some(a) = &s.affinity {
        placement::validate_affinity(a, options, &at.child("affinity"), errors);
    }
    hosts::validate_dns(s, &at.child("dnsConfig"), errors);
    let gates = at.child("readinessGates");
    for (i, g) in items(&s.readiness_gates).iter().enumerate() {
        let t = g.condition_type.as_str();
        errors.invalid_each(&gates.index(i).child("conditionType"), t, names::qualified_name(t));
    }
    placement::validate_gates(items(&s.scheduling_gates), &at.child("schedulingGates"), errors);
    let constraints = items(&s.topology_spread_constraints);
    spread::validate_spread(constraints, options, &at.child("topologySpreadConstraints"), errors);
    windows::validate_host_process(s, at, errors);
    security::validate_host_users(s, options, at, errors);
    hosts::validate_hostname_override(s, at, errors);
    validate_rest(s, of, at, errors);
    windows::validate_os(s, at, errors);
    if let Some(g) = &s.scheduling_group {
        placement::validate_group(g, &at.child("schedulingGroup"), errors);
    }
    env::validate_file_key_volumes(s, at, errors);
}

/// Names of other things, and single values.
fn validate_rest(s: &PodSpec, of: Subject<'_>, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, value) in [("serviceAccountName", text(&s.service_account_name)), ("nodeName", of.node_name)] {
        if !value.is_empty() {
            errors.invalid_each(&at.child(name), value, names::dns1123_subdomain(value, false));
        }
    }
    if let Some(seconds) = s.active_deadline_seconds.filter(|v| !(1..=i64::from(i32::MAX)).contains(v)) {
        let why = "must be between 1 and 2147483647, inclusive";
        errors.invalid(&at.child("activeDeadlineSeconds"), seconds, why);
    }
    for (name, value) in [("hostname", text(&s.hostname)), ("subdomain", text(&s.subdomain))] {
        if !value.is_empty() {
            errors.invalid_each(&at.child(name), value, names::dns1123_label(value, false));
        }
    }
    placement::validate_tolerations(items(&s.tolerations), &at.child("tolerations"), errors);
    hosts::validate_aliases(s, &at.child("hostAliases"), errors);
    let priority = text(&s.priority_class_name);
    if !priority.is_empty() {
        errors.invalid_each(&at.child("priorityClassName"), priority, names::dns1123_subdomain(priority, false));
    }
    if let Some(class) = &s.runtime_class_name {
        errors.invalid_each(&at.child("runtimeClassName"), class, names::dns1123_subdomain(class, false));
    }
    if let Some(policy) = &s.preemption_policy {
        must_be_one_of(policy, &["PreemptLowerPriority", "Never"], &at.child("preemptionPolicy"), errors);
    }
    if let Some(overhead) = &s.overhead {
        resources::validate_overhead(overhead, of.options, &at.child("overhead"), errors);
    }
}
