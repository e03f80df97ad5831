//! From a request's body to an object of the kind that its path leads to, as strictly as the request asks.
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/create.go, update.go and patch.go; apimachinery/pkg/runtime/serializer/json.

use serde_json::{Value, json};

use super::ApiServer;
use super::parts;
use super::target::Target;
use super::write::NAMESPACE_MISMATCH;
use crate::api::field::{FieldErrors, Path};
use crate::api::managed::unreadable;
use crate::api::patch::{self, PatchType};
use crate::api::request::Request;
use crate::api::{KindRef, Object, Status, body, convert, go_text, reading};

impl ApiServer {
    /// Reads an object out of a body, as strictly as asked.
    pub(super) fn decode(
        &self,
        kind: KindRef,
        body: Option<&Value>,
        request: &Request,
        warnings: &mut Vec<String>,
    ) -> Result<Object, Status> {
        let mut body = body.cloned().unwrap_or(Value::Null);
        // What the body does not say of itself, the path says.
        for (key, text) in [("apiVersion", kind.api_version()), ("kind", kind.name().into())] {
            if kind.custom().is_none() && body.is_object() && body[key].as_str().unwrap_or("").is_empty() {
                body[key] = text.into();
            }
        }
        let (version, name) = (body["apiVersion"].as_str().unwrap_or(""), body["kind"].as_str().unwrap_or(""));
        if !body.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized (must be of type object)"));
        }
        named_as(kind, version, name, &body)?;
        let refuse = |why: String| {
            Status::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: {why}",
                kind.name(),
                kind.version(),
                kind.name()
            ))
        };
        let (object, unknown) = reading::read(kind, body).map_err(refuse)?;
        strictly(&request.strict, &unknown, request.param("fieldValidation"), warnings).map_err(refuse)?;
        to_stored(object).map_err(refuse)
    }

    pub(super) fn name_must_fit(&self, t: &Target, o: &mut Object) -> Result<(), Status> {
        let (name, wanted) = (o.name().to_string(), t.name.clone().unwrap_or_default());
        parts::name_must_fit(&name, &wanted)?;
        if t.kind.namespaced() {
            match o.namespace() {
                ns if ns.is_empty() || ns == t.namespace => {}
                _ => return Err(Status::bad_request(NAMESPACE_MISMATCH)),
            }
            o.meta_mut().namespace = Some(t.namespace.clone());
        }
        o.meta_mut().name = Some(wanted);
        Ok(())
    }

    /// Fields of the spec that defaulting adds to what the client sent.
    pub(super) fn count_defaults(&self, o: &Object, sent: &Value) -> usize {
        let mut filled = o.clone();
        filled.kind().defaults(&mut filled);
        leaves(&filled.json()["spec"]).saturating_sub(leaves(&sent["spec"]))
    }
}

/// What becomes of fields that nobody knows: a refusal, warnings or nothing. `found`: what the bytes of the body have told already.
pub(super) fn strictly(
    found: &[String],
    unknown: &[String],
    how: Option<&str>,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let unknown = unknown.iter().map(|f| format!("unknown field {f:?}"));
    let found: Vec<String> = found.iter().cloned().chain(unknown).collect();
    match how.unwrap_or("Warn") {
        "Strict" if !found.is_empty() => return Err(format!("strict decoding error: {}", found.join(", "))),
        "Warn" => warnings.extend(body::warnings(&found)),
        _ => {}
    }
    Ok(())
}

/// What is sent must be what the path leads to.
fn named_as(kind: KindRef, version: &str, name: &str, body: &Value) -> Result<(), Status> {
    if version == kind.api_version() && name == kind.name() {
        return Ok(());
    }
    let other_version = || {
        Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            kind.api_version()
        ))
    };
    if kind.custom().is_none() {
        let known = KindRef::built_in().find(|k| k.api_version() == version && k.name() == name);
        return Err(match known {
            Some(other) if other.stored() == kind.stored() => other_version(),
            Some(_) => {
                let package = parts::package(kind.group());
                cannot_be(
                    kind,
                    version,
                    name,
                    format!(
                        "converting ({}.{name}) to ({package}.{}): unknown conversion",
                        short(version),
                        kind.name()
                    ),
                )
            }
            None => {
                let why = format!(
                    "no kind {name:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
                );
                cannot_be(kind, version, name, why)
            }
        });
    }
    if version != kind.api_version() {
        let mut status = other_version();
        // Of another version nothing is known but what all objects have.
        let known = ["apiVersion", "kind", "metadata"];
        let unknown = body.as_object().into_iter().flatten().filter(|(k, _)| !known.contains(&k.as_str()));
        status.warnings = unknown.map(|(k, _)| format!("unknown field {k:?}")).collect();
        return Err(status);
    }
    let mut errors = FieldErrors::default();
    errors.invalid(&Path::new("kind"), name, format!("must be {}", kind.name()));
    let object = body["metadata"]["name"].as_str().unwrap_or("");
    Err(Status::invalid_as(name, kind.group(), object, errors.list()))
}

impl ApiServer {
    /// Reads what an apply or a strategic patch has made. The real server makes its struct of it without JSON in between, so that
    /// numbers which do not fit are no error.
    pub(super) fn decode_made(
        &self,
        kind: KindRef,
        made: &mut Value,
        request: &Request,
        warnings: &mut Vec<String>,
    ) -> Result<Object, Status> {
        let read = self.decode(kind, Some(made), request, warnings);
        match kind.layout() {
            Some(layout)
                if read.is_err() && convert::refusal(made, layout).is_none() && convert::wrap(made, layout) =>
            {
                self.decode(kind, Some(made), request, warnings)
            }
            _ => read,
        }
    }
}

/// An object of any version as the one that is stored, with the defaults of the version that was sent.
pub(super) fn to_stored(mut o: Object) -> Result<Object, String> {
    let kind = o.kind();
    let Some(conversion) = kind.conversion() else { return Ok(o) };
    kind.defaults(&mut o);
    let mut v = (**o.json()).clone();
    (conversion.to_hub)(&mut v);
    let hub = kind.stored();
    v["apiVersion"] = hub.api_version().into();
    v["kind"] = hub.name().into();
    hub.decode(reading::without_nulls(v))
}

/// Who says that nobody owns anything means to forget who does; so it is told from saying nothing of it.
/// Real Kubernetes: apimachinery/pkg/util/managedfields/internal/fieldmanager.go isResetManagedFields.
pub(super) fn disowned(body: &mut Value) {
    let entries = body.get_mut("metadata").and_then(|m| m.get_mut("managedFields")).and_then(Value::as_array_mut);
    if let Some(entries) = entries.filter(|e| e.is_empty()) {
        entries.push(json!({}));
    }
}

/// The version of a group's version.
fn short(version: &str) -> &str {
    version.rsplit('/').next().unwrap_or("")
}

fn cannot_be(kind: KindRef, version: &str, name: &str, why: String) -> Status {
    let version = short(version);
    Status::bad_request(format!("{name} in version {version:?} cannot be handled as a {}: {why}", kind.name()))
}

fn leaves(v: &Value) -> usize {
    match v {
        Value::Object(m) if !m.is_empty() => m.values().map(leaves).sum(),
        Value::Array(a) if !a.is_empty() => a.iter().map(leaves).sum(),
        Value::Null => 0,
        _ => 1,
    }
}

/// What an apply makes may be no object of the kind. The real server makes its struct of the merged object, which tells what
/// is wrong otherwise than reading JSON does.
pub(super) fn unreadable_as(s: &Status, config: &Value, merged: &Value, kind: KindRef) -> Status {
    match s.message.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, why)) if !why.starts_with("strict decoding error") => {
            let converted = kind.layout().and_then(|layout| convert::refusal(merged, layout));
            unreadable(config, converted.as_deref().unwrap_or(why))
        }
        _ => s.clone(),
    }
}

/// A patch that makes a wrong object is told differently from a wrong object.
pub(super) fn patch_decode_error(s: &Status, how: PatchType, patch: &Value, patched: &Value) -> Status {
    match s.message.split_once(" cannot be handled as a ").and_then(|(_, rest)| rest.split_once(": ")) {
        Some((_, why)) if how == PatchType::Strategic => {
            patch::Refused::Misfit(go_text::plain(patch), why.into()).into()
        }
        Some((_, why)) => patch::Refused::Misfit(patched.to_string(), why.into()).into(),
        None => s.clone(),
    }
}
