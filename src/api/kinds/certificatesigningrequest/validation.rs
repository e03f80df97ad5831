//! What a request for a certificate may say, and what may change of it on each of the three ways.
//! Real Kubernetes: pkg/apis/certificates/validation.

use std::collections::BTreeSet;

use k8s_openapi::api::certificates::v1::CertificateSigningRequestCondition;

use super::{APPROVED, CertificateSigningRequest, DENIED, FAILED, certificate, conditions, der, has};
use crate::api::field::{FieldErrors, Path};
use crate::api::{names, pem};

/// In the alphabet's order.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

/// What is tolerated because the object had it before.
#[derive(Default)]
struct Tolerance {
    both_decisions: bool,
    duplicate_conditions: bool,
    unnamed_conditions: bool,
    any_certificate: bool,
}

impl Tolerance {
    fn of(new: &CertificateSigningRequest, old: &CertificateSigningRequest) -> Tolerance {
        let types: Vec<&str> = conditions(old).iter().map(|c| c.type_.as_str()).collect();
        Tolerance {
            both_decisions: has(old, APPROVED) && has(old, DENIED),
            duplicate_conditions: types.iter().collect::<BTreeSet<_>>().len() < types.len(),
            unnamed_conditions: types.contains(&""),
            any_certificate: certificate(new) == certificate(old) || certificate_fault(old).is_some(),
        }
    }
}

pub fn validate_create(c: &CertificateSigningRequest, errors: &mut FieldErrors) {
    validate(c, &Tolerance::default(), errors);
}

/// An update of the object itself.
pub fn validate_update(new: &CertificateSigningRequest, old: &CertificateSigningRequest, errors: &mut FieldErrors) {
    names::validate_meta(&new.metadata, false, names::path_segment, errors);
    validate(new, &Tolerance::of(new, old), errors);
    nothing_decided_is_gone(new, old, errors);
    nothing_is_decided(new, old, errors);
    if certificate(new) != certificate(old) {
        errors.forbidden(&Path::new("status").child("certificate"), "updates may not set certificate content");
    }
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
}

/// An update of the status: signers put the certificate there, once.
pub fn validate_status_update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    errors: &mut FieldErrors,
) {
    validate(new, &Tolerance::of(new, old), errors);
    nothing_decided_is_gone(new, old, errors);
    nothing_is_decided(new, old, errors);
    if certificate(old).is_some_and(|c| certificate(new) != Some(c)) {
        let why = "updates may not modify existing certificate content";
        errors.forbidden(&Path::new("status").child("certificate"), why);
    }
}

/// An update through `approval`: the decision.
pub fn validate_approval_update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    errors: &mut FieldErrors,
) {
    names::validate_meta(&new.metadata, false, names::path_segment, errors);
    validate(new, &Tolerance::of(new, old), errors);
    nothing_decided_is_gone(new, old, errors);
    if certificate(new) != certificate(old) {
        errors.forbidden(&Path::new("status").child("certificate"), "updates may not set certificate content");
    }
    names::validate_meta_update(&new.metadata, &old.metadata, errors);
}

fn count(c: &CertificateSigningRequest, kind: &str) -> usize {
    conditions(c).iter().filter(|c| c.type_ == kind).count()
}

fn nothing_decided_is_gone(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    errors: &mut FieldErrors,
) {
    for kind in [APPROVED, DENIED, FAILED].into_iter().filter(|k| count(new, k) < count(old, k)) {
        let why = format!("updates may not remove a condition of type {kind:?}");
        errors.forbidden(&Path::new("status").child("conditions"), why);
    }
}

/// (Nothing changes of a decision either: where as many are left, they were put back.)
fn nothing_is_decided(new: &CertificateSigningRequest, old: &CertificateSigningRequest, errors: &mut FieldErrors) {
    for kind in [APPROVED, DENIED].into_iter().filter(|k| count(new, k) > count(old, k)) {
        let why = format!("updates may not add a condition of type {kind:?}");
        errors.forbidden(&Path::new("status").child("conditions"), why);
    }
}

fn validate(c: &CertificateSigningRequest, tolerated: &Tolerance, errors: &mut FieldErrors) {
    let at = Path::new("spec");
    let spec = &c.spec;
    if let Some(why) = request_fault(&spec.request.0) {
        // Bytes that are not there are shown as none.
        let shown = (!spec.request.0.is_empty()).then(|| serde_json::to_value(&spec.request).unwrap_or_default());
        errors.invalid(&at.child("request"), shown.unwrap_or_default(), why);
    }
    let usages = spec.usages.as_deref().unwrap_or_default();
    let usages_at = at.child("usages");
    if usages.is_empty() {
        errors.required(&usages_at, "");
    }
    for (i, usage) in usages.iter().enumerate() {
        errors.one_of(&usages_at.index(i), usage, &USAGES);
    }
    for (i, usage) in usages.iter().enumerate().filter(|(i, usage)| usages[..*i].contains(usage)) {
        errors.duplicate(&usages_at.index(i), usage.as_str());
    }
    let signer_at = at.child("signerName");
    if spec.signer_name == "kubernetes.io/legacy-unknown" {
        let why = "the legacy signerName is not allowed via this API version";
        errors.invalid(&signer_at, spec.signer_name.as_str(), why);
    } else {
        names::validate_signer(&spec.signer_name, &signer_at, errors);
    }
    if let Some(seconds) = spec.expiration_seconds.filter(|s| *s < 600) {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.invalid(&at.child("expirationSeconds"), seconds, why);
    }
    let status = Path::new("status");
    validate_conditions(conditions(c), tolerated, &status.child("conditions"), errors);
    if !tolerated.any_certificate
        && let Some(why) = certificate_fault(c)
    {
        errors.invalid(&status.child("certificate"), "<certificate data>", why);
    }
}

pub(super) fn request_fault(request: &[u8]) -> Option<String> {
    match pem::blocks(request).first() {
        Some(block) if block.label == "CERTIFICATE REQUEST" => der::request_fault(&block.bytes),
        _ => Some("PEM block type must be CERTIFICATE REQUEST".into()),
    }
}

fn certificate_fault(c: &CertificateSigningRequest) -> Option<String> {
    let blocks = pem::blocks(certificate(c)?);
    if blocks.is_empty() {
        return Some("must contain at least one CERTIFICATE PEM block".into());
    }
    blocks.iter().find_map(|b| match b.label.as_str() {
        "CERTIFICATE" if b.has_headers => Some("no PEM block headers are permitted".into()),
        "CERTIFICATE" if b.bytes.is_empty() => Some("found CERTIFICATE PEM block containing 0 certificates".into()),
        "CERTIFICATE" => der::certificates_fault(&b.bytes).map(Into::into),
        other => Some(format!("only CERTIFICATE PEM blocks are allowed, found {other:?}")),
    })
}

fn validate_conditions(
    list: &[CertificateSigningRequestCondition],
    tolerated: &Tolerance,
    at: &Path<'_>,
    errors: &mut FieldErrors,
) {
    for (i, c) in list.iter().enumerate() {
        let here = at.index(i);
        let kind = c.type_.as_str();
        let before = |kind: &str| list[..i].iter().any(|b| b.type_ == kind);
        if kind.is_empty() && !tolerated.unnamed_conditions {
            errors.required(&here.child("type"), "");
        }
        // A decision is not taken back by saying that it does not hold.
        let supported: &[&str] =
            if matches!(kind, APPROVED | DENIED | FAILED) { &["True"] } else { &["False", "True", "Unknown"] };
        match c.status.as_str() {
            "" => errors.required(&here.child("status"), ""),
            status => errors.one_of(&here.child("status"), status, supported),
        }
        let contrary = match kind {
            APPROVED => before(DENIED),
            DENIED => before(APPROVED),
            _ => false,
        };
        if contrary && !tolerated.both_decisions {
            errors.invalid(at, kind, "Approved and Denied conditions are mutually exclusive");
        }
        if before(kind) && !tolerated.duplicate_conditions {
            errors.duplicate(&here.child("type"), kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Time;
    use serde_json::{Value, json};

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAIwAA==\n-----END CERTIFICATE-----\n";

    /// A request with this status, and one whose spec is all right.
    fn with(status: Value) -> CertificateSigningRequest {
        const REQUEST: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1IRUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWFtRnVaVEJaTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSApBMElBQkkrbENUMEZiQkZoNjBwdlBiR0pPUnVES3E2U2pmTnBIeVREVWVpYWU1dlEzeExmTStDelE1OGI5bzRkClF1cExFU2d2Y0dmR244NHFuNkdueHIyOS8rYWdBREFLQmdncWhrak9QUVFEQWdOSUFEQkZBaUVBb2E3RGpwY04KOEVzSXV5MUdqVVZFc29VTFcxQldzMm1iazdBOUpRR0ZXNGdDSUNLbGg1d2NCQTdwZm9GU1lBWGpSdlFJRlprYgpGWjFJUThRczFTd0VYV2dOCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";
        let spec = json!({"request": REQUEST, "signerName": "example.com/a", "usages": ["client auth"]});
        serde_json::from_value(json!({"metadata": {"name": "a"}, "spec": spec, "status": status})).expect("a request")
    }

    fn condition(kind: &str, status: &str) -> Value {
        json!({"type": kind, "status": status})
    }

    type Judge = fn(&CertificateSigningRequest, &CertificateSigningRequest, &mut FieldErrors);

    fn told(judge: Judge, new: Value, old: Value) -> Vec<String> {
        let mut errors = FieldErrors::default();
        judge(&with(new), &with(old), &mut errors);
        errors.list().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_way_to_update_may_change_its_own_part() {
        let approved = || json!({"conditions": [condition("Approved", "True")]});
        let issued = || json!({"certificate": base64(CERTIFICATE)});
        let nothing: [&str; 0] = [];
        assert_eq!(told(validate_approval_update, approved(), json!({})), nothing);
        assert_eq!(told(validate_status_update, issued(), json!({})), nothing);
        assert_eq!(
            told(validate_status_update, approved(), json!({})),
            ["status.conditions: Forbidden: updates may not add a condition of type \"Approved\""]
        );
        assert_eq!(
            told(validate_approval_update, issued(), json!({})),
            ["status.certificate: Forbidden: updates may not set certificate content"]
        );
        assert_eq!(
            told(validate_approval_update, json!({}), approved()),
            ["status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""]
        );
        assert_eq!(told(validate_status_update, json!({"certificate": base64("x")}), issued()), [
            "status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block",
            "status.certificate: Forbidden: updates may not modify existing certificate content"
        ]);
    }

    #[test]
    fn a_decision_is_one_and_holds() {
        let both = json!({"conditions": [condition("Approved", "False"), condition("Denied", "True")]});
        assert_eq!(told(validate_approval_update, both, json!({})), [
            "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"",
            "status.conditions: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive",
        ]);
    }

    #[test]
    fn a_decision_gets_its_times_and_nothing_else_comes_with_it() {
        let old = with(json!({}));
        let mut new = with(json!({"conditions": [condition("Approved", "True")], "certificate": base64(CERTIFICATE)}));
        new.spec.username = Some("somebody else".into());
        super::super::prepare_approval(&mut new, &old, Time::ZERO);
        assert_eq!(new.spec, old.spec);
        assert_eq!(certificate(&new), None);
        let decided = conditions(&new).first().expect("the decision").clone();
        assert_eq!(decided.last_update_time, Some(Time::ZERO.meta()));
        assert_eq!(decided.last_transition_time, Some(Time::ZERO.meta()));
    }

    fn base64(text: &str) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    }
}
