//! A quota is never exceeded, whatever is asked for in whatever order, and while its controller counts.

use kubetutor::api::patch::PatchType;
use kubetutor::api::quantity::Quantity;
use kubetutor::api::request::{Method, Request, Response};
use kubetutor::api::user::MASTERS;
use kubetutor::api::{Duration, RecordId, Time, User};
use kubetutor::cluster::profile::Profile;
use kubetutor::cluster::{Cluster, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::server::seeds;

const ROOT: &str = "/api/v1/namespaces/room";

#[derive(Clone, Debug)]
enum Act {
    Map(u8),
    Pod {
        name: u8,
        milli: u16,
    },
    /// `true`: with a port on every node.
    Service {
        name: u8,
        open: bool,
    },
    /// Changes a Service from one to the other.
    Open {
        name: u8,
        open: bool,
    },
    Claim {
        name: u8,
        gib: u8,
    },
    Delete {
        what: usize,
        name: u8,
    },
    Limit {
        maps: u8,
        milli: u16,
    },
    Wait(u16),
}

const PLURALS: [&str; 4] = ["configmaps", "pods", "services", "persistentvolumeclaims"];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let name = || 0..5u8;
    let act = prop_oneof![
        3 => name().prop_map(Act::Map),
        3 => (name(), 1..6u16).prop_map(|(name, n)| Act::Pod { name, milli: n * 100 }),
        2 => (name(), any::<bool>()).prop_map(|(name, open)| Act::Service { name, open }),
        2 => (name(), any::<bool>()).prop_map(|(name, open)| Act::Open { name, open }),
        2 => (name(), 1..4u8).prop_map(|(name, gib)| Act::Claim { name, gib }),
        4 => (0..4usize, name()).prop_map(|(what, name)| Act::Delete { what, name }),
        1 => (2..5u8, 3..9u16).prop_map(|(maps, n)| Act::Limit { maps, milli: n * 100 }),
        // A moment, in which a controller has seen some of it; or long enough for everything.
        4 => prop_oneof![1..400u16, Just(40_000u16)].prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..40)
}

fn start() -> Cluster {
    let mut room =
        Room { cluster: Cluster::new(&Options { profile: Profile::Bare, keep_ledger: false, ..Options::default() }) };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "room"}});
    room.ask(Request::new(Method::Post, "/api/v1/namespaces").body(namespace)).expect("a namespace");
    room.wait(5_000);
    room.post(
        "resourcequotas",
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"}, "spec": {"hard":
        {"configmaps": "4", "pods": "3", "requests.cpu": "800m", "services": "3", "services.nodeports": "1",
         "persistentvolumeclaims": "2", "requests.storage": "4Gi"}}}),
    )
    .expect("a quota");
    room.wait(5_000);
    room.cluster
}

thread_local! {
    static START: Cluster = start();
}

struct Room {
    cluster: Cluster,
}

impl Room {
    fn ask(&mut self, request: Request) -> Response {
        self.cluster.world.request(&request, &User::of("test", &[MASTERS]), RecordId::default())
    }

    fn post(&mut self, plural: &str, body: Value) -> Response {
        self.ask(Request::new(Method::Post, format!("{ROOT}/{plural}")).body(body))
    }

    fn merge(&mut self, path: &str, body: Value) -> Response {
        self.ask(Request::new(Method::Patch(PatchType::Merge), format!("{ROOT}/{path}")).body(body))
    }

    fn wait(&mut self, milliseconds: u64) {
        let until = self.cluster.world.now.max(Time::ZERO) + Duration::from_millis(milliseconds);
        self.cluster.world.run_until(until);
    }

    fn items(&mut self, plural: &str) -> Vec<Value> {
        let list = self.ask(Request::get(format!("{ROOT}/{plural}")).without_owners()).expect("a list");
        list.body["items"].as_array().cloned().unwrap_or_default()
    }

    fn act(&mut self, act: &Act) -> Option<Response> {
        let object = |kind: &str, name: u8, rest: Value| {
            let mut o = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": format!("x{name}")}});
            for (k, v) in rest.as_object().into_iter().flatten() {
                o[k] = v.clone();
            }
            o
        };
        let form = |open: bool| if open { "NodePort" } else { "ClusterIP" };
        Some(match act {
            Act::Map(name) => self.post("configmaps", object("ConfigMap", *name, json!({}))),
            Act::Pod { name, milli } => {
                let resources = json!({"requests": {"cpu": format!("{milli}m")}});
                let containers = json!([{"name": "c", "image": "nginx", "resources": resources}]);
                self.post("pods", object("Pod", *name, json!({"spec": {"containers": containers}})))
            }
            Act::Service { name, open } => {
                let spec = json!({"type": form(*open), "ports": [{"port": 80}]});
                self.post("services", object("Service", *name, json!({"spec": spec})))
            }
            Act::Open { name, open } => {
                self.merge(&format!("services/x{name}"), json!({"spec": {"type": form(*open)}}))
            }
            Act::Claim { name, gib } => {
                let resources = json!({"requests": {"storage": format!("{gib}Gi")}});
                let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": resources});
                self.post("persistentvolumeclaims", object("PersistentVolumeClaim", *name, json!({"spec": spec})))
            }
            Act::Delete { what, name } => {
                self.ask(Request::new(Method::Delete, format!("{ROOT}/{}/x{name}", PLURALS[*what])))
            }
            Act::Limit { maps, milli } => {
                let hard = json!({"configmaps": maps.to_string(), "requests.cpu": format!("{milli}m")});
                self.merge("resourcequotas/all", json!({"spec": {"hard": hard}}))
            }
            Act::Wait(milliseconds) => {
                self.wait(u64::from(*milliseconds));
                return None;
            }
        })
    }

    /// What is there, by the names of the quota, in thousandths.
    fn usage(&mut self) -> Vec<(&'static str, i64)> {
        let of = |v: &Value| v.as_str().and_then(Quantity::parse).map_or(0, Quantity::milli);
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX) * 1000;
        let over = |p: &Value| matches!(p["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let pods: Vec<Value> = self.items("pods").into_iter().filter(|p| !over(p)).collect();
        let services = self.items("services");
        let claims = self.items("persistentvolumeclaims");
        let cpu = |p: &Value| of(&p["spec"]["containers"][0]["resources"]["requests"]["cpu"]);
        vec![
            ("configmaps", count(self.items("configmaps").len())),
            ("pods", count(pods.len())),
            ("requests.cpu", pods.iter().map(cpu).sum()),
            ("services", count(services.len())),
            ("services.nodeports", count(services.iter().filter(|s| s["spec"]["type"] == "NodePort").count())),
            ("persistentvolumeclaims", count(claims.len())),
            ("requests.storage", claims.iter().map(|c| of(&c["spec"]["resources"]["requests"]["storage"])).sum()),
        ]
    }

    fn quota(&mut self) -> Value {
        (*self.ask(Request::get(format!("{ROOT}/resourcequotas/all"))).expect("a quota").body).clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: seeds().cases.div_ceil(3), ..seeds() })]

    #[test]
    fn a_quota_is_never_exceeded_and_in_the_end_it_counts_what_is_there(acts in acts()) {
        let mut room = Room { cluster: START.with(Clone::clone) };
        let mut before = room.usage();
        for act in &acts {
            let answer = room.act(act);
            let now = room.usage();
            let quota = room.quota();
            for ((name, used), (_, was)) in now.iter().zip(&before) {
                // What was let in under an older limit stays; nothing is added to it.
                let hard = quota["status"]["hard"][*name].as_str().and_then(Quantity::parse).map_or(0, Quantity::milli);
                prop_assert!(used <= &hard || used <= was, "{}: {} of {} after {:?}: {:?}", name, used, hard, act, answer);
            }
            before = now;
        }
        // At rest, the quota tells what is there.
        room.wait(60_000);
        room.wait(600_000);
        let (now, quota) = (room.usage(), room.quota());
        for (name, used) in now {
            let told = quota["status"]["used"][name].as_str().and_then(Quantity::parse).map_or(-1, Quantity::milli);
            prop_assert_eq!(told, used, "{}: {}", name, quota["status"]);
        }
    }
}
