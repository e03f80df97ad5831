//! When a pod's volumes are mounted, what happens while they cannot be, and when they are brought up to date.
//! Real Kubernetes: pkg/kubelet/volumemanager, pkg/util/goroutinemap/exponentialbackoff, pkg/volume/util/operationexecutor.

use k8s_openapi::api::core::v1::{Volume, VolumeProjection};

use super::decision::KubeletDecision;
use super::fleet::Fleet;
use super::service_links::Environment;
use super::spec::{ConfigError, Place};
use super::starting::CLUSTER_DNS;
use super::volumes::{self, Sources};
use super::worker::{Phase, Step, Worker};
use crate::api::kinds::{ConfigMap, Pod, Secret};
use crate::api::object::Resource;
use crate::api::ops::RuntimeCall;
use crate::api::{Duration, Op, Time, Uid};
use crate::client::recorder::Note;
use crate::store::Change;
use crate::world::{Ctx, latency};

/// A mount that failed is tried again after this long, then each time after twice as long, up to the most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(122);
/// So long a sync waits for its pod's volumes before it says so.
const PATIENCE: Duration = Duration::from_secs(123);
/// Every pod is synced about once a minute; then its volumes are looked at again.
const SYNC_MILLIS: u64 = 75_000;

/// How far the mounting of a pod's volumes has come.
#[derive(Clone, Debug, Default)]
pub struct Mounting {
    failures: u32,
    since: Option<Time>,
    /// Volumes that could not be mounted the last time.
    left: Vec<String>,
    /// What they hold may not be what it should.
    stale: bool,
}

fn wait_after(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_WAIT)
}

impl Fleet {
    fn look_at_volumes(&mut self, uid: Uid, ctx: &mut Ctx<'_>) -> (Sources, Vec<(String, ConfigError)>) {
        let Some(w) = self.workers.get(uid) else { return (Sources::default(), vec![]) };
        let pod = w.typed();
        let account = self.accounts.of(pod.namespace(), ctx);
        let at = self.nodes.at(&w.node);
        let none = (Environment::new(), Sources::default());
        let place = Place {
            pod_ip: w.ip.as_deref().unwrap_or(""),
            host_ip: &at.config.ip,
            allocatable: &at.allocatable,
            account: &account,
            volumes: &none.1,
            env: &none.0,
            dns: CLUSTER_DNS,
        };
        volumes::prepare(&pod, &place, ctx)
    }

    /// Mounts the volumes of a pod that is to start. `false`: not all of them, it is tried again.
    pub(super) fn mount(&mut self, uid: Uid, ctx: &mut Ctx<'_>) -> bool {
        let (mounted, failed) = self.look_at_volumes(uid, ctx);
        self.tell_unmounted(uid, &failed, ctx);
        let now = ctx.now();
        let Some(w) = self.workers.get_mut(uid) else { return false };
        w.volumes = mounted;
        if failed.is_empty() {
            w.mounting = Mounting::default();
            return true;
        }
        w.mounting.failures += 1;
        w.mounting.left = failed.iter().map(|(volume, _)| volume.clone()).collect();
        w.busy = Some(Step::Volumes);
        ctx.quietly_after(wait_after(w.mounting.failures), w.tag("volumes"));
        if w.mounting.since.is_none() {
            w.mounting.since = Some(now);
            ctx.quietly_after(PATIENCE, w.tag("unmounted"));
            let (pod, node) = (w.key.clone(), w.node.to_string());
            let reason = failed.first().map(|(_, why)| why.0.clone()).unwrap_or_default();
            ctx.decide(KubeletDecision::NotMounted { pod, node, reason });
        }
        false
    }

    fn tell_unmounted(&mut self, uid: Uid, failed: &[(String, ConfigError)], ctx: &mut Ctx<'_>) {
        for (volume, why) in failed {
            let message = format!("MountVolume.SetUp failed for volume {volume:?} : {}", why.0);
            self.note(uid, None, Note::warning("FailedMount", &message), ctx);
        }
    }

    /// A kubelet that has come back stops a pod that is to go, and mounts its volumes all the same, by which time it has forgotten
    /// what the pod's ConfigMaps are.
    pub(super) fn tell_unregistered(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        let pod = w.typed();
        let map = |v: &Volume| {
            let projected = v.projected.iter().flat_map(|p| p.sources.iter().flatten());
            let projected = projected.filter_map(|s| s.config_map.as_ref()).map(|m| m.name.clone());
            v.config_map.iter().map(|m| m.name.clone()).chain(projected).next()
        };
        let volumes = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten());
        let failed: Vec<(String, ConfigError)> = volumes
            .filter_map(|v| Some((v.name.clone(), map(v)?)))
            .map(|(v, map)| (v, ConfigError(format!("object {:?}/{map:?} not registered", pod.namespace()))))
            .collect();
        self.tell_unmounted(uid, &failed, ctx);
    }

    /// A sync has waited long enough for the pod's volumes; another begins.
    pub(super) fn still_unmounted(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get(uid) else { return };
        if w.mounting.left.is_empty() || w.is_ending() || w.phase != Phase::Active {
            return;
        }
        let mut left = w.mounting.left.clone();
        left.sort();
        let message = format!(
            "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
            left.join(" ")
        );
        let next = PATIENCE + latency::between(ctx.chance(), 10_000, 15_000);
        ctx.quietly_after(next, w.tag("unmounted"));
        self.note(uid, None, Note::warning("FailedMount", &message), ctx);
    }

    /// A ConfigMap or a Secret is another: the pods that mount it hear of it at their next sync.
    pub(super) fn source_changed(&mut self, c: &Change, ctx: &mut Ctx<'_>) {
        let (name, ns) = (c.key.name.to_string(), c.key.namespace.clone());
        let is_map = c.key.kind == ConfigMap::kind_ref();
        if !is_map && c.key.kind != Secret::kind_ref() {
            return;
        }
        let uses = |w: &&Worker| w.key.namespace == ns && w.ip.is_some() && names(&w.typed(), is_map, &name);
        let all: Vec<Uid> = self.workers.all().filter(uses).map(|w| w.uid).collect();
        for uid in all {
            let Some(w) = self.workers.get_mut(uid) else { continue };
            if std::mem::replace(&mut w.mounting.stale, true) {
                continue;
            }
            let wait = latency::between(ctx.chance(), 0, SYNC_MILLIS);
            ctx.quietly_after(wait, w.tag("remount"));
        }
    }

    /// The pod is synced only in order to look at its volumes.
    pub(super) fn remount(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        if let Some(w) = self.workers.get_mut(uid) {
            w.mounting.stale = true;
        }
        self.refresh(uid, ctx);
    }

    /// Brings up to date what the pod's volumes hold, if it may have changed.
    pub(super) fn refresh(&mut self, uid: Uid, ctx: &mut Ctx<'_>) {
        let Some(w) = self.workers.get_mut(uid) else { return };
        if !w.mounting.stale || w.ip.is_none() || w.is_ending() || w.phase != Phase::Active {
            return;
        }
        if self.nodes.at(&w.node).parted {
            return;
        }
        w.mounting.stale = false;
        let (fresh, failed) = self.look_at_volumes(uid, ctx);
        self.tell_unmounted(uid, &failed, ctx);
        let Some(w) = self.workers.get_mut(uid) else { return };
        let mut changed = vec![];
        for (name, source) in fresh.into_all() {
            let Some(had) = w.volumes.get_mut(&name) else { continue };
            let (Some(old), Some(new)) = (&had.content, &source.content) else { continue };
            if volumes::same_files(old, new) {
                continue;
            }
            let call = RuntimeCall::UpdateVolume { volume: source.id.clone(), content: new.clone() };
            ctx.start(Op::Runtime { node: w.node.name.clone(), call });
            *had = source;
            changed.push(name);
        }
        if !changed.is_empty() {
            let (pod, node) = (w.key.clone(), w.node.to_string());
            ctx.decide(KubeletDecision::Refreshed { pod, node, volumes: changed });
        }
    }
}

/// Whether a volume of the pod takes something out of a ConfigMap, or of a Secret.
fn names(pod: &Pod, map: bool, name: &str) -> bool {
    let projects = |p: &VolumeProjection| match map {
        true => p.config_map.as_ref().is_some_and(|m| m.name == name),
        false => p.secret.as_ref().is_some_and(|s| s.name == name),
    };
    let takes = |v: &Volume| {
        let own = match map {
            true => v.config_map.as_ref().is_some_and(|m| m.name == name),
            false => v.secret.as_ref().is_some_and(|s| s.secret_name.as_deref() == Some(name)),
        };
        own || v.projected.as_ref().is_some_and(|p| p.sources.iter().flatten().any(projects))
    };
    pod.spec.iter().flat_map(|s| s.volumes.iter().flatten()).any(takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_up_to_two_minutes() {
        let waits: Vec<u128> = (1..=10).map(|n| wait_after(n).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 122_000, 122_000]);
    }
}
