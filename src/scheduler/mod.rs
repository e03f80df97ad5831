//! The scheduler: finds a node for every pod that has none.
//!
//! Start with [`cycle`], one scheduling cycle; [`framework`] is what plugins see, [`load`] what pods weigh, [`plugins`] the
//! ordered table of them, [`queue`] where pods wait, [`cache`] what is known of nodes, [`known`] of all else, [`special`] what
//! few pods ask for, [`siblings`] from which pods a pod is spread. Where nothing fits, [`preemption`] thinks of making room, and
//! [`nominated`] keeps it; [`promises`] is what a pod waits for that has a node. To add a plugin: write its file, add its name
//! and its line.
//!
//! Deliberately absent: kubelets and controllers. The scheduler writes one field of a pod, its node's name.
//!
//! In Kubernetes this is `pkg/scheduler`.

mod binding;
pub mod cache;
pub mod component;
pub mod cycle;
pub mod decision;
mod failing;
pub mod fitting;
pub mod framework;
pub mod hints;
pub mod inquiry;
pub mod known;
pub mod load;
pub mod nominated;
pub mod notes;
pub mod plugins;
pub mod preemption;
pub mod promises;
pub mod queue;
pub mod reason;
pub mod siblings;
pub mod special;
#[cfg(test)]
mod tests;

pub use component::Scheduler;
