//! What the levels forbid: a table of checks, each with the versions in which it became what it is.
//! Real Kubernetes: k8s.io/pod-security-admission/policy.

mod baseline;
mod containers;
mod restricted;
mod seccomp;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::policy::{Level, LevelVersion, Version};

/// Why a check does not let a pod pass: in few words, and with what exactly is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub reason: &'static str,
    pub detail: String,
}

type Rule = fn(&ObjectMeta, &PodSpec) -> Option<Violation>;

struct Check {
    name: &'static str,
    level: Level,
    /// The check of the baseline that it takes the place of.
    instead_of: Option<&'static str>,
    /// Since when it is what: by the minor version.
    since: &'static [(u64, Rule)],
}

impl Check {
    const fn baseline(name: &'static str, since: &'static [(u64, Rule)]) -> Check {
        Check { name, level: Level::Baseline, instead_of: None, since }
    }

    const fn restricted(name: &'static str, since: &'static [(u64, Rule)]) -> Check {
        Check { name, level: Level::Restricted, instead_of: None, since }
    }

    const fn instead_of(self, name: &'static str) -> Check {
        Check { instead_of: Some(name), ..self }
    }

    fn rule(&self, minor: u64) -> Option<Rule> {
        self.since.iter().rev().find(|(since, _)| *since <= minor).map(|(_, rule)| *rule)
    }
}

/// In the order in which violations are listed.
static CHECKS: [Check; 19] = [
    Check::baseline("appArmorProfile", &[(0, baseline::app_armor_profile)]),
    Check::baseline("capabilities_baseline", &[(0, baseline::capabilities)]),
    Check::baseline("hostNamespaces", &[(0, baseline::host_namespaces)]),
    Check::baseline("hostPathVolumes", &[(0, baseline::host_path_volumes)]),
    Check::baseline("hostPorts", &[(0, baseline::host_ports)]),
    Check::baseline("hostProbesAndHostLifecycle", &[(34, baseline::hosts_of_probes)]),
    Check::baseline("privileged", &[(0, baseline::privileged)]),
    Check::baseline("procMount", &[(0, baseline::proc_mount), (35, baseline::proc_mount_of_host_users)]),
    Check::baseline("seLinuxOptions", &[(0, baseline::se_linux_options), (31, baseline::se_linux_options_of_engines)]),
    Check::baseline("seccompProfile_baseline", &[(0, seccomp::annotations), (19, seccomp::allowed)]),
    Check::baseline(
        "sysctls",
        &[(0, baseline::sysctls_0), (27, baseline::sysctls_27), (29, baseline::sysctls_29), (32, baseline::sysctls_32)],
    ),
    Check::baseline("windowsHostProcess", &[(0, baseline::windows_host_process)]),
    Check::restricted(
        "allowPrivilegeEscalation",
        &[(8, restricted::privilege_escalation), (25, restricted::privilege_escalation_but_on_windows)],
    ),
    Check::restricted(
        "capabilities_restricted",
        &[(22, restricted::capabilities), (25, restricted::capabilities_but_on_windows)],
    )
    .instead_of("capabilities_baseline"),
    Check::restricted("procMount_restricted", &[(35, baseline::proc_mount)]).instead_of("procMount"),
    Check::restricted("restrictedVolumes", &[(0, restricted::volumes)]).instead_of("hostPathVolumes"),
    Check::restricted(
        "runAsNonRoot",
        &[(0, restricted::run_as_non_root), (35, restricted::run_as_non_root_of_host_users)],
    ),
    Check::restricted("runAsUser", &[(23, restricted::run_as_user), (35, restricted::run_as_user_of_host_users)]),
    Check::restricted("seccompProfile_restricted", &[(19, seccomp::required), (25, seccomp::required_but_on_windows)])
        .instead_of("seccompProfile_baseline"),
];

/// The last version in which anything changed: a later one means the same.
const NEWEST: u64 = 35;

/// Everything that a level forbids of a pod.
pub fn violations(policy: LevelVersion, meta: &ObjectMeta, spec: &PodSpec) -> Vec<Violation> {
    let minor = match policy.version {
        Version::Latest => NEWEST,
        Version::Minor(minor) => minor.min(NEWEST),
    };
    let active = |c: &&Check| c.level <= policy.level;
    let replaced = |name: &str| {
        let stronger = CHECKS.iter().filter(active).find(|c| c.instead_of == Some(name));
        stronger.is_some_and(|c| c.rule(minor).is_some())
    };
    let applied = CHECKS.iter().filter(active).filter(|c| !replaced(c.name));
    applied.filter_map(|c| c.rule(minor)?(meta, spec)).collect()
}

/// `host namespaces, privileged`
pub fn reasons(all: &[Violation]) -> String {
    all.iter().map(|v| v.reason).collect::<Vec<_>>().join(", ")
}

/// `host namespaces (hostNetwork=true), privileged (container "a" must not …)`
pub fn details(all: &[Violation]) -> String {
    let one = |v: &Violation| match v.detail.as_str() {
        "" => v.reason.to_string(),
        detail => format!("{} ({detail})", v.reason),
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn found(reason: &'static str, detail: String) -> Option<Violation> {
    Some(Violation { reason, detail })
}
