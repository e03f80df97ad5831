//! PodResizeValidator: a pod may not grow beyond what its node has at all.
//! Real Kubernetes: plugin/pkg/admission/podresize.

use super::Plugin;
use crate::api::kind::Subresource;
use crate::api::kinds::resources::amount_of;
use crate::api::kinds::{Node, Pod};
use crate::api::object::{Key, Resource};
use crate::api::quantity::Quantity;
use crate::api::status::Cause;
use crate::api::{Object, Status, pods, resource_list};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("PodResizeValidator") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    let pod = o.get::<Pod>().filter(|p| who.subresource == Some(Subresource::Resize) && !pods::node(p).is_empty());
    let (Some(pod), Some(old)) = (pod, old) else { return Ok(()) };
    if o.meta().generation == old.meta().generation {
        return Ok(());
    }
    let name = pods::node(pod);
    let Some(node) = api.store().get(&Key::of::<Node>("", name)).and_then(|o| o.get::<Node>()) else {
        return Err(Status::forbidden(o.kind(), o.name(), &format!("node {name:?} not found")));
    };
    match unfit(pod, node) {
        None => Ok(()),
        Some((reason, why)) => {
            let mut status = Status::forbidden(o.kind(), o.name(), &why);
            if let Some(details) = &mut status.details {
                details.causes.push(Cause { reason: reason.into(), message: String::new(), field: String::new() });
            }
            Err(status)
        }
    }
}

/// Why the node can never be enough.
fn unfit(pod: &Pod, node: &Node) -> Option<(&'static str, String)> {
    let system = node.metadata.labels.as_ref().and_then(|l| l.get("kubernetes.io/os"));
    if let Some(system) = system.filter(|s| *s != "linux") {
        let why = format!("pod resize is only supported on linux nodes, node {:?} is {system:?}", node.name());
        return Some(("UnsupportedPlatform", why));
    }
    let requests = resource_list::pod_requests(pod.spec.as_ref()?);
    let there = node.status.as_ref().and_then(|s| s.allocatable.as_ref());
    let beyond = |resource: &str, shown: fn(&Quantity) -> i64| {
        let (wanted, allocatable) = (*requests.get(resource)?, amount_of(there, resource));
        (wanted > allocatable)
            .then(|| format!("{resource}, requested: {}, allocatable: {}", shown(&wanted), shown(&allocatable)))
    };
    let found: Vec<String> =
        [beyond("cpu", |q| q.milli()), beyond("memory", |q| q.units())].into_iter().flatten().collect();
    let why = || format!("node didn't have enough allocatable resources: {}", found.join("; "));
    (!found.is_empty()).then(|| ("NodeCapacity", why()))
}
