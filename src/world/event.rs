//! What a component is told.

use std::sync::Arc;

use crate::api::object::Key;
use crate::api::{OpId, Outcome};
use crate::store::Change;

#[derive(Clone, Debug)]
pub enum Event {
    /// It has just started: this is what its watches found.
    Started(Vec<Arc<Change>>),
    Watch(Arc<Change>),
    /// Its work queue has something due.
    Work,
    Timer(Tag),
    Done(OpId, Outcome),
}

/// What a component set a timer for, in its own terms.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tag {
    pub what: &'static str,
    pub key: Option<Key>,
    pub n: u64,
}

impl Tag {
    pub fn new(what: &'static str) -> Tag {
        Tag { what, key: None, n: 0 }
    }
    pub fn about(what: &'static str, key: Key) -> Tag {
        Tag { what, key: Some(key), n: 0 }
    }
    pub fn number(mut self, n: u64) -> Tag {
        self.n = n;
        self
    }
}
