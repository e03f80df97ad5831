//! kubetutor: a whole Kubernetes cluster in one program, that tells what it does and why.
//! ARCHITECTURE.md shows the rooms and the way of a command through them.

pub mod api;
pub mod apiserver;
pub mod client;
pub mod cluster;
pub mod controllers;
pub mod edge;
pub mod explain;
pub mod host;
pub mod kubectl;
pub mod kubelet;
pub mod ledger;
pub mod lessons;
pub mod network;
pub mod prompt;
pub mod runtime;
pub mod scheduler;
pub mod shell;
pub mod store;
pub mod world;
