//! describe persistentvolume, describe persistentvolumeclaim.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describePersistentVolume, describePersistentVolumeClaim.

use serde_json::Value;

use super::{annotations, date, go_list, labels, listed, strings, text, volumes};
use crate::api::kinds::persistentvolume::{CLASS_ANNOTATION, short_modes};
use crate::api::request::Request;
use crate::api::time::ago;
use crate::api::{Resource, Time, kinds, quantity};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::{Env, Failure};

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    Ok(volume(f, env.now()))
}

fn volume(f: &Found, now: Time) -> String {
    let (meta, spec, status) = (&f.object["metadata"], &f.object["spec"], &f.object["status"]);
    let mut out = format!("Name:\t{}\n", f.name);
    out.push_str(&labels("Labels", &meta["labels"]));
    out.push_str(&annotations("Annotations", &meta["annotations"]));
    out.push_str(&format!("Finalizers:\t{}\n", go_list(&meta["finalizers"])));
    out.push_str(&format!("StorageClass:\t{}\n", class(meta, spec)));
    out.push_str(&phase(&f.object, now));
    let claim = &spec["claimRef"];
    let claim = if claim.is_object() {
        format!("{}/{}", text(&claim["namespace"]), text(&claim["name"]))
    } else {
        String::new()
    };
    out.push_str(&format!("Claim:\t{claim}\n"));
    out.push_str(&format!("Reclaim Policy:\t{}\n", text(&spec["persistentVolumeReclaimPolicy"])));
    out.push_str(&format!("Access Modes:\t{}\n", modes(&spec["accessModes"])));
    out.push_str(&mode(spec));
    out.push_str(&format!("Capacity:\t{}\n", amount(&spec["capacity"]["storage"])));
    out.push_str(&affinity(&spec["nodeAffinity"]["required"]));
    out.push_str(&format!("Message:\t{}\nSource:\n", text(&status["message"])));
    out.push_str(&volumes::of_persistent(spec));
    out
}

pub fn claim_page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let pods = env.call(&Request::get(collection(kinds::Pod::kind_ref(), &f.namespace)))?;
    let pods = pods["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(claim(f, pods, env.now()))
}

fn claim(f: &Found, pods: &[Value], now: Time) -> String {
    let mut out = claim_head(&f.object, Some(now));
    let users = users(f, pods);
    let users = listed(&users, "\n\t");
    out.push_str(&format!("Used By:\t{users}\n"));
    let conditions = f.object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !conditions.is_empty() {
        out.push_str("Conditions:\n  Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage\n");
        out.push_str("  ----\t------\t-----------------\t------------------\t------\t-------\n");
    }
    for c in conditions {
        // Go's zero time, where nobody has looked.
        let probed = if c["lastProbeTime"].is_string() { date(&c["lastProbeTime"]) } else { NEVER.into() };
        let changed = date(&c["lastTransitionTime"]);
        let (kind, status) = (text(&c["type"]), text(&c["status"]));
        let (reason, message) = (text(&c["reason"]), text(&c["message"]));
        out.push_str(&format!("  {kind} \t{status} \t{probed} \t{changed} \t{reason} \t{message}\n"));
    }
    out
}

const NEVER: &str = "Mon, 01 Jan 0001 00:00:00 +0000";

/// The claim that a pod makes for itself: fewer lines, since there is no claim yet.
pub fn claim_template(template: &Value) -> String {
    claim_head(template, None)
}

fn claim_head(c: &Value, now: Option<Time>) -> String {
    let (meta, spec, status) = (&c["metadata"], &c["spec"], &c["status"]);
    let mut out = String::new();
    if now.is_some() {
        out.push_str(&format!("Name:\t{}\nNamespace:\t{}\n", text(&meta["name"]), text(&meta["namespace"])));
    }
    out.push_str(&format!("StorageClass:\t{}\n", class(meta, spec)));
    if let Some(now) = now {
        out.push_str(&phase(c, now));
    }
    out.push_str(&format!("Volume:\t{}\n", text(&spec["volumeName"])));
    out.push_str(&labels("Labels", &meta["labels"]));
    out.push_str(&annotations("Annotations", &meta["annotations"]));
    if now.is_some() {
        out.push_str(&format!("Finalizers:\t{}\n", go_list(&meta["finalizers"])));
    }
    let (capacity, modes) = match text(&spec["volumeName"]) {
        "" => Default::default(),
        _ => (amount(&status["capacity"]["storage"]), modes(&status["accessModes"])),
    };
    out.push_str(&format!("Capacity:\t{capacity}\nAccess Modes:\t{modes}\n"));
    out.push_str(&mode(spec));
    let from = &spec["dataSource"];
    if from.is_object() {
        out.push_str("DataSource:\n");
        if from["apiGroup"].is_string() {
            out.push_str(&format!("  APIGroup:\t{}\n", text(&from["apiGroup"])));
        }
        out.push_str(&format!("  Kind:\t{}\n  Name:\t{}\n", text(&from["kind"]), text(&from["name"])));
    }
    out
}

/// The names of the pods that use a claim, or own it.
fn users<'a>(f: &Found, pods: &'a [Value]) -> Vec<&'a str> {
    let owners = f.object["metadata"]["ownerReferences"].as_array().map(Vec::as_slice).unwrap_or_default();
    let owns = |p: &Value| owners.iter().any(|o| o["kind"] == "Pod" && o["uid"] == p["metadata"]["uid"]);
    let mounts = |p: &Value| -> usize {
        let volumes = p["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.filter(|v| v["persistentVolumeClaim"]["claimName"] == *f.name).count()
    };
    let mut names = vec![];
    for p in pods {
        // A pod that has it twice is told twice.
        let times = mounts(p).max(owns(p).into());
        names.extend(std::iter::repeat_n(text(&p["metadata"]["name"]), times));
    }
    names.sort_unstable();
    names
}

/// The older annotation goes before the field.
fn class<'a>(meta: &'a Value, spec: &'a Value) -> &'a str {
    meta["annotations"][CLASS_ANNOTATION].as_str().unwrap_or_else(|| text(&spec["storageClassName"]))
}

fn phase(object: &Value, now: Time) -> String {
    match object["metadata"]["deletionTimestamp"].as_str().and_then(Time::parse) {
        Some(t) => format!("Status:\tTerminating (lasts {})\n", ago(t, now)),
        None => format!("Status:\t{}\n", text(&object["status"]["phase"])),
    }
}

fn modes(v: &Value) -> String {
    let modes: Vec<String> = strings(v).into_iter().map(Into::into).collect();
    short_modes(Some(&modes))
}

fn mode(spec: &Value) -> String {
    spec["volumeMode"].as_str().map(|m| format!("VolumeMode:\t{m}\n")).unwrap_or_default()
}

fn amount(v: &Value) -> String {
    v.as_str().map_or_else(|| "0".into(), quantity::canonical)
}

fn affinity(required: &Value) -> String {
    if !required.is_object() {
        return "Node Affinity:\t<none>\n".into();
    }
    let terms = required["nodeSelectorTerms"].as_array().map(Vec::as_slice).unwrap_or_default();
    if terms.is_empty() {
        return "Node Affinity:\t\n  Required Terms:\t<none>\n".into();
    }
    let mut out = String::from("Node Affinity:\t\n  Required Terms:\t\n");
    for (i, t) in terms.iter().enumerate() {
        out.push_str(&term(&format!("    Term {i}"), "    ", &t["matchExpressions"]));
    }
    out
}

/// `Term 0:  kubernetes.io/hostname in [a, b]`, with one requirement a line.
pub fn term(title: &str, indent: &str, requirements: &Value) -> String {
    let lines: Vec<String> = requirements
        .as_array()
        .into_iter()
        .flatten()
        .map(|r| {
            let values = strings(&r["values"]);
            let operator = r["operator"].as_str().unwrap_or("In").to_lowercase();
            let values = if values.is_empty() { String::new() } else { format!(" [{}]", values.join(", ")) };
            format!("{} {operator}{values}", text(&r["key"]))
        })
        .collect();
    let lines = listed(&lines, &format!("\n{indent}\t"));
    format!("{title}:\t{lines}\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::kubectl::tabwriter::align;

    #[test]
    fn a_volume_tells_on_which_nodes_it_is() {
        let v = json!({"metadata": {"name": "disk", "finalizers": ["kubernetes.io/pv-protection"]}, "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1024Mi"}, "persistentVolumeReclaimPolicy": "Retain",
            "volumeMode": "Filesystem", "local": {"path": "/mnt"}, "claimRef": {"namespace": "ns", "name": "c"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "zone", "operator": "In", "values": ["a", "b"]}, {"key": "fast", "operator": "Exists"}]}]}}},
            "status": {"phase": "Bound"}});
        let f = Found::of(kinds::PersistentVolume::kind_ref(), Arc::new(v));
        let page = align(&volume(&f, Time::default()), 0, 2);
        assert_eq!(
            page,
            "Name:              disk
Labels:            <none>
Annotations:       <none>
Finalizers:        [kubernetes.io/pv-protection]
StorageClass:      
Status:            Bound
Claim:             ns/c
Reclaim Policy:    Retain
Access Modes:      RWO
VolumeMode:        Filesystem
Capacity:          1Gi
Node Affinity:     
  Required Terms:  
    Term 0:        zone in [a, b]
                   fast exists
Message:           
Source:
    Type:  LocalVolume (a persistent volume backed by local storage on a node)
    Path:  /mnt
"
        );
    }

    #[test]
    fn a_claim_names_who_uses_it_and_who_owns_it() {
        let c = json!({"metadata": {"name": "data", "namespace": "ns", "ownerReferences": [{"kind": "Pod", "uid": "2"}]},
            "spec": {"volumeName": ""}, "status": {"phase": "Pending"}});
        let f = Found::of(kinds::PersistentVolumeClaim::kind_ref(), Arc::new(c));
        let pod = |name: &str, uid: &str, claim: &str| json!({"metadata": {"name": name, "uid": uid}, "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": claim}}]}});
        let pods = [pod("z", "1", "data"), pod("owner", "2", "other"), pod("else", "3", "other")];
        assert_eq!(users(&f, &pods), ["owner", "z"]);
        assert!(claim(&f, &pods, Time::default()).ends_with("Capacity:\t\nAccess Modes:\t\nUsed By:\towner\n\tz\n"));
    }
}
