//! Makes, mends and deletes the pods of a StatefulSet and their claims, with the Events that tell of it.
//! Real Kubernetes: pkg/controller/statefulset/stateful_pod_control.go.

use super::decision::{Order, Owner, StatefulSetDecision};
use super::plan::{Because, Of, Step};
use super::revisions::Revisions;
use super::{StatefulSets, claims, identity};
use crate::api::kinds::{PersistentVolumeClaim, Pod, StatefulSet};
use crate::api::object::Resource;
use crate::api::{Reason, Status, pods, unless_gone};
use crate::apiserver::delete::DeleteOptions;
use crate::client::history;
use crate::client::latest::update_latest;
use crate::client::recorder::{Note, reference};
use crate::world::Ctx;

/// What is done to a pod, as Events say it: the reasons if it went well and if it did not, and the word.
struct Verb(&'static str, &'static str, &'static str);
const CREATE: Verb = Verb("SuccessfulCreate", "FailedCreate", "Create");
const UPDATE: Verb = Verb("SuccessfulUpdate", "FailedUpdate", "Update");
const DELETE: Verb = Verb("SuccessfulDelete", "FailedDelete", "Delete");

impl StatefulSets {
    pub(super) fn take(
        &mut self,
        set: &StatefulSet,
        step: &Step,
        revisions: &Revisions,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let known = |all: &StatefulSets, name: &str| all.pods.get(set.namespace(), name).cloned();
        match step {
            Step::Create { ordinal, of } => self.create(set, *ordinal, *of, revisions, ctx),
            Step::Delete { pod, because } => self.delete(set, pod, *because, revisions, ctx),
            Step::Claims { pod } => match known(self, pod) {
                Some(p) => self.claims_of(set, &p, ctx),
                None => Ok(()),
            },
            Step::Correct { pod } => match known(self, pod) {
                Some(p) => self.correct(set, &p, ctx),
                None => Ok(()),
            },
            Step::Owners { pod } => match known(self, pod) {
                Some(p) => self.own_claims(set, &p, ctx),
                None => Ok(()),
            },
        }
    }

    fn create(
        &mut self,
        set: &StatefulSet,
        ordinal: i64,
        of: Of,
        revisions: &Revisions,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let revision = match of {
            Of::Current => &revisions.current,
            Of::Update => &revisions.update,
        };
        let pod = identity::pod(&history::restored(set, revision)?, ordinal, revision.name());
        let claims = match self.create_claims(set, &pod, ctx) {
            Ok(made) => made,
            Err(e) => {
                self.tell(set, &CREATE, &pod, Err(&e), ctx);
                return Err(e);
            }
        };
        let created = ctx.api::<Pod>().create(pod.clone());
        match &created {
            Ok(o) => {
                let parallel = set.spec.as_ref().and_then(|s| s.pod_management_policy.as_deref()) == Some("Parallel");
                let order = match (parallel, ordinal == identity::start(set)) {
                    (true, _) => Order::Parallel,
                    (_, true) => Order::First,
                    _ => Order::Next,
                };
                let (name, wanted) = (pod.name().to_string(), identity::replicas(set));
                ctx.decide(StatefulSetDecision::Created { set: set.key(), pod: name, order, wanted, claims });
                self.pods.put(o);
            }
            Err(e) if e.is(Reason::AlreadyExists) => return Err(e.clone()),
            Err(e) => {
                let (pod, why) = (pod.name().to_string(), e.message.clone());
                ctx.decide(StatefulSetDecision::Refused { set: set.key(), pod, why });
            }
        }
        if let Err(e) = self.own_claims(set, &pod, ctx) {
            self.tell(set, &UPDATE, &pod, Err(&e), ctx);
            return Err(e);
        }
        self.tell(set, &CREATE, &pod, created.as_ref().map(|_| ()), ctx);
        created.map(|_| ())
    }

    fn delete(
        &mut self,
        set: &StatefulSet,
        name: &str,
        because: Because,
        revisions: &Revisions,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let known = self.pods.get(set.namespace(), name).cloned();
        let pod = known.unwrap_or_else(|| {
            let mut gone = Pod::default();
            gone.metadata.name = Some(name.into());
            gone
        });
        let done = match ctx.api::<Pod>().delete(set.namespace(), name, DeleteOptions::default()) {
            Ok(deleted) => {
                ctx.decide(StatefulSetDecision::Deleted {
                    set: set.key(),
                    pod: name.into(),
                    because,
                    phase: pods::phase(&pod).into(),
                    wanted: identity::replicas(set),
                    revision: revisions.update.name().into(),
                });
                self.pods.put(deleted.object());
                Ok(())
            }
            gone => unless_gone(gone).map(drop),
        };
        self.tell(set, &DELETE, &pod, done.as_ref().map(|_| ()), ctx);
        done
    }

    /// Creates the claims that a pod lacks, and says whose they are.
    fn claims_of(&mut self, set: &StatefulSet, pod: &Pod, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        for claim in self.create_claims(set, pod, ctx)? {
            ctx.decide(StatefulSetDecision::ClaimCreated { set: set.key(), claim, pod: pod.name().into() });
        }
        self.own_claims(set, pod, ctx).inspect_err(|e| self.tell(set, &UPDATE, pod, Err(e), ctx))
    }

    /// Tells which ones were made.
    fn create_claims(&mut self, set: &StatefulSet, pod: &Pod, ctx: &mut Ctx<'_>) -> Result<Vec<String>, Status> {
        let (mut made, mut failures) = (vec![], vec![]);
        for claim in claims::wanted(set, identity::ordinal(pod).unwrap_or(0)) {
            let name = claim.name().to_string();
            match self.claims.get(set.namespace(), &name) {
                Some(c) if c.is_deleting() => failures.push(Status::internal(&format!("pvc {name} is being deleted"))),
                Some(_) => {}
                None => {
                    let created = ctx.api::<PersistentVolumeClaim>().create(claim);
                    let (set_name, pod_name) = (set.name(), pod.name().to_string());
                    match created {
                        Ok(o) => {
                            self.claims.put(&o);
                            let message =
                                format!("Create Claim {name} Pod {pod_name} in StatefulSet {set_name} success");
                            self.recorder.record(reference(set, None), Note::normal(CREATE.0, &message), ctx);
                            made.push(name);
                        }
                        Err(mut e) => {
                            if !e.is(Reason::AlreadyExists) {
                                let message = format!(
                                    "Create Claim {name} for Pod {pod_name} in StatefulSet {set_name} failed error: {}",
                                    e.message
                                );
                                self.recorder.record(reference(set, None), Note::warning(CREATE.1, &message), ctx);
                            }
                            e.message = format!("failed to create PVC {name}: {}", e.message);
                            failures.push(e);
                        }
                    }
                }
            }
        }
        Status::joined(failures).map_or(Ok(made), Err)
    }

    /// Brings the owners of a pod's claims in line with the retention policy.
    fn own_claims(&mut self, set: &StatefulSet, pod: &Pod, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        for name in claims::names(set, identity::ordinal(pod).unwrap_or(0)) {
            let Some(claim) = self.claims.get(set.namespace(), &name).cloned() else { continue };
            if claims::has_other_controller(&claim, set, pod) {
                let message = format!(
                    "PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim"
                );
                self.recorder.record(reference(set, None), Note::warning("ConflictingController", &message), ctx);
            }
            if claims::owners_are_right(&claim, set, pod) {
                continue;
            }
            let mut new = claim;
            claims::set_owners(&mut new, set, pod);
            let mut owners = new.metadata.owner_references.iter().flatten();
            let by = owners.find(|r| r.controller == Some(true));
            let by = by.map(|r| if r.uid == set.uid() { Owner::Set } else { Owner::Pod });
            let o = ctx.api::<PersistentVolumeClaim>().update(new).map_err(|mut e| {
                e.message = format!("could not update claim {name} for delete policy ownerRefs: {}", e.message);
                e
            })?;
            ctx.decide(StatefulSetDecision::ClaimOwned { set: set.key(), claim: name, by });
            self.claims.put(&o);
        }
        Ok(())
    }

    /// Gives a pod back what makes it a member of the set.
    fn correct(&mut self, set: &StatefulSet, pod: &Pod, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let claims = match identity::has_storage(set, pod) {
            true => Ok(vec![]),
            false => self.create_claims(set, pod, ctx),
        };
        let owned = claims.and_then(|_| self.own_claims(set, pod, ctx));
        owned.inspect_err(|e| self.tell(set, &UPDATE, pod, Err(e), ctx))?;
        let mend = |p: &mut Pod| {
            if !identity::has_identity(set, p) {
                identity::give_identity(p);
            }
            if !identity::has_storage(set, p) {
                identity::give_storage(set, p);
            }
        };
        let done = update_latest(pod, mend, |p, ctx| ctx.api::<Pod>().update(p), ctx);
        self.tell(set, &UPDATE, pod, done.as_ref().map(|_| ()), ctx);
        let o = done?;
        ctx.decide(StatefulSetDecision::Corrected { set: set.key(), pod: pod.name().into() });
        self.pods.put(&o);
        Ok(())
    }

    fn tell(&mut self, set: &StatefulSet, verb: &Verb, pod: &Pod, done: Result<(), &Status>, ctx: &mut Ctx<'_>) {
        let Verb(good, bad, word) = verb;
        let what = format!("{word} Pod {} in StatefulSet {}", pod.name(), set.name());
        let message = match done {
            Ok(()) => format!("{what} successful"),
            Err(e) => format!("{what} failed error: {}", e.message),
        };
        let note = match done {
            Ok(()) => Note::normal(good, &message),
            Err(_) => Note::warning(bad, &message),
        };
        self.recorder.record(reference(set, None), note, ctx);
    }
}
