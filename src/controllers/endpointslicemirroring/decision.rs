//! Whose Endpoints were mirrored.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Mirrored {
    pub service: Key,
    pub addresses: Vec<String>,
}

impl Decision for Mirrored {
    fn message(&self) -> &'static str {
        "endpointslicemirroring-mirrored"
    }
    fn facts(&self) -> Facts {
        vec![
            ("service", self.service.name.to_string().into()),
            ("count", self.addresses.len().into()),
            ("addresses", self.addresses.clone().into()),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.service.clone())
    }
}
