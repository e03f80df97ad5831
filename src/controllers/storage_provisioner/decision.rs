//! For which claim a volume was made, and which volume went.

use crate::api::object::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum ProvisionerDecision {
    Made { claim: Key, class: String, wanted: String, path: String, volume: String },
    NoBlocks { claim: Key },
    Deleted { volume: Key, path: String },
}

impl Decision for ProvisionerDecision {
    fn message(&self) -> &'static str {
        match self {
            ProvisionerDecision::Made { .. } => "provisioner-made",
            ProvisionerDecision::NoBlocks { .. } => "provisioner-no-blocks",
            ProvisionerDecision::Deleted { .. } => "provisioner-deleted",
        }
    }

    fn facts(&self) -> Facts {
        let text = |s: &str| s.to_string().into();
        match self {
            ProvisionerDecision::Made { claim, class, wanted, path, volume } => vec![
                ("claim", text(&claim.name)),
                ("class", text(class)),
                ("wanted", text(wanted)),
                ("path", text(path)),
                ("volume", text(volume)),
            ],
            ProvisionerDecision::NoBlocks { claim } => vec![("claim", text(&claim.name))],
            ProvisionerDecision::Deleted { volume, path } => vec![("volume", text(&volume.name)), ("path", text(path))],
        }
    }

    fn about(&self) -> Option<Key> {
        let (ProvisionerDecision::Made { claim: key, .. }
        | ProvisionerDecision::NoBlocks { claim: key }
        | ProvisionerDecision::Deleted { volume: key, .. }) = self;
        Some(key.clone())
    }
}
