//! describe replicaset, describe replicationcontroller.

use serde_json::Value;

use super::{annotations, controlled_by, head, labels, pods_status, selector, short_conditions, template, the_pairs};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let chosen = selector(&f.object["spec"]["selector"]);
    let pods = match pods_status(f, chosen.clone(), env) {
        Ok(pods) => pods,
        Err(s) => format!("Pods Status:\terror in fetching pods: {}\n", s.message),
    };
    Ok(whole(f, &chosen, controlled_by(&f.object), &pods))
}

/// Its selector is a map, and nobody controls it.
pub fn of_replication_controller(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let chosen = the_pairs(&f.object["spec"]["selector"]);
    let pods = pods_status(f, chosen.clone(), env).map_err(|s| Failure::status(&s))?;
    Ok(whole(f, &chosen, None, &pods))
}

fn whole(f: &Found, chosen: &str, owner: Option<String>, pods: &str) -> String {
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
    out.push_str(pods);
    out.push_str(&template(&s["spec"]["template"]));
    out.push_str(&short_conditions(&s["status"]["conditions"]));
    out
}
