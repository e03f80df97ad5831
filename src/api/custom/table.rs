//! Every custom kind that this program has ever known, each once.
//!
//! The table only grows: a number, once given, always means the same kind. It is the one thing that clusters of one program share,
//! and none of them can tell: a number's order is never asked (see `KindRef`'s).

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::CustomKind;
use crate::api::KindRef;
use crate::api::kinds::TABLE;

#[derive(Default)]
struct Known {
    kinds: Vec<&'static CustomKind>,
    /// By what they were made of.
    numbers: BTreeMap<String, KindRef>,
}

static KNOWN: RwLock<Known> = RwLock::new(Known { kinds: vec![], numbers: BTreeMap::new() });

/// The kind of a number, counted from the end of the built-in ones.
pub fn kind(beyond: usize) -> &'static CustomKind {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.kinds[beyond]
}

/// The number of what is made of `content`. There is none left once 65,000 kinds are known.
pub fn number(content: String, make: impl FnOnce() -> CustomKind) -> Option<KindRef> {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(there) = known.numbers.get(&content) {
        return Some(*there);
    }
    let number = u16::try_from(TABLE.len() + known.kinds.len()).ok()?;
    known.kinds.push(Box::leak(Box::new(make())));
    known.numbers.insert(content, KindRef(number));
    Some(KindRef(number))
}
