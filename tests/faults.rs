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
            "fail node worker-1",
            "wait 1m",
            "kubectl get pods -o wide",
            "kubectl logs deployment/web",
            "heal node worker-1",
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

/// A cluster in which something was broken for a while, and was changed meanwhile, ends as one in which nothing was.
fn converges(profile: Profile, seed: u64, fault: &str, broken_for: Duration) {
    let play = |broken: bool| {
        let mut s = session(profile, seed);
        s.language = Language::English;
        s.eval("kubectl create deployment web --image=nginx --replicas=3");
        s.eval("kubectl create deployment other --image=httpd --replicas=2");
        if broken {
            let told = s.eval(&format!("fail {fault}"));
            assert_eq!(told.code, 0, "{fault}: {}", told.stderr);
        }
        s.wait(broken_for);
        if broken {
            let told = s.eval(&format!("heal {fault}"));
            assert_eq!(told.code, 0, "{fault}: {}", told.stderr);
        }
        // The API server may wait five minutes before it is started again.
        s.eval("wait 6m");
        s.eval("kubectl scale deployment web --replicas=4");
        s.eval("kubectl delete deployment other");
        s.eval("wait 10m");
        state(&s)
    };
    assert_eq!(play(true), play(false), "{fault} for {broken_for:?}, seed {seed}, {}", profile.name());
}

#[test]
fn what_was_broken_and_is_mended_leaves_the_cluster_as_it_would_have_been() {
    let mended = [
        "apiserver",
        "etcd",
        "etcd slow",
        "etcd full",
        "scheduler",
        "controller-manager",
        "controller replicaset",
        "registry",
    ];
    let on_nodes = ["kubelet", "containerd", "node"];
    for (i, seconds) in [3, 20, 90, 700].into_iter().enumerate() {
        let seed = u64::try_from(i).unwrap_or(0) + 1;
        let broken_for = Duration::from_secs(seconds);
        for fault in mended {
            converges(Profile::Kubeadm, seed, fault, broken_for);
        }
        for fault in on_nodes {
            converges(Profile::Kubeadm, seed, &format!("{fault} worker-1"), broken_for);
            converges(Profile::Kubeadm, seed, &format!("{fault} control-plane"), broken_for);
        }
        converges(Profile::Minikube, seed, "apiserver", broken_for);
        converges(Profile::Minikube, seed, "node minikube", broken_for);
        converges(Profile::Bare, seed, "etcd", broken_for);
    }
}
