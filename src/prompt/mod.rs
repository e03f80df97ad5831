//! The prompt: `eval(line) → Output`. kubectl lines, time, faults, questions, and nothing that touches a terminal.
//!
//! Start with [`session`]: one learner's cluster, files and history. [`transport`] is kubectl's way to the cluster in
//! process, [`words`] the language of a line, [`builtins`] everything that is not kubectl, [`script`] the format of
//! transcripts (`run --plain`).
//!
//! Deliberately absent: terminals, real files, the wall clock, the environment (`edge/` has them), and the words of the
//! story (`explain/`).
//!
//! Real Kubernetes has no such room: this is the learner's shell.

pub mod builtins;
pub mod filters;
pub mod host;
pub mod line;
pub mod path;
pub mod programs;
pub mod running;
pub mod script;
pub mod session;
pub mod transport;
pub mod waiting;
pub mod why;
pub mod words;

pub use host::MemoryHost;
pub use session::{Output, Pace, Session};
