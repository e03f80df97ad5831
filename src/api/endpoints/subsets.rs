//! The subsets of Endpoints: addresses that share all their ports stand together, and there is room for a thousand.
//! Real Kubernetes: pkg/api/v1/endpoints/util.go RepackSubsets, pkg/controller/endpoint truncateEndpoints.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset};
use serde::Serialize;

use crate::api::go_dump;

/// So many addresses are told of a Service.
pub const CAPACITY: usize = 1000;

type PortKey<'a> = (&'a str, i32, &'a str, Option<&'a str>);
/// An address is known by its IP and the object behind it.
type AddressKey = (String, Option<String>);
/// Which addresses there are, and whether each is ready.
type Addresses = BTreeMap<AddressKey, bool>;

/// Packs subsets anew: each address with each set of ports once, unready if it is so anywhere, all in the canonical order.
pub fn repacked(subsets: &[EndpointSubset]) -> Vec<EndpointSubset> {
    let mut known: BTreeMap<AddressKey, &EndpointAddress> = BTreeMap::new();
    // A subset without ports keeps its addresses.
    let mut by_port: BTreeMap<Option<PortKey<'_>>, (Option<&EndpointPort>, Addresses)> = BTreeMap::new();
    for s in subsets {
        let ports = s.ports.as_deref().unwrap_or_default();
        let each: Vec<Option<&EndpointPort>> =
            if ports.is_empty() { vec![None] } else { ports.iter().map(Some).collect() };
        for port in each {
            let (_, ready_by) = by_port.entry(port.map(port_key)).or_insert_with(|| (port, BTreeMap::new()));
            let groups = [(&s.addresses, true), (&s.not_ready_addresses, false)];
            for (a, ready) in groups.into_iter().flat_map(|(all, ready)| all.iter().flatten().map(move |a| (a, ready)))
            {
                let key = (a.ip.clone(), a.target_ref.as_ref().and_then(|t| t.uid.clone()));
                known.entry(key.clone()).or_insert(a);
                let known_ready = ready_by.entry(key).or_insert(ready);
                *known_ready &= ready;
            }
        }
    }
    // Ports with the same addresses in the same state share a subset.
    let mut by_addresses: BTreeMap<Addresses, Vec<EndpointPort>> = BTreeMap::new();
    for (port, addresses) in by_port.into_values() {
        by_addresses.entry(addresses).or_default().extend(port.cloned());
    }
    let subset = |(addresses, mut ports): (Addresses, Vec<EndpointPort>)| {
        ports.sort_by_cached_key(|p| go_dump::fnv128(&text("core/v1.EndpointPort", p)));
        let of = |ready: bool| {
            let all: Vec<EndpointAddress> = addresses
                .iter()
                .filter(|(_, r)| **r == ready)
                .filter_map(|(k, _)| known.get(k).copied().cloned())
                .collect();
            (!all.is_empty()).then_some(all)
        };
        let ports = (!ports.is_empty()).then_some(ports);
        EndpointSubset { addresses: of(true), not_ready_addresses: of(false), ports }
    };
    let mut all: Vec<EndpointSubset> = by_addresses.into_iter().map(subset).collect();
    all.sort_by_cached_key(|s| go_dump::fnv128(&text("core/v1.EndpointSubset", s)));
    all
}

/// Two ports with the same key have the same text: it does not tell an empty name from none.
fn port_key(p: &EndpointPort) -> PortKey<'_> {
    (p.name.as_deref().unwrap_or(""), p.port, p.protocol.as_deref().unwrap_or(""), p.app_protocol.as_deref())
}

fn text(name: &str, v: &impl Serialize) -> String {
    go_dump::of(name, &serde_json::to_value(v).unwrap_or_default())
}

pub fn count(subsets: &[EndpointSubset]) -> usize {
    subsets.iter().map(|s| len(&s.addresses) + len(&s.not_ready_addresses)).sum()
}

fn len(all: &Option<Vec<EndpointAddress>>) -> usize {
    all.as_ref().map_or(0, Vec::len)
}

/// Cuts what is too much, in proportion to the subsets' sizes, and unready addresses first. Tells whether it had to.
pub fn truncate(subsets: &mut [EndpointSubset]) -> bool {
    if count(subsets) <= CAPACITY {
        return false;
    }
    let ready: usize = subsets.iter().map(|s| len(&s.addresses)).sum();
    let unready = count(subsets) - ready;
    let cuts_ready = ready > CAPACITY;
    let (room, total) = if cuts_ready { (CAPACITY, ready) } else { (CAPACITY - ready, unready) };
    let mut left = room;
    for s in subsets {
        if cuts_ready {
            s.not_ready_addresses = None;
        }
        let list = if cuts_ready { &mut s.addresses } else { &mut s.not_ready_addresses };
        // Rounded up, so that the last subset gets what is left.
        let share = (len(list) * room).div_ceil(total).min(left);
        list.iter_mut().for_each(|all| all.truncate(share));
        left -= len(list);
        *list = list.take().filter(|all| !all.is_empty());
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subsets(v: serde_json::Value) -> Vec<EndpointSubset> {
        serde_json::from_value(v).unwrap()
    }

    #[test]
    fn addresses_with_the_same_ports_stand_together_and_unready_wins() {
        let port = |n: i32| json!({"port": n, "protocol": "TCP"});
        let packed = repacked(&subsets(json!([
            {"addresses": [{"ip": "10.0.0.2"}], "ports": [port(80)]},
            {"addresses": [{"ip": "10.0.0.1"}], "ports": [port(80)]},
            {"addresses": [{"ip": "10.0.0.1"}], "ports": [port(443)]},
            {"notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [port(443), port(80)]},
        ])));
        assert_eq!(packed.len(), 1);
        let s = serde_json::to_value(&packed[0]).unwrap();
        assert_eq!(s["addresses"], json!([{"ip": "10.0.0.1"}]));
        assert_eq!(s["notReadyAddresses"], json!([{"ip": "10.0.0.2"}]));
        assert_eq!(s["ports"].as_array().unwrap().len(), 2);
        assert_eq!(repacked(&packed), packed);
        let alone = repacked(&subsets(json!([{"addresses": [{"ip": "10.0.0.1"}]}])));
        assert_eq!(serde_json::to_value(alone).unwrap(), json!([{"addresses": [{"ip": "10.0.0.1"}]}]));
    }

    #[test]
    fn a_thousand_addresses_are_told_and_the_ready_ones_first() {
        let ips = |from: usize, n: usize| -> Vec<serde_json::Value> {
            (from..from + n).map(|i| json!({"ip": format!("10.0.{}.{}", i / 200, i % 200)})).collect()
        };
        let mut all = subsets(json!([
            {"addresses": ips(0, 600), "notReadyAddresses": ips(600, 300), "ports": [{"port": 1}]},
            {"addresses": ips(900, 300), "notReadyAddresses": ips(1200, 100), "ports": [{"port": 2}]},
        ]));
        assert!(truncate(&mut all));
        assert_eq!(
            all.iter().map(|s| (len(&s.addresses), len(&s.not_ready_addresses))).collect::<Vec<_>>(),
            [(600, 75), (300, 25)]
        );
        assert!(!truncate(&mut all));
    }
}
