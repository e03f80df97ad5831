//! Removes requests that are of no more use: every hour all of them are looked at.
//! Real Kubernetes: pkg/controller/certificates/cleaner.

use super::Requests;
use super::decision::{Decided, Outlived, What};
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{APPROVED, DENIED, certificate, conditions};
use crate::api::{Duration, Key, Status, Time, pki, unless_gone};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::{Action, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Clone, Default)]
pub struct Cleaning {
    requests: Requests,
}

impl Reconciler for Cleaning {
    type Primary = CertificateSigningRequest;
    const NAME: &'static str = "csrcleaner";
    const USER: &'static str = "certificate-controller";

    fn watches() -> Vec<Scope> {
        super::watched()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.requests, c);
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(r) = self.requests.by_key(key) else { return Ok(Action::done()) };
        let Some(why) = outlived(r, ctx.now()) else { return Ok(Action::quietly_after(HOUR)) };
        ctx.decide(Decided { request: key.clone(), what: What::Removed(why) });
        unless_gone(ctx.api::<CertificateSigningRequest>().delete("", &key.name, DeleteOptions::default()))?;
        Ok(Action::done())
    }
}

fn outlived(r: &CertificateSigningRequest, now: Time) -> Option<Outlived> {
    let conditions = conditions(r);
    let since = |condition: &str| {
        let c = conditions.iter().find(|c| c.type_ == condition)?;
        c.last_update_time.as_ref().map(|t| now.since(Time::from_meta(t)))
    };
    let issued = certificate(r).filter(|_| since(APPROVED).is_some());
    let made = r.metadata.creation_timestamp.as_ref().map(|t| now.since(Time::from_meta(t)));
    match issued {
        Some(c) if pki::end_of(c).is_ok_and(|end| now > end) => return Some(Outlived::Expired),
        Some(_) if since(APPROVED) > Some(HOUR) => return Some(Outlived::Issued),
        _ => {}
    }
    if since(DENIED) > Some(HOUR) {
        return Some(Outlived::Denied);
    }
    (conditions.is_empty() && made > Some(DAY)).then_some(Outlived::Pending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_decided_stays_an_hour_and_what_is_not_a_day() {
        let request = |status: serde_json::Value| -> CertificateSigningRequest {
            let metadata = json!({"name": "a", "creationTimestamp": Time::ZERO.rfc3339()});
            let spec = json!({"request": "", "signerName": "a/b"});
            serde_json::from_value(json!({"metadata": metadata, "spec": spec, "status": status})).unwrap()
        };
        let decided = |what: &str| json!({"conditions": [{"type": what, "status": "True", "lastUpdateTime": Time::ZERO.rfc3339()}]});
        let after = |d: Duration| Time::ZERO + d;
        let second = Duration::from_secs(1);
        assert_eq!(outlived(&request(json!({})), after(DAY)), None);
        assert_eq!(outlived(&request(json!({})), after(DAY + second)), Some(Outlived::Pending));
        assert_eq!(outlived(&request(decided(DENIED)), after(HOUR)), None);
        assert_eq!(outlived(&request(decided(DENIED)), after(HOUR + second)), Some(Outlived::Denied));
        // Approved, and nobody has signed it: it waits on.
        assert_eq!(outlived(&request(decided(APPROVED)), after(10 * DAY)), None);
    }
}
