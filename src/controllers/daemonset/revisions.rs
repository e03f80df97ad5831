//! The ControllerRevision of the present template, and those of old ones.
//! Real Kubernetes: pkg/controller/daemon/update.go constructHistory, snapshot, dedupCurHistories, cleanupHistory.

use std::collections::BTreeSet;

use super::DaemonSets;
use crate::api::kinds::{ControllerRevision, DaemonSet, Pod, workload};
use crate::api::object::Resource;
use crate::api::{Reason, Status, Uid, snapshot, template_hash};
use crate::apiserver::delete::DeleteOptions;
use crate::client::claim::claim;
use crate::client::history::{self, HASH_LABEL};
use crate::world::Ctx;

/// The revision of the present template, and the others.
pub struct History {
    current: ControllerRevision,
    old: Vec<ControllerRevision>,
}

impl History {
    /// What pods of the present template are marked with.
    pub fn hash(&self) -> &str {
        self.current.label(HASH_LABEL).unwrap_or("")
    }

    /// Which old revisions may go: beyond the limit, and no pod is of them.
    fn forgettable(&mut self, live: &BTreeSet<&str>, limit: i32) -> Vec<&ControllerRevision> {
        history::sort(&mut self.old);
        let unneeded = self.old.iter().filter(|r| !r.label(HASH_LABEL).is_some_and(|h| live.contains(h)));
        history::beyond_limit(self.old.len(), unneeded, limit)
    }
}

impl DaemonSets {
    pub(super) fn history(&mut self, set: &DaemonSet, ctx: &mut Ctx<'_>) -> Result<History, Status> {
        let spec = set.spec.clone().unwrap_or_default();
        let data = history::data_of(&spec.template);
        let selector = workload::selects(&spec.selector);
        let mut current = vec![];
        let mut old = vec![];
        let all = claim(set, &selector, |_: &ControllerRevision| true, None, &mut self.revisions, ctx)?;
        for r in all.iter().filter_map(|o| o.get::<ControllerRevision>()) {
            let r = self.labelled(r.clone(), ctx)?;
            if *history::data(&r) == data { current.push(r) } else { old.push(r) }
        }
        let number = history::next_number(&old);
        let current = match self.only_one(set, current, ctx)? {
            Some(r) if r.revision < number => history::renumber(set, r, number, &mut self.revisions, ctx)?,
            Some(r) => r,
            None => self.snapshot(set, data, number, ctx)?,
        };
        Ok(History { current, old })
    }

    /// A revision that somebody else made is marked with its name.
    fn labelled(&mut self, mut r: ControllerRevision, ctx: &mut Ctx<'_>) -> Result<ControllerRevision, Status> {
        if r.label(HASH_LABEL).is_some() {
            return Ok(r);
        }
        let name = r.name().to_string();
        r.metadata.labels.get_or_insert_default().insert(HASH_LABEL.into(), name);
        let o = ctx.api::<ControllerRevision>().update(r.clone())?;
        self.revisions.put(&o);
        Ok(o.get().cloned().unwrap_or(r))
    }

    /// Of several revisions with the same template the newest stays, and all pods are of it.
    fn only_one(
        &mut self,
        set: &DaemonSet,
        mut same: Vec<ControllerRevision>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<ControllerRevision>, Status> {
        same.sort_by_key(|r| r.revision);
        let Some(kept) = same.pop() else { return Ok(None) };
        if same.is_empty() {
            return Ok(Some(kept));
        }
        let hash = kept.label(HASH_LABEL).unwrap_or("");
        let others: Vec<Pod> =
            self.pods.owned_by(Uid::of(set.uid())).filter(|p| p.label(HASH_LABEL) != Some(hash)).cloned().collect();
        for p in others {
            let o = ctx.api::<Pod>().patch(p.namespace(), p.name(), |p| {
                p.metadata.labels.get_or_insert_default().insert(HASH_LABEL.into(), hash.into());
            })?;
            self.pods.put(&o);
        }
        for r in same {
            ctx.api::<ControllerRevision>().delete(r.namespace(), r.name(), DeleteOptions::default())?;
        }
        Ok(Some(kept))
    }

    fn snapshot(
        &mut self,
        set: &DaemonSet,
        data: serde_json::Value,
        number: i64,
        ctx: &mut Ctx<'_>,
    ) -> Result<ControllerRevision, Status> {
        let collisions = set.status.as_ref().and_then(|s| s.collision_count);
        let hash = template_hash::compute(&snapshot::template(&data), collisions);
        let template = set.spec.as_ref().and_then(|s| s.template.metadata.as_ref());
        let mut labels = template.and_then(|m| m.labels.clone()).unwrap_or_default();
        labels.insert(HASH_LABEL.into(), hash.clone());
        let name = format!("{}-{hash}", set.name());
        let new = history::revision(set, name.clone(), labels, data.clone(), number);
        match history::create(set, new, &mut self.revisions, ctx) {
            Err(e) if e.is(Reason::AlreadyExists) => {
                let there = ctx.api::<ControllerRevision>().get(set.namespace(), &name)?;
                let ours = there.get::<ControllerRevision>().filter(|r| *history::data(r) == data).cloned();
                match ours {
                    Some(r) => Ok(r),
                    None => Err(self.collided(set, e, ctx)?),
                }
            }
            done => done,
        }
    }

    /// Another template has the same hash: the next one is made of the template and the number of such collisions.
    fn collided(&mut self, set: &DaemonSet, refused: Status, ctx: &mut Ctx<'_>) -> Result<Status, Status> {
        let count = |d: &DaemonSet| d.status.as_ref().and_then(|s| s.collision_count);
        let newest = ctx.api::<DaemonSet>().get(set.namespace(), set.name())?;
        let Some(mut newest) = newest.get::<DaemonSet>().cloned() else { return Ok(refused) };
        // Counted already, which the cache did not know.
        if count(&newest) == count(set) {
            *newest.status.get_or_insert_default().collision_count.get_or_insert(0) += 1;
            let o = ctx.api::<DaemonSet>().update_status(newest)?;
            self.sets.put(&o);
        }
        Ok(refused)
    }

    pub(super) fn forget_revisions(
        &mut self,
        set: &DaemonSet,
        history: &mut History,
        live: &BTreeSet<&str>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let limit = set.spec.as_ref().and_then(|s| s.revision_history_limit).unwrap_or(i32::MAX);
        history::forget(set, &history.forgettable(live, limit), limit, ctx)
    }
}
