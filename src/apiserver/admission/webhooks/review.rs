//! What a webhook is asked, and what its answer means.
//! Real Kubernetes: apiserver/pkg/admission/plugin/webhook/request/admissionreview.go, errors/statuserror.go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::status::{Cause, Details};
use crate::api::{KindRef, Reason, Status, canonical, go_scanner};
use crate::apiserver::admission::request::{Request, Sent};
use crate::apiserver::authorization::reviews::user_info;

pub const KIND: &str = "AdmissionReview";

/// A version of the question and of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    V1,
    V1Beta1,
}

impl Version {
    /// The first that a webhook understands.
    pub fn first_of(names: &[String]) -> Option<Version> {
        names.iter().find_map(|n| Version::named(&format!("admission.k8s.io/{n}")))
    }

    pub fn named(api_version: &str) -> Option<Version> {
        [Version::V1, Version::V1Beta1].into_iter().find(|v| v.api_version() == api_version)
    }

    pub fn api_version(self) -> &'static str {
        match self {
            Version::V1 => "admission.k8s.io/v1",
            Version::V1Beta1 => "admission.k8s.io/v1beta1",
        }
    }
}

/// The question. `kind` is the version in which the webhook wants to see the objects.
pub fn question(uid: &str, version: Version, r: &Request<'_>, kind: KindRef) -> Value {
    let shown = |sent: Option<Sent<'_>>| match sent {
        Some(sent) => (*sent.json(kind)).clone(),
        None => Value::Null,
    };
    let mut request = json!({
        "uid": uid,
        "kind": r.kind_json(kind), "resource": Request::resource_json(kind),
        "requestKind": r.kind_json(r.kind), "requestResource": Request::resource_json(r.kind),
        "operation": r.operation.name(), "userInfo": user_info(r.user),
        "object": shown(r.new), "oldObject": shown(r.old), "dryRun": r.dry_run, "options": r.options,
    });
    let part = r.part_name();
    let texts = [("name", r.name), ("namespace", r.namespace), ("subResource", part), ("requestSubResource", part)];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        request[key] = text.into();
    }
    json!({"kind": KIND, "apiVersion": version.api_version(), "request": request})
}

/// What a webhook said.
#[derive(Debug)]
pub struct Answer {
    pub patch: Option<(Vec<u8>, String)>,
    pub warnings: Vec<String>,
    /// What it wants to have put down about the request.
    pub annotations: Vec<(String, String)>,
    pub refusal: Option<Box<Status>>,
}

/// Reads an answer, whose parts have the right types. The error is why it is none.
pub fn verified(review: &Value, hook: &str, uid: &str, version: Version, mutating: bool) -> Result<Answer, String> {
    let response = &review["response"];
    if !response.is_object() {
        return Err("webhook response was absent".into());
    }
    let text = |v: &Value| v.as_str().unwrap_or("").to_string();
    if version == Version::V1 {
        if text(&response["uid"]) != uid {
            return Err(format!("expected response.uid={uid:?}, got {:?}", text(&response["uid"])));
        }
        let got = (text(&review["apiVersion"]), text(&review["kind"]));
        if got.0 != version.api_version() || got.1 != KIND {
            let of = if got.0.contains('/') { got.0 } else { format!("/{}", got.0) };
            return Err(format!(
                "expected webhook response of {}, Kind={KIND}, got {of}, Kind={}",
                version.api_version(),
                got.1
            ));
        }
    }
    let patch = STANDARD.decode(text(&response["patch"])).unwrap_or_default();
    let mut of = response["patchType"].as_str();
    if version == Version::V1 {
        well_patched(&patch, of, mutating)?;
    } else {
        of = Some("JSONPatch").filter(|_| !patch.is_empty());
    }
    let notes = response["auditAnnotations"].as_object();
    Ok(Answer {
        patch: of.filter(|_| mutating && !patch.is_empty()).map(|of| (patch, of.to_string())),
        warnings: response["warnings"].as_array().into_iter().flatten().map(text).collect(),
        annotations: notes.into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect(),
        refusal: (response["allowed"] != true).then(|| Box::new(refusal(hook, &response["status"]))),
    })
}

/// A patch has a type, and only who may change something has one.
fn well_patched(patch: &[u8], of: Option<&str>, mutating: bool) -> Result<(), String> {
    let why = match (mutating, patch.is_empty(), of) {
        (true, false, None) => "webhook returned response.patch but not response.patchType",
        (true, true, Some(_)) => "webhook returned response.patchType but not response.patch",
        (true, false, Some("")) => "webhook returned invalid response.patchType of \"\"",
        (false, false, _) => "validating webhook may not return response.patch",
        (false, true, Some(_)) => "validating webhook may not return response.patchType",
        _ => return Ok(()),
    };
    Err(why.into())
}

/// The operations of a patch, which is one that can be applied.
pub fn operations(patch: Option<&(Vec<u8>, String)>) -> Result<Vec<Value>, String> {
    let Some((patch, of)) = patch else { return Ok(vec![]) };
    let undecodable = |why: String| format!("received undecodable patch in webhook response: {why}");
    let v: Value =
        serde_json::from_slice(patch).map_err(|_| undecodable(go_scanner::scan(patch).err().unwrap_or_default()))?;
    let misfit = |v: &Value, go: &str| {
        undecodable(format!("json: cannot unmarshal {} into Go value of type {go}", canonical::word(v, go)))
    };
    let operations = match v {
        Value::Array(operations) => operations,
        Value::Null => vec![],
        other => return Err(misfit(&other, "jsonpatch.Patch")),
    };
    if let Some(odd) = operations.iter().find(|o| !o.is_object() && !o.is_null()) {
        return Err(misfit(odd, "jsonpatch.Operation"));
    }
    match of.as_str() {
        _ if operations.is_empty() => Ok(operations),
        "JSONPatch" => Ok(operations),
        other => Err(format!("unsupported patch type {other:?}")),
    }
}

fn refusal(hook: &str, status: &Value) -> Status {
    let (message, reason) = (status["message"].as_str().unwrap_or(""), status["reason"].as_str().unwrap_or(""));
    let denied = format!("admission webhook {hook:?} denied the request");
    let message = match (message, reason) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    let code = status["code"].as_u64().and_then(|c| u16::try_from(c).ok()).filter(|c| *c >= 400).unwrap_or(400);
    let details = status["details"].is_object().then(|| Box::new(details(&status["details"])));
    Status { details, ..Status::new(Reason::parse(reason), message) }.in_own_words(code, reason)
}

fn details(v: &Value) -> Details {
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or("").to_string();
    let cause = |c: &Value| Cause { reason: text(c, "reason"), message: text(c, "message"), field: text(c, "field") };
    Details {
        name: text(v, "name"),
        group: text(v, "group"),
        kind: text(v, "kind"),
        uid: text(v, "uid"),
        causes: v["causes"].as_array().into_iter().flatten().map(cause).collect(),
        retry_after_seconds: v["retryAfterSeconds"].as_u64().and_then(|s| u32::try_from(s).ok()).unwrap_or(0),
        ..Details::default()
    }
}
