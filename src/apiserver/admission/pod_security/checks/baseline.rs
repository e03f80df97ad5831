//! The baseline: what is known to break out of a container.
//! Real Kubernetes: k8s.io/pod-security-admission/policy/check_*.go, those of level baseline.

use k8s_openapi::api::core::v1::{LifecycleHandler, PodSpec, Probe, SELinuxOptions};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{Values, containers, has_own_users, named, plural, quoted, setters, these, uses};
use super::{Violation, found};
use crate::api::go_text;

pub fn app_armor_profile(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    const KEY: &str = "container.apparmor.security.beta.kubernetes.io/";
    let mut values = Values::new();
    let mut bad = |kind: Option<&str>| match kind {
        None | Some("RuntimeDefault" | "Localhost") => false,
        Some(other) => {
            values.insert(other.into());
            true
        }
    };
    let of_pod = spec.security_context.as_ref().and_then(|s| s.app_armor_profile.as_ref());
    let pod = bad(of_pod.map(|p| p.type_.as_str()));
    let wrong = named(spec, |c| bad(c.security.and_then(|s| Some(s.app_armor_profile.as_ref()?.type_.as_str()))));
    let mut who = setters(pod, &wrong);
    let allowed = |v: &str| v.is_empty() || v == "runtime/default" || v.starts_with("localhost/");
    let notes = meta.annotations.iter().flatten().filter(|(k, v)| k.starts_with(KEY) && !allowed(v));
    let mut notes: Vec<String> = notes.map(|(k, v)| format!("{k}={}", go_text::quoted(v))).collect();
    notes.sort();
    if !notes.is_empty() {
        who.push(plural("annotation", notes.len()));
    }
    if who.is_empty() {
        return None;
    }
    let list: Vec<String> = values.into_iter().chain(notes).collect();
    let reason = if list.len() == 1 { "forbidden AppArmor profile" } else { "forbidden AppArmor profiles" };
    found(reason, format!("{} must not set AppArmor profile type to {}", who.join(" and "), quoted(list)))
}

/// What a container has without asking.
const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub fn capabilities(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let mut added = Values::new();
    let bad = named(spec, |c| {
        let asked = c.security.and_then(|s| s.capabilities.as_ref()).and_then(|c| c.add.as_ref());
        let extra: Vec<&String> =
            asked.into_iter().flatten().filter(|c| !DEFAULT_CAPABILITIES.contains(&c.as_str())).collect();
        added.extend(extra.iter().map(|c| (*c).clone()));
        !extra.is_empty()
    });
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must not include {} in securityContext.capabilities.add", these(&bad), quoted(added));
    found("non-default capabilities", detail)
}

pub fn host_namespaces(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let shared = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    let shared: Vec<String> =
        shared.into_iter().filter(|(_, set)| *set == Some(true)).map(|(n, _)| format!("{n}=true")).collect();
    if shared.is_empty() { None } else { found("host namespaces", shared.join(", ")) }
}

pub fn host_path_volumes(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let bad: Vec<&str> =
        spec.volumes.iter().flatten().filter(|v| v.host_path.is_some()).map(|v| v.name.as_str()).collect();
    if bad.is_empty() {
        return None;
    }
    found("hostPath volumes", format!("{} {}", plural("volume", bad.len()), quoted(&bad)))
}

pub fn host_ports(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let mut ports = Values::new();
    let bad = named(spec, |c| {
        let asked: Vec<i32> = c.ports.iter().filter_map(|p| p.host_port).filter(|p| *p != 0).collect();
        ports.extend(asked.iter().map(ToString::to_string));
        !asked.is_empty()
    });
    if bad.is_empty() {
        return None;
    }
    let list = ports.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    found("hostPort", format!("{} {} {} {list}", these(&bad), uses(bad.len()), plural("hostPort", ports.len())))
}

/// A probe of another host than the pod makes kubelet ask around in the node's network.
pub fn hosts_of_probes(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let (mut bad, mut hosts) = (Values::new(), Values::new());
    for c in containers(spec) {
        let probes = c.probes.into_iter().flatten().flat_map(probed);
        let handlers = c.lifecycle.into_iter().flat_map(|l| [l.post_start.as_ref(), l.pre_stop.as_ref()]);
        let named: Vec<&str> = probes.chain(handlers.flatten().flat_map(handled)).collect();
        if !named.is_empty() {
            bad.insert(c.name.into());
            hosts.extend(named.into_iter().map(String::from));
        }
    }
    if bad.is_empty() {
        return None;
    }
    let bad: Vec<&str> = bad.iter().map(String::as_str).collect();
    let what = plural("probe or lifecycle host", hosts.len());
    found("probe or lifecycle host", format!("{} {} {what} {}", these(&bad), uses(bad.len()), quoted(hosts)))
}

fn probed(p: &Probe) -> impl Iterator<Item = &str> {
    let http = p.http_get.as_ref().and_then(|h| h.host.as_deref());
    let tcp = p.tcp_socket.as_ref().and_then(|t| t.host.as_deref());
    [http, tcp].into_iter().flatten().filter(|h| !h.is_empty())
}

fn handled(h: &LifecycleHandler) -> impl Iterator<Item = &str> {
    let http = h.http_get.as_ref().and_then(|h| h.host.as_deref());
    let tcp = h.tcp_socket.as_ref().and_then(|t| t.host.as_deref());
    [http, tcp].into_iter().flatten().filter(|h| !h.is_empty())
}

pub fn privileged(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let bad = named(spec, |c| c.security.and_then(|s| s.privileged) == Some(true));
    if bad.is_empty() {
        return None;
    }
    found("privileged", format!("{} must not set securityContext.privileged=true", these(&bad)))
}

pub fn proc_mount(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let mut values = Values::new();
    let bad = named(spec, |c| {
        let kind = c.security.and_then(|s| s.proc_mount.as_deref()).filter(|p| *p != "Default");
        values.extend(kind.map(String::from));
        kind.is_some()
    });
    if bad.is_empty() {
        return None;
    }
    found("procMount", format!("{} must not set securityContext.procMount to {}", these(&bad), quoted(values)))
}

pub fn proc_mount_of_host_users(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if has_own_users(spec) { None } else { proc_mount(meta, spec) }
}

pub fn se_linux_options(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    se_linux(spec, &["", "container_t", "container_init_t", "container_kvm_t"])
}

pub fn se_linux_options_of_engines(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    se_linux(spec, &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
}

fn se_linux(spec: &PodSpec, allowed: &[&str]) -> Option<Violation> {
    let (mut types, mut user, mut role) = (Values::new(), false, false);
    let mut bad = |o: &SELinuxOptions| {
        let set = |t: &Option<String>| t.as_ref().is_some_and(|t| !t.is_empty());
        let kind = o.type_.as_deref().unwrap_or("");
        let wrong = !allowed.contains(&kind);
        types.extend(wrong.then(|| kind.to_string()));
        user |= set(&o.user);
        role |= set(&o.role);
        wrong || set(&o.user) || set(&o.role)
    };
    let pod = spec.security_context.as_ref().and_then(|s| s.se_linux_options.as_ref()).is_some_and(&mut bad);
    let wrong = named(spec, |c| c.security.and_then(|s| s.se_linux_options.as_ref()).is_some_and(&mut bad));
    let who = setters(pod, &wrong);
    if who.is_empty() {
        return None;
    }
    let types = (!types.is_empty()).then(|| format!("{} {}", plural("type", types.len()), quoted(&types)));
    let rest = [user.then(|| "user may not be set".into()), role.then(|| "role may not be set".to_string())];
    let all: Vec<String> = types.into_iter().chain(rest.into_iter().flatten()).collect();
    let detail = format!("{} set forbidden securityContext.seLinuxOptions: {}", who.join(" and "), all.join("; "));
    found("seLinuxOptions", detail)
}

/// What a pod may tune of its own kernel namespaces, in the order in which it came to be allowed.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

pub fn sysctls_0(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    sysctls(spec, &SAFE_SYSCTLS[..5])
}
pub fn sysctls_27(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    sysctls(spec, &SAFE_SYSCTLS[..6])
}
pub fn sysctls_29(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    sysctls(spec, &SAFE_SYSCTLS[..10])
}
pub fn sysctls_32(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    sysctls(spec, &SAFE_SYSCTLS)
}

fn sysctls(spec: &PodSpec, safe: &[&str]) -> Option<Violation> {
    let all = spec.security_context.iter().flat_map(|s| s.sysctls.iter().flatten()).map(|s| s.name.as_str());
    let bad: Vec<&str> = all.filter(|name| !safe.contains(name)).collect();
    if bad.is_empty() { None } else { found("forbidden sysctls", bad.join(", ")) }
}

pub fn windows_host_process(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let of_pod = spec.security_context.as_ref().and_then(|s| s.windows_options.as_ref()?.host_process);
    let bad = named(spec, |c| c.security.and_then(|s| s.windows_options.as_ref()?.host_process) == Some(true));
    let who = setters(of_pod == Some(true), &bad);
    if who.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.windowsOptions.hostProcess=true", who.join(" and "));
    found("hostProcess", detail)
}
