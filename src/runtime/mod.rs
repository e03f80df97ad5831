//! The simulated container runtime: sandboxes, images, containers, and the programs that run in them.
//!
//! Start with [`simulated`], which answers the calls that kubelet makes; [`exec`] is what reaches into a running
//! [`container`]: commands and probes; [`web`] what a server answers; [`meter`] how much CPU it uses. An image is an entry of a [`catalogue`]
//! (data, not code); what runs in a container is a [`process`]: a server, a sleep, or a script that the small
//! POSIX [`shell`] interprets in virtual time, so that `sleep 2; exit 1` takes two seconds of the cluster.
//!
//! Deliberately absent: pods, probes and restarts (kubelet's), addresses (the network's), and any real process.
//!
//! In Kubernetes this is containerd behind the Container Runtime Interface (CRI).

pub mod catalogue;
pub mod container;
pub mod exec;
pub mod files;
pub mod meter;
pub mod process;
pub mod programs;
pub mod shell;
pub mod simulated;
pub mod web;

pub use catalogue::Catalogue;
pub use simulated::Simulated;
