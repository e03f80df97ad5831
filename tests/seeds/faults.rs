//! What the notes say of broken nodes, and what happens.

use kubetutor::cluster::profile::Profile;

use super::{at, wait};
use crate::session::{get, run};

/// The notes let its pods die and wait. In truth they run on and answer; only what the node is to do anew stays undone.
#[test]
fn pods_of_a_worker_without_a_kubelet_run_on_until_others_replace_them() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=3");
    run(&mut s, "kubectl run client --image=busybox -- sleep 1d");
    let filter = "--field-selector spec.nodeName=worker-1 -l app=web";
    let pod = get(&mut s, &format!("pods {filter}"), ".items[0].metadata.name");
    let address = get(&mut s, &format!("pod {pod}"), ".status.podIP");
    run(&mut s, "fail kubelet worker-1");
    run(&mut s, r#"kubectl run stuck --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}'"#);
    run(&mut s, "wait 2m");
    assert!(run(&mut s, "kubectl get node worker-1").contains("NotReady"));
    assert_eq!(get(&mut s, &format!("pod {pod}"), ".status.phase"), "Running");
    assert_eq!(get(&mut s, "pod stuck", ".status.phase"), "Pending");
    if get(&mut s, "pod client", ".spec.nodeName") != "worker-1" {
        run(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{address}"));
    }
    run(&mut s, "wait 6m");
    assert_ne!(get(&mut s, &format!("pod {pod}"), ".metadata.deletionTimestamp"), "");
    assert_eq!(get(&mut s, "deployment web", ".status.readyReplicas"), "3");
    run(&mut s, "heal kubelet worker-1");
    run(&mut s, "wait 1m");
    assert_eq!(run(&mut s, "kubectl get pods -l app=web -o name | wc -l").trim(), "3");
}

/// The kubelet still speaks, and says that its runtime is down: at once nothing new is placed there.
#[test]
fn a_worker_without_a_container_runtime_is_left_out_of_scheduling() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "fail containerd worker-1");
    run(&mut s, "wait 40s");
    let ready = r#".status.conditions[?(@.type=="Ready")]"#;
    assert_eq!(get(&mut s, "node worker-1", &format!("{ready}.status")), "False");
    assert!(get(&mut s, "node worker-1", &format!("{ready}.message")).contains("container runtime is down"));
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=6");
    run(&mut s, "wait 10s");
    let nodes = get(&mut s, "pods", ".items[*].spec.nodeName");
    assert!(!nodes.contains("worker-1") && nodes.split(' ').count() == 6, "{nodes}");
    assert_eq!(get(&mut s, "deployment web", ".status.readyReplicas"), "6");
}

/// What is deleted of the control plane is only the mirror of its static pod: the kubelet makes it again at once.
#[test]
fn a_deleted_scheduler_is_back_before_anybody_misses_it() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl delete pod kube-scheduler-control-plane -n kube-system");
    run(&mut s, "kubectl create deployment web --image=nginx");
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "deployment web", ".status.readyReplicas"), "1");
    let row = run(&mut s, "kubectl get pod kube-scheduler-control-plane -n kube-system --no-headers");
    assert!(row.contains("1/1") && row.contains("Running"), "{row}");
}

/// The notes call it paralysed. In truth the containers run on without their runtime, and the API server with them; but whatever
/// stops there stays down.
#[test]
fn without_a_runtime_the_control_plane_runs_on_until_one_of_its_programs_ends() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "fail containerd control-plane");
    run(&mut s, "wait 1m");
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=2");
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "deployment web", ".status.readyReplicas"), "2");
    run(&mut s, "fail container kube-system/kube-apiserver-control-plane");
    wait(&mut s, 120_000);
    let o = s.eval("kubectl get pods");
    assert!(o.code != 0 && o.stderr.contains("refused"), "{}", o.stderr);
    run(&mut s, "heal containerd control-plane");
    run(&mut s, "wait 6m");
    assert_eq!(get(&mut s, "deployment web", ".status.readyReplicas"), "2");
}
