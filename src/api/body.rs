//! From the bytes of a request to its JSON, and in what words they are refused.
//!
//! Start with [`read`]. It bounds what it makes: a body has at most [`LONGEST`] bytes and nests at most [`DEEPEST`] levels. (A
//! real server takes Go's 10,000 levels and cannot always answer what it took.)
//!
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/{rest,create,patch}.go, apimachinery/pkg/runtime/serializer/json.

mod json;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::canonical::word;
use super::kind::KindRef;
use super::patch::PatchType;
use super::request::{Method, Request};
use super::status::{Reason, Status};
use super::yaml::{self, Repeated};

/// Bytes of a body.
pub const LONGEST: usize = 3 * 1024 * 1024;
/// Lists and objects within each other.
pub const DEEPEST: usize = 500;

const OBJECT_TYPES: &str = "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// What of a body is shown when it cannot be read.
const SHOWN: usize = 30;
const YAML_ERRORS: &str = "yaml: unmarshal errors:\n";
const NO_META: &str = "couldn't get version/kind; json parse error: ";
const META: &str =
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// In what form an object is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Json,
    Yaml,
}

/// The request with its body, which was sent for an object of that kind.
pub fn read(request: Request, content_type: &str, bytes: &[u8], kind: KindRef) -> Result<Request, Status> {
    match request.method {
        Method::Get => Ok(request),
        Method::Patch(how) => {
            check_length(bytes)?;
            read_patch(request, bytes, how)
        }
        Method::Delete => {
            check_length(bytes)?;
            read_options(request, bytes)
        }
        Method::Post | Method::Put => {
            let form = form_of(content_type, bytes, kind)?;
            check_length(bytes)?;
            read_object(request, form, bytes, kind)
        }
    }
}

/// What kind of patch is sent as that.
pub fn patch_type(content_type: &str) -> Result<PatchType, Status> {
    let media = content_type.split(';').next().unwrap_or("");
    [PatchType::Json, PatchType::Merge, PatchType::Strategic, PatchType::Apply]
        .into_iter()
        .find(|t| t.media_type() == media)
        .ok_or_else(|| Status::new(Reason::UnsupportedMediaType, "415: Unsupported Media Type"))
}

fn check_length(bytes: &[u8]) -> Result<(), Status> {
    if bytes.len() <= LONGEST {
        return Ok(());
    }
    Err(Status::new(Reason::RequestEntityTooLarge, format!("Request entity too large: limit is {LONGEST}")))
}

fn form_of(content_type: &str, bytes: &[u8], kind: KindRef) -> Result<Form, Status> {
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or("").to_ascii_lowercase();
    let has_values = |p: &str| p.split_once('=').is_some_and(|(k, v)| !k.is_empty() && !v.is_empty());
    let readable = parts.all(|p| p.is_empty() || has_values(p));
    match media.as_str() {
        "" | "application/json" if readable => Ok(Form::Json),
        "application/yaml" if readable => Ok(Form::Yaml),
        "application/vnd.kubernetes.protobuf" if readable && !bytes.starts_with(b"k8s\0") => {
            let why = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
            Err(unrecognized(kind, why, bytes))
        }
        _ => Err(Status::new(Reason::UnsupportedMediaType, OBJECT_TYPES)),
    }
}

fn read_object(mut request: Request, form: Form, bytes: &[u8], kind: KindRef) -> Result<Request, Status> {
    let refuse = |why: String| unrecognized(kind, &why, bytes);
    let typed = kind.custom().is_none();
    let mut value = match form {
        Form::Json => {
            let read = json::read(bytes, typed).map_err(|why| refuse(format!("{NO_META}{why}")))?;
            request.strict = read.repeated;
            // What no field takes is not looked at.
            if let Some(why) = read.too_large.filter(|_| !typed) {
                let (name, version) = (kind.name(), kind.version());
                return Err(Status::bad_request(format!(
                    "{name} in version {version:?} cannot be handled as a {name}: {why}"
                )));
            }
            read.value
        }
        Form::Yaml => {
            let (value, repeated) = read_yaml(bytes).map_err(refuse)?;
            request.strict.extend(repeated);
            value
        }
    };
    interpret(&value).map_err(|why| unrecognized(kind, &why, bytes))?;
    let said = |v: &Value, k: &str| v[k].as_str().is_some_and(|t| !t.is_empty());
    if !typed && !said(&value, "kind") {
        let why = format!("Object 'Kind' is missing in '{}'", String::from_utf8_lossy(bytes));
        return Err(unrecognized(kind, &why, bytes));
    }
    if typed {
        // What an object does not say of itself, the path says.
        if value.is_null() {
            value = json!({});
        }
        for (key, default) in [("apiVersion", kind.api_version()), ("kind", kind.name().into())] {
            if !said(&value, key) {
                value[key] = default.into();
            }
        }
    }
    request.body = Some(value);
    Ok(request)
}

fn read_patch(mut request: Request, bytes: &[u8], how: PatchType) -> Result<Request, Status> {
    if how == PatchType::Apply {
        return read_configuration(request, bytes);
    }
    let refuse = |why: String| {
        let prefix = if how == PatchType::Strategic { "" } else { "error decoding patch: " };
        Status::bad_request(format!("{prefix}{why}"))
    };
    let read = json::read(bytes, false).map_err(refuse)?;
    // The values of operations are not looked at yet.
    if let Some(why) = read.too_large.filter(|_| how != PatchType::Json) {
        return Err(refuse(why));
    }
    request.strict = read.repeated;
    request.body = Some(match (how, read.value) {
        (PatchType::Merge, Value::Null) => return Err(Status::bad_request("Invalid JSON Patch")),
        (PatchType::Json, Value::Null) => json!([]),
        (_, Value::Null) => json!({}),
        (_, value) => value,
    });
    Ok(request)
}

/// The configuration of an apply, which is YAML whatever it looks like.
fn read_configuration(mut request: Request, bytes: &[u8]) -> Result<Request, Status> {
    let undecodable = |why: String| Status::bad_request(format!("error decoding YAML: {why}"));
    let (value, repeated) =
        read_yaml(bytes).map_err(|why| undecodable(format!("error converting YAML to JSON: {why}")))?;
    let value = match value {
        Value::Null => json!({}),
        Value::Object(_) => value,
        other => {
            let what = word(&other, "map[string]interface {}");
            let why = format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}");
            return Err(undecodable(format!("error unmarshaling JSON: while decoding JSON: {why}")));
        }
    };
    request.strict.extend(repeated);
    request.body = Some(value);
    Ok(request)
}

/// The options of a deletion, which may be left out.
fn read_options(mut request: Request, bytes: &[u8]) -> Result<Request, Status> {
    if bytes.is_empty() {
        return Ok(request);
    }
    let read = json::read(bytes, true).map_err(|why| Status::bad_request(format!("{NO_META}{why}")))?;
    interpret(&read.value).map_err(Status::bad_request)?;
    let text = |k: &str| read.value[k].as_str().unwrap_or("");
    if !matches!(text("kind"), "" | "DeleteOptions") {
        let (kind, version) = (text("kind"), text("apiVersion"));
        return Err(Status::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    request.body = Some(read.value).filter(|v| !v.is_null());
    Ok(request)
}

/// The value of a YAML text, and what is said of keys that come twice in it.
fn read_yaml(bytes: &[u8]) -> Result<(Value, Option<String>), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let leads = |b: u8| !(0x80..=0xc1).contains(&b) && b < 0xf5;
        let first = bytes.get(e.valid_up_to()).copied().unwrap_or(0);
        match e.error_len() {
            None => "yaml: incomplete UTF-8 octet sequence",
            Some(_) if leads(first) => "yaml: invalid trailing UTF-8 octet",
            Some(_) => "yaml: invalid leading UTF-8 octet",
        }
    })?;
    let value = yaml::parse(text, Repeated::LastWins)?.unwrap_or(Value::Null);
    let repeated = yaml::parse(text, Repeated::Refused).err().filter(|e| e.starts_with(YAML_ERRORS));
    Ok((value, repeated))
}

/// What strict decoding found, each as it is told to those who are only warned.
pub fn warnings(strict: &[String]) -> Vec<String> {
    let lines = |t: &str| t.lines().map(|l| l.trim().to_string()).collect();
    strict.iter().flat_map(|t| t.strip_prefix(YAML_ERRORS).map_or_else(|| vec![t.clone()], lines)).collect()
}

/// Looks at what an object says it is.
fn interpret(v: &Value) -> Result<(), String> {
    let fields = match v {
        Value::Null => return Ok(()),
        Value::Object(fields) => fields,
        other => {
            return Err(format!("{NO_META}json: cannot unmarshal {} into Go value of type {META}", kind_of(other)));
        }
    };
    for key in ["apiVersion", "kind"] {
        match fields.get(key) {
            None | Some(Value::Null | Value::String(_)) => {}
            Some(other) => {
                let what = kind_of(other);
                return Err(format!(
                    "{NO_META}json: cannot unmarshal {what} into Go struct field .{key} of type string"
                ));
            }
        }
    }
    let version = fields.get("apiVersion").and_then(Value::as_str).unwrap_or("");
    if version.matches('/').count() > 1 {
        return Err(format!("unexpected GroupVersion string: {version}"));
    }
    Ok(())
}

fn kind_of(v: &Value) -> &'static str {
    match v {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A body that cannot be read is refused with its beginning: as text, if it looks like JSON.
fn unrecognized(kind: KindRef, why: &str, bytes: &[u8]) -> Status {
    let beginning = &bytes[..bytes.len().min(SHOWN)];
    let more = if bytes.len() > SHOWN { " ..." } else { "" };
    let shown: Cow<'_, str> = match bytes.first() {
        None => "<empty>".into(),
        Some(b'{') => String::from_utf8_lossy(beginning),
        Some(_) => beginning.iter().map(|b| format!("{b:02x}")).collect::<String>().into(),
    };
    let name = kind.name();
    Status::bad_request(format!("the object provided is unrecognized (must be of type {name}): {why} ({shown}{more})"))
}
