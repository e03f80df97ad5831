//! describe pod, and the pod templates of other kinds.

use serde_json::Value;

use super::volumes::volumes;
use super::{annotations, controlled_by, date, head, labels, text};
use crate::api::Time;
use crate::api::time::human;
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
        let lasts = human(env.now().since(t));
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
    if spec["initContainers"].as_array().is_some_and(|c| !c.is_empty()) {
        out.push_str(&containers(
            "Init Containers",
            &spec["initContainers"],
            Some(&status["initContainerStatuses"]),
            "",
            p,
        ));
    }
    out.push_str(&containers("Containers", &spec["containers"], Some(&status["containerStatuses"]), "", p));
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

fn containers(title: &str, list: &Value, statuses: Option<&Value>, space: &str, pod: &Value) -> String {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return format!("{space}{title}:\t<none>\n");
    }
    let mut out = format!("{space}{title}:\n");
    for c in items {
        let status = statuses.and_then(|s| s.as_array()?.iter().find(|s| s["name"] == c["name"]));
        container(c, status, space, pod, &mut out);
    }
    out
}

fn container(c: &Value, status: Option<&Value>, space: &str, pod: &Value, out: &mut String) {
    let mut put = |line: String| out.push_str(&line);
    put(format!("  {}{}:\n", if space.is_empty() { "" } else { " " }, text(&c["name"])));
    if let Some(s) = status {
        put(format!("    Container ID:\t{}\n", text(&s["containerID"])));
    }
    put(format!("    Image:\t{}\n", text(&c["image"])));
    if let Some(s) = status {
        put(format!("    Image ID:\t{}\n", text(&s["imageID"])));
    }
    let ports = c["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = |key: &str| -> String {
        let list: Vec<String> = ports
            .iter()
            .map(|p| {
                let name = p["name"].as_str().filter(|n| !n.is_empty()).map(|n| format!(" ({n})")).unwrap_or_default();
                format!("{}/{}{name}", p[key].as_i64().unwrap_or(0), text(&p["protocol"]))
            })
            .collect();
        if list.is_empty() { "<none>".into() } else { list.join(", ") }
    };
    let plural = if ports.len() > 1 { "s" } else { "" };
    put(format!("    Port{plural}:\t{}\n    Host Port{plural}:\t{}\n", shown("containerPort"), shown("hostPort")));
    for (title, key) in [("Command", "command"), ("Args", "args")] {
        if let Some(words) = c[key].as_array().filter(|w| !w.is_empty()) {
            put(format!("    {title}:\n"));
            for w in words {
                for line in text(w).split('\n') {
                    put(format!("      {line}\n"));
                }
            }
        }
    }
    if let Some(s) = status {
        state("State", &s["state"], &mut put);
        if s["lastState"]["terminated"].is_object() {
            state("Last State", &s["lastState"], &mut put);
        }
        let word = |b: bool| if b { "True" } else { "False" };
        put(format!(
            "    Ready:\t{}\n    Restart Count:\t{}\n",
            word(s["ready"] == true),
            s["restartCount"].as_i64().unwrap_or(0)
        ));
    }
    for (title, key) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(list) = c["resources"][key].as_object().filter(|l| !l.is_empty()) {
            put(format!("    {title}:\n"));
            list.iter().for_each(|(k, v)| put(format!("      {k}:\t{}\n", text(v))));
        }
    }
    for (title, key) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")] {
        if c[key].is_object() {
            put(format!("    {title}:\t{}\n", probe(&c[key])));
        }
    }
    if let Some(list) = c["envFrom"].as_array().filter(|l| !l.is_empty()) {
        put("    Environment Variables from:\n".into());
        for e in list {
            let (name, kind, optional) = if e["configMapRef"].is_object() {
                (&e["configMapRef"]["name"], "ConfigMap", &e["configMapRef"]["optional"])
            } else {
                (&e["secretRef"]["name"], "Secret", &e["secretRef"]["optional"])
            };
            put(format!("      {}\t{kind}\tOptional: {}\n", text(name), *optional == true));
        }
    }
    match c["env"].as_array().filter(|l| !l.is_empty()) {
        None => put("    Environment:\t<none>\n".into()),
        Some(list) => {
            put("    Environment:\n".into());
            for e in list {
                put(format!("      {}:\t{}\n", text(&e["name"]), env_value(e, pod)));
            }
        }
    }
    match c["volumeMounts"].as_array().filter(|l| !l.is_empty()) {
        None => put("    Mounts:\t<none>\n".into()),
        Some(list) => {
            put("    Mounts:\n".into());
            let mut list: Vec<&Value> = list.iter().collect();
            list.sort_by_key(|m| text(&m["mountPath"]));
            for m in list {
                let mut flags = vec![if m["readOnly"] == true { "ro".to_string() } else { "rw".to_string() }];
                if let Some(s) = m["subPath"].as_str().filter(|s| !s.is_empty()) {
                    flags.push(format!("path={s:?}"));
                }
                put(format!("      {} from {} ({})\n", text(&m["mountPath"]), text(&m["name"]), flags.join(",")));
            }
        }
    }
}

fn env_value(e: &Value, pod: &Value) -> String {
    let from = &e["valueFrom"];
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        let value = match path {
            "metadata.name" => text(&pod["metadata"]["name"]),
            "metadata.namespace" => text(&pod["metadata"]["namespace"]),
            _ => "",
        };
        return format!("{value} ({}:{path})", from["fieldRef"]["apiVersion"].as_str().unwrap_or("v1"));
    }
    for (key, kind) in [("configMapKeyRef", "config map"), ("secretKeyRef", "secret")] {
        if from[key].is_object() {
            return format!(
                "<set to the key '{}' of {kind} '{}'>\tOptional: {}",
                text(&from[key]["key"]),
                text(&from[key]["name"]),
                from[key]["optional"] == true
            )
            .replace("of secret", "in secret");
        }
    }
    if let Some(r) = from["resourceFieldRef"]["resource"].as_str() {
        return format!("({r})");
    }
    text(&e["value"]).replace('\n', "\n      \t")
}

fn state(title: &str, s: &Value, put: &mut impl FnMut(String)) {
    if s["running"].is_object() {
        put(format!("    {title}:\tRunning\n      Started:\t{}\n", date(&s["running"]["startedAt"])));
    } else if s["terminated"].is_object() {
        let t = &s["terminated"];
        put(format!("    {title}:\tTerminated\n"));
        for (name, key) in [("Reason", "reason"), ("Message", "message")] {
            if let Some(v) = t[key].as_str().filter(|v| !v.is_empty()) {
                put(format!("      {name}:\t{v}\n"));
            }
        }
        put(format!("      Exit Code:\t{}\n", t["exitCode"].as_i64().unwrap_or(0)));
        if let Some(n) = t["signal"].as_i64().filter(|n| *n > 0) {
            put(format!("      Signal:\t{n}\n"));
        }
        put(format!("      Started:\t{}\n      Finished:\t{}\n", date(&t["startedAt"]), date(&t["finishedAt"])));
    } else if s["waiting"].is_object() {
        put(format!("    {title}:\tWaiting\n"));
        if let Some(r) = s["waiting"]["reason"].as_str().filter(|r| !r.is_empty()) {
            put(format!("      Reason:\t{r}\n"));
        }
    } else {
        put(format!("    {title}:\tWaiting\n"));
    }
}

fn probe(p: &Value) -> String {
    let n = |k: &str| p[k].as_i64().unwrap_or(0);
    let tail = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        n("initialDelaySeconds"),
        n("timeoutSeconds"),
        n("periodSeconds"),
        n("successThreshold"),
        n("failureThreshold")
    );
    let port = |v: &Value| v.as_str().map_or_else(|| v.to_string(), Into::into);
    if let Some(c) = p["exec"]["command"].as_array() {
        let words: Vec<&str> = c.iter().map(text).collect();
        return format!("exec [{}] {tail}", words.join(" "));
    }
    if p["httpGet"].is_object() {
        let h = &p["httpGet"];
        return format!(
            "http-get {}://{}:{}{} {tail}",
            text(&h["scheme"]).to_lowercase(),
            text(&h["host"]),
            port(&h["port"]),
            text(&h["path"])
        );
    }
    if p["tcpSocket"].is_object() {
        return format!("tcp-socket {}:{} {tail}", text(&p["tcpSocket"]["host"]), port(&p["tcpSocket"]["port"]));
    }
    format!("unknown {tail}")
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
