//! The addresses of Services as objects: whoever has one holds an IPAddress that is called so, and nobody else can have it.
//! Real Kubernetes: pkg/registry/core/service/ipallocator/ipallocator.go.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use k8s_openapi::api::networking::v1::{IPAddressSpec, ParentReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::kinds::{IPAddress, Service};
use crate::api::object::Resource;
use crate::api::{Key, Object, Status, User};
use crate::apiserver::delete::DeleteOptions;
use crate::apiserver::{ApiServer, Caller};
use crate::store::Store;

const FAMILY: (&str, &str) = ("ipaddress.kubernetes.io/ip-family", "IPv4");
const MANAGED_BY: (&str, &str) = ("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io");

fn key_of(ip: Ipv4Addr) -> Key {
    Key::of::<IPAddress>("", &ip.to_string())
}

/// Whether somebody has an address.
pub fn is_held(store: &Store, ip: Ipv4Addr) -> bool {
    store.get(&key_of(ip)).is_some()
}

/// The address that a Service holds, if it has one.
fn held_by(s: Option<&Service>) -> Option<Ipv4Addr> {
    s?.spec.as_ref()?.cluster_ip.as_deref()?.parse().ok()
}

fn object(ip: Ipv4Addr, s: &Service) -> IPAddress {
    let labels: BTreeMap<String, String> = [FAMILY, MANAGED_BY].map(|(k, v)| (k.into(), v.into())).into();
    let parent = ParentReference {
        group: Some(String::new()),
        resource: "services".into(),
        namespace: Some(s.namespace().into()),
        name: s.name().into(),
    };
    let metadata = ObjectMeta { name: Some(ip.to_string()), labels: Some(labels), ..ObjectMeta::default() };
    IPAddress { metadata, spec: IPAddressSpec { parent_ref: parent } }
}

impl ApiServer {
    /// Takes the address that a Service is about to have, and has not had before.
    pub(in crate::apiserver) fn take_address(
        &mut self,
        new: &Service,
        old: Option<&Service>,
        who: &mut Caller<'_>,
    ) -> Result<(), Status> {
        let Some(ip) = held_by(Some(new)).filter(|ip| held_by(old) != Some(*ip)) else { return Ok(()) };
        let server = User::api_server();
        self.create(Object::new(object(ip, new)), "", &mut who.as_the_server(&server)).map(|_| ())
    }

    /// Gives back the address that a Service had and has no longer.
    pub(in crate::apiserver) fn give_back_address(
        &mut self,
        old: &Service,
        new: Option<&Service>,
        who: &mut Caller<'_>,
    ) {
        let Some(ip) = held_by(Some(old)).filter(|ip| held_by(new) != Some(*ip)) else { return };
        let server = User::api_server();
        // Somebody may have deleted it before.
        let _ = self.delete(&key_of(ip), &DeleteOptions::default(), &mut who.as_the_server(&server));
    }
}
