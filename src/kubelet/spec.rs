//! From a container of a pod to what the runtime is asked to run.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go GenerateRunContainerOptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::environment::{expand, variables};
use super::service_links::Environment;
use super::status::full_name;
use super::{roles, volumes};
use crate::api::file_tree::Tree;
use crate::api::kinds::Pod;
use crate::api::object::{Name, Resource};
use crate::api::ops::{ContainerSpec, Pids};
use crate::api::pki::Authority;
use crate::api::{pods, resource_list};
use crate::world::Ctx;

/// A container cannot be made from what the cluster holds: the reason that STATUS shows, and the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

/// Where a container is made: what the pod's status may not say yet, and what the node has.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub pod_ip: &'a str,
    pub host_ip: &'a str,
    pub allocatable: &'a BTreeMap<String, Quantity>,
    /// What the volume of its service account's token holds.
    pub account: &'a Tree,
    /// Its volumes, as they were mounted.
    pub volumes: &'a volumes::Sources,
    /// The container's variables, as far as they are known.
    pub env: &'a Environment,
    /// The address of the cluster's DNS.
    pub dns: &'a str,
}

/// What a pod's service account gives it; pods of a namespace share it.
#[derive(Clone, Debug, Default)]
pub struct Accounts(BTreeMap<Name, Tree>);

impl Accounts {
    pub fn of(&mut self, namespace: &str, ctx: &Ctx<'_>) -> Tree {
        let made = || {
            let authority = ctx.authority().map(Authority::certificate).unwrap_or_default();
            volumes::account(namespace, &authority, ctx.now())
        };
        self.0.entry(namespace.into()).or_insert_with(made).clone()
    }
}

pub fn container_spec(
    pod: &Pod,
    c: &Container,
    attempt: u32,
    place: &Place<'_>,
    links: Arc<Environment>,
    ctx: &mut Ctx<'_>,
) -> Result<ContainerSpec, ConfigError> {
    let env = variables(pod, c, place, &links, ctx)?;
    let (user, group, groups) = identity(pod, c);
    let words =
        |w: &Option<Vec<String>>| -> Vec<String> { w.iter().flatten().map(|s| expand(s, &[&env, &links])).collect() };
    Ok(ContainerSpec {
        name: c.name.clone(),
        image: c.image.clone().unwrap_or_default(),
        command: words(&c.command),
        args: words(&c.args),
        working_dir: c.working_dir.clone().unwrap_or_default(),
        hostname: hostname(pod).to_string(),
        cpu_limit: resource_list::limits(c).get("cpu").and_then(|q| u32::try_from(q.milli()).ok()),
        memory_limit: resource_list::limits(c).get("memory").and_then(|q| u64::try_from(q.units()).ok()),
        stdin: c.stdin == Some(true),
        tty: c.tty == Some(true),
        user,
        group,
        groups,
        read_only_root: c.security_context.as_ref().and_then(|s| s.read_only_root_filesystem) == Some(true),
        resolv_conf: resolv_conf(pod, place.dns).into(),
        aliases: aliases(pod),
        domain: domain(pod),
        mounts: volumes::mounts(c, &Place { env: &env, ..*place }),
        env,
        links,
        pids: pids(pod, &c.name),
        last_word: c.termination_message_path.as_deref().unwrap_or_default().into(),
        log_is_last_word: c.termination_message_policy.as_deref() == Some("FallbackToLogsOnError"),
        attempt,
    })
}

/// Whose processes a container sees. Real Kubernetes: pkg/kubelet/kuberuntime/util/util.go PidNamespaceForPod.
fn pids(pod: &Pod, name: &str) -> Pids {
    let Some(spec) = pod.spec.as_deref() else { return Pids::Own };
    let own = roles::ephemeral(spec).find(|e| e.name == name);
    match own.and_then(|e| e.target_container_name.clone()).filter(|t| !t.is_empty()) {
        Some(target) => Pids::Of(target),
        None if spec.share_process_namespace == Some(true) => Pids::Pod,
        None => Pids::Own,
    }
}

/// Who must not be root is not. Real Kubernetes: pkg/kubelet/kuberuntime/security_context.go verifyRunAsNonRoot.
pub fn may_run_as(pod: &Pod, c: &Container, image_user: u32) -> Result<(), ConfigError> {
    let of_pod = pod.spec.as_ref().and_then(|s| s.security_context.as_ref());
    let of_container = c.security_context.as_ref();
    let non_root = of_container.and_then(|s| s.run_as_non_root).or(of_pod.and_then(|s| s.run_as_non_root));
    let user = of_container.and_then(|s| s.run_as_user).or(of_pod.and_then(|s| s.run_as_user));
    let who = match (non_root, user) {
        (Some(true), Some(0)) => "container's runAsUser breaks non-root policy",
        (Some(true), None) if image_user == 0 => "container has runAsNonRoot and image will run as root",
        _ => return Ok(()),
    };
    Err(ConfigError(format!("{who} (pod: {:?}, container: {})", full_name(pod), c.name)))
}

/// As whom a container runs: its own word goes before its pod's.
fn identity(pod: &Pod, c: &Container) -> (Option<u32>, Option<u32>, Vec<u32>) {
    let number = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok());
    let of_pod = pod.spec.as_ref().and_then(|s| s.security_context.as_ref());
    let of_container = c.security_context.as_ref();
    let user = number(of_container.and_then(|s| s.run_as_user).or(of_pod.and_then(|s| s.run_as_user)));
    let group = number(of_container.and_then(|s| s.run_as_group).or(of_pod.and_then(|s| s.run_as_group)));
    let more =
        of_pod.into_iter().flat_map(|s| s.fs_group.into_iter().chain(s.supplemental_groups.iter().flatten().copied()));
    (user, group, more.filter_map(|g| number(Some(g))).collect())
}

/// Entries of `/etc/hosts` that the pod asks for.
fn aliases(pod: &Pod) -> Vec<String> {
    let all = pod.spec.iter().flat_map(|s| s.host_aliases.iter().flatten());
    all.map(|a| format!("{}\t{}", a.ip, a.hostnames.iter().flatten().cloned().collect::<Vec<_>>().join("\t"))).collect()
}

/// The pod's name in the cluster's DNS, if it has one.
/// What a pod is called within: in the network of its node as the node is.
/// Real Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_sandbox.go generatePodSandboxConfig.
fn hostname(pod: &Pod) -> &str {
    let spec = pod.spec.as_deref();
    if spec.is_some_and(|s| s.host_network == Some(true)) {
        return pods::node(pod);
    }
    spec.and_then(|s| s.hostname.as_deref()).unwrap_or(pod.name())
}

fn domain(pod: &Pod) -> Option<String> {
    let sub = pod.spec.as_ref().and_then(|s| s.subdomain.clone()).filter(|s| !s.is_empty())?;
    Some(format!("{sub}.{}.svc.cluster.local", pod.namespace()))
}

/// How the pod asks for names.
/// Real Kubernetes: pkg/kubelet/network/dns/dns.go GetPodDNS.
fn resolv_conf(pod: &Pod, dns: &str) -> String {
    let Some(spec) = pod.spec.as_ref() else { return String::new() };
    let policy = spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
    let of_cluster = match policy {
        "ClusterFirstWithHostNet" => true,
        "ClusterFirst" => spec.host_network != Some(true),
        _ => false,
    };
    let (mut search, mut servers, mut options) = match (policy, of_cluster) {
        ("None", _) => (vec![], vec![], vec![]),
        (_, true) => {
            let of_namespace = format!("{}.svc.cluster.local", pod.namespace());
            (
                vec![of_namespace, "svc.cluster.local".into(), "cluster.local".into()],
                vec![dns.to_string()],
                vec!["ndots:5".to_string()],
            )
        }
        // As the node does.
        (_, false) => (vec![], vec![NODE_NAMESERVER.to_string()], vec![]),
    };
    if let Some(c) = &spec.dns_config {
        search.extend(c.searches.iter().flatten().cloned());
        servers.extend(c.nameservers.iter().flatten().cloned());
        for o in c.options.iter().flatten() {
            let name = o.name.clone().unwrap_or_default();
            options.retain(|had| had.split(':').next() != Some(&name));
            options.push(match o.value.as_deref().filter(|v| !v.is_empty()) {
                Some(v) => format!("{name}:{v}"),
                None => name,
            });
        }
    }
    let mut out = String::new();
    if !search.is_empty() {
        out.push_str(&format!("search {}\n", search.join(" ")));
    }
    servers.iter().for_each(|s| out.push_str(&format!("nameserver {s}\n")));
    if !options.is_empty() {
        out.push_str(&format!("options {}\n", options.join(" ")));
    }
    out
}

/// Whom a node asks for names.
const NODE_NAMESERVER: &str = "8.8.8.8";
