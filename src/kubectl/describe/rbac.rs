//! The pages of roles and their bindings.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go RoleDescriber, RoleBindingDescriber.

use super::{annotations, labels, text};
use crate::kubectl::resources::Found;
use crate::kubectl::{Env, Failure, rights};

fn head(f: &Found) -> String {
    let meta = &f.object["metadata"];
    format!(
        "Name:\t{}\n{}{}",
        f.name,
        labels("Labels", &meta["labels"]),
        annotations("Annotations", &meta["annotations"])
    )
}

pub fn role(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let mut out = head(f);
    out.push_str("PolicyRule:\n  Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
    out.push_str("  ---------\t-----------------\t--------------\t-----\n");
    for right in rights::of(f.object["rules"].as_array().into_iter().flatten()) {
        out.push_str(&format!("  {right}\n"));
    }
    Ok(out)
}

pub fn binding(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let role = &f.object["roleRef"];
    let mut out = head(f);
    out.push_str(&format!("Role:\n  Kind:\t{}\n  Name:\t{}\n", text(&role["kind"]), text(&role["name"])));
    out.push_str("Subjects:\n  Kind\tName\tNamespace\n  ----\t----\t---------\n");
    for s in f.object["subjects"].as_array().into_iter().flatten() {
        out.push_str(&format!("  {}\t{}\t{}\n", text(&s["kind"]), text(&s["name"]), text(&s["namespace"])));
    }
    Ok(out)
}
