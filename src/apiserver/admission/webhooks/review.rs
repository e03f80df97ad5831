//! What a webhook is told, and what its answer means.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/request/admissionreview.go, errors/statuserror.go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::matching::{Attributes, Operation};
use crate::api::kind::Subresource;
use crate::api::{KindRef, Reason, Status};
use crate::apiserver::Caller;
use crate::apiserver::authorization::reviews::user_info;

const VERSION: &str = "admission.k8s.io/v1";

/// The question. `kind` is the version in which the webhook wants to see the objects.
pub fn question(uid: &str, asked: &Attributes<'_>, kind: KindRef, objects: [Value; 2], who: &Caller<'_>) -> Value {
    let [object, old] = objects;
    let options = match asked.operation {
        Operation::Create => "CreateOptions",
        Operation::Update => "UpdateOptions",
        Operation::Delete => "DeleteOptions",
    };
    let mut request = json!({
        "uid": uid,
        "kind": kind_of(kind, asked.part), "resource": resource(kind),
        "requestKind": kind_of(asked.kind, asked.part), "requestResource": resource(asked.kind),
        "operation": asked.operation.name(), "userInfo": user_info(who.user),
        "object": object, "oldObject": old, "dryRun": who.dry_run,
        "options": {"kind": options, "apiVersion": "meta.k8s.io/v1"},
    });
    let part = asked.part.map_or("", Subresource::name);
    let texts =
        [("name", asked.name), ("namespace", asked.namespace), ("subResource", part), ("requestSubResource", part)];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        request[key] = text.into();
    }
    json!({"kind": "AdmissionReview", "apiVersion": VERSION, "request": request})
}

fn kind_of(kind: KindRef, part: Option<Subresource>) -> Value {
    let (name, other) = part.map_or((kind.name().to_string(), None), |p| p.kind_of(kind));
    let (group, version) = other.unwrap_or((kind.group(), kind.version()));
    json!({"group": group, "version": version, "kind": name})
}

fn resource(kind: KindRef) -> Value {
    json!({"group": kind.group(), "version": kind.version(), "resource": kind.plural()})
}

/// What a webhook said.
#[derive(Debug, Default)]
pub struct Answer {
    pub patch: Option<Value>,
    pub warnings: Vec<String>,
    /// What it wants to have put down about the request.
    pub annotations: Vec<(String, String)>,
    pub refusal: Option<Status>,
}

/// Reads an answer. The error is why it is none.
pub fn read(hook: &str, uid: &str, review: &Value, mutating: bool) -> Result<Answer, String> {
    let response = &review["response"];
    let invalid = |why: String| Err(format!("received invalid webhook response: {why}"));
    if !response.is_object() {
        return invalid("webhook response was absent".into());
    }
    let text = |v: &Value| v.as_str().unwrap_or("").to_string();
    if response["uid"] != uid {
        return invalid(format!("expected response.uid={uid:?}, got {:?}", text(&response["uid"])));
    }
    let (version, kind) = (text(&review["apiVersion"]), text(&review["kind"]));
    if version != VERSION || kind != "AdmissionReview" {
        return invalid(format!(
            "expected webhook response of {VERSION}, Kind=AdmissionReview, got {version}, Kind={kind}"
        ));
    }
    let (patch, of) = (text(&response["patch"]), response["patchType"].as_str());
    let fault = match (mutating, patch.is_empty(), of) {
        (true, false, None) => Some("webhook returned response.patch but not response.patchType"),
        (true, true, Some(_)) => Some("webhook returned response.patchType but not response.patch"),
        (false, false, _) => Some("validating webhook may not return response.patch"),
        (false, true, Some(_)) => Some("validating webhook may not return response.patchType"),
        _ => None,
    };
    if let Some(why) = fault {
        return invalid(why.into());
    }
    let mut answer = Answer::default();
    if let Some(of) = of {
        if of != "JSONPatch" {
            return Err(format!("unsupported patch type {of:?}"));
        }
        let decoded = STANDARD.decode(&patch).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let Some(patch) = decoded else { return Err("received undecodable patch in webhook response".into()) };
        answer.patch = Some(patch);
    }
    answer.warnings = response["warnings"].as_array().into_iter().flatten().map(text).collect();
    let notes = response["auditAnnotations"].as_object();
    answer.annotations = notes.into_iter().flatten().map(|(k, v)| (format!("{hook}/{k}"), text(v))).collect();
    if response["allowed"] != true {
        answer.refusal = Some(refusal(hook, &response["status"]));
    }
    Ok(answer)
}

/// (Real Kubernetes keeps the code that a webhook gives; here it follows from the reason.)
fn refusal(hook: &str, status: &Value) -> Status {
    let (message, reason) = (status["message"].as_str().unwrap_or(""), status["reason"].as_str().unwrap_or(""));
    let denied = format!("admission webhook {hook:?} denied the request");
    let message = match (message, reason) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    Status::new(Reason::parse(reason), message)
}
