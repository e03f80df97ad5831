//! What kube-proxy did, and why.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct ProxyDecision {
    pub service: Key,
    /// Its cluster IP and port; empty if it is gone.
    pub address: String,
    pub endpoints: usize,
}

impl Decision for ProxyDecision {
    fn message(&self) -> &'static str {
        match (self.address.is_empty(), self.endpoints) {
            (true, _) => "proxy-removed",
            (_, 0) => "proxy-rejects",
            _ => "proxy-programmed",
        }
    }

    fn facts(&self) -> Facts {
        vec![
            ("service", self.service.name.to_string().into()),
            ("address", self.address.clone().into()),
            ("endpoints", self.endpoints.into()),
        ]
    }

    fn about(&self) -> Option<Key> {
        Some(self.service.clone())
    }
}
