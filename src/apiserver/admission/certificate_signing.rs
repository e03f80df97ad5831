//! CertificateSigning: whoever issues a certificate must be allowed to sign as its signer.
//! Real Kubernetes: plugin/pkg/admission/certificates/signing.

use super::Plugin;
use super::certificate_approval::may;
use crate::api::kind::Subresource;
use crate::api::kinds::CertificateSigningRequest;
use crate::api::{Object, Status};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, validate, ..Plugin::new("CertificateSigning") };

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if who.subresource != Some(Subresource::Status) {
        return Ok(());
    }
    let Some(new) = o.get::<CertificateSigningRequest>() else { return Ok(()) };
    let Some(before) = old.and_then(|o| o.get::<CertificateSigningRequest>()) else { return Ok(()) };
    let told =
        |c: &CertificateSigningRequest| c.status.clone().map(|s| (s.certificate, s.conditions)).unwrap_or_default();
    let signer = &before.spec.signer_name;
    if told(new) == told(before) || may(api, who, "sign", signer) {
        return Ok(());
    }
    let why = format!("user not permitted to sign requests with signerName {signer:?}");
    Err(Status::forbidden(o.kind(), o.name(), &why))
}
