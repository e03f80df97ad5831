//! CertificateSubjectRestriction: nobody gets a client certificate that says `system:masters`.
//! Real Kubernetes: plugin/pkg/admission/certificates/subjectrestriction.

use super::Plugin;
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::subject;
use crate::api::user::MASTERS;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::new("CertificateSubjectRestriction") };

const SIGNER: &str = "kubernetes.io/kube-apiserver-client";

fn validate(_: &mut ApiServer, o: &Object, old: Option<&Object>, _: &mut Caller<'_>) -> Result<(), Status> {
    let request = o.get::<CertificateSigningRequest>().filter(|c| old.is_none() && c.spec.signer_name == SIGNER);
    let Some(request) = request else { return Ok(()) };
    if !subject(request).organizations.iter().any(|o| o == MASTERS) {
        return Ok(());
    }
    let why = format!("use of {SIGNER} signer with {MASTERS} group is not allowed");
    Err(Status::forbidden(o.kind(), o.name(), &why))
}
