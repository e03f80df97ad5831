//! What a resource is called, and what it was called before.
//! Real Kubernetes: kustomize kyaml/resid.

use std::fmt;

use serde::Deserialize;

/// The group, version and kind of a resource, or of many: an empty part is any.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

/// Kinds that kustomize knows to be in no namespace. What is newer than Kubernetes 1.21 is not among them.
/// Real Kubernetes: kyaml/openapi/openapi.go precomputedIsNamespaceScoped.
const CLUSTER_SCOPED: &[(&str, &[&str])] = &[
    ("admissionregistration.k8s.io", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", &["IngressClass"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"]),
    ("", &["ComponentStatus", "Namespace", "Node", "NodeProxyOptions", "PersistentVolume"]),
];

fn or<'a>(text: &'a str, absent: &'a str) -> &'a str {
    if text.is_empty() { absent } else { text }
}

impl Gvk {
    pub fn of(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    pub fn is_selected_by(&self, selector: &Gvk) -> bool {
        let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
        fits(&self.group, &selector.group) && fits(&self.version, &selector.version) && fits(&self.kind, &selector.kind)
    }

    pub fn is_certainly_cluster_scoped(&self) -> bool {
        let known = CLUSTER_SCOPED.iter().any(|(g, kinds)| *g == self.group && kinds.contains(&self.kind.as_str()));
        // The flow schemas of that time were beta.
        known && (self.version == "v1" || (self.version == "v1beta1" && !self.group.is_empty()))
    }

    /// What kinds of the same rank are sorted by.
    pub fn sort_text(&self) -> String {
        format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"))
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", or(&self.kind, "[noKind]"), or(&self.version, "[noVer]"), or(&self.group, "[noGrp]"))
    }
}

/// Names a resource, or selects some.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResId {
    #[serde(flatten)]
    pub gvk: Gvk,
    pub name: String,
    pub namespace: String,
    /// Only of what a resource is called now: kustomize forgets it of former names, and of selectors.
    #[serde(skip)]
    pub cluster_scoped: bool,
}

impl ResId {
    pub fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if self.cluster_scoped => "_non_namespaceable_",
            "" => "default",
            own => own,
        }
    }

    pub fn in_same_namespace(&self, other: &ResId) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// The same name and kind, wherever.
    pub fn is_namesake(&self, other: &ResId) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    pub fn is_same(&self, other: &ResId) -> bool {
        self.in_same_namespace(other) && self.is_namesake(other)
    }

    pub fn is_selected_by(&self, selector: &ResId) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.in_same_namespace(self))
            && self.gvk.is_selected_by(&selector.gvk)
    }

    /// As Go's `%#v` prints it.
    pub fn syntax(&self) -> String {
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
            self.gvk.group, self.gvk.version, self.gvk.kind, self.cluster_scoped, self.name, self.namespace
        )
    }
}

impl fmt::Display for ResId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.gvk, or(&self.name, "[noName]"), or(&self.namespace, "[noNs]"))
    }
}
