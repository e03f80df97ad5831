//! The simulated container runtime: sandboxes, images, containers, and the programs that run in them.
//!
//! Start with [`simulated`], which answers the calls that kubelet makes: [`starting`] makes containers, [`ending`] ends them, [`sessions`] is what reaches
//! into running ones (commands, attaching, connections; [`probing`] for kubelet's probes and hooks, [`grpc`] and [`tls`] what some speak), [`connecting`] lets connections arrive. Programs run in the small
//! operating system of [`kernel`]: a machine for each pod; [`programs`] are what lies in their file trees, [`shell`] the largest of them. An
//! image is an entry of a [`catalogue`] (data, not code) over a [`layers`] of common files, or one that somebody has built
//! ([`building`]); [`stores`] says where it lies. [`web`] is what a server answers,
//! [`meter`] how much CPU a container uses.
//!
//! Deliberately absent: pods, restarts and back-offs (kubelet's), who reaches whom (the network's), and any real process.
//!
//! In Kubernetes this is containerd behind the Container Runtime Interface (CRI), and Linux under it.

pub mod building;
pub mod catalogue;
mod connecting;
pub mod container;
mod ending;
mod grpc;
pub mod kernel;
pub mod layers;
pub mod meter;
mod probing;
pub mod programs;
mod sessions;
pub mod shell;
pub mod simulated;
mod starting;
pub mod stores;
mod tls;
pub mod web;

pub use catalogue::Catalogue;
pub use simulated::Simulated;
