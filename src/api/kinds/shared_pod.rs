//! The Rust type of a Pod. It differs from the published one in this: the pod's revisions share spec and status, and
//! what is a pod's own (its node, the name of its token's volume) stands beside the rest of the spec, which all pods
//! of one template have alike.

use std::ops::{Deref, DerefMut};

use k8s_openapi::api::core::v1::{self as published, PodSpec, PodStatus, VolumeMount};
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

/// What shall run. A spec is large (a projected volume alone takes 3 KB), every pod is bound to a node once, and
/// the pods of one template differ in the name of the token's volume only. With those two beside it, binding copies a
/// pointer, and pods that are alike can share the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    rest: Shared<PodSpec>,
    /// `spec.nodeName`; the one of `rest` is never set.
    pub node_name: Option<Name>,
    /// How the volume is called that `rest` names [`TOKEN_VOLUME`].
    token_volume: Option<Name>,
}

/// What the name of the volume with the service account's token begins with; letters of chance follow.
pub const TOKEN_VOLUME_PREFIX: &str = "kube-api-access-";
/// So many of them.
pub const SUFFIX_LENGTH: usize = 5;
/// Stands in the shared rest of a spec for the volume whose name begins with [`TOKEN_VOLUME_PREFIX`].
const TOKEN_VOLUME: &str = "kube-api-access";

impl Pod {
    /// The real name of a volume, as [`Spec::volume_name`].
    pub fn volume_name<'a>(&'a self, here: &'a str) -> &'a str {
        self.spec.as_ref().map_or(here, |s| s.volume_name(here))
    }
}

impl Spec {
    /// The real name of a volume, as `volumes` and `volumeMounts` of the spec have it here.
    pub fn volume_name<'a>(&'a self, here: &'a str) -> &'a str {
        self.token_volume.as_deref().filter(|_| here == TOKEN_VOLUME).unwrap_or(here)
    }

    /// Whether two pods have the same spec, but for what is each pod's own.
    pub fn is_like(&self, other: &Spec) -> bool {
        self.rest == other.rest
    }

    /// From now on shares the rest of the spec with one that [is like](Spec::is_like) it.
    pub fn share(&mut self, with: &Spec) {
        self.rest = with.rest.clone();
    }

    /// Puts the name of the token's volume beside the spec, after it was written into it.
    pub fn set_names_apart(&mut self) {
        if self.token_volume.is_none() {
            self.token_volume = take_token_volume(&mut self.rest);
        }
    }

    /// The spec as it is published, with everything where it belongs.
    pub fn whole(&self) -> PodSpec {
        let mut spec = PodSpec::clone(&self.rest);
        spec.node_name = self.node_name.as_ref().map(ToString::to_string);
        if let Some(name) = &self.token_volume {
            rename_volume(&mut spec, TOKEN_VOLUME, name);
        }
        spec
    }
}

/// Replaces the name of the token's volume by [`TOKEN_VOLUME`], and gives it back. A spec that uses that name for a
/// volume of its own keeps all its names.
fn take_token_volume(spec: &mut Shared<PodSpec>) -> Option<Name> {
    let volumes = || spec.volumes.iter().flatten().map(|v| v.name.as_str());
    let name = Name::from(volumes().find(|name| is_given(name))?);
    // What is wrong is judged under its own name.
    let twice = volumes().filter(|other| *other == name).count() > 1;
    let mounts = || mounts(spec).map(|m| m.name.as_str());
    if twice || volumes().chain(mounts()).any(|name| name == TOKEN_VOLUME) {
        return None;
    }
    rename_volume(spec, &name, TOKEN_VOLUME);
    Some(name)
}

/// Whether a volume is called as admission calls the one with the token.
fn is_given(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.strip_prefix(TOKEN_VOLUME_PREFIX).is_some_and(|end| end.len() == SUFFIX_LENGTH && end.bytes().all(letter))
}

fn mounts(spec: &PodSpec) -> impl Iterator<Item = &VolumeMount> {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let ephemeral = spec.ephemeral_containers.iter().flatten().map(|c| &c.volume_mounts);
    containers.map(|c| &c.volume_mounts).chain(ephemeral).flatten().flatten()
}

fn rename_volume(spec: &mut PodSpec, from: &str, to: &str) {
    let volumes = spec.volumes.iter_mut().flatten().map(|v| &mut v.name);
    let containers = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    let ephemeral = spec.ephemeral_containers.iter_mut().flatten().map(|c| &mut c.volume_mounts);
    let mounts = containers.map(|c| &mut c.volume_mounts).chain(ephemeral).flatten().flatten().map(|m| &mut m.name);
    for name in volumes.chain(mounts).filter(|name| *name == from) {
        *name = to.into();
    }
}

impl From<PodSpec> for Spec {
    fn from(mut spec: PodSpec) -> Spec {
        let node_name = spec.node_name.take().map(Name::from);
        let mut spec = Spec { rest: spec.into(), node_name, token_volume: None };
        spec.set_names_apart();
        spec
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
        if self.node_name.is_none() && self.token_volume.is_none() {
            return self.rest.serialize(serializer);
        }
        self.whole().serialize(serializer)
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

    /// A pod with volumes of these names, all of which its containers mount.
    fn with_volumes(names: &[&str]) -> serde_json::Value {
        let named: Vec<_> = names.iter().map(|n| json!({"name": n})).collect();
        let mounts: Vec<_> =
            names.iter().zip(1..).map(|(n, i)| json!({"mountPath": format!("/{i}"), "name": n})).collect();
        let containers = json!([{"name": "a", "volumeMounts": mounts}]);
        let spec = json!({"containers": containers, "initContainers": containers, "volumes": named});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    }

    #[test]
    fn volumes_of_any_name_are_written_as_they_were_read() {
        let given = "kube-api-access-x7k2p";
        let names = ["data", given, given, "kube-api-access", "kube-api-access-", "kube-api-access-zzzzz"];
        for from in 0..names.len() {
            for to in from..=names.len() {
                let read = with_volumes(&names[from..to]);
                let pod: Pod = serde_json::from_value(read.clone()).unwrap();
                assert_eq!(serde_json::to_value(&pod).unwrap(), read);
            }
        }
    }

    #[test]
    fn pods_that_differ_in_the_name_of_their_tokens_volume_are_alike_but_not_equal() {
        let spec = |name| serde_json::from_value::<Pod>(with_volumes(&["data", name])).unwrap().spec.unwrap();
        let (one, mut two) = (spec("kube-api-access-aaaaa"), spec("kube-api-access-bbbbb"));
        assert!(one.is_like(&two) && one != two);
        two.share(&one);
        assert!(std::ptr::eq::<PodSpec>(&*one, &*two));
        let mount = &two.containers[0].volume_mounts.as_ref().unwrap()[1];
        assert_eq!(two.volume_name(&mount.name), "kube-api-access-bbbbb");
        assert_eq!(two.volume_name("data"), "data");
        assert!(!one.is_like(&spec("other")));
    }

    #[test]
    fn a_wrong_name_is_judged_as_it_was_written() {
        for names in [&["kube-api-access-No!"][..], &["kube-api-access-x7k2p", "kube-api-access-x7k2p"]] {
            let pod: Pod = serde_json::from_value(with_volumes(names)).unwrap();
            let spec: &PodSpec = pod.spec.as_ref().unwrap();
            assert!(spec.volumes.iter().flatten().map(|v| v.name.as_str()).eq(names.iter().copied()));
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
