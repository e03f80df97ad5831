//! What a component is told.

use std::sync::Arc;

use crate::api::object::Key;
use crate::api::{OpId, Outcome, Uid};
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
    /// Which of all objects that ever had this name, where that matters.
    pub uid: Option<Uid>,
    pub n: u64,
}

impl Tag {
    pub fn new(what: &'static str) -> Tag {
        Tag { what, key: None, uid: None, n: 0 }
    }
    pub fn about(what: &'static str, key: Key) -> Tag {
        Tag { what, key: Some(key), uid: None, n: 0 }
    }
    pub fn of(mut self, uid: Uid) -> Tag {
        self.uid = Some(uid);
        self
    }
    pub fn number(mut self, n: u64) -> Tag {
        self.n = n;
        self
    }
}
