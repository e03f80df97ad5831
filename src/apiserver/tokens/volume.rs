//! Tokens that kubelet puts into pods. What they say is settled when the volume is mounted; the times in them and the signature when
//! somebody reads the file: kubelet replaces it as often, and most are never looked at.
//! Real Kubernetes: pkg/kubelet/token/token_manager.go, pkg/volume/projected/projected.go.

use serde_json::{Value, json};

use super::ISSUER;
use super::request::{YEAR, is_of_volume};
use super::signing::Key as SigningKey;
use crate::api::kinds::{Node, Pod, ServiceAccount};
use crate::api::object::Key;
use crate::api::uid::Uid;
use crate::api::user::User;
use crate::api::{Resource, Time, pods};
use crate::apiserver::ApiServer;

/// The claims of a pod's token: `iat` is when its volume is mounted, `exp` how long it is to last. `None`: there is no such account.
pub fn claims(api: &ApiServer, pod: &Pod, audience: &str, seconds: i64, now: Time) -> Option<String> {
    let name = pod.spec.as_ref()?.service_account_name.as_deref().unwrap_or("default");
    let (namespace, node) = (pod.namespace(), pods::node(pod));
    let account = api.store().get(&Key::of::<ServiceAccount>(namespace, name))?;
    let mut of_node = json!({"name": node});
    if let Some(n) = api.store().get(&Key::of::<Node>("", node)) {
        of_node["uid"] = n.uid().into();
    }
    let audience = if audience.is_empty() { ISSUER } else { audience };
    let private = json!({
        "namespace": namespace, "node": of_node, "pod": {"name": pod.name(), "uid": pod.uid()},
        "serviceaccount": {"name": name, "uid": account.uid()},
    });
    let claims = json!({
        "aud": [audience], "iss": ISSUER, "exp": seconds, "iat": now.meta().0.as_second(), "kubernetes.io": private,
        "sub": User::service_account(namespace, name).name.as_str(),
    });
    Some(claims.to_string())
}

/// The token as it lies in the volume at a time.
pub fn signed(seed: u64, claims: &str, now: Time) -> String {
    let Ok(mut claims) = serde_json::from_str::<Value>(claims) else { return String::new() };
    let seconds = claims["exp"].as_i64().unwrap_or(0).max(1);
    let (first, now) = (claims["iat"].as_i64().unwrap_or(0), now.meta().0.as_second());
    // A new one is fetched when four fifths of its time are over.
    let turn = (seconds * 4 / 5).max(1);
    let made = first + (now - first).max(0) / turn * turn;
    let lasts = if is_of_volume(seconds, &claims["aud"]) {
        claims["kubernetes.io"]["warnafter"] = (made + seconds).into();
        YEAR
    } else {
        seconds
    };
    claims["jti"] = Uid::of(&format!("{claims} {made}")).to_string().into();
    (claims["iat"], claims["nbf"], claims["exp"]) = (made.into(), made.into(), (made + lasts).into());
    SigningKey::of(seed).map(|k| k.sign(&claims)).unwrap_or_default()
}
