//! The Rust type of a Pod. It differs from the published one in this: the pod's revisions share spec and status, and
//! what is a pod's own (its node, the node that a daemon is meant for, the name of its token's volume) stands beside the
//! rest of the spec, which all pods of one template have alike.

use std::ops::{Deref, DerefMut};

use k8s_openapi::api::core::v1::{
    self as published, Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec,
    PodStatus, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::names;
use crate::api::node_affinity::NAME;
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
/// the pods of one template differ in the name of the token's volume only, and those of a DaemonSet in the node that each is
/// meant for. With those beside it, binding copies a pointer, and pods that are alike can share the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    rest: Shared<PodSpec>,
    /// `spec.nodeName`; the one of `rest` is never set.
    pub node_name: Option<Name>,
    /// How the volume is called that `rest` names [`TOKEN_VOLUME`].
    token_volume: Option<Name>,
    /// The only node that required node affinity allows, if that is all it says; then `rest` does not have it.
    meant_for: Option<Name>,
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

    /// The only node that the pod may stand on, as far as it is not told by the rest: what a DaemonSet asks for.
    pub fn meant_for(&self) -> Option<&str> {
        self.meant_for.as_deref()
    }

    /// Allows that node only, whatever required node affinity said before.
    pub fn mean_for(&mut self, node: &str) {
        drop_required(&mut self.rest);
        self.meant_for = Some(node.into());
    }

    /// Puts what is the pod's own beside the spec, after it was written into it.
    pub fn set_names_apart(&mut self) {
        if self.meant_for.is_none() && self.affinity.is_some() {
            self.meant_for = take_node(&mut self.rest);
        }
        if self.token_volume.is_none() {
            self.token_volume = take_token_volume(&mut self.rest);
        }
    }

    /// The spec as it is published, with everything where it belongs.
    pub fn whole(&self) -> PodSpec {
        let mut spec = PodSpec::clone(&self.rest);
        spec.node_name = self.node_name.as_ref().map(ToString::to_string);
        if let Some(node) = &self.meant_for {
            let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
            affinity.required_during_scheduling_ignored_during_execution = Some(only(node));
        }
        if let Some(name) = &self.token_volume {
            rename_volume(&mut spec, TOKEN_VOLUME, name);
        }
        spec
    }
}

/// What required node affinity says to allow one node, as a DaemonSet says it.
fn only(node: &str) -> NodeSelector {
    let named =
        NodeSelectorRequirement { key: NAME.into(), operator: "In".into(), values: Some(vec![node.to_string()]) };
    let term = NodeSelectorTerm { match_fields: Some(vec![named]), match_expressions: None };
    NodeSelector { node_selector_terms: vec![term] }
}

/// Takes required node affinity out of a spec if it says [`only`] that, and gives back which node it is.
fn take_node(spec: &mut Shared<PodSpec>) -> Option<Name> {
    let required =
        spec.affinity.as_ref()?.node_affinity.as_ref()?.required_during_scheduling_ignored_during_execution.as_ref()?;
    let [NodeSelectorTerm { match_fields: Some(fields), match_expressions: None }] = &required.node_selector_terms[..]
    else {
        return None;
    };
    let [NodeSelectorRequirement { values: Some(values), .. }] = &fields[..] else { return None };
    let [node] = &values[..] else { return None };
    // What is wrong is judged where it was written.
    if *required != only(node) || !names::dns1123_subdomain(node, false).is_empty() {
        return None;
    }
    let node = Name::from(node.as_str());
    drop_required(spec);
    Some(node)
}

/// A spec without required node affinity, and without what stood there only for that.
fn drop_required(spec: &mut PodSpec) {
    let Some(affinity) = &mut spec.affinity else { return };
    if let Some(of_nodes) = &mut affinity.node_affinity {
        of_nodes.required_during_scheduling_ignored_during_execution = None;
    }
    affinity.node_affinity = affinity.node_affinity.take().filter(|a| *a != NodeAffinity::default());
    spec.affinity = spec.affinity.take().filter(|a| *a != Affinity::default());
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
        let mut spec = Spec { rest: spec.into(), node_name, token_volume: None, meant_for: None };
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
        if self.node_name.is_none() && self.token_volume.is_none() && self.meant_for.is_none() {
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
    fn pods_of_a_daemon_set_share_the_rest_and_are_written_as_they_were_read() {
        let field =
            |key: &str, operator: &str, values: &[&str]| json!({"key": key, "operator": operator, "values": values});
        let on = |fields: serde_json::Value| json!({"nodeSelectorTerms": [{"matchFields": fields}]});
        let one = |node: &str| on(json!([field("metadata.name", "In", &[node])]));
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let preferred = json!([{"weight": 1, "preference": {"matchExpressions": [field("zone", "In", &["a"])]}}]);
        let read = |affinity: serde_json::Value| -> Spec {
            let written = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "a"}], "affinity": affinity}});
            let pod: Pod = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(&pod).unwrap(), written);
            pod.spec.unwrap()
        };
        let (a, mut b) = (
            read(json!({"nodeAffinity": {required: one("n1")}})),
            read(json!({"nodeAffinity": {required: one("n2")}})),
        );
        assert_eq!((a.meant_for(), b.meant_for()), (Some("n1"), Some("n2")));
        assert!(a.is_like(&b) && a != b);
        b.share(&a);
        assert_eq!(
            b.whole().affinity.unwrap().node_affinity.unwrap().required_during_scheduling_ignored_during_execution,
            Some(only("n2"))
        );
        let beside = read(
            json!({"podAntiAffinity": {}, "nodeAffinity": {required: one("n1"), "preferredDuringSchedulingIgnoredDuringExecution": preferred}}),
        );
        assert_eq!(beside.meant_for(), Some("n1"));
        for other in [
            one("Not_A_Node"),
            on(json!([field("metadata.name", "NotIn", &["n1"])])),
            on(json!([field("metadata.name", "In", &["n1", "n2"])])),
            on(json!([field("metadata.uid", "In", &["n1"])])),
            on(json!([field("metadata.name", "In", &["n1"]), field("metadata.name", "In", &["n2"])])),
            json!({"nodeSelectorTerms": [{"matchFields": [field("metadata.name", "In", &["n1"])], "matchExpressions": []}]}),
            json!({"nodeSelectorTerms": []}),
        ] {
            assert_eq!(read(json!({"nodeAffinity": {required: other}})).meant_for(), None);
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
