//! The revision that a StatefulSet comes from, and the one that it goes to.
//! Real Kubernetes: pkg/controller/statefulset/stateful_set_control.go getStatefulSetRevisions, truncateHistory;
//! pkg/controller/history CreateControllerRevision.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{StatefulSets, identity};
use crate::api::kinds::{ControllerRevision, Pod, StatefulSet, statefulset, workload};
use crate::api::object::Resource;
use crate::api::{Reason, Status, Uid, go_text, template_hash};
use crate::client::{claim, history};
use crate::world::Ctx;

const HASH_LABEL: &str = "controller.kubernetes.io/hash";

pub struct Revisions {
    pub current: ControllerRevision,
    pub update: ControllerRevision,
    pub collisions: i32,
    /// All that there were, oldest first.
    all: Vec<ControllerRevision>,
}

impl StatefulSets {
    /// Revisions that nobody owns become the set's.
    pub(super) fn adopt_revisions(&mut self, set: &StatefulSet, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        if set.is_deleting() {
            return Ok(());
        }
        let selector = set.spec.as_ref().map(|s| workload::selects(&s.selector));
        let fits = |r: &&ControllerRevision| selector.as_ref().is_some_and(|s| s.matches(r.metadata.labels.as_ref()));
        let orphans: Vec<ControllerRevision> = self.revisions.orphans(set.namespace()).filter(fits).cloned().collect();
        for r in orphans {
            if let Some(o) = claim::adopt(set, &r, None, ctx)? {
                self.revisions.put(&o);
            }
        }
        Ok(())
    }

    pub(super) fn revisions_of(&mut self, set: &StatefulSet, ctx: &mut Ctx<'_>) -> Result<Revisions, Status> {
        let spec = set.spec.clone().unwrap_or_default();
        let selector = workload::selects(&spec.selector);
        let fits = |r: &&ControllerRevision| selector.matches(r.metadata.labels.as_ref());
        let mut all: Vec<ControllerRevision> =
            self.revisions.owned_by(Uid::of(set.uid())).filter(fits).cloned().collect();
        history::sort(&mut all);
        let status = set.status.as_ref();
        let mut collisions = status.and_then(|s| s.collision_count).unwrap_or(0);
        let data = history::data_of(&spec.template);
        let number = history::next_number(&all);
        let update = match (all.iter().rfind(|r| *history::data(r) == data), all.last()) {
            (Some(same), Some(last)) if *history::data(last) == *history::data(same) => last.clone(),
            // Back to what there was before.
            (Some(same), _) => history::renumber(set, same.clone(), number, &mut self.revisions, ctx)?,
            (None, Some(last)) if means_the_same(set, last, &data) => last.clone(),
            (None, _) => self.new_revision(set, data, number, &mut collisions, ctx)?,
        };
        let current = status.and_then(|s| s.current_revision.as_deref());
        let current = all.iter().find(|r| Some(r.name()) == current).unwrap_or(&update).clone();
        Ok(Revisions { current, update, collisions, all })
    }

    /// A name that is taken by another template is avoided by counting.
    fn new_revision(
        &mut self,
        set: &StatefulSet,
        data: Value,
        number: i64,
        collisions: &mut i32,
        ctx: &mut Ctx<'_>,
    ) -> Result<ControllerRevision, Status> {
        let text = go_text::json(&data);
        let template = set.spec.as_ref().and_then(|s| s.template.metadata.as_ref());
        let mut labels = template.and_then(|m| m.labels.clone()).unwrap_or_default();
        labels.insert(HASH_LABEL.into(), template_hash::of_revision(&text, *collisions));
        loop {
            let name = history::name(set.name(), &template_hash::of_revision(&text, *collisions));
            let new = history::revision(set, name.clone(), labels.clone(), data.clone(), number);
            match history::create(set, new, &mut self.revisions, ctx) {
                Err(e) if e.is(Reason::AlreadyExists) => {
                    let there = ctx.api::<ControllerRevision>().get(set.namespace(), &name)?;
                    match there.get::<ControllerRevision>().filter(|r| *history::data(r) == data) {
                        Some(r) => return Ok(r.clone()),
                        None => *collisions += 1,
                    }
                }
                done => return done,
            }
        }
    }

    /// Revisions beyond the limit go, the oldest first; those that are in use do not count.
    pub(super) fn forget_revisions(
        &mut self,
        set: &StatefulSet,
        revisions: &Revisions,
        pods: &[&Pod],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let in_use: BTreeSet<&str> = pods.iter().map(|p| identity::revision(p)).collect();
        let both = [revisions.current.name(), revisions.update.name()];
        let idle = || revisions.all.iter().filter(|r| !in_use.contains(r.name()) && !both.contains(&r.name()));
        let limit = set.spec.as_ref().and_then(|s| s.revision_history_limit).unwrap_or(i32::MAX);
        history::forget(set, &history::beyond_limit(idle().count(), idle(), limit), limit, ctx)
    }
}

/// Whether going back to a revision would change nothing, once defaults are filled in: it may have been written by an
/// older API server.
fn means_the_same(set: &StatefulSet, r: &ControllerRevision, data: &Value) -> bool {
    let Ok(mut back) = history::restored(set, r) else { return false };
    (statefulset::KIND.defaults)(&mut back);
    back.spec.is_some_and(|s| history::data_of(&s.template) == *data)
}
