//! The routes of what the server tells of itself: which groups and versions there are, its own version, who makes tokens.
//! Real Kubernetes: apiserver/pkg/endpoints/discovery, apiserver/pkg/server/routes/version.go, pkg/routes/openidmetadata.go.

use super::route::{Content, Method, Route};

const FORMS: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// `/api/`
pub fn core() -> Route {
    get("/api/", "get available API versions", "getAPIVersions", FORMS, Content::meta("APIVersions"))
}

/// `/apis/`
pub fn groups() -> Route {
    get("/apis/", "get available API versions", "getAPIVersions", FORMS, Content::meta("APIGroupList"))
}

/// `/apis/apps/`
pub fn group(group: &str) -> Route {
    get(&format!("/apis/{group}/"), "get information of a group", "getAPIGroup", FORMS, Content::meta("APIGroup"))
}

/// `/apis/apps/v1/`, where `root` is that path.
pub fn resources(root: &str) -> Route {
    get(root, "get available resources", "getAPIResources", FORMS, Content::meta("APIResourceList"))
}

/// `/version/`
pub fn version() -> Route {
    let info = Content::Defined("io.k8s.apimachinery.pkg.version.Info".into());
    let doc = "get the version information for this server";
    get("/version/", doc, "getCodeVersion", &["application/json"], info)
}

/// `/.well-known/openid-configuration/`
pub fn issuer() -> Route {
    let doc = "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'";
    let operation = "getServiceAccountIssuerOpenIDConfiguration";
    let route = get("/.well-known/openid-configuration/", doc, operation, &["application/json"], Content::Text);
    Route { consumes: &[], ..route }
}

/// `/openid/v1/jwks/`
pub fn keys() -> Route {
    let doc = "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)";
    let operation = "getServiceAccountIssuerOpenIDKeyset";
    let route = get("/openid/v1/jwks/", doc, operation, &["application/jwk-set+json"], Content::Text);
    Route { consumes: &[], ..route }
}

fn get(path: &str, doc: &str, operation: &str, forms: &'static [&'static str], answer: Content) -> Route {
    Route {
        method: Method::Get,
        path: path.into(),
        doc: doc.into(),
        operation: operation.into(),
        parameters: vec![],
        body: None,
        consumes: forms,
        produces: forms.to_vec(),
        answers: vec![("200", "OK", answer)],
        subject: None,
        guarded: true,
    }
}
