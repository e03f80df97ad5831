//! ControllerRevisions: the pod templates that a DaemonSet or StatefulSet has had, so that one can go back to them.
//! Real Kubernetes: pkg/controller/history/controller_history.go.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::Value;

use super::OwnedCache;
use crate::api::kinds::ControllerRevision;
use crate::api::object::{Key, Resource, controller_ref};
use crate::api::schema::TypeId;
use crate::api::{Status, snapshot, strategic, unless_gone};
use crate::apiserver::delete::DeleteOptions;
use crate::ledger::{Decision, Facts};
use crate::world::Ctx;

/// The label of pods that says of which revision they are.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// A name keeps at most this much of its owner's.
const LONGEST_PREFIX: usize = 223;

/// What becomes of an owner's revisions.
#[derive(Clone, Debug)]
pub enum HistoryDecision {
    New { owner: Key, revision: String, number: i64 },
    Reused { owner: Key, revision: String, was: i64, number: i64 },
    Forgot { owner: Key, revision: String, limit: i32 },
}

impl HistoryDecision {
    fn parts(&self) -> (&'static str, &Key, Facts) {
        match self {
            HistoryDecision::New { owner, revision, number } => {
                let message = if *number == 1 { "history-first" } else { "history-new" };
                (message, owner, vec![("revision", revision.as_str().into()), ("number", (*number).into())])
            }
            HistoryDecision::Reused { owner, revision, was, number } => {
                let facts =
                    vec![("revision", revision.as_str().into()), ("was", (*was).into()), ("number", (*number).into())];
                ("history-reused", owner, facts)
            }
            HistoryDecision::Forgot { owner, revision, limit } => {
                ("history-forgot", owner, vec![("revision", revision.as_str().into()), ("limit", (*limit).into())])
            }
        }
    }
}

impl Decision for HistoryDecision {
    fn message(&self) -> &'static str {
        self.parts().0
    }
    fn facts(&self) -> Facts {
        self.parts().2
    }
    fn about(&self) -> Option<Key> {
        Some(self.parts().1.clone())
    }
}

/// What a revision of this template holds.
pub fn data_of(template: &PodTemplateSpec) -> Value {
    snapshot::of(snapshot::template_json(template))
}

/// What a revision holds.
pub fn data(r: &ControllerRevision) -> &Value {
    r.data.as_ref().map_or(&Value::Null, |d| &d.0)
}

/// `web-7dbfd845c`
pub fn name(owner: &str, hash: &str) -> String {
    let end = owner.char_indices().map(|(i, _)| i).take_while(|i| *i <= LONGEST_PREFIX).last().unwrap_or(0);
    let prefix = if owner.len() > LONGEST_PREFIX { &owner[..end] } else { owner };
    format!("{prefix}-{hash}")
}

/// A revision of its owner that is to be created.
pub fn revision<O: Resource>(
    owner: &O,
    name: String,
    labels: BTreeMap<String, String>,
    data: Value,
    number: i64,
) -> ControllerRevision {
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(owner.namespace().into()),
            labels: Some(labels),
            annotations: owner.meta().annotations.clone(),
            owner_references: Some(vec![controller_ref(owner)]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data)),
        revision: number,
    }
}

/// Oldest first: by number, then age, then name.
pub fn sort(list: &mut [ControllerRevision]) {
    let time = |r: &ControllerRevision| r.metadata.creation_timestamp.as_ref().map(|t| t.0);
    list.sort_by(|a, b| (a.revision, time(a), a.name()).cmp(&(b.revision, time(b), b.name())));
}

/// The number that the next revision gets.
pub fn next_number<'a>(list: impl IntoIterator<Item = &'a ControllerRevision>) -> i64 {
    list.into_iter().map(|r| r.revision).max().unwrap_or(0) + 1
}

/// The owner as it would be with what the revision holds.
///
/// # Errors
/// The revision holds no such thing.
pub fn restored<O: Resource>(owner: &O, r: &ControllerRevision) -> Result<O, Status> {
    let kind = O::kind_ref();
    let mut v = serde_json::to_value(owner).unwrap_or_default();
    let layout = TypeId::by_name(&format!("{}.{}", kind.api_version(), kind.name()));
    strategic::apply(&mut v, data(r), layout).map_err(|e| Status::internal(&e.to_string()))?;
    serde_json::from_value(v).map_err(|e| Status::internal(&e.to_string()))
}

/// The oldest of those that nobody needs, so many as there are too many. `all` is how many count against the limit.
pub fn beyond_limit<'a>(
    all: usize,
    unneeded: impl Iterator<Item = &'a ControllerRevision>,
    limit: i32,
) -> Vec<&'a ControllerRevision> {
    // A limit below zero keeps all.
    let excess = usize::try_from(limit).map_or(0, |limit| all.saturating_sub(limit));
    unneeded.take(excess).collect()
}

/// Writes a new revision down.
///
/// # Errors
/// The API server refused it.
pub fn create<O: Resource>(
    owner: &O,
    new: ControllerRevision,
    cache: &mut OwnedCache<ControllerRevision>,
    ctx: &mut Ctx<'_>,
) -> Result<ControllerRevision, Status> {
    let (revision, number) = (new.name().to_string(), new.revision);
    let o = ctx.api::<ControllerRevision>().create(new.clone())?;
    ctx.decide(HistoryDecision::New { owner: owner.key(), revision, number });
    cache.put(&o);
    Ok(o.get().cloned().unwrap_or(new))
}

/// A revision that is used again becomes the newest.
///
/// # Errors
/// The API server refused it.
pub fn renumber<O: Resource>(
    owner: &O,
    mut r: ControllerRevision,
    number: i64,
    cache: &mut OwnedCache<ControllerRevision>,
    ctx: &mut Ctx<'_>,
) -> Result<ControllerRevision, Status> {
    if r.revision == number {
        return Ok(r);
    }
    let was = std::mem::replace(&mut r.revision, number);
    let o = ctx.api::<ControllerRevision>().update(r.clone())?;
    ctx.decide(HistoryDecision::Reused { owner: owner.key(), revision: r.name().into(), was, number });
    cache.put(&o);
    Ok(o.get().cloned().unwrap_or(r))
}

/// Deletes revisions that are too old.
///
/// # Errors
/// The API server refused it.
pub fn forget<O: Resource>(
    owner: &O,
    old: &[&ControllerRevision],
    limit: i32,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    for r in old {
        let done = ctx.api::<ControllerRevision>().delete(r.namespace(), r.name(), DeleteOptions::default());
        if unless_gone(done)?.is_some() {
            let revision = r.name().to_string();
            ctx.decide(HistoryDecision::Forgot { owner: owner.key(), revision, limit });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::StatefulSet;
    use crate::api::{go_text, template_hash};
    use serde_json::json;

    fn numbered(name: &str, number: i64) -> ControllerRevision {
        let metadata = ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
        ControllerRevision { metadata, revision: number, data: None }
    }

    /// The template of `tests/reference/defaults/statefulset.yaml`, which a real cluster named `demo-sts-7c55bc5d86`.
    #[test]
    fn a_revision_is_named_as_a_real_cluster_names_it() {
        let template: PodTemplateSpec = serde_json::from_value(json!({
            "metadata": {"labels": {"app": "demo-sts"}},
            "spec": {
                "containers": [{"image": "nginx:1.25", "imagePullPolicy": "IfNotPresent", "name": "app",
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 30
            }
        }))
        .unwrap();
        let hash = template_hash::of_revision(&go_text::json(&data_of(&template)), 0);
        assert_eq!(name("demo-sts", &hash), "demo-sts-7c55bc5d86");
        assert_eq!(name(&"x".repeat(300), "h").len(), 225);
    }

    #[test]
    fn what_a_revision_holds_takes_the_place_of_the_template_alone() {
        let set = |image: &str| -> StatefulSet {
            serde_json::from_value(json!({
                "metadata": {"name": "s", "namespace": "d"},
                "spec": {"replicas": 3, "selector": {}, "template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
            }))
            .unwrap()
        };
        let (old, mut new) = (set("a"), set("b"));
        let template = |s: &StatefulSet| s.spec.clone().unwrap().template;
        let r = revision(&old, "s-1".into(), BTreeMap::new(), data_of(&template(&old)), 1);
        new.spec.as_mut().unwrap().replicas = Some(5);
        let back = restored(&new, &r).unwrap();
        assert_eq!(data_of(&template(&back)), data_of(&template(&old)));
        assert_eq!(back.spec.unwrap().replicas, Some(5));
        assert!(restored(&new, &numbered("no-data", 1)).is_err());
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut list = vec![numbered("c", 3), numbered("a", 1), numbered("b", 1), numbered("d", 4)];
        assert_eq!((next_number(&list), next_number([])), (5, 1));
        sort(&mut list);
        let names = |all: usize, limit: i32| -> Vec<&str> {
            beyond_limit(all, list.iter().filter(|r| r.name() != "b"), limit).iter().map(|r| r.name()).collect()
        };
        assert_eq!(names(4, 2), ["a", "c"]);
        assert_eq!(names(4, 0), ["a", "c", "d"]);
        assert_eq!((names(4, 4).len(), names(4, -1).len()), (0, 0));
    }
}
