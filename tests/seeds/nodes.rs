//! What a cluster is made of, and who in it talks to whom.

use kubetutor::cluster::profile::Profile;

use super::{at, fails};
use crate::session::{create, get, run};

/// Kubernetes manages pods on the machines that somebody gives it. It makes no machine.
#[test]
fn a_node_is_no_machine_until_a_kubelet_speaks_for_it() {
    let mut s = at(Profile::Kubeadm);
    fails(&mut s, "kubectl create node dreamt");
    create(&mut s, "{apiVersion: v1, kind: Node, metadata: {name: dreamt}}");
    run(&mut s, "wait 2m");
    let row = run(&mut s, "kubectl get node dreamt --no-headers");
    assert_eq!(row.split_whitespace().nth(1), Some("NotReady"), "{row}");
    let ready = r#".status.conditions[?(@.type=="Ready")].reason"#;
    assert_eq!(get(&mut s, "node dreamt", ready), "NodeStatusNeverUpdated");
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=8");
    run(&mut s, "wait 10s");
    let nodes = get(&mut s, "pods", ".items[*].spec.nodeName");
    assert!(!nodes.contains("dreamt") && nodes.split(' ').count() == 8, "{nodes}");
}

/// As kubeadm sets it up: the programs of the control plane are pods of the first node, which a taint keeps free of others.
#[test]
fn the_control_plane_runs_its_own_programs_and_nothing_that_does_not_tolerate_its_taint() {
    let mut s = at(Profile::Kubeadm);
    let on_it = run(&mut s, "kubectl get pods -n kube-system --field-selector spec.nodeName=control-plane -o name");
    for program in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        assert!(on_it.contains(&format!("pod/{program}-control-plane\n")), "{on_it}");
        let log = run(&mut s, &format!("kubectl get pod {program}-control-plane -n kube-system --no-headers"));
        assert!(log.contains("1/1") && log.contains("Running"), "{log}");
    }
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=9");
    run(&mut s, "wait 10s");
    let nodes = get(&mut s, "pods", ".items[*].spec.nodeName");
    assert!(!nodes.contains("control-plane"), "{nodes}");
    run(&mut s, "kubectl taint node control-plane node-role.kubernetes.io/control-plane-");
    run(&mut s, "kubectl scale deployment web --replicas=16");
    run(&mut s, "wait 10s");
    assert!(get(&mut s, "pods", ".items[*].spec.nodeName").contains("control-plane"));
}

/// On minikube one machine is both.
#[test]
fn minikube_has_one_node_that_is_control_plane_and_worker() {
    let mut s = at(Profile::Minikube);
    run(&mut s, "kubectl run web --image=nginx");
    assert_eq!(get(&mut s, "nodes", ".items[*].metadata.name"), "minikube");
    assert!(run(&mut s, "kubectl get node minikube --no-headers").contains("control-plane"));
    assert_eq!(get(&mut s, "pod web", ".spec.nodeName"), "minikube");
    assert!(run(&mut s, "kubectl get pods -n kube-system -o name").contains("kube-apiserver-minikube"));
}

/// The scheduler writes a name into the pod; the kubelet of that node reads it from the API server. Neither speaks to the other.
#[test]
fn a_kubelet_runs_what_names_its_node_without_any_scheduler() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "fail scheduler");
    run(&mut s, "kubectl run waits --image=nginx");
    run(&mut s, r#"kubectl run pinned --image=nginx --overrides='{"spec":{"nodeName":"worker-2"}}'"#);
    run(&mut s, "wait 20s");
    let phase = |s: &mut _, pod: &str| get(s, &format!("pod {pod}"), ".status.phase");
    assert_eq!((phase(&mut s, "waits"), phase(&mut s, "pinned")), ("Pending".into(), "Running".into()));
    run(&mut s, "heal scheduler");
    run(&mut s, "wait 20s");
    assert_eq!(phase(&mut s, "waits"), "Running");
}

/// Whoever wants to know or change something asks the API server; only it asks etcd.
#[test]
fn what_kubectl_says_goes_to_the_api_server_and_from_there_to_etcd() {
    let mut s = at(Profile::Kubeadm);
    let told = s.eval("kubectl create deployment web --image=nginx").story;
    let places = ["kube-apiserver", "└ deployment", "└ replicaset", "scheduler", "kubelet@"].map(|w| told.find(w));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{told}");
    run(&mut s, "fail etcd");
    fails(&mut s, "kubectl create configmap late");
    run(&mut s, "heal etcd");
    run(&mut s, "wait 3m");
    run(&mut s, "kubectl create configmap late");
    run(&mut s, "fail apiserver");
    let refused = fails(&mut s, "kubectl get pods");
    assert!(refused.contains("was refused - did you specify the right host or port?"), "{refused}");
}

/// What somebody has to see to, and what a managed service takes over: `help` says it, for the cluster at hand.
#[test]
fn help_says_who_makes_the_cluster_and_what_a_managed_service_takes_over() {
    use kubetutor::explain::Language;
    for (profile, english, korean) in [
        (
            Profile::Kubeadm,
            "kubeadm set up the control plane",
            "관리형 서비스(EKS, GKE, AKS, Kubermatic)는 이 모든 것을 대신해",
        ),
        (Profile::Minikube, "control plane and worker", "컨트롤 플레인이면서 워커인"),
        (
            Profile::Cloud,
            "by cloud-controller-manager gives each LoadBalancer an address",
            "cloud-controller-manager로",
        ),
    ] {
        let mut s = at(profile);
        let told = run(&mut s, "help");
        assert!(told.contains(english) && told.contains("EKS"), "{told}");
        s.language = Language::Korean;
        assert!(run(&mut s, "help").contains(korean));
    }
}
