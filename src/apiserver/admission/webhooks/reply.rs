//! What comes back from a webhook, as far as HTTP and JSON go.
//! Real Kubernetes: client-go/rest/request.go transformResponse, apimachinery/pkg/api/errors NewGenericServerResponse,
//! apimachinery/pkg/runtime/serializer/json.

use serde_json::Value;

use super::calling::Reply;
use super::review::{KIND, Version};
use crate::api::Status;
use crate::api::canonical;
use crate::api::go_scanner;
use crate::api::schema::TypeId;
use crate::api::yaml;

/// The review in a reply.
///
/// # Errors
/// There is none in it: what a Go client says of that.
pub fn read(reply: &Reply, wanted: Version) -> Result<Value, String> {
    let review = content(reply)?;
    registered(&review, wanted)?;
    let mismatch = TypeId::by_name("admission/v1.AdmissionReview").and_then(|t| canonical::check(&review, t).mismatch);
    mismatch.map_or(Ok(review), Err)
}

/// The object in a reply, of whatever kind.
///
/// # Errors
/// As above.
pub fn content(reply: &Reply) -> Result<Value, String> {
    if !(200..=206).contains(&reply.code) {
        return Err(refusal(reply));
    }
    if reply.body.is_empty() {
        let of = &reply.content_type;
        return Err(format!("0-length response with status code: {} and content type: {of}", reply.code));
    }
    parsed(&reply.body).map_err(|why| format!("couldn't get version/kind; json parse error: {why}"))
}

/// JSON, or else YAML.
fn parsed(body: &[u8]) -> Result<Value, String> {
    let v = if body.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice(body).map_err(|_| go_scanner::scan(body).err().unwrap_or_default())?
    } else {
        let text = String::from_utf8_lossy(body);
        let documents = yaml::parse_all(&text).map_err(|why| why.to_string())?;
        documents.into_iter().next().unwrap_or_default()
    };
    if v.is_object() || v.is_null() {
        return Ok(v);
    }
    const GO: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    Err(format!("json: cannot unmarshal {} into Go value of type {GO}", canonical::word(&v, GO)))
}

/// Whether it is a review of the wanted version, as far as it says what it is.
fn registered(review: &Value, wanted: Version) -> Result<(), String> {
    let text = |key: &str, other: &'static str| match review[key].as_str().unwrap_or("") {
        "" => other.to_string(),
        said => said.into(),
    };
    let (version, kind) = (text("apiVersion", wanted.api_version()), text("kind", KIND));
    let short = |v: &str| v.rsplit('/').next().unwrap_or("").to_string();
    let unknown =
        |of: String| Err(format!("converting ({of}) to ({}.{KIND}): unknown conversion", short(wanted.api_version())));
    match (version.as_str(), kind.as_str()) {
        (v, KIND) if v == wanted.api_version() => Ok(()),
        (v, KIND) if Version::named(v).is_some() => unknown(format!("{}.{KIND}", short(v))),
        ("v1", "Status") => unknown("v1.Status".into()),
        (v, k) => Err(format!("no kind {k:?} is registered for version {v:?} in scheme \"pkg/runtime/scheme.go:111\"")),
    }
}

fn refusal(reply: &Reply) -> String {
    // A server of Kubernetes' sort may say more.
    if let Ok(status) = serde_json::from_slice::<Value>(&reply.body)
        && status["kind"] == "Status"
        && status["apiVersion"] == "v1"
        && status["status"] != "Success"
    {
        return status["message"].as_str().unwrap_or("").into();
    }
    let plain = reply.content_type.starts_with("text/");
    let own = || match plain {
        true => String::from_utf8_lossy(&reply.body).trim().to_string(),
        false => "unknown".into(),
    };
    Status::of_response(reply.code, &own()).message
}
