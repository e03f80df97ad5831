//! What the Endpoints of a Service do not tell. What they do tell stands in its slices too, and is told there.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

/// There are more addresses than Endpoints have room for.
#[derive(Clone, Debug)]
pub struct TooMany {
    pub service: Key,
    pub count: usize,
    pub capacity: usize,
}

impl Decision for TooMany {
    fn message(&self) -> &'static str {
        "endpoint-too-many"
    }
    fn facts(&self) -> Facts {
        vec![
            ("service", self.service.name.to_string().into()),
            ("count", self.count.into()),
            ("capacity", self.capacity.into()),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.service.clone())
    }
}
