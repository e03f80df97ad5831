//! The rolling update: some new pods more than wanted, some available ones fewer, never beyond both limits.
//! Real Kubernetes: pkg/controller/deployment/rolling.go.

use super::decision::DeploymentDecision;
use super::{Deployments, Sets, recreates, status};
use crate::api::int_or_string::scaled;
use crate::api::kinds::{Deployment, ReplicaSet, deployment as kind, replicaset};
use crate::api::{Resource, Status};
use crate::client::Action;
use crate::world::Ctx;

/// `maxSurge` and `maxUnavailable` as counts. If both round to nothing, one pod may be missing.
fn limits(d: &Deployment) -> (i32, i32) {
    let r = d.spec.as_ref().and_then(|s| s.strategy.as_ref()).and_then(|s| s.rolling_update.as_ref());
    let wanted = kind::wanted(d);
    let surge = r.and_then(|r| r.max_surge.as_ref()).map_or(0, |v| scaled(v, wanted, true));
    let unavailable = r.and_then(|r| r.max_unavailable.as_ref()).map_or(0, |v| scaled(v, wanted, false));
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

pub fn max_surge(d: &Deployment) -> i32 {
    if recreates(d) { 0 } else { limits(d).0 }
}

pub fn max_unavailable(d: &Deployment) -> i32 {
    if recreates(d) || kind::wanted(d) == 0 { 0 } else { limits(d).1.min(kind::wanted(d)) }
}

/// How many pods there may be at once. A sum too large for an int32 begins anew below, as it does in the real controller: then there
/// are too many already.
pub fn most_pods(d: &Deployment) -> i32 {
    kind::wanted(d).wrapping_add(max_surge(d))
}

/// How many pods the new ReplicaSet may have now, if it has `has`.
pub fn new_replicas(d: &Deployment, sets: &Sets, has: i32) -> i32 {
    let wanted = kind::wanted(d);
    if recreates(d) {
        return wanted;
    }
    let (most, there) = (most_pods(d), sets.replicas());
    if there >= most { has } else { has.wrapping_add(most.wrapping_sub(there).min(wanted.wrapping_sub(has))) }
}

/// What the next step of a rolling update is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Move {
    /// Sets the new ReplicaSet to that many.
    New {
        from: i32,
        to: i32,
    },
    /// Sets old ReplicaSets to that many: name, from, to.
    Old(Vec<(String, i32, i32)>),
    Nothing,
}

/// Plans one step; it does not look at anything but its arguments.
pub fn plan(d: &Deployment, sets: &Sets) -> Move {
    let wanted = kind::wanted(d);
    let Some(new) = &sets.new else { return Move::Nothing };
    let has = replicaset::wanted(new);
    let target = if has > wanted { wanted } else { new_replicas(d, sets, has) };
    if target != has {
        return Move::New { from: has, to: target };
    }
    let min_available = wanted - max_unavailable(d);
    let new_unavailable = has - status(new).available_replicas.unwrap_or(0);
    let may_go = sets.replicas().wrapping_sub(min_available).wrapping_sub(new_unavailable);
    if may_go <= 0 || sets.old.iter().all(|s| replicaset::wanted(s) == 0) {
        return Move::Nothing;
    }
    let mut sizes: Vec<(String, i32, i32)> =
        sets.old.iter().map(|s| (s.name().to_string(), replicaset::wanted(s), replicaset::wanted(s))).collect();
    // First the pods that do not work anyway …
    let mut left = may_go;
    for (size, s) in sizes.iter_mut().zip(&sets.old) {
        let unhealthy = size.2 - status(s).available_replicas.unwrap_or(0);
        let cut = left.min(unhealthy).max(0);
        size.2 -= cut;
        left -= cut;
    }
    // … then as many of the working ones as may be missing.
    let mut spare = sets.available().wrapping_sub(min_available);
    for size in &mut sizes {
        if spare <= 0 {
            break;
        }
        let cut = spare.min(size.2);
        size.2 -= cut;
        spare -= cut;
    }
    sizes.retain(|(_, from, to)| from != to);
    if sizes.is_empty() { Move::Nothing } else { Move::Old(sizes) }
}

impl Deployments {
    pub(super) fn roll(
        &mut self,
        d: &mut Deployment,
        owned: Vec<ReplicaSet>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Action, Status> {
        let mut sets = self.sets_of(d, owned, true, ctx)?;
        match plan(d, &sets) {
            Move::New { from, to } => {
                let (surge, total) = (max_surge(d), sets.replicas());
                if let Some(mut new) = sets.new.take() {
                    ctx.decide(DeploymentDecision::RollUp {
                        deployment: d.key(),
                        set: new.name().into(),
                        from,
                        to,
                        wanted: kind::wanted(d),
                        surge,
                        total,
                    });
                    self.scale_set(d, &mut new, to, ctx)?;
                    sets.new = Some(new);
                }
            }
            Move::Old(moves) => {
                for (name, from, to) in moves {
                    if let Some(i) = sets.old.iter().position(|s| s.name() == name) {
                        let mut set = sets.old[i].clone();
                        let unhealthy = from - status(&set).available_replicas.unwrap_or(0);
                        ctx.decide(DeploymentDecision::RollDown {
                            deployment: d.key(),
                            set: name,
                            from,
                            to,
                            least: kind::wanted(d) - max_unavailable(d),
                            available: sets.available(),
                            unhealthy,
                        });
                        self.scale_set(d, &mut set, to, ctx)?;
                        sets.old[i] = set;
                    }
                }
            }
            Move::Nothing => {
                if super::progress::is_complete(d, &d.status.clone().unwrap_or_default()) {
                    self.clean_up(d, &sets, ctx)?;
                }
            }
        }
        self.sync_status(d, &sets, ctx)
    }
}
