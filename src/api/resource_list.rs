//! Amounts of resources by name, and what a whole pod asks for.
//! Real Kubernetes: component-helpers/resource/helpers.go, pkg/quota/v1/resources.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, PodStatus, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Published;

use super::kinds::Pod;
use super::quantity::Quantity;

/// The condition of a pod whose kubelet has not granted yet what it newly requests.
const RESIZE_PENDING: &str = "PodResizePending";

/// `cpu: 500m, memory: 1Gi`
pub type ResourceList = BTreeMap<String, Quantity>;

/// Reads a published list; what is no quantity counts nothing.
pub fn read(list: Option<&BTreeMap<String, Published>>) -> ResourceList {
    let amount = |q: &Published| Quantity::parse(&q.0).unwrap_or(Quantity::ZERO);
    list.into_iter().flatten().map(|(name, q)| (name.clone(), amount(q))).collect()
}

pub fn write(list: &ResourceList) -> BTreeMap<String, Published> {
    list.iter().map(|(name, q)| (name.clone(), Published(q.to_string()))).collect()
}

pub fn add(to: &mut ResourceList, other: &ResourceList) {
    for (name, q) in other {
        let sum = to.get(name).copied().unwrap_or(Quantity::ZERO).plus(*q);
        to.insert(name.clone(), sum);
    }
}

pub fn subtract(from: &mut ResourceList, other: &ResourceList) {
    for (name, q) in other {
        let rest = from.get(name).copied().unwrap_or(Quantity::ZERO).minus(*q);
        from.insert(name.clone(), rest);
    }
}

fn raise(to: &mut ResourceList, other: &ResourceList) {
    for (name, q) in other {
        if to.get(name).is_none_or(|have| have < q) {
            to.insert(name.clone(), *q);
        }
    }
}

/// `cpu=500m,memory=1Gi`, as messages of quotas write it.
pub fn shown(list: &ResourceList) -> String {
    list.iter().map(|(name, q)| format!("{name}={q}")).collect::<Vec<_>>().join(",")
}

fn side(r: Option<&ResourceRequirements>, limits: bool) -> ResourceList {
    read(r.and_then(|r| if limits { r.limits.as_ref() } else { r.requests.as_ref() }))
}

pub fn requests(c: &Container) -> ResourceList {
    side(c.resources.as_ref(), false)
}

pub fn limits(c: &Container) -> ResourceList {
    side(c.resources.as_ref(), true)
}

/// What the whole pod requests.
pub fn pod_requests(spec: &PodSpec) -> ResourceList {
    whole(spec, false, side(spec.resources.as_ref(), false), &requests)
}

/// What the whole pod is limited to.
pub fn pod_limits(spec: &PodSpec) -> ResourceList {
    whole(spec, true, side(spec.resources.as_ref(), true), &limits)
}

/// What the containers of a pod request together, whatever is said of the pod as a whole. `missing` is what each of them is
/// supposed to request that says nothing of it.
pub fn containers_request(spec: &PodSpec, missing: &ResourceList) -> ResourceList {
    whole(spec, false, ResourceList::new(), &|c| supplied(requests(c), missing))
}

fn supplied(mut list: ResourceList, missing: &ResourceList) -> ResourceList {
    for (name, q) in missing {
        list.entry(name.clone()).or_insert(*q);
    }
    list
}

/// What a pod takes on its node: the most of what it requests, of what its kubelet has granted and of what it has, which differ
/// while it is resized. `missing` is what each container is supposed to request that says nothing of it.
pub fn pod_takes(pod: &Pod, missing: &ResourceList) -> ResourceList {
    let Some(spec) = &pod.spec else { return ResourceList::new() };
    let empty = PodStatus::default();
    let status = pod.status.as_deref().unwrap_or(&empty);
    let is_refused = status
        .conditions
        .iter()
        .flatten()
        .any(|c| c.type_ == RESIZE_PENDING && c.reason.as_deref() == Some("Infeasible"));
    let most =
        |requested: ResourceList, has: Option<&ResourceRequirements>, granted: Option<&BTreeMap<String, Published>>| {
            let Some(has) = has else { return requested };
            let mut out = if is_refused { ResourceList::new() } else { requested };
            raise(&mut out, &side(Some(has), false));
            raise(&mut out, &read(granted));
            out
        };
    let of_container = |c: &Container| {
        let starts = spec.init_containers.iter().flatten().any(|i| i.name == c.name);
        let told = if starts { &status.init_container_statuses } else { &status.container_statuses };
        // Those that only run before the others are not resized.
        let told = told.iter().flatten().find(|s| s.name == c.name).filter(|_| !starts || super::pods::is_sidecar(c));
        let (has, granted) =
            (told.and_then(|s| s.resources.as_ref()), told.and_then(|s| s.allocated_resources.as_ref()));
        supplied(most(requests(c), has, granted), missing)
    };
    let asked = side(spec.resources.as_ref(), false);
    let together = most(asked.clone(), status.resources.as_ref(), status.allocated_resources.as_ref());
    whole(spec, false, together.into_iter().filter(|(name, _)| asked.contains_key(name)).collect(), &of_container)
}

/// All containers together, or whichever init container needs more with the sidecars that run beside it; but `together` is said
/// of the pod itself.
fn whole(
    spec: &PodSpec,
    limits: bool,
    together: ResourceList,
    of: &dyn Fn(&Container) -> ResourceList,
) -> ResourceList {
    let mut sum = ResourceList::new();
    for c in &spec.containers {
        add(&mut sum, &of(c));
    }
    let (mut sidecars, mut starting) = (ResourceList::new(), ResourceList::new());
    for c in spec.init_containers.iter().flatten() {
        let own = of(c);
        if super::pods::is_sidecar(c) {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            raise(&mut starting, &sidecars);
        } else {
            let mut beside = own;
            add(&mut beside, &sidecars);
            raise(&mut starting, &beside);
        }
    }
    raise(&mut sum, &starting);
    sum.extend(together);
    // A limit that is not there is not raised by the overhead.
    for (name, q) in read(spec.overhead.as_ref()) {
        if !limits || sum.contains_key(&name) {
            add(&mut sum, &ResourceList::from([(name, q)]));
        }
    }
    sum
}
