//! Access to devices as their administrator: only a namespace with a label may ask for it, or be given it.
//! Real Kubernetes: pkg/registry/resource/utils.go AuthorizedForAdmin, AuthorizedForAdminStatus.

use k8s_openapi::api::resource::v1::{DeviceRequest, DeviceRequestAllocationResult};

use super::ApiServer;
use crate::api::Object;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::{Namespace, ResourceClaim, ResourceClaimTemplate};
use crate::api::object::Key;

const LABEL: &str = "resource.kubernetes.io/admin-access";

/// Judges a new claim, or a template of claims.
pub fn validate(api: &ApiServer, o: &Object, errors: &mut FieldErrors) {
    let spec = match (o.get::<ResourceClaim>(), o.get::<ResourceClaimTemplate>()) {
        (Some(claim), _) => &claim.spec,
        (_, Some(template)) => &template.spec.spec,
        _ => return,
    };
    let asks = |r: &DeviceRequest| r.exactly.as_ref().is_some_and(|e| e.admin_access == Some(true));
    let requests = spec.devices.iter().flat_map(|d| d.requests.iter().flatten());
    if let Some(i) = requests.into_iter().position(asks) {
        let spec = Path::new("spec");
        let at = spec.child("devices");
        demand_label(api, o, &at.child("requests").index(i).child("adminAccess"), errors);
    }
}

/// Judges what a claim was given. What it has, it keeps.
pub fn validate_status(api: &ApiServer, new: &Object, old: &Object, errors: &mut FieldErrors) {
    let given = |o: &Object| {
        let allocation = o.get::<ResourceClaim>()?.status.as_ref()?.allocation.as_ref()?;
        let mut results = allocation.devices.iter().flat_map(|d| d.results.iter().flatten());
        results.position(|r: &DeviceRequestAllocationResult| r.admin_access == Some(true))
    };
    if let (None, Some(i)) = (given(old), given(new)) {
        let status = Path::new("status");
        let at = status.child("allocation");
        let at = at.child("devices");
        demand_label(api, new, &at.child("results").index(i).child("adminAccess"), errors);
    }
}

fn demand_label(api: &ApiServer, o: &Object, at: &Path<'_>, errors: &mut FieldErrors) {
    let namespace = api.store().get(&Key::of::<Namespace>("", o.namespace()));
    let labels = namespace.and_then(|n| n.get::<Namespace>()?.metadata.labels.as_ref());
    if labels.and_then(|l| l.get(LABEL)).map(String::as_str) != Some("true") {
        let why = format!("admin access to devices requires the `{LABEL}: true` label on the containing namespace");
        errors.forbidden(at, why);
    }
}
