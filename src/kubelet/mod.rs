//! The kubelets of all nodes, as one component: pod workers, images, probes, leases, node status.
//!
//! Start with [`fleet`], which sorts events to nodes and pods, and go on in the order of a pod's life: [`seeing`],
//! [`syncing`], [`starting`], [`probing`], [`ending`]; [`worker`] is what is known of one pod; [`spec`] makes of a
//! container's definition what the runtime is asked to run, its variables by [`environment`] and [`service_links`];
//! [`status`] makes the pod's status out of what the runtime says; [`Backoff`](crate::client::Backoff) is why a crashing container waits. A
//! container that has died is seen at the next relist of the pod lifecycle event generator, and the status is written
//! at the *start* of a sync, from what the sync before left behind: both as in the real kubelet, so the moments at
//! which `Error` and `CrashLoopBackOff` show are the real ones.
//!
//! [`pulling`] lets images come one after another, and `node_network` begins when the node has its range of addresses; `node_events` is what
//! a kubelet says of its node.
//!
//! [`static_pods`] are those that lie as files on the node, the control plane's among them; [`power`], [`pressure`] with [`eviction`], `parting`, and
//! `hanging` are what a node or a program may suffer.
//!
//! Deliberately absent: containers (the runtime's; they are reached by operations) and addresses (the network's).
//!
//! In Kubernetes this is `pkg/kubelet`, one process a node.

mod deadline;
pub mod decision;
pub mod ending;
pub mod environment;
pub mod eviction;
pub mod fleet;
mod hanging;
mod hooks;
mod mounting;
pub mod node;
mod node_events;
mod node_network;
pub mod nodes;
mod parting;
pub mod pod_workers;
pub mod power;
pub mod pressure;
pub mod probes;
pub mod probing;
pub mod pulling;
pub mod reporting;
mod resources;
pub mod roles;
pub mod seeing;
pub mod service_links;
pub mod spec;
pub mod starting;
pub mod static_pods;
pub mod status;
pub mod syncing;
mod volumes;
pub mod worker;

pub use fleet::{Fleet, Timing};
pub use reporting::NodeConfig;
pub use static_pods::StaticPod;

#[cfg(test)]
mod tests;
