//! What minikube does to a cluster of its own: it stops and starts machines, lets them join and leave, gives nodes images,
//! opens a tunnel, and switches addons on and off.
//! Real Kubernetes: github.com/kubernetes/minikube, pkg/minikube/{machine,node,tunnel,image}, pkg/addons.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::outside::Outside;
use super::profile::Profile;
use super::{Cluster, first_objects};
use crate::api::image::ImageRef;
use crate::api::kinds::{Node, Service};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::user::MASTERS;
use crate::api::{Duration, Key, RecordId, Resource, Status, User};
use crate::client::Reconciler;
use crate::controllers;
use crate::controllers::minikube_tunnel::{Tunnel, given, wanted};
use crate::controllers::storage_provisioner::StorageProvisioner;
use crate::host::decision::HostDecision;
use crate::runtime::Simulated;
use crate::runtime::catalogue::Image;
use crate::runtime::stores::DOCKER;
use crate::world::Tag;

#[derive(Clone, Debug, Default)]
pub struct Minikube {
    /// The tunnel is open, or was: its program is there.
    tunnel: Option<bool>,
    /// The cluster was deleted, and none made in its place.
    pub deleted: bool,
    /// Addons that are not as they are at first.
    switched: BTreeSet<&'static str>,
}

/// What can be switched on and off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addon {
    pub name: &'static str,
    pub maintainer: &'static str,
    /// Whether a fresh cluster has it.
    pub at_first: bool,
    /// Whether it can be had here.
    pub here: bool,
}

const fn absent(name: &'static str, maintainer: &'static str) -> Addon {
    Addon { name, maintainer, at_first: false, here: false }
}

const fn present(name: &'static str, at_first: bool) -> Addon {
    Addon { name, maintainer: "Kubernetes", at_first, here: true }
}

/// Those of minikube that people ask for.
pub const ADDONS: &[Addon] = &[
    absent("auto-pause", "minikube"),
    absent("csi-hostpath-driver", "Kubernetes"),
    absent("dashboard", "Kubernetes"),
    present("default-storageclass", true),
    absent("efk", "3rd party (Elastic)"),
    absent("gcp-auth", "Google"),
    absent("gvisor", "minikube"),
    absent("headlamp", "3rd party (kinvolk.io)"),
    absent("ingress", "Kubernetes"),
    absent("ingress-dns", "minikube"),
    absent("istio", "3rd party (Istio)"),
    absent("istio-provisioner", "3rd party (Istio)"),
    absent("logviewer", "3rd party (unknown)"),
    absent("metallb", "3rd party (MetalLB)"),
    present("metrics-server", false),
    absent("registry", "minikube"),
    absent("registry-creds", "3rd party (UPMC Enterprises)"),
    absent("storage-provisioner-rancher", "3rd party (Rancher)"),
    Addon { maintainer: "minikube", ..present("storage-provisioner", true) },
    absent("volumesnapshots", "Kubernetes"),
];

/// A program that was stopped lists anew.
const RESTART: Duration = Duration::from_millis(1_200);
/// What copying an image to a node takes.
const COPY: Duration = Duration::from_millis(900);

impl Cluster {
    /// Whether minikube made this cluster.
    pub fn is_of_minikube(&self) -> bool {
        self.plan.profile == Profile::Minikube
    }

    /// As the learner, whose certificate minikube has made.
    fn as_learner(&mut self, request: &Request, cause: RecordId) -> Result<(), Status> {
        let user = User::of("minikube-user", &[MASTERS]);
        self.request(request, &user, cause).map(|_| ())
    }

    // ---- machines ---------------------------------------------------------------------------

    pub fn machine_is_off(&self, node: &str) -> bool {
        self.world.broken("node", node).is_some()
    }

    /// Switches a machine on or off.
    pub fn switch_machine(&mut self, node: &str, on: bool) {
        if self.machine_is_off(node) == on {
            // It is as it is wanted now, or the fault is there to be mended.
            let _ = self.fault("node", Some(node), !on);
        }
    }

    /// The next machine joins. Its name.
    pub fn add_node(&mut self, cause: RecordId) -> Option<String> {
        let number = self.plan.nodes.len();
        let wanted = format!("minikube-m{:02}", number + 1);
        let spare = self.plan.spares.iter().find(|s| s.name == wanted).or_else(|| self.plan.spares.first())?.clone();
        let plan = Arc::make_mut(&mut self.plan);
        plan.spares.retain(|s| s.name != spare.name);
        plan.nodes.push(spare.clone());
        let name = spare.name.clone();
        if let Some(o) = self.outside_mut() {
            o.add_node(&spare);
        }
        self.world.notify("kubelet", Tag::about("join", Key::of::<Node>("", &name)), cause);
        self.world.run_until(self.world.now);
        Some(name)
    }

    /// A machine leaves. Not the one with the control plane.
    pub fn remove_node(&mut self, name: &str, cause: RecordId) -> bool {
        let Some(at) = self.plan.nodes.iter().position(|n| n.name == name).filter(|at| *at > 0) else { return false };
        let path = format!("/api/v1/nodes/{name}");
        let _ = self.as_learner(&Request::new(Method::Delete, path), cause);
        self.world.faults.remove(&("node".to_string(), name.to_string()));
        self.world.notify("kubelet", Tag::about("leave", Key::of::<Node>("", name)), cause);
        self.world.run_until(self.world.now);
        self.world.fault_outside("node", name, true, cause);
        self.world.run_until(self.world.now);
        let plan = Arc::make_mut(&mut self.plan);
        let gone = plan.nodes.remove(at);
        plan.spares.insert(0, gone);
        if let Some(o) = self.outside_mut() {
            o.remove_node(name);
        }
        true
    }

    /// A cluster in this one's place, as it was made. What lies on the learner's own machine and in registries is still there.
    pub fn make_anew(&mut self) {
        let mut fresh = Cluster::new(&self.options);
        let mut docker = std::mem::take(&mut self.docker);
        docker.containers.clear();
        if let Some(stores) = self.outside().map(|o| o.runtime().stores.clone()) {
            fresh.with_runtime(|r| r.stores.inherit(&stores));
        }
        fresh.docker = docker;
        *self = fresh;
    }

    // ---- images -----------------------------------------------------------------------------

    /// The images that lie on a node, in full.
    pub fn images_on(&self, node: &str) -> Vec<String> {
        let Some(o) = self.outside() else { return vec![] };
        o.runtime().stores.names(&node.into()).map(|(n, _)| n.to_string()).collect()
    }

    /// Copies an image from Docker's store to all nodes, or, where Docker has none of that name, from its registry.
    pub fn load_image(&mut self, image: &ImageRef, cause: RecordId) -> bool {
        let full = image.full();
        let runtime = self.outside().map(Outside::runtime);
        let found: Option<Arc<Image>> = runtime.and_then(|r: &Simulated| {
            r.stores.on(&DOCKER.into(), &full).cloned().or_else(|| r.ask_registry(image).ok())
        });
        let Some(found) = found else { return false };
        self.put_on_nodes(image, &found, cause);
        true
    }

    pub fn put_on_nodes(&mut self, image: &ImageRef, found: &Arc<Image>, cause: RecordId) {
        let nodes: Vec<String> = self.plan.nodes.iter().map(|n| n.name.clone()).collect();
        self.world.run_until(self.world.now + COPY);
        self.with_runtime(|r| {
            nodes.iter().for_each(|n| r.stores.put(&n.as_str().into(), &image.full(), found.clone()));
        });
        let public = self.outside().is_some_and(|o| o.runtime().ask_registry(image).is_ok());
        self.tell("minikube", HostDecision::Loaded { image: image.shown(), nodes, public }, cause);
    }

    /// Takes an image from all nodes.
    pub fn unload_image(&mut self, image: &ImageRef) -> bool {
        let nodes: Vec<Arc<str>> = self.plan.nodes.iter().map(|n| n.name.as_str().into()).collect();
        self.with_runtime(|r| nodes.iter().filter(|n| r.stores.remove(n, &image.full())).count() > 0).unwrap_or(false)
    }

    // ---- the tunnel -------------------------------------------------------------------------

    pub fn tunnel_is_open(&self) -> bool {
        self.minikube.tunnel == Some(true)
    }

    pub fn open_tunnel(&mut self, cause: RecordId) {
        match self.minikube.tunnel.replace(true) {
            None => self.world.add(controllers::TUNNEL.maker(self.plan.flags()), cause),
            Some(false) => self.world.restart(Tunnel::NAME, cause, Duration::ZERO),
            Some(true) => {}
        }
    }

    /// Closes it, and takes back the addresses that it gave.
    pub fn close_tunnel(&mut self, cause: RecordId) {
        if !self.tunnel_is_open() {
            return;
        }
        self.minikube.tunnel = Some(false);
        self.world.stop(Tunnel::NAME);
        let all: Vec<Service> = self.objects();
        for s in all.iter().filter(|s| given(s).is_some() && given(s) == wanted(s)) {
            let path = format!("/api/v1/namespaces/{}/services/{}/status", s.namespace(), s.name());
            let body = json!({"status": {"loadBalancer": {"ingress": null}}});
            let request = Request::new(Method::Patch(PatchType::Merge), path).body(body);
            let _ = self.as_learner(&request, cause);
        }
    }

    /// The Services that it has given addresses.
    pub fn tunnelled(&self) -> Vec<String> {
        let all: Vec<Service> = self.objects();
        all.iter().filter(|s| given(s).is_some() && given(s) == wanted(s)).map(|s| s.name().to_string()).collect()
    }

    // ---- addons -----------------------------------------------------------------------------

    pub fn addon_is_on(&self, addon: &Addon) -> bool {
        self.minikube.switched.contains(addon.name) != addon.at_first
    }

    /// Switches an addon that can be had here on or off.
    pub fn switch_addon(&mut self, addon: &Addon, on: bool, cause: RecordId) {
        if self.addon_is_on(addon) == on {
            return;
        }
        if on == addon.at_first {
            self.minikube.switched.remove(addon.name);
        } else {
            self.minikube.switched.insert(addon.name);
        }
        match addon.name {
            "storage-provisioner" if on => self.world.restart(StorageProvisioner::NAME, cause, RESTART),
            "storage-provisioner" => self.world.stop(StorageProvisioner::NAME),
            "default-storageclass" => {
                let all = "/apis/storage.k8s.io/v1/storageclasses";
                let request = match on {
                    true => {
                        let mut body = serde_json::to_value(first_objects::standard()).unwrap_or_default();
                        (body["apiVersion"], body["kind"]) = ("storage.k8s.io/v1".into(), "StorageClass".into());
                        Request::new(Method::Post, all.to_string()).body(body)
                    }
                    false => Request::new(Method::Delete, format!("{all}/standard")),
                };
                let _ = self.as_learner(&request, cause);
            }
            "metrics-server" => self.switch_metrics(on, cause),
            _ => {}
        }
    }

    fn switch_metrics(&mut self, on: bool, cause: RecordId) {
        let all = "/apis/apiregistration.k8s.io/v1/apiservices";
        let mut service = first_objects::metrics_service(self.world.now, false);
        let request = match on {
            true => {
                service.as_object_mut().map(|o| o.remove("status"));
                Request::new(Method::Post, all.to_string()).body(service)
            }
            false => Request::new(Method::Delete, format!("{all}/{}", first_objects::METRICS)),
        };
        let _ = self.as_learner(&request, cause);
        Arc::make_mut(&mut self.plan).metrics_service = on;
        self.world.fault_outside("metrics-server", "", !on, cause);
        if on {
            first_objects::set_metrics_available(&mut self.world, true, cause);
        }
    }
}
