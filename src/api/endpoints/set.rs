//! Endpoints told apart: two with the same addresses, name and object are one, whatever else is said of them; and slices are
//! grouped by their ports.
//! Real Kubernetes: k8s.io/endpointslice/util/{endpointset.go,controller_utils.go}.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort};

use crate::api::go_dump;

/// What makes an endpoint the same as another. Ordered by address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity {
    first: Option<IpAddr>,
    addresses: Vec<String>,
    hostname: String,
    namespace: String,
    name: String,
}

impl Identity {
    pub fn of(e: &Endpoint) -> Identity {
        let mut addresses = e.addresses.clone();
        addresses.sort();
        let target = e.target_ref.as_ref();
        Identity {
            first: addresses.first().and_then(|a| a.parse().ok()),
            hostname: e.hostname.clone().unwrap_or_default(),
            namespace: target.and_then(|t| t.namespace.clone()).unwrap_or_default(),
            name: target.and_then(|t| t.name.clone()).unwrap_or_default(),
            addresses,
        }
    }
}

/// Endpoints that are wanted, each once, in the order of their addresses.
#[derive(Clone, Debug, Default)]
pub struct EndpointSet(BTreeMap<Identity, Endpoint>);

impl EndpointSet {
    pub fn insert(&mut self, e: Endpoint) {
        self.0.insert(Identity::of(&e), e);
    }

    /// Takes the endpoint out that is the same as this one.
    pub fn take(&mut self, e: &Endpoint) -> Option<Endpoint> {
        self.0.remove(&Identity::of(e))
    }

    pub fn get(&self, e: &Endpoint) -> Option<&Endpoint> {
        self.0.get(&Identity::of(e))
    }

    pub fn pop(&mut self) -> Option<Endpoint> {
        self.0.pop_first().map(|(_, e)| e)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether two endpoints that are the same also say the same; which revision of the object was seen does not matter, and hints
/// are somebody else's.
pub fn say_the_same(a: &Endpoint, b: &Endpoint) -> bool {
    let target = |e: &Endpoint| {
        let mut t = e.target_ref.clone();
        t.iter_mut().for_each(|t| t.resource_version = None);
        t
    };
    a.node_name == b.node_name && a.zone == b.zone && a.conditions == b.conditions && target(a) == target(b)
}

/// By what slices are grouped.
pub type PortsKey = String;

/// Puts ports into the order in which slices have them, which is that of their hashes.
pub fn in_order(ports: &mut Vec<EndpointPort>) -> PortsKey {
    let with_text = |p: EndpointPort| {
        let json = serde_json::to_value(&p).unwrap_or_default();
        (go_dump::of("discovery/v1.EndpointPort", &json), p)
    };
    let mut all: Vec<(String, EndpointPort)> = std::mem::take(ports).into_iter().map(with_text).collect();
    all.sort_by_cached_key(|(text, _)| go_dump::fnv128(text));
    all.into_iter()
        .map(|(text, port)| {
            ports.push(port);
            text
        })
        .collect()
}
