//! Objects as the API server holds them in memory, printed as JSON: every field by its Go name, the empty ones too. Some
//! errors show them.
//!
//! Real Kubernetes: the internal types of pkg/apis, which say nothing of JSON. They have their fields in the published order,
//! with the exceptions in [`ORDER`] and [`PLAIN`] and those of [`Fields::of`].

use serde::Serialize;
use serde_json::{Map, Value};

use super::go_text;
use super::schema::{Base, Field, Shape, TypeId};

/// Types whose internal fields stand in another order than the published ones, by their Go names.
const ORDER: &[(&str, &[&str])] = &[
    (
        "core/v1.PodSpec",
        &[
            "Volumes",
            "InitContainers",
            "Containers",
            "EphemeralContainers",
            "RestartPolicy",
            "TerminationGracePeriodSeconds",
            "ActiveDeadlineSeconds",
            "DNSPolicy",
            "NodeSelector",
            "ServiceAccountName",
            "AutomountServiceAccountToken",
            "NodeName",
            "SecurityContext",
            "ImagePullSecrets",
            "Hostname",
            "Subdomain",
            "SetHostnameAsFQDN",
            "Affinity",
            "SchedulerName",
            "Tolerations",
            "HostAliases",
            "PriorityClassName",
            "Priority",
            "PreemptionPolicy",
            "DNSConfig",
            "ReadinessGates",
            "RuntimeClassName",
            "Overhead",
            "EnableServiceLinks",
            "TopologySpreadConstraints",
            "OS",
            "SchedulingGates",
            "ResourceClaims",
            "Resources",
            "HostnameOverride",
            "SchedulingGroup",
        ],
    ),
    (
        "core/v1.PodSecurityContext",
        &[
            "HostNetwork",
            "HostPID",
            "HostIPC",
            "ShareProcessNamespace",
            "HostUsers",
            "SELinuxOptions",
            "WindowsOptions",
            "RunAsUser",
            "RunAsGroup",
            "RunAsNonRoot",
            "SupplementalGroups",
            "SupplementalGroupsPolicy",
            "FSGroup",
            "FSGroupChangePolicy",
            "Sysctls",
            "SeccompProfile",
            "AppArmorProfile",
            "SELinuxChangePolicy",
        ],
    ),
    (
        "core/v1.PersistentVolumeSource",
        &[
            "GCEPersistentDisk",
            "AWSElasticBlockStore",
            "HostPath",
            "Glusterfs",
            "NFS",
            "RBD",
            "Quobyte",
            "ISCSI",
            "FlexVolume",
            "Cinder",
            "CephFS",
            "FC",
            "Flocker",
            "AzureFile",
            "VsphereVolume",
            "AzureDisk",
            "PhotonPersistentDisk",
            "PortworxVolume",
            "ScaleIO",
            "Local",
            "StorageOS",
            "CSI",
        ],
    ),
    (
        "core/v1.VolumeSource",
        &[
            "HostPath",
            "EmptyDir",
            "GCEPersistentDisk",
            "AWSElasticBlockStore",
            "GitRepo",
            "Secret",
            "NFS",
            "ISCSI",
            "Glusterfs",
            "PersistentVolumeClaim",
            "RBD",
            "Quobyte",
            "FlexVolume",
            "Cinder",
            "CephFS",
            "Flocker",
            "DownwardAPI",
            "FC",
            "AzureFile",
            "ConfigMap",
            "VsphereVolume",
            "AzureDisk",
            "PhotonPersistentDisk",
            "Projected",
            "PortworxVolume",
            "ScaleIO",
            "StorageOS",
            "CSI",
            "Ephemeral",
            "Image",
        ],
    ),
];

/// Fields that are pointers where they are published and plain values internally, as a default is always given.
const PLAIN: &[(&str, &str)] = &[
    ("core/v1.ServiceAccountTokenProjection", "ExpirationSeconds"),
    ("apps/v1.RollingUpdateDaemonSet", "MaxSurge"),
    ("apps/v1.RollingUpdateDaemonSet", "MaxUnavailable"),
    ("apps/v1.RollingUpdateDeployment", "MaxSurge"),
    ("apps/v1.RollingUpdateDeployment", "MaxUnavailable"),
    ("apps/v1.RollingUpdateStatefulSetStrategy", "Partition"),
];

/// What stands in a pod's security context internally, and beside it where it is published.
const OF_THE_HOST: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/// In one line, as in most errors. `published` is the object's JSON, `of` its published type.
pub fn compact(published: &Value, of: TypeId) -> String {
    let mut w = Writer { out: String::new(), pretty: false, depth: 0 };
    w.object(published, of);
    go_text::escaped(&w.out)
}

/// The same for a typed value, or for a list of such, by the name of its type in the layout.
pub fn shown<T: Serialize>(value: &T, of: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    match (&value, TypeId::by_name(of)) {
        (Value::Object(_), Some(of)) => compact(&value, of),
        (Value::Array(items), Some(of)) => {
            let items: Vec<String> = items.iter().map(|v| compact(v, of)).collect();
            format!("[{}]", items.join(","))
        }
        _ => go_text::json(&value),
    }
}

/// Line by line, as in a difference.
pub fn pretty(published: &Value, of: TypeId) -> String {
    let mut w = Writer { out: String::new(), pretty: true, depth: 0 };
    w.object(published, of);
    go_text::escaped(&w.out)
}

/// The published JSON with everything where the internal type has it.
fn arranged(v: &Value, of: TypeId) -> Option<Value> {
    if of.get().name != "core/v1.PodSpec" {
        return None;
    }
    let mut spec = v.as_object()?.clone();
    let mut context = spec.get("securityContext").and_then(Value::as_object).cloned().unwrap_or_default();
    for name in OF_THE_HOST {
        if let Some(value) = spec.remove(name) {
            context.insert(name.into(), value);
        }
    }
    spec.insert("securityContext".into(), Value::Object(context));
    Some(Value::Object(spec))
}

/// The fields of an internal struct in their order; those of an embedded one are its own.
struct Fields(Vec<&'static Field>);

impl Fields {
    fn of(of: TypeId) -> Fields {
        let mut out = vec![];
        Fields::gather(of, &mut out);
        Fields(out)
    }

    fn gather(of: TypeId, out: &mut Vec<&'static Field>) {
        let t = of.get();
        if let Some((_, order)) = ORDER.iter().find(|(name, _)| *name == t.name) {
            let elsewhere = TypeId::by_name("core/v1.PodSpec").map_or(&[][..], |t| &t.get().fields);
            let named = |n: &str| t.fields.iter().chain(elsewhere).find(|f| f.go_name == n);
            out.extend(order.iter().filter_map(|n| named(n)));
            return;
        }
        for f in &t.fields {
            match f.base {
                Base::Struct(t) if f.inline => Fields::gather(t, out),
                _ => out.push(f),
            }
        }
    }
}

struct Writer {
    out: String,
    pretty: bool,
    depth: usize,
}

impl Writer {
    fn line(&mut self) {
        if self.pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.depth));
        }
    }

    /// Writes what stands between two brackets, each item on its own line.
    fn list<T>(&mut self, ends: (char, char), items: impl Iterator<Item = T>, mut item: impl FnMut(&mut Writer, T)) {
        self.out.push(ends.0);
        self.depth += 1;
        let mut any = false;
        for i in items {
            if any {
                self.out.push(',');
            }
            any = true;
            self.line();
            item(self, i);
        }
        self.depth -= 1;
        if any {
            self.line();
        }
        self.out.push(ends.1);
    }

    fn name(&mut self, name: &str) {
        self.value(&Value::from(name));
        self.out.push_str(if self.pretty { ": " } else { ":" });
    }

    fn value(&mut self, v: &Value) {
        self.out.push_str(&v.to_string());
    }

    fn object(&mut self, published: &Value, of: TypeId) {
        if of.get().name.starts_with("meta/") {
            return self.published(published, of);
        }
        let moved = arranged(published, of);
        let v = moved.as_ref().unwrap_or(published);
        let mut meta = v.get("metadata").cloned().unwrap_or_default();
        let mut entries: Vec<(&str, Option<&Value>, &Field)> = vec![];
        let fields = Fields::of(of);
        let meta_type = fields.0.iter().find(|f| f.go_name == "ObjectMeta").and_then(|f| struct_of(f));
        if let Some(t) = meta_type {
            super::canonical::fill(&mut meta, t);
        }
        for f in fields.0 {
            match meta_type {
                // Metadata is embedded, and has names of its own.
                Some(t) if f.go_name == "ObjectMeta" => entries.extend(present(&meta, t)),
                _ => entries.push((f.go_name, v.get(f.json).filter(|v| !v.is_null()), f)),
            }
        }
        self.list(('{', '}'), entries.into_iter(), |w, (name, value, f)| {
            w.name(name);
            let plain = PLAIN.contains(&(of.get().name, f.go_name));
            match value {
                Some(value) => w.field(value, f),
                None if f.shape == Shape::Plain || plain => w.empty(f),
                None => w.out.push_str("null"),
            }
        });
    }

    fn field(&mut self, v: &Value, f: &Field) {
        match (&f.shape, v) {
            (Shape::List, Value::Array(items)) => self.list(('[', ']'), items.iter(), |w, v| w.base(v, f.base)),
            (Shape::Map(_), Value::Object(map)) => self.list(('{', '}'), map.iter(), |w, (k, v)| {
                w.name(k);
                w.base(v, f.base);
            }),
            _ => self.base(v, f.base),
        }
    }

    fn base(&mut self, v: &Value, base: Base) {
        match (base, v) {
            (Base::Struct(t), _) => self.object(v, t),
            (Base::Quantity, Value::String(q)) => self.value(&Value::from(super::quantity::canonical(q))),
            _ => self.value(v),
        }
    }

    /// A field that nobody has set and that is no pointer.
    fn empty(&mut self, f: &Field) {
        match f.base {
            Base::Struct(t) => self.object(&Value::Object(Map::new()), t),
            Base::String => self.out.push_str("\"\""),
            Base::Quantity => self.out.push_str("\"0\""),
            Base::Bool => self.out.push_str("false"),
            Base::Integer | Base::Float | Base::IntOrString => self.out.push('0'),
            Base::Time | Base::MicroTime | Base::Bytes | Base::Raw => self.out.push_str("null"),
        }
    }

    /// A type that all versions share, which is internal as it is published.
    fn published(&mut self, v: &Value, of: TypeId) {
        let mut v = v.clone();
        super::canonical::fill(&mut v, of);
        self.list(('{', '}'), present(&v, of), |w, (name, value, f)| {
            w.name(name);
            match value {
                Some(value) => w.field(value, f),
                None => w.out.push_str("null"),
            }
        });
    }
}

fn struct_of(f: &Field) -> Option<TypeId> {
    match f.base {
        Base::Struct(t) => Some(t),
        _ => None,
    }
}

/// The fields that are written of a published object, in Go's order.
fn present(v: &Value, of: TypeId) -> impl Iterator<Item = (&'static str, Option<&Value>, &'static Field)> {
    of.get().fields.iter().filter_map(|f| v.get(f.json).map(|v| (f.json, Some(v).filter(|v| !v.is_null()), f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::networking::v1::ParentReference;
    use serde_json::json;

    fn of(name: &str) -> TypeId {
        TypeId::by_name(name).unwrap()
    }

    #[test]
    fn every_field_is_shown_by_its_go_name() {
        let v = json!({"name": "a<b", "optional": true});
        let want = r#"{"Name":"a\u003cb","Key":"","Optional":true}"#;
        assert_eq!(compact(&v, of("core/v1.ConfigMapKeySelector")), want);
        let v = json!({"medium": "", "sizeLimit": "1024Ki"});
        assert_eq!(compact(&v, of("core/v1.EmptyDirVolumeSource")), r#"{"Medium":"","SizeLimit":"1Mi"}"#);
    }

    #[test]
    fn a_struct_is_shown_with_all_its_fields_in_gos_order() {
        let reference = ParentReference { resource: "<x>".into(), name: "a".into(), ..ParentReference::default() };
        assert_eq!(
            shown(&reference, "networking/v1.ParentReference"),
            r#"{"Group":"","Resource":"\u003cx\u003e","Namespace":"","Name":"a"}"#
        );
    }

    #[test]
    fn types_of_all_versions_are_shown_as_published() {
        let v = json!({"topologyKey": "k", "labelSelector": {"matchLabels": {"a": "b"}}});
        let want = r#"{"LabelSelector":{"matchLabels":{"a":"b"}},"Namespaces":null,"TopologyKey":"k","NamespaceSelector":null,"MatchLabelKeys":null,"MismatchLabelKeys":null}"#;
        assert_eq!(compact(&v, of("core/v1.PodAffinityTerm")), want);
    }

    #[test]
    fn a_spec_has_the_hosts_namespaces_in_its_security_context() {
        let text = pretty(&json!({"hostNetwork": true, "containers": []}), of("core/v1.PodSpec"));
        assert!(
            text.starts_with("{\n \"Volumes\": null,\n \"InitContainers\": null,\n \"Containers\": [],\n"),
            "{text}"
        );
        assert!(text.contains(" \"SecurityContext\": {\n  \"HostNetwork\": true,\n  \"HostPID\": false,\n"), "{text}");
    }

    /// Every field that the orders name is there, so that none is left out by a wrong letter.
    #[test]
    fn the_orders_name_all_fields() {
        for (name, order) in ORDER {
            assert_eq!(Fields::of(of(name)).0.len(), order.len(), "{name}");
        }
        let published = of("core/v1.PodSpec").get().fields.len();
        // The deprecated account's name is gone, and what is the host's stands elsewhere.
        assert_eq!(ORDER[0].1.len(), published - OF_THE_HOST.len() - 1);
    }
}
