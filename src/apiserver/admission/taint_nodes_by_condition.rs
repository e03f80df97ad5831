//! TaintNodesByCondition: a new node takes no pods until it has said that it is ready.
//! Real Kubernetes: plugin/pkg/admission/nodetaint.

use k8s_openapi::api::core::v1::Taint;

use super::Plugin;
use crate::api::kinds::Node;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { mutate, ..Plugin::new("TaintNodesByCondition") };

fn mutate(_: &ApiServer, o: &mut Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    if old.is_some() {
        return Ok(());
    }
    if let Some(node) = o.get_mut::<Node>() {
        let taints = node.spec.get_or_insert_default().taints.get_or_insert_default();
        if !taints.iter().any(|t| t.key == "node.kubernetes.io/not-ready" && t.effect == "NoSchedule") {
            taints.push(Taint {
                key: "node.kubernetes.io/not-ready".into(),
                effect: "NoSchedule".into(),
                ..Taint::default()
            });
        }
    }
    Ok(())
}
