//! The network: who gets which address, and what kube-proxy would program.
//!
//! Start with [`ipam`] (addresses of pods) and [`proxy`] (Services as rules, as data). Packets do not walk yet: `curl`
//! and DNS belong to a later step, and build on these rules.
//!
//! Deliberately absent: the runtime and kubelet; they meet the network through operations.
//!
//! In Kubernetes this is the CNI plugin (host-local IPAM) and kube-proxy.

pub mod ipam;
pub mod proxy;
