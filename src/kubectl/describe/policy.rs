//! describe poddisruptionbudget, priorityclass, ipaddress, servicecidr: pages of a few lines.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describePodDisruptionBudgetV1, describePriorityClass, describeIPAddressV1,
//! describeServiceCIDRV1.

use super::{annotations, conditions, head, labels, selector, strings, text, the_pairs};
use crate::api::go_text::plain;
use crate::kubectl::resources::Found;
use crate::kubectl::{Env, Failure};

pub fn budget(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    Ok(budget_page(f))
}

fn budget_page(f: &Found) -> String {
    let (spec, status) = (&f.object["spec"], &f.object["status"]);
    let mut out = head(f);
    if !spec["minAvailable"].is_null() {
        out.push_str(&format!("Min available:\t{}\n", plain(&spec["minAvailable"])));
    } else if !spec["maxUnavailable"].is_null() {
        out.push_str(&format!("Max unavailable:\t{}\n", plain(&spec["maxUnavailable"])));
    }
    let chosen = if spec["selector"].is_object() { selector(&spec["selector"]) } else { "<unset>".into() };
    out.push_str(&format!("Selector:\t{chosen}\nStatus:\n"));
    for (title, key) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        out.push_str(&format!("    {title}:\t{}\n", status[key].as_i64().unwrap_or(0)));
    }
    out
}

pub fn priority(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let c = &*f.object;
    Ok(format!(
        "Name:\t{}\nValue:\t{}\nGlobalDefault:\t{}\nPreemptionPolicy:\t{}\nDescription:\t{}\nAnnotations:\t{}\n",
        f.name,
        c["value"],
        c["globalDefault"] == true,
        text(&c["preemptionPolicy"]),
        text(&c["description"]),
        the_pairs(&c["metadata"]["annotations"])
    ))
}

fn named(f: &Found) -> String {
    let meta = &f.object["metadata"];
    format!("Name:\t{}\n", f.name)
        + &labels("Labels", &meta["labels"])
        + &annotations("Annotations", &meta["annotations"])
}

pub fn address(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = named(f);
    let parent = &f.object["spec"]["parentRef"];
    if parent.is_object() {
        out.push_str("Parent Reference:\n");
        for (title, key) in [("Group", "group"), ("Resource", "resource"), ("Namespace", "namespace"), ("Name", "name")]
        {
            out.push_str(&format!("  {title}:\t{}\n", text(&parent[key])));
        }
    }
    Ok(out)
}

pub fn cidr(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = named(f);
    out.push_str(&format!("CIDRs:\t{}\n", strings(&f.object["spec"]["cidrs"]).join(", ")));
    let told = conditions(&f.object["status"]["conditions"]);
    Ok(if told.is_empty() { out } else { out + "Status:\n" + &told })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::api::{Resource, kinds};

    #[test]
    fn a_budget_tells_which_of_its_bounds_there_is() {
        let page = |spec| {
            let v = json!({"metadata": {"name": "b", "namespace": "ns"}, "spec": spec, "status": {"expectedPods": 3}});
            budget_page(&Found::of(kinds::PodDisruptionBudget::kind_ref(), Arc::new(v)))
        };
        assert_eq!(
            page(json!({"maxUnavailable": "25%", "selector": {"matchLabels": {"app": "web"}}})),
            "Name:\tb\nNamespace:\tns\nMax unavailable:\t25%\nSelector:\tapp=web\nStatus:\n    Allowed disruptions:\t0\n    Current:\t0\n    \
             Desired:\t0\n    Total:\t3\n"
        );
        assert!(page(json!({"minAvailable": 2})).contains("Min available:\t2\nSelector:\t<unset>\n"));
    }
}
