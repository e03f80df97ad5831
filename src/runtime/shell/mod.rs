//! A POSIX shell that runs in virtual time, as dash and busybox's ash do. The parser is the crate `brush-parser`; this is the
//! interpreter: a [`Program`], so all it knows is data, and it can sleep in the middle of anything.
//!
//! [`script`] turns the parser's tree into statements, [`run`] walks through them with an explicit stack, [`simple`] runs one command,
//! [`redirect`] arranges its descriptors, `children` are its processes, `jobs` those that run beside it, [`builtins`] are what a shell does itself, [`expand`] is `$x`, `$(…)`, `$((…))` and quoting,
//! [`input`] reads commands from a terminal or a pipe.
//!
//! As bash, it also knows arrays, `{a,b}`, `$'…'`, `<<<`, `((…))` and `declare`.
//!
//! Simplified: no aliases, history or job control; `${x@…}` and process substitution are refused or left out.

pub mod arithmetic;
mod arrays;
mod bash;
pub mod builtins;
mod children;
pub mod expand;
pub mod input;
mod jobs;
mod leaving;
pub mod pattern;
pub mod redirect;
pub mod run;
pub mod script;
pub mod simple;
mod state;
mod test;
mod variables;
mod waiting;

pub use state::{Flavor, Options, Shell, Variable};

/// What `test` says of its words.
pub fn evaluate_test(words: &[String], sys: &mut super::kernel::Sys<'_>) -> Result<bool, String> {
    test::evaluate(words, sys)
}

/// Options as `sh` takes them.
pub fn set_options(options: &mut Options, words: &[String]) -> Result<(), String> {
    variables::options(options, words).map(|_| ())
}
