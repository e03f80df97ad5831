//! What others need to recognize tokens: who makes them, and the public half of the key.
//! Real Kubernetes: pkg/routes/openidmetadata.go, pkg/serviceaccount/openidmetadata.go.

use serde_json::{Value, json};

use super::ISSUER;
use super::signing::{ALGORITHM, Key as SigningKey};
use crate::api::kinds::EndpointSlice;
use crate::api::object::Key;
use crate::apiserver::ApiServer;

/// Answers for the paths that have to do with tokens.
pub fn answer(api: &ApiServer, path: &str) -> Option<Value> {
    match path {
        ".well-known/openid-configuration" => Some(json!({
            "issuer": ISSUER,
            "jwks_uri": format!("https://{}/openid/v1/jwks", address(api)),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        })),
        "openid/v1/jwks" => Some(json!({"keys": [SigningKey::of(api.seed)?.published()]})),
        _ => None,
    }
}

/// Where the API server says that it is.
fn address(api: &ApiServer) -> String {
    let own =
        api.store().get(&Key::of::<EndpointSlice>("default", "kubernetes")).and_then(|o| o.get::<EndpointSlice>());
    let ip = own.and_then(|s| s.endpoints.iter().flatten().flat_map(|e| &e.addresses).next());
    format!("{}:6443", ip.map_or("127.0.0.1", String::as_str))
}
