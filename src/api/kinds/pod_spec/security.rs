//! What security contexts may not say, of a pod and of a container.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validatePodSpecSecurityContext, ValidateSecurityContext,
//! validateHostUsers, validateSysctls; k8s.io/component-helpers/node/util/sysctl.

use std::borrow::Cow;

use k8s_openapi::api::core::v1::{PodSpec, SecurityContext};

use super::profiles::{validate_app_armor, validate_seccomp};
use super::windows::validate_options;
use super::{Options, containers, items};
use crate::api::field::{FieldErrors, Path};
use crate::api::internal;

/// A user or a group.
pub fn validate_id(id: Option<i64>, at: &Path<'_>, errors: &mut FieldErrors) {
    if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
        errors.invalid(at, id, "must be between 0 and 2147483647, inclusive");
    }
}

pub fn validate_of_pod(s: &PodSpec, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(c) = &s.security_context else { return };
    validate_id(c.fs_group, &at.child("fsGroup"), errors);
    validate_id(c.run_as_user, &at.child("runAsUser"), errors);
    validate_id(c.run_as_group, &at.child("runAsGroup"), errors);
    let groups = at.child("supplementalGroups");
    for (i, group) in items(&c.supplemental_groups).iter().enumerate() {
        validate_id(Some(*group), &groups.index(i), errors);
    }
    if s.share_process_namespace == Some(true) && s.host_pid == Some(true) {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&at.child("shareProcessNamespace"), true, why);
    }
    validate_sysctls(s, options, &at.child("sysctls"), errors);
    if let Some(policy) = &c.fs_group_change_policy {
        errors.one_of(&at.child("fsGroupChangePolicy"), policy, &["Always", "OnRootMismatch"]);
    }
    validate_seccomp(c.seccomp_profile.as_ref(), &at.child("seccompProfile"), errors);
    validate_options(c.windows_options.as_ref(), &at.child("windowsOptions"), errors);
    validate_app_armor(c.app_armor_profile.as_ref(), &at.child("appArmorProfile"), errors);
    if let Some(policy) = &c.supplemental_groups_policy {
        errors.one_of(&at.child("supplementalGroupsPolicy"), policy, &["Merge", "Strict"]);
    }
    if let Some(policy) = &c.se_linux_change_policy {
        // Mounting with a label is behind a gate that v1.36 leaves off.
        let all = ["MountOption", "Recursive"];
        let supported = if options.allow_any_selinux_change_policy { &all[..] } else { &all[1..] };
        errors.one_of(&at.child("seLinuxChangePolicy"), policy, supported);
    }
}

fn validate_sysctls(s: &PodSpec, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    let list = s.security_context.as_ref().map_or(&[][..], |c| items(&c.sysctls));
    for (i, x) in list.iter().enumerate() {
        let here = at.index(i);
        let here = here.child("name");
        if x.name.is_empty() {
            errors.required(&here, "");
        } else if !is_sysctl(&x.name) {
            let why = r"must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.invalid(&here, x.name.as_str(), why);
        } else if list[..i].iter().any(|before| before.name == x.name) {
            errors.duplicate(&here, x.name.as_str());
        }
        if let Some(why) = host_sysctl_problem(&x.name, s).filter(|_| !options.allow_host_sysctls) {
            errors.invalid(&here, x.name.as_str(), why);
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let ends = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let segment = |s: &str| {
        let b = s.as_bytes();
        !b.is_empty() && ends(b[0]) && ends(b[b.len() - 1]) && b.iter().all(|c| ends(*c) || matches!(c, b'-' | b'_'))
    };
    name.len() <= 253 && name.split(['.', '/']).all(segment)
}

/// Why a pod may not set that sysctl in the host's namespace, where it lives.
pub fn host_sysctl_problem(name: &str, s: &PodSpec) -> Option<&'static str> {
    const OF_IPC: [&str; 10] = [
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.shm",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.msg",
    ];
    let name = with_dots(name);
    let name = name.split('*').next().unwrap_or("");
    let ipc = OF_IPC.contains(&name) || name.starts_with("fs.mqueue.");
    if s.host_network == Some(true) && name.starts_with("net.") {
        return Some("may not be specified when 'hostNetwork' is true");
    }
    (s.host_ipc == Some(true) && ipc).then_some("may not be specified when 'hostIPC' is true")
}

/// `net/ipv4/conf/eno2.100/rp_filter` → `net.ipv4.conf.eno2/100.rp_filter`
fn with_dots(name: &str) -> Cow<'_, str> {
    if !name.contains(['.', '/']) || name.find(['.', '/']) == name.find('.') {
        return name.into();
    }
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    };
    name.chars().map(swap).collect()
}

/// `host_users`: whether the pod uses the host's user namespace.
pub fn validate_of_container(s: &SecurityContext, host_users: bool, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_id(s.run_as_user, &at.child("runAsUser"), errors);
    validate_id(s.run_as_group, &at.child("runAsGroup"), errors);
    if let Some(mount) = &s.proc_mount {
        errors.one_of(&at.child("procMount"), mount, &["Default", "Unmasked"]);
        if host_users && mount == "Unmasked" {
            let why = "`hostUsers` must be false to use `Unmasked`";
            errors.invalid(&at.child("procMount"), mount.as_str(), why);
        }
    }
    validate_seccomp(s.seccomp_profile.as_ref(), &at.child("seccompProfile"), errors);
    if s.allow_privilege_escalation == Some(false) {
        if s.privileged == Some(true) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid_struct(at, internal::shown(s, "core/v1.SecurityContext"), why);
        }
        for _ in s.capabilities.iter().flat_map(|c| items(&c.add)).filter(|c| *c == "CAP_SYS_ADMIN") {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid_struct(at, internal::shown(s, "core/v1.SecurityContext"), why);
        }
    }
    validate_options(s.windows_options.as_ref(), &at.child("windowsOptions"), errors);
    validate_app_armor(s.app_armor_profile.as_ref(), &at.child("appArmorProfile"), errors);
}

/// A pod with a user namespace of its own keeps away from what belongs to the host's users.
pub fn validate_host_users(s: &PodSpec, options: Options, at: &Path<'_>, errors: &mut FieldErrors) {
    const WHY: &str = "when `hostUsers` is false";
    if s.host_users != Some(false) {
        return;
    }
    for (name, set) in [("hostNetwork", s.host_network), ("HostPID", s.host_pid), ("HostIPC", s.host_ipc)] {
        if set == Some(true) {
            errors.forbidden(&at.child(name), WHY);
        }
    }
    if options.allow_user_namespaces_with_devices {
        return;
    }
    for (list, i, c) in containers::all(s) {
        if !c.volume_devices.is_empty() {
            errors.forbidden(&at.child(list).index(i).child("volumeDevices"), WHY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysctls_of_the_hosts_namespaces() {
        let s = PodSpec { host_network: Some(true), host_ipc: Some(true), ..PodSpec::default() };
        for (name, refused) in [
            ("net.ipv4.ip_forward", true),
            ("net/ipv4/conf/eno2.100/rp_filter", true),
            ("kernel.sem", true),
            ("kernel/shm_rmid_forced", true),
            ("fs.mqueue.msg_max", true),
            ("kernel.shm*", true),
            ("vm.swappiness", false),
            ("network", false),
        ] {
            assert_eq!(host_sysctl_problem(name, &s).is_some(), refused, "{name}");
        }
        assert!(is_sysctl("net/ipv4/conf/eno2.100/rp_filter") && !is_sysctl("kernel..x") && !is_sysctl("Kernel"));
    }
}
