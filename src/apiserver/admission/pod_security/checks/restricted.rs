//! The restricted level: what a hardened pod does without.
//! Real Kubernetes: k8s.io/pod-security-admission/policy/check_*.go, those of level restricted.

use k8s_openapi::api::core::v1::{PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::containers::{
    Part, Values, containers, has_own_users, is_windows, named, plural, quoted, setters, these, uses,
};
use super::{Violation, found};

pub fn privilege_escalation(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let bad = named(spec, |c| c.security.and_then(|s| s.allow_privilege_escalation) != Some(false));
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", these(&bad));
    found("allowPrivilegeEscalation != false", detail)
}

pub fn privilege_escalation_but_on_windows(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if is_windows(spec) { None } else { privilege_escalation(meta, spec) }
}

pub fn capabilities(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let of = |c: &Part<'_>| c.security.and_then(|s| s.capabilities.clone()).unwrap_or_default();
    let keeping = named(spec, |c| !of(c).drop.iter().flatten().any(|d| d == "ALL"));
    let mut added = Values::new();
    let adding = named(spec, |c| {
        let extra: Vec<String> = of(c).add.into_iter().flatten().filter(|c| c != "NET_BIND_SERVICE").collect();
        let any = !extra.is_empty();
        added.extend(extra);
        any
    });
    let mut details = vec![];
    if !keeping.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", these(&keeping)));
    }
    if !adding.is_empty() {
        let list = quoted(added);
        details.push(format!("{} must not include {list} in securityContext.capabilities.add", these(&adding)));
    }
    if details.is_empty() { None } else { found("unrestricted capabilities", details.join("; ")) }
}

pub fn capabilities_but_on_windows(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if is_windows(spec) { None } else { capabilities(meta, spec) }
}

pub fn volumes(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let (mut bad, mut kinds) = (vec![], Values::new());
    for v in spec.volumes.iter().flatten().filter(|v| !is_harmless(v)) {
        bad.push(v.name.as_str());
        kinds.insert(source(v).into());
    }
    if bad.is_empty() {
        return None;
    }
    let volumes = format!("{} {}", plural("volume", bad.len()), quoted(&bad));
    let what = plural("restricted volume type", kinds.len());
    found("restricted volume types", format!("{volumes} {} {what} {}", uses(bad.len()), quoted(kinds)))
}

/// Whether it is of a sort that reaches nothing but what the cluster's users may reach anyway.
fn is_harmless(v: &Volume) -> bool {
    v.config_map.is_some()
        || v.csi.is_some()
        || v.downward_api.is_some()
        || v.empty_dir.is_some()
        || v.ephemeral.is_some()
        || v.image.is_some()
        || v.persistent_volume_claim.is_some()
        || v.projected.is_some()
        || v.secret.is_some()
}

fn source(v: &Volume) -> &'static str {
    let sources = [
        ("hostPath", v.host_path.is_some()),
        ("gcePersistentDisk", v.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", v.aws_elastic_block_store.is_some()),
        ("gitRepo", v.git_repo.is_some()),
        ("nfs", v.nfs.is_some()),
        ("iscsi", v.iscsi.is_some()),
        ("glusterfs", v.glusterfs.is_some()),
        ("rbd", v.rbd.is_some()),
        ("flexVolume", v.flex_volume.is_some()),
        ("cinder", v.cinder.is_some()),
        ("cephfs", v.cephfs.is_some()),
        ("flocker", v.flocker.is_some()),
        ("fc", v.fc.is_some()),
        ("azureFile", v.azure_file.is_some()),
        ("vsphereVolume", v.vsphere_volume.is_some()),
        ("quobyte", v.quobyte.is_some()),
        ("azureDisk", v.azure_disk.is_some()),
        ("photonPersistentDisk", v.photon_persistent_disk.is_some()),
        ("portworxVolume", v.portworx_volume.is_some()),
        ("scaleIO", v.scale_io.is_some()),
        ("storageos", v.storageos.is_some()),
    ];
    sources.into_iter().find(|(_, there)| *there).map_or("unknown", |(name, _)| name)
}

pub fn run_as_non_root(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let of_pod = spec.security_context.as_ref().and_then(|s| s.run_as_non_root);
    let said = |c: &Part<'_>| c.security.and_then(|s| s.run_as_non_root);
    let who = setters(of_pod == Some(false), &named(spec, |c| said(c) == Some(false)));
    if !who.is_empty() {
        return found(REASON, format!("{} must not set securityContext.runAsNonRoot=false", who.join(" and ")));
    }
    let silent = if of_pod == Some(true) { vec![] } else { named(spec, |c| said(c).is_none()) };
    if silent.is_empty() {
        return None;
    }
    found(REASON, format!("pod or {} must set securityContext.runAsNonRoot=true", these(&silent)))
}

pub fn run_as_non_root_of_host_users(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if has_own_users(spec) { None } else { run_as_non_root(meta, spec) }
}

pub fn run_as_user(_: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    let of_pod = spec.security_context.as_ref().and_then(|s| s.run_as_user);
    let bad: Vec<&str> =
        containers(spec).filter(|c| c.security.and_then(|s| s.run_as_user) == Some(0)).map(|c| c.name).collect();
    let who = setters(of_pod == Some(0), &bad);
    if who.is_empty() { None } else { found("runAsUser=0", format!("{} must not set runAsUser=0", who.join(" and "))) }
}

pub fn run_as_user_of_host_users(meta: &ObjectMeta, spec: &PodSpec) -> Option<Violation> {
    if has_own_users(spec) { None } else { run_as_user(meta, spec) }
}
