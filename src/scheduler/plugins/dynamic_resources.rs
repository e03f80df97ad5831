//! DynamicResources: the claims of devices that a pod names must be there, and have their devices.
//! Real Kubernetes: pkg/scheduler/framework/plugins/dynamicresources. There the scheduler also gives devices to claims, out of
//! what drivers publish in ResourceSlices. Here no driver runs that would make a device ready, so a claim that has none gets none.

use k8s_openapi::api::resource::v1::DeviceRequest;

use crate::api::kinds::{Pod, ResourceClaim};
use crate::api::node_affinity::term;
use crate::api::object::{Name, Resource, controller_of};
use crate::scheduler::framework::{Filter, NodeInfo, Objections, PodInfo, Prepared, Reason, Refusal, Snapshot};
use crate::scheduler::hints::{Happening, Help};
use crate::scheduler::known::Known;

pub struct DynamicResources;

/// So many pods may share a claim.
const MOST_PODS: usize = 256;

/// What the plugin says where no node was found and the pod has no claims.
pub const NOTHING_TO_TAKE_BACK: &str = "no new claims to deallocate";

/// What it says where no node was found. Kubernetes: PostFilter, which takes devices back from claims that have them where no
/// node is left.
pub fn at_last(pod: &Pod) -> &'static str {
    if named(pod).next().is_some() { "still not schedulable" } else { NOTHING_TO_TAKE_BACK }
}

/// The claims that a pod names, and whether each must have been made for it; no name: it is not made yet.
fn named(pod: &Pod) -> impl Iterator<Item = (Option<&str>, bool)> {
    let made = |of: &str| {
        let all = pod.status.iter().flat_map(|s| s.resource_claim_statuses.iter().flatten());
        all.filter(|s| s.name == of).map(|s| s.resource_claim_name.as_deref()).next()
    };
    let wanted = pod.spec.iter().flat_map(|s| s.resource_claims.iter().flatten());
    wanted.filter_map(move |c| match c.resource_claim_name.as_deref() {
        Some(name) => Some((Some(name), false)),
        // A template may have been found to need no claim.
        None => match made(&c.name) {
            Some(name) => Some((Some(name?), true)),
            None => Some((None, true)),
        },
    })
}

fn claims<'a>(pod: &Pod, known: &'a Known) -> Result<Vec<&'a ResourceClaim>, Refusal> {
    let mut out = vec![];
    for (name, must_be_its_own) in named(pod) {
        let Some(name) = name else { return Err(Refusal::DevicesToCome) };
        let claim = || Name::from(name);
        let Some(found) = known.device_claims.get(pod.namespace(), name) else {
            return Err(Refusal::NoDeviceClaim { claim: claim() });
        };
        if found.is_deleting() {
            return Err(Refusal::LeavingDeviceClaim { claim: claim() });
        }
        if must_be_its_own && controller_of(&found.metadata).is_none_or(|o| o.uid != pod.uid()) {
            return Err(Refusal::OthersDeviceClaim { claim: claim() });
        }
        out.push(found);
    }
    Ok(out)
}

/// What a pod waits for before it is tried at all. Kubernetes: PreEnqueue.
pub fn awaits(pod: &Pod, known: &Known) -> Option<Refusal> {
    claims(pod, known).err()
}

/// A node, a claim that the pod names, or a class of devices.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node | Happening::DeviceClass => Help::All,
        Happening::DeviceClaim { namespace, name } => {
            Help::those(move |w| w.pod.namespace() == *namespace && named(w.pod).any(|(n, _)| n == Some(*name)))
        }
        _ => Help::Nobody,
    }
}

fn has_devices(c: &ResourceClaim) -> bool {
    c.status.as_ref().is_some_and(|s| s.allocation.is_some())
}

/// The classes that a request names, with what the request is called there.
fn classes(r: &DeviceRequest) -> Vec<(String, &str)> {
    let one = r.exactly.iter().map(|e| (r.name.clone(), e.device_class_name.as_str()));
    let either = r.first_available.iter().flatten();
    one.chain(either.map(|s| (format!("{}/{}", r.name, s.name), s.device_class_name.as_str()))).collect()
}

/// What speaks against all nodes.
fn refusal(c: &ResourceClaim, pod: &Pod, known: &Known) -> Option<Refusal> {
    if has_devices(c) {
        let users = c.status.as_ref().and_then(|s| s.reserved_for.as_deref()).unwrap_or_default();
        let is_free = users.len() < MOST_PODS || users.iter().any(|u| u.uid == pod.uid());
        return (!is_free).then(|| Refusal::DevicesInUse { claim: c.name().into() });
    }
    let requests = c.spec.devices.iter().flat_map(|d| d.requests.iter().flatten());
    let missing = requests.flat_map(classes).find(|(_, class)| known.device_classes.get("", class).is_none());
    missing.map(|(request, class)| Refusal::NoDeviceClass { request, class: class.into() })
}

/// Whether the devices that a claim has can be used on a node.
fn reaches(c: &ResourceClaim, node: &NodeInfo) -> bool {
    let where_to = c.status.as_ref().and_then(|s| s.allocation.as_ref()?.node_selector.as_ref());
    where_to.is_none_or(|s| s.node_selector_terms.iter().any(|t| term(t, node.node())))
}

impl Filter for DynamicResources {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        let claims = claims(pod.pod(), all.known)?;
        if let Some(refusal) = claims.iter().find_map(|c| refusal(c, pod.pod(), all.known)) {
            return Err(refusal);
        }
        let without = claims.iter().any(|c| !has_devices(c));
        Ok((!claims.is_empty()).then(|| -> Objections<'a> {
            Box::new(move |node| {
                if without {
                    vec![Reason::NoDevices]
                } else if claims.iter().all(|c| reaches(c, node)) {
                    vec![]
                } else {
                    vec![Reason::DevicesElsewhere]
                }
            })
        }))
    }
}
