//! certificates.k8s.io/v1 CertificateSigningRequest: columns, what each kind of update may change.
//! Real Kubernetes: pkg/registry/certificates/certificates, pkg/printers/internalversion printCertificateSigningRequest.

mod der;
mod wish;
mod validation;

use k8s_openapi::api::certificates::v1::CertificateSigningRequestCondition;

use super::CertificateSigningRequest;
use crate::api::kind::{Kind, Subresource};
use crate::api::table::{Cell, Column};
use crate::api::time::{Duration, Time, human};
use crate::api::{names, pem};

pub use der::Subject;
pub use wish::{Wish, wish};
pub use validation::{validate_approval_update, validate_status_update, validate_update};

pub static KIND: Kind<CertificateSigningRequest> = Kind {
    short_names: &["csr"],
    namespaced: false,
    subresources: &[Subresource::Approval, Subresource::Status],
    name_rule: names::path_segment,
    prepare_create,
    prepare_update: |new, old| {
        new.spec.clone_from(&old.spec);
        new.status.clone_from(&old.status);
    },
    prepare_status,
    validate: validation::validate_create,
    validate_update,
    update_judges_alone: true,
    validate_status: validate_status_update,
    columns: &[
        Column::name(),
        Column::age(),
        Column::text("SignerName", "Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it's a kubelet client certificate, it is assigned\n    \"kubernetes.io/kube-apiserver-client-kubelet\".\n 2. If it's a kubelet serving certificate, it is assigned\n    \"kubernetes.io/kubelet-serving\".\n 3. Otherwise, it is assigned \"kubernetes.io/legacy-unknown\".\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.", |c, _| Cell::from(or_none(&c.spec.signer_name))),
        Column::text("Requestor", "Base64-encoded PKCS#10 CSR data", |c, _| Cell::from(c.spec.username.as_deref().unwrap_or(""))),
        Column::text("RequestedDuration", "expirationSeconds is the requested duration of validity of the issued certificate. The certificate signer may issue a certificate with a different validity duration so a client must check the delta between the notBefore and and notAfter fields in the issued certificate to determine the actual duration.\n\nThe v1.22+ in-tree implementations of the well-known Kubernetes signers will honor this field as long as the requested duration is not greater than the maximum duration they will honor per the --cluster-signing-duration CLI flag to the Kubernetes controller manager.\n\nCertificate signers may not honor this field for various reasons:\n\n  1. Old signer that is unaware of the field (such as the in-tree\n     implementations prior to v1.22)\n  2. Signer whose configured maximum is shorter than the requested duration\n  3. Signer whose configured minimum is longer than the requested duration\n\nThe minimum valid value for expirationSeconds is 600, i.e. 10 minutes.", |c, _| Cell::from(duration(c))),
        Column::text("Condition", "Conditions applied to the request, such as approval or denial.", |c, _| Cell::from(condition(c))),
    ],
    selectable: &["spec.signerName"],
    field: |c, _| Some(c.spec.signer_name.clone()),
    ..Kind::new(("certificates.k8s.io", "v1"), "CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest")
};

pub const APPROVED: &str = "Approved";
pub const DENIED: &str = "Denied";
pub const FAILED: &str = "Failed";

fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

fn duration(c: &CertificateSigningRequest) -> String {
    match c.spec.expiration_seconds {
        Some(seconds) => human(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))),
        None => "<none>".into(),
    }
}

pub fn conditions(c: &CertificateSigningRequest) -> &[CertificateSigningRequestCondition] {
    c.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default()
}

pub fn has(c: &CertificateSigningRequest, kind: &str) -> bool {
    conditions(c).iter().any(|c| c.type_ == kind)
}

/// What was issued, if anything was.
pub fn certificate(c: &CertificateSigningRequest) -> Option<&[u8]> {
    let issued = c.status.as_ref().and_then(|s| s.certificate.as_ref());
    issued.map(|b| b.0.as_slice()).filter(|c| !c.is_empty())
}

/// `Approved,Issued`
pub fn condition(c: &CertificateSigningRequest) -> String {
    let decided = match (has(c, DENIED), has(c, APPROVED)) {
        (true, _) => "Denied",
        (_, true) => "Approved",
        _ => "Pending",
    };
    let failed = if has(c, FAILED) { ",Failed" } else { "" };
    let issued = if certificate(c).is_some() { ",Issued" } else { "" };
    format!("{decided}{failed}{issued}")
}

/// Who asks is for the server to say, and nobody approves a request by making it.
fn prepare_create(c: &mut CertificateSigningRequest) {
    c.spec.username = None;
    c.spec.uid = None;
    c.spec.groups = None;
    c.spec.extra = None;
    c.status = Some(Default::default());
}

/// An update of the status leaves alone what is decided through `approval`.
fn prepare_status(new: &mut CertificateSigningRequest, old: &CertificateSigningRequest) {
    new.spec.clone_from(&old.spec);
    let Some(list) = new.status.as_mut().and_then(|s| s.conditions.as_mut()) else { return };
    for kind in [APPROVED, DENIED] {
        let before: Vec<_> = conditions(old).iter().filter(|c| c.type_ == kind).collect();
        let after: Vec<_> = list.iter_mut().filter(|c| c.type_ == kind).collect();
        if before.len() == after.len() {
            after.into_iter().zip(before).for_each(|(a, b)| a.clone_from(b));
        }
    }
}

/// An update through `approval` changes nothing but conditions.
pub fn prepare_approval(new: &mut CertificateSigningRequest, old: &CertificateSigningRequest, now: Time) {
    stamp_conditions(new, old, now);
    let decided = new.status.take().and_then(|s| s.conditions);
    new.spec.clone_from(&old.spec);
    new.status.clone_from(&old.status);
    new.status.get_or_insert_default().conditions = decided;
}

/// Conditions without times get them: that of the update is now, that of the transition is kept where the status is.
pub fn stamp_conditions(new: &mut CertificateSigningRequest, old: &CertificateSigningRequest, now: Time) {
    for c in new.status.iter_mut().flat_map(|s| s.conditions.iter_mut().flatten()) {
        c.last_update_time.get_or_insert_with(|| now.meta());
        if c.last_transition_time.is_none() {
            let same = |b: &&CertificateSigningRequestCondition| b.type_ == c.type_ && b.status == c.status;
            let before = conditions(old).iter().filter(same).find_map(|b| b.last_transition_time.clone());
            c.last_transition_time = Some(before.unwrap_or_else(|| now.meta()));
        }
    }
}

/// Whom the certificate that is asked for shall name.
pub fn subject(c: &CertificateSigningRequest) -> Subject {
    pem::blocks(&c.spec.request.0).first().map(|b| der::subject(&b.bytes)).unwrap_or_default()
}
