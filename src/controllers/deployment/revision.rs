//! Which ReplicaSet is the new one, and which revision it has.
//! Real Kubernetes: pkg/controller/deployment/sync.go, util/deployment_util.go.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ReplicaSetSpec;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::decision::DeploymentDecision;
use super::{DESIRED, Deployments, HASH, MAX, REVISION, REVISION_HISTORY, Sets, progress, rolling};
use crate::api::kinds::{Deployment, ReplicaSet, deployment as kind, replicaset};
use crate::api::object::controller_ref;
use crate::api::{Key, Reason, Resource, Status, snapshot, template_hash};
use crate::world::Ctx;

/// The revision of an object, 0 if it has none.
pub fn of<T: Resource>(o: &T) -> i64 {
    o.annotation(REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

fn without_hash(t: &PodTemplateSpec) -> PodTemplateSpec {
    let mut t = t.clone();
    if let Some(l) = t.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
        l.remove(HASH);
    }
    t
}

fn is_of_template(s: &ReplicaSet, d: &Deployment) -> bool {
    let Some(template) = s.spec.as_ref().and_then(|s| s.template.as_ref()) else { return false };
    d.spec.as_ref().is_some_and(|d| without_hash(template) == without_hash(&d.template))
}

/// Sorts ReplicaSets into the new one and the old ones, oldest first.
pub fn sort(d: &Deployment, mut owned: Vec<ReplicaSet>) -> Sets {
    owned.sort_by(|a, b| {
        (&a.metadata.creation_timestamp.as_ref().map(|t| t.0), a.name())
            .cmp(&(&b.metadata.creation_timestamp.as_ref().map(|t| t.0), b.name()))
    });
    let new = owned.iter().position(|s| is_of_template(s, d)).map(|i| owned.remove(i));
    Sets { new, old: owned }
}

/// The template's hash.
pub fn hash(d: &Deployment) -> String {
    let template = d.spec.as_ref().map(|s| snapshot::template_json(&s.template)).unwrap_or_default();
    template_hash::compute(&template, d.status.as_ref().and_then(|s| s.collision_count))
}

/// Annotations of the Deployment that a ReplicaSet does not take over.
fn is_own(key: &str) -> bool {
    matches!(key, "kubectl.kubernetes.io/last-applied-configuration" | REVISION | REVISION_HISTORY | DESIRED | MAX)
}

/// Writes revision and the Deployment's annotations onto the ReplicaSet. Tells whether anything changed.
fn annotate(d: &Deployment, s: &mut ReplicaSet, revision: i64, exists: bool) -> bool {
    let own = d.metadata.annotations.clone().unwrap_or_default();
    let a: &mut BTreeMap<String, String> = s.metadata.annotations.get_or_insert_default();
    let before = a.clone();
    for (k, v) in own.into_iter().filter(|(k, _)| !is_own(k)) {
        a.insert(k, v);
    }
    let old = before.get(REVISION).cloned();
    let old_number: i64 = old.as_deref().and_then(|o| o.parse().ok()).unwrap_or(0);
    if old_number < revision {
        a.insert(REVISION.into(), revision.to_string());
        // A ReplicaSet that comes back into use remembers the revisions it had before.
        if let Some(old) = old.filter(|_| exists) {
            let history = match before.get(REVISION_HISTORY) {
                Some(h) if !h.is_empty() => format!("{h},{old}"),
                _ => old,
            };
            a.insert(REVISION_HISTORY.into(), history);
        }
    }
    if !exists {
        a.insert(DESIRED.into(), kind::wanted(d).to_string());
        a.insert(MAX.into(), rolling::most_pods(d).to_string());
    }
    *a != before
}

impl Deployments {
    /// Sorts the ReplicaSets, brings revisions up to date, and makes the new one if `create`.
    pub(super) fn sets_of(
        &mut self,
        d: &mut Deployment,
        owned: Vec<ReplicaSet>,
        create: bool,
        ctx: &mut Ctx<'_>,
    ) -> Result<Sets, Status> {
        let mut sets = sort(d, owned);
        let revision = sets.old.iter().map(of).max().unwrap_or(0) + 1;
        match sets.new.take() {
            Some(s) => sets.new = Some(self.keep(d, s, revision, ctx)?),
            None if create => sets.new = self.make(d, &sets, revision, ctx)?,
            None => {}
        }
        Ok(sets)
    }

    fn keep(
        &mut self,
        d: &mut Deployment,
        mut s: ReplicaSet,
        revision: i64,
        ctx: &mut Ctx<'_>,
    ) -> Result<ReplicaSet, Status> {
        let was = of(&s);
        let min_ready = d.spec.as_ref().and_then(|s| s.min_ready_seconds);
        let changed =
            annotate(d, &mut s, revision, true) | (s.spec.as_ref().and_then(|s| s.min_ready_seconds) != min_ready);
        if changed {
            s.spec.get_or_insert_default().min_ready_seconds = min_ready;
            if was != of(&s) {
                ctx.decide(DeploymentDecision::Reused { deployment: d.key(), set: s.name().into(), was, revision });
            }
            let o = ctx.api::<ReplicaSet>().update(s.clone())?;
            self.sets.put(&o);
            // The next sync sees the new revision.
            if let Some(n) = o.get::<ReplicaSet>() {
                s = n.clone();
            }
        }
        let mut fresh = d.clone();
        let mut update = set_revision(&mut fresh, of(&s).max(revision));
        let has_progress = fresh.status.as_ref().is_some_and(|s| progress::condition(s, "Progressing").is_some());
        if !has_progress && progress::has_deadline(d) {
            let message = format!("Found new replica set {:?}", s.name());
            progress::set(
                fresh.status.get_or_insert_default(),
                "Progressing",
                "True",
                "FoundNewReplicaSet",
                &message,
                ctx.now(),
            );
            update = true;
        }
        if update {
            self.store_status(d, fresh, ctx)?;
        }
        Ok(s)
    }

    fn make(
        &mut self,
        d: &mut Deployment,
        sets: &Sets,
        revision: i64,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<ReplicaSet>, Status> {
        let spec = d.spec.clone().unwrap_or_default();
        let hash = hash(d);
        let mut template = spec.template.clone();
        template.metadata.get_or_insert_default().labels.get_or_insert_default().insert(HASH.into(), hash.clone());
        let mut selector: LabelSelector = spec.selector.clone();
        selector.match_labels.get_or_insert_default().insert(HASH.into(), hash.clone());
        let name = format!("{}-{hash}", d.name());
        let mut s = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(d.namespace().into()),
                labels: template.metadata.as_ref().and_then(|m| m.labels.clone()),
                owner_references: Some(vec![controller_ref(d)]),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(0),
                min_ready_seconds: spec.min_ready_seconds,
                selector,
                template: Some(template),
            }),
            status: None,
        };
        let with_new = Sets { new: Some(s.clone()), old: sets.old.clone() };
        let replicas = rolling::new_replicas(d, &with_new, 0);
        s.spec.get_or_insert_default().replicas = Some(replicas);
        annotate(d, &mut s, revision, false);
        let had = sets.old.len();
        let created = match ctx.api::<ReplicaSet>().create(s.clone()) {
            Ok(o) => {
                ctx.decide(DeploymentDecision::NewSet {
                    deployment: d.key(),
                    set: name.clone(),
                    replicas,
                    revision,
                    had,
                });
                o
            }
            Err(e) if e.is(Reason::AlreadyExists) => return self.name_taken(d, &name, ctx),
            Err(e) => {
                let mut fresh = d.clone();
                let message = format!("Failed to create new replica set {name:?}: {}", e.message);
                progress::set(
                    fresh.status.get_or_insert_default(),
                    "Progressing",
                    "False",
                    "ReplicaSetCreateError",
                    &message,
                    ctx.now(),
                );
                self.store_status(d, fresh, ctx)?;
                return Err(e);
            }
        };
        self.sets.put(&created);
        if replicas > 0 {
            self.announce(d, &name, 0, replicas, ctx);
        }
        let mut fresh = d.clone();
        set_revision(&mut fresh, revision);
        if progress::has_deadline(d) {
            let message = format!("Created new replica set {name:?}");
            progress::set(
                fresh.status.get_or_insert_default(),
                "Progressing",
                "True",
                "NewReplicaSetCreated",
                &message,
                ctx.now(),
            );
        }
        self.store_status(d, fresh, ctx)?;
        Ok(created.get::<ReplicaSet>().cloned())
    }

    /// Another ReplicaSet has that name: ours, seen late, or a collision of hashes, which is counted.
    fn name_taken(&mut self, d: &mut Deployment, name: &str, ctx: &mut Ctx<'_>) -> Result<Option<ReplicaSet>, Status> {
        let there = ctx.api::<ReplicaSet>().get(d.namespace(), name)?;
        let ours = there.get::<ReplicaSet>().filter(|s| {
            crate::api::object::controller_of(&s.metadata).is_some_and(|r| r.uid == d.uid()) && is_of_template(s, d)
        });
        if let Some(s) = ours {
            self.sets.put(&there);
            return Ok(Some(s.clone()));
        }
        let mut fresh = d.clone();
        let count = fresh.status.get_or_insert_default().collision_count.get_or_insert(0);
        *count += 1;
        self.store_status(d, fresh, ctx)?;
        Err(Status::already_exists(ReplicaSet::kind_ref(), name))
    }

    /// Deletes old ReplicaSets beyond the history limit.
    pub(super) fn clean_up(&mut self, d: &Deployment, sets: &Sets, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(limit) = d.spec.as_ref().and_then(|s| s.revision_history_limit) else { return Ok(()) };
        let alive: Vec<&ReplicaSet> = sets.old.iter().filter(|s| !s.is_deleting()).collect();
        let excess = i32::try_from(alive.len()).unwrap_or(i32::MAX) - limit;
        if excess <= 0 {
            return Ok(());
        }
        let mut by_revision = alive;
        by_revision.sort_by_key(|s| of(*s));
        for s in by_revision.into_iter().take(usize::try_from(excess).unwrap_or(0)) {
            let st = super::status(s);
            let idle =
                st.replicas == 0 && replicaset::wanted(s) == 0 && s.generation() <= st.observed_generation.unwrap_or(0);
            if !idle {
                continue;
            }
            ctx.decide(DeploymentDecision::Forgot { deployment: d.key(), set: s.name().into(), limit });
            ctx.delete_any(&Key::of::<ReplicaSet>(s.namespace(), s.name()), &Default::default())?;
        }
        Ok(())
    }
}

fn set_revision(d: &mut Deployment, revision: i64) -> bool {
    let a = d.metadata.annotations.get_or_insert_default();
    let text = revision.to_string();
    if a.get(REVISION) == Some(&text) {
        return false;
    }
    a.insert(REVISION.into(), text);
    true
}
