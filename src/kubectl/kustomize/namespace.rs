//! Puts all resources into one namespace.
//! Real Kubernetes: kustomize api/filters/namespace/namespace.go.

use serde_json::{Value, json};

use super::fields::{Create, Done, each, set_scalar};
use super::file::FieldSpec;
use super::ids::Gvk;
use super::resource::{Resource, text};
use super::set::Resources;

/// # Errors
/// Two resources would be called the same, or a field cannot be written.
pub fn put_into(all: &mut Resources, namespace: &str, specs: &[FieldSpec]) -> Done {
    for at in 0..all.0.len() {
        if all.0[at].is_empty() {
            continue;
        }
        put(&mut all.0[at], namespace, specs)?;
        let id = all.0[at].id();
        let same: Vec<String> = all.0.iter().filter(|r| r.id().is_same(&id)).map(Resource::shown).collect();
        if same.len() != 1 {
            return Err(format!("namespace transformation produces ID conflict: [{}]", same.join(" ")));
        }
    }
    Ok(())
}

fn put(r: &mut Resource, namespace: &str, specs: &[FieldSpec]) -> Done {
    r.remember_id();
    let mut set = |node: &mut Value| set_scalar(node, namespace.into());
    let gvk = r.gvk();
    if !gvk.is_certainly_cluster_scoped() {
        let own = FieldSpec { gvk: Gvk::default(), path: "metadata/namespace".into(), create: true };
        each(r, &[own], Create::Scalar, &mut set)?;
    }
    let binds = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    if binds && let Some(subjects) = r.node.get_mut("subjects").and_then(Value::as_array_mut) {
        // Others are found by their names later on.
        for subject in subjects.iter_mut().filter(|s| text(&s["name"]) == "default") {
            if let Some(map) = subject.as_object_mut() {
                map.insert("namespace".into(), json!(namespace));
            }
        }
    }
    let core = r.node["apiVersion"] == "v1";
    let wanted = |s: &&FieldSpec| {
        s.path != "metadata/namespace"
            && (core || s.path != "metadata/name")
            && !(binds && s.gvk.kind == gvk.kind && s.path == "subjects/namespace")
    };
    let specs: Vec<FieldSpec> = specs.iter().filter(wanted).cloned().collect();
    each(r, &specs, Create::Scalar, &mut set).map_err(|why| match why.contains("wrong node kind") {
        true => format!("namespace field specs must target scalar nodes: {why}"),
        false => format!("namespace transformation failed: {why}"),
    })
}
