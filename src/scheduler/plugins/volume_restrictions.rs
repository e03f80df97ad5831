//! VolumeRestrictions: claims that one pod only may use, and disks that not every two pods may share.
//! Real Kubernetes: pkg/scheduler/framework/plugins/volumerestrictions.

use crate::api::kinds::PersistentVolumeClaim;
use crate::api::object::Name;
use crate::api::object::Resource;
use crate::scheduler::framework::{Filter, PodInfo, Prepared, Reason, Refusal, Snapshot};
use crate::scheduler::hints::{Happening, Help, users_of};

pub struct VolumeRestrictions;

fn is_for_one_pod(c: &PersistentVolumeClaim) -> bool {
    c.spec.iter().flat_map(|s| s.access_modes.iter().flatten()).any(|m| m == "ReadWriteOncePod")
}

/// A node, a claim that was missing, or a pod that leaves a claim or a disk to others.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node => Help::All,
        Happening::Claim { namespace, name } => users_of(namespace, name),
        Happening::PodGone(gone) => Help::those(|w| {
            let theirs = gone.special();
            let same_claim =
                gone.pod.namespace() == w.pod.namespace() && w.special.claims.iter().any(|c| theirs.claims.contains(c));
            same_claim || w.special.disks.iter().any(|d| theirs.disks.iter().any(|t| d.collides(t)))
        }),
        _ => Help::Nobody,
    }
}

impl Filter for VolumeRestrictions {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let Some(special) = &pod.special else { return Ok(None) };
        let volumes = pod.pod().spec.iter().flat_map(|s| s.volumes.iter().flatten());
        let mut alone: Vec<Name> = vec![];
        for named in volumes.filter_map(|v| v.persistent_volume_claim.as_ref()) {
            let name = named.claim_name.as_str();
            let Some(c) = all.known.claims.get(pod.namespace(), name) else {
                return Err(Refusal::NoClaim { claim: name.into() });
            };
            if is_for_one_pod(c) {
                alone.push(name.into());
            }
        }
        let is_used = |claim: &Name| {
            let uses = |n: &crate::scheduler::framework::NodeInfo| {
                n.specials().any(|(pods, s, _)| pods.namespace == pod.namespace() && s.claims.contains(claim))
            };
            all.each().any(uses)
        };
        alone.retain(is_used);
        if alone.is_empty() && special.disks.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node| {
            let taken = |s: &crate::scheduler::special::Special| {
                special.disks.iter().any(|mine| s.disks.iter().any(|theirs| mine.collides(theirs)))
            };
            if node.specials().any(|(_, s, _)| taken(s)) {
                vec![Reason::Disk]
            } else if alone.is_empty() {
                vec![]
            } else {
                vec![Reason::OncePod { claims: alone.clone() }]
            }
        })))
    }
}
