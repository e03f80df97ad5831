//! Requests for certificates: those of kubelets are approved by themselves, approved ones are signed, old ones are removed.
//!
//! [`approving`], [`signing`] and [`cleaning`] are a controller each; [`rules`] is what a signer takes.
//! Real Kubernetes: pkg/controller/certificates.

pub mod approving;
pub mod cleaning;
mod decision;
mod rules;
pub mod signing;

use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{APPROVED, DENIED, FAILED};

fn has(request: &CertificateSigningRequest, condition: &str) -> bool {
    let all = request.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    all.iter().any(|c| c.type_ == condition)
}

/// Approved, and nobody has denied it.
fn is_approved(request: &CertificateSigningRequest) -> bool {
    has(request, APPROVED) && !has(request, DENIED)
}

fn is_decided(request: &CertificateSigningRequest) -> bool {
    has(request, APPROVED) || has(request, DENIED)
}

fn has_failed(request: &CertificateSigningRequest) -> bool {
    has(request, FAILED)
}

fn certificate(request: &CertificateSigningRequest) -> Option<&[u8]> {
    let c = request.status.as_ref().and_then(|s| s.certificate.as_ref());
    c.map(|b| b.0.as_slice()).filter(|c| !c.is_empty())
}
