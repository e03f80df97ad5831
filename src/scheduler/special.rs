//! What few pods ask for and all others must heed: ports of the host, neighbours, claims, disks.
//! Real Kubernetes: pkg/scheduler/framework/types.go PodInfo, k8s.io/kube-scheduler/framework/types.go AffinityTerm and HostPortInfo.

use k8s_openapi::api::core::v1::{Container, PodAffinityTerm, Volume, WeightedPodAffinityTerm};

use super::framework::Alike;
use super::known::Known;
use crate::api::kinds::Pod;
use crate::api::object::{Name, Resource};
use crate::api::pods;
use crate::api::selector::{Labels, Selector};

/// See the module. Most pods have none of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Special {
    pub ports: Vec<HostPort>,
    pub near: Wishes,
    pub far: Wishes,
    /// Claims by name, those of ephemeral volumes too.
    pub claims: Vec<Name>,
    pub disks: Vec<Disk>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HostPort {
    pub port: i32,
    protocol: String,
    address: String,
}

/// A disk that is named in the pod itself and that not every two pods may share.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Disk {
    Gce { name: String, read_only: bool },
    Aws { id: String },
    Iscsi { iqn: String, read_only: bool },
    Rbd { monitors: Vec<String>, pool: String, image: String, read_only: bool },
}

/// Neighbours that a pod wants, or does not want.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Wishes {
    pub required: Vec<Term>,
    /// With their weights.
    pub preferred: Vec<(Term, i64)>,
}

/// Which pods are meant, and how far their neighbourhood reaches.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term {
    pods: Selector,
    namespaces: Vec<Name>,
    /// Namespaces by their labels, besides.
    by_label: Selector,
    /// Nodes with the same value of this label are neighbours.
    pub key: String,
}

const ANY_ADDRESS: &str = "0.0.0.0";

impl HostPort {
    /// Whether both cannot be had on one node.
    pub fn collides(&self, other: &HostPort) -> bool {
        let same_address =
            [&self.address, &other.address].iter().any(|a| *a == ANY_ADDRESS) || self.address == other.address;
        self.port == other.port && self.protocol == other.protocol && same_address
    }
}

impl Disk {
    pub fn collides(&self, other: &Disk) -> bool {
        match (self, other) {
            (Disk::Gce { name, read_only }, Disk::Gce { name: other, read_only: and }) => {
                name == other && !(*read_only && *and)
            }
            (Disk::Aws { id }, Disk::Aws { id: other }) => id == other,
            (Disk::Iscsi { iqn, read_only }, Disk::Iscsi { iqn: other, read_only: and }) => {
                iqn == other && !(*read_only && *and)
            }
            (
                Disk::Rbd { monitors, pool, image, read_only },
                Disk::Rbd { monitors: m, pool: p, image: i, read_only: and },
            ) => monitors.iter().any(|x| m.contains(x)) && pool == p && image == i && !(*read_only && *and),
            _ => false,
        }
    }

    fn of(v: &Volume) -> Option<Disk> {
        let text = |s: &Option<String>| s.clone().unwrap_or_default();
        if let Some(d) = &v.gce_persistent_disk {
            return Some(Disk::Gce { name: d.pd_name.clone(), read_only: d.read_only == Some(true) });
        }
        if let Some(d) = &v.aws_elastic_block_store {
            return Some(Disk::Aws { id: d.volume_id.clone() });
        }
        if let Some(d) = &v.iscsi {
            return Some(Disk::Iscsi { iqn: d.iqn.clone(), read_only: d.read_only == Some(true) });
        }
        v.rbd.as_ref().map(|d| Disk::Rbd {
            monitors: d.monitors.clone(),
            pool: text(&d.pool),
            image: d.image.clone(),
            read_only: d.read_only == Some(true),
        })
    }
}

impl Term {
    fn of(t: &PodAffinityTerm, namespace: &str) -> Term {
        let mut namespaces: Vec<Name> = t.namespaces.iter().flatten().map(Name::from).collect();
        if namespaces.is_empty() && t.namespace_selector.is_none() {
            namespaces.push(namespace.into());
        }
        let selector = |s: &Option<_>| s.as_ref().map_or(Selector::Nothing, Selector::of);
        Term {
            pods: selector(&t.label_selector),
            namespaces,
            by_label: selector(&t.namespace_selector),
            key: t.topology_key.clone(),
        }
    }

    /// Whether pods with these labels are meant.
    pub fn means(&self, namespace: &str, labels: Option<&Labels>, known: &Known) -> bool {
        let here = self.namespaces.iter().any(|n| n == namespace)
            || self.by_label != Selector::Nothing && self.by_label.matches(known.labels_of_namespace(namespace));
        here && self.pods.matches(labels)
    }

    pub fn means_those(&self, pods: &Alike, known: &Known) -> bool {
        self.means(&pods.namespace, Some(&pods.labels), known)
    }
}

impl Wishes {
    fn of(
        required: Option<&Vec<PodAffinityTerm>>,
        preferred: Option<&Vec<WeightedPodAffinityTerm>>,
        ns: &str,
    ) -> Wishes {
        Wishes {
            required: required.into_iter().flatten().map(|t| Term::of(t, ns)).collect(),
            preferred: preferred
                .into_iter()
                .flatten()
                .map(|t| (Term::of(&t.pod_affinity_term, ns), i64::from(t.weight)))
                .collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.preferred.is_empty()
    }
}

/// The name of the claim that a volume means.
pub fn claim(pod: &Pod, v: &Volume) -> Option<Name> {
    match (&v.persistent_volume_claim, &v.ephemeral) {
        (Some(c), _) => Some(c.claim_name.as_str().into()),
        (None, Some(_)) => Some(format!("{}-{}", pod.name(), v.name).into()),
        (None, None) => None,
    }
}

fn host_ports(containers: &[Container]) -> impl Iterator<Item = HostPort> {
    containers.iter().flat_map(|c| c.ports.iter().flatten()).filter_map(|p| {
        Some(HostPort {
            port: p.host_port.filter(|port| *port > 0)?,
            protocol: p.protocol.clone().filter(|s| !s.is_empty()).unwrap_or_else(|| "TCP".into()),
            address: p.host_ip.clone().filter(|s| !s.is_empty()).unwrap_or_else(|| ANY_ADDRESS.into()),
        })
    })
}

impl Special {
    pub fn of(pod: &Pod) -> Option<Special> {
        let spec = pod.spec.as_ref()?;
        // Only init containers that go on running keep their ports.
        let sidecars = spec.init_containers.iter().flatten().filter(|c| pods::is_sidecar(c));
        let ports = sidecars.flat_map(|c| host_ports(std::slice::from_ref(c))).chain(host_ports(&spec.containers));
        let affinity = spec.affinity.as_ref();
        let near = affinity.and_then(|a| a.pod_affinity.as_ref());
        let far = affinity.and_then(|a| a.pod_anti_affinity.as_ref());
        let volumes = || spec.volumes.iter().flatten();
        let special = Special {
            ports: ports.collect(),
            near: near.map_or_else(Wishes::default, |a| {
                Wishes::of(
                    a.required_during_scheduling_ignored_during_execution.as_ref(),
                    a.preferred_during_scheduling_ignored_during_execution.as_ref(),
                    pod.namespace(),
                )
            }),
            far: far.map_or_else(Wishes::default, |a| {
                Wishes::of(
                    a.required_during_scheduling_ignored_during_execution.as_ref(),
                    a.preferred_during_scheduling_ignored_during_execution.as_ref(),
                    pod.namespace(),
                )
            }),
            claims: volumes().filter_map(|v| claim(pod, v)).collect(),
            disks: volumes().filter_map(Disk::of).collect(),
        };
        (special != Special::default()).then_some(special)
    }

    /// Whether it has wishes about its neighbours.
    pub fn is_choosy(&self) -> bool {
        !self.near.is_empty() || !self.far.is_empty()
    }
}
