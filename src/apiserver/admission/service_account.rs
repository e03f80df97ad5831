//! ServiceAccount: a pod runs as an account, whose token it finds in a volume.
//! Real Kubernetes: plugin/pkg/admission/serviceaccount.

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, DownwardAPIProjection, DownwardAPIVolumeFile, KeyToPath, ObjectFieldSelector, PodSpec,
    ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};

use super::{Plugin, mountable_secrets};
use crate::api::kind::Subresource;
use crate::api::kinds::shared_pod::{SUFFIX_LENGTH, TOKEN_VOLUME_PREFIX};
use crate::api::kinds::{Pod, ServiceAccount, pod_spec};
use crate::api::object::{Key, Resource};
use crate::api::{Object, Reason, Status, names};
use crate::apiserver::caller::suffix;
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::new("ServiceAccount") };

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// One hour, and seven seconds so that a renewal never comes too late.
const TOKEN_SECONDS: i64 = 3607;

fn mutate(api: &ApiServer, o: &mut Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let kind = o.kind();
    if old.is_some() || o.get::<Pod>().is_none() {
        return Ok(());
    }
    if let Some(why) = o.get::<Pod>().filter(|p| p.annotation(MIRROR).is_some()).map(fault_of_mirror) {
        return why.map_or(Ok(()), |why| Err(Status::forbidden(kind, o.name(), why)));
    }
    let Some(pod) = o.get_mut::<Pod>() else { return Ok(()) };
    let name = pod.metadata.name.as_deref().unwrap_or("");
    let ns = pod.metadata.namespace.as_deref().unwrap_or("");
    let Some(spec) = pod.spec.as_deref_mut() else { return Ok(()) };
    let account = spec.service_account_name.get_or_insert_with(|| "default".into()).clone();
    spec.service_account = Some(account.clone());
    let account = find(api, ns, &account).map_err(|why| Status::forbidden(kind, name, &why))?;
    if spec.image_pull_secrets.as_ref().is_none_or(Vec::is_empty) {
        let own = account.image_pull_secrets.clone();
        spec.image_pull_secrets = own.filter(|s| !s.is_empty()).or(spec.image_pull_secrets.take());
    }
    if spec.automount_service_account_token.or(account.automount_service_account_token).unwrap_or(true) {
        mount_token(spec, who);
    }
    judge(api, o)
}

fn find<'a>(api: &'a ApiServer, ns: &str, name: &str) -> Result<&'a ServiceAccount, String> {
    let found = api.store().get(&Key::of::<ServiceAccount>(ns, name)).and_then(|o| o.get::<ServiceAccount>());
    found.ok_or_else(|| {
        // The plugin asks by HTTP, and such a name would lead elsewhere.
        let why = match names::path_segment(name, false) {
            none if none.is_empty() => format!("serviceaccount {name:?} not found"),
            why => format!("invalid resource name {name:?}: [{}]", why.join(", ")),
        };
        format!("error looking up service account {ns}/{name}: {why}")
    })
}

/// A new pod's account must still be there, and may keep the pod to its own secrets; so with containers for debugging.
fn judge(api: &ApiServer, o: &Object) -> Result<(), Status> {
    let Some((pod, spec)) = o.get::<Pod>().and_then(|p| Some((p, p.spec.as_ref()?))) else { return Ok(()) };
    let refused = |why: String| Status::forbidden(o.kind(), o.name(), &why);
    let account = find(api, pod.namespace(), spec.service_account_name.as_deref().unwrap_or("")).map_err(refused)?;
    mountable_secrets::of_pod(account, spec).map_err(refused)
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let Some(pod) = o.get::<Pod>() else { return Ok(()) };
    match old {
        None if pod.annotation(MIRROR).is_some() => match fault_of_mirror(pod) {
            Some(why) => Err(Status::forbidden(o.kind(), o.name(), why)),
            None => Ok(()),
        },
        None => judge(api, o),
        Some(_) if who.subresource == Some(Subresource::EphemeralContainers) => {
            let Some(spec) = &pod.spec else { return Ok(()) };
            let account = find(api, pod.namespace(), spec.service_account_name.as_deref().unwrap_or(""));
            let account = account.map_err(|why| Status::forbidden(o.kind(), o.name(), &why))?;
            // The server has no words of its own around this refusal.
            mountable_secrets::of_debugging(account, spec).map_err(|why| Status::new(Reason::Unknown, why))
        }
        Some(_) => Ok(()),
    }
}

fn mount_token(spec: &mut PodSpec, who: &mut Caller<'_>) {
    let mut volume_name = None;
    for c in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        let mounts = c.volume_mounts.get_or_insert_default();
        if mounts.iter().any(|m| m.mount_path == MOUNT_PATH) {
            continue;
        }
        let volume =
            volume_name.get_or_insert_with(|| format!("{TOKEN_VOLUME_PREFIX}{}", suffix(who.chance, SUFFIX_LENGTH)));
        mounts.reserve_exact(1);
        mounts.push(VolumeMount {
            name: volume.clone(),
            mount_path: MOUNT_PATH.into(),
            read_only: Some(true),
            ..VolumeMount::default()
        });
    }
    if let Some(volume) = volume_name {
        // A volume is large, as it could be of any sort: no room is kept for others that will not come.
        let volumes = spec.volumes.get_or_insert_default();
        volumes.reserve_exact(1);
        volumes.push(token_volume(volume));
    }
}

/// Marks a pod that only mirrors one that a kubelet runs from a file.
pub const MIRROR: &str = "kubernetes.io/config.mirror";

/// A pod that runs already stays as it is. It cannot have what its kubelet would have fetched from the API.
fn fault_of_mirror(pod: &Pod) -> Option<&'static str> {
    let spec = pod.spec.as_ref()?;
    if spec.service_account_name.as_ref().is_some_and(|n| !n.is_empty()) {
        return Some("a mirror pod may not reference service accounts");
    }
    if pod_spec::references::secrets(spec).next().is_some() {
        return Some("a mirror pod may not reference secrets");
    }
    let volumes = spec.volumes.iter().flatten().filter_map(|v| v.projected.as_ref());
    let mut sources = volumes.flat_map(|p| p.sources.iter().flatten());
    sources
        .any(|s| s.service_account_token.is_some())
        .then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

fn token_volume(name: String) -> Volume {
    let token = VolumeProjection {
        service_account_token: Some(ServiceAccountTokenProjection {
            expiration_seconds: Some(TOKEN_SECONDS),
            path: "token".into(),
            ..ServiceAccountTokenProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let ca = VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: "kube-root-ca.crt".into(),
            items: Some(vec![KeyToPath { key: "ca.crt".into(), path: "ca.crt".into(), mode: None }]),
            ..ConfigMapProjection::default()
        }),
        ..VolumeProjection::default()
    };
    let namespace = VolumeProjection {
        downward_api: Some(DownwardAPIProjection {
            items: Some(vec![DownwardAPIVolumeFile {
                path: "namespace".into(),
                field_ref: Some(ObjectFieldSelector {
                    api_version: Some("v1".into()),
                    field_path: "metadata.namespace".into(),
                }),
                ..DownwardAPIVolumeFile::default()
            }]),
        }),
        ..VolumeProjection::default()
    };
    let projected = ProjectedVolumeSource { default_mode: Some(0o644), sources: Some(vec![token, ca, namespace]) };
    Volume { name, projected: Some(projected), ..Volume::default() }
}
