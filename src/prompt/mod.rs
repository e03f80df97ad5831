//! The prompt: `eval(line) → Output`. kubectl lines, time, faults, questions, and nothing that touches a terminal.
//!
//! Start with [`session`]: one learner's cluster, files and history. [`desk`] is the learner's own machine with its shell;
//! [`running`] answers what that shell asks: kubectl ([`transport`] is its way to the cluster in process) and
//! [`builtins`], the other words of the prompt, with [`docker`] and [`minikube`] ([`client`] is what these two are made of);
//! [`script`] the format of transcripts (`run --plain`).
//!
//! Deliberately absent: terminals, real files, the wall clock, the environment (`edge/` has them), and the words of the
//! story (`explain/`).
//!
//! Real Kubernetes has no such room: this is the learner's shell.

pub mod builtins;
pub mod client;
pub mod desk;
pub mod docker;
pub mod host;
pub mod minikube;
pub mod path;
pub mod programs;
pub mod running;
pub mod scores;
pub mod script;
pub mod session;
pub mod transport;
pub mod waiting;
pub mod why;
pub mod words;

pub use host::MemoryHost;
pub use session::{Output, Pace, Session};
