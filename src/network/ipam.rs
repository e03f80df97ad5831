//! Addresses of pods: each node hands out those of its own range, one after the other.
//! Real Kubernetes: the CNI plugin `host-local`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::api::Uid;
use crate::api::network::Range as Cidr;
use crate::api::object::Name;

/// A node's range and what is taken of it.
#[derive(Clone, Debug)]
struct Range {
    first: u32,
    last: u32,
    next: u32,
    taken: BTreeSet<u32>,
}

#[derive(Clone, Debug, Default)]
pub struct Ipam {
    ranges: BTreeMap<String, Range>,
    /// By the pod's UID: its node, and its address there.
    by_pod: imbl::OrdMap<Uid, (Name, u32)>,
}

impl Ipam {
    /// Gives a node its range. The first two addresses are the network's and the bridge's.
    pub fn set_range(&mut self, node: &str, range: Cidr) {
        let base = u32::from(range.base);
        let size = 1u32 << (32 - u32::from(range.bits.clamp(8, 30)));
        let fresh = Range { first: base + 2, last: base + size - 2, next: base + 2, taken: BTreeSet::new() };
        if self.ranges.get(node).is_none_or(|r| r.first != fresh.first) {
            self.ranges.insert(node.into(), fresh);
        }
    }

    /// The next free address after the one that was given last.
    pub fn allocate(&mut self, node: &str, pod: Uid) -> Option<String> {
        let r = self.ranges.get_mut(node)?;
        let span = r.last - r.first + 1;
        let free = (0..span).map(|i| r.first + (r.next - r.first + i) % span).find(|a| !r.taken.contains(a))?;
        r.taken.insert(free);
        r.next = if free == r.last { r.first } else { free + 1 };
        self.by_pod.insert(pod, (node.into(), free));
        Some(Ipv4Addr::from(free).to_string())
    }

    pub fn release(&mut self, pod: Uid) {
        if let Some((node, address)) = self.by_pod.remove(&pod)
            && let Some(r) = self.ranges.get_mut(&*node)
        {
            r.taken.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_given_in_turn_and_reused_last() {
        let mut i = Ipam::default();
        i.set_range("n", Cidr { base: Ipv4Addr::new(10, 244, 1, 0), bits: 29 });
        let all: Vec<_> = (0..5).filter_map(|p| i.allocate("n", Uid::of(&p.to_string()))).collect();
        assert_eq!(all, ["10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"]);
        assert_eq!(i.allocate("n", Uid::of("x")), None);
        i.release(Uid::of("1"));
        assert_eq!(i.allocate("n", Uid::of("y")).as_deref(), Some("10.244.1.3"));
    }
}
