//! kubectl create service clusterip, nodeport, loadbalancer, externalname.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_service.go.

use serde_json::{Value, json};

use super::create::{make, one_name};
use crate::api::{Resource, kinds, names};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

const TCP: &[Flag] = &[Flag::new("tcp", Type::List)];

pub static CLUSTERIP: Verb = Verb {
    name: "create service clusterip",
    summary: "Create a ClusterIP service",
    flags: &[TCP, &[Flag::new("clusterip", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: |args, env| service(args, "ClusterIP", env),
};

pub static NODEPORT: Verb = Verb {
    name: "create service nodeport",
    summary: "Create a NodePort service",
    flags: &[TCP, &[Flag::new("node-port", Type::Int).default("0")], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: |args, env| service(args, "NodePort", env),
};

pub static LOADBALANCER: Verb = Verb {
    name: "create service loadbalancer",
    summary: "Create a LoadBalancer service",
    flags: &[TCP, OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: |args, env| service(args, "LoadBalancer", env),
};

pub static EXTERNALNAME: Verb = Verb {
    name: "create service externalname",
    summary: "Create an ExternalName service",
    flags: &[TCP, &[Flag::new("external-name", Type::Text)], OUTPUT, DRY_RUN],
    completes: Completes::Nothing,
    run: |args, env| {
        args.require(&["external-name"])?;
        service(args, "ExternalName", env)
    },
};

fn service(args: &Args, kind: &str, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let tcp = args.list("tcp");
    let headless = args.text("clusterip") == "None";
    if !headless && tcp.is_empty() && kind != "ExternalName" {
        return Err(Failure::error("at least one tcp port specifier must be provided"));
    }
    if let Some(outer) = Some(args.text("external-name")).filter(|_| kind == "ExternalName")
        && !names::dns1123_subdomain(outer, false).is_empty()
    {
        return Err(Failure::error(format!("invalid service external name {outer}")));
    }
    let ports = tcp.iter().map(|spec| port(spec, args.int("node-port"))).collect::<Result<Vec<_>, _>>()?;
    let mut value = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"type": kind, "selector": {"app": name}}, "status": {"loadBalancer": {}},
    });
    if !ports.is_empty() {
        value["spec"]["ports"] = ports.into();
    }
    for (flag, field) in [("clusterip", "clusterIP"), ("external-name", "externalName")] {
        if !args.text(flag).is_empty() {
            value["spec"][field] = args.text(flag).into();
        }
    }
    make(args, kinds::Service::kind_ref(), value, &format!("failed to create {kind} service:"), env)
}

/// `80` or `80:8080` or `80:http`; the port is named after what was written.
fn port(spec: &str, node_port: i64) -> Result<Value, Failure> {
    let (outer, inner) = match spec.split_once(':') {
        Some((outer, inner)) => (outer, Some(inner.split(':').next().unwrap_or(inner))),
        None => (spec, None),
    };
    let number: u16 = outer.parse().map_err(|_| {
        let digits = !outer.is_empty() && outer.bytes().all(|b| b.is_ascii_digit());
        let why = if digits { "value out of range" } else { "invalid syntax" };
        Failure::error(format!("strconv.ParseUint: parsing {outer:?}: {why}"))
    })?;
    let target: Value = match inner.map(|i| (i, i.parse::<i64>())) {
        None => number.into(),
        Some((_, Ok(n))) if (1..=65535).contains(&n) => n.into(),
        Some((_, Ok(_))) => return Err(Failure::error("must be between 1 and 65535, inclusive")),
        Some((name, Err(_))) => match port_name_problems(name) {
            problems if problems.is_empty() => name.into(),
            problems => return Err(Failure::error(problems.join(","))),
        },
    };
    let mut v = json!({"name": spec.replace(':', "-"), "port": number, "protocol": "TCP", "targetPort": target});
    if node_port != 0 {
        v["nodePort"] = node_port.into();
    }
    Ok(v)
}

/// Real Kubernetes: apimachinery's IsValidPortName.
fn port_name_problems(name: &str) -> Vec<&'static str> {
    let mut out = vec![];
    if name.len() > 15 {
        out.push("must be no more than 15 characters");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        out.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        out.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        out.push("must not begin or end with a hyphen");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_after_what_was_written() {
        let of = |spec: &str| port(spec, 0).map_err(|f| f.message);
        assert_eq!(of("80:8080"), Ok(json!({"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080})));
        assert_eq!(of("80"), Ok(json!({"name": "80", "port": 80, "protocol": "TCP", "targetPort": 80})));
        assert_eq!(of("80:http"), Ok(json!({"name": "80-http", "port": 80, "protocol": "TCP", "targetPort": "http"})));
        assert_eq!(of("abc"), Err("error: strconv.ParseUint: parsing \"abc\": invalid syntax".into()));
        assert_eq!(of("80:99999"), Err("error: must be between 1 and 65535, inclusive".into()));
        assert_eq!(
            of("80:a_b"),
            Err("error: must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into())
        );
    }
}
