//! What the author of a pod or a template should know though nothing is wrong.
//! Real Kubernetes: pkg/api/pod/warnings.go, pkg/api/node/util.go.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    NodeSelectorTerm, PodAffinityTerm, PodSpec, PodTemplateSpec, Volume, WeightedPodAffinityTerm,
};

use super::profiles::{APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD, app_armor_of, of_container};
use super::{containers, items, path_overlaps, port_warnings};
use crate::api::field::Path;
use crate::api::go_text::quoted;
use crate::api::kinds::node_labels;
use crate::api::kinds::resources::ResourceList as List;
use crate::api::quantity::Quantity;
use crate::api::{ip, names};

type Annotations = BTreeMap<String, String>;

/// The warnings about a new template at that path: `spec.template`.
pub fn template_warnings(t: &PodTemplateSpec, at: &Path<'_>) -> Vec<String> {
    let none = Annotations::new();
    let annotations = t.metadata.as_ref().and_then(|m| m.annotations.as_ref()).unwrap_or(&none);
    let Some(spec) = &t.spec else { return vec![] };
    let found =
        Finder { spec, annotations, spec_at: at.child("spec"), meta_at: at.child("metadata"), is_template: true };
    found.all()
}

/// The warnings about a new pod.
pub fn pod_warnings(spec: &PodSpec, annotations: Option<&Annotations>) -> Vec<String> {
    let none = Annotations::new();
    let annotations = annotations.unwrap_or(&none);
    let (spec_at, meta_at) = (Path::new("spec"), Path::new("metadata"));
    Finder { spec, annotations, spec_at, meta_at, is_template: false }.all()
}

/// What is said of a name that becomes part of a pod's host name; `whose` says so.
pub fn name_warning(name: &str, whose: &str) -> Option<String> {
    let problems = names::dns1123_label(name, false);
    (!problems.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in {whose}, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        )
    })
}

struct Finder<'a> {
    spec: &'a PodSpec,
    annotations: &'a Annotations,
    spec_at: Path<'a>,
    meta_at: Path<'a>,
    is_template: bool,
}

impl Finder<'_> {
    fn all(&self) -> Vec<String> {
        let mut out = vec![];
        self.node_labels(&mut out);
        self.spread(&mut out);
        self.old_annotations(&mut out);
        let at = self.spec_at.child("volumes");
        for (i, v) in items(&self.spec.volumes).iter().enumerate() {
            old_volume(v, &at.index(i), &mut out);
        }
        path_overlaps::find(items(&self.spec.volumes), &mut out);
        self.duplicates(&mut out);
        let overhead = self.spec_at.child("overhead");
        fractional(self.spec.overhead.as_ref(), &overhead, &mut out);
        self.seccomp_of_pod(&mut out);
        self.containers(&mut out);
        port_warnings::find(self.spec, &self.spec_at, &mut out);
        if self.spec.termination_grace_period_seconds.is_some_and(|s| s < 0) {
            let at = self.spec_at.child("terminationGracePeriodSeconds");
            out.push(format!("{at}: must be >= 0; negative values are invalid and will be treated as 1"));
        }
        self.pod_affinity(&mut out);
        self.addresses(&mut out);
        // What is said twice is heard once.
        let mut seen = BTreeSet::new();
        out.retain(|w| seen.insert(w.clone()));
        out
    }

    fn node_labels(&self, out: &mut Vec<String>) {
        let at = self.spec_at.child("nodeSelector");
        for (key, message) in
            self.spec.node_selector.iter().flatten().filter_map(|(k, _)| Some((k, node_labels::deprecated(k)?)))
        {
            out.push(format!("{}: {message}", at.key(key)));
        }
        let Some(n) = self.spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref()) else { return };
        let at = self.spec_at.child("affinity");
        let at = at.child("nodeAffinity");
        if let Some(required) = &n.required_during_scheduling_ignored_during_execution {
            let at = at.child("requiredDuringSchedulingIgnoredDuringExecution");
            let at = at.child("nodeSelectorTerms");
            for (i, t) in required.node_selector_terms.iter().enumerate() {
                node_term(t, false, &at.index(i), out);
            }
        }
        let at = at.child("preferredDuringSchedulingIgnoredDuringExecution");
        for (i, t) in items(&n.preferred_during_scheduling_ignored_during_execution).iter().enumerate() {
            node_term(&t.preference, true, &at.index(i).child("preference"), out);
        }
    }

    fn spread(&self, out: &mut Vec<String>) {
        let list = self.spec_at.child("topologySpreadConstraints");
        for (i, c) in items(&self.spec.topology_spread_constraints).iter().enumerate() {
            let at = list.index(i);
            if let Some(message) = node_labels::deprecated(&c.topology_key) {
                out.push(format!("{}: {} is {message}", at.child("topologyKey"), c.topology_key));
            }
            if c.label_selector.is_none() {
                out.push(no_selector(&at.child("labelSelector")));
            }
        }
    }

    fn old_annotations(&self, out: &mut Vec<String>) {
        let at = self.meta_at.child("annotations");
        for (key, message) in OLD_ANNOTATIONS {
            if self.annotations.contains_key(key) {
                out.push(format!("{}: {message}", at.key(key)));
            }
        }
    }

    fn duplicates(&self, out: &mut Vec<String>) {
        let aliases = items(&self.spec.host_aliases);
        let at = self.spec_at.child("hostAliases");
        for (i, a) in aliases.iter().enumerate().filter(|(i, a)| aliases[..*i].iter().any(|b| b.ip == a.ip)) {
            out.push(format!("{}: duplicate ip {}", at.index(i).child("ip"), quoted(&a.ip)));
        }
        let secrets = items(&self.spec.image_pull_secrets);
        let at = self.spec_at.child("imagePullSecrets");
        for (i, s) in secrets.iter().enumerate().filter(|(i, s)| secrets[..*i].iter().any(|b| b.name == s.name)) {
            out.push(format!("{}: duplicate name {}", at.index(i).child("name"), quoted(&s.name)));
        }
        for (i, _) in secrets.iter().enumerate().filter(|(_, s)| s.name.is_empty()) {
            out.push(format!("{}: invalid empty name \"\"", at.index(i).child("name")));
        }
    }

    fn seccomp_of_pod(&self, out: &mut Vec<String>) {
        let field = self.spec.security_context.as_ref().is_some_and(|c| c.seccomp_profile.is_some());
        if !field && self.annotations.contains_key(SECCOMP_POD) {
            let at = self.meta_at.child("annotations");
            out.push(format!("{}: {OLD_SECCOMP}", at.key(SECCOMP_POD)));
        }
    }

    fn containers(&self, out: &mut Vec<String>) {
        let annotations = self.meta_at.child("annotations");
        let of_pod = self.spec.security_context.as_ref().and_then(|c| c.app_armor_profile.as_ref());
        for (list, i, c) in containers::all(self.spec) {
            let context = c.security_context;
            let seccomp = context.is_some_and(|s| s.seccomp_profile.is_some());
            if !seccomp && of_container(self.annotations, SECCOMP_CONTAINER, c.name).is_some() {
                out.push(format!("{}: {OLD_SECCOMP}", annotations.key(&format!("{SECCOMP_CONTAINER}{}", c.name))));
            }
            let app_armor = context.is_some_and(|s| s.app_armor_profile.is_some());
            if let Some(a) =
                of_container(self.annotations, APP_ARMOR, c.name).filter(|_| self.is_template && !app_armor)
                && (of_pod.is_none() || of_pod != app_armor_of(a).as_ref())
            {
                out.push(old_app_armor(&annotations, c.name));
            }
            let list = self.spec_at.child(list);
            let at = list.index(i);
            if let Some(r) = c.resources {
                let at = at.child("resources");
                let (limits, requests) = (at.child("limits"), at.child("requests"));
                for name in WHOLE {
                    fractional_one(r.limits.as_ref(), name, &limits, out);
                    fractional_one(r.requests.as_ref(), name, &requests, out);
                }
            }
            let env = at.child("env");
            for (i, e) in c.env.iter().enumerate().filter(|(i, e)| c.env[..*i].iter().any(|b| b.name == e.name)) {
                let reference = format!("$({})", e.name);
                let value = e.value.as_deref().unwrap_or("");
                if e.value_from.is_some() || value == reference || !value.contains(&reference) {
                    let what = format!("hides previous definition of {}", quoted(&e.name));
                    out.push(format!("{}: {what}, which may be dropped when using apply", env.index(i)));
                }
            }
        }
    }

    fn pod_affinity(&self, out: &mut Vec<String>) {
        let Some(a) = &self.spec.affinity else { return };
        let at = self.spec_at.child("affinity");
        if let Some(p) = &a.pod_affinity {
            let required = items(&p.required_during_scheduling_ignored_during_execution);
            let preferred = items(&p.preferred_during_scheduling_ignored_during_execution);
            pod_terms(required, preferred, &at.child("podAffinity"), out);
        }
        if let Some(p) = &a.pod_anti_affinity {
            let required = items(&p.required_during_scheduling_ignored_during_execution);
            let preferred = items(&p.preferred_during_scheduling_ignored_during_execution);
            pod_terms(required, preferred, &at.child("podAntiAffinity"), out);
        }
    }

    fn addresses(&self, out: &mut Vec<String>) {
        let at = self.spec_at.child("dnsConfig");
        let at = at.child("nameservers");
        let servers = self.spec.dns_config.as_ref().map_or(&[][..], |c| items(&c.nameservers));
        out.extend(servers.iter().enumerate().filter_map(|(i, text)| ip::warning(text, &at.index(i))));
        let at = self.spec_at.child("hostAliases");
        let aliases = items(&self.spec.host_aliases).iter().enumerate();
        out.extend(aliases.filter_map(|(i, a)| ip::warning(&a.ip, &at.index(i).child("ip"))));
    }
}

const OLD_SECCOMP: &str = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// `at`: the annotations.
pub fn old_app_armor(at: &Path<'_>, container: &str) -> String {
    let key = format!("{APP_ARMOR}{container}");
    format!("{}: deprecated since v1.30; use the \"appArmorProfile\" field instead", at.key(&key))
}

/// `wish`: its values are not judged elsewhere.
pub fn node_term(t: &NodeSelectorTerm, wish: bool, at: &Path<'_>, out: &mut Vec<String>) {
    let list = at.child("matchExpressions");
    for (i, e) in items(&t.match_expressions).iter().enumerate() {
        let at = list.index(i);
        if let Some(message) = node_labels::deprecated(&e.key) {
            out.push(format!("{}: {} is {message}", at.child("key"), e.key));
        }
        let values = at.child("values");
        for (j, v) in items(&e.values).iter().enumerate().filter(|_| wish) {
            let problems = names::label_value(v).into_iter();
            out.extend(problems.map(|why| format!("{}: {v} is invalid, {why}", values.index(j))));
        }
    }
}

fn no_selector(at: &Path<'_>) -> String {
    format!("{at}: a null labelSelector results in matching no pod")
}

fn pod_terms(
    required: &[PodAffinityTerm],
    preferred: &[WeightedPodAffinityTerm],
    at: &Path<'_>,
    out: &mut Vec<String>,
) {
    let list = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    for (i, _) in required.iter().enumerate().filter(|(_, t)| t.label_selector.is_none()) {
        out.push(no_selector(&list.index(i).child("labelSelector")));
    }
    let list = at.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (i, _) in preferred.iter().enumerate().filter(|(_, t)| t.pod_affinity_term.label_selector.is_none()) {
        out.push(no_selector(&list.index(i).child("podAffinityTerm").child("labelSelector")));
    }
}

/// Sources of volumes whose systems are gone.
fn old_volume(v: &Volume, at: &Path<'_>, out: &mut Vec<String>) {
    for (name, named, since) in [
        ("photonPersistentDisk", v.photon_persistent_disk.is_some(), "deprecated in v1.11, non-functional in v1.16+"),
        ("gitRepo", v.git_repo.is_some(), "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", v.scale_io.is_some(), "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", v.flocker.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("storageOS", v.storageos.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", v.quobyte.is_some(), "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", v.glusterfs.is_some(), "deprecated in v1.25, non-functional in v1.26+"),
    ] {
        if named {
            out.push(format!("{}: {since}", at.child(name)));
        }
    }
    if let Some(r) = v.ephemeral.as_ref().and_then(|e| e.volume_claim_template.as_ref()?.spec.resources.as_ref()) {
        let at = at.child("ephemeral");
        let at = at.child("volumeClaimTemplate");
        let at = at.child("spec");
        let at = at.child("resources");
        fractional_one(r.requests.as_ref(), "storage", &at.child("requests"), out);
        fractional_one(r.limits.as_ref(), "storage", &at.child("limits"), out);
    }
    for (name, named) in [("cephfs", v.cephfs.is_some()), ("rbd", v.rbd.is_some())] {
        if named {
            out.push(format!("{}: deprecated in v1.28, non-functional in v1.31+", at.child(name)));
        }
    }
}

/// Counted in bytes, of which there are no halves.
const WHOLE: [&str; 2] = ["memory", "ephemeral-storage"];

fn fractional(list: Option<&List>, at: &Path<'_>, out: &mut Vec<String>) {
    WHOLE.iter().for_each(|name| fractional_one(list, name, at, out));
}

/// `at`: the list.
pub fn fractional_one(list: Option<&List>, name: &str, at: &Path<'_>, out: &mut Vec<String>) {
    let amount = list.and_then(|l| l.get(name)).and_then(|q| Quantity::parse(&q.0));
    if let Some(q) = amount.filter(|q| !q.is_whole()) {
        let shown = quoted(&q.to_string());
        out.push(format!("{}: fractional byte value {shown} is invalid, must be an integer", at.key(name)));
    }
}
