//! From a container of a pod to what the runtime is asked to run.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go GenerateRunContainerOptions, makeEnvironmentVariables.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVarSource};

use crate::api::kinds::{ConfigMap, Pod, Secret};
use crate::api::object::Resource;
use crate::api::ops::{ContainerSpec, Mount};
use crate::api::pods;
use crate::world::Ctx;

/// A container cannot be made from what the cluster holds: the reason that STATUS shows, and the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

/// What the pod's status may not say yet when a container is made.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a> {
    pub pod: &'a str,
    pub host: &'a str,
}

pub fn container_spec(
    pod: &Pod,
    c: &Container,
    attempt: u32,
    at: Addresses<'_>,
    ctx: &mut Ctx<'_>,
) -> Result<ContainerSpec, ConfigError> {
    let mut env = service_env(ctx, pod);
    for e in c.env.iter().flatten() {
        let value = match (&e.value, &e.value_from) {
            (_, Some(from)) => match from_source(pod, from, at, ctx)? {
                Some(v) => v,
                None => continue,
            },
            (Some(v), None) => expand(v, &env),
            (None, None) => String::new(),
        };
        env.insert(e.name.clone(), value);
    }
    let words = |w: &Option<Vec<String>>| -> Vec<String> { w.iter().flatten().map(|s| expand(s, &env)).collect() };
    Ok(ContainerSpec {
        name: c.name.clone(),
        image: c.image.clone().unwrap_or_default(),
        command: words(&c.command),
        args: words(&c.args),
        working_dir: c.working_dir.clone().unwrap_or_default(),
        hostname: pod.spec.as_ref().and_then(|s| s.hostname.clone()).unwrap_or_else(|| pod.name().to_string()),
        mounts: mounts(pod, c, ctx)?,
        env,
        attempt,
    })
}

/// Replaces `$(NAME)` by the variable's value, as the container's command and variables allow.
fn expand(text: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        rest = &rest[i..];
        if let Some(r) = rest.strip_prefix("$$") {
            out.push('$');
            rest = r;
        } else if let Some((name, r)) = rest.strip_prefix("$(").and_then(|r| r.split_once(')'))
            && env.contains_key(name)
        {
            out.push_str(&env[name]);
            rest = r;
        } else {
            out.push('$');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// The address of the API server, as every container finds it.
fn service_env(ctx: &mut Ctx<'_>, pod: &Pod) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    if pod.spec.as_ref().and_then(|s| s.enable_service_links) == Some(false) {
        return env;
    }
    let found = ctx.api::<crate::api::kinds::Service>().get("default", "kubernetes").ok();
    let ip = found
        .as_ref()
        .and_then(|o| o.get::<crate::api::kinds::Service>()?.spec.as_ref()?.cluster_ip.clone())
        .unwrap_or_default();
    for (k, v) in [
        ("KUBERNETES_SERVICE_HOST", ip.clone()),
        ("KUBERNETES_SERVICE_PORT", "443".into()),
        ("KUBERNETES_SERVICE_PORT_HTTPS", "443".into()),
        ("KUBERNETES_PORT", format!("tcp://{ip}:443")),
        ("KUBERNETES_PORT_443_TCP", format!("tcp://{ip}:443")),
        ("KUBERNETES_PORT_443_TCP_PROTO", "tcp".into()),
        ("KUBERNETES_PORT_443_TCP_PORT", "443".into()),
        ("KUBERNETES_PORT_443_TCP_ADDR", ip),
    ] {
        env.insert(k.to_string(), v);
    }
    env
}

fn from_source(
    pod: &Pod,
    from: &EnvVarSource,
    at: Addresses<'_>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<String>, ConfigError> {
    let ns = pod.namespace();
    if let Some(f) = &from.field_ref {
        return Ok(Some(field(pod, &f.field_path, at)));
    }
    if let Some(r) = &from.config_map_key_ref {
        let optional = r.optional == Some(true);
        return match ctx.api::<ConfigMap>().get(ns, &r.name) {
            Ok(o) => match o.get::<ConfigMap>().and_then(|c| c.data.as_ref()?.get(&r.key).cloned()) {
                None if !optional => {
                    Err(ConfigError(format!("couldn't find key {} in ConfigMap {ns}/{}", r.key, r.name)))
                }
                found => Ok(found),
            },
            Err(_) if optional => Ok(None),
            Err(e) => Err(ConfigError(e.message)),
        };
    }
    if let Some(r) = &from.secret_key_ref {
        let optional = r.optional == Some(true);
        return match ctx.api::<Secret>().get(ns, &r.name) {
            Ok(o) => match o.get::<Secret>().and_then(|c| c.data.as_ref()?.get(&r.key).cloned()) {
                None if !optional => Err(ConfigError(format!("couldn't find key {} in Secret {ns}/{}", r.key, r.name))),
                found => Ok(found.map(|b| String::from_utf8_lossy(&b.0).into_owned())),
            },
            Err(_) if optional => Ok(None),
            Err(e) => Err(ConfigError(e.message)),
        };
    }
    Ok(Some(String::new()))
}

/// A field of the pod, as the downward API gives it.
fn field(pod: &Pod, path: &str, at: Addresses<'_>) -> String {
    let quoted = |prefix: &str| path.strip_prefix(prefix).and_then(|p| p.strip_suffix("']")).map(String::from);
    if let Some(k) = quoted("metadata.labels['") {
        return pod.label(&k).unwrap_or("").into();
    }
    if let Some(k) = quoted("metadata.annotations['") {
        return pod.annotation(&k).unwrap_or("").into();
    }
    match path {
        "metadata.name" => pod.name().into(),
        "metadata.namespace" => pod.namespace().into(),
        "metadata.uid" => pod.uid().into(),
        "spec.nodeName" => pods::node(pod).into(),
        "spec.serviceAccountName" => pod.spec.as_ref().and_then(|s| s.service_account_name.clone()).unwrap_or_default(),
        "status.podIP" => at.pod.into(),
        "status.hostIP" => at.host.into(),
        _ => String::new(),
    }
}

fn mounts(pod: &Pod, c: &Container, ctx: &mut Ctx<'_>) -> Result<Vec<Mount>, ConfigError> {
    let ns = pod.namespace().to_string();
    let mut out = vec![];
    for m in c.volume_mounts.iter().flatten() {
        let volume = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten()).find(|v| v.name == m.name);
        let mut files = BTreeMap::new();
        let mut writable = true;
        if let Some(v) = volume {
            if let Some(cm) = &v.config_map {
                writable = false;
                match ctx.api::<ConfigMap>().get(&ns, &cm.name) {
                    Ok(o) => files.extend(o.get::<ConfigMap>().and_then(|c| c.data.clone()).unwrap_or_default()),
                    Err(_) if cm.optional == Some(true) => {}
                    Err(e) => return Err(ConfigError(e.message)),
                }
            }
            if let Some(s) = &v.secret {
                writable = false;
                let name = s.secret_name.as_deref().unwrap_or("");
                match ctx.api::<Secret>().get(&ns, name) {
                    Ok(o) => {
                        let data = o.get::<Secret>().and_then(|c| c.data.clone()).unwrap_or_default();
                        files.extend(data.into_iter().map(|(k, v)| (k, String::from_utf8_lossy(&v.0).into_owned())));
                    }
                    Err(_) if s.optional == Some(true) => {}
                    Err(e) => return Err(ConfigError(e.message)),
                }
            }
            if v.projected.is_some() {
                writable = false;
                files.insert("namespace".into(), ns.clone());
                files.insert("token".into(), "simulated-token".into());
                files.insert("ca.crt".into(), "simulated-ca".into());
            }
        }
        out.push(Mount {
            path: m.mount_path.clone(),
            volume: m.name.clone(),
            read_only: m.read_only == Some(true) || !writable,
            files,
        });
    }
    Ok(out)
}
