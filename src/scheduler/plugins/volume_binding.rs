//! VolumeBinding: the claims of a pod must have volumes that its node can use, or get them there.
//! Real Kubernetes: pkg/scheduler/framework/plugins/volumebinding/volume_binding.go, binder.go.

use std::collections::BTreeSet;

use k8s_openapi::api::storage::v1::CSIStorageCapacity;

use crate::api::kinds::{
    Node, PersistentVolume, PersistentVolumeClaim, StorageClass, persistentvolume, persistentvolumeclaim,
};
use crate::api::node_affinity::term;
use crate::api::object::{Resource, controller_of};
use crate::api::quantity::Quantity;
use crate::api::selector::Selector;
use crate::api::volumes::{BIND_COMPLETED, Look, SELECTED_NODE, best, waits_for_consumer, wanted_size};
use crate::scheduler::framework::{Filter, NodeInfo, PodInfo, PreBind, Prepared, Reason, Refusal, Snapshot};
use crate::scheduler::hints::{Happening, Help, users_of};
use crate::scheduler::known::Known;
use crate::scheduler::promises::Promise;
use crate::scheduler::special::claim;

pub struct VolumeBinding;

/// The provisioner of classes whose volumes nobody makes.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The claims of a pod that may be placed.
#[derive(Default)]
struct Claims<'a> {
    bound: Vec<&'a PersistentVolumeClaim>,
    /// They wait for their first pod, which is this one. With the volumes of their class.
    delayed: Vec<(&'a PersistentVolumeClaim, Vec<&'a PersistentVolume>)>,
}

/// What becomes of the claims on one node.
#[derive(Default)]
struct Plan<'a> {
    bindings: Vec<(&'a PersistentVolume, &'a PersistentVolumeClaim)>,
    provisions: Vec<&'a PersistentVolumeClaim>,
}

fn volume_name(c: &PersistentVolumeClaim) -> &str {
    c.spec.as_ref().and_then(|s| s.volume_name.as_deref()).unwrap_or("")
}

pub fn is_bound(c: &PersistentVolumeClaim) -> bool {
    !volume_name(c).is_empty() && c.annotation(BIND_COMPLETED).is_some()
}

/// Whether a volume can be used on a node.
pub fn reaches(v: &PersistentVolume, node: &Node) -> bool {
    let required = v.spec.as_ref().and_then(|s| s.node_affinity.as_ref()?.required.as_ref());
    required.is_none_or(|r| r.node_selector_terms.iter().any(|t| term(t, node)))
}

/// All claims of a pod: each must be there, and be its own.
fn claims_of<'a>(pod: &PodInfo, known: &'a Known) -> Result<Vec<&'a PersistentVolumeClaim>, Refusal> {
    let mut out = vec![];
    for v in pod.pod().spec.iter().flat_map(|s| s.volumes.iter().flatten()) {
        let Some(name) = claim(pod.pod(), v) else { continue };
        let ephemeral = v.persistent_volume_claim.is_none();
        let Some(c) = known.claims.get(pod.namespace(), &name) else {
            return Err(if ephemeral {
                Refusal::ClaimToCome { claim: name }
            } else {
                Refusal::NoClaim { claim: name }
            });
        };
        if c.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Lost") {
            return Err(Refusal::LostClaim { claim: name, volume: volume_name(c).into() });
        }
        if c.is_deleting() {
            return Err(Refusal::LeavingClaim { claim: name });
        }
        if ephemeral && controller_of(&c.metadata).is_none_or(|o| o.uid != pod.pod().uid()) {
            let (namespace, pod) = (pod.namespace().into(), pod.pod().name().into());
            return Err(Refusal::OthersClaim { claim: name, namespace, pod });
        }
        out.push(c);
    }
    Ok(out)
}

fn sorted<'a>(pod: &PodInfo, known: &'a Known) -> Result<Claims<'a>, Refusal> {
    let mut out = Claims::default();
    let mut late = vec![];
    for c in claims_of(pod, known)? {
        if is_bound(c) {
            out.bound.push(c);
        } else if waits_for_consumer(known.class_of(c)) && volume_name(c).is_empty() {
            let class = persistentvolumeclaim::class(c);
            out.delayed.push((c, known.volumes.iter().filter(|v| persistentvolume::class(v) == class).collect()));
        } else {
            late.push(c.name().into());
        }
    }
    // The smallest first, so that it does not take a volume that a larger one needs.
    out.delayed.sort_by_key(|(c, _)| wanted_size(c));
    if late.is_empty() { Ok(out) } else { Err(Refusal::Unbound { claims: late }) }
}

/// The driver makes volumes on the node, as far as its class and the reported room tell.
fn provisionable(c: &PersistentVolumeClaim, node: &Node, known: &Known) -> Result<(), Reason> {
    let claim = || c.name().into();
    let maker = known.class_of(c).filter(|s| !matches!(s.provisioner.as_str(), "" | NO_PROVISIONER));
    let Some(class) = maker.filter(|s| allows(s, node)) else { return Err(Reason::NoVolume { claim: claim() }) };
    let wanted = wanted_size(c);
    let driver = known.drivers.get("", &class.provisioner);
    let reports = driver.is_some_and(|d| d.spec.storage_capacity == Some(true));
    let fits = |s: &CSIStorageCapacity| {
        s.storage_class_name == class.name() && room(s).is_some_and(|room| room >= wanted) && accessible(s, node)
    };
    if !reports || wanted.is_zero() || known.capacities.iter().any(fits) {
        return Ok(());
    }
    Err(Reason::NoSpace { claim: claim() })
}

/// Whether volumes of the class are made for this node.
fn allows(class: &StorageClass, node: &Node) -> bool {
    let terms = class.allowed_topologies.as_deref().unwrap_or_default();
    let matches = |t: &k8s_openapi::api::core::v1::TopologySelectorTerm| {
        let all = t.match_label_expressions.as_deref().unwrap_or_default();
        !all.is_empty() && all.iter().all(|r| node.label(&r.key).is_some_and(|v| r.values.iter().any(|x| x == v)))
    };
    terms.is_empty() || terms.iter().any(matches)
}

fn room(s: &CSIStorageCapacity) -> Option<Quantity> {
    s.maximum_volume_size.as_ref().or(s.capacity.as_ref()).and_then(|q| Quantity::parse(&q.0))
}

fn accessible(s: &CSIStorageCapacity, node: &Node) -> bool {
    s.node_topology.as_ref().is_some_and(|t| Selector::of(t).matches(node.metadata.labels.as_ref()))
}

impl<'a> Claims<'a> {
    fn plan(&self, node: &NodeInfo, known: &'a Known) -> Result<Plan<'a>, Vec<Reason>> {
        match (self.misplaced(node, known), self.find(node, known)) {
            (None, plan) => plan.map_err(|r| vec![r]),
            (Some(misplaced), Ok(_)) => Err(vec![misplaced]),
            // Kubernetes names a volume that is gone last.
            (Some(gone @ Reason::VolumeGone { .. }), Err(r)) => Err(vec![r, gone]),
            (Some(misplaced), Err(r)) => Err(vec![misplaced, r]),
        }
    }

    /// A bound volume that can't be used here.
    fn misplaced(&self, node: &NodeInfo, known: &Known) -> Option<Reason> {
        self.bound.iter().find_map(|c| match known.volumes.get("", volume_name(c)) {
            None => Some(Reason::VolumeGone { volume: volume_name(c).into() }),
            Some(v) => (!reaches(v, node.node())).then(|| Reason::VolumeElsewhere { volume: v.name().into() }),
        })
    }

    /// Volumes for the claims that wait, or somebody who makes them.
    fn find(&self, node: &NodeInfo, known: &'a Known) -> Result<Plan<'a>, Reason> {
        let mut plan = Plan::default();
        let mut chosen: BTreeSet<&str> = BTreeSet::new();
        let mut unmatched = vec![];
        for (c, volumes) in &self.delayed {
            match c.annotation(SELECTED_NODE) {
                Some(other) if *other != *node.name => return Err(Reason::NoVolume { claim: c.name().into() }),
                Some(_) => plan.provisions.push(c),
                None => {
                    let free = volumes.iter().copied().filter(|v| !chosen.contains(v.name()));
                    match best(c, free, Look::At(&|v| reaches(v, node.node()))) {
                        Some(v) => {
                            chosen.insert(v.name());
                            plan.bindings.push((v, c));
                        }
                        None => unmatched.push(*c),
                    }
                }
            }
        }
        plan.provisions.extend(unmatched);
        plan.provisions.iter().try_for_each(|c| provisionable(c, node.node(), known))?;
        Ok(plan)
    }
}

/// A node, a volume or who makes them, the pod's own claims.
pub fn helped<'a>(what: &'a Happening<'a>) -> Help<'a> {
    match what {
        Happening::Node | Happening::Volume | Happening::Attachment => Help::All,
        Happening::Claim { namespace, name } => users_of(namespace, name),
        _ => Help::Nobody,
    }
}

impl Filter for VolumeBinding {
    fn prepare<'a>(&self, pod: &'a PodInfo, all: &'a Snapshot<'a>) -> Prepared<'a> {
        if pod.special.as_ref().is_none_or(|s| s.claims.is_empty()) {
            return Ok(None);
        }
        let claims = sorted(pod, all.known)?;
        let known = all.known;
        Ok(Some(Box::new(move |node| claims.plan(node, known).err().unwrap_or_default())))
    }
}

impl PreBind for VolumeBinding {
    fn promises(&self, pod: &PodInfo, node: &NodeInfo, all: &Snapshot<'_>) -> Vec<Promise> {
        if pod.special.as_ref().is_none_or(|s| s.claims.is_empty()) {
            return vec![];
        }
        let plan = sorted(pod, all.known).ok().and_then(|claims| claims.plan(node, all.known).ok()).unwrap_or_default();
        let bindings =
            plan.bindings.iter().map(|(v, c)| Promise::Bind { volume: v.name().into(), claim: c.name().into() });
        let provisions = plan.provisions.iter().map(|c| Promise::Provision { claim: c.name().into() });
        bindings.chain(provisions).collect()
    }
}
