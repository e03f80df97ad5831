use super::*;
use crate::api::kinds::{Deployment, Event, Node, Pod, ReplicaSet, node};
use crate::api::patch::PatchType;
use crate::api::request::{Method, Request};
use crate::api::user::MASTERS;
use crate::api::{Duration, User, pods};
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
    fn ask(&mut self, method: Method, path: &str, body: Value) {
        let cause = self.world.root("kubectl", Root::Command("test".into()));
        let request = Request::new(method, path).body(body);
        let answer = self.world.request(&request, &User::of("kubernetes-admin", &[MASTERS]), cause);
        // Where there is no server nothing happens.
        assert!(answer.as_ref().map_or_else(|e| e.unreachable().is_some(), |_| true), "{answer:?}");
    }
    fn post(&mut self, path: &str, body: Value) {
        self.ask(Method::Post, path, body);
    }
    fn merge(&mut self, path: &str, patch: Value) {
        self.ask(Method::Patch(PatchType::Merge), path, patch);
    }
    fn delete(&mut self, path: &str) {
        self.ask(Method::Delete, path, Value::Null);
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
    // One in each namespace, those of controllers, of CoreDNS and of kube-proxy.
    assert_eq!(c.objects::<crate::api::kinds::ServiceAccount>().len(), 4 + 35 + 2);
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

/// What a short random session does to a cluster: of one node if the seed is even, of four if it is odd.
fn session(seed: u64, moves: &[u8], keep_ledger: bool) -> Cluster {
    let profile = if seed.is_multiple_of(2) { Profile::Bare } else { Profile::Kubeadm };
    let mut c = Cluster::new(&Options { profile, seed, keep_ledger, ..Options::default() });
    for (i, m) in moves.iter().enumerate() {
        let mut own = c.objects::<Deployment>().into_iter().filter(|d| d.namespace() == "default");
        let newest = own.next_back().map(|d| format!("{DEPLOYMENTS}/{}", d.name()));
        match (m % 10, newest) {
            (0, _) => c.post(DEPLOYMENTS, deployment(&format!("d{i}"), "nginx:1.25", i32::from(m % 4))),
            (1, _) => c.post(DEPLOYMENTS, deployment(&format!("d{i}"), "nginx:nope", 1)),
            (2, _) => {
                let _ = c.fault("scheduler", None, m % 20 == 2);
            }
            (3, _) => {
                let _ = c.fault("kubelet", Some(a_node(seed)), m % 20 == 3);
            }
            (4, _) => {
                let _ = c.fault("controller-manager", None, m % 20 == 4);
            }
            (5, Some(path)) => c.merge(&path, json!({"spec": {"replicas": m % 4}})),
            (6, Some(path)) => {
                let template = json!({"metadata": {"labels": {"round": i.to_string()}}});
                c.merge(&path, json!({"spec": {"template": template}}));
            }
            (7, Some(path)) => c.delete(&path),
            (8, _) => {
                for p in c.objects::<Pod>().iter().take(1) {
                    c.delete(&format!("/api/v1/namespaces/{}/pods/{}", p.namespace(), p.name()));
                }
            }
            (9, _) => {
                let _ = c.fault("apiserver", None, m % 20 == 9);
            }
            _ => {}
        }
        c.wait(u64::from(m % 20));
    }
    c
}

fn a_node(seed: u64) -> &'static str {
    if seed.is_multiple_of(2) { "minikube" } else { "worker-1" }
}

fn state(c: &Cluster) -> String {
    c.world
        .api
        .stored_kinds()
        .flat_map(|k| c.world.api.store().list(&Scope::all(k)).map(|o| o.json().to_string()).collect::<Vec<_>>())
        .collect::<Vec<_>>()
        .join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_write_goes_back_to_what_somebody_did(seed in 0u64..1000, moves in prop::collection::vec(any::<u8>(), 1..6)) {
        let mut c = session(seed, &moves, true);
        c.wait(60);
        let ledger = &c.world.ledger;
        for r in ledger.all() {
            prop_assert!(r.causes.iter().all(|x| *x < r.id), "a cause comes before its effect: {r:?}");
            if let What::Request(_) = &r.what {
                prop_assert!(!ledger.roots(r.id).is_empty(), "{r:?}");
            }
        }
        for change in c.world.api.store().history() {
            prop_assert!(!ledger.roots(change.cause).is_empty(), "{:?}", change.key);
        }
    }

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
        for f in ["apiserver", "scheduler", "controller-manager"] {
            let _ = c.fault(f, None, false);
        }
        let _ = c.fault("kubelet", Some(a_node(seed)), false);
        c.wait(700);
        prop_assert!(c.objects::<Node>().iter().all(node::is_ready));
        for d in c.objects::<Deployment>() {
            let image = d.spec.as_ref().and_then(|s| s.template.spec.as_ref()?.containers.first()?.image.clone()).unwrap_or_default();
            let wanted = d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(0);
            let ready = d.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or(0);
            prop_assert_eq!(ready, if image == "nginx:nope" { 0 } else { wanted }, "{}", d.name());
        }
    }
}

#[test]
fn a_mended_kubelet_brings_its_node_back_and_it_stays() {
    for (seconds, worker) in [(60, 1), (65, 3), (70, 3), (75, 1), (85, 1), (120, 2), (120, 3)] {
        let mut c = Cluster::new(&Options { profile: Profile::Kubeadm, ..Options::default() });
        let name = format!("worker-{worker}");
        c.fault("kubelet", Some(&name), true).unwrap();
        c.wait(seconds);
        assert!(!c.objects::<Node>().iter().all(node::is_ready), "{name} after {seconds} s");
        c.fault("kubelet", Some(&name), false).unwrap();
        c.wait(15);
        for _ in 0..30 {
            assert!(c.objects::<Node>().iter().all(node::is_ready), "{name} after {seconds} s");
            c.wait(10);
        }
    }
}

fn taints(c: &Cluster, effect: &str) -> Vec<String> {
    let nodes = c.objects::<Node>();
    let taints = nodes.iter().flat_map(|n| n.spec.iter().flat_map(|s| s.taints.iter().flatten()));
    taints.filter(|t| t.effect == effect && !t.key.ends_with("control-plane")).map(|t| t.key.clone()).collect()
}

#[test]
fn a_cordoned_node_is_tainted_until_it_is_uncordoned() {
    let mut c = Cluster::new(&Options { profile: Profile::Kubeadm, ..Options::default() });
    for (unschedulable, want) in [(true, vec!["node.kubernetes.io/unschedulable"]), (false, vec![])] {
        c.merge("/api/v1/nodes/worker-1", json!({"spec": {"unschedulable": unschedulable}}));
        c.wait(2);
        assert_eq!(taints(&c, "NoSchedule"), want);
    }
}

#[test]
fn when_the_last_kubelet_falls_silent_nobody_is_evicted_any_more() {
    let mut c = Cluster::new(&Options { profile: Profile::Kubeadm, ..Options::default() });
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 6));
    c.wait(10);
    c.fault("kubelet", Some("worker-1"), true).unwrap();
    c.wait(70);
    assert_eq!(taints(&c, "NoExecute").len(), 1);
    for node in ["worker-2", "worker-3", "control-plane"] {
        c.fault("kubelet", Some(node), true).unwrap();
    }
    c.wait(400);
    assert_eq!(taints(&c, "NoExecute"), Vec::<String>::new());
    assert!(c.objects::<Pod>().iter().all(|p| p.metadata.deletion_timestamp.is_none()));
}

#[test]
fn a_node_tells_which_images_it_has() {
    let mut c = bare(1);
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 1));
    c.wait(20);
    let node = c.objects::<Node>().remove(0);
    let images = node.status.and_then(|s| s.images).unwrap_or_default();
    let names: Vec<Vec<String>> = images.iter().map(|i| i.names.clone().unwrap_or_default()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0][0].starts_with("docker.io/library/nginx@sha256:"), "the largest first: {names:?}");
    assert_eq!(names[0][1], "docker.io/library/nginx:1.25");
    assert!(images[0].size_bytes > images[1].size_bytes);
}

const PODS: &str = "/api/v1/namespaces/default/pods";

fn lone(name: &str, container: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}})
}

fn events(c: &Cluster, reason: &str) -> Vec<(String, i32)> {
    let all = c.objects::<crate::api::kinds::Event>();
    let of = all.iter().filter(|e| e.reason.as_deref() == Some(reason));
    of.map(|e| (e.message.clone().unwrap_or_default(), e.count.unwrap_or(1))).collect()
}

#[test]
fn a_pod_that_takes_the_name_of_a_killed_one_lives() {
    let mut c = bare(1);
    let sleeper = || lone("s", json!({"name": "c", "image": "busybox", "command": ["sleep", "1000"]}));
    c.post(PODS, sleeper());
    c.wait(5);
    let options = json!({"gracePeriodSeconds": 0});
    c.ask(Method::Delete, &format!("{PODS}/s"), options);
    c.post(PODS, sleeper());
    c.wait(60);
    let pods = c.objects::<Pod>();
    assert_eq!(pods.len(), 1);
    assert!(pods::is_ready(&pods[0]), "{:?}", pods[0].status);
}

#[test]
fn a_container_whose_image_is_changed_is_restarted() {
    for policy in ["Always", "Never"] {
        let mut c = bare(1);
        let mut pod = lone("p", json!({"name": "c", "image": "nginx:1.25"}));
        pod["spec"]["restartPolicy"] = policy.into();
        c.post(PODS, pod);
        c.wait(5);
        let new = json!({"spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}});
        c.ask(Method::Patch(PatchType::Strategic), &format!("{PODS}/p"), new);
        c.wait(20);
        let pods = c.objects::<Pod>();
        let status = &pods[0].status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0];
        assert_eq!((status.restart_count, status.ready), (1, true), "{policy}");
        assert_eq!(status.image, "docker.io/library/nginx:1.27");
        assert_eq!(events(&c, "Killing"), [("Container c definition changed, will be restarted".to_string(), 1)]);
        assert!(events(&c, "BackOff").is_empty());
    }
}

#[test]
fn a_container_is_condemned_once_in_each_of_its_lives() {
    let mut c = bare(1);
    let liveness = json!({"exec": {"command": ["cat", "/nope"]}, "periodSeconds": 3});
    let container = json!({"name": "c", "image": "busybox", "command": ["sleep", "1000"], "livenessProbe": liveness});
    c.post(PODS, lone("p", container));
    // Three failures, then thirty seconds of grace that `sleep` does not use: one life.
    c.wait(34);
    assert_eq!(events(&c, "Killing"), [("Container c failed liveness probe, will be restarted".to_string(), 1)]);
    assert_eq!(events(&c, "Unhealthy").iter().map(|(_, count)| count).sum::<i32>(), 3);
}

#[test]
fn counts_go_down_once_when_a_deployment_shrinks() {
    for seed in 0..20 {
        let mut c = bare(seed);
        c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 2));
        c.wait(6);
        let from = c.world.api.store().rev();
        c.merge(&format!("{DEPLOYMENTS}/web"), json!({"spec": {"replicas": 1}}));
        c.wait(5);
        let changes = c.world.api.store().history().filter(|change| change.rev > from);
        let replicas = |o: &crate::api::Object| o.get::<ReplicaSet>()?.status.as_ref().map(|s| s.replicas);
        let counts: Vec<i32> = changes.filter_map(|change| replicas(&change.object)).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b) && counts.last() == Some(&1), "{counts:?}");
    }
}

#[test]
fn kube_proxy_sends_to_the_ready_pods_of_a_service() {
    let mut c = bare(1);
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 2));
    let spec = json!({"selector": {"app": "web"}, "type": "NodePort", "ports": [{"port": 8080, "targetPort": 80}]});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec});
    c.post("/api/v1/namespaces/default/services", service);
    let key = crate::api::Key::of::<crate::api::kinds::Service>("default", "web");
    c.wait(10);
    let mut want: Vec<String> = c.objects::<Pod>().iter().map(|p| format!("{}:80", pods::ip(p))).collect();
    want.sort();
    let led = |c: &Cluster| c.network().unwrap().led(&key.namespace, &key.name);
    for (address, mut backends) in led(&c) {
        backends.sort();
        assert_eq!(backends, want, "{address}");
    }
    assert_eq!(led(&c).len(), 2, "for its cluster IP and its node port");
    c.merge(&format!("{DEPLOYMENTS}/web"), json!({"spec": {"replicas": 0}}));
    c.wait(10);
    assert!(led(&c).iter().all(|(_, backends)| backends.is_empty()));
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

/// An Event is three kilobytes as a whole, and a pod leaves five of them behind.
#[test]
fn events_that_nobody_looked_at_lie_packed() {
    let mut c = Cluster::new(&Options { profile: Profile::Kubeadm, ..Options::default() });
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 3));
    c.wait(400);
    let all = Scope { namespace: Some("default".into()), ..Scope::all(Event::kind_ref()) };
    let packed = |c: &Cluster| c.world.api.store().list(&all).map(|e| e.lies_packed()).collect::<Vec<_>>();
    let before = packed(&c);
    assert!(before.len() > 15 && !before.contains(&false), "{before:?}");
    let _ = c.objects::<Event>();
    assert!(!packed(&c).contains(&true), "they were looked at");
}

#[test]
fn an_event_goes_an_hour_after_it_was_written_last() {
    let mut c = bare(1);
    c.post(DEPLOYMENTS, deployment("web", "nginx:1.25", 2));
    let stuck = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stuck"},
        "spec": {"containers": [{"name": "c", "image": "nginx:nope"}]}});
    c.post("/api/v1/namespaces/default/pods", stuck);
    c.wait(3600);
    let reasons = |c: &Cluster, about: &str| -> Vec<String> {
        let all = c.objects::<Event>();
        let of = all.iter().filter(|e| e.involved_object.name.as_deref().is_some_and(|n| n.starts_with(about)));
        of.filter_map(|e| e.reason.clone()).collect()
    };
    assert!(reasons(&c, "web").len() > 8, "{:?}", reasons(&c, "web"));
    c.wait(80);
    assert!(reasons(&c, "web").is_empty(), "{:?}", reasons(&c, "web"));
    // What is written again stays; how it was bound is over, too.
    let stuck = reasons(&c, "stuck");
    assert!(stuck.contains(&"BackOff".into()) && !stuck.contains(&"Scheduled".into()), "{stuck:?}");
    let told = c.world.ledger.all().filter(|r| r.actor == "etcd").count();
    assert!(told >= 1);
    c.wait(7200);
    assert!(reasons(&c, "stuck").contains(&"BackOff".into()));
}
