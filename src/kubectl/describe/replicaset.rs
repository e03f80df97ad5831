//! describe replicaset, describe replicationcontroller.

use serde_json::Value;

use super::{annotations, controlled_by, head, labels, pods_status, selector, template, text, the_pairs};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    whole(f, selector(&f.object["spec"]["selector"]), controlled_by(&f.object), env)
}

/// Its selector is a map, and nobody controls it.
pub fn of_replication_controller(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    whole(f, the_pairs(&f.object["spec"]["selector"]), None, env)
}

fn whole(f: &Found, chosen: String, owner: Option<String>, env: &mut Env<'_>) -> Result<String, Failure> {
    let s = &*f.object;
    let mut out = head(f);
    out.push_str(&format!("Selector:\t{chosen}\n"));
    out.push_str(&labels("Labels", &s["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &s["metadata"]["annotations"]));
    if let Some(owner) = owner {
        out.push_str(&format!("Controlled By:\t{owner}\n"));
    }
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    out.push_str(&format!(
        "Replicas:\t{} current / {} desired\n",
        n(&s["status"]["replicas"]),
        n(&s["spec"]["replicas"])
    ));
    out.push_str(&pods_status(f, chosen, env)?);
    out.push_str(&template(&s["spec"]["template"]));
    if let Some(l) = s["status"]["conditions"].as_array().filter(|l| !l.is_empty()) {
        out.push_str("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n");
        l.iter().for_each(|c| {
            out.push_str(&format!("  {} \t{}\t{}\n", text(&c["type"]), text(&c["status"]), text(&c["reason"])))
        });
    }
    Ok(out)
}
