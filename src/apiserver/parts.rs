//! The bodies of requests that are no object of the store: what is posted to a part of one.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/create.go.

use serde_json::Value;

use super::caller::Caller;
use super::decoding::strictly;
use super::write::NAMESPACE_MISMATCH;
use crate::api::schema::TypeId;
use crate::api::{Key, KindRef, Status, canonical};

/// Reads such a body: of that kind, in one of these versions of its group, laid out like that type. What it does not say of itself, its
/// path says.
pub fn decode(
    body: &Value,
    (group, versions): (&str, &[&str]),
    kind: &str,
    layout: &str,
    who: &mut Caller<'_>,
) -> Result<Value, Status> {
    let mut body = body.clone();
    if !body.is_object() {
        body = Value::Object(serde_json::Map::new());
    }
    let of = |version: &str| if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
    for (key, text) in [("apiVersion", versions.first().map(|v| of(v)).unwrap_or_default()), ("kind", kind.into())] {
        if body[key].as_str().unwrap_or("").is_empty() {
            body[key] = text.into();
        }
    }
    let (version, name) = (body["apiVersion"].as_str().unwrap_or(""), body["kind"].as_str().unwrap_or(""));
    if name != kind || !versions.iter().any(|v| of(v) == version) {
        if let Some(other) = KindRef::by_gvk(version, name) {
            let package = package(group);
            return Err(Status::bad_request(format!(
                "{name} in version {:?} cannot be handled as a {kind}: converting ({}.{name}) to ({package}.{kind}): unknown conversion",
                other.version(),
                other.version(),
            )));
        }
        return Err(Status::bad_request(format!(
            "{name} in version {:?} cannot be handled as a {kind}: no kind {name:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\"",
            version.rsplit('/').next().unwrap_or(""),
        )));
    }
    let findings = TypeId::by_name(layout).map(|t| canonical::check(&body, t)).unwrap_or_default();
    let judged = match findings.mismatch {
        None => strictly(&who.options.strict, &findings.unknown, who.options.validation.as_deref(), &mut who.warnings),
        Some(why) => Err(why),
    };
    judged.map_err(|why| {
        let version = version.rsplit('/').next().unwrap_or("");
        Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
    })?;
    Ok(body)
}

/// The package of Go's types of a group.
pub fn package(group: &str) -> &str {
    if group.is_empty() { "core" } else { group.split('.').next().unwrap_or("") }
}

/// The name that a body says must be that of its path.
pub fn name_must_fit(name: &str, wanted: &str) -> Result<(), Status> {
    match name {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        ))),
        name if name != wanted => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        ))),
        _ => Ok(()),
    }
}

/// What a body says of its namespace must be what the path says.
pub fn namespace_must_fit(body: &Value, key: &Key) -> Result<(), Status> {
    match body["metadata"]["namespace"].as_str().unwrap_or("") {
        said if said.is_empty() || said == key.namespace.as_str() => Ok(()),
        _ => Err(Status::bad_request(NAMESPACE_MISMATCH)),
    }
}
