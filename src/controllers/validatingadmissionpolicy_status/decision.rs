//! What became of a policy's expressions.

use crate::api::Key;
use crate::ledger::{Decision, Fact, Facts};

#[derive(Clone, Debug)]
pub struct Checked {
    pub policy: Key,
    /// The kinds that its expressions were checked against.
    pub kinds: Vec<String>,
    /// The expressions that cannot fit some of them.
    pub doubtful: Vec<String>,
}

impl Decision for Checked {
    fn message(&self) -> &'static str {
        match (self.kinds.is_empty(), self.doubtful.is_empty()) {
            (true, _) => "policy-of-any-kind",
            (false, true) => "policy-types-fit",
            (false, false) => "policy-types-doubtful",
        }
    }
    fn facts(&self) -> Facts {
        vec![
            ("policy", self.policy.name.to_string().into()),
            ("kinds", Fact::Names(self.kinds.clone())),
            ("expressions", Fact::Names(self.doubtful.clone())),
        ]
    }
    fn about(&self) -> Option<Key> {
        Some(self.policy.clone())
    }
}
