//! The one place that puts the components together: profiles, start, faults, and what kubelets answer to clients.
//!
//! Start with [`Cluster::new`]. [`profile`] says what each kind of cluster looks like, [`faults`] what can be broken,
//! [`stream`] how logs and exec find their container.
//!
//! Deliberately absent: any behaviour of a component, and any word for people.
//!
//! In Kubernetes this is what kubeadm, minikube or a cloud provider sets up.

pub mod faults;
pub mod outside;
pub mod profile;
pub mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ServicePort, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use rand::SeedableRng;

use crate::api::kinds::{ConfigMap, EndpointSlice, Namespace, Service};
use crate::api::object::Resource;
use crate::api::{Duration, Key, Object, RecordId, Time};
use crate::apiserver::Caller;
use crate::apiserver::caller::Chance;
use crate::controllers;
use crate::kubelet::Fleet;
use crate::ledger::{Ledger, Root};
use crate::network::proxy::{self, Rule};
use crate::runtime::Simulated;
use crate::scheduler::Scheduler;
use crate::store::Scope;
use crate::world::World;
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
}

/// The cluster starts this long before the clock shows zero, so that it is at rest by then.
const WARM_UP: Duration = Duration::from_secs(40);

impl Cluster {
    pub fn new(options: &Options) -> Cluster {
        let plan = Arc::new(Plan::new(options.profile, options.nodes));
        let runtime = Simulated::new(plan.catalogue, plan.speeds);
        let ledger = if options.keep_ledger { Ledger::default() } else { Ledger::silent() };
        let mut world = World::new(options.seed, ledger, Box::new(Outside::new(runtime, &plan)));
        world.now = Time::ZERO - WARM_UP;
        let start = world.root("kubetutor", Root::Startup);
        make_first_objects(&mut world, &plan, start);
        let (configs, timing) = (plan.nodes.clone(), plan.timing);
        world.add(Arc::new(move || Box::new(Fleet::new(configs.clone(), timing))), start);
        for entry in controllers::TABLE {
            world.add(entry.maker(), start);
        }
        world.add(Arc::new(|| Box::<Scheduler>::default()), start);
        world.carry();
        world.run_until(Time::ZERO);
        world.start = Time::ZERO;
        Cluster { world, plan }
    }
}

/// The four namespaces and the Service of the API server itself, which nobody else makes.
fn make_first_objects(world: &mut World, plan: &Plan, cause: RecordId) {
    let mut chance = Chance::seed_from_u64(0x5eed);
    let mut put = |o: Object, ns: &str| {
        let mut who = Caller {
            user: &"system:apiserver".into(),
            actor: "kube-apiserver",
            now: world.now,
            cause,
            ledger: &mut world.ledger,
            chance: &mut chance,
            dry_run: false,
            defaulted: None,
            warnings: vec![],
        };
        let made = world.api.create(o, ns, &mut who);
        debug_assert!(made.is_ok(), "{made:?}");
    };
    for ns in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let metadata = ObjectMeta { name: Some(ns.into()), ..ObjectMeta::default() };
        put(Object::new(Namespace { metadata, ..Namespace::default() }), "");
    }
    let labels = |list: &[(&str, &str)]| Some(list.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect());
    let named = |name: &str| ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
    let port = |name: &str, port: i32, target: i32, protocol: &str| ServicePort {
        name: Some(name.into()),
        port,
        protocol: Some(protocol.into()),
        target_port: Some(IntOrString::Int(target)),
        ..ServicePort::default()
    };
    let mut metadata = named("kubernetes");
    metadata.labels = labels(&[("component", "apiserver"), ("provider", "kubernetes")]);
    let spec = ServiceSpec {
        cluster_ip: Some("10.96.0.1".into()),
        ports: Some(vec![port("https", 443, 6443, "TCP")]),
        ..ServiceSpec::default()
    };
    put(Object::new(Service { metadata, spec: Some(spec), ..Service::default() }), "default");
    let mut metadata = named("kubernetes");
    metadata.labels = labels(&[("kubernetes.io/service-name", "kubernetes")]);
    let slice = EndpointSlice {
        metadata,
        address_type: "IPv4".into(),
        endpoints: Some(vec![Endpoint {
            addresses: vec![plan.api_address.clone()],
            conditions: Some(EndpointConditions { ready: Some(true), ..EndpointConditions::default() }),
            ..Endpoint::default()
        }]),
        ports: Some(vec![EndpointPort {
            name: Some("https".into()),
            port: Some(6443),
            protocol: Some("TCP".into()),
            ..EndpointPort::default()
        }]),
    };
    put(Object::new(slice), "default");
    let mut metadata = named("kube-dns");
    metadata.labels = labels(&[
        ("k8s-app", "kube-dns"),
        ("kubernetes.io/cluster-service", "true"),
        ("kubernetes.io/name", "CoreDNS"),
    ]);
    let ports = vec![port("dns", 53, 53, "UDP"), port("dns-tcp", 53, 53, "TCP")];
    let selector = plan.system_pods.then(|| labels(&[("k8s-app", "kube-dns")])).flatten();
    let spec =
        ServiceSpec { cluster_ip: Some("10.96.0.10".into()), ports: Some(ports), selector, ..ServiceSpec::default() };
    put(Object::new(Service { metadata, spec: Some(spec), ..Service::default() }), "kube-system");
    if plan.metrics_service {
        let spec = ServiceSpec { ports: Some(vec![port("https", 443, 10_250, "TCP")]), ..ServiceSpec::default() };
        put(
            Object::new(Service { metadata: named("metrics-server"), spec: Some(spec), ..Service::default() }),
            "kube-system",
        );
    }
    put(
        Object::new(ConfigMap { metadata: named("extension-apiserver-authentication"), ..ConfigMap::default() }),
        "kube-system",
    );
}

impl Cluster {
    /// Every object of a kind, as the API holds it now.
    /// What kube-proxy has programmed on the nodes for a Service.
    pub fn proxy_rules(&self, service: &Key) -> Vec<Rule> {
        let store = self.world.api.store();
        let Some(service) = store.get(service).and_then(|o| o.get::<Service>()) else { return vec![] };
        let scope = Scope { kind: EndpointSlice::kind_ref(), namespace: Some(service.namespace().into()) };
        let slices: Vec<&EndpointSlice> = store.list(&scope).filter_map(|o| o.get::<EndpointSlice>()).collect();
        proxy::rules(std::iter::once(service), slices.into_iter())
    }

    pub fn objects<T: Resource>(&self) -> Vec<T> {
        let scope = Scope::all(T::kind_ref());
        self.world.api.store().list(&scope).filter_map(|o| o.get::<T>().cloned()).collect()
    }
}
