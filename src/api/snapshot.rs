//! What a ControllerRevision keeps of its owner: a strategic merge patch that brings the pod template back.
//! Real Kubernetes: getPatch in pkg/controller/daemon/update.go, in pkg/controller/statefulset/stateful_set_utils.go and in
//! k8s.io/kubectl/pkg/polymorphichelpers/rollback.go.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::{Value, json};

use super::canonical;
use super::schema::TypeId;

/// A pod template as Go would write it.
pub fn template_json(template: &PodTemplateSpec) -> Value {
    let mut v = serde_json::to_value(template).unwrap_or_default();
    if let Some(t) = TypeId::by_name("core/v1.PodTemplateSpec") {
        canonical::fill(&mut v, t);
    }
    v
}

/// The patch that replaces the template of whatever it is applied to.
pub fn of(mut template: Value) -> Value {
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// The template in such a patch.
pub fn template(data: &Value) -> Value {
    let mut t = data["spec"]["template"].clone();
    if let Some(t) = t.as_object_mut() {
        t.remove("$patch");
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_goes_in_and_comes_out_again() {
        let t = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}});
        let data = of(t.clone());
        assert_eq!(data["spec"]["template"]["$patch"], "replace");
        assert_eq!(template(&data), t);
    }
}
