//! kubetutor: a whole Kubernetes cluster in one program, that tells what it does and why.
//! ARCHITECTURE.md shows the rooms and the way of a command through them.

pub mod api;
pub mod apiserver;
pub mod ledger;
pub mod store;
