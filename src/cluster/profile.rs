//! What each kind of cluster looks like.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Taint;

use std::net::Ipv4Addr;

use super::control_plane;
use crate::api::network::Range;
use crate::controllers::Flags;
use crate::kubelet::{NodeConfig, Timing};
use crate::runtime::Catalogue;
use crate::runtime::simulated::Speeds;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// One control plane and workers, as kubeadm makes them.
    Kubeadm,
    /// One node that is both.
    Minikube,
    /// As kubeadm; LoadBalancers get addresses.
    Cloud,
    /// The cluster of the recordings.
    Bare,
}

impl Profile {
    pub fn parse(text: &str) -> Option<Profile> {
        Some(match text {
            "kubeadm" => Profile::Kubeadm,
            "minikube" => Profile::Minikube,
            "cloud" => Profile::Cloud,
            "bare" => Profile::Bare,
            _ => return None,
        })
    }
    pub fn name(self) -> &'static str {
        match self {
            Profile::Kubeadm => "kubeadm",
            Profile::Minikube => "minikube",
            Profile::Cloud => "cloud",
            Profile::Bare => "bare",
        }
    }
}

/// Everything that a profile decides.
#[derive(Clone, Debug)]
pub struct Plan {
    pub profile: Profile,
    pub nodes: Vec<NodeConfig>,
    /// Machines that may join: `minikube node add`.
    pub spares: Vec<NodeConfig>,
    /// Labels that the installer gives nodes once they are registered, as kubelets may not: by node.
    pub marks: BTreeMap<String, BTreeMap<String, String>>,
    pub api_address: String,
    pub catalogue: &'static Catalogue,
    pub speeds: Speeds,
    pub timing: Timing,
    pub system_pods: bool,
    pub metrics_service: bool,
    /// Whether the network plugin heeds NetworkPolicies.
    pub enforces_policies: bool,
    /// Whether DNS and metrics-server are processes of the first machine, not pods.
    pub on_host: bool,
    pub default_storage_class: bool,
    /// Whether the scheduler and the controller manager need a lease to work.
    pub leader_election: bool,
    /// Whether somebody makes volumes of that class.
    pub storage_provisioner: bool,
    /// How the kubeconfig calls the cluster, its context and its user.
    pub context: &'static str,
    pub wide_pod_range: bool,
}

/// How many machines may join a cluster of minikube's.
const SPARES: u32 = 8;
/// Above this many workers, a /16 has not enough ranges of 256 pods.
const WIDE_FROM: u32 = 250;

impl Plan {
    /// Where all pods' addresses lie.
    pub fn pod_range(&self) -> Range {
        let (base, bits) =
            if self.wide_pod_range { (Ipv4Addr::new(10, 128, 0, 0), 9) } else { (Ipv4Addr::new(10, 244, 0, 0), 16) };
        Range { base, bits }
    }

    /// What kube-controller-manager is started with.
    pub fn flags(&self) -> Flags {
        Flags { cluster_cidr: self.pod_range() }
    }

    /// The learner's own machine, beside the nodes.
    pub fn outside_address(&self) -> Ipv4Addr {
        let first = self.api_address.parse().unwrap_or(Ipv4Addr::LOCALHOST);
        Ipv4Addr::from(u32::from(first) & 0xffff_ff00 | 1)
    }

    pub fn new(profile: Profile, workers: Option<u32>) -> Plan {
        let single = matches!(profile, Profile::Minikube | Profile::Bare);
        let workers = workers.unwrap_or(if single { 0 } else { 3 });
        let wide_pod_range = workers > WIDE_FROM;
        let (first, subnet, cpus, memory_kib) = match profile {
            Profile::Bare => ("minikube", "198.18.0", 2, 24_684_084),
            Profile::Minikube => ("minikube", "192.168.49", 4, 8_145_404),
            _ => ("control-plane", "192.168.58", 4, 8_145_404),
        };
        let (mut nodes, mut marks) = (vec![], BTreeMap::new());
        let spare = if profile == Profile::Minikube { SPARES } else { 0 };
        for i in 0..=workers + spare {
            let control = i == 0;
            let name = match (single, i) {
                (_, 0) => first.to_string(),
                (true, n) => format!("minikube-m{:02}", n + 1),
                (false, n) => format!("worker-{n}"),
            };
            if control && profile != Profile::Bare {
                let labels = [
                    "node-role.kubernetes.io/control-plane",
                    "node.kubernetes.io/exclude-from-external-load-balancers",
                ];
                marks.insert(name.clone(), labels.map(|l| (l.to_string(), String::new())).into());
            }
            let taints = if control && !single {
                vec![Taint {
                    key: "node-role.kubernetes.io/control-plane".into(),
                    effect: "NoSchedule".into(),
                    ..Taint::default()
                }]
            } else {
                vec![]
            };
            let ip = if i < 200 {
                format!("{subnet}.{}", i + 2)
            } else {
                format!("10.{}.{}.{}", 10 + i / 65_536, i / 256 % 256, i % 256)
            };
            let labels = BTreeMap::new();
            let statics = if control { control_plane::manifests(profile, &name, &ip) } else { vec![] };
            nodes.push(NodeConfig { name, ip, cpus, memory_kib, max_pods: 110, labels, taints, statics });
        }
        let spares = nodes.split_off(usize::try_from(workers).map_or(nodes.len(), |w| w + 1));
        let bare = profile == Profile::Bare;
        Plan {
            profile,
            api_address: nodes.first().map(|n| n.ip.clone()).unwrap_or_default(),
            nodes,
            spares,
            marks,
            catalogue: if bare { Catalogue::bare() } else { Catalogue::public() },
            speeds: Speeds { sandbox: (200, 420), create: (10, 50), start: (60, 150) },
            timing: Timing { volumes: (150, 300), cleanup: (250, 600) },
            system_pods: !bare,
            metrics_service: bare,
            enforces_policies: !single,
            on_host: bare,
            default_storage_class: single,
            leader_election: !bare,
            storage_provisioner: profile == Profile::Minikube,
            context: if single { "minikube" } else { "kubernetes-admin@kubernetes" },
            wide_pod_range,
        }
    }
}
