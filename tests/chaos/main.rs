//! Hundreds of seeds of chaos.rs, on all processors: `cargo run --profile ci --features chaos --bin chaos -- 10000`, or from one number
//! on: `-- 10000 301`.

#![allow(clippy::unwrap_used, reason = "it is a test")]
#![allow(clippy::disallowed_methods, reason = "it is no part of the simulation")]

mod run;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

fn main() {
    let number = |i: usize, usual: u64| std::env::args().nth(i).map_or(usual, |n| n.parse().unwrap());
    let (most, first) = (number(1, 300), number(2, 1));
    let (wanted, next) = (run::Wanted::new(), AtomicU64::new(first));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > most {
                return;
            }
            wanted.check(seed);
        }
    };
    // A thread that finds something wrong panics, and all of this with it.
    thread::scope(|s| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            s.spawn(work);
        }
    });
    println!("seeds {first} to {most}: nothing was where it may not be, and all came to the same end");
}
