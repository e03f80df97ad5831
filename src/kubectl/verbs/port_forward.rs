//! kubectl port-forward: ports of a pod on one's own machine.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/portforward/portforward.go.

use serde_json::Value;

use super::logs::pod_of;
use crate::api::ops::Talk;
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::args::Type;
use crate::kubectl::remote::Connected;
use crate::kubectl::resources::object;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Follow, Progress, Verb};

pub static PORT_FORWARD: Verb = Verb {
    name: "port-forward",
    summary: "Forward one or more local ports to a pod",
    flags: &[&[
        Flag::new("address", Type::List).default("localhost"),
        Flag::new("pod-running-timeout", Type::Duration).default("1m0s"),
    ]],
    completes: Completes::Pods,
    run: port_forward,
};

/// The first of the ports that are chosen where none is asked for.
pub const FIRST_FREE: u64 = 32_768;

fn port_forward(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if args.words.len() < 2 {
        return Err(Failure::plain(
            "error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples",
        ));
    }
    let (pod, _) = pod_of(args.word(0), "attach to", env)?;
    let path = object(kinds::Pod::kind_ref(), &env.namespace, &pod);
    let found = env.call(&Request::get(&path))?;
    let service = service(args.word(0), env)?;
    let ports: Vec<String> = args.words[1..]
        .iter()
        .map(|p| match &service {
            Some(s) => of_service(p, s, &found),
            None => of_pod(p, &found),
        })
        .collect::<Result<_, _>>()?;
    let phase = found["status"]["phase"].as_str().unwrap_or("");
    if phase != "Running" {
        return Err(Failure::error(format!(
            "unable to forward port because pod is not running. Current status={phase}"
        )));
    }
    let ports = ports.iter().map(|p| numbers(p, env)).collect::<Result<Vec<_>, _>>()?;
    let (given, own) = (args.list("address"), vec![String::from("localhost")]);
    let addresses = addresses(if given.is_empty() { &own } else { &given })?;
    let namespace = env.namespace.clone();
    let op = env.api.port_forward(&namespace, &pod, &ports, &addresses).map_err(|s| Failure::status(&s))?;
    Ok(Done::Follow(Box::new(Forwarding { to: Connected::new(op, false, false, env), path })))
}

/// The Service that a word names, if it names one.
fn service(word: &str, env: &mut Env<'_>) -> Result<Option<Value>, Failure> {
    let Some((kind, name)) = word.split_once('/') else { return Ok(None) };
    if env.mapped(|m| m.kind(kind))? != kinds::Service::kind_ref() {
        return Ok(None);
    }
    let path = object(kinds::Service::kind_ref(), &env.namespace, name);
    Ok(Some((*env.call(&Request::get(path))?).clone()))
}

/// `LOCAL:REMOTE`, `:REMOTE`, or one for both.
fn parts(port: &str) -> (&str, &str) {
    port.split_once(':').unwrap_or((port, port))
}

fn joined(local: &str, remote: &str, number: u64) -> String {
    let local = if local == remote { number.to_string() } else { local.to_string() };
    format!("{local}:{number}")
}

/// The number of a named port of a pod.
fn named(pod: &Value, name: &str) -> Result<u64, Failure> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.flat_map(|c| c["ports"].as_array().into_iter().flatten());
    let found = ports.find(|p| p["name"] == name).and_then(|p| p["containerPort"].as_u64());
    found.ok_or_else(|| {
        let of = pod["metadata"]["name"].as_str().unwrap_or("");
        Failure::error(format!("Pod '{of}' does not have a named port '{name}'"))
    })
}

fn of_pod(port: &str, pod: &Value) -> Result<String, Failure> {
    let (local, remote) = parts(port);
    if remote.is_empty() {
        return Err(Failure::error("remote port cannot be empty"));
    }
    match remote.parse::<i64>() {
        Ok(_) => Ok(port.to_string()),
        Err(_) => Ok(joined(local, remote, named(pod, remote)?)),
    }
}

fn of_service(port: &str, service: &Value, pod: &Value) -> Result<String, Failure> {
    let (local, remote) = parts(port);
    let name = service["metadata"]["name"].as_str().unwrap_or("");
    let ports = || service["spec"]["ports"].as_array().into_iter().flatten();
    let (number, local) = match remote.parse::<u64>() {
        Ok(n) => (n, local.to_string()),
        Err(_) => {
            let found = ports().find(|p| p["name"] == remote).and_then(|p| p["port"].as_u64());
            let n = found
                .ok_or_else(|| Failure::error(format!("Service '{name}' does not have a named port '{remote}'")))?;
            (n, if local == remote { n.to_string() } else { local.to_string() })
        }
    };
    let Some(found) = ports().find(|p| p["port"].as_u64() == Some(number)) else {
        return Err(Failure::error(format!("Service {name} does not have a service port {number}")));
    };
    let target = match &found["targetPort"] {
        // Nobody stands between: the pod's port is the Service's.
        _ if service["spec"]["clusterIP"] == "None" => number,
        Value::String(name) => named(pod, name)?,
        n => n.as_u64().filter(|n| *n > 0).unwrap_or(number),
    };
    Ok(format!("{local}:{target}"))
}

/// Real Kubernetes: client-go/tools/portforward parsePorts.
fn numbers(port: &str, env: &mut Env<'_>) -> Result<(u16, u16), Failure> {
    if port.matches(':').count() > 1 {
        return Err(Failure::error(format!("invalid port format '{port}'")));
    }
    let (local, remote) = parts(port);
    let local = if local.is_empty() { "0" } else { local };
    let read = |text: &str, which: &str| {
        text.parse::<u16>().map_err(|_| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let why = if digits { "value out of range" } else { "invalid syntax" };
            Failure::error(format!("error parsing {which} port '{text}': strconv.ParseUint: parsing {text:?}: {why}"))
        })
    };
    let (local, remote) = (read(local, "local")?, read(remote, "remote")?);
    if remote == 0 {
        return Err(Failure::error("remote port must be > 0"));
    }
    let free = u16::try_from(FIRST_FREE + env.api.number() % 28_000).unwrap_or(u16::MAX);
    Ok((if local == 0 { free } else { local }, remote))
}

/// As they are shown.
fn addresses(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut out: Vec<String> = vec![];
    let mut add = |a: &str| {
        if !out.iter().any(|had| had == a) {
            out.push(a.into());
        }
    };
    for a in given {
        match a.as_str() {
            "localhost" => {
                add("127.0.0.1");
                add("[::1]");
            }
            a if a.parse::<std::net::Ipv4Addr>().is_ok() => add(a),
            a if a.parse::<std::net::Ipv6Addr>().is_ok() => add(&format!("[{a}]")),
            a => return Err(Failure::error(format!("{a} is not a valid IP"))),
        }
    }
    Ok(out)
}

struct Forwarding {
    to: Connected,
    path: String,
}

impl Follow for Forwarding {
    fn poll(&mut self, env: &mut Env<'_>) -> Result<Progress, Failure> {
        if let ended @ Progress::Exit(_) = self.to.follow(env)? {
            return Ok(ended);
        }
        let pod = env.try_call(&Request::get(&self.path));
        let gone = pod.as_ref().map_or_else(
            |s| s.is(crate::api::Reason::NotFound),
            |p| matches!(p["status"]["phase"].as_str(), Some("Succeeded" | "Failed")),
        );
        if gone {
            self.to.leave(env);
            return Err(Failure::error("lost connection to pod"));
        }
        Ok(Progress::Waiting(None))
    }

    fn typed(&mut self, what: &Talk, env: &mut Env<'_>) {
        self.to.typed(what, env);
    }

    fn stop(&mut self, env: &mut Env<'_>) {
        self.to.end(env);
    }

    fn ends(&self) -> bool {
        false
    }
}
