//! The subresource `resize`: other resources for containers that run.
//! Real Kubernetes: pkg/registry/core/pod/strategy.go podResizeStrategy, pkg/apis/core/validation/validation.go
//! ValidatePodResize.

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};

use super::ephemeral::keep_all;
use super::update::{options, published, same_spec};
use super::validate_meta_and_spec;
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::Pod;
use crate::api::kinds::pod_spec::resources::MIRROR;
use crate::api::kinds::resources::ResourceList as List;
use crate::api::kinds::pod_spec::{self, items, text};
use crate::api::{canonical, pods};

const ONLY_COMPUTES: &str = "only cpu and memory resources are mutable";

/// Only resources and resize policies of `new` count, unless its containers are not the old ones: then it is refused as it is.
pub fn prepare_resize(new: &mut Pod, old: &Pod) {
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    let (n_init, o_init) = (items(&n.init_containers), items(&o.init_containers));
    if n.containers.len() != o.containers.len() || n_init.len() != o_init.len() {
        return;
    }
    let resources = n.resources.clone();
    let containers = merged(&n.containers, &o.containers);
    let init = n.init_containers.as_ref().map(|list| merged(list, o_init));
    keep_all(new, old);
    if let Some(s) = &mut new.spec {
        s.resources = resources;
        s.containers = containers;
        s.init_containers = init;
        pod_spec::drop_disabled(s, old.spec.as_deref());
    }
}

fn merged(new: &[Container], old: &[Container]) -> Vec<Container> {
    if new.iter().zip(old).any(|(n, o)| n.name != o.name) {
        return new.to_vec();
    }
    let with = |(n, o): (&Container, &Container)| Container {
        resources: n.resources.clone(),
        resize_policy: n.resize_policy.clone(),
        ..o.clone()
    };
    new.iter().zip(old).map(with).collect()
}

pub fn validate_resize(new: &Pod, old: &Pod, errors: &mut FieldErrors) {
    let (Some(n), Some(o)) = (&new.spec, &old.spec) else { return };
    if old.metadata.annotations.as_ref().is_some_and(|a| a.contains_key(MIRROR)) {
        return errors.forbidden(&Path::new(""), "static pods cannot be resized");
    }
    if o.os.as_ref().is_some_and(|os| os.name == "windows") {
        return errors.forbidden(&Path::new(""), "windows pods cannot be resized");
    }
    let before = errors.list().len();
    validate_meta_and_spec(new, options(old), errors);
    let at = Path::new("spec");
    let class = |p: &Pod| p.status.as_ref().map(|s| text(&s.qos_class).to_string()).unwrap_or_default();
    let was = if class(old).is_empty() { pods::qos_class(old).to_string() } else { class(old) };
    if was != pods::qos_class(new) {
        errors.invalid(&at, class(new), "Pod QOS Class may not change as a result of resizing");
    }
    if !is_supported(old) {
        errors.forbidden(&at, "Pod running on node without support for resize");
    }
    let (old_spec, mut rest) = (o.whole(), n.whole());
    validate_pod_level(&mut rest, &old_spec, &at, errors);
    if old.status.as_ref().is_some_and(|s| !items(&s.node_allocatable_resource_claim_statuses).is_empty()) {
        errors.forbidden(&at, "pods with node allocatable resource claims cannot be resized");
    }
    if !validate_order(n, o, &at, errors) {
        return;
    }
    for (name, new, old) in lists(n, o) {
        for (i, (n, o)) in new.iter().zip(old).enumerate() {
            let list = at.child(name);
            let here = list.index(i);
            let (n, o) = (requirements(n), requirements(o));
            validate_removal(&n, &o, &here.child("resources"), ("resource requests", "resource limits"), errors);
        }
    }
    validate_containers(&mut rest, &old_spec, &at, errors);
    if errors.list().len() == before && !same_spec(&rest, &old_spec) {
        errors.forbidden(&at, ONLY_COMPUTES);
    }
}

fn lists<'a>(new: &'a PodSpec, old: &'a PodSpec) -> [(&'static str, &'a [Container], &'a [Container]); 2] {
    [
        ("initContainers", items(&new.init_containers), items(&old.init_containers)),
        ("containers", &new.containers, &old.containers),
    ]
}

fn requirements(c: &Container) -> ResourceRequirements {
    c.resources.clone().unwrap_or_default()
}

/// A kubelet that says what a running container has can also change it.
fn is_supported(p: &Pod) -> bool {
    let statuses = p.status.as_ref().map_or(&[][..], |s| items(&s.container_statuses));
    let mut running = statuses.iter().filter(|c| c.state.as_ref().is_some_and(|s| s.running.is_some()));
    running.next().is_none_or(|c| c.resources.is_some())
}

/// Whether something is in the old list that is not in the new one.
fn is_removed(new: &Option<List>, old: &Option<List>) -> bool {
    old.iter().flatten().any(|(k, _)| new.as_ref().is_none_or(|n| !n.contains_key(k)))
}

/// `words`: what requests and limits are called there.
fn validate_removal(
    new: &ResourceRequirements,
    old: &ResourceRequirements,
    at: &Path<'_>,
    words: (&str, &str),
    errors: &mut FieldErrors,
) {
    if is_removed(&new.requests, &old.requests) {
        errors.forbidden(&at.child("requests"), format!("{} cannot be removed", words.0));
    }
    if is_removed(&new.limits, &old.limits) {
        errors.forbidden(&at.child("limits"), format!("{} cannot be removed", words.1));
    }
}

/// The list with the old amounts of CPU and memory.
fn with_old_computes(new: &Option<List>, old: &Option<List>) -> Option<List> {
    let computes = ["cpu", "memory"];
    if new.is_none() && old.is_none() {
        return None;
    }
    let mut list: List = new.iter().flatten().map(|(k, q)| (k.clone(), q.clone())).collect();
    list.retain(|k, _| !computes.contains(&k.as_str()));
    let kept = old.iter().flatten().filter(|(k, _)| computes.contains(&k.as_str()));
    list.extend(kept.map(|(k, q)| (k.clone(), q.clone())));
    Some(list)
}

/// What the pod as a whole asks for; what may change of it is taken back.
fn validate_pod_level(rest: &mut PodSpec, old: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let asks = |s: &PodSpec| {
        let lists = |r: &ResourceRequirements| [r.requests.clone(), r.limits.clone()];
        s.resources.as_ref().is_some_and(|r| lists(r).into_iter().flatten().any(|l| !l.is_empty()))
    };
    if !asks(old) && !asks(rest) {
        return;
    }
    let here = at.child("resources");
    match (&mut rest.resources, &old.resources) {
        (None, Some(_)) => return errors.forbidden(&here, "pod-level resources cannot be removed"),
        (None, None) => {}
        (Some(n), old) => {
            let none = ResourceRequirements::default();
            let o = old.as_ref().unwrap_or(&none);
            let words = ("pod-level resource requests", "pod-level resource limits");
            validate_removal(n, o, &here, words, errors);
            n.requests = with_old_computes(&n.requests, &o.requests);
            n.limits = with_old_computes(&n.limits, &o.limits);
            let nothing = |l: &Option<List>| l.as_ref().is_none_or(List::is_empty);
            if old.is_none() && nothing(&n.requests) && nothing(&n.limits) && items(&n.claims).is_empty() {
                rest.resources = None;
            }
        }
    }
    const TYPE: &str = "core/v1.ResourceRequirements";
    let shape = |s: &PodSpec| s.resources.as_ref().map(|r| published(r, TYPE));
    if shape(rest) != shape(old) {
        errors.forbidden(at, "only cpu and memory resources are mutable at pod-level");
    }
}

/// The containers must be the old ones, in their order. Tells whether they are.
fn validate_order(new: &PodSpec, old: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) -> bool {
    let before = errors.list().len();
    let [init, main] = lists(new, old);
    for (name, new, old) in [main, init] {
        let list = at.child(name);
        if new.len() != old.len() {
            errors.forbidden(&list, format!("{name} may not be added or removed on resize"));
            continue;
        }
        for (i, _) in new.iter().zip(old).enumerate().filter(|(_, (n, o))| n.name != o.name) {
            let here = list.index(i);
            errors.forbidden(&here.child("name"), format!("{name} may not be renamed or reordered on resize"));
        }
    }
    errors.list().len() == before
}

/// Of the containers only CPU and memory may change; they are taken back.
fn validate_containers(rest: &mut PodSpec, old: &PodSpec, at: &Path<'_>, errors: &mut FieldErrors) {
    let differ = |a: &Container, b: &Container| {
        !canonical::equal(a, b, "core/v1.Container")
    };
    let take_back = |n: &mut Container, o: &Container| {
        let (new, old) = (requirements(n), requirements(o));
        n.resources = Some(ResourceRequirements {
            claims: None,
            limits: with_old_computes(&new.limits, &old.limits),
            requests: with_old_computes(&new.requests, &old.requests),
        });
    };
    for (n, o) in rest.containers.iter_mut().zip(&old.containers) {
        take_back(n, o);
        if differ(n, o) {
            errors.forbidden(at, ONLY_COMPUTES);
        }
    }
    let list = at.child("initContainers");
    for (i, (n, o)) in rest.init_containers.iter_mut().flatten().zip(items(&old.init_containers)).enumerate() {
        let changed = differ(n, o);
        take_back(n, o);
        if differ(n, o) {
            let why = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.forbidden(&list.index(i), why);
        }
        if changed && text(&n.restart_policy) != "Always" {
            for _ in items(&n.resize_policy).iter().filter(|p| p.restart_policy == "RestartContainer") {
                let why = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
                errors.forbidden(&list.index(i), why);
            }
        }
    }
}
