//! Tokens that lie in Secrets and never expire: those of before there were bound ones, and of whoever asks for such a Secret still.
//! Real Kubernetes: pkg/serviceaccount/legacy.go.

use serde_json::{Value, json};

use super::signing::Key as SigningKey;
use crate::api::kinds::{Secret, ServiceAccount};
use crate::api::object::Key;
use crate::api::user::User;
use crate::api::{Resource, Status};
use crate::apiserver::ApiServer;

/// Who makes them, as they say.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
/// Before the name of each of their claims.
const CLAIM: &str = "kubernetes.io/serviceaccount/";

/// The token of an account that is to lie in a Secret.
pub fn token(seed: u64, account: &ServiceAccount, secret: &str) -> Option<String> {
    let claims = json!({
        "iss": LEGACY_ISSUER,
        format!("{CLAIM}namespace"): account.namespace(),
        format!("{CLAIM}secret.name"): secret,
        format!("{CLAIM}service-account.name"): account.name(),
        format!("{CLAIM}service-account.uid"): account.uid(),
        "sub": User::service_account(account.namespace(), account.name()).name.as_str(),
    });
    SigningKey::of(seed).map(|k| k.sign(&claims))
}

/// Whose such a token is. It holds as long as it lies in its Secret.
pub(super) fn user(api: &ApiServer, claims: &Value, token: &str) -> Result<User, String> {
    let text = |k: &str| claims[format!("{CLAIM}{k}")].as_str().unwrap_or_default();
    let (namespace, name, uid) = (text("namespace"), text("service-account.name"), text("service-account.uid"));
    let invalid = || "service account token has been invalidated".to_string();
    let secret = api.store().get(&Key::of::<Secret>(namespace, text("secret.name"))).ok_or_else(invalid)?;
    let held = secret.get::<Secret>().and_then(|s| s.data.as_ref()?.get("token"));
    if secret.meta().deletion_timestamp.is_some() || held.is_none_or(|t| t.0 != token.as_bytes()) {
        return Err(invalid());
    }
    let key = Key::of::<ServiceAccount>(namespace, name);
    let account = api.store().get(&key).ok_or_else(|| Status::not_found(key.kind, name).message)?;
    if account.meta().deletion_timestamp.is_some() {
        return Err("ServiceAccount has been deleted".into());
    }
    if account.uid() != uid {
        return Err(format!("ServiceAccount UID ({}) does not match claim ({uid})", account.uid()));
    }
    Ok(User { uid: uid.into(), ..User::service_account(namespace, name) })
}
