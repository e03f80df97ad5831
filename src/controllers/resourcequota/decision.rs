//! What a quota's count came to.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Counted {
    pub quota: Key,
    pub used: String,
}

impl Decision for Counted {
    fn message(&self) -> &'static str {
        "resourcequota-counted"
    }
    fn facts(&self) -> Facts {
        vec![("quota", self.quota.name.to_string().into()), ("used", self.used.clone().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.quota.clone())
    }
}
