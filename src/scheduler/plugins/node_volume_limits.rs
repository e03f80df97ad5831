//! NodeVolumeLimits: a driver can attach only so many volumes to a node; its CSINode says how many.
//! Real Kubernetes: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go. It also counts volumes of former kinds that a
//! driver has taken over, which need a list of those drivers.

use std::collections::BTreeMap;

use crate::api::object::Name;
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, Prepared, Reason, Snapshot};
use crate::scheduler::hints::{Happening, Help, users_of};
use crate::scheduler::known::Known;

pub struct NodeVolumeLimits;

/// Volumes by what their drivers call them, with the drivers.
type Volumes = BTreeMap<(String, String), String>;

/// The volume of a claim, or, as long as it has none, one that is nobody else's.
fn volume(namespace: &str, claim: &str, known: &Known) -> Option<(String, String)> {
    let c = known.claims.get(namespace, claim)?;
    let bound = c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).filter(|v| !v.is_empty());
    match bound.and_then(|name| known.volumes.get("", name)) {
        Some(v) => {
            let csi = v.spec.as_ref()?.csi.as_ref()?;
            Some((csi.driver.clone(), csi.volume_handle.clone()))
        }
        None => Some((known.class_of(c)?.provisioner.clone(), format!("claim {namespace}/{claim}"))),
    }
}

fn add(out: &mut Volumes, namespace: &str, claims: &[Name], known: &Known) {
    for (driver, handle) in claims.iter().filter_map(|c| volume(namespace, c, known)) {
        out.insert((driver.clone(), handle), driver);
    }
}

/// How many volumes each driver may attach to the node.
fn limits<'a>(node: &NodeInfo, known: &'a Known) -> BTreeMap<&'a str, i64> {
    let drivers = known.csi_nodes.get("", &node.name).map(|n| n.spec.drivers.as_slice()).unwrap_or_default();
    drivers.iter().filter_map(|d| Some((d.name.as_str(), i64::from(d.allocatable.as_ref()?.count?)))).collect()
}

/// What is attached, by pods that are there and by the word of the attachments.
fn attached(node: &NodeInfo, told: &Told<'_>, known: &Known) -> Volumes {
    let mut out = Volumes::new();
    for (pods, special, _) in node.specials() {
        add(&mut out, &pods.namespace, &special.claims, known);
    }
    for (driver, handle) in told.get(&*node.name).into_iter().flatten() {
        out.insert((driver.to_string(), handle.to_string()), driver.to_string());
    }
    out
}

/// What attachments say, by node: drivers, and what they call their volumes.
type Told<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str)>>;

fn told(known: &Known) -> Told<'_> {
    let mut out = Told::new();
    for a in known.attachments.iter() {
        let volume = a.spec.source.persistent_volume_name.as_deref().and_then(|v| known.volumes.get("", v));
        if let Some(csi) = volume.and_then(|v| v.spec.as_ref()?.csi.as_ref()) {
            out.entry(&a.spec.node_name).or_default().push((&a.spec.attacher, &csi.volume_handle));
        }
    }
    out
}

/// A node, a claim, a volume that is detached, or a pod that used volumes.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node | Happening::Attachment => Help::All,
        Happening::Claim { namespace, name } => users_of(namespace, name),
        Happening::PodGone(gone) if !gone.special().claims.is_empty() => Help::All,
        _ => Help::Nobody,
    }
}

impl Filter for NodeVolumeLimits {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let Some(special) = pod.special.as_ref().filter(|s| !s.claims.is_empty()) else { return Ok(None) };
        let known = all.known;
        let mut wanted = Volumes::new();
        add(&mut wanted, pod.namespace(), &special.claims, known);
        if wanted.is_empty() {
            return Ok(None);
        }
        let told = told(known);
        Ok(Some(Box::new(move |node| {
            let limits = limits(node, known);
            if limits.is_empty() {
                return vec![];
            }
            let there = attached(node, &told, known);
            let too_many = |(driver, limit): (&str, i64)| {
                let here = there.values().filter(|d| *d == driver).count();
                let new = wanted.iter().filter(|(id, d)| *d == driver && !there.contains_key(*id)).count();
                let reason = || Reason::TooManyVolumes { driver: driver.into(), limit };
                (new > 0 && i64::try_from(here + new).unwrap_or(i64::MAX) > limit).then(reason)
            };
            limits.into_iter().find_map(too_many).into_iter().collect()
        })))
    }
}
