//! CertificateApproval: whoever decides about a request for a certificate must be allowed to for its signer.
//! Real Kubernetes: plugin/pkg/admission/certificates/approval, pkg/apis/certificates authorization.IsAuthorizedForSignerName.

use super::Plugin;
use crate::api::kind::Subresource;
use crate::api::kinds::CertificateSigningRequest;
use crate::api::{Object, Status};
use crate::apiserver::authorization::Attributes;
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("CertificateApproval") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if who.subresource != Some(Subresource::Approval) {
        return Ok(());
    }
    let Some(before) = old.and_then(|o| o.get::<CertificateSigningRequest>()) else { return Ok(()) };
    let signer = &before.spec.signer_name;
    if may(api, who, "approve", signer) {
        return Ok(());
    }
    let why = format!("user not permitted to approve requests with signerName {signer:?}");
    Err(Status::forbidden(o.kind(), o.name(), &why))
}

/// Whether the caller may do that for a signer, or for all of its domain.
pub fn may(api: &ApiServer, who: &Caller<'_>, verb: &str, signer: &str) -> bool {
    let all = format!("{}/*", signer.split('/').next().unwrap_or(""));
    [signer, &all].into_iter().any(|name| {
        let wish =
            Attributes { verb, group: "certificates.k8s.io", resource: "signers", name, ..Attributes::default() };
        api.judge(who.user, &wish).allowed
    })
}
