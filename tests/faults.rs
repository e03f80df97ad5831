//! What is broken and mended again: told in both languages as it happens, and without a trace in the end.

use expect_test::expect_file;
use kubetutor::api::kinds::{Deployment, Node, Pod, node};
use kubetutor::api::{Duration, Resource, pods};
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::explain::Language;
use kubetutor::prompt::Session;

fn session(profile: Profile, seed: u64) -> Session {
    Session::in_memory(&Options { profile, seed, ..Options::default() })
}

/// The sessions lie in `stories/`, as those of `stories.rs` do: written anew with `UPDATE_EXPECT=1`, and then to be read.
const STORIES: &[(&str, &[&str])] = &[
    (
        "fault-apiserver",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail apiserver",
            "kubectl get pods",
            "kubectl create deployment late --image=nginx",
            "wait 1m",
            "heal apiserver",
            "kubectl scale deployment web --replicas=3",
            "wait 40s",
            "why deploy/web",
        ],
    ),
    (
        "fault-scheduler",
        &[
            "kubectl get pods -n kube-system",
            "kubectl delete pod kube-scheduler-control-plane -n kube-system",
            "fail scheduler",
            "wait 20s",
            "kubectl get pods -n kube-system",
            "kubectl create deployment web --image=nginx",
            "heal scheduler",
            "kubectl get pods -A",
        ],
    ),
    (
        "fault-etcd",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail etcd",
            "kubectl get pods",
            "kubectl get --raw /readyz?exclude=nothing",
            "kubectl create configmap late",
            "kubectl get componentstatuses",
            "wait 20s",
            "kubectl get nodes",
            "wait 2m",
            "kubectl get pods",
            "heal etcd",
            "wait 3m",
            "kubectl get pods -A",
        ],
    ),
    (
        "fault-etcd-full",
        &[
            "kubectl create configmap early",
            "fail etcd full",
            "kubectl create configmap late",
            "kubectl get configmaps",
            "kubectl delete configmap early",
            "wait 30s",
            "heal etcd",
            "wait 30s",
            "fail etcd slow",
            "kubectl create deployment web --image=nginx --replicas=2",
            "kubectl scale deployment web --replicas=3",
            "heal etcd",
            "wait 20s",
            "kubectl get pods",
        ],
    ),
    (
        "fault-node",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail node worker-3",
            "wait 1m",
            "kubectl get pods -o wide",
            "kubectl logs deployment/web",
            "heal node worker-3",
            "wait 40s",
            "kubectl get pods -o wide",
            "kubectl get events --field-selector reason=SandboxChanged",
            "fail node control-plane",
            "kubectl get nodes",
            "wait 30s",
            "heal node control-plane",
            "wait 1m",
            "kubectl get pods -A",
        ],
    ),
    (
        "fault-network",
        &[
            "kubectl create deployment web --image=nginx --replicas=3",
            "kubectl expose deployment web --port=80",
            "fail network worker-1 worker-2",
            "kubectl get nodes",
            "heal network worker-2 worker-1",
            "fail network control-plane worker-1",
            "wait 1m",
            "kubectl get nodes",
            "wait 5m",
            "kubectl get pods -o wide",
            "heal network",
            "wait 30s",
            "kubectl get pods -o wide",
            "kubectl get nodes",
        ],
    ),
    (
        "fault-memory",
        &[
            "kubectl create deployment web --image=nginx --replicas=4",
            "fail memory worker-1",
            "wait 30s",
            "kubectl get pods -o wide",
            "kubectl get events --field-selector reason=Evicted",
            "kubectl get events --field-selector involvedObject.kind=Node",
            "why pod/web",
            "heal memory worker-1",
            "wait 1m",
            "kubectl get node worker-1 -o jsonpath={.spec.taints}",
            "wait 5m",
            "kubectl get node worker-1 -o jsonpath={.spec.taints}",
        ],
    ),
    (
        "fault-disk",
        &[
            "kubectl create deployment web --image=nginx --replicas=4",
            "fail disk worker-2",
            "wait 30s",
            "kubectl get pods -o wide",
            "kubectl get events --field-selector reason=Evicted",
            "wait 5m",
            "kubectl get events --field-selector involvedObject.kind=Node",
            "heal disk worker-2",
            "wait 6m",
        ],
    ),
    (
        "fault-hang",
        &[
            "kubectl create deployment web --image=nginx",
            "kubectl patch deployment web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"nginx\",\"livenessProbe\":{\"httpGet\":{\"path\":\"/\",\"port\":80},\"periodSeconds\":5}}]}}}}'",
            "kubectl run lone --image=nginx",
            "fail container lone hang",
            "wait 1m",
            "kubectl get pods",
            "heal container lone hang",
        ],
    ),
    (
        "fault-clock",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail clock worker-1",
            "wait 70s",
            "kubectl get lease worker-1 -n kube-node-lease -o jsonpath={.spec.renewTime}",
            "heal clock worker-1",
            "wait 1m",
            "kubectl get nodes",
        ],
    ),
    (
        "fault-control-plane-kubelet",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail kubelet control-plane",
            "wait 1m",
            "kubectl get nodes",
            "kubectl get pods -A",
            "kubectl delete pod kube-scheduler-control-plane -n kube-system --wait=false",
            "kubectl scale deployment web --replicas=3",
            "fail container kube-system/kube-scheduler-control-plane",
            "kubectl create deployment late --image=nginx",
            "wait 30s",
            "kubectl get pods -A",
            "heal kubelet control-plane",
            "wait 30s",
            "kubectl get pods -A",
        ],
    ),
    (
        "fault-control-plane-containerd",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "fail containerd control-plane",
            "wait 1m",
            "kubectl get nodes",
            "kubectl scale deployment web --replicas=3",
            "fail container kube-system/kube-apiserver-control-plane",
            "wait 1m",
            "kubectl get pods",
            "heal containerd control-plane",
            "wait 1m",
            "kubectl get pods -A",
        ],
    ),
];

#[test]
fn faults_are_told_before_during_and_after() {
    for (name, lines) in STORIES {
        for language in [Language::English, Language::Korean] {
            let mut s = session(Profile::Kubeadm, 1);
            s.language = language;
            let mut out = String::new();
            for line in *lines {
                let o = s.eval(line);
                out.push_str(&format!("> {line}\n{}{}{}", o.stdout, o.stderr, o.story));
            }
            let file = format!("{}/tests/stories/{name}.{}.txt", env!("CARGO_MANIFEST_DIR"), language.code());
            expect_file![file].assert_eq(&out);
        }
    }
}

/// What a learner would call the state of the cluster: which nodes are well, what runs for whom.
fn state(s: &Session) -> Vec<String> {
    let c = &s.cluster;
    let taints =
        |n: &Node| n.spec.iter().flat_map(|s| s.taints.iter().flatten()).map(|t| t.key.clone()).collect::<Vec<_>>();
    let nodes =
        c.objects::<Node>().into_iter().map(|n| format!("{} {} {:?}", n.name(), node::is_ready(&n), taints(&n)));
    let deployments = c.objects::<Deployment>().into_iter().map(|d| {
        let ready = d.status.as_ref().and_then(|s| s.ready_replicas);
        format!("{} {ready:?}", d.name())
    });
    // Pods that have ended stay until somebody clears them away: they are history, not state.
    let mut running: Vec<String> = c
        .objects::<Pod>()
        .into_iter()
        .filter(|p| p.namespace() == "default" && !pods::is_terminal(p))
        .map(|p| {
            format!(
                "{} {} {}",
                p.metadata.labels.iter().flatten().map(|(_, v)| v.as_str()).next().unwrap_or(""),
                pods::phase(&p),
                pods::is_ready(&p)
            )
        })
        .collect();
    running.sort();
    nodes.chain(deployments).chain(running).collect()
}

/// What a cluster comes to in which a fault, if any, is broken for a while, and in which things are changed after that.
fn end_state(profile: Profile, seed: u64, fault: Option<&str>, broken_for: Duration) -> Vec<String> {
    let mut s = session(profile, seed);
    s.eval("kubectl create deployment web --image=nginx --replicas=3");
    s.eval("kubectl create deployment other --image=httpd --replicas=2");
    let must = |s: &mut Session, word: &str| {
        let told = fault.map(|f| s.eval(&format!("{word} {f}")));
        assert!(told.as_ref().is_none_or(|t| t.code == 0), "{fault:?}: {told:?}");
    };
    must(&mut s, "fail");
    s.wait(broken_for);
    must(&mut s, "heal");
    // The API server may wait five minutes before it is started again.
    s.eval("wait 6m");
    s.eval("kubectl scale deployment web --replicas=4");
    s.eval("kubectl delete deployment other");
    s.eval("wait 10m");
    state(&s)
}

/// What the study notes say of the control plane's node, and what is true of it.
#[test]
fn without_the_kubelet_of_the_control_plane_all_goes_on_but_nothing_there_is_repaired() {
    let mut s = session(Profile::Kubeadm, 1);
    s.eval("kubectl create deployment web --image=nginx --replicas=2");
    s.eval("fail kubelet control-plane");
    s.eval("kubectl delete pod kube-scheduler-control-plane -n kube-system --wait=false");
    s.eval("wait 1m");
    let system = s.eval("kubectl get pods -n kube-system").stdout;
    assert!(system.contains("kube-scheduler-control-plane            1/1     Terminating"), "{system}");
    s.eval("kubectl scale deployment web --replicas=3");
    let pods = s.eval("kubectl get pods --no-headers").stdout;
    assert_eq!(pods.matches("1/1     Running").count() + pods.matches("1/1   Running").count(), 3, "{pods}");
    s.eval("fail container kube-system/kube-scheduler-control-plane");
    s.eval("kubectl scale deployment web --replicas=4");
    s.eval("wait 2m");
    let pods = s.eval("kubectl get pods --no-headers").stdout;
    assert_eq!(pods.matches("Pending").count(), 1, "{pods}");
    s.eval("heal kubelet control-plane");
    s.eval("wait 1m");
    let pods = s.eval("kubectl get pods --no-headers").stdout;
    assert_eq!(pods.matches("Running").count(), 4, "{pods}");
}

/// Whatever fails at the same time: when all is mended, the cluster is well again.
#[test]
fn several_faults_at_once_are_mended_in_any_order() {
    let faults = [
        "apiserver",
        "etcd",
        "kubelet worker-1",
        "node worker-2",
        "scheduler",
        "containerd control-plane",
        "disk worker-3",
        "node control-plane",
    ];
    for seed in 0..6u64 {
        let mut s = session(Profile::Kubeadm, seed + 1);
        s.eval("kubectl create deployment web --image=nginx --replicas=4");
        let chosen =
            |turn: u64| faults.iter().enumerate().filter(move |(i, _)| !(seed + turn + *i as u64).is_multiple_of(3));
        for (i, fault) in chosen(0) {
            s.eval(&format!("fail {fault}"));
            s.wait(Duration::from_secs(7 * (i as u64 + seed)));
        }
        for fault in faults.iter().rev().filter(|f| chosen(0).any(|(_, c)| c == *f)) {
            assert_eq!(s.eval(&format!("heal {fault}")).code, 0, "{fault}, seed {seed}");
            s.wait(Duration::from_secs(seed * 11));
        }
        s.eval("wait 30m");
        let nodes = s.cluster.objects::<Node>();
        assert!(nodes.iter().all(node::is_ready), "seed {seed}: {:?}", state(&s));
        let deployment = s.cluster.objects::<Deployment>().remove(0);
        assert_eq!(
            deployment.status.and_then(|s| s.ready_replicas),
            Some(4),
            "seed {seed}: {:?}",
            s.cluster.world.faults
        );
    }
}

#[test]
fn what_was_broken_and_is_mended_leaves_the_cluster_as_it_would_have_been() {
    let whole = [
        "apiserver",
        "etcd",
        "etcd slow",
        "etcd full",
        "scheduler",
        "controller-manager",
        "controller replicaset",
        "registry",
    ];
    let on_nodes = ["kubelet", "containerd", "node", "memory", "disk", "clock"];
    let all: Vec<(Profile, String)> = whole
        .iter()
        .map(|f| (Profile::Kubeadm, (*f).to_string()))
        .chain(on_nodes.iter().map(|f| (Profile::Kubeadm, format!("{f} worker-1"))))
        .chain(on_nodes.iter().map(|f| (Profile::Kubeadm, format!("{f} control-plane"))))
        .chain(["apiserver", "node minikube"].map(|f| (Profile::Minikube, f.to_string())))
        .chain(["apiserver", "etcd"].map(|f| (Profile::Bare, f.to_string())))
        .collect();
    let times = [3, 20, 90, 700].map(Duration::from_secs);
    for profile in [Profile::Kubeadm, Profile::Minikube, Profile::Bare] {
        let wanted = end_state(profile, 1, None, times[0]);
        for (i, (_, fault)) in all.iter().enumerate().filter(|(_, (p, _))| *p == profile) {
            // Each for a short time and for a long one.
            for broken_for in [times[i % 2], times[2 + i / 2 % 2]] {
                let got = end_state(profile, u64::try_from(i).unwrap_or(0), Some(fault), broken_for);
                assert_eq!(got, wanted, "{fault} for {broken_for:?}, {}", profile.name());
            }
        }
    }
}

/// A node that is cut off from the control plane runs on what it was told to stop, as it cannot be told.
#[test]
fn behind_a_cut_wire_pods_run_on_until_it_is_whole() {
    let mut s = session(Profile::Kubeadm, 1);
    s.eval("kubectl create deployment web --image=nginx --replicas=3");
    let on = |s: &Session| {
        s.cluster
            .objects::<Pod>()
            .into_iter()
            .filter(|p| pods::node(p) == "worker-1" && p.namespace() == "default")
            .collect::<Vec<_>>()
    };
    let old: Vec<_> = on(&s).iter().map(|p| kubetutor::api::Uid::of(p.uid())).collect();
    assert!(!old.is_empty());
    assert_eq!(s.eval("fail network control-plane worker-1").code, 0);
    assert_eq!(s.eval("fail network worker-1 control-plane").code, 2, "it is cut already");
    let logs = s.eval(&format!("kubectl logs {}", on(&s)[0].name())).stderr;
    assert!(logs.contains(":10250") && logs.contains("i/o timeout"), "{logs}");
    s.advance(Duration::from_secs(400));
    let ready =
        |s: &Session| s.cluster.objects::<Node>().iter().find(|n| n.name() == "worker-1").is_some_and(node::is_ready);
    assert!(!ready(&s));
    assert!(on(&s).iter().all(|p| p.metadata.deletion_timestamp.is_some()), "they are to go");
    let alive = s.cluster.alive();
    assert!(old.iter().all(|uid| alive.contains(uid)), "but nobody can tell them");
    assert_eq!(s.eval("heal network").code, 0);
    s.advance(Duration::from_secs(90));
    let alive = s.cluster.alive();
    assert!(ready(&s) && !old.iter().any(|uid| alive.contains(uid)));
    let web = s.cluster.objects::<Deployment>().into_iter().find(|d| d.name() == "web").unwrap();
    assert_eq!(web.status.and_then(|s| s.ready_replicas), Some(3));
}

/// The wire is mended while nobody answers at its other end: kubelet goes on trying.
#[test]
fn a_wire_that_is_whole_before_the_api_server_is_found_to_be_so_later() {
    let mut s = session(Profile::Kubeadm, 1);
    for line in ["fail network control-plane worker-1", "fail apiserver", "heal network", "wait 1m", "heal apiserver"] {
        assert_eq!(s.eval(line).code, 0, "{line}");
    }
    s.advance(Duration::from_secs(400));
    s.eval(r#"kubectl run a --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}'"#);
    s.advance(Duration::from_secs(30));
    assert_eq!(s.eval("kubectl get pod a -o jsonpath={.status.phase}").stdout, "Running");
}

/// Between two workers only packets get lost: nobody in the control plane notices.
#[test]
fn a_cut_between_workers_is_felt_by_packets_alone() {
    let mut s = session(Profile::Kubeadm, 1);
    let pod = |name: &str, node: &str| {
        format!("kubectl run {name} --image=nginx --overrides='{{\"spec\":{{\"nodeName\":\"{node}\"}}}}'")
    };
    s.eval(&pod("a", "worker-1"));
    s.eval(&pod("b", "worker-2"));
    s.eval("wait 10s");
    let ip = s.eval("kubectl get pod b -o jsonpath={.status.podIP}").stdout;
    let ask = format!("kubectl exec a -- curl -s -m 2 http://{ip}");
    assert_eq!(s.eval(&ask).code, 0);
    s.eval("fail network worker-2 worker-1");
    assert_ne!(s.eval(&ask).code, 0);
    s.eval("wait 2m");
    assert!(s.cluster.objects::<Node>().iter().all(node::is_ready));
    s.eval("heal network worker-1 worker-2");
    assert_eq!(s.eval(&ask).code, 0);
    assert!(s.eval("fail network worker-1").stderr.contains("worker-1 worker-2"));
    let one = session(Profile::Minikube, 1).eval("fail network minikube minikube");
    assert_eq!(one.stderr, "this cluster has no such place\n");
}

/// A node that has been deleted and comes back gets another range, once there is somebody who gives it.
#[test]
fn a_node_that_comes_anew_is_given_a_range_of_addresses() {
    let mut s = session(Profile::Kubeadm, 1);
    let node = |s: &Session| s.cluster.objects::<Node>().into_iter().find(|n| n.name() == "worker-2").unwrap();
    let range = |s: &Session| node(s).spec.and_then(|s| s.pod_cidr);
    let first = range(&s);
    assert_eq!(first.as_deref(), Some("10.244.2.0/24"));
    s.eval("fail controller node-ipam");
    s.eval("kubectl delete node worker-2");
    s.eval("fail kubelet worker-2");
    s.eval("heal kubelet worker-2");
    s.eval("wait 10s");
    assert_eq!(range(&s), None, "nobody gives it one");
    let told = s.eval("heal controller node-ipam").story + &s.eval("wait 10s").story;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("gives it 10.244.4.0/24 out of the cluster's 10.244.0.0/16"), "{told}");
    assert_eq!(range(&s).as_deref(), Some("10.244.4.0/24"), "the next one, as what was freed is given again last");
    assert!(node::is_ready(&node(&s)));
    s.eval("kubectl run p --image=nginx --overrides='{\"spec\":{\"nodeName\":\"worker-2\"}}'");
    s.eval("wait 10s");
    assert!(s.eval("kubectl get pod p -o jsonpath={.status.podIP}").stdout.starts_with("10.244.4."));
}
