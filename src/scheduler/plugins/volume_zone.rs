//! VolumeZone: a volume that says in which zone it is can be used there only.
//! Real Kubernetes: pkg/scheduler/framework/plugins/volumezone.

use std::collections::BTreeSet;

use crate::api::object::{Name, Resource};
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Prepared, Reason, Refusal, Snapshot};
use crate::scheduler::hints::{Happening, Help, users_of};

pub struct VolumeZone;

/// Labels of places, older names with their present ones.
const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// Where one volume is, by one of its labels.
struct Place {
    volume: Name,
    key: &'static str,
    present: &'static str,
    /// A volume may be in several zones, joined by `__`.
    values: BTreeSet<String>,
}

impl Place {
    fn is_here(&self, node: &NodeInfo) -> bool {
        let value = node.node().label(self.key).or_else(|| node.node().label(self.present));
        value.is_some_and(|v| self.values.contains(v))
    }
}

fn zones(text: &str) -> Option<BTreeSet<String>> {
    let all: BTreeSet<String> = text.split("__").map(|z| z.trim().to_string()).collect();
    (!all.contains("")).then_some(all)
}

/// A node, a volume, the pod's own claims.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node | Happening::Volume => Help::All,
        Happening::Claim { namespace, name } => users_of(namespace, name),
        _ => Help::Nobody,
    }
}

impl Filter for VolumeZone {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let claims = pod.special.as_ref().map_or(&[][..], |s| &s.claims);
        let mut places = vec![];
        for name in claims {
            let claim = all.known.claims.get(pod.namespace(), name);
            let Some(volume) = claim.and_then(|c| c.spec.as_ref()?.volume_name.as_deref()).filter(|v| !v.is_empty())
            else {
                // VolumeBinding has judged claims that are not bound.
                continue;
            };
            let Some(v) = all.known.volumes.get("", volume) else {
                return Err(Refusal::VolumeGone { volume: volume.into() });
            };
            places.extend(LABELS.iter().filter_map(|(key, present)| {
                Some(Place { volume: volume.into(), key, present, values: zones(v.label(key)?)? })
            }));
        }
        if places.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |node| {
            // A cluster without zones has no wrong ones.
            if LABELS.iter().all(|(key, _)| node.node().label(key).is_none()) {
                return vec![];
            }
            let wrong = places.iter().find(|p| !p.is_here(node));
            wrong.map(|p| Reason::Zone { volume: p.volume.clone() }).into_iter().collect()
        })))
    }
}
