//! What a request for a certificate says of its maker and of those who decide about it is for the server to say.
//! Real Kubernetes: pkg/registry/certificates/certificates/strategy.go.

use crate::api::field::FieldErrors;
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{self as requests, validate_approval_update};
use crate::api::{Object, Time, User};

/// Notes who makes the request.
pub fn stamp_requester(o: &mut Object, user: &User) {
    if o.get::<CertificateSigningRequest>().is_none() {
        return;
    }
    let Some(request) = o.get_mut::<CertificateSigningRequest>() else { return };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let groups: Vec<String> = user.groups.iter().map(ToString::to_string).collect();
    request.spec.username = some(&user.name);
    request.spec.uid = some(&user.uid);
    request.spec.groups = (!groups.is_empty()).then_some(groups);
    request.spec.extra = (!user.extra.is_empty()).then(|| user.extra.clone());
}

/// Conditions that come by an update of the status get their times.
pub fn stamp_status(new: &mut Object, old: &Object, now: Time) {
    let Some(before) = old.get::<CertificateSigningRequest>() else { return };
    if let Some(request) = new.get_mut::<CertificateSigningRequest>() {
        requests::stamp_conditions(request, before, now);
    }
}

pub fn prepare_approval(new: &mut Object, old: &Object, now: Time) {
    let Some(before) = old.get::<CertificateSigningRequest>() else { return };
    if let Some(request) = new.get_mut::<CertificateSigningRequest>() {
        requests::prepare_approval(request, before, now);
    }
}

pub fn validate_approval(new: &Object, old: &Object, errors: &mut FieldErrors) {
    if let (Some(new), Some(old)) = (new.get::<CertificateSigningRequest>(), old.get::<CertificateSigningRequest>()) {
        validate_approval_update(new, old, errors);
    }
}
