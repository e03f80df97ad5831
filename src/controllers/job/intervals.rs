//! Sets of indexes as an indexed Job writes them, `0,2-4`: intervals in order, so that a hundred thousand indexes stay a short text.
//! What somebody else wrote is read as far as it can be; whether it is right was judged before (`api/kinds/job/indexes.rs`).
//! Real Kubernetes: pkg/controller/job/indexed_job_utils.go orderedIntervals, parseIndexesFromString.

use std::fmt;

/// First and last index, both inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Interval {
    first: i32,
    last: i32,
}

/// Intervals that neither touch nor overlap, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Indexes(Vec<Interval>);

impl Indexes {
    /// Reads a list, but nothing from `completions` on.
    pub fn parse(list: &str, completions: i32) -> Indexes {
        let mut all = Indexes::default();
        for text in list.split(',').filter(|_| !list.is_empty()) {
            let mut limits = text.split('-');
            let Some(first) = limits.next().and_then(|t| t.parse::<i32>().ok()) else { continue };
            if first >= completions {
                break;
            }
            match limits.next().map(str::parse::<i32>) {
                None => all.add(Interval { first, last: first }),
                Some(Ok(last)) => all.add(Interval { first, last: last.min(completions - 1) }),
                Some(Err(_)) => {}
            }
        }
        all
    }

    /// Adds an interval that begins no sooner than the last one does.
    fn add(&mut self, new: Interval) {
        match self.0.last_mut() {
            Some(last) if new.first <= last.last.saturating_add(1) => last.last = last.last.max(new.last),
            _ => self.0.push(new),
        }
    }

    pub fn union(&self, other: &Indexes) -> Indexes {
        let mut both: Vec<Interval> = self.0.iter().chain(&other.0).copied().collect();
        both.sort_by_key(|i| i.first);
        let mut all = Indexes::default();
        both.into_iter().for_each(|i| all.add(i));
        all
    }

    pub fn len(&self) -> i32 {
        self.0.iter().map(|i| i.last - i.first + 1).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, index: i32) -> bool {
        let next = self.0.partition_point(|i| i.last < index);
        self.0.get(next).is_some_and(|i| i.first <= index)
    }

    /// How many are in both.
    pub fn common(&self, other: &Indexes) -> i32 {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut count = 0;
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            count += (a.last.min(b.last) - a.first.max(b.first) + 1).max(0);
            if a.last <= b.last {
                ours.next()
            } else {
                theirs.next()
            };
        }
        count
    }

    /// The first `count` indexes below `completions` that are not in the set.
    pub fn first_missing(&self, count: usize, completions: i32) -> Vec<i32> {
        let mut missing = vec![];
        let mut candidate = 0;
        let end = Interval { first: completions, last: completions };
        for i in self.0.iter().chain([&end]) {
            let room = count - missing.len();
            missing.extend((candidate..i.first.min(completions)).take(room));
            candidate = i.last.saturating_add(1);
        }
        missing
    }
}

impl FromIterator<i32> for Indexes {
    fn from_iter<I: IntoIterator<Item = i32>>(indexes: I) -> Indexes {
        let mut sorted: Vec<i32> = indexes.into_iter().collect();
        sorted.sort_unstable();
        let mut all = Indexes::default();
        sorted.into_iter().for_each(|i| all.add(Interval { first: i, last: i }));
        all
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, i) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            match i.last - i.first {
                0 => write!(f, "{comma}{}", i.first)?,
                1 => write!(f, "{comma}{},{}", i.first, i.last)?,
                _ => write!(f, "{comma}{}-{}", i.first, i.last)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn lists_are_read_as_far_as_they_can_be() {
        for (list, completions, want) in [
            ("", 5, ""),
            ("0,2-4", 5, "0,2-4"),
            ("0,1,2", 5, "0-2"),
            ("0-9", 5, "0-4"),
            ("1,x,3", 9, "1,3"),
            ("1,7", 5, "1"),
            ("0,1", 9, "0,1"),
        ] {
            assert_eq!(Indexes::parse(list, completions).to_string(), want, "{list} of {completions}");
        }
    }

    proptest! {
        /// Whatever is asked of intervals is what a set of single indexes answers.
        #[test]
        fn intervals_are_sets(a: BTreeSet<u8>, b: BTreeSet<u8>, one: u8, count in 0usize..20) {
            let of = |s: &BTreeSet<u8>| s.iter().map(|i| i32::from(*i)).collect::<Indexes>();
            let (x, y) = (of(&a), of(&b));
            prop_assert_eq!(&Indexes::parse(&x.to_string(), 256), &x);
            prop_assert_eq!(x.union(&y), of(&a.union(&b).copied().collect()));
            prop_assert_eq!(x.len(), i32::try_from(a.len()).unwrap());
            prop_assert_eq!(x.common(&y), i32::try_from(a.intersection(&b).count()).unwrap());
            prop_assert_eq!(x.has(i32::from(one)), a.contains(&one));
            let missing: Vec<i32> = (0..=255u8).filter(|i| !a.contains(i)).map(i32::from).take(count).collect();
            prop_assert_eq!(x.first_missing(count, 256), missing);
        }
    }
}
