//! kubectl cluster-info dump: everything that somebody who looks for a fault may want to read.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go.

use serde_json::Value;

use crate::api::jsonpath::Template;
use crate::api::request::Request;
use crate::api::{KindRef, Resource, kinds, yaml};
use crate::kubectl::args::{PRINTING, Type, output};
use crate::kubectl::printers::{self, Format, json_text};
use crate::kubectl::resources::collection;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static DUMP: Verb = Verb {
    name: "cluster-info dump",
    summary: "Dump relevant information for debugging and diagnosis",
    flags: &[
        &[
            Flag::new("output-directory", Type::Text),
            Flag::new("namespaces", Type::List),
            Flag::new("all-namespaces", Type::Bool).short('A'),
            Flag::new("pod-running-timeout", Type::Duration).default("20s"),
        ],
        &[output("json")],
        PRINTING,
    ],
    completes: Completes::Nothing,
    run: dump,
};

/// What is dumped of a namespace, and into which file.
fn parts() -> [(KindRef, &'static str); 7] {
    [
        (kinds::Event::kind_ref(), "events"),
        (kinds::ReplicationController::kind_ref(), "replication-controllers"),
        (kinds::Service::kind_ref(), "services"),
        (kinds::DaemonSet::kind_ref(), "daemonsets"),
        (kinds::Deployment::kind_ref(), "deployments"),
        (kinds::ReplicaSet::kind_ref(), "replicasets"),
        (kinds::Pod::kind_ref(), "pods"),
    ]
}

/// Where it goes: to the screen, or into files.
struct Target<'a> {
    directory: Option<&'a str>,
    extension: &'static str,
    format: Format,
}

impl Target<'_> {
    fn write(&self, file: &str, extension: &str, text: &str, env: &mut Env<'_>) -> Result<(), Failure> {
        match self.directory {
            None => env.out.push_str(text),
            Some(d) => {
                let path = format!("{d}/{file}{extension}");
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                env.host.make_directory(parent).map_err(Failure::error)?;
                env.host.write(&path, text).map_err(Failure::error)?;
            }
        }
        Ok(())
    }

    fn list(&self, kind: KindRef, ns: &str, file: &str, args: &Args, env: &mut Env<'_>) -> Result<Value, Failure> {
        let mut list = (*env.call(&Request::get(collection(kind, ns)))?).clone();
        for item in list["items"].as_array_mut().into_iter().flatten() {
            *item = printers::cleaned(item, args.flag("show-managed-fields"));
        }
        let text = match &self.format {
            Format::Json => json_text(&list),
            Format::Yaml => yaml::print(&list),
            Format::JsonPath { template, .. } => Template::print(template, &list, false).map_err(Failure::error)?,
            _ => String::new(),
        };
        self.write(file, self.extension, &text, env)?;
        Ok(list)
    }
}

fn dump(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let format = if args.is_set("output") { Format::of(args)? } else { Format::Json };
    let target = Target {
        directory: Some(args.text("output-directory")).filter(|d| !d.is_empty() && *d != "-"),
        extension: match format {
            Format::Json => ".json",
            Format::Yaml => ".yaml",
            _ => ".txt",
        },
        format,
    };
    target.list(kinds::Node::kind_ref(), "", "nodes", args, env)?;
    let namespaces: Vec<String> = match (args.flag("all-namespaces"), args.list("namespaces")) {
        (true, _) => {
            let all = env.call(&Request::get(collection(kinds::Namespace::kind_ref(), "")))?;
            let items = all["items"].as_array().into_iter().flatten();
            items.map(|n| n["metadata"]["name"].as_str().unwrap_or("").to_string()).collect()
        }
        (false, given) if given.is_empty() => vec!["kube-system".into(), env.namespace.clone()],
        (false, given) => given,
    };
    for ns in namespaces {
        let mut pods = Value::Null;
        for (kind, file) in parts() {
            pods = target.list(kind, &ns, &format!("{ns}/{file}"), args, env)?;
        }
        for p in pods["items"].as_array().into_iter().flatten() {
            let name = p["metadata"]["name"].as_str().unwrap_or("");
            let text = logs(p, env);
            target.write(&format!("{ns}/{name}/logs"), ".txt", &text, env)?;
        }
    }
    if let Some(d) = target.directory {
        env.line(format!("Cluster info dumped to {d}"));
    }
    Ok(Done::OK)
}

/// What every container of a pod has printed.
fn logs(pod: &Value, env: &mut Env<'_>) -> String {
    let text = |v: &Value| v.as_str().unwrap_or("").to_string();
    let (ns, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
    let containers = ["initContainers", "containers"].into_iter().flat_map(|k| pod["spec"][k].as_array()).flatten();
    let mut out = String::new();
    for c in containers.map(|c| text(&c["name"])) {
        out.push_str(&format!("==== START logs for container {c} of pod {ns}/{name} ====\n"));
        match env.api.logs(&ns, &name, Some(&c), false) {
            Ok(lines) => lines.iter().for_each(|(_, l)| out.push_str(&format!("{l}\n"))),
            Err(s) => out.push_str(&format!("Request log error: {}\n", s.message)),
        }
        out.push_str(&format!("==== END logs for container {c} of pod {ns}/{name} ====\n"));
    }
    out
}
