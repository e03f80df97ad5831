//! MutatingAdmissionWebhook and ValidatingAdmissionWebhook: others may complete or refuse what is written.
//!
//! [`hooks`] lists the webhooks and tells which are asked; [`mutating`] lets them change what is written and [`validating`] refuse it;
//! [`calling`] asks one, [`review`] holds question and answer, [`reply`] reads what came over the wire. What a failure to reach one
//! means, its policy says; which were asked, the request's record.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook.

pub mod calling;
mod hooks;
mod mutating;
pub mod reply;
mod review;
#[cfg(test)]
mod tests;
mod validating;

pub use mutating::PLUGIN as MUTATING;
pub use validating::PLUGIN as VALIDATING;

use serde_json::Value;

use super::request::Request;
use crate::api::{KindRef, Status};
use crate::apiserver::Caller;
use crate::apiserver::caller::new_uid;
use hooks::Hook;

/// How a call can fail.
enum Failed {
    /// The webhook was not heard, or not understood.
    Calling(String),
    Refused(Box<Status>),
}

impl Failed {
    /// What a request is answered that fails with the call.
    fn status(self, hook: &Hook<'_>) -> Status {
        match self {
            Failed::Calling(why) => Status::internal(&format!("failed calling webhook {:?}: {why}", hook.webhook.name)),
            Failed::Refused(status) => *status,
        }
    }
}

/// Calls a webhook; gives the operations of the patch that it wants to see applied.
fn call(
    r: &Request<'_>,
    hook: &Hook<'_>,
    kind: KindRef,
    mutating: bool,
    who: &mut Caller<'_>,
) -> Result<Vec<Value>, Failed> {
    let webhook = &hook.webhook;
    if r.dry_run && !matches!(webhook.side_effects, "None" | "NoneOnDryRun") {
        let why = format!("admission webhook {:?} does not support dry run", webhook.name);
        return Err(Failed::Refused(Box::new(Status::bad_request(why))));
    }
    let Some(version) = review::Version::first_of(webhook.review_versions) else {
        let why = "webhook does not accept known AdmissionReview versions (v1, v1beta1)";
        return Err(Failed::Calling(format!("could not create admission objects: {why}")));
    };
    let uid = new_uid(who.chance);
    let question = review::question(&uid, version, r, kind);
    let heard = calling::call(r.api, webhook, &question).and_then(|reply| reply::read(&reply, version));
    let heard = heard.map_err(|why| Failed::Calling(format!("failed to call webhook: {why}")))?;
    let answer = review::verified(&heard, webhook.name, &uid, version, mutating)
        .map_err(|why| Failed::Calling(format!("received invalid webhook response: {why}")))?;
    for (key, text) in answer.annotations {
        who.annotate(format!("{}/{key}", webhook.name), text);
    }
    who.warnings.extend(answer.warnings.into_iter().filter(|w| !w.is_empty()));
    match answer.refusal {
        Some(status) => Err(Failed::Refused(status)),
        None => review::operations(answer.patch.as_ref()).map_err(Failed::Calling),
    }
}
