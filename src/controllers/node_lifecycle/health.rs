//! How many nodes may be silent before the fault is taken to be elsewhere. Pure.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    Normal,
    /// More than half are silent: in a small cluster eviction stops.
    Partial,
    /// All are silent: it is the network, or this controller.
    Full,
}

const UNHEALTHY_PERCENT: usize = 55;

pub fn zone(ready: usize, silent: usize) -> Zone {
    match () {
        () if ready == 0 && silent > 0 => Zone::Full,
        () if silent > 2 && silent * 100 >= (ready + silent) * UNHEALTHY_PERCENT => Zone::Partial,
        () => Zone::Normal,
    }
}
