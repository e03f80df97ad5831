//! How one reaches what runs in the cluster: `service`, `tunnel`, `dashboard`.
//! Real Kubernetes: cmd/minikube/cmd/{service,service_list,tunnel,dashboard}.go, pkg/minikube/{service,tunnel}.

use super::tables::draw;
use super::{Call, SERVICE_NOT_FOUND, USAGE, exiting, said};
use crate::api::Resource;
use crate::api::kinds::Service;
use crate::explain::texts::message;
use crate::kubectl::args::{Flag, Type};
use crate::prompt::session::{Output, Session};

pub const FLAGS: &[Flag] = &[
    Flag::new("namespace", Type::Text).short('n').default("default"),
    Flag::new("url", Type::Bool),
    Flag::new("https", Type::Bool),
    Flag::new("all", Type::Bool),
    Flag::new("wait", Type::Int).default("2"),
    Flag::new("interval", Type::Int).default("1"),
    Flag::new("format", Type::Text),
];
pub const LIST_FLAGS: &[Flag] =
    &[Flag::new("namespace", Type::Text).short('n'), Flag::new("output", Type::Text).short('o').default("table")];
pub const TUNNEL_FLAGS: &[Flag] = &[Flag::new("cleanup", Type::Bool).short('c'), Flag::new("bind-address", Type::Text)];
pub const DASHBOARD_FLAGS: &[Flag] = &[Flag::new("url", Type::Bool), Flag::new("port", Type::Int)];

const HEAD: [&str; 4] = ["NAMESPACE", "NAME", "TARGET PORT", "URL"];
const NO_PORT: &str = "No node port";

/// The Services of the namespace that is meant if none is named.
pub fn names(s: &Session) -> Vec<String> {
    let all: Vec<Service> = s.cluster.objects();
    all.iter().filter(|v| v.namespace() == "default").map(|v| v.name().to_string()).collect()
}

/// Ports of a Service that are open at the node: as they are shown, and where.
fn urls(s: &Session, service: &Service, scheme: &str) -> Vec<(String, String)> {
    let ip = s.cluster.plan.api_address.as_str();
    let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
    let open = ports.filter_map(|p| {
        let at = p.node_port?;
        let shown = match p.name.as_deref().unwrap_or("") {
            "" => p.port.to_string(),
            name => format!("{name}/{}", p.port),
        };
        Some((shown, format!("{scheme}://{ip}:{at}")))
    });
    open.collect()
}

fn row(s: &Session, service: &Service, scheme: &str) -> Vec<String> {
    let urls = urls(s, service, scheme);
    let join = |all: Vec<String>| all.join("\n");
    let (ports, at) = match urls.is_empty() {
        true => (String::new(), NO_PORT.to_string()),
        false => {
            (join(urls.iter().map(|(p, _)| p.clone()).collect()), join(urls.iter().map(|(_, u)| u.clone()).collect()))
        }
    };
    vec![service.namespace().into(), service.name().into(), ports, at]
}

pub fn list(s: &mut Session, c: &Call) -> Output {
    let wanted = c.args.text("namespace");
    let all: Vec<Service> = s.cluster.objects();
    let shown = all.iter().filter(|v| wanted.is_empty() || v.namespace() == wanted);
    let rows: Vec<Vec<String>> = shown
        .map(|v| {
            let mut row = row(s, v, "http");
            if row[3] == NO_PORT {
                (row[2], row[3]) = (NO_PORT.into(), String::new());
            }
            row
        })
        .collect();
    said(draw(&HEAD, &rows))
}

pub fn service(s: &mut Session, c: &Call) -> Output {
    let namespace = c.args.text("namespace").to_string();
    let all: Vec<Service> = s.cluster.objects();
    let every = c.args.flag("all");
    if c.args.words.is_empty() && !every {
        return exiting("MK_USAGE", USAGE, "You must specify service name(s) or --all flag");
    }
    let here = |v: &&Service| v.namespace() == namespace;
    let mut found: Vec<&Service> = vec![];
    for w in &c.args.words {
        match all.iter().filter(here).find(|v| v.name() == w) {
            Some(v) => found.push(v),
            None => {
                let why = format!(
                    "Service '{w}' was not found in '{namespace}' namespace.\nYou may select another namespace by using 'minikube service {w} -n <namespace>'. Or list out all the services using 'minikube service list'"
                );
                return exiting("SVC_NOT_FOUND", SERVICE_NOT_FOUND, &why);
            }
        }
    }
    if every {
        found = all.iter().filter(here).collect();
    }
    let scheme = if c.args.flag("https") { "https" } else { "http" };
    let mut out = Output::default();
    let mut opened = false;
    for v in found {
        let urls = urls(s, v, scheme);
        if !urls.is_empty() && !has_running_pod(s, v) {
            let why = format!("service not available: no running pod for service {} found", v.name());
            return Output { stdout: out.stdout, ..exiting("SVC_UNREACHABLE", SERVICE_NOT_FOUND, &why) };
        }
        if !c.args.flag("url") {
            out.stdout.push_str(&draw(&HEAD, &[row(s, v, scheme)]));
        }
        if urls.is_empty() {
            out.stderr.push_str(&format!("😿  service {namespace}/{} has no node port\n", v.name()));
            continue;
        }
        for (_, url) in &urls {
            match c.args.flag("url") {
                true => out.stdout.push_str(&format!("{url}\n")),
                false => {
                    opened = true;
                    out.stdout
                        .push_str(&format!("🎉  Opening service {namespace}/{} in default browser...\n", v.name()));
                }
            }
        }
    }
    if opened {
        out.story.push_str(&format!("  {}\n", message(s.language, "minikube-no-browser", &[])));
    }
    out
}

fn has_running_pod(s: &Session, v: &Service) -> bool {
    let slices: Vec<crate::api::kinds::EndpointSlice> = s.cluster.objects();
    let own = |e: &&crate::api::kinds::EndpointSlice| {
        let of = e.metadata.labels.as_ref().and_then(|l| l.get("kubernetes.io/service-name"));
        e.namespace() == v.namespace() && of.is_some_and(|n| n == v.name())
    };
    let selects = v.spec.as_ref().is_some_and(|s| s.selector.is_some());
    !selects || slices.iter().filter(own).any(|e| e.endpoints.iter().flatten().next().is_some())
}

pub fn tunnel(s: &mut Session, c: &Call) -> Output {
    if c.args.flag("cleanup") {
        s.cluster.close_tunnel(c.cause);
        return Output::default();
    }
    s.cluster.open_tunnel(c.cause);
    s.settle();
    let services = s.cluster.tunnelled().join(", ");
    let ip = s.cluster.plan.api_address.clone();
    let stdout = format!(
        "Status:\t\n\tmachine: minikube\n\tpid: 4711\n\troute: 10.96.0.0/12 -> {ip}\n\tminikube: Running\n\tservices: [{services}]\n    errors: \n\t\tminikube: no errors\n\t\trouter: no errors\n\t\tloadbalancer emulator: no errors\n"
    );
    let story = format!("  {}\n", message(s.language, "minikube-tunnel-open", &[]));
    Output { stdout, story, ..Output::default() }
}

pub fn dashboard(s: &mut Session, c: &Call) -> Output {
    let port = match c.args.int("port") {
        0 => 44_219,
        p => p,
    };
    let url = format!(
        "http://127.0.0.1:{port}/api/v1/namespaces/kubernetes-dashboard/services/http:kubernetes-dashboard:/proxy/"
    );
    let story = format!("  {}\n", message(s.language, "minikube-no-dashboard", &[]));
    let stderr =
        "🤔  Verifying dashboard health ...\n🚀  Launching proxy ...\n🤔  Verifying proxy health ...\n".to_string();
    match c.args.flag("url") {
        true => Output { stdout: format!("{url}\n"), stderr, story, ..Output::default() },
        false => Output {
            stdout: format!("🎉  Opening {url} in your default browser...\n"),
            stderr,
            story,
            ..Output::default()
        },
    }
}
