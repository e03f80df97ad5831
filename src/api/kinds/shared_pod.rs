//! The Rust type of a Pod. It differs from the published one in this: the pod's revisions share spec and status.

use k8s_openapi::api::core::v1::{self as published, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::shared::Shared;

/// A Pod as this cluster holds it: the published type, with a spec and a status that the pod's revisions share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    pub metadata: ObjectMeta,
    pub spec: Option<Shared<PodSpec>>,
    pub status: Option<Shared<PodStatus>>,
}

impl k8s_openapi::Resource for Pod {
    const API_VERSION: &'static str = <published::Pod as k8s_openapi::Resource>::API_VERSION;
    const GROUP: &'static str = <published::Pod as k8s_openapi::Resource>::GROUP;
    const KIND: &'static str = <published::Pod as k8s_openapi::Resource>::KIND;
    const VERSION: &'static str = <published::Pod as k8s_openapi::Resource>::VERSION;
    const URL_PATH_SEGMENT: &'static str = <published::Pod as k8s_openapi::Resource>::URL_PATH_SEGMENT;
    type Scope = <published::Pod as k8s_openapi::Resource>::Scope;
}

impl k8s_openapi::Metadata for Pod {
    type Ty = ObjectMeta;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl<'de> Deserialize<'de> for Pod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pod, D::Error> {
        let published::Pod { metadata, spec, status } = published::Pod::deserialize(deserializer)?;
        Ok(Pod { metadata, spec: spec.map(Shared::new), status: status.map(Shared::new) })
    }
}

impl Serialize for Pod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct(<Self as k8s_openapi::Resource>::KIND, 5)?;
        fields.serialize_field("apiVersion", <Self as k8s_openapi::Resource>::API_VERSION)?;
        fields.serialize_field("kind", <Self as k8s_openapi::Resource>::KIND)?;
        fields.serialize_field("metadata", &self.metadata)?;
        if let Some(spec) = &self.spec {
            fields.serialize_field("spec", spec)?;
        }
        if let Some(status) = &self.status {
            fields.serialize_field("status", status)?;
        }
        fields.end()
    }
}
