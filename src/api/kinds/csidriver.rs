//! storage.k8s.io/v1 CSIDriver: names, defaults, validation, columns. The gate VolumeLimitScaling is off, as it is by default.
//! Real Kubernetes: pkg/apis/storage/v1/defaults.go, pkg/apis/storage/validation, pkg/registry/storage/csidriver.

use std::collections::BTreeSet;

use k8s_openapi::api::storage::v1::{CSIDriverSpec, TokenRequest};

use super::CSIDriver;
use crate::api::canonical;
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Kind;
use crate::api::table::{Cell, Column, ColumnType};

pub static KIND: Kind<CSIDriver> = Kind {
    namespaced: false,
    generation: true,
    unconditional_update: false,
    defaults: |d| defaults(&mut d.spec),
    // It counts changes only.
    prepare_create: |d| {
        d.metadata.generation = None;
        d.spec.prevent_pod_scheduling_if_missing = None;
    },
    prepare_update: |new, _| new.spec.prevent_pod_scheduling_if_missing = None,
    spec_changed: |new, old| !canonical::equal(&new.spec, &old.spec, "storage/v1.CSIDriverSpec"),
    validate: |d, errors| validate(&d.spec, errors),
    validate_update,
    warnings,
    returns_deleted: true,
    columns: &[
        Column::name(),
        Column::of(ColumnType::Boolean, 0, "AttachRequired", "attachRequired indicates this CSI volume driver requires an attach operation (because it implements the CSI ControllerPublishVolume() method), and that the Kubernetes attach detach controller should call the attach volume interface which checks the volumeattachment status and waits until the volume is attached before proceeding to mounting. The CSI external-attacher coordinates with CSI volume driver and updates the volumeattachment status when the attach operation is complete. If the value is specified to false, the attach operation will be skipped. Otherwise the attach operation will be called.\n\nThis field is immutable.", |d, _| Cell::from(d.spec.attach_required.unwrap_or(true))),
        Column::of(ColumnType::Boolean, 0, "PodInfoOnMount", "podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true. If set to false, pod information will not be passed on mount. Default is false.\n\nThe CSI driver specifies podInfoOnMount as part of driver deployment. If true, Kubelet will pass pod information as VolumeContext in the CSI NodePublishVolume() calls. The CSI driver is responsible for parsing and validating the information passed in as VolumeContext.\n\nThe following VolumeContext will be passed if podInfoOnMount is set to true. This list might grow, but the prefix will be used. \"csi.storage.k8s.io/pod.name\": pod.Name \"csi.storage.k8s.io/pod.namespace\": pod.Namespace \"csi.storage.k8s.io/pod.uid\": string(pod.UID) \"csi.storage.k8s.io/ephemeral\": \"true\" if the volume is an ephemeral inline volume\n                                defined by a CSIVolumeSource, otherwise \"false\"\n\n\"csi.storage.k8s.io/ephemeral\" is a new feature in Kubernetes 1.16. It is only required for drivers which support both the \"Persistent\" and \"Ephemeral\" VolumeLifecycleMode. Other drivers can leave pod info disabled and/or ignore this field. As Kubernetes 1.15 doesn't support this field, drivers can only support one mode when deployed on such a cluster and the deployment determines which mode that is, for example via a command line parameter of the driver.\n\nThis field was immutable in Kubernetes < 1.29 and now is mutable.", |d, _| Cell::from(d.spec.pod_info_on_mount.unwrap_or(false))),
        Column::of(ColumnType::Boolean, 0, "StorageCapacity", "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects with capacity information, if set to true.\n\nThe check can be enabled immediately when deploying a driver. In that case, provisioning new volumes with late binding will pause until the driver deployment has published some suitable CSIStorageCapacity object.\n\nAlternatively, the driver can be deployed with the field unset or false and it can be flipped later when storage capacity information has been published.\n\nThis field was immutable in Kubernetes <= 1.22 and now is mutable.", |d, _| Cell::from(d.spec.storage_capacity.unwrap_or(false))),
        Column::text("TokenRequests", "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication. Kubelet will pass the tokens in VolumeContext in the CSI NodePublishVolume calls. The CSI driver should parse and validate the following VolumeContext: \"csi.storage.k8s.io/serviceAccount.tokens\": {\n  \"<audience>\": {\n    \"token\": <token>,\n    \"expirationTimestamp\": <expiration timestamp in RFC3339>,\n  },\n  ...\n}\n\nNote: Audience in each TokenRequest should be different and at most one token is empty string. To receive a new token after expiry, RequiresRepublish can be used to trigger NodePublishVolume periodically.", |d, _| Cell::from(audiences(d))),
        Column::of(ColumnType::Boolean, 0, "RequiresRepublish", "requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume. This field defaults to false.\n\nNote: After a successful initial NodePublishVolume call, subsequent calls to NodePublishVolume should only update the contents of the volume. New mount points will not be seen by a running container.", |d, _| Cell::from(d.spec.requires_republish.unwrap_or(false))),
        Column::text("Modes", "volumeLifecycleModes defines what kind of volumes this CSI volume driver supports. The default if the list is empty is \"Persistent\", which is the usage defined by the CSI specification and implemented in Kubernetes via the usual PV/PVC mechanism.\n\nThe other mode is \"Ephemeral\". In this mode, volumes are defined inline inside the pod spec with CSIVolumeSource and their lifecycle is tied to the lifecycle of that pod. A driver has to be aware of this because it is only going to get a NodePublishVolume call for such a volume.\n\nFor more information about implementing this mode, see https://kubernetes-csi.github.io/docs/ephemeral-local-volumes.html A driver can support one or more of these modes and more modes may be added in the future.\n\nThis field is beta. This field is immutable.", |d, _| Cell::from(modes(d))),
        Column::age(),
    ],
    ..Kind::new(("storage.k8s.io", "v1"), "CSIDriver", "csidrivers", "csidriver")
};

fn audiences(d: &CSIDriver) -> String {
    match &d.spec.token_requests {
        None => "<unset>".into(),
        Some(requests) => requests.iter().map(|r| r.audience.as_str()).collect::<Vec<_>>().join(","),
    }
}

fn modes(d: &CSIDriver) -> String {
    match d.spec.volume_lifecycle_modes.as_deref().unwrap_or_default() {
        [] => "<none>".into(),
        modes => modes.join(","),
    }
}

fn defaults(spec: &mut CSIDriverSpec) {
    spec.attach_required.get_or_insert(true);
    spec.pod_info_on_mount.get_or_insert(false);
    spec.storage_capacity.get_or_insert(false);
    spec.fs_group_policy.get_or_insert_with(|| "ReadWriteOnceWithFSType".into());
    if spec.volume_lifecycle_modes.as_ref().is_none_or(|m| m.is_empty()) {
        spec.volume_lifecycle_modes = Some(vec!["Persistent".into()]);
    }
    spec.requires_republish.get_or_insert(false);
    spec.se_linux_mount.get_or_insert(false);
}

fn validate(spec: &CSIDriverSpec, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    if let Some(policy) = &spec.fs_group_policy {
        errors.one_of(&at.child("fsGroupPolicy"), policy, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    let requests = spec.token_requests.as_deref().unwrap_or_default();
    validate_token_requests(requests, &at.child("tokenRequests"), errors);
    for mode in spec.volume_lifecycle_modes.iter().flatten() {
        errors.one_of(&at.child("volumeLifecycleModes"), mode, &["Persistent", "Ephemeral"]);
    }
    if let Some(seconds) = spec.node_allocatable_update_period_seconds.filter(|s| *s < 10) {
        let at = at.child("nodeAllocatableUpdatePeriodSeconds");
        errors.invalid(&at, seconds, "must be greater than or equal to 10 seconds");
    }
    if let Some(set) = spec.service_account_token_in_secrets.filter(|_| requests.is_empty()) {
        let at = at.child("serviceAccountTokenInSecrets");
        errors.invalid(&at, set, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
    }
}

fn validate_token_requests(requests: &[TokenRequest], at: &Path<'_>, errors: &mut FieldErrors) {
    let mut audiences = BTreeSet::new();
    for (i, r) in requests.iter().enumerate() {
        let here = at.index(i);
        if !audiences.insert(r.audience.as_str()) {
            errors.duplicate(&here.child("audience"), r.audience.as_str());
            continue;
        }
        let Some(seconds) = r.expiration_seconds else { continue };
        let at = here.child("expirationSeconds");
        if seconds < 10 * 60 {
            errors.invalid(&at, seconds, "may not specify a duration less than 10 minutes");
        }
        if seconds > 1 << 32 {
            errors.invalid(&at, seconds, "may not specify a duration larger than 2^32 seconds");
        }
    }
}

fn validate_update(new: &CSIDriver, old: &CSIDriver, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    // Kubernetes misspells the field.
    errors.immutable(&at.child("attachedRequired"), &new.spec.attach_required, &old.spec.attach_required);
    let at = at.child("volumeLifecycleModes");
    errors.immutable(&at, &new.spec.volume_lifecycle_modes, &old.spec.volume_lifecycle_modes);
}

fn warnings(new: &CSIDriver, old: Option<&CSIDriver>) -> Vec<String> {
    let requests = |d: &CSIDriver| d.spec.token_requests.clone().unwrap_or_default();
    let asked = requests(new);
    let changed = old.is_none_or(|old| requests(old) != asked);
    if asked.is_empty() || !changed || new.spec.service_account_token_in_secrets.is_some() {
        return vec![];
    }
    vec![
        "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible \
         logging of tokens in volume attributes"
            .into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{AnyKind, Time};
    use serde_json::{Value, json};

    #[test]
    fn columns_tell_audiences_and_modes() {
        let row = |spec: Value| {
            let mut o = KIND.decode(json!({"metadata": {"name": "d"}, "spec": spec})).expect("driver");
            AnyKind::defaults(&KIND, &mut o);
            Value::from(KIND.row(&o, Time::ZERO)[1..7].to_vec())
        };
        assert_eq!(row(json!({})), json!([true, false, false, "<unset>", false, "Persistent"]));
        let full = json!({"attachRequired": false, "tokenRequests": [{"audience": ""}, {"audience": "vault"}],
                          "volumeLifecycleModes": ["Ephemeral", "Persistent"]});
        assert_eq!(row(full), json!([false, false, false, ",vault", false, "Ephemeral,Persistent"]));
    }
}
