//! Where volumes come from, as the pages of pods and of PersistentVolumes tell it.
//! Real Kubernetes: k8s.io/kubectl/pkg/describe/describe.go describeVolumes, print*VolumeSource.

use serde_json::Value;

use super::{NOTE_SHOWN, listed, persistentvolume, text};
use crate::api::go_text::plain;
use crate::api::quantity::Quantity;

/// A kind of source: its field, what it is, and which of its own fields are told.
struct Source {
    field: &'static str,
    is: &'static str,
    lines: &'static [Line],
}

/// The words before the value, the value's field, and what stands for a value that is not there.
type Line = (&'static str, &'static str, &'static str);

const fn source(field: &'static str, is: &'static str, lines: &'static [Line]) -> Source {
    Source { field, is, lines }
}

const READ_ONLY: Line = ("ReadOnly:", "readOnly", "false");
const OPTIONAL: Line = ("Optional:", "optional", "false");
const FS_TYPE: Line = ("FSType:", "fsType", "");
const SECRET_REF: Line = ("SecretRef:", "secretRef", "nil");
const SECRET_NAME: Line = ("SecretName:", "secretName", "");

const SOURCES: &[Source] = &[
    source(
        "hostPath",
        "HostPath (bare host directory volume)",
        &[("Path:", "path", ""), ("HostPathType:", "type", "<none>")],
    ),
    source(
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        &[("Medium:", "medium", ""), ("SizeLimit:", "sizeLimit", "<unset>")],
    ),
    source(
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[("PDName:", "pdName", ""), FS_TYPE, ("Partition:", "partition", "0"), READ_ONLY],
    ),
    source(
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[("VolumeID:", "volumeID", ""), FS_TYPE, ("Partition:", "partition", "0"), READ_ONLY],
    ),
    source(
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[("Repository:", "repository", ""), ("Revision:", "revision", "")],
    ),
    source("secret", "Secret (a volume populated by a Secret)", &[SECRET_NAME, OPTIONAL]),
    source("configMap", "ConfigMap (a volume populated by a ConfigMap)", &[("Name:", "name", ""), OPTIONAL]),
    source(
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[("Server:", "server", ""), ("Path:", "path", ""), READ_ONLY],
    ),
    source(
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        &[
            ("TargetPortal:", "targetPortal", ""),
            ("IQN:", "iqn", ""),
            ("Lun:", "lun", "0"),
            ("ISCSIInterface", "iscsiInterface", ""),
            FS_TYPE,
            READ_ONLY,
            ("Portals:", "portals", "[]"),
            ("DiscoveryCHAPAuth:", "chapAuthDiscovery", "false"),
            ("SessionCHAPAuth:", "chapAuthSession", "false"),
            SECRET_REF,
            ("InitiatorName:", "initiatorName", "<none>"),
        ],
    ),
    source(
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[
            ("EndpointsName:", "endpoints", ""),
            ("EndpointsNamespace:", "endpointsNamespace", "<unset>"),
            ("Path:", "path", ""),
            READ_ONLY,
        ],
    ),
    source(
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName:", "claimName", ""), READ_ONLY],
    ),
    source(
        "rbd",
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        &[
            ("CephMonitors:", "monitors", "[]"),
            ("RBDImage:", "image", ""),
            FS_TYPE,
            ("RBDPool:", "pool", ""),
            ("RadosUser:", "user", ""),
            ("Keyring:", "keyring", ""),
            SECRET_REF,
            READ_ONLY,
        ],
    ),
    source(
        "quobyte",
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        &[("Registry:", "registry", ""), ("Volume:", "volume", ""), READ_ONLY],
    ),
    source(
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName:", "diskName", ""),
            ("DiskURI:", "diskURI", ""),
            ("Kind: ", "kind", ""),
            FS_TYPE,
            ("CachingMode:", "cachingMode", ""),
            READ_ONLY,
        ],
    ),
    source(
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[("VolumePath:", "volumePath", ""), FS_TYPE, ("StoragePolicyName:", "storagePolicyName", "")],
    ),
    source(
        "cinder",
        "Cinder (a Persistent Disk resource in OpenStack)",
        &[("VolumeID:", "volumeID", ""), FS_TYPE, READ_ONLY, SECRET_REF],
    ),
    source(
        "photonPersistentDisk",
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        &[("PdID:", "pdID", ""), FS_TYPE],
    ),
    source("portworxVolume", "PortworxVolume (a Portworx Volume resource)", &[("VolumeID:", "volumeID", "")]),
    source(
        "scaleIO",
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        &[
            ("Gateway:", "gateway", ""),
            ("System:", "system", ""),
            ("Protection Domain:", "protectionDomain", ""),
            ("Storage Pool:", "storagePool", ""),
            ("Storage Mode:", "storageMode", ""),
            ("VolumeName:", "volumeName", ""),
            ("SecretName:", "/secretRef/name", ""),
            ("SecretNamespace:", "/secretRef/namespace", ""),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source("local", "LocalVolume (a persistent volume backed by local storage on a node)", &[("Path:", "path", "")]),
    source(
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        &[
            ("Monitors:", "monitors", "[]"),
            ("Path:", "path", ""),
            ("User:", "user", ""),
            ("SecretFile:", "secretFile", ""),
            SECRET_REF,
            READ_ONLY,
        ],
    ),
    source(
        "storageos",
        "StorageOS (a StorageOS Persistent Disk resource)",
        &[("VolumeName:", "volumeName", ""), ("VolumeNamespace:", "volumeNamespace", ""), FS_TYPE, READ_ONLY],
    ),
    source(
        "fc",
        "FC (a Fibre Channel disk)",
        &[("TargetWWNs:", "targetWWNs", ""), ("LUN:", "lun", "<none>"), FS_TYPE, READ_ONLY],
    ),
    source(
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[SECRET_NAME, ("SecretNamespace:", "secretNamespace", ""), ("ShareName:", "shareName", ""), READ_ONLY],
    ),
    source(
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[("Driver:", "driver", ""), FS_TYPE, SECRET_REF, READ_ONLY, ("Options:", "options", "map[]")],
    ),
    source(
        "flocker",
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        &[("DatasetName:", "datasetName", ""), ("DatasetUUID:", "datasetUUID", "")],
    ),
    source(
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        &[("Driver:", "driver", ""), FS_TYPE, ("VolumeHandle:", "volumeHandle", ""), READ_ONLY],
    ),
    source(
        "image",
        "Image (a container image or OCI artifact)",
        &[("Reference:", "reference", ""), ("PullPolicy:", "pullPolicy", "")],
    ),
    source("downwardAPI", "DownwardAPI (a volume populated by information about the pod)", &[]),
    source("projected", "Projected (a volume that contains injected data from multiple sources)", &[]),
    source(
        "ephemeral",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        &[],
    ),
];

/// Fields that only the source of a PersistentVolume has, or of which only its page tells.
const OF_VOLUMES_ALONE: [&str; 5] =
    ["endpointsNamespace", "/secretRef/name", "/secretRef/namespace", "secretNamespace", "volumeHandle"];

/// The volumes of a pod, or of a template.
pub fn volumes(list: &Value, space: &str) -> String {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return format!("{space}Volumes:\t<none>\n");
    }
    let mut out = format!("{space}Volumes:\n");
    for v in items {
        out.push_str(&format!("  {}{}:\n", if space.is_empty() { "" } else { " " }, text(&v["name"])));
        out.push_str(&of(v, false));
    }
    out
}

/// The source of a PersistentVolume, given its spec.
pub fn of_persistent(spec: &Value) -> String {
    of(spec, true)
}

fn of(volume: &Value, persistent: bool) -> String {
    let Some(s) = SOURCES.iter().find(|s| volume[s.field].is_object()) else { return "  <unknown>\n".into() };
    let given = &volume[s.field];
    let mut out = format!("    Type:\t{}\n", s.is);
    for (title, field, absent) in s.lines.iter().filter(|(_, field, _)| persistent || !OF_VOLUMES_ALONE.contains(field))
    {
        let value = if field.starts_with('/') { given.pointer(field).unwrap_or(&Value::Null) } else { &given[*field] };
        out.push_str(&format!("    {title}\t{}\n", shown(field, value, absent)));
    }
    out + &match s.field {
        "csi" => attributes(&given["volumeAttributes"]),
        "downwardAPI" => items(&given["items"]),
        "projected" => projected(&given["sources"]),
        "ephemeral" => ephemeral(&given["volumeClaimTemplate"]),
        _ => String::new(),
    }
}

fn shown(field: &str, value: &Value, absent: &str) -> String {
    match (field, value) {
        (_, Value::Null) => absent.into(),
        // No size is no limit.
        ("sizeLimit", v) if Quantity::parse(text(v)).is_some_and(|q| q.is_zero()) => absent.into(),
        ("targetWWNs", Value::Array(names)) => names.iter().map(text).collect::<Vec<_>>().join(", "),
        ("secretRef", Value::Object(fields)) => {
            let kind = if fields.contains_key("namespace") { "SecretReference" } else { "LocalObjectReference" };
            let mut out = format!("&{kind}{{Name:{},", text(&value["name"]));
            if let Some(ns) = fields.get("namespace") {
                out.push_str(&format!("Namespace:{},", text(ns)));
            }
            out + "}"
        }
        (_, v) => plain(v),
    }
}

fn attributes(v: &Value) -> String {
    let pairs: Vec<String> = v
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", text(v)))
        .map(|line| match line.get(..NOTE_SHOWN) {
            Some(start) if line.len() > NOTE_SHOWN => format!("{start}..."),
            _ => line,
        })
        .collect();
    let pairs = listed(&pairs, "\n    \t");
    format!("    VolumeAttributes:\t{pairs}\n")
}

fn items(list: &Value) -> String {
    let mut out = String::from("    Items:\n");
    for item in list.as_array().into_iter().flatten() {
        for of in [&item["fieldRef"]["fieldPath"], &item["resourceFieldRef"]["resource"]] {
            if of.is_string() {
                out.push_str(&format!("      {} -> {}\n", text(of), text(&item["path"])));
            }
        }
    }
    out
}

fn projected(sources: &Value) -> String {
    let optional = |v: &Value| format!("    Optional:\t{}\n", v["optional"] == true);
    let one = |s: &Value| -> String {
        if s["secret"].is_object() {
            format!("    SecretName:\t{}\n{}", text(&s["secret"]["name"]), optional(&s["secret"]))
        } else if s["downwardAPI"].is_object() {
            "    DownwardAPI:\ttrue\n".into()
        } else if s["configMap"].is_object() {
            format!("    ConfigMapName:\t{}\n{}", text(&s["configMap"]["name"]), optional(&s["configMap"]))
        } else if s["serviceAccountToken"].is_object() {
            format!("    TokenExpirationSeconds:\t{}\n", s["serviceAccountToken"]["expirationSeconds"])
        } else {
            String::new()
        }
    };
    sources.as_array().into_iter().flatten().map(one).collect()
}

fn ephemeral(template: &Value) -> String {
    if !template.is_object() {
        return String::new();
    }
    // kubectl indents whatever it writes at once: the parts of a line each.
    let mut labels = false;
    let indented = |l: &str| {
        let several = l.split_once(":\t").filter(|(title, _)| matches!(*title, "Labels" | "Annotations"));
        if let Some((title, first)) = several {
            labels = title == "Labels";
            return format!("    {title}:\t    {first}\n");
        }
        match l.strip_prefix('\t') {
            Some(more) if labels => format!("        \t    {more}\n"),
            // A line of a note that is longer than one.
            Some(more) if more.starts_with("  ") => format!("    \t{more}\n"),
            Some(more) => format!("    \t    {more}\n"),
            None => format!("    {l}\n"),
        }
    };
    persistentvolume::claim_template(template).lines().map(indented).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_within_a_pod_is_indented_in_parts() {
        let of = |meta: Value| ephemeral(&json!({"metadata": meta, "spec": {}}));
        assert!(of(json!({})).contains("    Labels:\t    <none>\n    Annotations:\t    <none>\n"));
        let page = of(json!({"labels": {"a": "1", "b": "2"}, "annotations": {"c": "3", "d": "4"}}));
        assert!(page.contains("    Labels:\t    a=1\n        \t    b=2\n"), "{page}");
        assert!(page.contains("    Annotations:\t    c: 3\n    \t    d: 4\n"), "{page}");
    }

    #[test]
    fn a_source_tells_what_is_not_there_too() {
        let of = |v: Value| volumes(&json!([v]), "");
        assert_eq!(
            of(json!({"name": "a", "emptyDir": {"sizeLimit": "0"}})),
            "Volumes:\n  a:\n    Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)\n    Medium:\t\n    SizeLimit:\t<unset>\n"
        );
        assert_eq!(
            of(json!({"name": "a", "nfs": {"server": "s", "path": "/p"}})),
            "Volumes:\n  a:\n    Type:\tNFS (an NFS mount that lasts the lifetime of a pod)\n    Server:\ts\n    Path:\t/p\n    ReadOnly:\tfalse\n"
        );
        assert!(
            of(json!({"name": "a", "cinder": {"secretRef": {"name": "s"}}}))
                .ends_with("&LocalObjectReference{Name:s,}\n")
        );
        assert_eq!(of(json!({"name": "a"})), "Volumes:\n  a:\n  <unknown>\n");
    }

    #[test]
    fn a_persistent_volume_says_more_of_some_sources() {
        let csi = json!({"csi": {"driver": "d", "volumeHandle": "h", "volumeAttributes": {"a": "1", "b": "2"}}});
        assert_eq!(
            of_persistent(&csi),
            "    Type:\tCSI (a Container Storage Interface (CSI) volume source)\n    Driver:\td\n    FSType:\t\n    VolumeHandle:\th\n    \
             ReadOnly:\tfalse\n    VolumeAttributes:\ta=1\n    \tb=2\n"
        );
        assert!(!of(&csi, false).contains("VolumeHandle"));
    }

    #[test]
    fn downward_items_are_told_as_arrows() {
        let v = json!([{"name": "d", "downwardAPI": {"items": [
            {"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}},
            {"path": "c", "resourceFieldRef": {"resource": "limits.cpu"}},
        ]}}]);
        assert!(volumes(&v, "").ends_with("    Items:\n      metadata.labels -> l\n      limits.cpu -> c\n"));
    }
}
