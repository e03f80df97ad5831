use super::*;
use crate::api::kinds::{Deployment, Node, Pod, ReplicaSet, node};
use crate::api::request::{Method, Request};
use crate::api::{Duration, pods};
use crate::ledger::What;
use crate::store::Scope;
use proptest::prelude::*;
use serde_json::{Value, json};

fn bare(seed: u64) -> Cluster {
    Cluster::new(&Options { profile: Profile::Bare, seed, ..Options::default() })
}

fn deployment(name: &str, image: &str, replicas: i32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                 "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}}})
}

impl Cluster {
    fn post(&mut self, path: &str, body: Value) {
        let cause = self.world.root("kubectl", Root::Command("test".into()));
        self.world.request(&Request::new(Method::Post, path).body(body), "kubernetes-admin", cause).unwrap();
    }
    fn wait(&mut self, seconds: u64) {
        self.world.run_until(self.world.now + Duration::from_secs(seconds));
    }
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[test]
fn a_fresh_cluster_is_ready_before_the_clock_shows_zero() {
    let c = Cluster::new(&Options::default());
    assert!(c.objects::<Node>().iter().all(node::is_ready));
    assert_eq!(c.world.now, Time::ZERO);
    assert_eq!(c.objects::<crate::api::kinds::ServiceAccount>().len(), 4);
}

#[test]
fn a_deployment_becomes_running_pods() {
    let mut c = bare(1);
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 3));
    c.wait(8);
    let d = c.objects::<Deployment>().remove(0);
    assert_eq!(d.status.as_ref().and_then(|s| s.ready_replicas), Some(3), "{:?}", d.status);
    assert!(c.objects::<Pod>().iter().all(|p| pods::is_ready(p) && !pods::ip(p).is_empty()));
    let set = c.objects::<ReplicaSet>().remove(0);
    assert_eq!(Some(set.name().trim_start_matches("web-")), set.label("pod-template-hash"));
}

#[test]
fn every_write_goes_back_to_what_somebody_did() {
    let mut c = bare(2);
    c.post(DEPLOYMENTS, deployment("web", "nginx:nope", 2));
    c.wait(60);
    let ledger = &c.world.ledger;
    let mut writes = 0;
    for r in ledger.all() {
        assert!(r.causes.iter().all(|x| *x < r.id), "a cause comes before its effect");
        if let What::Request(_) = &r.what {
            writes += 1;
            assert!(!ledger.roots(r.id).is_empty(), "{r:?}");
        }
    }
    for change in c.world.api.store().history() {
        assert!(!ledger.roots(change.cause).is_empty(), "{:?}", change.key);
    }
    assert!(writes > 50);
}

/// What a short random session does to a cluster.
fn session(seed: u64, moves: &[u8], keep_ledger: bool) -> Cluster {
    let mut c = Cluster::new(&Options { profile: Profile::Bare, seed, keep_ledger, ..Options::default() });
    for (i, m) in moves.iter().enumerate() {
        match m % 6 {
            0 => c.post(DEPLOYMENTS, deployment(&format!("d{i}"), "nginx:1.25", i32::from(m % 4))),
            1 => c.post(DEPLOYMENTS, deployment(&format!("d{i}"), "nginx:nope", 1)),
            2 => {
                let _ = c.fault("scheduler", None, m % 2 == 0);
            }
            3 => {
                let _ = c.fault("kubelet", Some("minikube"), m % 4 == 1);
            }
            4 => {
                let _ = c.fault("controller-manager", None, m % 2 == 0);
            }
            _ => {}
        }
        c.wait(u64::from(m % 20));
    }
    c
}

fn state(c: &Cluster) -> String {
    crate::api::KindRef::all()
        .flat_map(|k| c.world.api.store().list(&Scope::all(k)).map(|o| o.json().to_string()).collect::<Vec<_>>())
        .collect::<Vec<_>>()
        .join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_same_seed_gives_the_same_ledger_to_the_byte(seed in 0u64..1000, moves in prop::collection::vec(any::<u8>(), 1..6)) {
        prop_assert_eq!(session(seed, &moves, true).world.ledger.dump(), session(seed, &moves, true).world.ledger.dump());
    }

    #[test]
    fn the_ledger_switched_off_gives_the_same_run(seed in 0u64..1000, moves in prop::collection::vec(any::<u8>(), 1..6)) {
        prop_assert_eq!(state(&session(seed, &moves, true)), state(&session(seed, &moves, false)));
    }

    #[test]
    fn whatever_broke_is_well_again_when_it_is_mended(seed in 0u64..1000, moves in prop::collection::vec(any::<u8>(), 1..6)) {
        let mut c = session(seed, &moves, true);
        for f in ["scheduler", "controller-manager"] {
            let _ = c.fault(f, None, false);
        }
        let _ = c.fault("kubelet", Some("minikube"), false);
        c.wait(700);
        for d in c.objects::<Deployment>() {
            let image = d.spec.as_ref().and_then(|s| s.template.spec.as_ref()?.containers.first()?.image.clone()).unwrap_or_default();
            let wanted = d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0);
            let ready = d.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0);
            prop_assert_eq!(ready, if image == "nginx:nope" { 0 } else { wanted }, "{}", d.name());
        }
    }
}

#[test]
fn a_snapshot_goes_its_own_way() {
    let mut c = bare(3);
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 1));
    let snapshot = c.clone();
    c.wait(10);
    assert!(snapshot.objects::<Pod>().is_empty());
    let mut again = snapshot.clone();
    again.wait(10);
    assert_eq!(again.world.ledger.dump(), c.world.ledger.dump());
}
