//! The slices that a Service should have. Pure.
//! Real Kubernetes: k8s.io/endpointslice/{reconciler.go,utils.go}.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{MANAGER, hints};
use crate::api::endpoints::set::{EndpointSet, PortsKey, in_order, say_the_same};
use crate::api::endpoints::{
    HEADLESS, MANAGED_BY, SERVICE_NAME, addresses, counts, hostname, is_headless, port_of, reference,
};
use crate::api::kinds::{EndpointSlice, Pod, Service};
use crate::api::object::{Resource, controller_ref};
use crate::api::pods;
use crate::api::selector::Labels;
use crate::client::slices::{Changes, prefix};

/// Endpoints in one slice.
pub const LIMIT: usize = 100;

pub struct Seen<'a> {
    pub service: &'a Service,
    pub pods: &'a [&'a Pod],
    /// The slices of this controller that name the Service.
    pub slices: &'a [&'a EndpointSlice],
    /// Of a node that is there: the zone that it says to be in.
    pub zone_of: &'a dyn Fn(&str) -> Option<Option<String>>,
}

#[derive(Default, Debug)]
pub struct Plan {
    pub slices: Changes,
    /// Pods that were left out, as their nodes are gone.
    pub lost: BTreeSet<Lost>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lost {
    pub pod: String,
    pub node: String,
}

pub fn plan(seen: &Seen<'_>) -> Plan {
    let mut lost = BTreeSet::new();
    let mut slices = Changes::default();
    let families: BTreeSet<&str> = families(seen.service);
    for family in &families {
        let own: Vec<&EndpointSlice> = seen.slices.iter().copied().filter(|s| s.address_type == *family).collect();
        let changes = of_family(seen, family, &own, &mut lost);
        slices.create.extend(changes.create);
        slices.update.extend(changes.update);
        slices.delete.extend(changes.delete);
    }
    let others = seen.slices.iter().filter(|s| !families.contains(s.address_type.as_str()));
    slices.delete.extend(others.map(|s| (*s).clone()));
    if seen.service.is_deleting() {
        slices.create.clear();
    }
    Plan { slices, lost }
}

/// The kinds of addresses that a Service has.
fn families(s: &Service) -> BTreeSet<&'static str> {
    let all = s.spec.iter().flat_map(|s| s.ip_families.iter().flatten());
    all.map(|f| if f == "IPv6" { "IPv6" } else { "IPv4" }).collect()
}

fn of_family(seen: &Seen<'_>, family: &str, own: &[&EndpointSlice], lost: &mut BTreeSet<Lost>) -> Changes {
    let service = seen.service;
    let mut out = Changes::default();
    let mut existing: BTreeMap<PortsKey, Vec<&EndpointSlice>> = BTreeMap::new();
    for s in own {
        if is_of(s, service) {
            let mut ports = s.ports.clone().unwrap_or_default();
            existing.entry(in_order(&mut ports)).or_default().push(s);
        } else {
            out.delete.push((*s).clone());
        }
    }
    for (key, (ports, wanted)) in wanted(seen, family, lost) {
        let there = existing.remove(&key).unwrap_or_default();
        of_ports(service, family, &ports, &there, wanted, &mut out);
    }
    out.delete.extend(existing.into_values().flatten().cloned());
    // There is always a slice, if only to tell that there is nothing.
    if own.len() == out.delete.len() && out.create.is_empty() {
        let empty = new_slice(service, family, &[]);
        match out.delete.as_slice() {
            [only] if is_placeholder(only, &empty) => out.delete.clear(),
            _ => out.create.push(empty),
        }
    }
    hints::set(service, own, &mut out);
    reuse(service, &mut out);
    out
}

/// What should be told, by the ports that pods have: a name may stand for another number in each.
fn wanted(
    seen: &Seen<'_>,
    family: &str,
    lost: &mut BTreeSet<Lost>,
) -> BTreeMap<PortsKey, (Vec<EndpointPort>, EndpointSet)> {
    let unready_too = seen.service.spec.as_ref().and_then(|s| s.publish_not_ready_addresses) == Some(true);
    let mut all: BTreeMap<PortsKey, (Vec<EndpointPort>, EndpointSet)> = BTreeMap::new();
    // Thousands of pods have the same numbers, and to name a group of ports takes a while.
    let mut known: BTreeMap<Numbers, PortsKey> = BTreeMap::new();
    for p in seen.pods.iter().filter(|p| counts(p, true)) {
        let key = known.entry(numbers(seen.service, p)).or_insert_with_key(|numbers| {
            let mut ports = ports(seen.service, numbers);
            let key = in_order(&mut ports);
            all.entry(key.clone()).or_insert_with(|| (ports, EndpointSet::default()));
            key
        });
        let Some((_, set)) = all.get_mut(key) else { continue };
        let zone = (seen.zone_of)(pods::node(p));
        if zone.is_none() && !unready_too {
            lost.insert(Lost { pod: p.name().into(), node: pods::node(p).into() });
            continue;
        }
        let e = endpoint(p, seen.service, family, unready_too, zone.flatten());
        if !e.addresses.is_empty() {
            set.insert(e);
        }
    }
    all
}

/// What the Service's ports are in a pod, where it has them.
type Numbers = Vec<Option<i32>>;

fn numbers(service: &Service, p: &Pod) -> Numbers {
    service.spec.iter().flat_map(|s| s.ports.iter().flatten()).map(|port| port_of(p, port)).collect()
}

fn ports(service: &Service, numbers: &[Option<i32>]) -> Vec<EndpointPort> {
    let all = service.spec.iter().flat_map(|s| s.ports.iter().flatten()).zip(numbers);
    let each = all.filter_map(|(port, number)| {
        Some(EndpointPort {
            port: Some((*number)?),
            name: Some(port.name.clone().unwrap_or_default()),
            protocol: port.protocol.clone(),
            app_protocol: port.app_protocol.clone(),
        })
    });
    each.collect()
}

fn endpoint(p: &Pod, service: &Service, family: &str, unready_too: bool, zone: Option<String>) -> Endpoint {
    let (serving, terminating) = (pods::is_ready(p), p.is_deleting());
    let node = pods::node(p);
    Endpoint {
        addresses: addresses(p, family == "IPv6"),
        conditions: Some(EndpointConditions {
            ready: Some(unready_too || (serving && !terminating)),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        target_ref: Some(reference(p)),
        node_name: (!node.is_empty()).then(|| node.to_string()),
        zone: zone.filter(|z| !z.is_empty()),
        hostname: hostname(p, service),
        ..Endpoint::default()
    }
}

/// Compares the slices of some ports with what they should tell: what is there is changed in place, then changed slices are filled
/// up, then one unchanged slice that has room, and only then new ones are made.
fn of_ports(
    service: &Service,
    family: &str,
    ports: &[EndpointPort],
    there: &[&EndpointSlice],
    mut wanted: EndpointSet,
    out: &mut Changes,
) {
    let (mut changed, mut unchanged): (Vec<EndpointSlice>, Vec<&EndpointSlice>) = (vec![], vec![]);
    for s in there {
        let had = s.endpoints.as_deref().unwrap_or_default();
        let (mut kept, mut updated) = (vec![], false);
        for e in had {
            let Some(new) = wanted.take(e) else { continue };
            updated |= !say_the_same(&new, e);
            // Hints are set at the end, for all.
            kept.push(Endpoint { hints: e.hints.clone(), ..new });
        }
        if updated || kept.len() != had.len() {
            if kept.is_empty() {
                out.delete.push((*s).clone());
            } else {
                let mut new = (*s).clone();
                (new.endpoints, new.metadata.labels) = (Some(kept), Some(labels(service)));
                changed.push(new);
            }
        } else if !own_labels(s.metadata.labels.as_ref()).eq(own_labels(service.metadata.labels.as_ref())) {
            let mut new = (*s).clone();
            new.metadata.labels = Some(labels(service));
            changed.push(new);
        } else {
            unchanged.push(s);
        }
    }
    changed.sort_by_key(|s| std::cmp::Reverse(size(s)));
    changed.iter_mut().for_each(|s| fill(s, &mut wanted));
    while !wanted.is_empty() {
        let room = |s: &EndpointSlice| LIMIT.checked_sub(size(s) + wanted.len());
        let best = (0..unchanged.len())
            .filter_map(|i| Some((room(unchanged[i])?, i)))
            .filter(|(left, _)| wanted.len() < LIMIT && *left < LIMIT)
            .min();
        match best {
            Some((_, i)) => {
                let mut s = unchanged.remove(i).clone();
                fill(&mut s, &mut wanted);
                changed.push(s);
            }
            None => {
                let mut s = new_slice(service, family, ports);
                fill(&mut s, &mut wanted);
                out.create.push(s);
            }
        }
    }
    out.update.extend(changed);
}

fn size(s: &EndpointSlice) -> usize {
    s.endpoints.as_ref().map_or(0, Vec::len)
}

fn fill(s: &mut EndpointSlice, from: &mut EndpointSet) {
    let list = s.endpoints.get_or_insert_default();
    while list.len() < LIMIT
        && let Some(e) = from.pop()
    {
        list.push(e);
    }
}

fn new_slice(service: &Service, family: &str, ports: &[EndpointPort]) -> EndpointSlice {
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(prefix(service.name())),
            namespace: Some(service.namespace().into()),
            labels: Some(labels(service)),
            owner_references: Some(vec![controller_ref(service)]),
            ..ObjectMeta::default()
        },
        address_type: family.into(),
        endpoints: None,
        ports: (!ports.is_empty()).then(|| ports.to_vec()),
    }
}

fn is_placeholder(s: &EndpointSlice, empty: &EndpointSlice) -> bool {
    let ports = |s: &EndpointSlice| s.ports.clone().unwrap_or_default();
    size(s) == 0 && ports(s) == ports(empty) && s.metadata.labels == empty.metadata.labels
}

fn is_of(s: &EndpointSlice, service: &Service) -> bool {
    let refs = s.metadata.owner_references.as_deref().unwrap_or_default();
    refs.iter().any(|r| r.uid == service.uid() && r.kind == "Service" && r.api_version == "v1")
}

/// A slice carries its Service's labels and says whose it is.
fn labels(service: &Service) -> Labels {
    let own = own_labels(service.metadata.labels.as_ref());
    let mut labels: Labels = own.map(|(k, v)| (k.clone(), v.clone())).collect();
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels.insert(SERVICE_NAME.into(), service.name().into());
    if is_headless(service) {
        labels.insert(HEADLESS.into(), String::new());
    }
    labels
}

/// Labels without those that are the controller's.
fn own_labels(labels: Option<&Labels>) -> impl Iterator<Item = (&String, &String)> {
    labels.into_iter().flatten().filter(|(k, _)| !matches!(k.as_str(), MANAGED_BY | SERVICE_NAME | HEADLESS))
}

/// Instead of deleting one slice and creating another, one is made into the other.
fn reuse(service: &Service, out: &mut Changes) {
    let mut kept = vec![];
    for old in std::mem::take(&mut out.delete) {
        match out.create.pop() {
            Some(new) if is_of(&old, service) => {
                let metadata = ObjectMeta { name: old.metadata.name.clone(), ..new.metadata };
                out.update.push(EndpointSlice { metadata, ..new });
            }
            new => {
                out.create.extend(new);
                kept.push(old);
            }
        }
    }
    out.delete = kept;
}
