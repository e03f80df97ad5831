//! describe daemonset.

use serde_json::Value;

use super::{annotations, head, labels, pods_status, selector, template, the_pairs};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let d = &*f.object;
    let (spec, status) = (&d["spec"], &d["status"]);
    let chosen = selector(&spec["selector"]);
    let nodes = &spec["template"]["spec"]["nodeSelector"];
    let mut out = head(f);
    out.push_str(&format!("Selector:\t{chosen}\n"));
    out.push_str(&format!("Node-Selector:\t{}\n", the_pairs(nodes)));
    out.push_str(&labels("Labels", &d["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &d["metadata"]["annotations"]));
    let n = |v: &Value| v.as_i64().unwrap_or(0);
    let numbers = [
        ("Desired Number of Nodes Scheduled", &status["desiredNumberScheduled"]),
        ("Current Number of Nodes Scheduled", &status["currentNumberScheduled"]),
        ("Number of Nodes Scheduled with Up-to-date Pods", &status["updatedNumberScheduled"]),
        ("Number of Nodes Scheduled with Available Pods", &status["numberAvailable"]),
        ("Number of Nodes Misscheduled", &status["numberMisscheduled"]),
    ];
    numbers.iter().for_each(|(title, v)| out.push_str(&format!("{title}: {}\n", n(v))));
    out.push_str(&pods_status(f, chosen, env).map_err(|s| Failure::status(&s))?);
    out.push_str(&template(&spec["template"]));
    Ok(out)
}
