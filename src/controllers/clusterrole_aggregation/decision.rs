//! Why a role got new rules.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Aggregated {
    pub role: Key,
    pub parts: Vec<String>,
    pub rules: usize,
}

impl Decision for Aggregated {
    fn message(&self) -> &'static str {
        "clusterrole-aggregated"
    }
    fn facts(&self) -> Facts {
        vec![
            ("role", self.role.name.to_string().into()),
            ("rules", self.rules.into()),
            ("parts", crate::ledger::Fact::Names(self.parts.clone())),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.role.clone())
    }
}
