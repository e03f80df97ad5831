//! kubectl create token.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/create/create_token.go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::create::one_name;
use crate::api::request::{Method, Request};
use crate::api::{Duration, Resource, kinds};
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::printers::{self, Format};
use crate::kubectl::resources::{Found, object};
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static TOKEN: Verb = Verb {
    name: "create token",
    summary: "Request a service account token",
    flags: &[
        &[
            Flag::new("audience", Type::Array),
            Flag::new("duration", Type::Duration).default("0s"),
            Flag::new("bound-object-kind", Type::Text),
            Flag::new("bound-object-name", Type::Text),
            Flag::new("bound-object-uid", Type::Text),
        ],
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run: token,
};

/// What a token can be bound to. All are of `v1`.
const BINDS_TO: [&str; 3] = ["Node", "Pod", "Secret"];

fn token(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let name = one_name(args)?;
    let format = Format::of(args)?;
    let spec = spec(args)?;
    let kind = kinds::ServiceAccount::kind_ref();
    let path = format!("{}/token", object(kind, &env.namespace, name));
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
    let failed = |why: &str| Failure::error(format!("failed to create token: {why}"));
    let made = env.try_call(&Request::new(Method::Post, path).body(body)).map_err(|s| failed(&s.message))?;
    let Some(token) = made["status"]["token"].as_str().filter(|t| !t.is_empty()) else {
        return Err(failed("no token in server response"));
    };
    let shown = match format {
        Format::Table { .. } if args.text("output").is_empty() => format!("{token}\n"),
        _ => printers::print(&format, &[Found::of(kind, Arc::new((*made).clone()))], true, args)?,
    };
    env.out.push_str(&shown);
    Ok(Done::OK)
}

fn spec(args: &Args) -> Result<Value, Failure> {
    let refused = |text: &str| Err(Failure::error(text));
    if args.text("duration").starts_with('-') {
        return refused("--duration must be greater than or equal to 0");
    }
    let lasts = args.duration("duration");
    if lasts != Duration::from_secs(lasts.as_secs()) {
        return refused("--duration cannot be expressed in units less than seconds");
    }
    let audiences = args.list("audience");
    if audiences.iter().any(String::is_empty) {
        return refused("--audience must not be an empty string");
    }
    let (kind, name, uid) =
        (args.text("bound-object-kind"), args.text("bound-object-name"), args.text("bound-object-uid"));
    let mut spec = json!({"audiences": if audiences.is_empty() { Value::Null } else { json!(audiences) }});
    if !lasts.is_zero() {
        spec["expirationSeconds"] = lasts.as_secs().into();
    }
    match (kind, name, uid) {
        ("", "", "") => return Ok(spec),
        ("", "", _) => return refused("--bound-object-uid can only be set if --bound-object-kind is provided"),
        ("", ..) => return refused("--bound-object-name can only be set if --bound-object-kind is provided"),
        (kind, ..) if !BINDS_TO.contains(&kind) => {
            return refused(&format!("supported --bound-object-kind values are {}", BINDS_TO.join(", ")));
        }
        (_, "", _) => return refused("--bound-object-name is required if --bound-object-kind is provided"),
        _ => {}
    }
    spec["boundObjectRef"] = json!({"kind": kind, "apiVersion": "v1", "name": name});
    if !uid.is_empty() {
        spec["boundObjectRef"]["uid"] = uid.into();
    }
    Ok(spec)
}
