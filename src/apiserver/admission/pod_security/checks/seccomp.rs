//! Which system calls a pod may make: the baseline lets nobody lift the limits, the restricted level wants some set.
//! Real Kubernetes: k8s.io/pod-security-admission/policy/check_seccompProfile_{baseline,restricted}.go.

use k8s_openapi::api::core::v1::{PodSpec, SeccompProfile};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{Values, containers, is_windows, named, plural, quoted, setters, these};
use super::{Violation, found};
use crate::api::go_text;

const REASON: &str = "seccompProfile";
const OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Before 1.19 profiles were annotations.
pub fn annotations(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let allowed = |v: &str| v == "runtime/default" || v == "docker/default" || v.starts_with("localhost/");
    let keys = containers(spec).map(|c| format!("{OF_CONTAINER}{}", c.name));
    let mut bad = Values::new();
    for key in std::iter::once(OF_POD.to_string()).chain(keys) {
        let value = meta.annotations.as_ref().and_then(|a| a.get(&key)).filter(|v| !allowed(v));
        bad.extend(value.map(|v| format!("{key}={}", go_text::quoted(v))));
    }
    if bad.is_empty() {
        return None;
    }
    let list = bad.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    found(REASON, format!("forbidden {} {list}", plural("annotation", bad.len())))
}

fn is_limiting(p: &SeccompProfile) -> bool {
    matches!(p.type_.as_str(), "Localhost" | "RuntimeDefault")
}

/// Nobody sets a profile that does not limit.
pub fn allowed(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let mut values = Values::new();
    let mut bad = |p: &SeccompProfile| {
        let wrong = !is_limiting(p);
        values.extend(wrong.then(|| p.type_.clone()));
        wrong
    };
    let pod = spec.security_context.as_ref().and_then(|s| s.seccomp_profile.as_ref()).is_some_and(&mut bad);
    let wrong = named(spec, |c| c.security.and_then(|s| s.seccomp_profile.as_ref()).is_some_and(&mut bad));
    let who = setters(pod, &wrong);
    if who.is_empty() {
        return None;
    }
    let list = quoted(values);
    found(REASON, format!("{} must not set securityContext.seccompProfile.type to {list}", who.join(" and ")))
}

/// The same, and everybody has one.
pub fn required(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if let Some(wrong) = allowed(meta, spec) {
        return Some(wrong);
    }
    if spec.security_context.as_ref().is_some_and(|s| s.seccomp_profile.is_some()) {
        return None;
    }
    let silent = named(spec, |c| c.security.is_none_or(|s| s.seccomp_profile.is_none()));
    if silent.is_empty() {
        return None;
    }
    let must = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
    found(REASON, format!("pod or {} {must}", these(&silent)))
}

pub fn required_but_on_windows(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if is_windows(spec) { None } else { required(meta, spec) }
}
