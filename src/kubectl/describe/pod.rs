//! describe pod, and the pod templates of other kinds.

use serde_json::Value;

use super::container::{containers, resources, seccomp};
use super::volumes::volumes;
use super::{annotations, controlled_by, date, head, labels, text};
use crate::api::Time;
use crate::api::time::ago;
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::Found;

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let p = &*f.object;
    let (spec, status) = (&p["spec"], &p["status"]);
    let mut out = head(f);
    out.push_str(&format!("Priority:\t{}\n", spec["priority"].as_i64().unwrap_or(0)));
    if let Some(c) = spec["priorityClassName"].as_str().filter(|c| !c.is_empty()) {
        out.push_str(&format!("Priority Class Name:\t{c}\n"));
    }
    if let Some(c) = spec["runtimeClassName"].as_str().filter(|c| !c.is_empty()) {
        out.push_str(&format!("Runtime Class Name:\t{c}\n"));
    }
    if let Some(c) = spec["serviceAccountName"].as_str().filter(|c| !c.is_empty()) {
        out.push_str(&format!("Service Account:\t{c}\n"));
    }
    match text(&spec["nodeName"]) {
        "" => out.push_str("Node:\t<none>\n"),
        n => out.push_str(&format!("Node:\t{n}/{}\n", text(&status["hostIP"]))),
    }
    if status["startTime"].is_string() {
        out.push_str(&format!("Start Time:\t{}\n", date(&status["startTime"])));
    }
    out.push_str(&labels("Labels", &p["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &p["metadata"]["annotations"]));
    let ended = matches!(text(&status["phase"]), "Failed" | "Succeeded");
    if let Some(t) = p["metadata"]["deletionTimestamp"].as_str().and_then(Time::parse).filter(|_| !ended) {
        let lasts = ago(t, env.now());
        out.push_str(&format!(
            "Status:\tTerminating (lasts {lasts})\nTermination Grace Period:\t{}s\n",
            p["metadata"]["deletionGracePeriodSeconds"]
        ));
    } else {
        out.push_str(&format!("Status:\t{}\n", text(&status["phase"])));
    }
    for (title, key) in [("Reason", "reason"), ("Message", "message")] {
        if let Some(t) = status[key].as_str().filter(|t| !t.is_empty()) {
            out.push_str(&format!("{title}:\t{t}\n"));
        }
    }
    out.push_str(&seccomp(&spec["securityContext"], "", ""));
    out.push_str(&format!("IP:\t{}\n", text(&status["podIP"])));
    match status["podIPs"].as_array().filter(|l| !l.is_empty()) {
        Some(l) => {
            out.push_str("IPs:\n");
            l.iter().for_each(|ip| out.push_str(&format!("  IP:\t{}\n", text(&ip["ip"]))));
        }
        None => out.push_str("IPs:\t<none>\n"),
    }
    if let Some(owner) = controlled_by(p) {
        out.push_str(&format!("Controlled By:\t{owner}\n"));
    }
    if let Some(n) = status["nominatedNodeName"].as_str().filter(|n| !n.is_empty()) {
        out.push_str(&format!("NominatedNodeName:\t{n}\n"));
    }
    if spec["resources"].is_object() {
        out.push_str("Resources:\n");
        out.push_str(&resources(&spec["resources"], "  "));
    }
    for (title, list, statuses, always) in [
        ("Init Containers", "initContainers", "initContainerStatuses", false),
        ("Containers", "containers", "containerStatuses", true),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses", false),
    ] {
        if always || spec[list].as_array().is_some_and(|c| !c.is_empty()) {
            out.push_str(&containers(title, &spec[list], Some(&status[statuses]), "", p));
        }
    }
    out.push_str(&gates(&spec["readinessGates"], &status["conditions"]));
    if let Some(l) = status["conditions"].as_array().filter(|l| !l.is_empty()) {
        out.push_str("Conditions:\n  Type\tStatus\n");
        l.iter().for_each(|c| out.push_str(&format!("  {} \t{} \n", text(&c["type"]), text(&c["status"]))));
    }
    out.push_str(&volumes(&spec["volumes"], ""));
    out.push_str(&format!("QoS Class:\t{}\n", text(&status["qosClass"])));
    out.push_str(&labels("Node-Selectors", &spec["nodeSelector"]));
    out.push_str(&tolerations("Tolerations", &spec["tolerations"]));
    out.push_str(&spread("", &spec["topologySpreadConstraints"]));
    Ok(out)
}

/// The conditions that others set, and that a pod needs to be ready.
fn gates(gates: &Value, conditions: &Value) -> String {
    let Some(list) = gates.as_array().filter(|l| !l.is_empty()) else { return String::new() };
    let row = |g: &Value| {
        let kind = &g["conditionType"];
        let found = conditions.as_array().into_iter().flatten().find(|c| c["type"] == *kind);
        format!("  {} \t{} \n", text(kind), found.map_or("<none>", |c| text(&c["status"])))
    };
    String::from("Readiness Gates:\n  Type\tStatus\n") + &list.iter().map(row).collect::<String>()
}

/// A pod template, not aligned: `rollout` prints it so, describe aligns it.
pub fn template(t: &Value) -> String {
    let spec = &t["spec"];
    let mut out = String::from("Pod Template:\n");
    out.push_str(&labels("  Labels", &t["metadata"]["labels"]));
    if t["metadata"]["annotations"].as_object().is_some_and(|a| !a.is_empty()) {
        out.push_str(&annotations("  Annotations", &t["metadata"]["annotations"]));
    }
    if let Some(s) = spec["serviceAccountName"].as_str().filter(|s| !s.is_empty()) {
        out.push_str(&format!("  Service Account:\t{s}\n"));
    }
    if spec["initContainers"].as_array().is_some_and(|c| !c.is_empty()) {
        out.push_str(&containers("Init Containers", &spec["initContainers"], None, "  ", t));
    }
    out.push_str(&containers("Containers", &spec["containers"], None, "  ", t));
    out.push_str(&volumes(&spec["volumes"], "  "));
    out.push_str(&spread("  ", &spec["topologySpreadConstraints"]));
    if let Some(c) = spec["priorityClassName"].as_str().filter(|c| !c.is_empty()) {
        out.push_str(&format!("  Priority Class Name:\t{c}\n"));
    }
    out.push_str(&labels("  Node-Selectors", &spec["nodeSelector"]));
    out.push_str(&tolerations("  Tolerations", &spec["tolerations"]));
    out
}

fn spread(space: &str, v: &Value) -> String {
    let Some(list) = v.as_array().filter(|l| !l.is_empty()) else { return String::new() };
    let lines: Vec<String> = list
        .iter()
        .map(|c| {
            format!(
                "{}:{} when max skew {} is exceeded for selector {}",
                text(&c["topologyKey"]),
                text(&c["whenUnsatisfiable"]),
                c["maxSkew"],
                super::selector(&c["labelSelector"])
            )
        })
        .collect();
    format!("{space}Topology Spread Constraints:\t{}\n", lines.join("\n\t"))
}

fn tolerations(title: &str, v: &Value) -> String {
    let mut list: Vec<&Value> = v.as_array().into_iter().flatten().collect();
    list.sort_by_key(|t| text(&t["key"]));
    let lines: Vec<String> = list
        .into_iter()
        .map(|t| {
            let mut s = text(&t["key"]).to_string();
            if let Some(v) = t["value"].as_str().filter(|v| !v.is_empty()) {
                s.push_str(&format!("={v}"));
            }
            if let Some(e) = t["effect"].as_str().filter(|e| !e.is_empty()) {
                s.push_str(&format!(":{e}"));
            }
            if t["operator"] == "Exists" && t["value"].as_str().unwrap_or("").is_empty() {
                s.push_str(if s.is_empty() { "op=Exists" } else { " op=Exists" });
            }
            if let Some(n) = t["tolerationSeconds"].as_i64() {
                s.push_str(&format!(" for {n}s"));
            }
            s
        })
        .collect();
    if lines.is_empty() { format!("{title}:\t<none>\n") } else { format!("{title}:\t{}\n", lines.join("\n\t")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn gates_tell_the_conditions_that_they_wait_for() {
        let told =
            gates(&json!([{"conditionType": "a"}, {"conditionType": "b"}]), &json!([{"type": "a", "status": "True"}]));
        assert_eq!(told, "Readiness Gates:\n  Type\tStatus\n  a \tTrue \n  b \t<none> \n");
    }
}
