//! `docker inspect`: what is known of containers and images, as JSON.
//! Docker: docker/cli, cli/command/inspect.

use serde_json::{Value, json};

use super::Call;
use crate::api::Time;
use crate::api::image::ImageRef;
use crate::cluster::docker::Standing;
use crate::host::engine::Container;
use crate::host::picture::Picture;
use crate::kubectl::go_template;
use crate::prompt::session::{Output, Session};

pub fn inspect(s: &mut Session, c: &Call) -> Output {
    let (mut found, mut out) = (vec![], Output::default());
    let kind = c.args.text("type");
    for w in &c.args.words {
        let container = s.cluster.docker.container(w).filter(|_| kind != "image");
        let image = s.cluster.docker.find(w).filter(|_| kind != "container");
        match (container, image) {
            (Some(k), _) => found.push(of_container(s, k)),
            (None, Some(p)) => found.push(of_image(s, p)),
            (None, None) => {
                out.stderr.push_str(&format!("error: no such object: {w}\n"));
                out.code = 1;
            }
        }
    }
    match c.args.text("format") {
        "" | "json" => {
            out.stdout = serde_json::to_string_pretty(&found).unwrap_or_default().replace("  ", "    ") + "\n"
        }
        template => {
            for v in &found {
                match template_of(template, v) {
                    Ok(text) => out.stdout.push_str(&format!("{text}\n")),
                    Err(why) => {
                        out.stderr.push_str(&format!("{why}\n"));
                        out.code = 64;
                    }
                }
            }
        }
    }
    out
}

fn template_of(template: &str, v: &Value) -> Result<String, String> {
    // The one function of Docker's own that people use.
    if let Some(path) = template.strip_prefix("{{json ").and_then(|t| t.strip_suffix("}}")) {
        let pointer = path.trim().trim_start_matches('.').replace('.', "/");
        let at = if pointer.is_empty() { Some(v) } else { v.pointer(&format!("/{pointer}")) };
        return Ok(at.map_or("null".into(), Value::to_string));
    }
    go_template::check(template).and_then(|()| go_template::print(template, v, true)).map_err(|f| f.message)
}

fn env(all: &std::collections::BTreeMap<String, String>) -> Vec<String> {
    all.iter().map(|(k, v)| format!("{k}={v}")).collect()
}

fn exposed<'a>(all: impl Iterator<Item = &'a String>) -> Value {
    all.map(|p| (p.clone(), json!({}))).collect::<serde_json::Map<_, _>>().into()
}

fn of_container(s: &Session, c: &Container) -> Value {
    let stamp = |t: Option<Time>| t.map_or("0001-01-01T00:00:00Z".to_string(), |t| t.rfc3339());
    let standing = s.cluster.docker_standing(c);
    let (status, code, finished) = match &standing {
        Standing::Created => ("created", 0, None),
        Standing::Running => ("running", 0, None),
        Standing::Exited(info) => ("exited", info.code, Some(info.at)),
    };
    let runs = standing == Standing::Running;
    let bindings: serde_json::Map<String, Value> = c
        .ports
        .iter()
        .map(|(local, remote)| (format!("{remote}/tcp"), json!([{"HostIp": "", "HostPort": local.to_string()}])))
        .collect();
    let address = if runs { c.address.to_string() } else { String::new() };
    json!({
        "Id": c.id, "Created": stamp(Some(c.created)), "Path": c.command.first(), "Args": c.command.get(1..),
        "State": {
            "Status": status, "Running": runs, "Paused": false, "OOMKilled": false, "ExitCode": code,
            "StartedAt": stamp(c.started), "FinishedAt": stamp(finished),
        },
        "Image": format!("sha256:{}", c.picture), "Name": format!("/{}", c.name), "RestartCount": 0,
        "HostConfig": {"PortBindings": bindings, "AutoRemove": c.temporary, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        "Config": {
            "Hostname": &c.id[..12], "Tty": c.tty, "OpenStdin": c.stdin, "Env": env(&c.env), "Cmd": c.command, "Image": c.image,
            "ExposedPorts": exposed(c.exposed.iter()),
        },
        "NetworkSettings": {
            "Ports": if runs { Value::Object(bindings.clone()) } else { json!({}) }, "IPAddress": address,
            "Networks": {"bridge": {"Gateway": "172.17.0.1", "IPAddress": address, "IPPrefixLen": 16}},
        },
    })
}

fn of_image(s: &Session, p: &Picture) -> Value {
    let names: Vec<String> =
        s.cluster.docker.names_of(&p.id).iter().filter_map(|n| ImageRef::parse(n)).map(|i| i.shown()).collect();
    let mut v = json!({
        "Id": format!("sha256:{}", p.id), "RepoTags": names, "RepoDigests": [], "Created": p.created.rfc3339(),
        "Architecture": "amd64", "Os": "linux", "Size": p.image.bytes,
        "Config": {
            "User": p.user, "ExposedPorts": exposed(p.exposed.iter()), "Env": env(&p.image.env), "Cmd": p.image.cmd,
            "WorkingDir": p.image.working_dir, "Entrypoint": if p.image.entrypoint.is_empty() { Value::Null } else { json!(p.image.entrypoint) },
            "Labels": p.labels, "Volumes": exposed(p.volumes.iter()),
        },
    });
    if let Some(stand_in) = p.stand_in() {
        let port = stand_in.port.map_or("no port".to_string(), |p| format!("port {p}"));
        let note = format!("{:?} cannot be executed here: a stand-in listens on {port}", stand_in.command);
        v["Config"]["Labels"]["kubetutor"] = note.into();
    }
    v
}
