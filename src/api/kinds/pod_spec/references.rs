//! What a pod refers to in its own namespace.
//! Real Kubernetes: pkg/api/v1/pod/util.go VisitPodSecretNames, VisitPodConfigmapNames.

use k8s_openapi::api::core::v1::{Container, EnvVarSource, PodSpec, Volume};

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.init_containers.iter().flatten().chain(&spec.containers)
}

fn sources(spec: &PodSpec) -> impl Iterator<Item = &EnvVarSource> {
    containers(spec).flat_map(|c| c.env.iter().flatten()).filter_map(|e| e.value_from.as_ref())
}

fn volumes(spec: &PodSpec) -> impl Iterator<Item = &Volume> {
    spec.volumes.iter().flatten()
}

/// Names of Secrets: to pull images, in the environment and in volumes.
pub fn secrets(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let pull = spec.image_pull_secrets.iter().flatten().map(|r| r.name.as_str());
    let env = sources(spec).filter_map(|s| s.secret_key_ref.as_ref()).map(|r| r.name.as_str());
    let whole = containers(spec).flat_map(|c| c.env_from.iter().flatten());
    let whole = whole.filter_map(|e| e.secret_ref.as_ref()).map(|r| r.name.as_str());
    let plain = volumes(spec).filter_map(|v| v.secret.as_ref()?.secret_name.as_deref());
    let projected = volumes(spec).filter_map(|v| v.projected.as_ref()).flat_map(|p| p.sources.iter().flatten());
    let projected = projected.filter_map(|p| p.secret.as_ref()).map(|r| r.name.as_str());
    pull.chain(env).chain(whole).chain(plain).chain(projected)
}

/// Names of ConfigMaps: in the environment and in volumes.
pub fn config_maps(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let env = sources(spec).filter_map(|s| s.config_map_key_ref.as_ref()).map(|r| r.name.as_str());
    let whole = containers(spec).flat_map(|c| c.env_from.iter().flatten());
    let whole = whole.filter_map(|e| e.config_map_ref.as_ref()).map(|r| r.name.as_str());
    let plain = volumes(spec).filter_map(|v| v.config_map.as_ref()).map(|r| r.name.as_str());
    let projected = volumes(spec).filter_map(|v| v.projected.as_ref()).flat_map(|p| p.sources.iter().flatten());
    let projected = projected.filter_map(|p| p.config_map.as_ref()).map(|r| r.name.as_str());
    env.chain(whole).chain(plain).chain(projected)
}

/// Names of PersistentVolumeClaims.
pub fn claims(spec: &PodSpec) -> impl Iterator<Item = &str> {
    volumes(spec).filter_map(|v| v.persistent_volume_claim.as_ref()).map(|c| c.claim_name.as_str())
}
