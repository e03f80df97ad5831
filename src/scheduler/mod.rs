//! The scheduler: finds a node for every pod that has none.
//!
//! Start with [`cycle`], one scheduling cycle; [`framework`] is what plugins see, [`plugins`] the ordered table of them,
//! [`queue`] where pods wait, [`cache`] what is known of nodes, [`siblings`] from which pods a pod is spread. To add a plugin: write its file, add its line.
//!
//! Deliberately absent: kubelets and controllers. The scheduler writes one field of a pod, its node's name.
//!
//! In Kubernetes this is `pkg/scheduler`.

pub mod cache;
pub mod component;
pub mod cycle;
pub mod decision;
pub mod framework;
pub mod plugins;
pub mod queue;
pub mod siblings;
#[cfg(test)]
mod tests;

pub use component::Scheduler;
