//! Why the Service of the API server was made anew.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct Restored {
    pub what: Key,
}

impl Decision for Restored {
    fn message(&self) -> &'static str {
        "kubernetes-service-restored"
    }
    fn facts(&self) -> Facts {
        vec![("kind", self.what.kind.name().to_string().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.what.clone())
    }
}
