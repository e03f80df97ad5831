//! ValidatingAdmissionWebhook: any of them may refuse what is written.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go, which asks them all at once; the first that is
//! heard refuses. Here it is the first in their order.

use super::{Failed, call, hooks};
use crate::api::object::Key;
use crate::api::{Object, Status};
use crate::apiserver::admission::request::Request;
use crate::apiserver::admission::{Ask, Plugin};
use crate::apiserver::{ApiServer, Caller};

pub const PLUGIN: Plugin = Plugin { status: true, validate, delete, ask, ..Plugin::new("ValidatingAdmissionWebhook") };

fn nobody(api: &ApiServer) -> bool {
    hooks::validating(api).next().is_none()
}

fn validate(api: &mut ApiServer, o: &Object, old: Option<&Object>, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) || hooks::is_exempt(o.kind()) {
        return Ok(());
    }
    judge(&Request::of_write(api, who, o, old), who)
}

fn ask(api: &ApiServer, asked: &Ask<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) { Ok(()) } else { judge(&Request::of_ask(api, who, asked), who) }
}

fn delete(api: &ApiServer, key: &Key, who: &mut Caller<'_>) -> Result<(), Status> {
    if nobody(api) || hooks::is_exempt(key.kind) {
        return Ok(());
    }
    Request::of_delete(api, who, key).map_or(Ok(()), |r| judge(&r, who))
}

fn judge(r: &Request<'_>, who: &mut Caller<'_>) -> Result<(), Status> {
    let mut relevant = vec![];
    for hook in hooks::validating(r.api) {
        if let Some(kind) = hook.wants(r)? {
            relevant.push((hook, kind));
        }
    }
    let mut first = Ok(());
    for (i, (hook, kind)) in relevant.iter().enumerate() {
        let done = match call(r, hook, *kind, false, who) {
            Err(Failed::Calling(_)) if hook.ignores_failures() => {
                let key = format!("failed-open.validating.webhook.admission.k8s.io/round_0_index_{i}");
                who.annotate(key, hook.webhook.name.into());
                Ok(())
            }
            Err(failed) => Err(failed.status(hook)),
            Ok(_) => Ok(()),
        };
        first = first.and(done);
    }
    first
}
