//! kubectl expose: a Service for what has a selector.

use serde_json::{Value, json};

use super::create::{say, submit};
use super::run::labels_of;
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN_FLAG, DryRun, FILES, OUTPUT, SAVE_CONFIG, Type, field_manager};
use crate::kubectl::manifests::Validate;
use crate::kubectl::printers::Format;
use crate::kubectl::record::{self, RECORD};
use crate::kubectl::resources::{self, Found, joined};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static EXPOSE: Verb = Verb {
    name: "expose",
    summary: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    flags: &[
        &[
            Flag::new("port", Type::Text),
            Flag::new("target-port", Type::Text),
            Flag::new("type", Type::Text),
            Flag::new("name", Type::Text),
            Flag::new("protocol", Type::Text),
            Flag::new("labels", Type::Text).short('l'),
            Flag::new("selector", Type::Text),
            Flag::new("cluster-ip", Type::Text),
            Flag::new("external-ip", Type::Text),
            Flag::new("load-balancer-ip", Type::Text),
            Flag::new("session-affinity", Type::Text),
            Flag::new("overrides", Type::Text),
        ],
        &[
            DRY_RUN_FLAG,
            SAVE_CONFIG,
            field_manager("kubectl-expose"),
            Flag::new("override-type", Type::Text).default("merge").absent(),
        ],
        OUTPUT,
        RECORD,
        FILES,
    ],
    completes: Completes::Objects,
    run: expose,
};

fn expose(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let (dry, format) = (DryRun::of(args)?, Format::of(args)?);
    // Here `--selector` is the new Service's, not a filter.
    let (found, failures) = resources::fetch_named(&args.without("selector"), &args.words, env)?;
    if !failures.is_empty() {
        return Err(joined(failures));
    }
    for f in &found {
        let mut service = service_of(args, f)?;
        if env.namespace_given {
            service["metadata"]["namespace"] = env.namespace.clone().into();
        }
        if args.is_set("overrides") {
            let overrides: Value =
                serde_json::from_str(args.text("overrides")).map_err(|_| Failure::error("Invalid JSON Patch"))?;
            json_patch::merge(&mut service, &overrides);
        }
        record::mark(args, &mut service);
        let kind = kinds::Service::kind_ref();
        let made = submit(kind, &env.namespace.clone(), service, dry, Validate::Strict, env)
            .map_err(|s| Failure::status(&s))?;
        say(args, &format, kind, &made, "exposed", dry, env)?;
    }
    Ok(Done::OK)
}

fn service_of(args: &Args, f: &Found) -> Result<Value, Failure> {
    let o = &f.object;
    let selector = match (args.text("selector"), f.kind.name()) {
        ("", "Pod") => o["metadata"]["labels"].clone(),
        ("", "Service") => o["spec"]["selector"].clone(),
        ("", "Deployment" | "ReplicaSet") => {
            if o["spec"]["selector"]["matchExpressions"].as_array().is_some_and(|e| !e.is_empty()) {
                return Err(Failure::error(format!(
                    "couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - {} to map-based selector format",
                    o["spec"]["selector"]["matchExpressions"]
                )));
            }
            o["spec"]["selector"]["matchLabels"].clone()
        }
        ("", other) => {
            return Err(Failure::error(format!("cannot expose a {other}")));
        }
        (text, _) => {
            let pairs: Vec<(String, Value)> =
                text.split(',').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_string(), v.into())).collect();
            Value::Object(pairs.into_iter().collect())
        }
    };
    if selector.as_object().is_none_or(|s| s.is_empty()) {
        return Err(Failure::error(match f.kind.name() {
            "Service" => {
                "couldn't retrieve selectors via --selector flag or introspection: the service has no pod selector set"
            }
            "Pod" => {
                "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed"
            }
            _ => {
                "couldn't retrieve selectors via --selector flag or introspection: invalid deployment: no selectors, therefore cannot be exposed"
            }
        }));
    }
    let spec = if o["spec"]["template"]["spec"].is_object() { &o["spec"]["template"]["spec"] } else { &o["spec"] };
    let mut ports: Vec<(i64, String)> = vec![];
    if args.text("port").is_empty() {
        let declared = spec["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|c| c["ports"].as_array().cloned().unwrap_or_default());
        ports.extend(
            declared.filter_map(|p| {
                Some((p["containerPort"].as_i64()?, p["protocol"].as_str().unwrap_or("TCP").to_string()))
            }),
        );
        ports.extend(
            o["spec"]["ports"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|p| Some((p["port"].as_i64()?, p["protocol"].as_str().unwrap_or("TCP").to_string()))),
        );
        if ports.is_empty() {
            return Err(Failure::error("couldn't find port via --port flag or introspection"));
        }
    } else {
        for p in args.text("port").split(',') {
            let n: i64 =
                p.parse().map_err(|_| Failure::error(format!("strconv.Atoi: parsing {p:?}: invalid syntax")))?;
            let protocol = if args.text("protocol").is_empty() { "TCP" } else { args.text("protocol") };
            ports.push((n, protocol.into()));
        }
    }
    let several = ports.len() > 1;
    let target = args.text("target-port");
    let list: Vec<Value> = ports
        .iter()
        .enumerate()
        .map(|(i, (n, protocol))| {
            let to: Value = if target.is_empty() {
                (*n).into()
            } else {
                target.parse::<i64>().map_or_else(|_| target.into(), Value::from)
            };
            let mut p = json!({"port": n, "protocol": protocol, "targetPort": to});
            if several {
                p["name"] = format!("port-{}", i + 1).into();
            }
            p
        })
        .collect();
    let name =
        if args.text("name").is_empty() { f.name.chars().take(63).collect() } else { args.text("name").to_string() };
    let mut labels = o["metadata"]["labels"].clone();
    if !args.text("labels").is_empty() {
        labels = Value::Object(labels_of(args.text("labels"))?);
    }
    let mut v = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": list, "selector": selector}, "status": {"loadBalancer": {}}});
    if labels.as_object().is_some_and(|l| !l.is_empty()) {
        v["metadata"]["labels"] = labels;
    }
    for (flag, field) in [
        ("type", "type"),
        ("cluster-ip", "clusterIP"),
        ("session-affinity", "sessionAffinity"),
        ("load-balancer-ip", "loadBalancerIP"),
    ] {
        if !args.text(flag).is_empty() {
            v["spec"][field] = args.text(flag).into();
        }
    }
    if !args.text("external-ip").is_empty() {
        v["spec"]["externalIPs"] = json!([args.text("external-ip")]);
    }
    Ok(v)
}
