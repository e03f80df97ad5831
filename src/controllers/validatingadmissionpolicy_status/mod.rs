//! Validating admission policies: whether their expressions can fit the kinds that they judge. It only warns, in their status.
//! Real Kubernetes: pkg/controller/validatingadmissionpolicystatus and
//! k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking.go.

mod check;
mod decision;

use k8s_openapi::api::admissionregistration::v1::TypeChecking;
use serde_json::json;

use crate::api::kind::Subresource;
use crate::api::kinds::ValidatingAdmissionPolicy;
use crate::api::{Key, Resource, Status};
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, Scope};
use crate::world::Ctx;
use decision::Checked;

#[derive(Clone, Default)]
pub struct PolicyStatus {
    policies: Cache<ValidatingAdmissionPolicy>,
}

impl Reconciler for PolicyStatus {
    type Primary = ValidatingAdmissionPolicy;
    const NAME: &'static str = "validatingadmissionpolicy-status";
    const USER: &'static str = "validatingadmissionpolicy-status-controller";

    fn watches() -> Vec<Scope> {
        vec![Scope::all(ValidatingAdmissionPolicy::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        self.policies.apply(c);
        if let Some(p) = self.policies.by_key(&c.key).filter(|p| is_unseen(p)) {
            enqueue.add(p.key());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(p) = self.policies.by_key(key).filter(|p| is_unseen(p)) else { return Ok(Action::done()) };
        let kinds = check::kinds(p);
        let warnings = check::check(p, &kinds);
        let doubtful = warnings.iter().map(|w| w.field_ref.clone()).collect();
        let kinds = kinds.iter().map(|k| k.name().to_string()).collect();
        ctx.decide(Checked { policy: key.clone(), kinds, doubtful });
        let warnings = Some(warnings).filter(|w| !w.is_empty());
        let told = TypeChecking { expression_warnings: warnings };
        let seen = p.generation();
        let config = json!({
            "apiVersion": Self::Primary::kind_ref().api_version(), "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": p.name()},
            "status": {"observedGeneration": seen, "typeChecking": told},
        });
        ctx.api::<ValidatingAdmissionPolicy>().apply(Some(Subresource::Status), config, Self::NAME, |p| {
            let status = p.status.get_or_insert_default();
            status.observed_generation = Some(seen);
            status.type_checking = Some(told);
        })?;
        Ok(Action::done())
    }
}

fn is_unseen(p: &ValidatingAdmissionPolicy) -> bool {
    p.generation() > p.status.as_ref().and_then(|s| s.observed_generation).unwrap_or(0)
}
