//! Requests as HTTP has them: from a method, a target, headers and bytes to a [`Request`], and back from an answer.
//! Real Kubernetes: apiserver/pkg/endpoints/{handlers/negotiation,filters/impersonation}, apiserver/pkg/server/routes.

use serde_json::Value;

use super::ApiServer;
use crate::api::go_url::query_pairs;
use crate::api::patch::PatchType;
use crate::api::request::{Accept, Impersonation, Method, Request, Response};
use crate::api::served::{ServedCall, ServedReply};
use crate::api::{Status, body, wire};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// In which form the answer is wanted.
fn accepts(header: &str) -> Accept {
    let has = |what: &str| header.split(',').next().is_some_and(|first| first.split(';').any(|p| p.trim() == what));
    match () {
        () if has("as=Table") => Accept::Table,
        () if has("as=PartialObjectMetadata") || has("as=PartialObjectMetadataList") => Accept::Metadata,
        () if has("as=APIGroupDiscoveryList") => Accept::Discovery,
        () => Accept::Json,
    }
}

/// Takes a request apart.
///
/// # Errors
/// As the server refuses what it cannot read.
pub fn read(call: &ServedCall, api: &ApiServer) -> Result<Request, Status> {
    let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
    let content_type = call.header("content-type").unwrap_or_default();
    let method = match call.method.as_str() {
        "GET" | "HEAD" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch(body::patch_type(content_type)?),
        "DELETE" => Method::Delete,
        _ => return Err(Status::method_not_allowed()),
    };
    let request = Request {
        query: query_pairs(query),
        accept: accepts(call.header("accept").unwrap_or_default()),
        impersonate: Impersonation::of_headers(&call.headers).map(Box::new),
        ..Request::new(method, path)
    };
    let request = match method {
        Method::Post | Method::Put | Method::Patch(_) if method != Method::Patch(PatchType::Apply) => {
            let agent = call.header("user-agent").unwrap_or_default().split('/').next().unwrap_or_default().to_string();
            if request.given("fieldManager").is_some() { request } else { request.query("fieldManager", agent) }
        }
        _ => request,
    };
    match api.leads_to(path).map(|t| t.kind) {
        Some(kind) => body::read(request, content_type, &call.body, kind),
        None => Ok(request),
    }
}

/// Whether somebody reads the answer: to browsers and the like it is shown in lines.
pub(super) fn is_read_by_people(call: &ServedCall) -> bool {
    let query = call.target.split_once('?').map_or("", |(_, q)| q);
    if let Some((_, given)) = query_pairs(query).into_iter().find(|(k, _)| k == "pretty") {
        return !["false", "0"].contains(&given.as_str());
    }
    let agent = call.header("user-agent").unwrap_or_default();
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|a| agent.starts_with(a))
}

/// What is sent back.
pub fn write(call: &ServedCall, answer: &Response) -> ServedReply {
    let shown = |v: &Value| if is_read_by_people(call) { wire::pretty(v) } else { wire::body(v) };
    let mut reply = match answer {
        Ok(a) => {
            let created = call.method == "POST" && a.body["kind"].is_string() && a.body["metadata"]["uid"].is_string();
            let headers = a.warnings.iter().map(|w| ("Warning", format!("299 - {w:?}"))).collect();
            let (content_type, body) = match &*a.body {
                Value::String(text) => (TEXT, text.clone()),
                other => (JSON, shown(other)),
            };
            ServedReply { code: if created { 201 } else { 200 }, content_type, headers, body }
        }
        Err(s) => ServedReply { code: s.code(), content_type: JSON, headers: vec![], body: shown(&s.to_json()) },
    };
    reply.headers.push(("Cache-Control", "no-cache, private".into()));
    if call.method == "HEAD" {
        reply.body.clear();
    }
    reply
}
