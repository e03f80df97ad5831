//! `minikube tunnel`: while it is open, each Service of type LoadBalancer has its own ClusterIP as its external address, and the learner's
//! machine a route to it through the node.
//!
//! It runs only while the tunnel is open; whoever closes it takes the addresses away.
//! Real Kubernetes: minikube's pkg/minikube/tunnel/loadbalancer_patcher.go.

pub mod decision;

use k8s_openapi::api::core::v1::LoadBalancerIngress;

use crate::api::kinds::{Service, service};
use crate::api::user::MASTERS;
use crate::api::{Key, Resource, Status, User};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::TunnelDecision;

#[derive(Clone, Default)]
pub struct Tunnel {
    services: Cache<Service>,
}

impl Reconciler for Tunnel {
    type Primary = Service;
    const NAME: &'static str = "minikube-tunnel";
    const USER: &'static str = "minikube-user";
    const AGENT: &'static str = "minikube";

    /// It comes with the learner's own certificate.
    fn user() -> User {
        User::of(Self::USER, &[MASTERS])
    }

    fn watches() -> Vec<Scope> {
        vec![Scope::all(Service::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.services, c);
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(s) = self.services.by_key(key).cloned() else { return Ok(Action::done()) };
        let Some(address) = wanted(&s).filter(|a| given(&s) != Some(*a)).map(String::from) else {
            return Ok(Action::done());
        };
        ctx.decide(TunnelDecision { service: s.key(), address: address.clone() });
        let ingress = LoadBalancerIngress { ip: Some(address), ..LoadBalancerIngress::default() };
        let set = |s: &mut Service| service::set_external_address(s, Some(ingress.clone()));
        let done = ctx.api::<Service>().patch_status(s.namespace(), s.name(), set)?;
        self.services.put(&done);
        Ok(Action::done())
    }
}

/// The address that a Service gets while the tunnel is open.
pub fn wanted(s: &Service) -> Option<&str> {
    let spec = s.spec.as_ref().filter(|s| s.type_.as_deref() == Some("LoadBalancer"))?;
    spec.cluster_ip.as_deref().filter(|ip| !["", "None"].contains(ip))
}

/// The address that it has.
pub fn given(s: &Service) -> Option<&str> {
    service::external_addresses(s).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_load_balancers_get_an_address_which_is_their_own() {
        for (type_, ip, want) in [
            ("LoadBalancer", "10.96.1.2", Some("10.96.1.2")),
            ("NodePort", "10.96.1.2", None),
            ("LoadBalancer", "", None),
        ] {
            let s: Service = serde_json::from_value(
                serde_json::json!({"metadata": {"name": "web"}, "spec": {"type": type_, "clusterIP": ip}}),
            )
            .unwrap();
            assert_eq!((wanted(&s), given(&s)), (want, None), "{type_} {ip}");
        }
    }
}
