//! The objects by which a binding parameterizes its policy.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go CollectParams.

use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::{ParamKind, ParamRef};
use serde_json::Value;

use super::super::request::Request;
use crate::api::object::Key;
use crate::api::selector::Selector;
use crate::api::{KindRef, Object};
use crate::apiserver::ApiServer;
use crate::store::Scope;

/// One run of a policy for each; none stands for a run without parameters. They are shown in the version that the policy names.
pub type Params = Vec<Option<Arc<Value>>>;

/// The kind that a policy names.
///
/// # Errors
/// There is no such kind.
pub fn kind(p: &ParamKind, api: &ApiServer) -> Result<KindRef, String> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let (version, kind) = (text(&p.api_version), text(&p.kind));
    api.kind_named(&version, &kind).ok_or_else(|| {
        let version = if version.contains('/') { version } else { format!("/{version}") };
        format!("failed to find resource referenced by paramKind: '{version}, Kind={kind}'")
    })
}

/// # Errors
/// The binding does not fit the policy, or must find something and does not.
pub fn collect(kind: Option<KindRef>, binding: Option<&ParamRef>, r: &Request<'_>) -> Result<Params, String> {
    let (Some(kind), Some(p)) = (kind, binding) else { return Ok(vec![None]) };
    let given = p.namespace.as_deref().unwrap_or("");
    let namespace = match (kind.namespaced(), given) {
        (false, "") => "",
        (false, _) => return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".into()),
        (true, "") if r.namespace.is_empty() => {
            return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".into());
        }
        (true, "") => r.namespace,
        (true, given) => given,
    };
    let stored = kind.stored();
    let shown = |o: &Arc<Object>| Some(o.whole_in(kind));
    let name = p.name.as_deref().unwrap_or("");
    let found: Params = if !name.is_empty() {
        r.api.store().get(&Key::new(stored, namespace, name)).map(shown).into_iter().collect()
    } else if let Some(selector) = &p.selector {
        let selector = Selector::of(selector);
        let scope = Scope { kind: stored, namespace: stored.namespaced().then(|| namespace.into()) };
        let all = r.api.store().list(&scope).filter(|o| selector.matches(o.meta().labels.as_ref()));
        all.map(shown).collect()
    } else {
        return Err("one of name or selector must be provided".into());
    };
    if found.is_empty() && p.parameter_not_found_action.as_deref() == Some("Deny") {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".into());
    }
    Ok(found)
}
