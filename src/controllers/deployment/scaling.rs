//! A change of replicas: in the middle of a rollout it is spread over the ReplicaSets in proportion to their size.
//! Real Kubernetes: pkg/controller/deployment/sync.go scale, util GetReplicaSetProportion.

use super::decision::DeploymentDecision;
use super::{DESIRED, Deployments, MAX, Sets, rolling, status};
use crate::api::kinds::{Deployment, ReplicaSet, deployment as kind, replicaset};
use crate::api::{Resource, Status};
use crate::world::Ctx;

fn annotation(s: &ReplicaSet, key: &str) -> Option<i32> {
    s.annotation(key)?.parse().ok()
}

/// Whether the wanted number of replicas changed since the ReplicaSets were last sized.
pub fn is_scaling(d: &Deployment, sets: &[ReplicaSet]) -> bool {
    sets.iter()
        .filter(|s| replicaset::wanted(s) > 0)
        .any(|s| annotation(s, DESIRED).is_some_and(|n| n != kind::wanted(d)))
}

/// Notes what the sizes were computed for. Tells whether anything changed.
pub fn annotations(s: &mut ReplicaSet, desired: i32, max: i32) -> bool {
    let a = s.metadata.annotations.get_or_insert_default();
    let mut changed = false;
    for (k, v) in [(DESIRED, desired.to_string()), (MAX, max.to_string())] {
        changed |= a.insert(k.into(), v.clone()) != Some(v);
    }
    changed
}

/// The only ReplicaSet with pods; without any, the newest.
fn active_or_latest(sets: &Sets) -> Option<&ReplicaSet> {
    let active: Vec<&ReplicaSet> = sets.all().filter(|s| replicaset::wanted(s) > 0).collect();
    match active.as_slice() {
        [] => sets.new.as_ref().or(sets.old.last()),
        [one] => Some(one),
        _ => None,
    }
}

fn is_saturated(d: &Deployment, s: &ReplicaSet) -> bool {
    let wanted = kind::wanted(d);
    replicaset::wanted(s) == wanted
        && annotation(s, DESIRED) == Some(wanted)
        && status(s).available_replicas.unwrap_or(0) == wanted
}

/// The share of a change that falls to one ReplicaSet.
fn proportion(s: &ReplicaSet, d: &Deployment, change: i32, given: i32) -> i32 {
    let size = replicaset::wanted(s);
    if size == 0 || change == 0 || given == change {
        return 0;
    }
    let allowed_max = rolling::most_pods(d);
    let base = annotation(s, MAX)
        .filter(|m| *m > 0)
        .unwrap_or_else(|| d.status.as_ref().and_then(|s| s.replicas).unwrap_or(size).max(1));
    let fair = (f64::from(size) * f64::from(allowed_max) / f64::from(base)).round() as i32;
    let fair = fair.wrapping_sub(size);
    let allowed = change.wrapping_sub(given);
    if change > 0 { fair.min(allowed) } else { fair.max(allowed) }
}

/// New sizes for ReplicaSets in the middle of a rollout, the new and the largest first.
pub fn spread(d: &Deployment, sets: &Sets) -> Vec<(String, i32, i32)> {
    let allowed = if kind::wanted(d) > 0 { rolling::most_pods(d) } else { 0 };
    let change = allowed.wrapping_sub(sets.replicas());
    let mut order: Vec<&ReplicaSet> = sets.all().filter(|s| replicaset::wanted(s) > 0).collect();
    let created = |s: &ReplicaSet| s.metadata.creation_timestamp.as_ref().map(|t| t.0);
    if change > 0 {
        order.sort_by(|a, b| replicaset::wanted(b).cmp(&replicaset::wanted(a)).then(created(b).cmp(&created(a))));
    } else {
        order.sort_by(|a, b| replicaset::wanted(b).cmp(&replicaset::wanted(a)).then(created(a).cmp(&created(b))));
    }
    let mut given = 0i32;
    let mut sizes: Vec<(String, i32, i32)> = order
        .iter()
        .map(|s| {
            let share = proportion(s, d, change, given);
            given = given.wrapping_add(share);
            (s.name().to_string(), replicaset::wanted(s), replicaset::wanted(s).wrapping_add(share))
        })
        .collect();
    // What rounding left over goes to the first.
    if let Some(first) = sizes.first_mut() {
        first.2 = first.2.wrapping_add(change).wrapping_sub(given).max(0);
    }
    sizes
}

impl Deployments {
    pub(super) fn scale(&mut self, d: &Deployment, sets: &mut Sets, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let wanted = kind::wanted(d);
        if let Some(only) = active_or_latest(sets).cloned() {
            let from = replicaset::wanted(&only);
            if from != wanted {
                ctx.decide(DeploymentDecision::Scaled {
                    deployment: d.key(),
                    set: only.name().into(),
                    from,
                    to: wanted,
                });
            }
            return self.resize(d, sets, &[(only.name().to_string(), from, wanted)], ctx);
        }
        if sets.new.as_ref().is_some_and(|s| is_saturated(d, s)) {
            let down: Vec<(String, i32, i32)> = sets
                .old
                .iter()
                .filter(|s| replicaset::wanted(s) > 0)
                .map(|s| (s.name().to_string(), replicaset::wanted(s), 0))
                .collect();
            return self.resize(d, sets, &down, ctx);
        }
        if super::recreates(d) {
            return Ok(());
        }
        let sizes = spread(d, sets);
        ctx.decide(DeploymentDecision::Spread { deployment: d.key(), wanted, parts: sizes.clone() });
        self.resize(d, sets, &sizes, ctx)
    }

    fn resize(
        &mut self,
        d: &Deployment,
        sets: &mut Sets,
        sizes: &[(String, i32, i32)],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        for (name, _, to) in sizes {
            let place = sets.old.iter_mut().chain(sets.new.iter_mut()).find(|s| s.name() == name);
            if let Some(slot) = place {
                let mut s = slot.clone();
                self.scale_set(d, &mut s, *to, ctx)?;
                *slot = s;
            }
        }
        Ok(())
    }
}
