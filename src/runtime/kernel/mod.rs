//! A small operating system in virtual time: processes with descriptors, pipes, files, signals and sockets. Everything is data,
//! so a cluster with running programs can be copied, and goes on the same way again.
//!
//! Start with [`machine`]: processes run until all of them wait. A [`Program`](process::Program) sees the world through
//! [`sys`] alone. `turns` says who may go on, `descriptors` who holds what open. [`files`] resolves paths in a [`tree`] and
//! volumes, [`net`] holds connections between machines.
//!
//! Deliberately absent: what the programs do (`programs/`, `shell/`), who reaches whom over the network, and any real
//! process, file or socket. Simplified: a file that is removed while it is open reads as empty; there are no hard links, process groups,
//! or devices but the few that scripts use.
//!
//! In a real cluster this is Linux.

mod descriptors;
pub mod errno;
pub mod files;
pub mod listed;
pub mod machine;
pub mod net;
pub mod open;
pub mod outside;
pub mod proc;
pub mod process;
mod shared;
pub mod sys;
mod turns;
pub use crate::api::file_tree as tree;

pub use errno::Errno;
pub use machine::{Machine, Root, Spawn};
pub use open::Read;
pub use process::{Environment, Fd, ProcessId, Program, Reaction, STDERR, STDIN, STDOUT, Signal, Step, Wait};
pub use sys::{Mode, Sys};
