//! From a container of a pod to what the runtime is asked to run.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go GenerateRunContainerOptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::environment::{expand, texts, variables};
use super::service_links::Environment;
use crate::api::kinds::{ConfigMap, Pod, Secret};
use crate::api::object::{Name, Resource};
use crate::api::ops::{ContainerSpec, Files, Mount};
use crate::api::resource_list;
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
    pub account: &'a Files,
}

/// What a pod's service account gives it; pods of a namespace share it.
#[derive(Clone, Debug, Default)]
pub struct Accounts(BTreeMap<Name, Files>);

impl Accounts {
    pub fn of(&mut self, namespace: &str) -> Files {
        let made = self.0.entry(namespace.into()).or_insert_with(|| {
            [("namespace", namespace), ("token", "simulated-token"), ("ca.crt", "simulated-ca")]
                .map(|(path, text)| (path.to_string(), text.to_string()))
                .into_iter()
                .collect()
        });
        made.clone()
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
    let words =
        |w: &Option<Vec<String>>| -> Vec<String> { w.iter().flatten().map(|s| expand(s, &[&env, &links])).collect() };
    Ok(ContainerSpec {
        name: c.name.clone(),
        image: c.image.clone().unwrap_or_default(),
        command: words(&c.command),
        args: words(&c.args),
        working_dir: c.working_dir.clone().unwrap_or_default(),
        hostname: pod.spec.as_ref().and_then(|s| s.hostname.clone()).unwrap_or_else(|| pod.name().to_string()),
        cpu_limit: resource_list::limits(c).get("cpu").and_then(|q| u32::try_from(q.milli()).ok()),
        mounts: mounts(pod, c, place.account, ctx)?,
        env,
        links,
        attempt,
    })
}

fn mounts(pod: &Pod, c: &Container, account: &Files, ctx: &mut Ctx<'_>) -> Result<Vec<Mount>, ConfigError> {
    let ns = pod.namespace();
    let mut out = vec![];
    for m in c.volume_mounts.iter().flatten() {
        let volume = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten()).find(|v| v.name == m.name);
        let mut files = Files::new();
        let mut writable = true;
        if let Some(v) = volume {
            if let Some(cm) = &v.config_map {
                writable = false;
                files.extend(texts::<ConfigMap>(ns, &cm.name, cm.optional == Some(true), ctx)?.unwrap_or_default());
            }
            if let Some(s) = &v.secret {
                writable = false;
                let name = s.secret_name.as_deref().unwrap_or("");
                files.extend(texts::<Secret>(ns, name, s.optional == Some(true), ctx)?.unwrap_or_default());
            }
            if v.projected.is_some() {
                writable = false;
                files = account.clone();
            }
        }
        out.push(Mount {
            path: m.mount_path.clone(),
            volume: pod.volume_name(&m.name).into(),
            read_only: m.read_only == Some(true) || !writable,
            files,
        });
    }
    Ok(out)
}
