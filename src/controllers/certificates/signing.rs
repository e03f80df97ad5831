//! Signs what was approved.
//! Real Kubernetes: pkg/controller/certificates/signer, which runs once for each signer.

use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::CertificateSigningRequestCondition;

use super::decision::{Decided, What};
use super::{Requests, rules};
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{self as requests, APPROVED, DENIED, FAILED, certificate, has};
use crate::api::pki::Terms;
use crate::api::{Duration, Key, Reason, Status, Time, pem, unless_gone};
use crate::client::controller::Enqueue;
use crate::client::{Action, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;

/// A year: `--cluster-signing-duration` of kube-controller-manager.
const LONGEST: Duration = Duration::from_secs(8_760 * 3_600);
const SHORTEST: Duration = Duration::from_secs(600);
/// Certificates begin a while ago: clocks may differ.
const BACKDATE: Duration = Duration::from_secs(300);
/// What lasts shorter than this lasts as long as was asked, counted from now.
const SHORT: Duration = Duration::from_secs(8 * 3_600);

#[derive(Clone, Default)]
pub struct Signing {
    requests: Requests,
}

impl Reconciler for Signing {
    type Primary = CertificateSigningRequest;
    const NAME: &'static str = "csrsigning";
    const USER: &'static str = "certificate-controller";

    fn watches() -> Vec<Scope> {
        super::watched()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.requests, c);
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(r) = self.requests.by_key(key) else { return Ok(Action::done()) };
        if !has(r, APPROVED) || has(r, DENIED) || has(r, FAILED) || certificate(r).is_some() {
            return Ok(Action::done());
        }
        let usages = r.spec.usages.clone().unwrap_or_default();
        let signer = r.spec.signer_name.clone();
        let Ok(wish) = requests::wish(r) else { return Ok(Action::done()) };
        let decided = |what| Decided { request: key.clone(), what };
        match rules::judge(&signer, &wish, &usages) {
            // Somebody else signs these.
            None => return Ok(Action::done()),
            Some(Err(why)) => {
                ctx.decide(decided(What::Refused { signer, why: why.clone() }));
                let now = ctx.now().meta();
                let failed = CertificateSigningRequestCondition {
                    type_: FAILED.into(),
                    status: "True".into(),
                    reason: Some("SignerValidationFailure".into()),
                    message: Some(why),
                    last_update_time: Some(now),
                    ..CertificateSigningRequestCondition::default()
                };
                let mut new = r.clone();
                new.status.get_or_insert_default().conditions.get_or_insert_default().push(failed);
                unless_gone(ctx.api::<CertificateSigningRequest>().update_status(new))?;
                return Ok(Action::done());
            }
            Some(Ok(())) => {}
        }
        let asked = pem::blocks(&r.spec.request.0).into_iter().next().map(|b| b.bytes).unwrap_or_default();
        let lasts = lasts(r.spec.expiration_seconds);
        let signed = ctx.authority().and_then(|a| {
            let (key_usage, extended) = rules::usages(&usages)?;
            let (not_before, not_after) = validity(lasts, ctx.now(), a.ends());
            Ok((a.sign(&asked, &Terms { not_before, not_after, key_usage, extended })?, not_after))
        });
        let (certificate, until) = match signed {
            Ok(signed) => signed,
            Err(why) => {
                ctx.decide(decided(What::NotSigned { why: why.clone() }));
                return Err(Status::new(Reason::Unknown, format!("error auto signing csr: {why}")));
            }
        };
        let user = wish.common_name.last().cloned().unwrap_or_default();
        ctx.decide(decided(What::Signed { signer, user, groups: wish.organization.clone(), until }));
        let mut new = r.clone();
        new.status.get_or_insert_default().certificate = Some(ByteString(certificate.into_bytes()));
        unless_gone(ctx.api::<CertificateSigningRequest>().update_status(new))?;
        Ok(Action::done())
    }
}

/// How long the certificate holds.
fn lasts(asked: Option<i32>) -> Duration {
    let asked = asked.map(|s| Duration::from_secs(u64::try_from(s).unwrap_or(0)));
    asked.map_or(LONGEST, |d| d.clamp(SHORTEST, LONGEST))
}

fn validity(lasts: Duration, now: Time, authority_ends: Time) -> (Time, Time) {
    let from = Time::from_nanos(now.nanos().saturating_sub(u64::try_from(BACKDATE.as_nanos()).unwrap_or(0)));
    let until = if lasts < SHORT { now + lasts } else { from + lasts };
    (from, until.min(authority_ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_lasts_a_year_or_as_asked_but_not_longer_than_its_authority() {
        let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
        assert_eq!([lasts(None), lasts(Some(60)), lasts(Some(i32::MAX))], [LONGEST, SHORTEST, LONGEST]);
        let (now, end) = (Time::ZERO + day, Time::ZERO + 100 * day);
        assert_eq!(validity(hour, now, end), (now - BACKDATE, now + hour));
        assert_eq!(validity(day, now, end), (now - BACKDATE, now + day - BACKDATE));
        assert_eq!(validity(LONGEST, now, end).1, end);
    }
}
