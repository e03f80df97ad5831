//! How much CPU a container has used: a line through the moments at which what it does changed. Whoever wants to know reads it
//! off, for any moment of the last while; nothing has to happen for time to be counted.
//!
//! Simplified: a container gets the CPU that its limit allows, at most one; others on the node do not take it away.

use std::collections::VecDeque;

use super::container::{Container, State};
use super::simulated::Simulated;
use crate::api::ops::{PodRef, Usage};
use crate::api::{Duration, Time};

/// How far back it can be read.
const KEPT: Duration = Duration::from_secs(60);
/// Moments that are kept at most.
const LIMIT: usize = 1000;
const ONE_CPU: u32 = 1000;

/// Until a point, so much had been used; from then on this goes on.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: Time,
    /// Nanoseconds of a CPU.
    used: u64,
    /// Work that was put in and is not done yet.
    owed: u64,
    /// It works as much as it can.
    busy: bool,
}

#[derive(Clone, Debug)]
pub struct Meter {
    started: Time,
    /// Thousandths of a CPU.
    most: u32,
    points: VecDeque<Point>,
}

impl Meter {
    pub fn start(now: Time, limit: Option<u32>) -> Meter {
        let most = limit.unwrap_or(ONE_CPU).min(ONE_CPU);
        Meter { started: now, most, points: VecDeque::from([Point { at: now, used: 0, owed: 0, busy: false }]) }
    }

    fn used(&self, p: &Point, at: Time) -> u64 {
        let possible = at.since(p.at).as_nanos() * u128::from(self.most) / u128::from(ONE_CPU);
        let possible = u64::try_from(possible).unwrap_or(u64::MAX);
        p.used.saturating_add(if p.busy { possible } else { possible.min(p.owed) })
    }

    /// What had been used up to a moment.
    fn read(&self, at: Time) -> u64 {
        self.points.iter().rev().find(|p| p.at <= at).map_or(0, |p| self.used(p, at))
    }

    fn change(&mut self, now: Time, change: impl FnOnce(&mut Point)) {
        let Some(last) = self.points.back().copied() else { return };
        let used = self.used(&last, now);
        let mut point = Point { at: now, used, owed: last.owed.saturating_sub(used - last.used), ..last };
        change(&mut point);
        if last.at == now {
            self.points.pop_back();
        }
        self.points.push_back(point);
        while self.points.len() > LIMIT || self.points.get(1).is_some_and(|p| p.at + KEPT < now) {
            self.points.pop_front();
        }
    }

    /// Whether it works without a pause from now on.
    pub fn is_busy(&mut self, busy: bool, now: Time) {
        if self.points.back().is_some_and(|p| p.busy != busy) {
            self.change(now, |p| p.busy = busy);
        }
    }

    /// A piece of work comes in: when it will be done.
    pub fn work(&mut self, cost: Duration, now: Time) -> Time {
        self.change(now, |p| p.owed = p.owed.saturating_add(u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX)));
        let owed = self.points.back().map_or(0, |p| p.owed);
        now + Duration::from_nanos(owed.saturating_mul(u64::from(ONE_CPU)) / u64::from(self.most.max(1)))
    }
}

/// A container as it was at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    pub pod: &'a PodRef,
    pub node: &'a str,
    pub name: &'a str,
    pub started: Time,
    /// All the CPU that it had used, in 10⁻⁹ of a second, and the memory that it used then.
    pub total: Usage,
}

impl Simulated {
    /// Every container that was running at a moment of the last while.
    pub fn readings(&self, at: Time) -> impl Iterator<Item = Reading<'_>> {
        self.containers.values().filter_map(move |c| self.reading(c, at))
    }

    fn reading<'a>(&'a self, c: &'a Container, at: Time) -> Option<Reading<'a>> {
        let root = self.root(c)?;
        let meter = root.meter.as_ref().filter(|m| m.started <= at)?;
        let runs = match &c.state {
            State::Created => false,
            State::Running => true,
            State::Exited(info) => info.at > at,
        };
        let total = Usage { nanocores: meter.read(at), memory: root.memory };
        runs.then_some(Reading { pod: &c.pod, node: &c.node, name: &c.spec.name, started: meter.started, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Time = Time::ZERO;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_busy_container_uses_what_its_limit_allows_and_work_takes_its_time() {
        let ms = |m: &Meter, s: u64| m.read(T + seconds(s)) / 1_000_000;
        let mut m = Meter::start(T, Some(200));
        m.is_busy(true, T + seconds(10));
        m.is_busy(false, T + seconds(20));
        assert_eq!([5, 10, 15, 20, 30].map(|s| ms(&m, s)), [0, 0, 1000, 2000, 2000]);
        // A second of work, at a fifth of a CPU, takes five seconds.
        assert_eq!(m.work(seconds(1), T + seconds(30)), T + seconds(35));
        assert_eq!([30, 32, 35, 40].map(|s| ms(&m, s)), [2000, 2400, 3000, 3000]);
        m.work(seconds(1), T + seconds(32));
        assert_eq!([34, 40, 50].map(|s| ms(&m, s)), [2800, 4000, 4000]);
        assert_eq!(ms(&m, 15), 1000, "the past stays");
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut m = Meter::start(T, None);
        for s in 0..200 {
            m.work(Duration::from_millis(1), T + seconds(s));
        }
        assert!(m.points.len() < 70, "{}", m.points.len());
        assert_eq!(m.read(T + seconds(300)), 200_000_000);
    }
}
