//! NodeDeclaredFeatureValidator: a pod that has a node may be changed only in ways that its node says it can follow.
//! Real Kubernetes: plugin/pkg/admission/nodedeclaredfeatures, component-helpers/nodedeclaredfeatures.

use k8s_openapi::api::core::v1::PodSpec;

use super::Plugin;
use crate::api::kind::Subresource;
use crate::api::kinds::{Node, Pod};
use crate::api::object::Key;
use crate::api::{Object, Status, pods};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("NodeDeclaredFeatureValidator") };

/// A feature, and whether a change of a pod needs it of the node.
type Feature = (&'static str, fn(old: &PodSpec, new: &PodSpec) -> bool);

static FEATURES: [Feature; 2] = [
    ("InPlacePodLevelResourcesVerticalScaling", |old, new| old.resources != new.resources),
    ("InPlacePodVerticalScalingInitContainers", |old, new| {
        let before = old.init_containers.iter().flatten();
        let after = new.init_containers.iter().flatten();
        before.zip(after).any(|(b, a)| b.restart_policy.as_deref() != Some("Always") && b.resources != a.resources)
    }),
];

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let concerned = matches!(who.subresource, None | Some(Subresource::Resize));
    let pod = o.get::<Pod>().filter(|p| concerned && !pods::node(p).is_empty());
    let (Some(pod), Some(old)) = (pod, old) else { return Ok(()) };
    if o.meta().generation == old.meta().generation {
        return Ok(());
    }
    let specs = pod.spec.as_ref().zip(old.get::<Pod>().and_then(|p| p.spec.as_ref()));
    let Some((new, before)) = specs else { return Ok(()) };
    let needed: Vec<&str> = FEATURES.iter().filter(|(_, needs)| needs(before, new)).map(|(name, _)| *name).collect();
    if needed.is_empty() {
        return Ok(());
    }
    let name = pods::node(pod);
    let refuse = |why: String| Err(Status::forbidden(o.kind(), o.name(), &why));
    let Some(node) = api.store().get(&Key::of::<Node>("", name)).and_then(|o| o.get::<Node>()) else {
        return refuse(format!("node {name:?} not found"));
    };
    let declared = node.status.as_ref().and_then(|s| s.declared_features.as_deref()).unwrap_or_default();
    let absent: Vec<&str> = needed.into_iter().filter(|f| !declared.iter().any(|d| d == f)).collect();
    match absent.is_empty() {
        true => Ok(()),
        false => refuse(format!(
            "pod update requires features {} which are not available on node {name:?}",
            absent.join(", ")
        )),
    }
}
