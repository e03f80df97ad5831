//! An API server by itself, asked by requests.

use kubetutor::api::patch::PatchType;
use kubetutor::api::request::{Method, Request, Response, WatchEvent};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{RecordId, Time, User};
use kubetutor::apiserver::caller::Chance;
use kubetutor::apiserver::{ApiServer, Caller};
use kubetutor::ledger::Ledger;
use kubetutor::store::WatchId;
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use rand::SeedableRng;
use serde_json::{Value, json};

pub const CRD: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
pub const GADGETS: &str = "/apis/laws.example.com/v1/namespaces/a/gadgets";

/// How often a law is tried, always with the same seeds: what CI found wrong, anybody finds.
#[allow(clippy::disallowed_methods, reason = "who doubts a law tries it more often")]
pub fn seeds() -> ProptestConfig {
    let cases = std::env::var("KUBETUTOR_SEEDS").ok().and_then(|t| t.parse().ok()).unwrap_or(300);
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() }
}

#[derive(Clone)]
pub struct Server {
    pub api: ApiServer,
    ledger: Ledger,
    chance: Chance,
    user: User,
}

impl Server {
    /// A server with the namespaces `a` and `b` and the custom kind Gadget.
    pub fn new() -> Server {
        thread_local! {
            static START: Server = Server::start();
        }
        START.with(Clone::clone)
    }

    fn start() -> Server {
        let (api, ledger) = (ApiServer::default(), Ledger::silent());
        let mut server = Server { api, ledger, chance: Chance::seed_from_u64(1), user: User::of("test", &[MASTERS]) };
        for name in ["a", "b"] {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            server.post("/api/v1/namespaces", namespace).expect("a namespace");
        }
        server.post(CRD, gadgets()).expect("a definition");
        let conditions: Vec<Value> =
            ["NamesAccepted", "Established"].map(|t| json!({"type": t, "status": "True"})).into();
        let names = gadgets()["spec"]["names"].clone();
        let status = json!({"status": {"conditions": conditions, "acceptedNames": names, "storedVersions": ["v1"]}});
        server.merge(&format!("{CRD}/gadgets.laws.example.com/status"), status).expect("established");
        server
    }

    pub fn ask(&mut self, request: Request) -> Response {
        let cause = RecordId::default();
        let mut who = Caller::new(&self.user, "test", Time::from_nanos(0), cause, &mut self.ledger, &mut self.chance);
        let answer = self.api.handle(&request, &mut who);
        assert_eq!(self.api.take_deliveries(Time::from_nanos(0)).count(), 0, "only clients watch");
        answer
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.ask(Request::get(path))
    }

    pub fn post(&mut self, path: &str, body: Value) -> Response {
        self.ask(Request::new(Method::Post, path).body(body))
    }

    pub fn put(&mut self, path: &str, body: Value) -> Response {
        self.ask(Request::new(Method::Put, path).body(body))
    }

    pub fn merge(&mut self, path: &str, body: Value) -> Response {
        self.ask(Request::new(Method::Patch(PatchType::Merge), path).body(body))
    }

    pub fn delete(&mut self, path: &str) -> Response {
        self.ask(Request::new(Method::Delete, path))
    }

    pub fn watch(&mut self, request: &Request) -> WatchId {
        let cause = RecordId::default();
        let mut who = Caller::new(&self.user, "test", Time::from_nanos(0), cause, &mut self.ledger, &mut self.chance);
        let id = self.api.open_watch(request, &mut who).expect("a watch");
        assert_eq!(self.api.take_deliveries(Time::from_nanos(0)).count(), 0, "only clients watch");
        id
    }

    /// What a watch has to tell.
    pub fn events(&mut self, id: WatchId) -> Vec<WatchEvent> {
        std::iter::from_fn(|| self.api.next_event(id)).collect()
    }
}

/// The definition of a kind with one of each sort of place.
fn gadgets() -> Value {
    let text = json!({"type": "string"});
    let set = json!({"type": "array", "items": text, "x-kubernetes-list-type": "set"});
    let ports = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "required": ["name"], "properties": {"name": text, "port": text, "tags": set}}});
    let spec = json!({"type": "object", "properties": {
        "size": text,
        "map": {"type": "object", "additionalProperties": text},
        "whole": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
        "tags": set,
        "words": {"type": "array", "items": text},
        "ports": ports,
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.laws.example.com"},
        "spec": {"group": "laws.example.com", "scope": "Namespaced", "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
}

pub fn revision(o: &Value) -> u64 {
    o["metadata"]["resourceVersion"].as_str().and_then(|t| t.parse().ok()).expect("a revision")
}
