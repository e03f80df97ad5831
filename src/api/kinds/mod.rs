//! One file a kind, and the table that lists them. To add a kind: write its file, add its line here.

use super::kind::{AnyKind, KindRef};
use super::object::Resource;

pub mod pod_spec;
pub mod shared_pod;
pub mod updates;
pub mod workload;

macro_rules! kinds {
    ($($module:ident => $t:path as $alias:ident;)*) => {
        $(pub mod $module; pub use $t as $alias;)*

        #[allow(non_camel_case_types, reason = "one variant a module, never written elsewhere")]
        #[repr(u16)]
        enum Line { $($module,)* }

        /// Every kind that the API server serves, in the order in which `kubectl api-resources` lists them.
        pub static TABLE: &[&dyn AnyKind] = &[$(&$module::KIND,)*];

        $(impl Resource for $alias {
            fn kind_ref() -> KindRef {
                KindRef(Line::$module as u16)
            }
        })*
    };
}

kinds! {
    configmap => k8s_openapi::api::core::v1::ConfigMap as ConfigMap;
    event => k8s_openapi::api::core::v1::Event as Event;
    namespace => k8s_openapi::api::core::v1::Namespace as Namespace;
    node => k8s_openapi::api::core::v1::Node as Node;
    pod => shared_pod::Pod as Pod;
    secret => k8s_openapi::api::core::v1::Secret as Secret;
    serviceaccount => k8s_openapi::api::core::v1::ServiceAccount as ServiceAccount;
    service => k8s_openapi::api::core::v1::Service as Service;
    deployment => k8s_openapi::api::apps::v1::Deployment as Deployment;
    replicaset => k8s_openapi::api::apps::v1::ReplicaSet as ReplicaSet;
    lease => k8s_openapi::api::coordination::v1::Lease as Lease;
    endpointslice => k8s_openapi::api::discovery::v1::EndpointSlice as EndpointSlice;
}
