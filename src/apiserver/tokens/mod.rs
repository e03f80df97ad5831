//! Tokens of service accounts: asked for with the `token` subresource, signed here, and recognized again.
//!
//! [`request`] makes them, [`review`] says whose they are, [`volume`] is for those in pods, [`legacy`] for those in Secrets, [`signing`] holds the key, of which [`discovery`] shows the public half.
//! Real Kubernetes: pkg/serviceaccount, pkg/registry/core/serviceaccount/storage/token.go.

pub mod discovery;
pub mod legacy;
pub mod request;
pub mod review;
pub mod signing;
pub mod volume;

/// Who makes tokens, and whom they are for if nobody else is named: `--service-account-issuer` of kube-apiserver.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// What a token is called in records and reviews.
fn credential(id: &str) -> String {
    format!("JTI={id}")
}

#[cfg(test)]
mod tests;
