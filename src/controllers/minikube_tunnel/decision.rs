//! That a Service was given an address, and which.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct TunnelDecision {
    pub service: Key,
    pub address: String,
}

impl Decision for TunnelDecision {
    fn message(&self) -> &'static str {
        "tunnel-given"
    }

    fn facts(&self) -> Facts {
        vec![("service", self.service.name.to_string().into()), ("address", self.address.as_str().into())]
    }

    fn about(&self) -> Option<Key> {
        Some(self.service.clone())
    }
}
