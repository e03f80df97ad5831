//! The network: who gets which address, where packets to a Service go, which names there are, and the way of a packet.
//!
//! Start with [`data_plane`]: it lets a packet walk, from its sender through the rules of nodes to who has the address, and says each
//! step. [`kube_proxy`] tells it where Services lead, [`core_dns`] which names there are, [`policies`] who may talk to whom: components that
//! watch the API. [`services`] is the pure part of that; [`rules`] are the programs of kube-proxy's four modes. [`ipam`] hands out addresses.
//!
//! Deliberately absent: programs and connections (the runtime's), and kubelet; they meet the network through operations. Simplified: only the
//! packet that opens a connection walks.
//!
//! In Kubernetes this is the CNI plugin (bridge, host-local IPAM), kube-proxy, CoreDNS, and netfilter.

pub mod core_dns;
pub mod data_plane;
pub mod decision;
pub mod ipam;
pub mod kube_proxy;
pub mod policies;
pub mod rules;
pub mod services;
mod watching;

pub use data_plane::{DataPlane, Hop, Place, Stop, Way};
