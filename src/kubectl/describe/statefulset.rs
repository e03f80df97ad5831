//! describe statefulset.

use serde_json::Value;

use super::{annotations, date, head, labels, pods_status, selector, template, text};
use crate::api::kinds::persistentvolume::CLASS_ANNOTATION;
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let s = &*f.object;
    let (spec, status) = (&s["spec"], &s["status"]);
    let chosen = selector(&spec["selector"]);
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let mut out = head(f);
    out.push_str(&format!("CreationTimestamp:\t{}\n", date(&s["metadata"]["creationTimestamp"])));
    out.push_str(&format!("Selector:\t{chosen}\n"));
    out.push_str(&labels("Labels", &s["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &s["metadata"]["annotations"]));
    out.push_str(&format!("Replicas:\t{} desired | {} total\n", n(&spec["replicas"]), n(&status["replicas"])));
    out.push_str(&format!("Update Strategy:\t{}\n", text(&spec["updateStrategy"]["type"])));
    let rolling = &spec["updateStrategy"]["rollingUpdate"];
    if let Some(partition) = rolling["partition"].as_i64() {
        out.push_str(&format!("  Partition:\t{partition}\n"));
        match &rolling["maxUnavailable"] {
            Value::Null => {}
            Value::String(share) => out.push_str(&format!("  MaxUnavailable:\t{share}\n")),
            count => out.push_str(&format!("  MaxUnavailable:\t{count}\n")),
        }
    }
    out.push_str(&pods_status(f, chosen, env).map_err(|s| Failure::status(&s))?);
    out.push_str(&template(&spec["template"]));
    out.push_str(&claims(&spec["volumeClaimTemplates"]));
    Ok(out)
}

fn claims(templates: &Value) -> String {
    let Some(list) = templates.as_array().filter(|l| !l.is_empty()) else {
        return "Volume Claims:\t<none>\n".into();
    };
    let mut out = String::from("Volume Claims:\n");
    for c in list {
        let (meta, spec) = (&c["metadata"], &c["spec"]);
        // The older annotation goes before the field.
        let class = meta["annotations"][CLASS_ANNOTATION].as_str();
        let class = class.unwrap_or_else(|| text(&spec["storageClassName"]));
        let capacity = spec["resources"]["requests"]["storage"].as_str().unwrap_or("<default>");
        let modes: Vec<&str> = spec["accessModes"].as_array().into_iter().flatten().map(text).collect();
        out.push_str(&format!("  Name:\t{}\n  StorageClass:\t{class}\n", text(&meta["name"])));
        out.push_str(&labels("  Labels", &meta["labels"]));
        out.push_str(&labels("  Annotations", &meta["annotations"]));
        out.push_str(&format!("  Capacity:\t{capacity}\n  Access Modes:\t[{}]\n", modes.join(" ")));
    }
    out
}
