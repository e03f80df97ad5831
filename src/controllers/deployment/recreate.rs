//! The strategy Recreate: every old pod goes before the first new one comes.
//! Real Kubernetes: pkg/controller/deployment/recreate.go.

use super::decision::DeploymentDecision;
use super::{Deployments, Sets, progress};
use crate::api::kinds::{Deployment, Pod, ReplicaSet, deployment as kind, replicaset};
use crate::api::object::controller_of;
use crate::api::{Resource, Status, pods};
use crate::client::Action;
use crate::world::Ctx;

impl Deployments {
    pub(super) fn recreate(
        &mut self,
        d: &mut Deployment,
        owned: Vec<ReplicaSet>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Action, Status> {
        let mut sets = self.sets_of(d, owned.clone(), false, ctx)?;
        let active: Vec<usize> = (0..sets.old.len()).filter(|i| replicaset::wanted(&sets.old[*i]) > 0).collect();
        if !active.is_empty() {
            for i in active {
                let mut s = sets.old[i].clone();
                let from = replicaset::wanted(&s);
                ctx.decide(DeploymentDecision::RecreateDown { deployment: d.key(), set: s.name().into(), from });
                self.scale_set(d, &mut s, 0, ctx)?;
                sets.old[i] = s;
            }
            return self.sync_status(d, &sets, ctx);
        }
        if self.old_pods_run(d, &sets) {
            return self.sync_status(d, &sets, ctx);
        }
        if sets.new.is_none() {
            sets = self.sets_of(d, owned, true, ctx)?;
        }
        if let Some(mut new) = sets.new.take() {
            let (from, to) = (replicaset::wanted(&new), kind::wanted(d));
            if from != to {
                ctx.decide(DeploymentDecision::RecreateUp { deployment: d.key(), set: new.name().into(), to });
            }
            self.scale_set(d, &mut new, to, ctx)?;
            sets.new = Some(new);
        }
        if progress::is_complete(d, &d.status.clone().unwrap_or_default()) {
            self.clean_up(d, &sets, ctx)?;
        }
        self.sync_status(d, &sets, ctx)
    }

    /// A pod that is being stopped still runs.
    fn old_pods_run(&self, d: &Deployment, sets: &Sets) -> bool {
        let of_old = |p: &Pod| {
            let owner = controller_of(&p.metadata).map_or("", |r| &r.uid);
            sets.old.iter().any(|s| s.uid() == owner)
        };
        self.pods.in_namespace(d.namespace()).any(|p| !pods::is_terminal(p) && of_old(p))
    }
}
