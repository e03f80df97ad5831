//! Requests for certificates: those of kubelets are approved by themselves, approved ones are signed, old ones are removed.
//!
//! [`approving`], [`signing`] and [`cleaning`] are a controller each; [`rules`] is what a signer takes.
//! Real Kubernetes: pkg/controller/certificates.

pub mod approving;
pub mod cleaning;
mod decision;
mod rules;
pub mod signing;

use crate::api::Resource;
use crate::api::kinds::CertificateSigningRequest;
use crate::client::Cache;
use crate::store::Scope;

/// The requests that a controller has been told of: all three look at each one that is made or changed.
type Requests = Cache<CertificateSigningRequest>;

fn watched() -> Vec<Scope> {
    vec![Scope::all(CertificateSigningRequest::kind_ref())]
}
