//! What becomes of the processes of the control plane, for the story.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum ProcessDecision {
    /// The API server has ended.
    Gone,
    /// It answers again.
    Back,
    /// What has become of etcd.
    StorageGone,
    StorageFull,
    StorageSlow,
    StorageWell,
    /// The API server could not reach its etcd when it began.
    NoStorage,
    /// Nobody has seen that a program ended.
    Unseen,
}

impl Decision for ProcessDecision {
    fn message(&self) -> &'static str {
        match self {
            ProcessDecision::Gone => "server-gone",
            ProcessDecision::Back => "server-back",
            ProcessDecision::StorageGone => "storage-gone",
            ProcessDecision::StorageFull => "storage-full",
            ProcessDecision::StorageSlow => "storage-slow",
            ProcessDecision::StorageWell => "storage-well",
            ProcessDecision::NoStorage => "server-no-storage",
            ProcessDecision::Unseen => "process-unseen",
        }
    }
    fn facts(&self) -> Facts {
        vec![]
    }
    fn about(&self) -> Option<Key> {
        None
    }
}
