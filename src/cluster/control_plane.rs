//! The control plane as kubeadm and minikube set it up: static pods of the first node, whose containers are the programs.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::profile::Profile;
use crate::api::image::ImageRef;
use crate::api::kinds::Pod;
use crate::api::{Duration, Object, Resource, yaml};
use crate::kubelet::StaticPod;

static MANIFESTS: &str = include_str!("control-plane.yaml");

/// A program of the control plane, and how long it takes to work: it reads, connects and lists.
pub struct Program {
    pub name: &'static str,
    pub takes: Duration,
}

pub static PROGRAMS: &[Program] = &[
    Program { name: "etcd", takes: Duration::from_millis(800) },
    Program { name: "kube-apiserver", takes: Duration::from_millis(2500) },
    Program { name: "kube-controller-manager", takes: Duration::from_millis(1800) },
    Program { name: "kube-scheduler", takes: Duration::from_millis(700) },
];

/// What lies in the node's directory of manifests. On a cluster whose control plane is no pods: nothing.
pub fn manifests(profile: Profile, node: &str, address: &str) -> Vec<StaticPod> {
    let certificates = match profile {
        Profile::Bare => return vec![],
        Profile::Minikube => "/var/lib/minikube/certs",
        _ => "/etc/kubernetes/pki",
    };
    let text = MANIFESTS.replace("ADDRESS", address).replace("CERTS", certificates).replace("NODE", node);
    let all = yaml::parse_all(&text).unwrap_or_default();
    let pods = all.into_iter().filter_map(|v| Pod::kind_ref().decode(v).ok());
    pods.filter_map(|o| static_pod(o, node)).collect()
}

fn static_pod(mut o: Object, node: &str) -> Option<StaticPod> {
    let program = PROGRAMS.iter().find(|p| p.name == o.name())?.name;
    // As kubelet does: what is in the file names the pod, so another file is another pod.
    let hash: String = Sha256::digest(o.json().to_string()).iter().take(16).map(|b| format!("{b:02x}")).collect();
    let meta = o.meta_mut();
    meta.name = Some(format!("{program}-{node}"));
    meta.uid = Some(hash.clone());
    meta.generation = Some(1);
    let marks = [("kubernetes.io/config.hash", hash.as_str()), ("kubernetes.io/config.source", "file")];
    meta.annotations.get_or_insert_default().extend(marks.map(|(k, v)| (k.to_string(), v.to_string())));
    if let Some(spec) = o.get_mut::<Pod>().and_then(|p| p.spec.as_mut()) {
        spec.node_name = Some(node.into());
        let all = k8s_openapi::api::core::v1::Toleration {
            effect: Some("NoExecute".into()),
            operator: Some("Exists".into()),
            ..Default::default()
        };
        spec.tolerations = Some(vec![all]);
    }
    o.kind().defaults(&mut o);
    let image = o.get::<Pod>()?.spec.as_ref()?.containers.first()?.image.clone()?;
    Some(StaticPod { program, image: ImageRef::parse(&image)?.full(), pod: Arc::new(o) })
}
