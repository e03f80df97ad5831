//! A POSIX shell that runs in virtual time. The parser is the crate `brush-parser`; this is the interpreter.
//!
//! [`script`] turns the parser's tree into statements, [`interpreter`] runs them with an explicit stack, so that a
//! script which sleeps is plain data until it wakes, [`expand`] is `$x`, `$(…)`, `$((…))` and quoting.

pub mod expand;
pub mod interpreter;
pub mod script;

pub use interpreter::{Pause, Shell};
