//! What depends on the operating system that a pod is meant for, and what Windows' options may not say.
//! Real Kubernetes: pkg/apis/core/validation/validation.go validateOS, validateLinux, validateWindows,
//! validateWindowsSecurityContextOptions, validateWindowsHostProcessPod.

use k8s_openapi::api::core::v1::{PodSpec, SecurityContext, WindowsSecurityContextOptions};

use super::{containers, items};
use crate::api::field::{FieldErrors, Path};
use crate::api::names;

const NOT_ON_WINDOWS: &str = "cannot be set for a windows pod";
const NOT_ON_LINUX: &str = "windows options cannot be set for a linux pod";

pub fn validate_os(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(os) = &s.os else { return };
    match os.name.as_str() {
        "" => errors.required(&at.child("os").child("name"), ""),
        "linux" => validate_linux(s, at, errors),
        "windows" => validate_windows(s, at, errors),
        other => errors.not_supported(&at.child("os"), other, &["linux", "windows"]),
    }
}

fn validate_linux(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    if s.security_context.as_ref().is_some_and(|c| c.windows_options.is_some()) {
        errors.forbidden(&at.child("securityContext").child("windowsOptions"), NOT_ON_LINUX);
    }
    for (list, i, c) in containers::all(s) {
        if c.security_context.is_some_and(|c| c.windows_options.is_some()) {
            let list = at.child(list);
            let here = list.index(i);
            errors.forbidden(&here.child("securityContext").child("windowsOptions"), NOT_ON_LINUX);
        }
    }
}

fn validate_windows(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    validate_windows_pod(s, at, errors);
    for (list, i, c) in containers::all(s) {
        if let Some(context) = c.security_context {
            let list = at.child(list);
            let here = list.index(i);
            validate_windows_container(context, &here.child("securityContext"), errors);
        }
    }
}

fn validate_windows_pod(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let Some(c) = &s.security_context else { return };
    let inner = at.child("securityContext");
    // In Kubernetes' order. What is set beside the security context there stands in it internally.
    for (path, set) in [
        (inner.child("appArmorProfile"), c.app_armor_profile.is_some()),
        (inner.child("seLinuxOptions"), c.se_linux_options.is_some()),
        (at.child("hostUsers"), s.host_users.is_some()),
        (at.child("hostPID"), s.host_pid == Some(true)),
        (at.child("hostIPC"), s.host_ipc == Some(true)),
        (inner.child("seccompProfile"), c.seccomp_profile.is_some()),
        (inner.child("fsGroup"), c.fs_group.is_some()),
        (inner.child("fsGroupChangePolicy"), c.fs_group_change_policy.is_some()),
        (inner.child("sysctls"), !items(&c.sysctls).is_empty()),
        (at.child("shareProcessNamespace"), s.share_process_namespace.is_some()),
        (inner.child("runAsUser"), c.run_as_user.is_some()),
        (inner.child("runAsGroup"), c.run_as_group.is_some()),
        (inner.child("supplementalGroups"), c.supplemental_groups.is_some()),
        (inner.child("supplementalGroupsPolicy"), c.supplemental_groups_policy.is_some()),
        (inner.child("seLinuxChangePolicy"), c.se_linux_change_policy.is_some()),
    ] {
        if set {
            errors.forbidden(&path, NOT_ON_WINDOWS);
        }
    }
}

fn validate_windows_container(c: &SecurityContext, at: &Path<'_>, errors: &mut FieldErrors) {
    for (name, set) in [
        ("appArmorProfile", c.app_armor_profile.is_some()),
        ("seLinuxOptions", c.se_linux_options.is_some()),
        ("seccompProfile", c.seccomp_profile.is_some()),
        ("capabilities", c.capabilities.is_some()),
        ("readOnlyRootFilesystem", c.read_only_root_filesystem.is_some()),
        ("privileged", c.privileged.is_some()),
        ("allowPrivilegeEscalation", c.allow_privilege_escalation.is_some()),
        ("procMount", c.proc_mount.is_some()),
        ("runAsUser", c.run_as_user.is_some()),
        ("runAsGroup", c.run_as_group.is_some()),
    ] {
        if set {
            errors.forbidden(&at.child(name), NOT_ON_WINDOWS);
        }
    }
}

pub fn validate_options(o: Option<&WindowsSecurityContextOptions>, at: &Path<'_>, errors: &mut FieldErrors) {
    const LONGEST_SPEC: usize = 64 * 1024;
    let Some(o) = o else { return };
    if let Some(name) = &o.gmsa_credential_spec_name {
        errors.invalid_each(&at.child("gmsaCredentialSpecName"), name, names::dns1123_subdomain(name, false));
    }
    if let Some(spec) = &o.gmsa_credential_spec {
        let at = at.child("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.invalid(&at, "", "gmsaCredentialSpec cannot be an empty string");
        } else if spec.len() > LONGEST_SPEC {
            errors.invalid(&at, spec.as_str(), "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    if let Some(name) = &o.run_as_user_name {
        user_name_problems(name, |why| errors.invalid(&at.child("runAsUserName"), name.as_str(), why));
    }
}

/// What is wrong with `user` or `DOMAIN\user`.
fn user_name_problems(name: &str, mut wrong: impl FnMut(&'static str)) {
    const NOT_IN_A_USER: &[char] = &['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']'];
    if name.is_empty() {
        return wrong("runAsUserName cannot be an empty string");
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return wrong("runAsUserName cannot contain control characters");
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => {
            return wrong("runAsUserName cannot contain more than one backslash");
        }
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    if domain.is_some_and(|d| d.len() >= 256) {
        wrong("runAsUserName's Domain length must be under 256 characters");
    }
    if domain.is_some_and(|d| !is_net_bios(d) && !is_dns(d)) {
        wrong("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
    if user.is_empty() {
        wrong("runAsUserName's User cannot be empty");
    } else if user.len() > 104 {
        wrong("runAsUserName's User length must not be longer than 104 characters");
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        wrong("runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains(NOT_IN_A_USER) {
        wrong(r#"runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]"#);
    }
}

fn is_net_bios(domain: &str) -> bool {
    let length = domain.chars().count();
    (1..=15).contains(&length)
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let b = label.as_bytes();
        (1..=63).contains(&b.len())
            && b[0].is_ascii_alphanumeric()
            && b[b.len() - 1].is_ascii_alphanumeric()
            && b.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
    })
}

/// Containers that run as processes of a Windows host: all of a pod's, or none.
pub fn validate_host_process(s: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let of_pod = s.security_context.as_ref().and_then(|c| c.windows_options.as_ref()?.host_process);
    let (mut all, mut host) = (0, 0);
    for (list, i, c) in containers::all(s) {
        all += 1;
        let own = c.security_context.and_then(|c| c.windows_options.as_ref()?.host_process);
        if let (Some(of_pod), Some(own)) = (of_pod, own)
            && of_pod != own
        {
            let list = at.child(list);
            let here = list.index(i);
            let here = here.child("securityContext");
            let here = here.child("windowsOptions");
            let why = format!("pod hostProcess value must be identical if both are specified, was {of_pod}");
            errors.invalid(&here.child("hostProcess"), own, why);
        }
        host += usize::from(own.or(of_pod) == Some(true));
    }
    if host == 0 {
        return;
    }
    if host != all {
        let why = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(at, "", why);
    }
    if s.host_network != Some(true) {
        let why = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&at.child("hostNetwork"), false, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_windows_users() {
        let problems = |name: &str| {
            let mut out = vec![];
            user_name_problems(name, |why| out.push(why));
            out
        };
        for good in ["user", r"CORP\user", r"corp.example.com\user", "a b"] {
            assert_eq!(problems(good), [""; 0], "{good}");
        }
        assert_eq!(problems(r"a\b\c"), ["runAsUserName cannot contain more than one backslash"]);
        assert_eq!(
            problems(r"\"),
            [
                "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
                "runAsUserName's User cannot be empty",
            ]
        );
        assert_eq!(problems(". ."), ["runAsUserName's User cannot contain only periods or spaces"]);
        assert_eq!(problems("a@b").len(), 1);
    }
}
