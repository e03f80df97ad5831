//! How long things take between processes on a quiet cluster. Measured on a real one (see the recorded timelines):
//! a watch event arrives some milliseconds after the write.

use crate::api::Duration;
use crate::apiserver::caller::{Chance, below};

/// From a write to a watcher.
pub fn watch(chance: &mut Chance) -> Duration {
    Duration::from_micros(2_000 + below(chance, 3_000))
}

/// Between two of them that one watcher is told of, at least.
pub const APART: Duration = Duration::from_micros(1);

/// From an item's arrival in an idle work queue to its being taken.
pub const WORK: Duration = Duration::from_micros(500);

/// From one write of a client to its next: the way there, the store's disk, the way back.
pub const WRITE: Duration = Duration::from_millis(8);

/// A number of milliseconds between `least` and `most`.
pub fn between(chance: &mut Chance, least: u64, most: u64) -> Duration {
    Duration::from_micros(least * 1_000 + below(chance, (most - least) * 1_000 + 1))
}
