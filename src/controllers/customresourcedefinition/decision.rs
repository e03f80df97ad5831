//! What became of a definition, and why.

use crate::api::Key;
use crate::ledger::{Decision, Facts};

#[derive(Clone, Debug)]
pub enum DefinitionDecision {
    /// Its names are its own now.
    Named { definition: Key, kind: String },
    /// Another definition has one of its names.
    Refused { definition: Key, message: String },
    /// Objects of it may be made from now on.
    Established { definition: Key, kind: String },
    /// It goes away: its objects go first.
    Emptied { definition: Key, objects: usize },
    /// Nothing of it is left.
    LetGo { definition: Key },
}

impl Decision for DefinitionDecision {
    fn message(&self) -> &'static str {
        match self {
            DefinitionDecision::Named { .. } => "definition-named",
            DefinitionDecision::Refused { .. } => "definition-refused",
            DefinitionDecision::Established { .. } => "definition-established",
            DefinitionDecision::Emptied { .. } => "definition-emptied",
            DefinitionDecision::LetGo { .. } => "definition-let-go",
        }
    }

    fn facts(&self) -> Facts {
        let name = |k: &Key| ("definition", k.name.to_string().into());
        match self {
            DefinitionDecision::Named { definition, kind } | DefinitionDecision::Established { definition, kind } => {
                vec![name(definition), ("kind", kind.as_str().into())]
            }
            DefinitionDecision::Refused { definition, message } => {
                vec![name(definition), ("message", message.as_str().into())]
            }
            DefinitionDecision::Emptied { definition, objects } => {
                vec![name(definition), ("objects", (*objects).into())]
            }
            DefinitionDecision::LetGo { definition } => vec![name(definition)],
        }
    }

    fn about(&self) -> Option<Key> {
        match self {
            DefinitionDecision::Named { definition, .. }
            | DefinitionDecision::Refused { definition, .. }
            | DefinitionDecision::Established { definition, .. }
            | DefinitionDecision::Emptied { definition, .. }
            | DefinitionDecision::LetGo { definition } => Some(definition.clone()),
        }
    }
}
