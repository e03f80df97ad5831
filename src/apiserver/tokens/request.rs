//! A TokenRequest: what it leaves open is filled in, what it is bound to must be there, and the answer holds a token.
//! Real Kubernetes: pkg/registry/core/serviceaccount/storage/token.go, pkg/serviceaccount/claims.go Claims.

use serde_json::{Value, json};

use super::signing::Key as SigningKey;
use super::{ISSUER, credential};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Subresource;
use crate::api::kinds::{Node, Pod, Secret, ServiceAccount};
use crate::api::object::{Key, Resource};
use crate::api::status::Details;
use crate::api::user::User;
use crate::api::{Reason, Status, pods};
use crate::apiserver::admission::{self, Ask};
use crate::apiserver::caller::{Caller, new_uid};
use crate::apiserver::{ApiServer, parts};
use crate::ledger::record::RequestOutcome;

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";
const HOUR: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;
/// What admission asks for when it gives a pod its volume. Such a token lasts for a year, and is frowned at after this time.
const OF_A_VOLUME: i64 = 3607;
pub(super) const YEAR: i64 = 365 * 24 * 3600;

impl ApiServer {
    /// Gives out a token of a service account.
    pub fn create_token(&mut self, key: &Key, body: &Value, who: &mut Caller<'_>) -> Result<Value, Status> {
        let made =
            self.authorize(who, "create", key, Some(Subresource::Token)).and_then(|()| self.token(key, body, who));
        let outcome = match &made {
            Ok(_) => RequestOutcome::Unchanged,
            Err(status) => RequestOutcome::Refused(Box::new(status.clone())),
        };
        who.record("create", key, Some(Subresource::Token.name()), outcome);
        made
    }

    fn token(&self, key: &Key, body: &Value, who: &mut Caller<'_>) -> Result<Value, Status> {
        let mut request = parts::decode(body, (GROUP, &["v1"]), KIND, "authentication/v1.TokenRequest", who)?;
        parts::namespace_must_fit(&request, key)?;
        let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or(HOUR);
        request["spec"]["expirationSeconds"] = seconds.into();
        let mut asked = Ask { key, part: Subresource::Token, body: request };
        admission::ask(self, &mut asked, who)?;
        let mut request = asked.body;
        let given = request["metadata"].clone();
        let said = |k: &str| given[k].as_str().unwrap_or("");
        name_must_match(key, said("name"))?;
        let found = self.store().get(key).and_then(|o| o.get::<ServiceAccount>());
        let account = found.ok_or_else(|| Status::not_found(key.kind, &key.name))?;
        if !said("uid").is_empty() && said("uid") != account.uid() {
            let why = format!(
                "the UID in the token request ({}) does not match the UID of the service account ({})",
                said("uid"),
                account.uid()
            );
            return Err(conflict(&format!("{KIND}.{GROUP}"), (GROUP, KIND), &key.name, &why));
        }
        if request["spec"]["audiences"].as_array().is_none_or(Vec::is_empty) {
            request["spec"]["audiences"] = json!([ISSUER]);
        }
        validate(seconds)?;
        let bound = self.bound_to(key, &request["spec"]["boundObjectRef"])?;
        let id = new_uid(who.chance);
        let now = who.now.meta().0.as_second();
        let (lasts, warn_after) = match bound["pod"].is_object() && is_of_volume(seconds, &request["spec"]["audiences"])
        {
            true => (YEAR, Some(now + seconds)),
            false => (seconds, None),
        };
        let mut private = bound;
        private["namespace"] = key.namespace.as_str().into();
        private["serviceaccount"] = json!({"name": account.name(), "uid": account.uid()});
        if let Some(at) = warn_after {
            private["warnafter"] = at.into();
        }
        let claims = json!({
            "aud": request["spec"]["audiences"], "exp": now + lasts, "iat": now, "iss": ISSUER, "jti": id,
            "kubernetes.io": private, "nbf": now, "sub": User::service_account(&key.namespace, &key.name).name.as_str(),
        });
        let no_key = || Status::new(Reason::InternalError, "failed to generate token: no key");
        let token = SigningKey::of(self.seed).ok_or_else(no_key)?.sign(&claims);
        who.annotate("authentication.kubernetes.io/issued-credential-id".into(), credential(&id));
        let expires = who.now + crate::api::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        request["metadata"] = json!({
            "name": account.name(), "namespace": account.namespace(), "uid": account.uid(),
            "creationTimestamp": who.now.rfc3339(),
        });
        if request["spec"]["boundObjectRef"].is_null() {
            request["spec"]["boundObjectRef"] = Value::Null;
        }
        request["status"] = json!({"token": token, "expirationTimestamp": expires.rfc3339()});
        Ok(request)
    }

    /// What a token is bound to, as its claims name it.
    fn bound_to(&self, account: &Key, reference: &Value) -> Result<Value, Status> {
        if reference.is_null() {
            return Ok(json!({}));
        }
        let text = |k: &str| reference[k].as_str().unwrap_or("");
        let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
        let (name, namespace) = (text("name"), account.namespace.as_str());
        let (key, claim) = match (group, text("kind")) {
            ("", "Pod") => (Key::of::<Pod>(namespace, name), "pod"),
            ("", "Node") => (Key::of::<Node>("", name), "node"),
            ("", "Secret") => (Key::of::<Secret>(namespace, name), "secret"),
            (group, kind) => {
                let what = format!("{group}/{version}, Kind={kind}");
                return Err(Status::bad_request(format!("cannot bind token to object of type {what}")));
            }
        };
        let found = self.store().get(&key).ok_or_else(|| Status::not_found(key.kind, name))?;
        let mut claims = json!({claim: {"name": found.name(), "uid": found.uid()}});
        if let Some(pod) = found.get::<Pod>() {
            let of = pod.spec.as_ref().and_then(|s| s.service_account_name.as_deref()).unwrap_or("");
            if of != account.name.as_str() {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                    account.name.as_str()
                )));
            }
            if !pods::node(pod).is_empty() {
                claims["node"] = json!({"name": pods::node(pod)});
                if let Some(node) = self.store().get(&Key::of::<Node>("", pods::node(pod))) {
                    claims["node"]["uid"] = node.uid().into();
                }
            }
        }
        if !text("uid").is_empty() && text("uid") != found.uid() {
            let why = format!(
                "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
                text("uid")
            );
            return Err(conflict(text("kind"), ("", text("kind")), name, &why));
        }
        Ok(claims)
    }
}

/// The account's name, if the request says it at all.
fn name_must_match(key: &Key, said: &str) -> Result<(), Status> {
    if said.is_empty() || said == key.name.as_str() {
        return Ok(());
    }
    let mut errors = FieldErrors::default();
    let why = "must match the service account name if specified";
    errors.invalid(&Path::new("metadata").child("name"), said, why);
    Err(Status::invalid_as(KIND, GROUP, &key.name, errors.list()))
}

fn validate(seconds: i64) -> Result<(), Status> {
    let why = match seconds {
        ..LEAST_SECONDS => "may not specify a duration less than 10 minutes",
        LEAST_SECONDS..=MOST_SECONDS => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    let mut errors = FieldErrors::default();
    errors.invalid(&Path::new("spec").child("expirationSeconds"), seconds, why);
    Err(Status::invalid_as(KIND, GROUP, "", errors.list()))
}

/// Whether kubelet asks for it as it does for every pod: it may be used longer than was said, for those who read it but once.
pub(super) fn is_of_volume(seconds: i64, audiences: &Value) -> bool {
    seconds == OF_A_VOLUME && audiences.as_array().into_iter().flatten().all(|a| a == ISSUER)
}

/// A conflict about something that is no kind of its own.
fn conflict(what: &str, (group, kind): (&str, &str), name: &str, why: &str) -> Status {
    let message = format!("Operation cannot be fulfilled on {what} {name:?}: {why}");
    let details = Details { name: name.into(), group: group.into(), kind: kind.into(), ..Details::default() };
    Status { details: Some(Box::new(details)), ..Status::new(Reason::Conflict, message) }
}
