//! What the cloud was asked for on behalf of which Service.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum LoadBalancerDecision {
    Ordered { service: Key },
    Given { service: Key, address: String },
    Removed { service: Key, address: Option<String> },
}

impl Decision for LoadBalancerDecision {
    fn message(&self) -> &'static str {
        match self {
            LoadBalancerDecision::Ordered { .. } => "load-balancer-ordered",
            LoadBalancerDecision::Given { .. } => "load-balancer-given",
            LoadBalancerDecision::Removed { .. } => "load-balancer-removed",
        }
    }

    fn facts(&self) -> Facts {
        let text = |s: &str| s.to_string().into();
        match self {
            LoadBalancerDecision::Ordered { service } => vec![("service", text(&service.name))],
            LoadBalancerDecision::Given { service, address } => {
                vec![("service", text(&service.name)), ("address", text(address))]
            }
            LoadBalancerDecision::Removed { service, address } => {
                let address = address.as_deref().unwrap_or("none");
                vec![("service", text(&service.name)), ("address", text(address))]
            }
        }
    }

    fn about(&self) -> Option<Key> {
        let (LoadBalancerDecision::Ordered { service }
        | LoadBalancerDecision::Given { service, .. }
        | LoadBalancerDecision::Removed { service, .. }) = self;
        Some(service.clone())
    }
}
