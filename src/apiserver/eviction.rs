//! Eviction: a pod is asked to go, which a PodDisruptionBudget may refuse.
//! Real Kubernetes: pkg/registry/core/pod/storage/eviction.go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::{self, Ask};
use super::caller::Caller;
use super::delete::{self, DeleteOptions};
use super::write_options::delete_options_of;
use super::{ApiServer, parts};
use crate::api::field::{FieldErrors, Path};
use crate::api::kind::Subresource;
use crate::api::kinds::poddisruptionbudget::{DISRUPTION_ALLOWED, tell_whether_allowed};
use crate::api::kinds::{Pod, PodDisruptionBudget};
use crate::api::object::{Key, Resource};
use crate::api::selector::Selector;
use crate::api::status::{Cause, Details};
use crate::api::{Object, Reason, Status, User, conditions, pods};
use crate::ledger::record::RequestOutcome;
use crate::store::{Precondition, Scope, rev_of};

const GROUP: &str = "policy";
/// A budget notes so many evictions that its controller has not seen yet, and no more.
const MOST_DISRUPTED: usize = 2000;

impl ApiServer {
    /// Evicts a pod; the answer is a Status.
    pub fn evict(&mut self, key: &Key, body: &Value, who: &mut Caller<'_>) -> Result<Value, Status> {
        let done = self
            .authorize(who, "create", key, Some(Subresource::Eviction))
            .and_then(|()| self.read_eviction(key, body, who))
            .and_then(|options| self.evict_pod(key, &options, who));
        if let Err(status) = &done {
            self.refuse(who, "create", key, Some(Subresource::Eviction.name()), status);
        }
        done
    }

    /// What a body asks for, once admission has let it pass.
    fn read_eviction(&self, key: &Key, body: &Value, who: &mut Caller<'_>) -> Result<DeleteOptions, Status> {
        let eviction = parts::decode(body, (GROUP, &["v1", "v1beta1"]), "Eviction", "policy/v1.Eviction")?;
        let text = |k: &str| eviction["metadata"][k].as_str().unwrap_or("");
        parts::namespace_must_fit(&eviction, key)?;
        if text("name") != key.name.as_str() {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let wishes = &eviction["deleteOptions"];
        const BREAKING: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";
        if wishes[BREAKING] == true {
            let mut errors = FieldErrors::default();
            let why = "can not be set for pod eviction, try after removing the option";
            errors.invalid(&Path::new("deleteOptions").child(BREAKING), true, why);
            return Err(Status::invalid_as("Eviction", GROUP, &key.name, errors.list()));
        }
        let dry = wishes["dryRun"].as_array().filter(|d| !d.is_empty());
        if let Some(dry) = dry.filter(|d| who.dry_run && **d != [json!("All")]) {
            let list = dry.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            let why = format!("Non-matching dry-run options in request and content: [All] and [{list}]");
            return Err(Status::new(Reason::Unknown, why));
        }
        who.dry_run |= dry.is_some();
        let mut asked = Ask { key, part: Subresource::Eviction, body: eviction };
        admission::ask(self, &mut asked, who)?;
        delete_options_of(&asked.body["deleteOptions"])
    }

    fn evict_pod(&mut self, key: &Key, options: &DeleteOptions, who: &mut Caller<'_>) -> Result<Value, Status> {
        let found = self.store.get(key).cloned().ok_or_else(|| Status::not_found(key.kind, &key.name))?;
        let Some(pod) = found.get::<Pod>() else { return Err(Status::not_found(key.kind, &key.name)) };
        // What does not run yet, or no more, disrupts nothing.
        let harmless = matches!(pods::phase(pod), "Succeeded" | "Failed" | "Pending") || pod.is_deleting();
        if !harmless {
            match self.budgets_of(pod).as_slice() {
                [] => {}
                [budget] => self.spend(pod, budget, who)?,
                _ => {
                    let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
                    return Err(Status::new(Reason::Unknown, why));
                }
            }
        }
        self.mark_and_delete(&found, options, who)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
    }

    fn budgets_of(&self, pod: &Pod) -> Vec<Arc<Object>> {
        let scope = Scope { kind: PodDisruptionBudget::kind_ref(), namespace: Some(pod.namespace().into()) };
        let selects = |o: &&Arc<Object>| {
            let spec = o.get::<PodDisruptionBudget>().and_then(|b| b.spec.as_ref());
            let selector = spec.and_then(|s| s.selector.as_ref());
            selector.is_some_and(|s| Selector::of(s).matches(pod.metadata.labels.as_ref()))
        };
        self.store.list(&scope).filter(selects).cloned().collect()
    }

    /// Takes one of the disruptions that a budget allows, or says that there is none.
    fn spend(&mut self, pod: &Pod, budget: &Arc<Object>, who: &mut Caller<'_>) -> Result<(), Status> {
        let Some(b) = budget.get::<PodDisruptionBudget>() else { return Ok(()) };
        if !pods::is_ready(pod) && spares_unready(b) {
            return Ok(());
        }
        allows(b)?;
        let mut new = (**budget).clone();
        if let Some(b) = new.get_mut::<PodDisruptionBudget>() {
            take_one(b, pod.name(), who);
        }
        if who.dry_run {
            return Ok(());
        }
        let apiserver = User::api_server();
        let mut itself = who.as_the_server(&apiserver);
        self.update(new, Some(Subresource::Status), "update", &mut itself).map(drop)
    }

    /// The pod says why it goes before it does.
    fn mark_and_delete(
        &mut self,
        pod: &Arc<Object>,
        options: &DeleteOptions,
        who: &mut Caller<'_>,
    ) -> Result<(), Status> {
        let key = pod.key();
        let mut options = options.clone();
        if !who.dry_run {
            delete::check_preconditions(pod, &options)?;
            let mut new = (**pod).clone();
            let why =
                conditions::pod("DisruptionTarget", true, "EvictionByEvictionAPI", "Eviction API: evicting", None);
            if let Some(p) = new.get_mut::<Pod>() {
                conditions::set(p.status.get_or_insert_default().conditions.get_or_insert_default(), why, who.now);
            }
            let part = Some(Subresource::Eviction.name());
            let revision = if new.same(pod) {
                who.record("create", &key, part, RequestOutcome::Unchanged);
                rev_of(pod)
            } else {
                let expect = Precondition::At(rev_of(pod));
                rev_of(&*self.commit(who, "create", &key, part, Some(new), expect)?)
            };
            options.resource_version = options.resource_version.map(|_| revision.0.to_string());
        }
        // Whoever may evict a pod may delete it thus, and admission has had its say.
        let (authorized, subresource) = (who.authorized, who.subresource);
        (who.authorized, who.subresource) = (true, Some(Subresource::Eviction));
        let done = self.delete(&key, &options, who);
        (who.authorized, who.subresource) = (authorized, subresource);
        done.map(drop)
    }
}

/// Whether a pod that is not ready may go without counting: it serves nobody.
fn spares_unready(b: &PodDisruptionBudget) -> bool {
    let policy = b.spec.as_ref().and_then(|s| s.unhealthy_pod_eviction_policy.as_deref());
    let status = b.status.clone().unwrap_or_default();
    let (healthy, desired) = (status.current_healthy.unwrap_or(0), status.desired_healthy.unwrap_or(0));
    policy == Some("AlwaysAllow") || healthy >= desired && desired > 0
}

fn too_many_requests(cause: String, retry_after_seconds: u32) -> Status {
    let causes = vec![Cause { reason: "DisruptionBudget".into(), message: cause, field: String::new() }];
    let details = Details { causes, retry_after_seconds, ..Details::default() };
    let why = "Cannot evict pod as it would violate the pod's disruption budget.";
    Status { details: Some(Box::new(details)), ..Status::new(Reason::TooManyRequests, why) }
}

fn forbidden(name: &str, why: &str) -> Status {
    let what = "poddisruptionbudget";
    let details = Details { name: name.into(), group: GROUP.into(), kind: what.into(), ..Details::default() };
    let message = format!("{what}.{GROUP} {name:?} is forbidden: {why}");
    Status { details: Some(Box::new(details)), ..Status::new(Reason::Forbidden, message) }
}

/// Whether a budget allows one more disruption; if not, what is said of it.
fn allows(b: &PodDisruptionBudget) -> Result<(), Status> {
    const RETRY_AFTER: u32 = 10;
    let name = b.name();
    let status = b.status.clone().unwrap_or_default();
    if status.observed_generation.unwrap_or(0) < b.generation() {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(too_many_requests(why, RETRY_AFTER));
    }
    let allowed = status.disruptions_allowed.unwrap_or(0);
    let (healthy, desired) = (status.current_healthy.unwrap_or(0), status.desired_healthy.unwrap_or(0));
    if allowed < 0 {
        return Err(forbidden(name, "pdb disruptions allowed is negative"));
    }
    if status.disrupted_pods.as_ref().is_some_and(|p| p.len() > MOST_DISRUPTED) {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(forbidden(name, why));
    }
    if allowed > 0 {
        return Ok(());
    }
    let told = status.conditions.iter().flatten().find(|c| c.type_ == DISRUPTION_ALLOWED);
    let told = told.filter(|c| c.status == "False" && !c.message.is_empty());
    let cause = match told {
        Some(c) if c.reason == "SyncFailed" => format!(
            "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
            c.message
        ),
        _ if healthy <= desired => {
            format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
        }
        Some(c) => {
            format!("The disruption budget {name} does not allow evicting pods currently ({}): {}", c.reason, c.message)
        }
        None => format!("The disruption budget {name} does not allow evicting pods currently"),
    };
    Err(too_many_requests(cause, 0))
}

/// One disruption fewer, and for whom, until the budget's controller has seen the pod go.
fn take_one(b: &mut PodDisruptionBudget, pod: &str, who: &Caller<'_>) {
    let status = b.status.get_or_insert_default();
    let left = status.disruptions_allowed.unwrap_or(0) - 1;
    status.disruptions_allowed = Some(left);
    status.disrupted_pods.get_or_insert_default().insert(pod.into(), who.now.meta());
    if left <= 0 {
        tell_whether_allowed(status, who.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(generation: i64, status: Value) -> String {
        let v = json!({"metadata": {"name": "b", "generation": generation}, "status": status});
        let budget: PodDisruptionBudget = serde_json::from_value(v).unwrap();
        let Err(status) = allows(&budget) else { return "yes".into() };
        let details = status.details.unwrap_or_default();
        details.causes.first().map_or(status.message, |c| c.message.clone())
    }

    fn told(reason: &str, healthy: i32) -> String {
        let condition = json!({"type": DISRUPTION_ALLOWED, "status": "False", "reason": reason, "message": "m",
            "lastTransitionTime": "2020-01-01T00:00:00Z"});
        said(
            1,
            json!({"observedGeneration": 1, "currentHealthy": healthy, "desiredHealthy": 1, "conditions": [condition]}),
        )
    }

    #[test]
    fn a_budget_says_why_it_allows_nothing() {
        let seen = json!({"observedGeneration": 1, "disruptionsAllowed": 1});
        assert_eq!(said(1, seen.clone()), "yes");
        assert_eq!(said(2, seen), "The disruption budget b is still being processed by the server.");
        assert_eq!(
            said(0, json!({"disruptionsAllowed": -1})),
            "poddisruptionbudget.policy \"b\" is forbidden: pdb disruptions allowed is negative"
        );
        let head = "The disruption budget b does not allow evicting pods currently";
        assert_eq!(told("SyncFailed", 1), format!("{head} because it failed sync: m"));
        assert_eq!(told("Other", 1), "The disruption budget b needs 1 healthy pods and has 1 currently");
        assert_eq!(told("Other", 2), format!("{head} (Other): m"));
        assert_eq!(said(0, json!({"currentHealthy": 2, "desiredHealthy": 1})), head);
    }
}
