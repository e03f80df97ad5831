//! describe deployment.

use serde_json::Value;

use super::{annotations, date, head, labels, listed, selector, short_conditions, template, text};
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::{Found, collection};

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let d = &*f.object;
    let (spec, status) = (&d["spec"], &d["status"]);
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let mut out = head(f);
    out.push_str(&format!("CreationTimestamp:\t{}\n", date(&d["metadata"]["creationTimestamp"])));
    out.push_str(&labels("Labels", &d["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &d["metadata"]["annotations"]));
    out.push_str(&format!("Selector:\t{}\n", selector(&spec["selector"])));
    out.push_str(&format!(
        "Replicas:\t{} desired | {} updated | {} total | {} available | {} unavailable\n",
        n(&spec["replicas"]),
        n(&status["updatedReplicas"]),
        n(&status["replicas"]),
        n(&status["availableReplicas"]),
        n(&status["unavailableReplicas"])
    ));
    out.push_str(&format!(
        "StrategyType:\t{}\nMinReadySeconds:\t{}\n",
        text(&spec["strategy"]["type"]),
        n(&spec["minReadySeconds"])
    ));
    let rolling = &spec["strategy"]["rollingUpdate"];
    if rolling.is_object() {
        let v = |v: &Value| v.as_str().map_or_else(|| v.to_string(), Into::into);
        out.push_str(&format!(
            "RollingUpdateStrategy:\t{} max unavailable, {} max surge\n",
            v(&rolling["maxUnavailable"]),
            v(&rolling["maxSurge"])
        ));
    }
    out.push_str(&template(&spec["template"]));
    out.push_str(&short_conditions(&status["conditions"]));
    // Who may not read them sees the page without them.
    let Ok(list) = env.try_call(&Request::get(collection(kinds::ReplicaSet::kind_ref(), &f.namespace))) else {
        return Ok(out);
    };
    let uid = &d["metadata"]["uid"];
    let mut sets: Vec<&Value> = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|s| s["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|r| r["uid"] == *uid))
        .collect();
    if sets.is_empty() {
        return Ok(out);
    }
    let plain = |t: &Value| {
        let mut t = t.clone();
        if let Some(l) = t["metadata"]["labels"].as_object_mut() {
            l.remove("pod-template-hash");
        }
        t
    };
    sets.sort_by_key(|s| {
        (
            text(&s["metadata"]["creationTimestamp"]).to_string(),
            s["metadata"]["resourceVersion"].as_str().and_then(|r| r.parse::<u64>().ok()).unwrap_or(0),
        )
    });
    let wanted = plain(&spec["template"]);
    let new = sets.iter().position(|s| plain(&s["spec"]["template"]) == wanted).map(|i| sets.remove(i));
    let show = |s: &Value| {
        format!(
            "{} ({}/{} replicas created)",
            text(&s["metadata"]["name"]),
            n(&s["status"]["replicas"]),
            n(&s["spec"]["replicas"])
        )
    };
    let old: Vec<String> = sets.iter().map(|s| show(s)).collect();
    out.push_str(&format!("OldReplicaSets:\t{}\n", listed(&old, ", ")));
    out.push_str(&format!("NewReplicaSet:\t{}\n", new.map_or("<none>".into(), show)));
    Ok(out)
}
