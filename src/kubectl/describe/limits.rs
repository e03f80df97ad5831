//! The pages of quotas and limit ranges, and what a namespace's page says of them.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeQuota, describeLimitRangeSpec, NamespaceDescriber.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text;
use crate::api::quantity::{self, Quantity};
use crate::api::request::Request;
use crate::api::{Resource, kinds};
use crate::kubectl::resources::{Found, collection};
use crate::kubectl::{Env, Failure};

const LIMIT_HEADS: &str = "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio";
const LIMIT_RULES: &str = "----\t--------\t---\t---\t---------------\t-------------\t-----------------------";

pub fn quota(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = format!("Name:\t{}\nNamespace:\t{}\n", f.name, f.namespace);
    out.push_str(&scopes(&f.object, "", " * "));
    out.push_str("Resource\tUsed\tHard\n--------\t----\t----\n");
    out.push_str(&amounts(&f.object, ""));
    Ok(out)
}

/// The scopes of a quota, each with what it means.
fn scopes(quota: &Value, indent: &str, bullet: &str) -> String {
    let mut scopes: Vec<&str> = quota["spec"]["scopes"].as_array().into_iter().flatten().map(text).collect();
    if scopes.is_empty() {
        return String::new();
    }
    scopes.sort_unstable();
    let mut out = format!("{indent}Scopes:\t{}\n", scopes.join(", "));
    for meaning in scopes.iter().filter_map(|s| meaning(s)) {
        out.push_str(&format!("{indent}{bullet}{meaning}\n"));
    }
    out
}

fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
        }
        _ => return None,
    })
}

/// What is used of each resource, in the notation of its limit.
fn amounts(quota: &Value, indent: &str) -> String {
    let status = &quota["status"];
    let mut out = String::new();
    for (name, hard) in status["hard"].as_object().into_iter().flatten() {
        let hard = text(hard);
        let used = status["used"][name].as_str().unwrap_or("0");
        let used = match (Quantity::parse(used), Quantity::parse(hard)) {
            (Some(u), Some(h)) if u.format() != h.format() => {
                Quantity::from_units(u.units()).written_as(h.format()).to_string()
            }
            _ => quantity::canonical(used),
        };
        out.push_str(&format!("{indent}{name}\t{used}\t{hard}\n"));
    }
    out
}

pub fn limit_range(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let head = format!("Name:\t{}\nNamespace:\t{}\n{LIMIT_HEADS}\n{LIMIT_RULES}\n", f.name, f.namespace);
    Ok(head + &bounds(&f.object, ""))
}

fn bounds(range: &Value, indent: &str) -> String {
    let mut out = String::new();
    for item in range["spec"]["limits"].as_array().into_iter().flatten() {
        let sides = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
        let names: BTreeSet<&String> =
            sides.iter().flat_map(|side| item[*side].as_object().into_iter().flatten().map(|(name, _)| name)).collect();
        for name in names {
            let cells: Vec<&str> = sides.iter().map(|side| item[*side][name].as_str().unwrap_or("-")).collect();
            out.push_str(&format!("{indent}{}\t{name}\t{}\n", text(&item["type"]), cells.join("\t")));
        }
    }
    out
}

/// Both as a namespace's page shows them.
pub fn of_namespace(name: &str, env: &mut Env<'_>) -> Result<String, Failure> {
    let list = |kind, env: &mut Env<'_>| -> Result<Vec<Value>, Failure> {
        Ok(env.call(&Request::get(collection(kind, name)))?["items"].as_array().cloned().unwrap_or_default())
    };
    let mut out = String::from("\n");
    let quotas = list(kinds::ResourceQuota::kind_ref(), env)?;
    if quotas.is_empty() {
        out.push_str("No resource quota.\n");
    } else {
        out.push_str("Resource Quotas\n");
    }
    for q in &quotas {
        out.push_str(&format!("  Name:\t{}\n{}", text(&q["metadata"]["name"]), scopes(q, "  ", "* ")));
        out.push_str(&format!("  Resource\tUsed\tHard\n  --------\t---\t---\n{}", amounts(q, "  ")));
    }
    out.push('\n');
    let ranges = list(kinds::LimitRange::kind_ref(), env)?;
    if ranges.is_empty() {
        out.push_str("No LimitRange resource.\n");
        return Ok(out);
    }
    out.push_str(&format!("Resource Limits\n {LIMIT_HEADS}\n {LIMIT_RULES}\n"));
    ranges.iter().for_each(|r| out.push_str(&bounds(r, " ")));
    Ok(out)
}
