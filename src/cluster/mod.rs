//! The one place that puts the components together: profiles, start, faults, and what kubelets answer to clients.
//!
//! Start with [`Cluster::new`]. [`profile`] says what each kind of cluster looks like, [`faults`] what can be broken,
//! [`stream`] how logs and exec find their container, [`metrics_server`] what is told of what they use, [`docker`] what runs
//! beside the cluster, [`minikube`] what is done to its machines.
//!
//! Deliberately absent: any behaviour of a component, and any word for people.
//!
//! In Kubernetes this is what kubeadm, minikube or a cloud provider sets up.

pub mod authentication;
mod control_plane;
pub mod docker;
pub mod faults;
mod first_objects;
mod first_services;
mod metrics_server;
pub mod minikube;
pub mod outside;
pub mod profile;
pub mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::api::network::Names;
use crate::api::object::Resource;
use crate::api::pki::Authority;
use crate::api::request::{Method, Request, Response};
use crate::api::served::Identity;
use crate::api::{Duration, RecordId, Time, Uid, User};
use crate::apiserver::tokens::volume::signed;
use crate::controllers;
use crate::controllers::identity_lease::IdentityLease;
use crate::controllers::kubernetes_service::KubernetesService;
use crate::controllers::leader_election::LeaderElection;
use crate::host::engine::Engine;
use crate::kubelet::{Fleet, NodeConfig};
use crate::ledger::{Ledger, Root};
use crate::network::core_dns::CoreDns;
use crate::network::kube_proxy::KubeProxy;
use crate::network::policies::Policies;
use crate::network::rules::Mode;
use crate::network::{DataPlane, Place};
use crate::runtime::Simulated;
use crate::scheduler::Scheduler;
use crate::store::Scope;
use crate::world::{World, latency};
use minikube::Minikube;
use outside::Outside;
use profile::{Plan, Profile};

/// How to make a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    pub profile: Profile,
    /// Workers; `None`: as the profile has them.
    pub nodes: Option<u32>,
    pub seed: u64,
    pub keep_ledger: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { profile: Profile::Kubeadm, nodes: None, seed: 1, keep_ledger: true }
    }
}

/// A cluster that runs. Cloning it is a snapshot.
#[derive(Clone)]
pub struct Cluster {
    pub world: World,
    pub plan: Arc<Plan>,
    /// What Docker keeps on the learner's own machine.
    pub docker: Engine,
    pub minikube: Minikube,
    /// What it was made of.
    pub options: Options,
}

/// The cluster starts this long before the clock shows zero, so that it is at rest by then.
const WARM_UP: Duration = Duration::from_secs(40);
/// How long metrics-server takes to come up. (Its rounds fall somewhere between two seconds, as they do in life: what it says is cut
/// to whole seconds.)
const METRICS_SERVER_START: Duration = Duration::from_millis(2_800);

impl Cluster {
    /// A client's request. While the answer to a write is on its way the cluster goes on, so that it sees one object before the
    /// client's next one comes.
    ///
    /// # Errors
    /// As the API server refuses it.
    pub fn request(&mut self, request: &Request, user: &User, cause: RecordId) -> Response {
        if self.world.reach().is_ok() {
            let (takes, stored) = self.world.ask_storage(request);
            self.world.run_until(self.world.now + takes);
            stored?;
        }
        let answer = self.world.request(request, user, cause);
        if answer.is_ok() && request.method != Method::Get {
            self.world.run_until(self.world.now + latency::WRITE);
        }
        answer
    }

    pub fn new(options: &Options) -> Cluster {
        let plan = Arc::new(Plan::new(options.profile, options.nodes));
        let runtime = Simulated::new(plan.catalogue, plan.speeds);
        let ledger = if options.keep_ledger { Ledger::default() } else { Ledger::silent() };
        let begin = Time::ZERO - WARM_UP;
        let outside = Outside::new(runtime, &plan, options.seed, begin + METRICS_SERVER_START);
        let mut world = World::new(options.seed, ledger, Box::new(outside));
        world.now = begin;
        for program in control_plane::PROGRAMS {
            let of_pod = |n: &NodeConfig| n.statics.iter().find(|s| s.program == program.name).map(|s| s.pod.key());
            world.install(program.name, program.takes, plan.nodes.first().and_then(of_pod));
        }
        let host = plan.nodes.first().map_or("", |n| n.name.as_str());
        world.serve_at(host, &format!("{}:6443", plan.api_address));
        let start = world.root("kubetutor", Root::Startup);
        first_objects::make(&mut world, &plan, start);
        let (configs, spares, timing) = (plan.nodes.clone(), plan.spares.clone(), plan.timing);
        world.add(Arc::new(move || Box::new(Fleet::new(configs.clone(), &spares, timing))), start);
        let (host, address) =
            (plan.nodes.first().map(|n| n.name.clone()).unwrap_or_default(), plan.api_address.clone());
        let identity = IdentityLease::of(&host, &format!("{address}:6443"));
        world.add(Arc::new(move || Box::new(identity.clone())), start);
        let own_service = KubernetesService::new(first_services::kubernetes(&address));
        world.add(Arc::new(move || Box::new(own_service.clone())), start);
        let added = match plan.profile {
            Profile::Minikube => controllers::OF_MINIKUBE,
            Profile::Cloud => controllers::OF_CLOUD,
            _ => &[],
        };
        let flags = plan.flags();
        for entry in controllers::IN_API_SERVER.iter().chain(controllers::TABLE).chain(added) {
            world.add(entry.maker(flags), start);
        }
        if plan.leader_election {
            let (scheduler, manager) = (LeaderElection::of_scheduler(&host), LeaderElection::of_manager(&host));
            world.add(Arc::new(move || Box::new(scheduler.clone())), start);
            world.add(Arc::new(move || Box::new(manager.clone())), start);
        }
        world.add(Arc::new(move || Box::new(Scheduler::on(&host))), start);
        let proxies: Vec<String> = plan.nodes.iter().map(|n| n.name.clone()).collect();
        world.add(Arc::new(move || Box::new(KubeProxy::of_nodes(proxies.clone()))), start);
        world.add(Arc::new(|| Box::<CoreDns>::default()), start);
        if plan.enforces_policies {
            world.add(Arc::new(|| Box::<Policies>::default()), start);
        }
        first_objects::mark_nodes(&mut world, &plan, start);
        world.carry();
        world.run_until(Time::ZERO);
        if plan.profile == Profile::Bare {
            first_objects::forget_start(&mut world, start);
        }
        world.start = Time::ZERO;
        let (docker, minikube) = (Engine::default(), Minikube::default());
        let mut cluster = Cluster { world, plan, docker, minikube, options: options.clone() };
        let identity = cluster.identity();
        let seed = cluster.world.api.seed;
        cluster.with_runtime(|r| {
            r.set_identity(identity);
            r.set_signer(move |claims, now| signed(seed, claims, now));
        });
        cluster
    }

    /// What the API server's certificate says. Real Kubernetes: kubeadm's pki (certs.NewAPIServerCertAltNames).
    fn identity(&self) -> Identity {
        let authority = self.world.api.authority().map(Authority::certificate).unwrap_or_default();
        let own = self.plan.nodes.first().map(|n| n.name.clone());
        let names =
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
        let all = names.map(String::from).into_iter().chain(own);
        let more = [first_services::KUBERNETES_IP.into(), self.plan.api_address.clone()];
        Identity { authority, names: all.chain(more).collect() }
    }
}

impl Cluster {
    fn outside(&self) -> Option<&Outside> {
        self.world.answerer().as_any().downcast_ref()
    }

    fn outside_mut(&mut self) -> Option<&mut Outside> {
        self.world.answerer_mut().as_any_mut().downcast_mut()
    }

    /// The network between the nodes.
    pub fn network(&self) -> Option<&DataPlane> {
        self.outside().map(Outside::network)
    }

    /// The pods in which a process runs at this moment, whatever the API says of them.
    pub fn alive(&self) -> Vec<Uid> {
        self.outside().map(|o| o.alive().collect()).unwrap_or_default()
    }

    /// What the cluster's DNS knows.
    pub fn names(&self) -> Option<&Names> {
        self.outside().map(Outside::names)
    }

    /// Whether anybody listens there.
    pub fn listens(&self, at: &Place, port: u16) -> bool {
        self.outside().is_some_and(|o| o.listens(at, port))
    }

    /// How kube-proxy works from now on.
    pub fn set_proxy_mode(&mut self, mode: Mode) {
        if let Some(o) = self.outside_mut() {
            o.set_mode(mode);
        }
    }

    /// Every object of a kind, as the API holds it now.
    pub fn objects<T: Resource>(&self) -> Vec<T> {
        let scope = Scope::all(T::kind_ref());
        self.world.api.store().list(&scope).filter_map(|o| o.get::<T>().cloned()).collect()
    }
}
