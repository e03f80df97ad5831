//! describe storageclass, volumeattributesclass, csinode.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeStorageClass, describeVolumeAttributesClass, describeCSINode.

use serde_json::Value;

use super::{annotations, date, go_list, labels, persistentvolume, strings, text, the_pairs};
use crate::kubectl::resources::Found;
use crate::kubectl::{Env, Failure};

const DEFAULT_CLASS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

pub fn class(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    Ok(class_page(f))
}

fn class_page(f: &Found) -> String {
    let c = &*f.object;
    let notes = &c["metadata"]["annotations"];
    let default = if DEFAULT_CLASS.iter().any(|k| notes[*k] == "true") { "Yes" } else { "No" };
    let mut out = format!("Name:\t{}\nIsDefaultClass:\t{default}\nAnnotations:\t{}\n", f.name, the_pairs(notes));
    out.push_str(&format!("Provisioner:\t{}\nParameters:\t{}\n", text(&c["provisioner"]), the_pairs(&c["parameters"])));
    let expansion = match c["allowVolumeExpansion"].as_bool() {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    out.push_str(&format!("AllowVolumeExpansion:\t{expansion}\n"));
    match strings(&c["mountOptions"]).as_slice() {
        [] => out.push_str("MountOptions:\t<none>\n"),
        options => {
            out.push_str("MountOptions:\n");
            options.iter().for_each(|o| out.push_str(&format!("  {o}\n")));
        }
    }
    for (title, key) in [("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")] {
        if let Some(v) = c[key].as_str() {
            out.push_str(&format!("{title}:\t{v}\n"));
        }
    }
    if let Some(terms) = c["allowedTopologies"].as_array() {
        out.push_str(if terms.is_empty() { "AllowedTopologies:\t<none>\n" } else { "AllowedTopologies:\t\n" });
        for (i, t) in terms.iter().enumerate() {
            out.push_str(&persistentvolume::term(&format!("  Term {i}"), "  ", &t["matchLabelExpressions"]));
        }
    }
    out
}

pub fn attributes_class(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let c = &*f.object;
    Ok(format!(
        "Name:\t{}\nAnnotations:\t{}\nDriverName:\t{}\nParameters:\t{}\n",
        f.name,
        the_pairs(&c["metadata"]["annotations"]),
        text(&c["driverName"]),
        the_pairs(&c["parameters"])
    ))
}

pub fn csi_node(f: &Found, _: &mut Env<'_>) -> Result<String, Failure> {
    let meta = &f.object["metadata"];
    let mut out = format!("Name:\t{}\n", f.name);
    out.push_str(&labels("Labels", &meta["labels"]));
    out.push_str(&annotations("Annotations", &meta["annotations"]));
    out.push_str(&format!("CreationTimestamp:\t{}\nSpec:\n", date(&meta["creationTimestamp"])));
    // A node without any driver has an empty list, which kubectl reads as one.
    if let Some(drivers) = f.object["spec"]["drivers"].as_array() {
        out.push_str("  Drivers:\n");
        drivers.iter().for_each(|d| out.push_str(&driver(d)));
    }
    Ok(out)
}

fn driver(d: &Value) -> String {
    let mut out = format!("    {}:\n      Node ID:\t{}\n", text(&d["name"]), text(&d["nodeID"]));
    if let Some(n) = d["allocatable"]["count"].as_i64() {
        out.push_str(&format!("      Allocatables:\n        Count:\t{n}\n"));
    }
    if d["topologyKeys"].is_array() {
        out.push_str(&format!("      Topology Keys:\t{}\n", go_list(&d["topologyKeys"])));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::api::{Resource, kinds};

    #[test]
    fn a_class_tells_where_its_volumes_may_be() {
        let c = json!({"metadata": {"name": "fast"}, "provisioner": "p", "parameters": {"b": "2", "a": "1"},
            "allowVolumeExpansion": true, "mountOptions": ["debug"], "reclaimPolicy": "Delete",
            "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["x", "y"]}, {"key": "k", "values": ["z"]}]}]});
        assert_eq!(
            class_page(&Found::of(kinds::StorageClass::kind_ref(), Arc::new(c))),
            "Name:\tfast\nIsDefaultClass:\tNo\nAnnotations:\t<none>\nProvisioner:\tp\nParameters:\ta=1,b=2\nAllowVolumeExpansion:\tTrue\n\
             MountOptions:\n  debug\nReclaimPolicy:\tDelete\nAllowedTopologies:\t\n  Term 0:\tzone in [x, y]\n  \tk in [z]\n"
        );
    }

    #[test]
    fn a_driver_of_a_node_tells_how_much_it_takes() {
        let d = json!({"name": "d", "nodeID": "n", "allocatable": {"count": 3}, "topologyKeys": ["zone", "rack"]});
        assert_eq!(
            driver(&d),
            "    d:\n      Node ID:\tn\n      Allocatables:\n        Count:\t3\n      Topology Keys:\t[zone rack]\n"
        );
    }
}
