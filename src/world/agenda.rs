//! What is going to happen, earliest first; what is due at the same time comes in the order in which it was put down.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::api::Time;

/// When, and which of those that are due then: one number, because a heap compares all the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place(u128);

impl Place {
    fn new(at: Time, seq: u64) -> Place {
        Place(u128::from(at.nanos()) << 64 | u128::from(seq))
    }
    fn time(self) -> Time {
        Time::from_nanos((self.0 >> 64) as u64)
    }
}

/// Where an entry lies. It is ordered by its place alone.
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: Place,
    index: usize,
}

impl Ord for Entry {
    /// The earliest is the greatest, and so the first of the heap.
    fn cmp(&self, other: &Entry) -> Ordering {
        other.place.cmp(&self.place)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}

#[derive(Clone, Debug)]
pub struct Agenda<T> {
    /// What somebody waits for.
    awaited: BinaryHeap<Entry>,
    /// What nobody waits for: back-offs, leases and resyncs.
    quiet: BinaryHeap<Entry>,
    /// The entries themselves: they are large, and a heap moves what it holds.
    entries: Vec<Option<T>>,
    free: Vec<usize>,
    seq: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Agenda<T> {
        Agenda { awaited: BinaryHeap::new(), quiet: BinaryHeap::new(), entries: vec![], free: vec![], seq: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts an entry down. `quiet`: nobody waits for it.
    pub fn push(&mut self, at: Time, entry: T, quiet: bool) {
        self.seq += 1;
        let place = Place::new(at, self.seq);
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        self.entries[index] = Some(entry);
        let heap = if quiet { &mut self.quiet } else { &mut self.awaited };
        heap.push(Entry { place, index });
    }

    /// Takes the earliest entry.
    pub fn pop(&mut self) -> Option<(Time, T)> {
        // Nothing is less than an entry, and the earliest is the greatest.
        let quiet_first = self.quiet.peek() > self.awaited.peek();
        let heap = if quiet_first { &mut self.quiet } else { &mut self.awaited };
        let Entry { place, index } = heap.pop()?;
        self.free.push(index);
        Some((place.time(), self.entries[index].take()?))
    }

    /// When the earliest entry is due.
    pub fn next(&self) -> Option<Time> {
        self.quiet.peek().max(self.awaited.peek()).map(|e| e.place.time())
    }

    /// When the earliest is due that somebody waits for.
    pub fn next_awaited(&self) -> Option<Time> {
        self.awaited.peek().map(|e| e.place.time())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Duration;

    #[test]
    fn the_earliest_comes_first_and_equals_in_their_order() {
        let at = |ms| Time::ZERO + Duration::from_millis(ms);
        let mut a = Agenda::default();
        for (ms, name, quiet) in
            [(5, "late", false), (1, "first", true), (3, "x", false), (3, "y", true), (3, "z", false)]
        {
            a.push(at(ms), name, quiet);
        }
        assert_eq!((a.next(), a.next_awaited()), (Some(at(1)), Some(at(3))));
        assert_eq!(a.pop(), Some((at(1), "first")));
        assert_eq!(a.pop(), Some((at(3), "x")));
        a.push(at(2), "new", true);
        assert_eq!((a.next(), a.next_awaited()), (Some(at(2)), Some(at(3))));
        let rest: Vec<&str> = std::iter::from_fn(|| a.pop()).map(|(_, name)| name).collect();
        assert_eq!(rest, ["new", "y", "z", "late"]);
        assert_eq!((a.next(), a.next_awaited()), (None, None));
    }
}
