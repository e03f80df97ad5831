//! A node's object, its status and its lease.
//! Real Kubernetes: pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go, util/nodelease.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeFeatures, NodeRuntimeHandler,
    NodeRuntimeHandlerFeatures, NodeSpec, NodeStatus, NodeSystemInfo,
};
use k8s_openapi::api::storage::v1::CSINodeSpec;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::reporting::{Image, NodeConfig};
use crate::api::Time;
use crate::api::kinds::{CSINode, Lease, Node};

/// How the machines' first start is called.
pub const FIRST_BOOT: &str = "00000000-0000-0000-0000-000000000002";
pub const LEASE_NAMESPACE: &str = "kube-node-lease";
const LEASE_SECONDS: i32 = 40;

fn quantities(list: &[(&str, String)]) -> BTreeMap<String, Quantity> {
    list.iter().map(|(k, v)| ((*k).to_string(), Quantity(v.clone()))).collect()
}

/// The object with which a kubelet registers its node.
pub fn object(c: &NodeConfig, conditions: Vec<NodeCondition>) -> Node {
    let mut labels: BTreeMap<String, String> = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", c.name.as_str()),
        ("kubernetes.io/os", "linux"),
    ]
    .map(|(k, v)| (k.to_string(), v.to_string()))
    .into();
    labels.extend(c.labels.clone());
    Node {
        metadata: ObjectMeta {
            name: Some(c.name.clone()),
            labels: Some(labels),
            annotations: Some(
                [("volumes.kubernetes.io/controller-managed-attach-detach", "true")]
                    .map(|(k, v)| (k.to_string(), v.to_string()))
                    .into(),
            ),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec { taints: (!c.taints.is_empty()).then(|| c.taints.clone()), ..NodeSpec::default() }),
        status: Some(NodeStatus { conditions: Some(conditions), ..status(c) }),
    }
}

/// What a kubelet can do that older ones cannot. Real Kubernetes: component-helpers/nodedeclaredfeatures.
const DECLARED_FEATURES: [&str; 4] = [
    "ExtendWebSocketsToKubelet",
    "InPlacePodLevelResourcesVerticalScaling",
    "InPlacePodVerticalScalingInitContainers",
    "RestartAllContainersOnContainerExits",
];

fn resources(c: &NodeConfig, memory_kib: u64, storage: &str) -> BTreeMap<String, Quantity> {
    quantities(&[
        ("cpu", c.cpus.to_string()),
        ("ephemeral-storage", storage.into()),
        ("hugepages-1Gi", "0".into()),
        ("hugepages-2Mi", "0".into()),
        ("memory", format!("{memory_kib}Ki")),
        ("pods", c.max_pods.to_string()),
    ])
}

/// What pods may have of the node: 10 MiB of its memory and a tenth of its disk are kept back.
pub fn allocatable(c: &NodeConfig) -> BTreeMap<String, Quantity> {
    resources(c, c.memory_kib.saturating_sub(10 * 1024), "267847642337")
}

/// A way in which the container runtime runs pods; the one without a name is what it does unasked.
fn handler(name: &str) -> NodeRuntimeHandler {
    let features = NodeRuntimeHandlerFeatures { recursive_read_only_mounts: Some(true), user_namespaces: Some(false) };
    NodeRuntimeHandler { name: Some(name.into()), features: Some(features) }
}

fn status(c: &NodeConfig) -> NodeStatus {
    NodeStatus {
        capacity: Some(resources(c, c.memory_kib, "264212084Ki")),
        allocatable: Some(allocatable(c)),
        addresses: Some(vec![
            NodeAddress { type_: "InternalIP".into(), address: c.ip.clone() },
            NodeAddress { type_: "Hostname".into(), address: c.name.clone() },
        ]),
        features: Some(NodeFeatures { supplemental_groups_policy: Some(true) }),
        runtime_handlers: Some(["", "runc"].map(handler).into()),
        declared_features: Some(DECLARED_FEATURES.map(Into::into).to_vec()),
        daemon_endpoints: Some(NodeDaemonEndpoints { kubelet_endpoint: Some(DaemonEndpoint { port: 10_250 }) }),
        images: Some(images(&BTreeMap::new())),
        node_info: Some(NodeSystemInfo {
            architecture: "amd64".into(),
            boot_id: FIRST_BOOT.into(),
            container_runtime_version: "containerd://2.1.4".into(),
            kernel_version: "6.1.0-generic".into(),
            kube_proxy_version: String::new(),
            kubelet_version: "v1.36.3".into(),
            machine_id: "3d1219c7c4c5404aaa1f6d2a48adfda4".into(),
            operating_system: "linux".into(),
            os_image: "Debian GNU/Linux 12 (bookworm)".into(),
            system_uuid: "3d1219c7c4c5404aaa1f6d2a48adfda4".into(),
            ..NodeSystemInfo::default()
        }),
        ..NodeStatus::default()
    }
}

/// The images that a node's status names: the largest first, fifty at most. The one of the sandboxes is always there.
pub fn images(pulled: &BTreeMap<String, Image>) -> Vec<ContainerImage> {
    const MOST: usize = 50;
    let pause = ContainerImage {
        names: Some(
            [
                "registry.k8s.io/pause@sha256:3d4b5a8bb731bfdf2ff8fcb2a7459f6b20649a5d4c751643ec0b07f6142ce7f4",
                "registry.k8s.io/pause:3.10",
            ]
            .map(String::from)
            .into(),
        ),
        size_bytes: Some(3_440_402),
    };
    let mut all = vec![pause];
    all.extend(pulled.iter().map(|(name, image)| ContainerImage {
        names: Some([&image.id, name].into_iter().filter(|n| !n.is_empty()).cloned().collect()),
        size_bytes: i64::try_from(image.bytes).ok(),
    }));
    all.sort_by_key(|i| std::cmp::Reverse(i.size_bytes));
    all.truncate(MOST);
    all
}

/// What a healthy kubelet says of its node.
pub fn conditions(now: Time) -> Vec<NodeCondition> {
    [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    .map(|(kind, status, reason, message)| NodeCondition {
        type_: kind.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_heartbeat_time: Some(now.meta()),
        last_transition_time: Some(now.meta()),
    })
    .into()
}

/// Writes the conditions anew, keeping the transition time of those that stay.
pub fn refresh(status: &mut NodeStatus, fresh: Vec<NodeCondition>) {
    let list = status.conditions.get_or_insert_default();
    for mut f in fresh {
        match list.iter_mut().find(|c| c.type_ == f.type_) {
            Some(old) => {
                if old.status == f.status {
                    f.last_transition_time = old.last_transition_time.clone();
                }
                *old = f;
            }
            None => list.push(f),
        }
    }
}

/// What pods may have of a node, by what it says to have: of resources that somebody else has put down (a device plugin, or a person,
/// by hand) all, and of those that are gone nothing.
/// Real Kubernetes: pkg/kubelet/nodestatus/setters.go MachineInfo.
pub fn allotted(status: &NodeStatus) -> Option<BTreeMap<String, Quantity>> {
    const OWN: [&str; 6] = ["cpu", "ephemeral-storage", "hugepages-1Gi", "hugepages-2Mi", "memory", "pods"];
    let (Some(has), Some(allocatable)) = (&status.capacity, &status.allocatable) else {
        return status.allocatable.clone();
    };
    let mut allotted = allocatable.clone();
    allotted.retain(|name, _| has.contains_key(name));
    allotted.extend(has.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(n, q)| (n.clone(), q.clone())));
    Some(allotted)
}

/// Why a kubelet says that its node is not ready.
pub const RUNTIME_DOWN: &str = "container runtime is down";
pub const NETWORK_NOT_READY: &str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

/// What it says then.
pub fn not_ready(why: &str, now: Time) -> Vec<NodeCondition> {
    let mut all = conditions(now);
    for c in all.iter_mut().filter(|c| c.type_ == "Ready") {
        c.status = "False".into();
        c.reason = Some("KubeletNotReady".into());
        c.message = Some(why.into());
    }
    all
}

/// What goes with its node is owned by it.
fn owned_by_node(name: &str, uid: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        owner_references: Some(vec![OwnerReference {
            api_version: "v1".into(),
            kind: "Node".into(),
            name: name.into(),
            uid: uid.into(),
            ..OwnerReference::default()
        }]),
        ..ObjectMeta::default()
    }
}

/// Drivers of volumes that have moved out of Kubernetes: kubelet says that it leaves them to others.
const MIGRATED: &str = "kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder,kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume";

/// The drivers of volumes on a node: none yet.
/// Real Kubernetes: pkg/volume/csi/nodeinfomanager.
pub fn csi(name: &str, uid: &str) -> CSINode {
    let mut metadata = owned_by_node(name, uid);
    metadata.annotations = Some([("storage.alpha.kubernetes.io/migrated-plugins".into(), MIGRATED.into())].into());
    CSINode { metadata, spec: CSINodeSpec::default() }
}

pub fn lease(name: &str, uid: &str, now: Time) -> Lease {
    Lease {
        metadata: ObjectMeta { namespace: Some(LEASE_NAMESPACE.into()), ..owned_by_node(name, uid) },
        spec: Some(LeaseSpec {
            holder_identity: Some(name.into()),
            lease_duration_seconds: Some(LEASE_SECONDS),
            renew_time: Some(now.meta_micro()),
            ..LeaseSpec::default()
        }),
    }
}
