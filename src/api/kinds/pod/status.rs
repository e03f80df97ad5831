//! The status of pods, which the kubelet writes: what of it may not be said.
//! Real Kubernetes: pkg/registry/core/pod/strategy.go podStatusStrategy, pkg/apis/core/v1/conversion.go,
//! pkg/apis/core/validation/validation.go ValidatePodStatusUpdate.

use k8s_openapi::api::core::v1::{
    Container, ContainerStatus, PodCondition, PodExtendedResourceClaimStatus, PodIP, PodResourceClaimStatus, PodSpec,
    PodStatus,
};
use serde_json::json;

use super::update::{options, validate_annotations};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::disabled::drop_disabled_status;
use crate::api::kinds::pod_spec::security::validate_id;
use crate::api::kinds::pod_spec::{items, restarts, template, text};
use crate::api::{ip, names};

/// Only the status of `new` counts, and what of the metadata controllers must change.
pub fn prepare(new: &mut Pod, old: &Pod) {
    if new.spec != old.spec {
        new.spec = old.spec.clone();
    }
    let (n, o) = (&mut new.metadata, &old.metadata);
    if n.owner_references != o.owner_references {
        n.owner_references = o.owner_references.clone();
    }
    n.deletion_timestamp = o.deletion_timestamp.clone();
    n.deletion_grace_period_seconds = o.deletion_grace_period_seconds;
    if new.status == old.status {
        return;
    }
    let Some(s) = &mut new.status else { return };
    let was = old.status.as_deref();
    if text(&s.qos_class).is_empty() && was.is_some_and(|w| !text(&w.qos_class).is_empty()) {
        s.qos_class = was.and_then(|w| w.qos_class.clone());
    }
    keep_observed_generations(s, was);
    match_addresses(s);
    drop_disabled_status(s, was);
}

/// Old kubelets do not know that generations are observed; they do not undo it.
fn keep_observed_generations<S>(s: &mut S, was: Option<&PodStatus>)
where
    S: std::ops::DerefMut<Target = PodStatus>,
{
    let Some(was) = was else { return };
    if s.observed_generation.unwrap_or(0) == 0 && was.observed_generation.is_some() {
        s.observed_generation = was.observed_generation;
    }
    let before = items(&was.conditions);
    let forgets = |c: &PodCondition| c.observed_generation.unwrap_or(0) == 0;
    let known = |kind: &str| before.iter().any(|b| b.type_ == kind && b.observed_generation.is_some());
    if !items(&s.conditions).iter().any(|c| forgets(c) && known(&c.type_)) {
        return;
    }
    let mut before: Vec<&PodCondition> = before.iter().collect();
    for c in s.conditions.iter_mut().flatten() {
        let Some(at) = before.iter().position(|b| b.type_ == c.type_) else { continue };
        let old = before.remove(at);
        if forgets(c) {
            c.observed_generation = old.observed_generation;
        }
    }
}

/// The one address and the list say the same; where they do not, the one is right.
fn match_addresses<S>(s: &mut S)
where
    S: std::ops::DerefMut<Target = PodStatus>,
{
    let first = items(&s.pod_ips).first().map_or("", |p| p.ip.as_str());
    let one = text(&s.pod_ip);
    if one == first {
        return;
    }
    if one.is_empty() {
        s.pod_ip = Some(first.to_string());
    } else {
        s.pod_ips = Some(vec![PodIP { ip: one.to_string() }]);
    }
}

/// Odd addresses, which should be written otherwise.
pub fn warnings(p: &Pod) -> Vec<String> {
    let Some(s) = &p.status else { return vec![] };
    let status = Path::new("status");
    let (pods, hosts) = (status.child("podIPs"), status.child("hostIPs"));
    let of_pods = items(&s.pod_ips).iter().enumerate().filter_map(|(i, p)| ip::warning(&p.ip, &pods.index(i).child("ip")));
    let of_hosts =
        items(&s.host_ips).iter().enumerate().filter_map(|(i, h)| ip::warning(&h.ip, &hosts.index(i).child("ip")));
    of_pods.chain(of_hosts).collect()
}

pub fn validate(new: &Pod, old: &Pod, errors: &mut FieldErrors) {
    let metadata = Path::new("metadata");
    if new.metadata.labels != old.metadata.labels {
        names::validate_labels(new.metadata.labels.as_ref(), &metadata.child("labels"), errors);
    }
    if new.metadata.annotations != old.metadata.annotations {
        template::validate_annotations(new.metadata.annotations.as_ref(), &metadata.child("annotations"), errors);
        validate_annotations(new, old, options(old), errors);
    }
    let none = PodStatus::default();
    let n = new.status.as_deref().unwrap_or(&none);
    let o = old.status.as_deref().unwrap_or(&none);
    let no_spec = PodSpec::default();
    let spec = new.spec.as_deref().unwrap_or(&no_spec);
    let at = Path::new("status");
    validate_conditions(items(&n.conditions), &at.child("conditions"), errors);
    validate_nomination(new, text(&n.nominated_node_name), text(&o.nominated_node_name), &at, errors);
    if let Some(g) = n.observed_generation.filter(|g| *g < 0) {
        errors.invalid(&at.child("observedGeneration"), g, "must be a non-negative integer");
    }
    if text(&n.qos_class) != text(&o.qos_class) {
        errors.invalid(&at.child("qosClass"), text(&n.qos_class), "field is immutable");
    }
    validate_states(n, o, spec, &at, errors);
    validate_claims(items(&n.resource_claim_statuses), spec, &at.child("resourceClaimStatuses"), errors);
    if let Some(c) = &n.extended_resource_claim_status {
        validate_extended_claim(c, spec, &at.child("extendedResourceClaimStatus"), errors);
    }
    validate_addresses(n, o, &at, errors);
    let windows = spec.os.as_ref().is_some_and(|o| o.name == "windows");
    for (name, list) in lists(n) {
        validate_users(list, windows, &at.child(name), errors);
    }
    for ((name, list), containers) in
        lists(n).into_iter().zip([Some(&spec.containers[..]), Some(items(&spec.init_containers)), None])
    {
        validate_devices(list, containers, &at.child(name), errors);
    }
}

/// The lists of containers' statuses, in the order in which they are judged.
fn lists(s: &PodStatus) -> [(&'static str, &[ContainerStatus]); 3] {
    [
        ("containerStatuses", items(&s.container_statuses)),
        ("initContainerStatuses", items(&s.init_container_statuses)),
        ("ephemeralContainerStatuses", items(&s.ephemeral_container_statuses)),
    ]
}

fn validate_conditions(list: &[PodCondition], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in list.iter().enumerate() {
        if let Some(g) = c.observed_generation.filter(|g| *g < 0) {
            errors.invalid(&at.index(i).child("observedGeneration"), g, "must be a non-negative integer");
        }
        if !matches!(c.type_.as_str(), "PodScheduled" | "Ready" | "Initialized") {
            errors.invalid_each(&at.index(i).child("Type"), &c.type_, names::qualified_name(&c.type_));
        }
    }
}

fn validate_nomination(p: &Pod, new: &str, old: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if new == old || new.is_empty() {
        return;
    }
    let at = at.child("nominatedNodeName");
    errors.invalid_each(&at, new, names::dns1123_subdomain(new, false));
    if p.spec.as_ref().is_some_and(|s| s.node_name.as_deref().is_some_and(|n| !n.is_empty())) {
        errors.forbidden(&at, "may not be set on pods that are already bound to a node");
    }
}

/// A container that has ended for good does not come back.
fn validate_states(n: &PodStatus, o: &PodStatus, spec: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let containers = [Some(&spec.containers[..]), Some(items(&spec.init_containers)), None];
    for (((name, new), (_, old)), containers) in lists(n).into_iter().zip(lists(o)).zip(containers) {
        let list = at.child(name);
        for (i, o) in old.iter().enumerate() {
            let Some(ended) = o.state.as_ref().and_then(|s| s.terminated.as_ref()) else { continue };
            let runs = |n: &&ContainerStatus| n.name == o.name && n.state.as_ref().is_none_or(|s| s.terminated.is_none());
            let comes_back = |list: &[Container]| {
                restarts::all_could_restart(spec)
                    || list.iter().find(|c| c.name == o.name).is_some_and(|c| restarts::restarts(c, spec, ended.exit_code))
            };
            if new.iter().any(|n| runs(&n)) && !containers.is_some_and(comes_back) {
                let why = "may not be transitioned to non-terminated state";
                errors.forbidden(&list.index(i).child("state"), why);
            }
        }
    }
}

fn validate_claims(list: &[PodResourceClaimStatus], spec: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        if !items(&spec.resource_claims).iter().any(|p| p.name == c.name) {
            let why = "must match the name of an entry in `spec.resourceClaims`";
            errors.invalid(&here.child("name"), c.name.as_str(), why);
        }
        if list[..i].iter().any(|before| before.name == c.name) {
            errors.duplicate(&here.child("name"), c.name.as_str());
        }
        if let Some(name) = &c.resource_claim_name {
            errors.invalid_each(&here.child("resourceClaimName"), name, names::dns1123_subdomain(name, false));
        }
    }
}

fn validate_extended_claim(
    c: &PodExtendedResourceClaimStatus,
    spec: &PodSpec,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    let list = at.child("requestMappings");
    if c.request_mappings.is_empty() {
        errors.required(&list, "at least one request mapping is required");
    }
    for (i, m) in c.request_mappings.iter().enumerate() {
        let here = list.index(i);
        let mut containers = spec.containers.iter().chain(items(&spec.init_containers));
        match containers.find(|c| c.name == m.container_name) {
            None => {
                let why = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
                errors.invalid(&here.child("containerName"), m.container_name.as_str(), why);
            }
            Some(c) => {
                let requests = c.resources.as_ref().and_then(|r| r.requests.as_ref());
                if !requests.is_some_and(|r| r.contains_key(&m.resource_name)) {
                    let why = "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests";
                    errors.invalid(&here.child("resourceName"), m.resource_name.as_str(), why);
                }
            }
        }
        // This names the claim, as Kubernetes does.
        let request = m.request_name.as_str();
        errors.invalid_each(&at.child("requestName"), request, names::dns1123_label(request, false));
        if c.request_mappings[..i].contains(m) {
            errors.duplicate(&here.child("containerName"), m.container_name.as_str());
            errors.duplicate(&here.child("resourceName"), m.resource_name.as_str());
            errors.duplicate(&here.child("requestName"), request);
        }
    }
    let name = c.resource_claim_name.as_str();
    if name.is_empty() {
        errors.required(&at.child("resourceClaimName"), "");
    } else {
        errors.invalid_each(&at.child("resourceClaimName"), name, names::dns1123_subdomain(name, false));
    }
}

fn validate_addresses(n: &PodStatus, o: &PodStatus, at: &Path<'_>, errors: &mut FieldErrors) {
    if n.pod_ips != o.pod_ips {
        let kept: Vec<&str> = items(&o.pod_ips).iter().map(|p| p.ip.as_str()).collect();
        let list: Vec<&str> = items(&n.pod_ips).iter().map(|p| p.ip.as_str()).collect();
        validate_list(&list, &kept, &at.child("podIPs"), errors);
    }
    let hosts = items(&n.host_ips);
    let Some(first) = hosts.first() else { return };
    if text(&n.host_ip) != first.ip {
        let list = at.child("hostIPs");
        errors.invalid(&list.index(0).child("ip"), first.ip.as_str(), "must be equal to `hostIP`");
    }
    if n.host_ips != o.host_ips {
        let kept: Vec<&str> = items(&o.host_ips).iter().map(|p| p.ip.as_str()).collect();
        let list: Vec<&str> = hosts.iter().map(|h| h.ip.as_str()).collect();
        validate_list(&list, &kept, &at.child("hostIPs"), errors);
    }
}

/// Addresses of one thing: at most one of each family.
fn validate_list(list: &[&str], kept: &[&str], at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, text) in list.iter().enumerate() {
        // What was there before stays good.
        if !kept.contains(text) {
            ip::validate(text, &at.index(i), errors);
        }
    }
    if list.len() < 2 {
        return;
    }
    let both = are_of_both_families(list);
    if let Err(why) = &both {
        errors.internal(at, format!("failed to check for dual stack with error:{why}"));
    }
    if both != Ok(true) || list.len() > 2 {
        let shown: Vec<_> = list.iter().map(|ip| json!({"IP": ip})).collect();
        errors.invalid(at, shown, "may specify no more than one IP for each IP family");
    }
}

/// Whether the addresses are of both families; an error names what is no address.
fn are_of_both_families(list: &[&str]) -> Result<bool, String> {
    let (mut v4, mut v6) = (false, false);
    for (i, text) in list.iter().enumerate() {
        let ip = ip::parse(text).ok_or_else(|| format!("invalid IP[{i}]: {text}"))?;
        v4 |= ip.is_ipv4();
        v6 |= ip.is_ipv6();
    }
    Ok(v4 && v6)
}

fn validate_users(list: &[ContainerStatus], windows: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, c) in list.iter().enumerate() {
        let Some(user) = c.user.as_ref().and_then(|u| u.linux.as_ref()) else { continue };
        let here = at.index(i);
        let here = here.child("user");
        let here = here.child("linux");
        if windows {
            errors.forbidden(&here, "cannot be set for a windows pod");
            continue;
        }
        validate_id(Some(user.uid), &here.child("uid"), errors);
        validate_id(Some(user.gid), &here.child("gid"), errors);
        let groups = here.child("supplementalGroups");
        for (j, group) in items(&user.supplemental_groups).iter().enumerate() {
            validate_id(Some(*group), &groups.index(j), errors);
        }
    }
}

/// How the devices of containers are. `containers` is none where there are never any.
fn validate_devices(
    list: &[ContainerStatus],
    containers: Option<&[Container]>,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    for (i, s) in list.iter().enumerate() {
        let resources = items(&s.allocated_resources_status);
        let here = at.index(i);
        let here = here.child("allocatedResourcesStatus");
        let Some(containers) = containers else {
            if !resources.is_empty() {
                errors.forbidden(&here, "must not be specified in container status");
            }
            continue;
        };
        for (j, r) in resources.iter().enumerate() {
            let here = here.index(j);
            if let Some(c) = containers.iter().find(|c| c.name == s.name) {
                validate_device_name(&r.name, c, &here.child("name"), errors);
            }
            let health_at = here.child("resources");
            let all = items(&r.resources);
            for (k, h) in all.iter().enumerate() {
                let here = health_at.index(k);
                errors.one_of(&here.child("health"), text(&h.health), &["Healthy", "Unhealthy", "Unknown"]);
                match h.message.as_ref().map(String::len) {
                    Some(0) => errors.required(&here.child("message"), "must be non-empty if specified"),
                    Some(length) if length > LONGEST_MESSAGE => {
                        errors.too_long(&here.child("message"), LONGEST_MESSAGE);
                    }
                    _ => {}
                }
                if all[..k].iter().any(|before| before.resource_id == h.resource_id) {
                    errors.duplicate(&here.child("resourceID"), h.resource_id.as_str());
                }
            }
        }
    }
}

const LONGEST_MESSAGE: usize = 1024;

/// A device is one that the container asks for, by a claim or by a request.
fn validate_device_name(name: &str, c: &Container, at: &Path<'_>, errors: &mut FieldErrors) {
    let resources = c.resources.as_ref();
    if let Some(claim) = name.strip_prefix("claim:") {
        let (of, request) = claim.split_once('/').unwrap_or((claim, ""));
        let known = resources.map_or(&[][..], |r| items(&r.claims));
        if !known.iter().any(|c| c.name == of && text(&c.request) == request) {
            let why = "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
            errors.invalid(at, name, why);
        }
    } else if !resources.is_some_and(|r| r.requests.as_ref().is_some_and(|q| q.contains_key(name))) {
        errors.invalid(at, name, "must match one of the container's resource requests");
    }
}
