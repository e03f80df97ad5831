//! A Service's own addresses and their families: what they may be, and how they may change.
//! Real Kubernetes: pkg/apis/core/validation ValidateServiceClusterIPsRelatedFields, validateUpgradeDowngradeClusterIPs,
//! validateUpgradeDowngradeIPFamilies.

use k8s_openapi::api::core::v1::ServiceSpec;
use serde_json::Value;

use super::{is_headless, needs_cluster_ip};
use crate::api::field::{FieldErrors, Path};
use crate::api::ip;

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const SINGLE: &str = "SingleStack";

/// A list as an error shows it.
fn shown(list: &Option<Vec<String>>) -> Value {
    list.clone().map_or(Value::Null, Into::into)
}

fn items(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

/// `IPv4` or `IPv6`.
pub fn family_of(address: &str) -> &'static str {
    match ip::parse(address) {
        Some(a) if a.is_ipv6() => "IPv6",
        Some(_) => "IPv4",
        None => "unknown",
    }
}

/// What is wrong with addresses and families. It is asked twice: before addresses are given out, and after.
pub fn validate(spec: &ServiceSpec, old: Option<&ServiceSpec>, errors: &mut FieldErrors) {
    // A name outside has neither, which is said elsewhere.
    if !needs_cluster_ip(spec) {
        return;
    }
    let at = Path::new("spec");
    let list = at.child("clusterIPs");
    let ips = items(&spec.cluster_ips);
    match (spec.cluster_ip.as_deref().unwrap_or(""), ips.first()) {
        ("", Some(_)) => errors.invalid(&list, shown(&spec.cluster_ips), "must be empty when `clusterIP` is not specified"),
        ("", None) => {}
        (_, None) => errors.required(&list, ""),
        (one, Some(first)) if one != first => {
            errors.invalid(&list, shown(&spec.cluster_ips), "first value must match `clusterIP`");
        }
        _ => {}
    }
    validate_families(spec, &at, errors);
    if !validate_addresses(spec, old, &list, errors) {
        return;
    }
    let has = |family: &str| ips.iter().any(|ip| family_of(ip) == family);
    if ips.len() > 1 && !(has("IPv4") && has("IPv6")) {
        errors.invalid(&list, shown(&spec.cluster_ips), "may specify no more than one IP for each IP family");
    }
    if is_headless(spec) {
        return;
    }
    for (i, (ip, family)) in ips.iter().zip(items(&spec.ip_families)).enumerate() {
        let v6 = family_of(ip) == "IPv6";
        if (family == "IPv4" && v6) || (family == "IPv6" && !v6) {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            errors.invalid(&list.index(i), ip.as_str(), why);
        }
    }
}

fn validate_families(spec: &ServiceSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let families = items(&spec.ip_families);
    let list = at.child("ipFamilies");
    for (i, family) in families.iter().enumerate() {
        errors.one_of(&list.index(i), family, &["IPv4", "IPv6"]);
        if families[..i].contains(family) {
            errors.duplicate(&list.index(i), family.as_str());
        }
    }
    if let Some(policy) = &spec.ip_family_policy {
        errors.one_of(&at.child("ipFamilyPolicy"), policy, &POLICIES);
    }
}

/// Whether all addresses are such; if one is not, nothing more can be said of them.
fn validate_addresses(
    spec: &ServiceSpec,
    old: Option<&ServiceSpec>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) -> bool {
    let ips = items(&spec.cluster_ips);
    let kept = old.map_or(&[][..], |o| items(&o.cluster_ips));
    let mut good = true;
    for (i, address) in ips.iter().enumerate() {
        if i == 0 && address == "None" {
            if ips.len() > 1 {
                good = false;
                errors.invalid(at, shown(&spec.cluster_ips), "'None' must be the first and only value");
            }
            continue;
        }
        if !kept.contains(address) {
            let before = errors.list().len();
            ip::validate(address, &at.index(i), errors);
            good &= errors.list().len() == before;
        }
    }
    if ips.len() > 2 {
        errors.invalid(at, shown(&spec.cluster_ips), "may only hold up to 2 values");
    }
    good
}

/// Addresses may come and go at the second place only, and both at once when a name outside becomes an address.
pub fn validate_change(new: &ServiceSpec, old: &ServiceSpec, errors: &mut FieldErrors) {
    if !needs_cluster_ip(new) || !needs_cluster_ip(old) || (is_headless(new) && is_headless(old)) {
        return;
    }
    let at = Path::new("spec");
    let list = at.child("clusterIPs");
    let (ips, before) = (items(&new.cluster_ips), items(&old.cluster_ips));
    let fixed = "may not change once set";
    if ips.len() == before.len() {
        for (i, _) in ips.iter().zip(before).enumerate().filter(|(_, (new, old))| new != old) {
            errors.invalid(&list.index(i), shown(&new.cluster_ips), fixed);
        }
        return;
    }
    if ips.is_empty() {
        errors.invalid(&list.index(0), shown(&new.cluster_ips), "primary clusterIP can not be unset");
    }
    if ips.first().zip(before.first()).is_some_and(|(new, old)| new != old) {
        errors.invalid(&list.index(0), shown(&new.cluster_ips), fixed);
    }
    if ips.len() == 1 && before.len() > 1 {
        validate_release(new, "clusterIP", &at, errors);
    }
}

pub fn validate_family_change(new: &ServiceSpec, old: &ServiceSpec, errors: &mut FieldErrors) {
    // One without an address may have other families, and so may one that gets or loses its address.
    if !needs_cluster_ip(new) || !needs_cluster_ip(old) || is_headless(new) || is_headless(old) {
        return;
    }
    let at = Path::new("spec");
    let list = at.child("ipFamilies");
    let first = list.index(0);
    let (families, before) = (items(&new.ip_families), items(&old.ip_families));
    let fixed = "may not change once set";
    if families.len() == before.len() {
        for _ in families.iter().zip(before).filter(|(new, old)| new != old) {
            errors.invalid(&first, shown(&new.ip_families), fixed);
        }
        return;
    }
    if families.len() < before.len() && items(&new.cluster_ips).is_empty() {
        errors.invalid(&first, shown(&new.ip_families), "primary ipFamily can not be unset");
    }
    if families.first().zip(before.first()).is_some_and(|(new, old)| new != old) {
        // Kubernetes shows the addresses here.
        errors.invalid(&first, shown(&new.cluster_ips), fixed);
    }
    if families.len() == 1 && before.len() > 1 {
        validate_release(new, "ipFamily", &at, errors);
    }
}

/// Who gives up the second of two has to say that one is enough.
fn validate_release(new: &ServiceSpec, what: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if new.ip_family_policy.as_deref() != Some(SINGLE) {
        let policy = new.ip_family_policy.clone().map_or(Value::Null, Into::into);
        let why = format!("must be set to '{SINGLE}' when releasing the secondary {what}");
        errors.invalid(&at.child("ipFamilyPolicy"), policy, why);
    }
}
