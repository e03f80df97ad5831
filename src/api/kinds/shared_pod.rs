//! The Rust type of a Pod. It differs from the published one in this: the pod's revisions share spec and status, and
//! the name of the node stands beside the rest of the spec.

use std::ops::{Deref, DerefMut};

use k8s_openapi::api::core::v1::{self as published, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::object::Name;
use crate::api::shared::Shared;

/// A Pod as this cluster holds it: the published type, with a spec and a status that the pod's revisions share.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    pub metadata: ObjectMeta,
    pub spec: Option<Spec>,
    pub status: Option<Shared<PodStatus>>,
}

/// What shall run. Every pod is bound to a node once, and a spec is large (a projected volume alone takes 3 KB): with the
/// name of the node beside it, binding copies a pointer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    rest: Shared<PodSpec>,
    /// `spec.nodeName`; the one of `rest` is never set.
    pub node_name: Option<Name>,
}

impl From<PodSpec> for Spec {
    fn from(mut spec: PodSpec) -> Spec {
        let node_name = spec.node_name.take().map(Name::from);
        Spec { rest: spec.into(), node_name }
    }
}

impl Deref for Spec {
    type Target = PodSpec;
    fn deref(&self) -> &PodSpec {
        &self.rest
    }
}

impl DerefMut for Spec {
    fn deref_mut(&mut self) -> &mut PodSpec {
        &mut self.rest
    }
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node_name {
            None => self.rest.serialize(serializer),
            Some(node) => {
                PodSpec { node_name: Some(node.to_string()), ..PodSpec::clone(&self.rest) }.serialize(serializer)
            }
        }
    }
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
        Ok(Pod { metadata, spec: spec.map(Spec::from), status: status.map(Shared::new) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_written_as_it_was_read_with_its_node_where_it_belongs() {
        for spec in [json!({"containers": [{"name": "a"}], "nodeName": "n1"}), json!({"containers": [{"name": "a"}]})] {
            let read = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
            let pod: Pod = serde_json::from_value(read.clone()).unwrap();
            assert_eq!(pod.spec.as_ref().unwrap().node_name.as_deref(), read["spec"]["nodeName"].as_str());
            assert_eq!(serde_json::to_value(&pod).unwrap(), read);
        }
    }

    #[test]
    fn binding_shares_the_rest_of_the_spec() {
        let free = Spec::from(PodSpec { hostname: Some("h".into()), ..PodSpec::default() });
        let mut bound = free.clone();
        bound.node_name = Some("n1".into());
        assert_ne!(free, bound);
        assert!(std::ptr::eq::<PodSpec>(&*free, &*bound));
    }
}
