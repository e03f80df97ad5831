//! For which requests a policy is, and its bindings, and with which parameters they run it.
//! Real Kubernetes: apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go.

use k8s_openapi::api::admissionregistration::v1::{MatchResources, ParamKind, ParamRef};

use super::super::matching;
use super::super::request::Request;
use super::params::{self, Params};
use crate::api::KindRef;

/// What a policy is about in a request that it is for.
pub struct Aim {
    /// The version of the object's kind in which the policy speaks of it.
    pub kind: KindRef,
    params: Option<KindRef>,
}

impl Aim {
    /// `None` if the policy is not for the request.
    ///
    /// # Errors
    /// It can't be found out.
    pub fn of(
        constraints: Option<&MatchResources>,
        params: Option<&ParamKind>,
        r: &Request<'_>,
    ) -> Result<Option<Aim>, String> {
        let Some(kind) = matched(constraints, r)? else { return Ok(None) };
        let params = params.map(|p| params::kind(p, r.api)).transpose()?;
        Ok(Some(Aim { kind, params }))
    }

    /// The parameters with which a binding runs the policy, `None` if the binding is not for the request.
    ///
    /// # Errors
    /// It can't be found out, or the binding does not fit the policy.
    pub fn params(
        &self,
        only: Option<&MatchResources>,
        named: Option<&ParamRef>,
        r: &Request<'_>,
    ) -> Result<Option<Params>, String> {
        matched(only, r)?.map(|_| params::collect(self.params, named, r)).transpose()
    }
}

fn matched(m: Option<&MatchResources>, r: &Request<'_>) -> Result<Option<KindRef>, String> {
    m.map_or(Ok(Some(r.kind)), |m| matching::by_policy(m, r).map_err(|status| status.message))
}
