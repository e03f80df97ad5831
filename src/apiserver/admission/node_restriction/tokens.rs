//! The tokens that a kubelet fetches: for pods on its node, and for those whom the pod wants to show it to.
//! Real Kubernetes: plugin/pkg/admission/noderestriction admitServiceAccount, podReferencesAudience.

use k8s_openapi::api::core::v1::Volume;
use serde_json::Value;

use super::{Ask, Judgement};
use crate::api::kinds::{CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod};
use crate::api::object::{Key, Resource};
use crate::api::{Status, pods};
use crate::apiserver::authorization::Attributes;
use crate::apiserver::{ApiServer, Caller};

pub fn judge(api: &ApiServer, node: &str, asked: &Ask<'_>, who: &Caller<'_>) -> Result<Judgement, Status> {
    let spec = &asked.body["spec"];
    let bound = &spec["boundObjectRef"];
    let text = |key: &str| bound[key].as_str().unwrap_or("");
    if text("apiVersion") != "v1" || text("kind") != "Pod" || text("name").is_empty() {
        return Ok(Err("node requested token not bound to a pod".into()));
    }
    if text("uid").is_empty() {
        return Ok(Err("node requested token with a pod binding without a uid".into()));
    }
    let key = Key::of::<Pod>(&asked.key.namespace, text("name"));
    let Some(pod) = api.store().get(&key).and_then(|o| o.get::<Pod>()) else {
        return Err(Status::not_found(key.kind, &key.name));
    };
    if text("uid") != pod.uid() {
        return Ok(Err(format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
            text("uid")
        )));
    }
    if pods::node(pod) != node {
        return Ok(Err("node requested token bound to a pod scheduled on a different node".into()));
    }
    Ok(judge_audience(api, pod, spec, asked.key, who))
}

fn judge_audience(api: &ApiServer, pod: &Pod, spec: &Value, account: &Key, who: &Caller<'_>) -> Judgement {
    let audience = match spec["audiences"].as_array().map_or(&[][..], Vec::as_slice) {
        [] => "",
        [one] => one.as_str().unwrap_or(""),
        _ => return Err("node may only request 0 or 1 audiences".into()),
    };
    let mut faults = vec![];
    for v in pod.spec.iter().flat_map(|s| s.volumes.iter().flatten()) {
        match names_audience(api, pod, v, audience) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(why) => faults.push(why),
        }
    }
    if !faults.is_empty() {
        let all = if faults.len() == 1 { faults.concat() } else { format!("[{}]", faults.join(", ")) };
        return Err(format!("error validating audience {audience:?}: {all}"));
    }
    let wish = Attributes {
        verb: "request-serviceaccounts-token-audience",
        resource: audience,
        namespace: &account.namespace,
        name: &account.name,
        ..Attributes::default()
    };
    if api.judge(who.user, &wish).allowed {
        return Ok(());
    }
    let user = &who.user.name;
    let what = format!("audience {audience:?} not found in pod spec volume");
    Err(format!("{what}, {user} is not authorized to request tokens for this audience"))
}

/// Whether a volume shows a token to that audience: itself, or the driver behind it.
fn names_audience(api: &ApiServer, pod: &Pod, v: &Volume, audience: &str) -> Result<bool, String> {
    let sources = v.projected.iter().flat_map(|p| p.sources.iter().flatten());
    let mut tokens = sources.filter_map(|s| s.service_account_token.as_ref());
    if tokens.any(|t| t.audience.as_deref().unwrap_or("") == audience) {
        return Ok(true);
    }
    let driver = if v.ephemeral.as_ref().is_some_and(|e| e.volume_claim_template.is_some()) {
        driver_behind(api, pod, &format!("{}-{}", pod.name(), v.name))?
    } else if let Some(claim) = &v.persistent_volume_claim {
        driver_behind(api, pod, &claim.claim_name)?
    } else {
        v.csi.as_ref().map(|c| c.driver.clone())
    };
    let Some(driver) = driver else { return Ok(false) };
    let Some(found) = api.store().get(&Key::of::<CSIDriver>("", &driver)).and_then(|o| o.get::<CSIDriver>()) else {
        return Err(format!("csidriver.storage.k8s.io {driver:?} not found"));
    };
    Ok(found.spec.token_requests.iter().flatten().any(|t| t.audience == audience))
}

/// The driver of the volume that a claim is bound to, if it is one of CSI.
fn driver_behind(api: &ApiServer, pod: &Pod, claim: &str) -> Result<Option<String>, String> {
    let key = Key::of::<PersistentVolumeClaim>(pod.namespace(), claim);
    let Some(found) = api.store().get(&key).and_then(|o| o.get::<PersistentVolumeClaim>()) else {
        return Err(format!("persistentvolumeclaim {claim:?} not found"));
    };
    let volume = found.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or("");
    let key = Key::of::<PersistentVolume>("", volume);
    let Some(volume) = api.store().get(&key).and_then(|o| o.get::<PersistentVolume>()) else {
        return Err(format!("persistentvolume {volume:?} not found"));
    };
    Ok(volume.spec.as_ref().and_then(|s| s.csi.as_ref()).map(|c| c.driver.clone()))
}
