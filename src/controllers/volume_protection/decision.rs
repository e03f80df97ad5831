//! Why a volume or claim may go.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub struct LetGo {
    pub object: Key,
}

impl Decision for LetGo {
    fn message(&self) -> &'static str {
        "volume-let-go"
    }
    fn facts(&self) -> Facts {
        vec![("object", self.object.resource_name().into())]
    }
    fn about(&self) -> Option<Key> {
        Some(self.object.clone())
    }
}
