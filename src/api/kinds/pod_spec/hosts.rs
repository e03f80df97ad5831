//! What a pod's spec may not say about names and addresses: its host name, its DNS, its hosts file, the host's network.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validatePodDNSConfig, validatePodHostName, ValidateHostAliases,
//! validatePodHostNetworkDeps.

use k8s_openapi::api::core::v1::PodSpec;

use super::{Options, items, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::{ip, names};

const MOST_NAMESERVERS: usize = 3;
const MOST_SEARCHES: usize = 32;
const LONGEST_SEARCHES: usize = 2048;

pub fn validate_dns(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let none = text(&s.dns_policy) == "None";
    let Some(c) = &s.dns_config else {
        if none {
            errors.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        return;
    };
    let servers = items(&c.nameservers);
    let servers_at = at.child("nameservers");
    if none && servers.is_empty() {
        return errors.required(&servers_at, "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
    if servers.len() > MOST_NAMESERVERS {
        errors.invalid(&servers_at, servers.to_vec(), "must not have more than 3 nameservers");
    }
    for (i, text) in servers.iter().enumerate() {
        ip::validate(text, &servers_at.index(i), errors);
    }
    let searches = items(&c.searches);
    let searches_at = at.child("searches");
    if searches.len() > MOST_SEARCHES {
        errors.invalid(&searches_at, searches.to_vec(), "must not have more than 32 search paths");
    }
    let length = searches.iter().map(String::len).sum::<usize>() + searches.len().saturating_sub(1);
    if length > LONGEST_SEARCHES {
        let why = "must not have more than 2048 characters (including spaces) in the search list";
        errors.invalid(&searches_at, searches.to_vec(), why);
    }
    for (i, search) in searches.iter().enumerate().filter(|(_, s)| *s != ".") {
        let domain = search.strip_suffix('.').unwrap_or(search);
        errors.invalid_each(&searches_at.index(i), domain, domain_with_underscores(domain));
    }
    let options_at = at.child("options");
    for (i, option) in items(&c.options).iter().enumerate() {
        if text(&option.name).is_empty() {
            errors.required(&options_at.index(i), "must not be empty");
        }
    }
}

/// A DNS subdomain whose labels may have underscores.
fn domain_with_underscores(name: &str) -> Vec<String> {
    let ends = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = |s: &str| {
        let b = s.strip_prefix('_').unwrap_or(s).as_bytes();
        let inner = b.iter().all(|c| ends(*c) || matches!(c, b'-' | b'_'));
        inner && b.first().zip(b.last()).is_some_and(|(start, last)| ends(*start) && ends(*last))
    };
    let mut problems = vec![];
    if name.len() > 253 {
        problems.push("must be no more than 253 characters".to_string());
    }
    if !name.split('.').all(label) {
        problems.push(UNDERSCORE_FORMAT.into());
    }
    problems
}

const UNDERSCORE_FORMAT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

/// A name that takes the place of the one that the kubelet would give.
pub fn validate_hostname_override(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(name) = &s.hostname_override else { return };
    let at = at.child("hostnameOverride");
    if s.set_hostname_as_fqdn == Some(true) {
        errors.forbidden(&at, "may not be specified when setHostnameAsFQDN is true");
    }
    if s.host_network == Some(true) {
        errors.forbidden(&at, "may not be specified when hostNetwork is true");
    }
    if name.len() > 64 {
        errors.too_long(&at, 64);
    }
    errors.invalid_each(&at, name, names::dns1123_subdomain(name, false));
}

pub fn validate_aliases(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    for (i, a) in items(&s.host_aliases).iter().enumerate() {
        let here = at.index(i);
        ip::validate(&a.ip, &here.child("ip"), errors);
        let list = here.child("hostnames");
        for (j, h) in items(&a.hostnames).iter().enumerate() {
            errors.invalid_each(&list.index(j), h, names::dns1123_subdomain(h, false));
        }
    }
}

/// In the host's network a container has the host's ports. A template may leave that to its pods.
pub fn validate_host_network(s: &PodSpec, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.host_network != Some(true) {
        return;
    }
    let list = at.child("containers");
    for (i, c) in s.containers.iter().enumerate() {
        for (j, p) in items(&c.ports).iter().enumerate() {
            let port = p.host_port.unwrap_or(0);
            if port != p.container_port && (options.resource_is_pod || port != 0) {
                let here = list.index(i);
                let why = "must match `containerPort` when `hostNetwork` is true";
                errors.invalid(&here.child("ports").index(j).child("hostPort"), port, why);
            }
        }
    }
}
