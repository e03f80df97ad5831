//! What a pod as a whole asks for, beside what its containers do: what is filled in, and what must fit.
//! Real Kubernetes: k8s.io/component-helpers/resource, pkg/apis/core/v1/defaults.go defaultPodRequests and
//! defaultHugePagePodLimits, pkg/apis/core/validation/validation.go validatePodResourceConsistency.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as RawQuantity;

use super::resource_names::is_of_pods;

use super::{items, text};
use crate::api::field::{FieldErrors, Path};
use crate::api::kinds::resources::{ResourceList as List, is_huge_pages, is_overcommitted};
use crate::api::quantity::{Quantity, canonical};

type Sums = BTreeMap<String, Quantity>;

fn add(sums: &mut Sums, list: &Sums) {
    for (k, q) in list {
        sums.entry(k.clone()).and_modify(|s| *s = s.plus(*q)).or_insert(*q);
    }
}

fn raise(most: &mut Sums, list: &Sums) {
    for (k, q) in list {
        let at = most.entry(k.clone()).or_insert(*q);
        if *q > *at {
            *at = *q;
        }
    }
}

/// The sum over the containers and sidecars, or what init containers need at most, whichever is more.
fn aggregate(s: &PodSpec, pick: fn(&ResourceRequirements) -> &Option<List>) -> Sums {
    let of = |c: &Container| -> Sums {
        let list = c.resources.as_ref().and_then(|r| pick(r).as_ref());
        list.into_iter().flatten().filter_map(|(k, q)| Some((k.clone(), Quantity::parse(&q.0)?))).collect()
    };
    let mut sums = Sums::new();
    for c in &s.containers {
        add(&mut sums, &of(c));
    }
    let (mut sidecars, mut init) = (Sums::new(), Sums::new());
    for c in items(&s.init_containers) {
        let mut need = of(c);
        if text(&c.restart_policy) == "Always" {
            add(&mut sums, &need);
            add(&mut sidecars, &need);
            need = sidecars.clone();
        } else {
            add(&mut need, &sidecars);
        }
        raise(&mut init, &need);
    }
    raise(&mut sums, &init);
    sums
}

pub fn container_requests(s: &PodSpec) -> Sums {
    aggregate(s, |r| &r.requests)
}

pub fn container_limits(s: &PodSpec) -> Sums {
    aggregate(s, |r| &r.limits)
}

/// Fills in what the pod as a whole asks for, where it asks for anything.
pub fn default_of_pod(s: &mut PodSpec) {
    let Some(r) = &s.resources else { return };
    let asks = |list: &Option<List>| list.as_ref().is_some_and(|l| !l.is_empty());
    if !asks(&r.limits) && !asks(&r.requests) {
        return;
    }
    let mut limits = r.limits.clone().unwrap_or_default();
    let mut requests = r.requests.clone().unwrap_or_default();
    for (k, q) in container_limits(s) {
        if is_huge_pages(&k) && !requests.contains_key(&k) {
            limits.entry(k).or_insert_with(|| RawQuantity(q.to_string()));
        }
    }
    if !limits.is_empty() {
        for (k, q) in container_requests(s) {
            if is_of_pods(&k) && is_overcommitted(&k) {
                requests.entry(k).or_insert_with(|| RawQuantity(q.to_string()));
            }
        }
        for (k, q) in limits.iter().filter(|(k, _)| is_of_pods(k)) {
            requests.entry(k.clone()).or_insert_with(|| q.clone());
        }
    }
    let Some(r) = &mut s.resources else { return };
    if !limits.is_empty() {
        r.limits = Some(limits);
    }
    if !requests.is_empty() {
        r.requests = Some(requests);
    }
}

/// The containers together may not ask for more than their pod.
pub fn validate_consistency(s: &PodSpec, r: &ResourceRequirements, at: &Path<'_>, errors: &mut FieldErrors) {
    let amount = |list: &Option<List>, k: &str| list.as_ref().and_then(|l| Quantity::parse(&l.get(k)?.0));
    for (k, sum) in container_requests(s) {
        if let Some(own) = amount(&r.requests, &k).filter(|own| sum > *own) {
            let why = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.invalid(&at.child("requests").key(&k), own.to_string(), why);
        }
    }
    for (k, sum) in container_limits(s) {
        if let Some(own) = amount(&r.limits, &k).filter(|own| is_huge_pages(&k) && sum > *own) {
            let why = format!("must be greater than or equal to aggregate container limits of {sum}");
            errors.invalid(&at.child("limits").key(&k), own.to_string(), why);
        }
    }
    for (i, c) in s.containers.iter().enumerate() {
        for (k, q) in c.resources.iter().flat_map(|r| r.limits.iter().flatten()) {
            if let (Some(of_pod), Some(limit)) = (amount(&r.limits, k), Quantity::parse(&q.0))
                && limit > of_pod
            {
                let list = at.child("containers");
                let why = format!("must be less than or equal to pod limits of {of_pod}");
                errors.invalid(&list.index(i).key(k).child("limits"), canonical(&q.0), why);
            }
        }
    }
}
