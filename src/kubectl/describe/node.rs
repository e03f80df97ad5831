//! describe node.

use serde_json::Value;

use super::{annotations, date, labels, listed, strings, text};
use crate::api::pods::{Resources, requests};
use crate::api::quantity::Quantity;
use crate::api::request::Request;
use crate::api::time::ago;
use crate::api::{Reason, Resource, Time, kinds};
use crate::kubectl::env::Env;
use crate::kubectl::failure::Failure;
use crate::kubectl::resources::{Found, object};

pub fn page(f: &Found, env: &mut Env<'_>) -> Result<String, Failure> {
    let n = &*f.object;
    let (spec, status) = (&n["spec"], &n["status"]);
    let typed: kinds::Node = serde_json::from_value(n.clone()).unwrap_or_default();
    let mut out = format!("Name:\t{}\nRoles:\t{}\n", f.name, kinds::node::roles(&typed));
    out.push_str(&labels("Labels", &n["metadata"]["labels"]));
    out.push_str(&annotations("Annotations", &n["metadata"]["annotations"]));
    out.push_str(&format!("CreationTimestamp:\t{}\n", date(&n["metadata"]["creationTimestamp"])));
    let mut taints: Vec<String> = spec["taints"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|t| {
            let value = t["value"].as_str().filter(|v| !v.is_empty()).map(|v| format!("={v}")).unwrap_or_default();
            format!("{}{value}:{}", text(&t["key"]), text(&t["effect"]))
        })
        .collect();
    taints.sort_by_key(|t| (!t.ends_with("NoExecute"), !t.ends_with(":NoSchedule"), t.clone()));
    out.push_str(&format!("Taints:\t{}\n", listed(&taints, "\n\t")));
    out.push_str(&format!("Unschedulable:\t{}\n", spec["unschedulable"] == true));
    let lease = env.try_call(&Request::get(object(kinds::Lease::kind_ref(), "kube-node-lease", &f.name)));
    match lease {
        Ok(l) => {
            out.push_str("Lease:\n");
            let when = |v: &Value| if v.is_string() { date(v) } else { "<unset>".into() };
            out.push_str(&format!(
                "  HolderIdentity:\t{}\n  AcquireTime:\t{}\n  RenewTime:\t{}\n",
                l["spec"]["holderIdentity"].as_str().unwrap_or("<unset>"),
                when(&l["spec"]["acquireTime"]),
                when(&l["spec"]["renewTime"])
            ));
        }
        Err(s) => out.push_str(&format!("Lease:\tFailed to get lease: {}\n", s.message)),
    }
    if let Some(l) = status["conditions"].as_array().filter(|l| !l.is_empty()) {
        out.push_str("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n  ----\t------\t-----------------\t------------------\t------\t-------\n");
        for c in l {
            out.push_str(&format!(
                "  {} \t{} \t{} \t{} \t{} \t{}\n",
                text(&c["type"]),
                text(&c["status"]),
                date(&c["lastHeartbeatTime"]),
                date(&c["lastTransitionTime"]),
                text(&c["reason"]),
                text(&c["message"])
            ));
        }
    }
    out.push_str("Addresses:\n");
    for a in status["addresses"].as_array().into_iter().flatten() {
        out.push_str(&format!("  {}:\t{}\n", text(&a["type"]), text(&a["address"])));
    }
    for (title, key) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        let amounts = status[key].as_object().filter(|a| !a.is_empty());
        if amounts.is_some() {
            out.push_str(&format!("{title}:\n"));
        }
        for (k, v) in amounts.into_iter().flatten() {
            out.push_str(&format!("  {k}:\t{}\n", text(v)));
        }
    }
    let info = &status["nodeInfo"];
    out.push_str("System Info:\n");
    for (title, key) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        out.push_str(&format!("  {title}:\t{}\n", text(&info[key])));
    }
    let cidrs = strings(&spec["podCIDRs"]).join(",");
    for (title, value) in
        [("PodCIDR", text(&spec["podCIDR"])), ("PodCIDRs", &cidrs), ("ProviderID", text(&spec["providerID"]))]
    {
        if !value.is_empty() {
            out.push_str(&format!("{title}:\t{value}\n"));
        }
    }
    out.push_str(&pods(f, &typed, env)?);
    Ok(out)
}

fn limits(p: &kinds::Pod) -> Resources {
    let mut sum = Resources::default();
    for c in p.spec.iter().flat_map(|s| s.containers.iter()) {
        if let Some(l) = c.resources.as_ref().and_then(|r| r.limits.as_ref()) {
            sum.add(&Resources::of(l));
        }
    }
    sum
}

fn percent(part: i64, whole: i64) -> i64 {
    // In floating point, as kubectl: what is cut off is sometimes one more.
    if whole == 0 { 0 } else { (part as f64 / whole as f64 * 100.0) as i64 }
}

/// The pods on the node, and what is promised of it.
fn pods(f: &Found, node: &kinds::Node, env: &mut Env<'_>) -> Result<String, Failure> {
    let on_node = format!("spec.nodeName={},status.phase!=Succeeded,status.phase!=Failed", f.name);
    let list = match env.try_call(&Request::get("/api/v1/pods").query("fieldSelector", on_node)) {
        Err(s) if s.is(Reason::Forbidden) => return Ok("Pods:\tnot authorized\n".into()),
        list => list.map_err(|s| Failure::status(&s))?,
    };
    let pods: Vec<kinds::Pod> =
        list["items"].as_array().into_iter().flatten().filter_map(|p| serde_json::from_value(p.clone()).ok()).collect();
    let all = node.status.as_ref().and_then(|s| s.allocatable.as_ref()).map(Resources::of).unwrap_or_default();
    let cpu = |n: i64| Quantity::from_milli(n).to_string();
    let memory = |n: i64| Quantity::from_bytes(n).to_string();
    let part = |n: i64, whole: i64, show: &dyn Fn(i64) -> String| format!("{} ({}%)", show(n), percent(n, whole));
    let mut out = format!("Non-terminated Pods:\t({} in total)\n", pods.len());
    out.push_str("  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n");
    let (mut asked, mut limited) = (Resources::default(), Resources::default());
    let now = env.now();
    for p in &pods {
        let (r, l) = (requests(p), limits(p));
        let made = p.metadata.creation_timestamp.as_ref();
        let age = made.map_or("<unknown>".into(), |t| ago(Time::from_meta(t), now));
        out.push_str(&format!(
            "  {}\t{}\t\t{}\t{}\t{}\t{}\t{age}\n",
            p.namespace(),
            p.name(),
            part(r.milli_cpu, all.milli_cpu, &cpu),
            part(l.milli_cpu, all.milli_cpu, &cpu),
            part(r.memory, all.memory, &memory),
            part(l.memory, all.memory, &memory)
        ));
        asked.add(&r);
        limited.add(&l);
    }
    out.push_str("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits\n  --------\t--------\t------\n");
    let mut row = |name: &str, asked: i64, limited: i64, whole: i64, show: &dyn Fn(i64) -> String| {
        out.push_str(&format!("  {name}\t{}\t{}\n", part(asked, whole, show), part(limited, whole, show)));
    };
    row("cpu", asked.milli_cpu, limited.milli_cpu, all.milli_cpu, &cpu);
    row("memory", asked.memory, limited.memory, all.memory, &memory);
    row("ephemeral-storage", asked.ephemeral, limited.ephemeral, all.ephemeral, &memory);
    for k in all.others.keys().filter(|k| k.starts_with("hugepages-")) {
        let n = |r: &Resources| r.others.get(k).copied().unwrap_or(0);
        out.push_str(&format!("  {k}\t{} (0%)\t{} (0%)\n", n(&asked), n(&limited)));
    }
    Ok(out)
}
