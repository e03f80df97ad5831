//! kubectl create ingress.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_ingress.go.

use serde_json::{Map, Value, json};

use super::create::{make, one_name};
use crate::api::{Resource, kinds};
use crate::kubectl::args::{DRY_RUN, OUTPUT, Type};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static INGRESS: Verb = Verb {
    name: "create ingress",
    summary: "Create an ingress with the specified name",
    flags: &[
        &[
            Flag::new("class", Type::Text),
            Flag::new("rule", Type::Array),
            Flag::new("default-backend", Type::Text),
            Flag::new("annotation", Type::Array),
        ],
        OUTPUT,
        DRY_RUN,
    ],
    completes: Completes::Nothing,
    run: ingress,
};

fn ingress(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let spec = spec(args)?;
    let mut value = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec,
        "status": {"loadBalancer": {}},
    });
    let notes = annotations(&args.list("annotation"))?;
    if !notes.is_empty() {
        value["metadata"]["annotations"] = notes.into();
    }
    make(args, kinds::Ingress::kind_ref(), value, "failed to create ingress:", env)
}

fn annotations(given: &[String]) -> Result<Map<String, Value>, Failure> {
    let pair = |a: &String| match a.split_once('=') {
        Some((k, v)) => Ok((k.to_string(), v.into())),
        None => Err(Failure::error(format!("annotation {a} is invalid and should be in format key=[value]"))),
    };
    given.iter().map(pair).collect()
}

fn spec(args: &Args) -> Result<Value, Failure> {
    let (default, rules) = (args.text("default-backend"), args.list("rule"));
    if default.is_empty() && rules.is_empty() {
        return Err(Failure::error(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
        ));
    }
    let rules = rules.iter().map(|text| Rule::parse(text)).collect::<Result<Vec<_>, _>>()?;
    annotations(&args.list("annotation"))?;
    let mut spec = Map::new();
    if !args.text("class").is_empty() {
        spec.insert("ingressClassName".into(), args.text("class").into());
    }
    match default.split(':').collect::<Vec<_>>().as_slice() {
        [""] => {}
        [service, port] => {
            spec.insert("defaultBackend".into(), backend(service, port));
        }
        _ => return Err(Failure::error("default-backend should be in format servicename:serviceport")),
    }
    for (field, list) in [("tls", certificates(&rules)), ("rules", by_host(&rules))] {
        if !list.is_empty() {
            spec.insert(field.into(), list.into());
        }
    }
    Ok(spec.into())
}

/// `host/path=service:port[,tls[=secret]]`
#[derive(PartialEq, Debug)]
struct Rule<'a> {
    host: &'a str,
    path: String,
    prefix: bool,
    service: &'a str,
    port: &'a str,
    /// The name of a certificate's secret, or nothing, where the rule asks for one.
    tls: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn parse(text: &'a str) -> Result<Rule<'a>, Failure> {
        let whole = Rule::read(text);
        whole.ok_or_else(|| {
            Failure::error(format!(
                "rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            ))
        })
    }

    /// As kubectl reads it: it looks at the begin of each part, and what follows is no matter.
    fn read(text: &'a str) -> Option<Rule<'a>> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let host = &text[..text.find(|c| !(word(c) || c == '*' || c == '.')).unwrap_or(text.len())];
        let rest = text[host.len()..].strip_prefix('/')?;
        // Some `=` must be followed by a service and a port.
        let names_a_service = |after: &str| {
            after.split_once(':').is_some_and(|(s, p)| !s.is_empty() && s.chars().all(word) && p.starts_with(word))
        };
        rest.match_indices('=').find(|(at, _)| names_a_service(&rest[at + 1..]))?;
        let mut parts = rest.split(',');
        let mut sides = parts.next()?.split('=');
        let (path, target) = (format!("/{}", sides.next()?), sides.next()?);
        let (service, port) = target.split_once(':')?;
        let tls = match (parts.next(), parts.next()) {
            (Some(tls), None) => Some(tls.split('=').nth(1).unwrap_or("")),
            _ => None,
        };
        let prefix = path.ends_with('*');
        let path = path.strip_suffix('*').map_or(path.clone(), String::from);
        Some(Rule { host, path, prefix, service, port: port.split(':').next()?, tls })
    }
}

/// A port is a number or a name.
fn backend(service: &str, port: &str) -> Value {
    let port = match port.parse::<i32>() {
        Ok(0) => json!({}),
        Ok(number) => json!({"number": number}),
        Err(_) => json!({"name": port}),
    };
    json!({"service": {"name": service, "port": port}})
}

/// Hosts that share a secret stand together; a host has one secret, the first.
fn certificates(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut out: Vec<(&str, Vec<&str>)> = vec![];
    let mut hosts: Vec<&str> = vec![];
    for (host, secret) in rules.iter().filter_map(|r| Some((r.host, r.tls?))) {
        if hosts.contains(&host) {
            continue;
        }
        hosts.push(host);
        match out.iter_mut().find(|(s, _)| *s == secret) {
            Some((_, all)) => all.push(host),
            None if host.is_empty() && secret.is_empty() => {}
            None => out.push((secret, if host.is_empty() { vec![] } else { vec![host] })),
        }
    }
    let shown = |(secret, hosts): (&str, Vec<&str>)| {
        let mut v = Map::new();
        if !hosts.is_empty() {
            v.insert("hosts".into(), json!(hosts));
        }
        if !secret.is_empty() {
            v.insert("secretName".into(), secret.into());
        }
        v.into()
    };
    out.into_iter().map(shown).collect()
}

fn by_host(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut out: Vec<(&str, Vec<Value>)> = vec![];
    for r in rules {
        let path = json!({
            "backend": backend(r.service, r.port), "path": r.path,
            "pathType": if r.prefix { "Prefix" } else { "Exact" },
        });
        match out.iter_mut().find(|(host, _)| *host == r.host) {
            Some((_, paths)) => paths.push(path),
            None => out.push((r.host, vec![path])),
        }
    }
    let shown = |(host, paths): (&str, Vec<Value>)| {
        let mut v = json!({"http": {"paths": paths}});
        if !host.is_empty() {
            v["host"] = host.into();
        }
        v
    };
    out.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_host_a_path_a_service_and_maybe_a_certificate() {
        let read = |text| Rule::parse(text).map_err(|f| f.message);
        let rule = |host, path: &str, prefix, service, port, tls| {
            Ok(Rule { host, path: path.into(), prefix, service, port, tls })
        };
        assert_eq!(read("foo.com/bar=svc:80"), rule("foo.com", "/bar", false, "svc", "80", None));
        assert_eq!(read("/*=svc:http,tls"), rule("", "/", true, "svc", "http", Some("")));
        assert_eq!(read("*.foo.com/a*=svc:8080,tls=cert"), rule("*.foo.com", "/a", true, "svc", "8080", Some("cert")));
        for bad in ["foo.com=svc:80", "foo.com/=svc", "foo.com/path", "foo com/=svc:80", "/=:80"] {
            assert_eq!(
                read(bad),
                Err(format!(
                    "error: rule {bad} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
                ))
            );
        }
    }

    #[test]
    fn rules_of_a_host_and_hosts_of_a_secret_stand_together() {
        let texts = ["a.com/=x:1,tls=s", "b.com/=x:1,tls=s", "a.com/y=y:2,tls=other", "c.com/=x:1,tls", "/=z:3"];
        let rules: Vec<Rule<'_>> = texts.iter().filter_map(|t| Rule::read(t)).collect();
        assert_eq!(
            certificates(&rules),
            [json!({"hosts": ["a.com", "b.com"], "secretName": "s"}), json!({"hosts": ["c.com"]})]
        );
        let hosts: Vec<(Value, usize)> = by_host(&rules)
            .iter()
            .map(|r| (r["host"].clone(), r["http"]["paths"].as_array().map_or(0, Vec::len)))
            .collect();
        assert_eq!(hosts, [("a.com".into(), 2), ("b.com".into(), 1), ("c.com".into(), 1), (Value::Null, 1)]);
    }
}
