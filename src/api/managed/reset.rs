//! What the strategies of the built-in kinds reset, whatever a request says: a write of the object its status, a write
//! of the status its spec.
//!
//! Real Kubernetes: `GetResetFields` in pkg/registry/*/*/strategy.go.

use super::filter::Filter;
use crate::api::kind::{KindRef, Subresource};

/// Kinds whose metadata a write of the status doesn't touch either.
const STATUS_ALONE: &[(&str, &str)] = &[
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("apiregistration.k8s.io", "APIService"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("resource.k8s.io", "ResourceClaim"),
    ("storage.k8s.io", "VolumeAttachment"),
];

pub(super) fn filter(kind: KindRef, subresource: Option<Subresource>) -> Filter {
    let id = (kind.group(), kind.name());
    let has_status = kind.subresources().contains(&Subresource::Status);
    match (subresource, id) {
        (None, ("certificates.k8s.io", "CertificateSigningRequest")) => Filter::without(&[&["spec"], &["status"]]),
        (None, _) if has_status => Filter::without(&[&["status"]]),
        (Some(Subresource::Finalize), ("", "Namespace")) => Filter::without(&[&["status"]]),
        (Some(Subresource::Approval), _) => Filter::without(&[&["spec"], &["status", "certificate"]]),
        (Some(Subresource::Status), id) => match id {
            ("certificates.k8s.io", "CertificateSigningRequest") => {
                Filter::without(&[&["spec"], &["status", "conditions"]])
            }
            ("apps", "Deployment") => Filter::without(&[&["spec"], &["metadata", "labels"]]),
            ("", "Pod") => {
                Filter::without(&[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]])
            }
            id if STATUS_ALONE.contains(&id) => Filter::without(&[&["metadata"], &["spec"]]),
            _ => Filter::without(&[&["spec"]]),
        },
        _ => Filter::All,
    }
}
