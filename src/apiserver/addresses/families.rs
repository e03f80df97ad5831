//! Which families of addresses a Service gets: what its author said of them, and what follows from the rest.
//! Real Kubernetes: pkg/registry/core/service/storage/alloc.go initIPFamilyFields.

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::Value;

use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::service::cluster_ips::{self, family_of};
use crate::api::kinds::service::{needs_cluster_ip, type_of};

/// The families that the cluster has addresses of; the first is what a Service gets that asks for none.
const OF_THE_CLUSTER: [&str; 1] = ["IPv4"];
const SINGLE: &str = "SingleStack";
const PREFER_BOTH: &str = "PreferDualStack";
const REQUIRE_BOTH: &str = "RequireDualStack";

/// Fills in policy and families, or says why they cannot be.
pub fn settle(spec: &mut ServiceSpec, old: Option<&ServiceSpec>) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if !needs_cluster_ip(spec) || old.is_some_and(|old| prefers_both_as_before(spec, old)) {
        return errors;
    }
    let from_all = selects_nothing_and_has_no_address(spec);
    if spec.ip_family_policy.is_none() {
        let before = old.and_then(|o| o.ip_family_policy.clone());
        spec.ip_family_policy = before.or_else(|| Some(if from_all { REQUIRE_BOTH } else { SINGLE }.into()));
    }
    cluster_ips::validate(spec, old, &mut errors);
    if !errors.is_empty() {
        return errors;
    }
    if let Some(old) = old {
        release_second(spec, old, &mut errors);
    }
    check_policy(spec, &mut errors);
    infer_families(spec, &mut errors);
    if !errors.is_empty() {
        return errors;
    }
    if from_all {
        // Whoever writes its endpoints may have any: the cluster's families do not matter.
        let families = spec.ip_families.get_or_insert_with(|| vec![OF_THE_CLUSTER[0].into()]);
        if spec.ip_family_policy.as_deref() != Some(SINGLE) {
            add_other(families);
        }
        return errors;
    }
    check_cluster(spec, &mut errors);
    if errors.is_empty() {
        let families = spec.ip_families.get_or_insert_with(|| vec![OF_THE_CLUSTER[0].into()]);
        if spec.ip_family_policy.as_deref() != Some(SINGLE) && OF_THE_CLUSTER.len() > 1 {
            add_other(families);
        }
    }
    errors
}

/// A Service that is content with one family or two is left as it is, whatever the cluster has by now.
fn prefers_both_as_before(new: &ServiceSpec, old: &ServiceSpec) -> bool {
    let prefers = |s: &ServiceSpec| s.ip_family_policy.as_deref() == Some(PREFER_BOTH);
    prefers(new)
        && (prefers(old) || old.ip_family_policy.is_none())
        && type_of(new) == type_of(old)
        && new.cluster_ips == old.cluster_ips
        && new.ip_families == old.ip_families
}

fn selects_nothing_and_has_no_address(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref() == Some("None") && spec.selector.as_ref().is_none_or(|s| s.is_empty())
}

fn add_other(families: &mut Vec<String>) {
    if let [one] = families.as_slice() {
        families.push(if one == "IPv4" { "IPv6" } else { "IPv4" }.into());
    }
}

fn shown(policy: &Option<String>) -> Value {
    policy.clone().map_or(Value::Null, Into::into)
}

/// Who says that one family is enough gives up the second; nobody loses it without saying so.
fn release_second(spec: &mut ServiceSpec, old: &ServiceSpec, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let count = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
    if spec.ip_family_policy.as_deref() == Some(SINGLE) {
        for (list, before) in [(&mut spec.cluster_ips, &old.cluster_ips), (&mut spec.ip_families, &old.ip_families)] {
            if list == before
                && let Some(list) = list
            {
                list.truncate(1);
            }
        }
        return;
    }
    for (list, before, what) in
        [(&spec.cluster_ips, &old.cluster_ips, "cluster IP"), (&spec.ip_families, &old.ip_families, "IP family")]
    {
        if count(list) > 0 && count(list) < count(before) {
            let why = format!("must be '{SINGLE}' to release the secondary {what}");
            errors.invalid(&at.child("ipFamilyPolicy"), shown(&spec.ip_family_policy), why);
        }
    }
}

fn check_policy(spec: &ServiceSpec, errors: &mut FieldErrors) {
    if spec.ip_family_policy.as_deref() != Some(SINGLE) {
        return;
    }
    let at = Path::new("spec");
    for (list, what) in [(&spec.cluster_ips, "cluster IPs"), (&spec.ip_families, "IP families")] {
        if list.as_ref().map_or(0, Vec::len) == 2 {
            let why = format!("must be '{REQUIRE_BOTH}' or '{PREFER_BOTH}' when multiple {what} are specified");
            errors.invalid(&at.child("ipFamilyPolicy"), SINGLE, why);
        }
    }
}

/// An address says its family itself.
fn infer_families(spec: &mut ServiceSpec, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let ips = spec.cluster_ips.clone().unwrap_or_default();
    for (i, ip) in ips.iter().enumerate().take_while(|(_, ip)| *ip != "None") {
        if i < spec.ip_families.as_ref().map_or(0, Vec::len) {
            continue;
        }
        let family = family_of(ip);
        if OF_THE_CLUSTER.contains(&family) {
            spec.ip_families.get_or_insert_default().push(family.into());
        } else {
            let why = format!("{family} is not configured on this cluster");
            errors.invalid(&at.child("clusterIPs").index(i), ips.clone(), why);
        }
    }
}

fn check_cluster(spec: &ServiceSpec, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    if spec.ip_family_policy.as_deref() == Some(REQUIRE_BOTH) && OF_THE_CLUSTER.len() < 2 {
        let why = "this cluster is not configured for dual-stack services";
        errors.invalid(&at.child("ipFamilyPolicy"), REQUIRE_BOTH, why);
    }
    let list = at.child("ipFamilies");
    for (i, family) in spec.ip_families.iter().flatten().enumerate() {
        if !OF_THE_CLUSTER.contains(&family.as_str()) {
            errors.invalid(&list.index(i), family.as_str(), "not configured on this cluster");
        }
    }
}
