//! The containers on the pages of pods and of pod templates.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeContainers.

use serde_json::Value;

use super::{date, listed, text};
use crate::api::quantity::Quantity;

pub fn containers(title: &str, list: &Value, statuses: Option<&Value>, space: &str, pod: &Value) -> String {
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
        listed(&list, ", ")
    };
    let plural = if ports.len() > 1 { "s" } else { "" };
    put(format!("    Port{plural}:\t{}\n    Host Port{plural}:\t{}\n", shown("containerPort"), shown("hostPort")));
    put(seccomp(&c["securityContext"], "    ", "      "));
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
    put(resources(&c["resources"], "    "));
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
            let prefix = match text(&e["prefix"]) {
                "" => String::new(),
                prefix => format!(" with prefix '{prefix}'"),
            };
            put(format!("      {}\t{kind}{prefix}\tOptional: {}\n", text(name), *optional == true));
        }
    }
    match c["env"].as_array().filter(|l| !l.is_empty()) {
        None => put("    Environment:\t<none>\n".into()),
        Some(list) => {
            put("    Environment:\n".into());
            for e in list {
                put(format!("      {}:\t{}\n", text(&e["name"]), env_value(e, c, pod)));
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
    if let Some(list) = c["volumeDevices"].as_array().filter(|l| !l.is_empty()) {
        // kubectl says that there are none where nothing is mounted.
        let none = if c["volumeMounts"].as_array().is_none_or(Vec::is_empty) { "\t<none>" } else { "" };
        put(format!("    Devices:{none}\n"));
        let mut list: Vec<&Value> = list.iter().collect();
        list.sort_by_key(|d| text(&d["devicePath"]));
        list.iter().for_each(|d| put(format!("      {} from {}\n", text(&d["devicePath"]), text(&d["name"]))));
    }
}

fn env_value(e: &Value, container: &Value, pod: &Value) -> String {
    let from = &e["valueFrom"];
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        let value = field(&pod["metadata"], path);
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
        let value = match amount(container, &from["resourceFieldRef"]).as_deref() {
            Some("0") if matches!(r, "limits.cpu" | "limits.memory") => "node allocatable".into(),
            value => value.unwrap_or("").to_string(),
        };
        return format!("{value} ({r})");
    }
    text(&e["value"]).replace('\n', "\n      \t")
}

/// What kubectl itself knows of a pod's field. Real Kubernetes: k8s.io/kubectl/pkg/util/fieldpath.
fn field(meta: &Value, path: &str) -> String {
    for kind in ["labels", "annotations"] {
        let of = path.strip_prefix("metadata.").and_then(|p| p.strip_prefix(kind));
        if let Some(key) = of.and_then(|p| p.strip_prefix("['")?.strip_suffix("']")) {
            return text(&meta[kind][key]).into();
        }
    }
    match path {
        "metadata.name" | "metadata.namespace" | "metadata.uid" => text(&meta[&path["metadata.".len()..]]).into(),
        _ => String::new(),
    }
}

/// What a container may have or asks for, in units of the divisor, rounded up. Real Kubernetes: kubectl/pkg/util/resource.
fn amount(container: &Value, asked: &Value) -> Option<String> {
    let (list, resource) = text(&asked["resource"]).split_once('.')?;
    let known = matches!(resource, "cpu" | "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
    if !matches!(list, "limits" | "requests") || !known {
        return None;
    }
    let quantity = |v: &Value| v.as_str().and_then(Quantity::parse).filter(|q| !q.is_zero());
    let Some(amount) = quantity(&container["resources"][list][resource]) else { return Some("0".into()) };
    let units = |q: Quantity| if resource == "cpu" { q.milli() } else { q.units() };
    let divisor = quantity(&asked["divisor"]).map_or(if resource == "cpu" { 1000 } else { 1 }, units);
    Some((units(amount) as f64 / divisor as f64).ceil().to_string())
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
    if p["grpc"].is_object() {
        return format!("grpc <pod>:{} {} {tail}", p["grpc"]["port"], text(&p["grpc"]["service"]));
    }
    format!("unknown {tail}")
}

pub fn seccomp(context: &Value, space: &str, below: &str) -> String {
    let profile = &context["seccompProfile"];
    match text(&profile["type"]) {
        _ if !profile.is_object() => String::new(),
        kind @ "Localhost" => format!(
            "{space}SeccompProfile:\t{kind}\n{below}LocalhostProfile:\t{}\n",
            text(&profile["localhostProfile"])
        ),
        kind => format!("{space}SeccompProfile:\t{kind}\n"),
    }
}

pub fn resources(v: &Value, space: &str) -> String {
    let mut out = String::new();
    for (title, key) in [("Limits", "limits"), ("Requests", "requests")] {
        if let Some(list) = v[key].as_object().filter(|l| !l.is_empty()) {
            out.push_str(&format!("{space}{title}:\n"));
            list.iter().for_each(|(k, v)| out.push_str(&format!("{space}  {k}:\t{}\n", text(v))));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_in_units_of_the_divisor_rounded_up() {
        let c = json!({"resources": {"limits": {"cpu": "1500m", "memory": "1Gi", "ephemeral-storage": "9E"}}});
        let of = |what: &str, divisor: &str| {
            let e = json!({"valueFrom": {"resourceFieldRef": {"resource": what, "divisor": divisor}}});
            env_value(&e, &c, &Value::Null)
        };
        assert_eq!(of("limits.cpu", "0"), "2 (limits.cpu)");
        assert_eq!(of("limits.cpu", "1m"), "1500 (limits.cpu)");
        assert_eq!(of("limits.memory", "1Mi"), "1024 (limits.memory)");
        assert_eq!(of("requests.cpu", "0"), "0 (requests.cpu)");
        let none = json!({"valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}});
        assert_eq!(env_value(&none, &json!({}), &Value::Null), "node allocatable (limits.memory)");
    }

    #[test]
    fn what_a_container_adds_has_its_lines() {
        let c = json!({"name": "c", "image": "i", "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}},
            "envFrom": [{"prefix": "A_", "configMapRef": {"name": "m"}}],
            "env": [{"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}],
            "livenessProbe": {"grpc": {"port": 9000, "service": "s"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
            "volumeDevices": [{"devicePath": "/dev/x", "name": "disk"}]});
        let pod = json!({"metadata": {"labels": {"app": "web"}}});
        let mut out = String::new();
        container(&c, None, "", &pod, &mut out);
        for line in [
            "    SeccompProfile:\tLocalhost\n      LocalhostProfile:\tp.json\n",
            "      m\tConfigMap with prefix 'A_'\tOptional: false\n",
            "      L:\tweb (v1:metadata.labels['app'])\n",
            "    Liveness:\tgrpc <pod>:9000 s delay=0s timeout=1s period=10s #success=1 #failure=3\n",
            "    Devices:\t<none>\n      /dev/x from disk\n",
        ] {
            assert!(out.contains(line), "{line:?} is not in:\n{out}");
        }
    }
}
