//! What a ReplicaSet should do, given what it sees. Pure.

use super::ranking::{self, Crowds, Victim};
use crate::api::Time;
use crate::api::kinds::Pod;

/// Pods that one sync creates or deletes at most.
pub const BURST: usize = 500;

pub struct Observed<'a> {
    pub wanted: usize,
    /// How many pods count: neither ended nor being deleted.
    pub had: usize,
    /// Those pods. They are looked at one by one only if some have to go.
    pub active: &'a dyn Fn() -> Vec<&'a Pod>,
    pub crowds: &'a dyn Fn() -> Crowds,
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
    match seen.had.cmp(&seen.wanted) {
        Less => Plan::Create { count: seen.wanted - seen.had },
        Greater => {
            let count = (seen.had - seen.wanted).min(BURST);
            Plan::Delete { pods: ranking::first_to_go(&(seen.active)(), &(seen.crowds)(), count, seen.now) }
        }
        Equal => Plan::Keep,
    }
}
