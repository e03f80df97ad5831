//! The slices that mirror somebody's Endpoints: one for each family of addresses and set of ports. Pure.
//! Real Kubernetes: pkg/controller/endpointslicemirroring/{reconciler.go,utils.go}.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::EndpointAddress;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::MANAGER;
use crate::api::endpoints::set::{EndpointSet, PortsKey, in_order, say_the_same};
use crate::api::endpoints::subsets::repacked;
use crate::api::endpoints::{MANAGED_BY, SERVICE_NAME, TRIGGER_TIME};
use crate::api::ip;
use crate::api::kinds::{EndpointSlice, Endpoints};
use crate::api::object::{Resource, controller_ref};
use crate::api::selector::Labels;
use crate::client::slices::{Changes, prefix};

/// So many addresses of a subset are mirrored.
pub const MOST: usize = 1000;
/// What tells about the Endpoints themselves is not carried over.
const OWN_ANNOTATIONS: [&str; 2] = [TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration"];

#[derive(Default, Debug)]
pub struct Plan {
    pub slices: Changes,
    /// Addresses that are none.
    pub invalid: usize,
    /// Addresses for which there is no room.
    pub skipped: usize,
}

type Group = (&'static str, PortsKey);

pub fn plan(e: &Endpoints, slices: &[EndpointSlice]) -> Plan {
    let mut out = Plan::default();
    let mut wanted: BTreeMap<Group, (Vec<EndpointPort>, EndpointSet)> = BTreeMap::new();
    for s in repacked(e.subsets.as_deref().unwrap_or_default()) {
        let mut ports: Vec<EndpointPort> = s.ports.iter().flatten().map(port).collect();
        let key = in_order(&mut ports);
        let ready = s.addresses.iter().flatten().map(|a| (a, true));
        let unready = s.not_ready_addresses.iter().flatten().map(|a| (a, false));
        let mut added = 0;
        for (a, ready) in ready.chain(unready) {
            if added == MOST {
                out.skipped += 1;
                continue;
            }
            let Some((family, endpoint)) = endpoint(a, ready) else {
                out.invalid += 1;
                continue;
            };
            let group = wanted.entry((family, key.clone()));
            group.or_insert_with(|| (ports.clone(), EndpointSet::default())).1.insert(endpoint);
            added += 1;
        }
    }
    let mut there: BTreeMap<Group, Vec<&EndpointSlice>> = BTreeMap::new();
    for s in slices {
        let family = if s.address_type == "IPv6" { "IPv6" } else { "IPv4" };
        let mut ports = s.ports.clone().unwrap_or_default();
        there.entry((family, in_order(&mut ports))).or_default().push(s);
    }
    for (group, (ports, set)) in wanted {
        let mut had = there.remove(&group).unwrap_or_default().into_iter();
        let first = had.next();
        out.slices.delete.extend(had.cloned());
        if first.is_none_or(|s| !is_right(e, s, &set)) {
            let slice = new_slice(e, group.0, ports, set, first);
            if first.is_some() { out.slices.update.push(slice) } else { out.slices.create.push(slice) }
        }
    }
    out.slices.delete.extend(there.into_values().flatten().cloned());
    reuse(&mut out.slices);
    out
}

fn port(p: &k8s_openapi::api::core::v1::EndpointPort) -> EndpointPort {
    EndpointPort {
        name: Some(p.name.clone().unwrap_or_default()),
        port: Some(p.port),
        protocol: p.protocol.clone(),
        app_protocol: p.app_protocol.clone(),
    }
}

fn endpoint(a: &EndpointAddress, ready: bool) -> Option<(&'static str, Endpoint)> {
    let address = ip::parse(&a.ip)?;
    let endpoint = Endpoint {
        addresses: vec![address.to_string()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        hostname: a.hostname.clone().filter(|h| !h.is_empty()),
        node_name: a.node_name.clone(),
        target_ref: a.target_ref.clone(),
        ..Endpoint::default()
    };
    Some((if address.is_ipv6() { "IPv6" } else { "IPv4" }, endpoint))
}

fn is_right(e: &Endpoints, s: &EndpointSlice, wanted: &EndpointSet) -> bool {
    let had = s.endpoints.as_deref().unwrap_or_default();
    let same = had.len() == wanted.len() && had.iter().all(|x| wanted.get(x).is_some_and(|w| say_the_same(w, x)));
    let other_owner = |r: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
        r.kind == "Endpoints" && r.name == e.name() && r.uid != e.uid()
    };
    same && s.metadata.labels.as_ref() == Some(&labels(e))
        && s.metadata.annotations.clone().unwrap_or_default() == annotations(e)
        && !s.metadata.owner_references.iter().flatten().any(other_owner)
}

fn labels(e: &Endpoints) -> Labels {
    let mut labels = e.metadata.labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.into(), e.name().into());
    labels.insert(MANAGED_BY.into(), MANAGER.into());
    labels
}

fn annotations(e: &Endpoints) -> Labels {
    let all = e.metadata.annotations.iter().flatten().filter(|(k, _)| !OWN_ANNOTATIONS.contains(&k.as_str()));
    all.map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn new_slice(
    e: &Endpoints,
    family: &str,
    ports: Vec<EndpointPort>,
    mut set: EndpointSet,
    old: Option<&EndpointSlice>,
) -> EndpointSlice {
    let mut endpoints = vec![];
    while endpoints.len() < MOST
        && let Some(next) = set.pop()
    {
        endpoints.push(next);
    }
    let annotations = annotations(e);
    EndpointSlice {
        metadata: ObjectMeta {
            name: old.and_then(|s| s.metadata.name.clone()),
            generate_name: old.is_none().then(|| prefix(e.name())),
            namespace: Some(e.namespace().into()),
            labels: Some(labels(e)),
            annotations: (!annotations.is_empty()).then_some(annotations),
            owner_references: Some(vec![controller_ref(e)]),
            ..ObjectMeta::default()
        },
        address_type: family.into(),
        endpoints: Some(endpoints),
        ports: (!ports.is_empty()).then_some(ports),
    }
}

/// Instead of deleting one slice and creating another of its family, one is made into the other.
fn reuse(out: &mut Changes) {
    let mut kept = vec![];
    for old in std::mem::take(&mut out.delete) {
        match out.create.iter().position(|new| new.address_type == old.address_type) {
            Some(i) => {
                let mut new = out.create.remove(i);
                new.metadata.name.clone_from(&old.metadata.name);
                out.update.push(new);
            }
            None => kept.push(old),
        }
    }
    out.delete = kept;
}

/// The addresses that Endpoints tell of.
pub fn told(e: &Endpoints) -> Vec<String> {
    let all = e.subsets.iter().flatten().flat_map(|s| s.addresses.iter().flatten());
    all.map(|a| a.ip.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_family_and_set_of_ports_has_a_slice_that_follows_its_endpoints() {
        let mut e: Endpoints = serde_json::from_value(json!({
            "metadata": {"name": "db", "namespace": "d", "uid": "1", "labels": {"a": "b"},
                "annotations": {"x": "y", "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "subsets": [
                {"addresses": [{"ip": "10.1.2.3"}, {"ip": "2001:db8::1"}, {"ip": "nonsense"}], "notReadyAddresses": [{"ip": "10.1.2.4"}],
                 "ports": [{"port": 5432, "protocol": "TCP"}]}]}))
        .unwrap();
        let all = plan(&e, &[]);
        assert_eq!((all.slices.create.len(), all.invalid, all.skipped), (2, 1, 0));
        let mut p = all.slices;
        for s in &mut p.create {
            s.metadata.name = Some(format!("db-{}", s.address_type));
        }
        let four = p.create.iter().find(|s| s.address_type == "IPv4").unwrap();
        let ready: Vec<_> = four
            .endpoints
            .iter()
            .flatten()
            .map(|e| (e.addresses[0].as_str(), e.conditions.as_ref().and_then(|c| c.ready)))
            .collect();
        assert_eq!(ready, [("10.1.2.3", Some(true)), ("10.1.2.4", Some(false))]);
        assert_eq!(four.metadata.annotations.as_ref().map(|a| a.len()), Some(1));
        let same = plan(&e, &p.create).slices;
        assert!(same.create.is_empty() && same.update.is_empty() && same.delete.is_empty());
        e.subsets.as_mut().unwrap()[0].addresses.as_mut().unwrap().retain(|a| a.ip != "2001:db8::1");
        let less = plan(&e, &p.create).slices;
        assert_eq!((less.update.len(), less.delete.len()), (0, 1));
        e.subsets.as_mut().unwrap()[0].ports.as_mut().unwrap()[0].port = 1;
        let moved = plan(&e, &p.create).slices;
        assert_eq!((moved.create.len(), moved.update.len(), moved.delete.len()), (0, 1, 1), "the slice is used again");
    }
}
