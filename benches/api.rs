//! How fast the API server answers: `cargo bench --bench api`.
//!
//! What components do, they do by calls; what clients do, by requests. A request works out who owns which fields, as its
//! answer tells it; a call leaves that for whoever asks.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use kubetutor::api::field::FieldErrors;
use kubetutor::api::kind::Subresource;
use kubetutor::api::kinds::Pod;
use kubetutor::api::patch::{self, PatchType};
use kubetutor::api::request::{Method, Request};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Key, KindRef, Object, RecordId, Resource, Time, User, reading};
use kubetutor::apiserver::caller::Chance;
use kubetutor::apiserver::{ApiServer, Caller};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use kubetutor::ledger::Ledger;
use kubetutor::store::WatchId;
use rand::SeedableRng;
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const WATCHERS: usize = 100;

fn main() {
    divan::main();
}

struct Server {
    api: ApiServer,
    ledger: Ledger,
    chance: Chance,
    user: User,
}

impl Server {
    fn new() -> Server {
        let (api, ledger) = (ApiServer::default(), Ledger::silent());
        let mut server = Server { api, ledger, chance: Chance::seed_from_u64(1), user: User::of("bench", &[MASTERS]) };
        let named = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        server.post("/api/v1/namespaces", named("Namespace", "default"));
        server.post("/api/v1/namespaces/default/serviceaccounts", named("ServiceAccount", "default"));
        server
    }

    fn with_pods(count: usize) -> Server {
        let mut server = Server::new();
        (0..count).for_each(|n| drop(server.create(pod(n))));
        server
    }

    fn call<R>(&mut self, f: impl FnOnce(&mut ApiServer, &mut Caller<'_>) -> R) -> R {
        let now = Time::from_nanos(0);
        let cause = RecordId::default();
        let mut who = Caller::new(&self.user, "bench", now, cause, &mut self.ledger, &mut self.chance);
        f(&mut self.api, &mut who)
    }

    fn create(&mut self, o: Object) -> Arc<Object> {
        good(self.call(|api, who| api.create(o, "default", who)))
    }

    fn ask(&mut self, request: &Request) -> Arc<Value> {
        good(self.call(|api, who| api.handle(request, who))).body
    }

    fn post(&mut self, path: &str, body: Value) -> Arc<Value> {
        self.ask(&Request::new(Method::Post, path).body(body))
    }

    fn watch(&mut self, path: &str) -> WatchId {
        let request = Request::get(path).query("watch", "true").without_owners();
        good(self.call(|api, who| api.open_watch(&request, who)))
    }

    /// The status as a kubelet writes it: what it was, and one thing else.
    fn update_status(&mut self, n: u64) -> Arc<Object> {
        let mut o = (**good(self.api.get(&Key::of::<Pod>("default", "pod-0")))).clone();
        if let Some(pod) = o.get_mut::<Pod>() {
            pod.status.get_or_insert_default().message = Some(n.to_string());
        }
        good(self.call(|api, who| api.update(o, Some(Subresource::Status), "update", who)))
    }
}

fn good<T>(answer: Result<T, impl std::fmt::Debug>) -> T {
    match answer {
        Ok(t) => t,
        Err(e) => panic!("refused: {e:?}"),
    }
}

fn pod_json(n: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("pod-{n}"), "namespace": "default", "labels": {"app": "web", "pod-template-hash": "5d59d67564"}},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27", "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "value": "1"}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}]}})
}

fn event_json(n: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("pod-0.{n:x}"), "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "pod-0", "namespace": "default"},
        "reason": "Started", "message": "Started container nginx", "type": "Normal", "count": 1,
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z"})
}

fn object(v: Value) -> Object {
    let part = |k: &str| v[k].as_str().unwrap_or_default().to_string();
    match KindRef::by_gvk(&part("apiVersion"), &part("kind")) {
        Some(kind) => good(reading::read(kind, v)).0,
        None => panic!("no kind of {v}"),
    }
}

fn pod(n: usize) -> Object {
    object(pod_json(n))
}

/// Counts what was made, so that names are all different.
fn counting<T>(make: impl Fn(usize) -> T) -> impl FnMut() -> T {
    let mut n = 0;
    move || {
        n += 1;
        make(n)
    }
}

/// A cluster with all that is there before anybody has asked for anything, and forty seconds of its life.
#[divan::bench(args = [0, 1])]
fn start(nodes: u32) -> Cluster {
    let options = Options { profile: Profile::Kubeadm, nodes: Some(nodes), keep_ledger: false, ..Options::default() };
    Cluster::new(&options)
}

#[divan::bench]
fn create_pod(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    bencher.with_inputs(counting(pod)).bench_local_values(|o| server.create(o));
}

#[divan::bench]
fn create_pod_by_request(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    let request = |n| Request::new(Method::Post, PODS).body(pod_json(n)).without_owners();
    bencher.with_inputs(counting(request)).bench_local_values(|r| server.ask(&r));
}

#[divan::bench]
fn create_event(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    bencher.with_inputs(counting(|n| object(event_json(n)))).bench_local_values(|o| server.create(o));
}

#[divan::bench]
fn update_status(bencher: Bencher<'_, '_>) {
    let mut server = Server::with_pods(1);
    let mut n = 0;
    bencher.bench_local(|| {
        n += 1;
        server.update_status(n)
    });
}

#[divan::bench]
fn update_status_by_request(bencher: Bencher<'_, '_>) {
    let mut server = Server::with_pods(1);
    let patch = |n: usize| {
        let body = json!({"status": {"message": n.to_string()}});
        let path = format!("{PODS}/pod-0/status");
        Request::new(Method::Patch(PatchType::Merge), path).body(body).without_owners()
    };
    bencher.with_inputs(counting(patch)).bench_local_values(|r| server.ask(&r));
}

#[divan::bench]
fn get(bencher: Bencher<'_, '_>) {
    let mut server = Server::with_pods(1_000);
    let request = Request::get(format!("{PODS}/pod-500")).without_owners();
    bencher.bench_local(|| server.ask(&request));
}

/// The documents of OpenAPI; the index needs the hashes of all others, which are remembered.
#[divan::bench(args = ["v2", "v3", "v3/api/v1", "v3/apis/apps/v1"])]
fn openapi(bencher: Bencher<'_, '_>, document: &str) {
    let mut server = Server::new();
    let request = Request::get(format!("/openapi/{document}"));
    bencher.bench_local(|| server.ask(&request));
}

#[divan::bench(args = [10_000], sample_count = 20, sample_size = 1)]
fn list(bencher: Bencher<'_, '_>, count: usize) {
    let mut server = Server::with_pods(count);
    let request = Request::get(PODS).without_owners();
    bencher.counter(ItemsCount::new(count)).bench_local(|| server.ask(&request));
}

/// One change of a pod, told to a hundred who watch all pods.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn watch_delivery(bencher: Bencher<'_, '_>) {
    let mut server = Server::with_pods(1);
    let watches: Vec<WatchId> = (0..WATCHERS).map(|_| server.watch(PODS)).collect();
    let told = |server: &mut Server| {
        assert_eq!(server.api.take_deliveries(Time::from_nanos(0)).count(), 0);
        watches.iter().filter(|id| server.api.next_event(**id).is_some()).count()
    };
    told(&mut server);
    let server = std::cell::RefCell::new(server);
    // The change itself is not what is measured.
    let change = counting(|n| drop(server.borrow_mut().update_status(n as u64)));
    let told = |()| assert_eq!(told(&mut server.borrow_mut()), WATCHERS);
    // One at a time, as one telling tells of all that has changed.
    bencher.counter(ItemsCount::new(WATCHERS)).with_inputs(change).bench_local_values(told);
}

#[divan::bench]
fn strategic_patch(bencher: Bencher<'_, '_>) {
    let Some(kind) = KindRef::by_gvk("v1", "Pod") else { return };
    let target = pod(0).json().clone();
    let change = json!({"metadata": {"labels": {"tier": "front"}},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1.28", "env": [{"name": "B", "value": "2"}]}]}});
    bencher.bench_local(|| good(patch::apply(&target, &change, PatchType::Strategic, kind)));
}

#[divan::bench]
fn strategic_patch_by_request(bencher: Bencher<'_, '_>) {
    let mut server = Server::with_pods(1);
    let request = |n: usize| {
        let body = json!({"metadata": {"labels": {"tier": n.to_string()}}});
        Request::new(Method::Patch(PatchType::Strategic), format!("{PODS}/pod-0")).body(body).without_owners()
    };
    bencher.with_inputs(counting(request)).bench_local_values(|r| server.ask(&r));
}

/// A Deployment applied by the same manager with another image each time.
#[divan::bench]
fn apply(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    let request = |n: usize| {
        let containers = json!([{"name": "nginx", "image": format!("nginx:{n}"), "ports": [{"containerPort": 80}]}]);
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}});
        let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}});
        Request::new(Method::Patch(PatchType::Apply), DEPLOYMENT).query("fieldManager", "bench").body(body)
    };
    bencher.with_inputs(counting(request)).bench_local_values(|r| server.ask(&r));
}

#[divan::bench]
fn validate_pod(bencher: Bencher<'_, '_>) {
    let mut server = Server::new();
    let stored = server.create(pod(0));
    bencher.bench_local(|| {
        let mut errors = FieldErrors::default();
        stored.kind().validate(&stored, &mut errors);
        assert!(errors.is_empty());
        errors
    });
}

/// From JSON to an object of its kind.
#[divan::bench]
fn read_pod(bencher: Bencher<'_, '_>) {
    let kind = Pod::kind_ref();
    bencher.with_inputs(|| pod_json(0)).bench_local_values(|v| good(reading::read(kind, v)));
}
