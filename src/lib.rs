//! kubetutor: a whole Kubernetes cluster in one program, that tells what it does and why.
//! ARCHITECTURE.md shows the rooms and the way of a command through them.

pub mod api;
pub mod apiserver;
pub mod ledger;
pub mod store;
pub mod client;
pub mod world;
pub mod runtime;
pub mod kubelet;
pub mod controllers;
pub mod scheduler;
pub mod cluster;
pub mod network;
pub mod kubectl;
pub mod edge;
pub mod explain;
pub mod prompt;
pub mod lessons;
pub mod shell;
