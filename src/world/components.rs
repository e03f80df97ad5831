//! How the control plane is, as ComponentStatuses: the API server asks each component when somebody looks, and keeps nothing.
//! Real Kubernetes: pkg/registry/core/componentstatus/rest.go.

use k8s_openapi::api::core::v1::ComponentCondition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::Object;
use crate::api::kinds::ComponentStatus;

/// The components, and where their health is asked for; etcd is asked as the API server itself asks it.
const COMPONENTS: [(&str, Option<u16>); 3] =
    [("controller-manager", Some(10257)), ("etcd-0", None), ("scheduler", Some(10259))];

/// `is_down` tells whether a component does not answer.
pub fn statuses(is_down: impl Fn(&str) -> bool) -> Vec<Object> {
    let status = |(name, port): (&str, Option<u16>)| {
        let (healthy, message, error) = match port {
            _ if !is_down(name) => ("True", "ok".to_string(), None),
            // It is tried again and again until two seconds have passed.
            None => ("False", String::new(), Some("context deadline exceeded".into())),
            Some(port) => {
                let place = format!("127.0.0.1:{port}");
                (
                    "False",
                    format!("Get \"https://{place}/healthz\": dial tcp {place}: connect: connection refused"),
                    None,
                )
            }
        };
        Object::new(ComponentStatus {
            metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
            conditions: Some(vec![ComponentCondition {
                type_: "Healthy".into(),
                status: healthy.into(),
                message: Some(message),
                error,
            }]),
        })
    };
    COMPONENTS.into_iter().map(status).collect()
}
