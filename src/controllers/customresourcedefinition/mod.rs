//! What the API server does with CustomResourceDefinitions by itself: gives them their names, begins to serve them, and empties those
//! that are deleted.
//!
//! Several small controllers in Kubernetes, which watch the same objects and follow one another; here they are one.
//! Real Kubernetes: apiextensions-apiserver/pkg/controller/{status,establish,finalizer}.

mod decision;
mod names;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionCondition, CustomResourceDefinitionNames,
};

use crate::api::custom::is_true;
use crate::api::kinds::CustomResourceDefinition;
use crate::api::kinds::customresourcedefinition::{CLEANUP, condition, conformance, set_condition};
use crate::api::{Duration, Key, Reason, Resource, Status, User, unless_gone};
use crate::apiserver::delete::DeleteOptions;
use crate::client::controller::Enqueue;
use crate::client::{Action, Cache, Reconciler};
use crate::store::{Change, ChangeKind, Scope};
use crate::world::Ctx;
use decision::DefinitionDecision;
use names::Taken;

/// How long it waits for objects that are held by finalizers before it looks again.
const POLL: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
pub struct CustomResourceDefinitions {
    definitions: Cache<CustomResourceDefinition>,
}

impl Reconciler for CustomResourceDefinitions {
    type Primary = CustomResourceDefinition;
    const NAME: &'static str = "customresourcedefinition";
    const USER: &'static str = "";
    const AGENT: &'static str = "kube-apiserver";

    fn user() -> User {
        User::api_server()
    }

    fn watches() -> Vec<Scope> {
        vec![Scope::all(CustomResourceDefinition::kind_ref())]
    }

    fn observe(&mut self, c: &Change, enqueue: &mut Enqueue<'_>) {
        enqueue.follow(&mut self.definitions, c);
        if c.kind != ChangeKind::Deleted {
            return;
        }
        // Its names are free: others of its group may want them.
        let group = c.object.get::<CustomResourceDefinition>().map(|d| d.spec.group.clone());
        for other in self.definitions.iter().filter(|d| Some(&d.spec.group) == group.as_ref()) {
            enqueue.add(other.key());
        }
    }

    fn reconcile(&mut self, key: &Key, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
        let Some(crd) = self.definitions.by_key(key).cloned() else { return Ok(Action::done()) };
        if crd.is_deleting() {
            return empty(key, crd, ctx);
        }
        if self.name(key, &crd, ctx)? {
            // What was written comes back as news.
            return Ok(Action::done());
        }
        if is_true(&crd, "NamesAccepted") && !is_true(&crd, "Established") {
            let mut new = crd;
            let kind = new.spec.names.kind.clone();
            let why = "the initial names have been accepted";
            set_condition(&mut new, condition("Established", true, "InitialNamesAccepted", why), ctx.now());
            ctx.decide(DefinitionDecision::Established { definition: key.clone(), kind });
            write(new, ctx)?;
            return Ok(Action::done());
        }
        if let Some(conforms) = conformance(&crd).filter(|c| !says(&crd, c)) {
            let mut new = crd;
            set_condition(&mut new, conforms, ctx.now());
            return write(new, ctx).map(|()| Action::done());
        }
        Ok(Action::done())
    }
}

impl CustomResourceDefinitions {
    /// Gives a definition its names, as far as they are free. Tells whether anything was written.
    fn name(&self, key: &Key, crd: &CustomResourceDefinition, ctx: &mut Ctx<'_>) -> Result<bool, Status> {
        let none = CustomResourceDefinitionNames::default();
        let has = crd.status.as_ref().and_then(|s| s.accepted_names.as_ref()).unwrap_or(&none);
        if crd.spec.names == *has {
            return Ok(false);
        }
        let others = self.definitions.iter().filter(|d| d.spec.group == crd.spec.group && d.name() != crd.name());
        let taken = Taken::by(others.filter_map(|d| d.status.as_ref()?.accepted_names.as_ref()));
        let (given, conflict) = names::accept(&crd.spec.names, has, &taken);
        let accepted = match &conflict {
            None => condition("NamesAccepted", true, "NoConflicts", "no conflicts found"),
            Some(c) => condition("NamesAccepted", false, c.reason, &c.message),
        };
        if given == *has && says(crd, &accepted) {
            return Ok(false);
        }
        let mut new = crd.clone();
        new.status.get_or_insert_default().accepted_names = Some(given);
        let now = ctx.now();
        set_condition(&mut new, accepted, now);
        if !is_true(crd, "Established") {
            let (reason, message) = match &conflict {
                None => ("Installing", "the initial names have been accepted"),
                Some(_) => ("NotAccepted", "not all names are accepted"),
            };
            set_condition(&mut new, condition("Established", false, reason, message), now);
        }
        let kind = crd.spec.names.kind.clone();
        ctx.decide(match conflict {
            None => DefinitionDecision::Named { definition: key.clone(), kind },
            Some(c) => DefinitionDecision::Refused { definition: key.clone(), message: c.message },
        });
        write(new, ctx)?;
        Ok(true)
    }
}

/// Whether the status says it already.
fn says(crd: &CustomResourceDefinition, it: &CustomResourceDefinitionCondition) -> bool {
    let all = crd.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    all.iter().any(|c| (&c.type_, &c.status, &c.reason, &c.message) == (&it.type_, &it.status, &it.reason, &it.message))
}

/// Writes a status; if somebody was faster, what they wrote comes as news.
fn write(crd: CustomResourceDefinition, ctx: &mut Ctx<'_>) -> Result<(), Status> {
    match ctx.api::<CustomResourceDefinition>().update_status(crd) {
        Err(e) if !e.is(Reason::Conflict) && !e.is(Reason::NotFound) => Err(e),
        _ => Ok(()),
    }
}

/// Deletes the objects of a definition that goes away, and lets it go when none is left.
fn empty(key: &Key, crd: CustomResourceDefinition, ctx: &mut Ctx<'_>) -> Result<Action, Status> {
    if !crd.metadata.finalizers.iter().flatten().any(|f| f == CLEANUP) {
        return Ok(Action::done());
    }
    let mut new = crd;
    let now = ctx.now();
    let end = if is_true(&new, "Established") {
        let objects = ctx.list_all_of(&new.spec.group, &new.spec.names.plural)?;
        let fresh: Vec<Key> = objects.iter().filter(|o| !o.is_deleting()).map(|o| o.key()).collect();
        let all = new.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
        let told = all.iter().any(|c| c.reason.as_deref() == Some("InstanceDeletionInProgress"));
        if !told {
            let why = "CustomResource deletion is in progress";
            set_condition(&mut new, condition("Terminating", true, "InstanceDeletionInProgress", why), now);
            return write(new, ctx).map(|()| Action::done());
        }
        if !fresh.is_empty() {
            ctx.decide(DefinitionDecision::Emptied { definition: key.clone(), objects: fresh.len() });
        }
        for k in &fresh {
            unless_gone(ctx.delete_any(k, &DeleteOptions::default()))?;
        }
        if !ctx.list_all_of(&new.spec.group, &new.spec.names.plural)?.is_empty() {
            return Ok(Action::quietly_after(POLL));
        }
        condition("Terminating", false, "InstanceDeletionCompleted", "removed all instances")
    } else {
        condition("Terminating", false, "NeverEstablished", "resource was never established")
    };
    set_condition(&mut new, end, now);
    new.metadata.finalizers.get_or_insert_default().retain(|f| f != CLEANUP);
    ctx.decide(DefinitionDecision::LetGo { definition: key.clone() });
    write(new, ctx)?;
    Ok(Action::done())
}
