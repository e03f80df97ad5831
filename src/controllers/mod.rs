//! The controllers of kube-controller-manager: each a directory, all in one table.
//!
//! Start with [`replicaset`], the simplest complete one: observe, plan, apply. To add a controller: write its
//! directory (wiring, plan, decision, texts), add its line to [`TABLE`].
//!
//! Deliberately absent: the store and the API server (controllers see caches and call `Ctx`), and one another:
//! what one wants from another it writes into an object.
//!
//! In Kubernetes this is `pkg/controller` and `cmd/kube-controller-manager`.

pub mod certificates;
pub mod cloud_load_balancer;
pub mod clusterrole_aggregation;
pub mod cronjob;
pub mod customresourcedefinition;
pub mod daemonset;
pub mod deployment;
pub mod disruption;
pub mod endpoint;
pub mod endpointslice;
pub mod endpointslicemirroring;
pub mod garbage_collector;
pub mod identity_lease;
pub mod job;
pub mod kubernetes_service;
pub mod leader_election;
pub mod minikube_tunnel;
pub mod namespace;
pub mod node_lifecycle;
pub mod nodeipam;
pub mod persistentvolume_binder;
pub mod podautoscaler;
pub mod podgc;
pub mod replicaset;
pub mod resourcequota;
pub mod serviceaccount;
pub mod statefulset;
pub mod storage_provisioner;
pub mod ttl;
pub mod ttlafterfinished;
pub mod validatingadmissionpolicy_status;
pub mod volume_protection;

use std::sync::Arc;

use crate::api::kinds::{ReplicaSet, ReplicationController};
use crate::api::network::Range;
use crate::client::{Controller, Reconciler};
use crate::world::{Component, Maker};

/// What the controllers are told when they are started.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// Where all pods' addresses lie.
    pub cluster_cidr: Range,
}

/// One controller of the manager.
pub struct Entry {
    pub name: &'static str,
    make: fn(&Flags) -> Box<dyn Component>,
}

const fn entry<R: Reconciler>() -> Entry {
    Entry { name: R::NAME, make: |_| Box::new(Controller::<R>::default()) }
}

/// All of them. They start, stop and are broken together, as one process, or one by one.
pub static TABLE: &[Entry] = &[
    entry::<deployment::Deployments>(),
    entry::<replicaset::Replicas<ReplicaSet>>(),
    entry::<replicaset::Replicas<ReplicationController>>(),
    entry::<job::Jobs>(),
    entry::<cronjob::CronJobs>(),
    entry::<ttlafterfinished::TtlAfterFinished>(),
    entry::<daemonset::DaemonSets>(),
    entry::<statefulset::StatefulSets>(),
    entry::<endpointslice::EndpointSlices>(),
    entry::<endpoint::EndpointsOfServices>(),
    entry::<endpointslicemirroring::Mirroring>(),
    entry::<namespace::Namespaces>(),
    entry::<serviceaccount::ServiceAccounts>(),
    entry::<garbage_collector::GarbageCollector>(),
    entry::<podgc::PodGc>(),
    Entry {
        name: nodeipam::NodeIpam::NAME,
        make: |flags| Box::new(Controller::of(nodeipam::NodeIpam::of(flags.cluster_cidr))),
    },
    entry::<node_lifecycle::NodeLifecycle>(),
    entry::<ttl::Ttl>(),
    entry::<certificates::approving::Approving>(),
    entry::<certificates::signing::Signing>(),
    entry::<certificates::cleaning::Cleaning>(),
    entry::<clusterrole_aggregation::ClusterRoleAggregation>(),
    entry::<resourcequota::ResourceQuotas>(),
    entry::<disruption::Disruption>(),
    entry::<podautoscaler::Autoscalers>(),
    entry::<validatingadmissionpolicy_status::PolicyStatus>(),
    entry::<persistentvolume_binder::VolumeBinder>(),
    entry::<volume_protection::ClaimProtection>(),
    entry::<volume_protection::VolumeProtection>(),
    entry::<volume_protection::AttributesClassProtection>(),
];

/// Those that run within the API server, and live as long as it does. ([`identity_lease`] does, too; it is told which host that is.)
pub static IN_API_SERVER: &[Entry] = &[entry::<customresourcedefinition::CustomResourceDefinitions>()];

/// Those that minikube adds, each a program of its own.
pub static OF_MINIKUBE: &[Entry] = &[entry::<storage_provisioner::StorageProvisioner>()];

/// `minikube tunnel`, while it is open.
pub static TUNNEL: Entry = entry::<minikube_tunnel::Tunnel>();

/// That of cloud-controller-manager, where there is a cloud.
pub static OF_CLOUD: &[Entry] = &[entry::<cloud_load_balancer::LoadBalancers>()];

impl Entry {
    pub fn maker(&'static self, flags: Flags) -> Maker {
        Arc::new(move || (self.make)(&flags))
    }
}
