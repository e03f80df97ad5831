//! Random faults in random order, while somebody works with the cluster: what may never be is never so, and what was mended
//! comes to what it would have come to without.
//!
//! Here a few seeds, without optimisation; the program beside (chaos/main.rs) looks at hundreds. `KUBETUTOR_SEED=17` looks at one.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

#[path = "chaos/run.rs"]
mod run;

/// A test may be told another by whoever runs it.
#[allow(clippy::disallowed_methods, reason = "whoever looks for a rare fault names its seed")]
fn seeds() -> Vec<u64> {
    match std::env::var("KUBETUTOR_SEED").ok().and_then(|n| n.parse::<u64>().ok()) {
        Some(one) => vec![one],
        None => vec![1, 2, 10],
    }
}

#[test]
fn whatever_breaks_and_is_mended_leaves_nothing_behind() {
    let wanted = run::Wanted::new();
    seeds().into_iter().for_each(|seed| wanted.check(seed));
}
