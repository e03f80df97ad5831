//! What a ReplicaSet should do, given what it sees. Pure.

use super::ranking::{self, Victim};
use crate::api::Time;
use crate::api::kinds::Pod;

pub struct Observed<'a> {
    pub wanted: usize,
    /// Pods that count: neither ended nor being deleted.
    pub active: Vec<&'a Pod>,
    pub now: Time,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plan {
    Keep,
    Create { count: usize },
    Delete { pods: Vec<Victim> },
}

/// Creates what is missing or deletes what is too much, never both.
pub fn plan(seen: &Observed<'_>) -> Plan {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match seen.active.len().cmp(&seen.wanted) {
        Less => Plan::Create { count: seen.wanted - seen.active.len() },
        Greater => Plan::Delete { pods: ranking::first_to_go(&seen.active, seen.active.len() - seen.wanted, seen.now) },
        Equal => Plan::Keep,
    }
}
