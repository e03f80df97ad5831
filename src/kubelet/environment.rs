//! The variables that a container's definition asks for.
//! Real Kubernetes: pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, pkg/api/v1/resource/helpers.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVarSource, ResourceFieldSelector};

use super::service_links::Environment;
use super::spec::{ConfigError, Place};
use crate::api::kinds::{ConfigMap, Pod, Secret};
use crate::api::object::Resource;
use crate::api::quantity::Quantity;
use crate::api::{Reason, pods};
use crate::world::Ctx;

/// Resolves `envFrom`, then `env`, of which later ones may refer to earlier ones and to `links`.
pub fn variables(
    pod: &Pod,
    c: &Container,
    place: &Place<'_>,
    links: &Environment,
    ctx: &mut Ctx<'_>,
) -> Result<Environment, ConfigError> {
    let mut env = Environment::new();
    for from in c.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or("");
        let all = everything(pod.namespace(), from, ctx)?;
        env.extend(all.into_iter().map(|(k, v)| (format!("{prefix}{k}"), v)));
    }
    for e in c.env.iter().flatten() {
        let value = match (e.value.as_deref().filter(|v| !v.is_empty()), &e.value_from) {
            (Some(v), _) => expand(v, &[&env, links]),
            (None, Some(from)) => match from_source(pod, c, from, place, ctx)? {
                Some(v) => v,
                None => continue,
            },
            (None, None) => String::new(),
        };
        env.insert(e.name.clone(), value);
    }
    Ok(env)
}

/// Replaces `$(NAME)` by the variable's value in the first environment that has it; `$$` is a plain dollar.
/// Real Kubernetes: third_party/forked/golang/expansion.
pub fn expand(text: &str, environments: &[&Environment]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        rest = &rest[i..];
        let named = rest.strip_prefix("$(").and_then(|r| r.split_once(')'));
        let value = named.and_then(|(name, _)| environments.iter().find_map(|e| e.get(name)));
        if let Some(r) = rest.strip_prefix("$$") {
            out.push('$');
            rest = r;
        } else if let (Some((_, r)), Some(value)) = (named, value) {
            out.push_str(value);
            rest = r;
        } else {
            out.push('$');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// What of a ConfigMap or Secret a container may ask for.
pub(super) trait Texts: Resource {
    const NAME: &'static str;
    fn texts(&self) -> Environment;
    /// The same as bytes, and what is no text too.
    fn bytes(&self) -> BTreeMap<String, Vec<u8>>;
}

impl Texts for ConfigMap {
    const NAME: &'static str = "ConfigMap";
    fn texts(&self) -> Environment {
        self.data.clone().unwrap_or_default()
    }
    fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        let texts = self.data.iter().flatten().map(|(k, v)| (k.clone(), v.clone().into_bytes()));
        texts.chain(self.binary_data.iter().flatten().map(|(k, v)| (k.clone(), v.0.clone()))).collect()
    }
}

impl Texts for Secret {
    const NAME: &'static str = "Secret";
    fn texts(&self) -> Environment {
        let data = self.data.iter().flatten();
        data.map(|(k, v)| (k.clone(), String::from_utf8_lossy(&v.0).into_owned())).collect()
    }
    fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        self.data.iter().flatten().map(|(k, v)| (k.clone(), v.0.clone())).collect()
    }
}

/// `None`: it is not there, and need not be.
pub(super) fn texts<T: Texts>(
    ns: &str,
    name: &str,
    optional: bool,
    ctx: &mut Ctx<'_>,
) -> Result<Option<Environment>, ConfigError> {
    match ctx.api::<T>().cached(ns, name) {
        Ok(o) => Ok(Some(o.get::<T>().map(T::texts).unwrap_or_default())),
        Err(_) if optional => Ok(None),
        // Kubelet's own words: its cache names the kind in the singular.
        Err(e) if e.is(Reason::NotFound) => Err(ConfigError(format!("{} {name:?} not found", T::NAME.to_lowercase()))),
        Err(e) => Err(ConfigError(e.message)),
    }
}

fn text<T: Texts>(
    ns: &str,
    (name, key): (&str, &str),
    optional: bool,
    ctx: &mut Ctx<'_>,
) -> Result<Option<String>, ConfigError> {
    let Some(mut all) = texts::<T>(ns, name, optional, ctx)? else { return Ok(None) };
    match all.remove(key) {
        None if !optional => Err(ConfigError(format!("couldn't find key {key} in {} {ns}/{name}", T::NAME))),
        found => Ok(found),
    }
}

fn everything(ns: &str, from: &EnvFromSource, ctx: &mut Ctx<'_>) -> Result<Environment, ConfigError> {
    let found = if let Some(r) = &from.config_map_ref {
        texts::<ConfigMap>(ns, &r.name, r.optional == Some(true), ctx)?
    } else if let Some(r) = &from.secret_ref {
        texts::<Secret>(ns, &r.name, r.optional == Some(true), ctx)?
    } else {
        None
    };
    Ok(found.unwrap_or_default())
}

fn from_source(
    pod: &Pod,
    c: &Container,
    from: &EnvVarSource,
    place: &Place<'_>,
    ctx: &mut Ctx<'_>,
) -> Result<Option<String>, ConfigError> {
    let ns = pod.namespace();
    if let Some(f) = &from.field_ref {
        return Ok(Some(field(pod, &f.field_path, place)));
    }
    if let Some(r) = &from.resource_field_ref {
        return amount(pod, c, r, place).map(Some);
    }
    if let Some(r) = &from.config_map_key_ref {
        return text::<ConfigMap>(ns, (&r.name, &r.key), r.optional == Some(true), ctx);
    }
    if let Some(r) = &from.secret_key_ref {
        return text::<Secret>(ns, (&r.name, &r.key), r.optional == Some(true), ctx);
    }
    Ok(Some(String::new()))
}

/// A field of the pod, as the downward API gives it.
pub(super) fn field(pod: &Pod, path: &str, place: &Place<'_>) -> String {
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
        "status.podIP" | "status.podIPs" => place.pod_ip.into(),
        "status.hostIP" | "status.hostIPs" => place.host_ip.into(),
        _ => String::new(),
    }
}

/// A request or limit of a container in units of the divisor, rounded up. What has no limit is limited by its node.
pub(super) fn amount(
    pod: &Pod,
    c: &Container,
    r: &ResourceFieldSelector,
    place: &Place<'_>,
) -> Result<String, ConfigError> {
    let c = match r.container_name.as_deref().filter(|n| !n.is_empty()) {
        None => c,
        Some(name) => {
            let spec = pod.spec.as_deref();
            let all = spec.into_iter().flat_map(|s| s.containers.iter().chain(s.init_containers.iter().flatten()));
            all.into_iter()
                .find(|c| c.name == name)
                .ok_or_else(|| ConfigError(format!("container {name} not found")))?
        }
    };
    let Some((list, resource)) = r.resource.split_once('.') else {
        return Err(ConfigError(format!("unsupported container resource : {}", r.resource)));
    };
    let resources = c.resources.as_ref();
    let (asked, default) = match list {
        "limits" => (resources.and_then(|r| r.limits.as_ref()), place.allocatable.get(resource)),
        _ => (resources.and_then(|r| r.requests.as_ref()), None),
    };
    let found = asked.and_then(|list| list.get(resource)).or(default);
    let quantity = found.and_then(|q| Quantity::parse(&q.0)).map_or(0, Quantity::milli);
    let divisor = r.divisor.as_ref().and_then(|q| Quantity::parse(&q.0)).map_or(0, Quantity::milli);
    let divisor = if divisor <= 0 { 1000 } else { divisor };
    Ok((quantity / divisor + i64::from(quantity % divisor > 0)).to_string())
}
