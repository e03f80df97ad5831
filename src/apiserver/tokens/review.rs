//! Whose a token is, and whether it still holds: what it names must be there, and be what it was.
//! Real Kubernetes: pkg/registry/authentication/tokenreview, pkg/serviceaccount/jwt.go AuthenticateToken, claims.go Validate.

use serde_json::{Value, json};

use super::legacy::{self, LEGACY_ISSUER};
use super::signing::{Key as SigningKey, Token};
use super::{ISSUER, credential};
use crate::api::kinds::{Node, Pod, Secret, ServiceAccount};
use crate::api::object::Key;
use crate::api::user::User;
use crate::api::{Object, Status, Time};
use crate::apiserver::ApiServer;

/// Clocks may differ by so many seconds.
const LEEWAY: i64 = 60;

/// Answers a TokenReview: its status.
pub fn answer(api: &ApiServer, spec: &Value, now: Time) -> Result<Value, Status> {
    let token = spec["token"].as_str().unwrap_or("");
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let asked: Vec<&str> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let wanted = if asked.is_empty() { vec![ISSUER] } else { asked };
    Ok(match authenticate(api, token, &wanted, now) {
        Ok(Some((user, audiences))) => {
            let mut info = json!({"username": user.name.as_str(), "groups": user.groups.iter().map(|g| g.as_str()).collect::<Vec<_>>()});
            if !user.uid.is_empty() {
                info["uid"] = user.uid.as_str().into();
            }
            if !user.extra.is_empty() {
                info["extra"] = json!(user.extra);
            }
            json!({"authenticated": true, "user": info, "audiences": audiences})
        }
        Ok(None) => json!({"user": {}, "error": "invalid bearer token"}),
        Err(why) => json!({"user": {}, "error": format!("[invalid bearer token, {why}]")}),
    })
}

/// The user whom a token stands for, and for whom of those wanted it is meant. `None` if it is not of this server.
pub fn authenticate(
    api: &ApiServer,
    text: &str,
    wanted: &[&str],
    now: Time,
) -> Result<Option<(User, Vec<String>)>, String> {
    let Some(token) = Token::parse(text).filter(|t| t.claims["iss"] == ISSUER || t.claims["iss"] == LEGACY_ISSUER)
    else {
        return Ok(None);
    };
    let Some(key) = SigningKey::of(api.seed) else { return Ok(None) };
    key.verify(&token)?;
    if token.claims["iss"] == LEGACY_ISSUER {
        // They are meant for the server itself.
        let of_server = wanted.contains(&ISSUER);
        return if of_server {
            Ok(Some((legacy::user(api, &token.claims, text)?, vec![ISSUER.into()])))
        } else {
            Err(format!("token audiences [{ISSUER:?}] is invalid for the target audiences {}", go_list(wanted)))
        };
    }
    let of: Vec<&str> = token.claims["aud"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let both: Vec<String> = of.iter().filter(|a| wanted.contains(a)).map(|a| (*a).to_string()).collect();
    if both.is_empty() {
        return Err(format!(
            "token audiences {} is invalid for the target audiences {}",
            go_list(&of),
            go_list(wanted)
        ));
    }
    Ok(Some((user(api, &token.claims, now)?, both)))
}

/// A list of texts as `%q` prints it.
fn go_list(items: &[&str]) -> String {
    format!("[{}]", items.iter().map(|i| format!("{i:?}")).collect::<Vec<_>>().join(" "))
}

fn user(api: &ApiServer, claims: &Value, now: Time) -> Result<User, String> {
    let seconds = now.meta().0.as_second();
    let at = |k: &str| claims[k].as_i64();
    if at("nbf").is_some_and(|t| seconds + LEEWAY < t) {
        return Err("service account token is not valid yet".into());
    }
    if at("exp").is_some_and(|t| seconds - LEEWAY > t) {
        return Err("service account token has expired".into());
    }
    if at("iat").is_some_and(|t| seconds + LEEWAY < t) {
        return Err("service account token is issued in the future".into());
    }
    let private = &claims["kubernetes.io"];
    let namespace = private["namespace"].as_str().unwrap_or("");
    let text = |what: &str, k: &str| private[what][k].as_str().unwrap_or("").to_string();
    let (name, uid) = (text("serviceaccount", "name"), text("serviceaccount", "uid"));
    let key = Key::of::<ServiceAccount>(namespace, &name);
    let account = api.store().get(&key).ok_or_else(|| Status::not_found(key.kind, &name).message)?;
    if account.uid() != uid {
        return Err(format!("service account UID ({}) does not match claim ({uid})", account.uid()));
    }
    if is_gone(account, seconds) {
        return Err(format!("service account {namespace}/{name} has been deleted"));
    }
    let mut user = User { uid, ..User::service_account(namespace, &name) };
    let mut tell = |key: &str, value: String| {
        user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value]);
    };
    if private["secret"].is_object() {
        let key = Key::of::<Secret>(namespace, &text("secret", "name"));
        holds(api, &key, &text("secret", "uid"), "secret", seconds)?;
    }
    if private["pod"].is_object() {
        let key = Key::of::<Pod>(namespace, &text("pod", "name"));
        holds(api, &key, &text("pod", "uid"), "pod", seconds)?;
        tell("pod-name", text("pod", "name"));
        tell("pod-uid", text("pod", "uid"));
    }
    if private["node"].is_object() {
        // The node of a pod may have gone.
        if !private["pod"].is_object() {
            let key = Key::of::<Node>("", &text("node", "name"));
            holds(api, &key, &text("node", "uid"), "node", seconds)?;
        }
        tell("node-name", text("node", "name"));
        if !text("node", "uid").is_empty() {
            tell("node-uid", text("node", "uid"));
        }
    }
    if let Some(id) = claims["jti"].as_str().filter(|id| !id.is_empty()) {
        tell("credential-id", credential(id));
    }
    Ok(user)
}

fn is_gone(o: &Object, seconds: i64) -> bool {
    o.meta().deletion_timestamp.as_ref().is_some_and(|t| t.0.as_second() < seconds - LEEWAY)
}

/// What a token is bound to must be there as it was.
fn holds(api: &ApiServer, key: &Key, uid: &str, what: &str, seconds: i64) -> Result<(), String> {
    let invalid = || "service account token has been invalidated".to_string();
    let found = api.store().get(key).ok_or_else(invalid)?;
    if found.uid() != uid {
        return Err(format!("{what} UID ({}) does not match service account {what} ref claim ({uid})", found.uid()));
    }
    if is_gone(found, seconds) { Err(invalid()) } else { Ok(()) }
}
