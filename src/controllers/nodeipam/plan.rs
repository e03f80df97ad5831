//! Which part of the cluster's range a node gets: the next one after the last that was given, so that one whose node has gone is
//! used again last.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::api::network::Range;

/// The range of a cluster of which nothing else is said.
pub const USUAL: Range = Range { base: Ipv4Addr::new(10, 244, 0, 0), bits: 16 };
/// Each node gets 256 addresses.
const NODE_BITS: u8 = 24;
/// What is said when nothing is left.
pub const FULL: &str = "failed to allocate cidr from cluster cidr at idx:0: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range";

/// The cluster's range, and who has which part of it.
#[derive(Clone, Debug)]
pub struct Pool {
    cluster: Range,
    next: u32,
    taken: BTreeMap<u32, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The node has one.
    Keep,
    Give(Range),
    Full,
}

impl Pool {
    pub fn new(cluster: Range) -> Pool {
        Pool { cluster, next: 0, taken: BTreeMap::new() }
    }

    pub fn cluster(&self) -> Range {
        self.cluster
    }

    fn parts(&self) -> u32 {
        1 << NODE_BITS.saturating_sub(self.cluster.bits).min(16)
    }

    /// How many are left.
    pub fn left(&self) -> u32 {
        self.parts().saturating_sub(u32::try_from(self.taken.len()).unwrap_or(u32::MAX))
    }

    fn part(&self, number: u32) -> Range {
        let base = u32::from(self.cluster.base) + (number << (32 - u32::from(NODE_BITS)));
        Range { base: base.into(), bits: NODE_BITS }
    }

    /// The first that is free, from the one after the last that was given on.
    fn free(&self) -> Option<Range> {
        let all = self.parts();
        let number = (0..all).map(|i| (self.next + i) % all).find(|n| !self.taken.contains_key(n))?;
        Some(self.part(number))
    }

    /// A range belongs to a node from now on. (One that is none of ours is nobody's business here.)
    pub fn take(&mut self, node: &str, range: Range) {
        let offset = u32::from(range.base).wrapping_sub(u32::from(self.cluster.base));
        let number = offset >> (32 - u32::from(NODE_BITS));
        if self.cluster.contains(range.base) && self.taken.insert(number, node.into()).is_none() {
            self.next = (number + 1) % self.parts();
        }
    }

    pub fn release(&mut self, node: &str) {
        self.taken.retain(|_, n| n != node);
    }
}

/// What a node is given that has this range already, or none.
pub fn plan(pool: &Pool, has: Option<Range>) -> Plan {
    match (has, pool.free()) {
        (Some(_), _) => Plan::Keep,
        (None, Some(range)) => Plan::Give(range),
        (None, None) => Plan::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pool: &mut Pool, node: &str) -> String {
        match plan(pool, None) {
            Plan::Give(range) => {
                pool.take(node, range);
                range.to_string()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn each_node_gets_the_next_part_and_what_is_free_again_comes_last() {
        let mut pool = Pool::new(Range { base: Ipv4Addr::new(10, 0, 0, 0), bits: 22 });
        assert_eq!(given(&mut pool, "a"), "10.0.0.0/24");
        assert_eq!(given(&mut pool, "b"), "10.0.1.0/24");
        pool.release("a");
        assert_eq!(given(&mut pool, "c"), "10.0.2.0/24");
        assert_eq!(given(&mut pool, "d"), "10.0.3.0/24");
        assert_eq!(given(&mut pool, "e"), "10.0.0.0/24");
        assert_eq!((given(&mut pool, "f"), pool.left()), ("Full".into(), 0));
    }

    #[test]
    fn what_a_node_has_is_kept_and_given_to_nobody_else() {
        let mut pool = Pool::new(USUAL);
        let has = Range { base: Ipv4Addr::new(10, 244, 0, 0), bits: 24 };
        pool.take("a", has);
        assert_eq!(plan(&pool, Some(has)), Plan::Keep);
        assert_eq!(given(&mut pool, "b"), "10.244.1.0/24");
        // Somebody else's range is no part of ours.
        pool.take("x", Range { base: Ipv4Addr::new(192, 168, 0, 0), bits: 24 });
        assert_eq!(pool.left(), 254);
    }
}
