//! One file a kind, and the table that lists them. To add a kind: write its file, add its line here.

use super::kind::{AnyKind, KindRef};
use super::object::Resource;

pub mod access_review;
pub mod admission_policies;
pub mod admission_rules;
pub mod admission_webhooks;
pub mod devices;
pub mod flowcontrol;
pub mod meta_conditions;
pub mod node_labels;
pub mod pod_spec;
pub mod rbac;
pub mod resources;
pub mod shared_pod;
pub mod updates;
pub mod usage;
pub mod volume_sources;
pub mod webhook_client;
pub mod workload;

macro_rules! kinds {
    ($($module:ident => $t:path as $alias:ident;)*) => {
        $(pub mod $module; pub use $t as $alias;)*

        #[allow(non_camel_case_types, reason = "one variant a module, never written elsewhere")]
        #[repr(u16)]
        enum Line { $($module,)* }

        /// Every kind that the API server serves, each version of it, in the order in which `kubectl api-resources` lists
        /// them; of several versions the preferred one comes first.
        pub static TABLE: &[&dyn AnyKind] = &[$(&$module::KIND,)*];

        $(impl Resource for $alias {
            fn kind_ref() -> KindRef {
                KindRef(Line::$module as u16)
            }
        })*
    };
}

kinds! {
    binding => k8s_openapi::api::core::v1::Binding as Binding;
    componentstatus => k8s_openapi::api::core::v1::ComponentStatus as ComponentStatus;
    configmap => k8s_openapi::api::core::v1::ConfigMap as ConfigMap;
    endpoints => k8s_openapi::api::core::v1::Endpoints as Endpoints;
    event => k8s_openapi::api::core::v1::Event as Event;
    limitrange => k8s_openapi::api::core::v1::LimitRange as LimitRange;
    namespace => k8s_openapi::api::core::v1::Namespace as Namespace;
    node => k8s_openapi::api::core::v1::Node as Node;
    persistentvolumeclaim => k8s_openapi::api::core::v1::PersistentVolumeClaim as PersistentVolumeClaim;
    persistentvolume => k8s_openapi::api::core::v1::PersistentVolume as PersistentVolume;
    pod => shared_pod::Pod as Pod;
    podtemplate => k8s_openapi::api::core::v1::PodTemplate as PodTemplate;
    replicationcontroller => k8s_openapi::api::core::v1::ReplicationController as ReplicationController;
    resourcequota => k8s_openapi::api::core::v1::ResourceQuota as ResourceQuota;
    secret => k8s_openapi::api::core::v1::Secret as Secret;
    serviceaccount => k8s_openapi::api::core::v1::ServiceAccount as ServiceAccount;
    service => k8s_openapi::api::core::v1::Service as Service;
    mutatingadmissionpolicy => k8s_openapi::api::admissionregistration::v1::MutatingAdmissionPolicy as MutatingAdmissionPolicy;
    mutatingadmissionpolicybinding => k8s_openapi::api::admissionregistration::v1::MutatingAdmissionPolicyBinding as MutatingAdmissionPolicyBinding;
    mutatingwebhookconfiguration => k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration as MutatingWebhookConfiguration;
    validatingadmissionpolicy => k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy as ValidatingAdmissionPolicy;
    validatingadmissionpolicybinding => k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding as ValidatingAdmissionPolicyBinding;
    validatingwebhookconfiguration => k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration as ValidatingWebhookConfiguration;
    customresourcedefinition => k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition as CustomResourceDefinition;
    apiservice => k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService as APIService;
    controllerrevision => k8s_openapi::api::apps::v1::ControllerRevision as ControllerRevision;
    daemonset => k8s_openapi::api::apps::v1::DaemonSet as DaemonSet;
    deployment => k8s_openapi::api::apps::v1::Deployment as Deployment;
    replicaset => k8s_openapi::api::apps::v1::ReplicaSet as ReplicaSet;
    statefulset => k8s_openapi::api::apps::v1::StatefulSet as StatefulSet;
    selfsubjectreview => k8s_openapi::api::authentication::v1::SelfSubjectReview as SelfSubjectReview;
    tokenreview => k8s_openapi::api::authentication::v1::TokenReview as TokenReview;
    localsubjectaccessreview => k8s_openapi::api::authorization::v1::LocalSubjectAccessReview as LocalSubjectAccessReview;
    selfsubjectaccessreview => k8s_openapi::api::authorization::v1::SelfSubjectAccessReview as SelfSubjectAccessReview;
    selfsubjectrulesreview => k8s_openapi::api::authorization::v1::SelfSubjectRulesReview as SelfSubjectRulesReview;
    subjectaccessreview => k8s_openapi::api::authorization::v1::SubjectAccessReview as SubjectAccessReview;
    horizontalpodautoscaler => k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler as HorizontalPodAutoscaler;
    horizontalpodautoscaler_v1 => k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as HorizontalPodAutoscalerV1;
    cronjob => k8s_openapi::api::batch::v1::CronJob as CronJob;
    job => k8s_openapi::api::batch::v1::Job as Job;
    certificatesigningrequest => k8s_openapi::api::certificates::v1::CertificateSigningRequest as CertificateSigningRequest;
    lease => k8s_openapi::api::coordination::v1::Lease as Lease;
    endpointslice => k8s_openapi::api::discovery::v1::EndpointSlice as EndpointSlice;
    events_event => k8s_openapi::api::events::v1::Event as EventsEvent;
    flowschema => k8s_openapi::api::flowcontrol::v1::FlowSchema as FlowSchema;
    prioritylevelconfiguration => k8s_openapi::api::flowcontrol::v1::PriorityLevelConfiguration as PriorityLevelConfiguration;
    node_metrics => usage::NodeMetrics as NodeMetrics;
    pod_metrics => usage::PodMetrics as PodMetrics;
    ingressclass => k8s_openapi::api::networking::v1::IngressClass as IngressClass;
    ingress => k8s_openapi::api::networking::v1::Ingress as Ingress;
    ipaddress => k8s_openapi::api::networking::v1::IPAddress as IPAddress;
    networkpolicy => k8s_openapi::api::networking::v1::NetworkPolicy as NetworkPolicy;
    servicecidr => k8s_openapi::api::networking::v1::ServiceCIDR as ServiceCIDR;
    runtimeclass => k8s_openapi::api::node::v1::RuntimeClass as RuntimeClass;
    poddisruptionbudget => k8s_openapi::api::policy::v1::PodDisruptionBudget as PodDisruptionBudget;
    clusterrolebinding => k8s_openapi::api::rbac::v1::ClusterRoleBinding as ClusterRoleBinding;
    clusterrole => k8s_openapi::api::rbac::v1::ClusterRole as ClusterRole;
    rolebinding => k8s_openapi::api::rbac::v1::RoleBinding as RoleBinding;
    role => k8s_openapi::api::rbac::v1::Role as Role;
    deviceclass => k8s_openapi::api::resource::v1::DeviceClass as DeviceClass;
    resourceclaim => k8s_openapi::api::resource::v1::ResourceClaim as ResourceClaim;
    resourceclaimtemplate => k8s_openapi::api::resource::v1::ResourceClaimTemplate as ResourceClaimTemplate;
    resourceslice => k8s_openapi::api::resource::v1::ResourceSlice as ResourceSlice;
    priorityclass => k8s_openapi::api::scheduling::v1::PriorityClass as PriorityClass;
    csidriver => k8s_openapi::api::storage::v1::CSIDriver as CSIDriver;
    csinode => k8s_openapi::api::storage::v1::CSINode as CSINode;
    csistoragecapacity => k8s_openapi::api::storage::v1::CSIStorageCapacity as CSIStorageCapacity;
    storageclass => k8s_openapi::api::storage::v1::StorageClass as StorageClass;
    volumeattachment => k8s_openapi::api::storage::v1::VolumeAttachment as VolumeAttachment;
    volumeattributesclass => k8s_openapi::api::storage::v1::VolumeAttributesClass as VolumeAttributesClass;
}
