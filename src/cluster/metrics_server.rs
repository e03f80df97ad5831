//! metrics-server: it asks every kubelet every 15 s, keeps the last two answers, and tells what was used between them.
//! Real Kubernetes: sigs.k8s.io/metrics-server/pkg/storage.
//!
//! Nothing happens here until somebody asks: what it would have found at its last two rounds can still be read off.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::ops::{Figures, NodeFigures, PodFigures, PodRef, Usage};
use crate::api::{Duration, Time};
use crate::runtime::Simulated;
use crate::runtime::meter::Reading;

const RESOLUTION: Duration = Duration::from_secs(15);
/// A container that was started between two rounds is measured from its start, if that is long enough ago.
const FRESH: Duration = Duration::from_secs(10);

/// What a node uses for itself: kernel, kubelet, container runtime, and the control plane where it runs beside them.
const NODE_ITSELF: Usage = Usage { nanocores: 90_000_000, memory: 900 * 1024 * 1024 };

/// The last round and the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Rounds {
    last: Time,
    before: Time,
}

impl Rounds {
    /// `since`: when it began. Rounds follow from then on.
    fn until(since: Time, now: Time) -> Option<Rounds> {
        if now < since {
            return None;
        }
        let n = u32::try_from(now.since(since).as_secs() / RESOLUTION.as_secs()).ok()?;
        let at = |n: u32| since + RESOLUTION * n;
        Some(Rounds { last: at(n), before: at(n.checked_sub(1)?) })
    }
}

/// What each container uses at this moment, as its own kubelet knows without asking anybody.
pub fn at_once(now: Time, runtime: &Simulated) -> Figures {
    let of = |r: Reading<'_>| PodFigures {
        pod: r.pod.clone(),
        node: r.node.into(),
        at: now,
        window: Duration::ZERO,
        containers: vec![(r.name.into(), r.total)],
    };
    Figures { pods: runtime.readings(now).map(of).collect(), nodes: vec![] }
}

/// What pods and nodes have used, as it knows it now.
pub fn figures(since: Time, now: Time, nodes: &[Arc<str>], runtime: &Simulated) -> Figures {
    // A container that is younger than a round needs one round only, but its node needs two.
    let first_round = (now >= since).then_some(Rounds { last: since, before: since });
    let Some(rounds) = Rounds::until(since, now).or(first_round) else { return Figures::default() };
    let earlier: BTreeMap<(&PodRef, &str), Reading<'_>> =
        runtime.readings(rounds.before).map(|r| ((r.pod, r.name), r)).collect();
    let mut pods: BTreeMap<&PodRef, Option<PodFigures>> = BTreeMap::new();
    let mut of_nodes: BTreeMap<&str, Usage> = BTreeMap::new();
    for r in runtime.readings(rounds.last) {
        let before = earlier.get(&(r.pod, r.name)).filter(|b| b.started == r.started && rounds.before < rounds.last);
        let node = of_nodes.entry(r.node).or_default();
        let window = rounds.last.since(rounds.before);
        if !window.is_zero() {
            node.nanocores += rate(r.total.nanocores - before.map_or(0, |b| b.total.nanocores), window);
        }
        node.memory += r.total.memory;
        let entry = pods.entry(r.pod).or_insert_with(|| {
            let (pod, node) = (r.pod.clone(), r.node.into());
            Some(PodFigures { pod, node, at: rounds.last, window: Duration::ZERO, containers: vec![] })
        });
        let age = rounds.last.since(r.started);
        let (used, window) = match before {
            _ if (FRESH..RESOLUTION).contains(&age) => (r.total.nanocores, age),
            Some(b) => (r.total.nanocores - b.total.nanocores, window),
            // Of a pod one of whose containers has no figures yet nothing is told.
            None => {
                *entry = None;
                continue;
            }
        };
        if let Some(f) = entry {
            let usage = Usage { nanocores: rate(used, window), memory: r.total.memory };
            f.window = window;
            f.containers.push((r.name.into(), usage));
        }
    }
    let (at, window) = (rounds.last, rounds.last.since(rounds.before));
    let of_node = |n: &Arc<str>| {
        let used = of_nodes.get(&**n).copied().unwrap_or_default();
        let (nanocores, memory) = (NODE_ITSELF.nanocores + used.nanocores, NODE_ITSELF.memory + used.memory);
        NodeFigures { node: n.clone(), at, window, usage: Usage { nanocores, memory } }
    };
    let twice = !window.is_zero();
    Figures {
        pods: pods.into_values().flatten().collect(),
        nodes: nodes.iter().filter(|_| twice).map(of_node).collect(),
    }
}

/// Nanoseconds of a CPU in a time, as a share of one CPU.
fn rate(used: u64, window: Duration) -> u64 {
    let of_a_second = u128::from(used) * 1_000_000_000 / window.as_nanos().max(1);
    u64::try_from(of_a_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_two_rounds() {
        let at = |s: u64| Time::ZERO + Duration::from_secs(s);
        assert_eq!(Rounds::until(at(5), at(4)), None);
        assert_eq!(Rounds::until(at(5), at(19)), None);
        assert_eq!(Rounds::until(at(5), at(20)), Some(Rounds { last: at(20), before: at(5) }));
        assert_eq!(Rounds::until(at(5), at(64)), Some(Rounds { last: at(50), before: at(35) }));
        assert_eq!(rate(3_000_000_000, RESOLUTION), 200_000_000);
    }
}
