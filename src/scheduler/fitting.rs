//! The nodes that were possible for a pod. Pod after pod it is some hundreds of the same thousands, and every decision
//! keeps them: so they are kept as stretches of the list of all nodes, which the decisions share.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::api::object::Name;

#[derive(Clone, Debug)]
pub struct Fitting {
    all: Arc<[Name]>,
    stretches: SmallVec<[Stretch; 2]>,
}

/// So many nodes, one after another, from the one at this place on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stretch {
    from: u32,
    count: u32,
}

impl Fitting {
    pub fn new(all: Arc<[Name]>, places: impl Iterator<Item = usize>) -> Fitting {
        let mut stretches: SmallVec<[Stretch; 2]> = SmallVec::new();
        for place in places.filter_map(|p| u32::try_from(p).ok()) {
            match stretches.last_mut() {
                Some(last) if last.from + last.count == place => last.count += 1,
                _ => stretches.push(Stretch { from: place, count: 1 }),
            }
        }
        stretches.shrink_to_fit();
        Fitting { all, stretches }
    }

    pub fn len(&self) -> usize {
        self.stretches.iter().map(|s| s.count as usize).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// In the order in which they were looked at.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.stretches.iter().flat_map(|s| self.all.iter().skip(s.from as usize).take(s.count as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_named_in_the_order_in_which_they_were_looked_at() {
        let all: Arc<[Name]> = ["a", "b", "c", "d", "e"].map(Name::from).into();
        for (places, stretches) in [(vec![], 0), (vec![3, 4, 0, 1], 2), (vec![2], 1), (vec![0, 2, 4], 3)] {
            let fitting = Fitting::new(all.clone(), places.iter().copied());
            assert!(fitting.names().eq(places.iter().map(|p| &all[*p])), "{places:?}");
            assert_eq!((fitting.len(), fitting.is_empty()), (places.len(), places.is_empty()));
            assert_eq!(fitting.stretches.len(), stretches);
        }
    }
}
