//! Which addresses a Service got or lost.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct SliceDecision {
    pub service: Key,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

impl Decision for SliceDecision {
    fn message(&self) -> &'static str {
        if self.after.is_empty() { "endpointslice-empty" } else { "endpointslice-now" }
    }
    fn facts(&self) -> Facts {
        vec![
            ("service", self.service.name.to_string().into()),
            ("addresses", self.after.clone().into()),
            ("count", self.after.len().into()),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.service.clone())
    }
}
