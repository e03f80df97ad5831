//! Approves what kubelets ask for themselves, if they may.
//! Real Kubernetes: pkg/controller/certificates/approver/sarapprove.go.

use serde_json::{Value, json};

use super::decision::{Decided, What};
use super::{Requests, rules};
use crate::api::kinds::CertificateSigningRequest;
use crate::api::kinds::certificatesigningrequest::{self as requests, APPROVED, DENIED, certificate, has};
use crate::api::request::{Answer, Method, Request};
use crate::api::{Key, Status, unless_gone};
use crate::client::controller::Enqueue;
use crate::client::{Action, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;

/// What one must be allowed to create, and what is noted then.
const SELF: (&str, &str) =
    ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.");
const ANY: (&str, &str) = ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.");

#[derive(Clone, Default)]
pub struct Approving {
    requests: Requests,
}

impl Reconciler for Approving {
    type Primary = CertificateSigningRequest;
    const NAME: &'static str = "csrapproving";
    const USER: &'static str = "certificate-controller";

    fn watches() -> Vec<Scope> {
        super::watched()
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.requests, c);
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(r) = self.requests.by_key(key) else { return Ok(Action::done()) };
        if [APPROVED, DENIED].iter().any(|c| has(r, c)) || certificate(r).is_some() {
            return Ok(Action::done());
        }
        for (may, message) in ways(r) {
            if !allowed(r, may, ctx)? {
                continue;
            }
            let who = r.spec.username.clone().unwrap_or_default();
            ctx.decide(Decided { request: key.clone(), what: What::Approved { who, may } });
            let mut approved = serde_json::to_value(r).map_err(|e| Status::internal(&e.to_string()))?;
            let condition = json!({"type": APPROVED, "status": "True", "reason": "AutoApproved", "message": message});
            approved["status"] = json!({"conditions": [condition]});
            let path = format!("{}/{}/approval", key.kind.collection(""), key.name);
            unless_gone(ctx.request(&Request::new(Method::Put, path).body(approved)))?;
            break;
        }
        Ok(Action::done())
    }
}

/// As what a request may be recognized.
fn ways(r: &CertificateSigningRequest) -> Vec<(&'static str, &'static str)> {
    let Ok(wish) = requests::wish(r) else { return vec![] };
    let usages = r.spec.usages.as_deref().unwrap_or_default();
    if r.spec.signer_name != rules::KUBELET_CLIENT || rules::kubelet_client(&wish, usages).is_err() {
        return vec![];
    }
    let own = r.spec.username.as_deref() == wish.common_name.last().map(String::as_str);
    if own { vec![SELF, ANY] } else { vec![ANY] }
}

fn allowed(r: &CertificateSigningRequest, subresource: &str, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": r.spec.username, "uid": r.spec.uid, "groups": r.spec.groups, "extra": r.spec.extra,
            "resourceAttributes": {"group": "certificates.k8s.io", "resource": "certificatesigningrequests",
                                   "verb": "create", "subresource": subresource},
        },
    });
    let request = Request::new(Method::Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews").body(review);
    let Answer { body, .. } = ctx.request(&request)?;
    Ok(body["status"]["allowed"] == Value::Bool(true))
}
