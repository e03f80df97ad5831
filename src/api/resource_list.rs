//! Amounts of resources by name, and what a whole pod asks for.
//! Real Kubernetes: component-helpers/resource/helpers.go, pkg/quota/v1/resources.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Published;

use super::quantity::Quantity;

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
    whole(spec, false)
}

/// What the whole pod is limited to.
pub fn pod_limits(spec: &PodSpec) -> ResourceList {
    whole(spec, true)
}

/// All containers together, or whichever init container needs more with the sidecars that run beside it.
fn whole(spec: &PodSpec, limits: bool) -> ResourceList {
    let mut sum = ResourceList::new();
    for c in &spec.containers {
        add(&mut sum, &side(c.resources.as_ref(), limits));
    }
    let (mut sidecars, mut starting) = (ResourceList::new(), ResourceList::new());
    for c in spec.init_containers.iter().flatten() {
        let own = side(c.resources.as_ref(), limits);
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
    for (name, q) in side(spec.resources.as_ref(), limits) {
        sum.insert(name, q);
    }
    // A limit that is not there is not raised by the overhead.
    for (name, q) in read(spec.overhead.as_ref()) {
        if !limits || sum.contains_key(&name) {
            add(&mut sum, &ResourceList::from([(name, q)]));
        }
    }
    sum
}
