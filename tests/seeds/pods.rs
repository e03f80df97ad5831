//! Pods are passing: what is in them goes with them, their addresses too, and nobody brings a lone one back.

use kubetutor::cluster::profile::Profile;

use super::{at, fails};
use crate::session::{get, run};

#[test]
fn what_a_container_wrote_goes_with_its_pod() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl run lone --image=nginx");
    run(&mut s, "kubectl exec lone -- sh -c 'echo precious > /tmp/data'");
    assert_eq!(run(&mut s, "kubectl exec lone -- cat /tmp/data"), "precious\n");
    run(&mut s, "kubectl delete pod lone");
    run(&mut s, "kubectl run lone --image=nginx");
    let gone = fails(&mut s, "kubectl exec lone -- cat /tmp/data");
    assert!(gone.contains("No such file or directory"), "{gone}");
}

#[test]
fn pods_talk_to_one_another_by_addresses_that_change_when_they_are_replaced() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx");
    run(&mut s, "kubectl run client --image=busybox -- sleep 1d");
    let address = |s: &mut _| get(s, "pods -l app=web", ".items[0].status.podIP");
    let before = address(&mut s);
    assert!(before.starts_with("10.244."), "{before}");
    let page = run(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{before}"));
    assert!(page.contains("Welcome to nginx"), "{page}");
    run(&mut s, "kubectl delete pod -l app=web");
    let after = address(&mut s);
    assert_ne!(before, after);
    fails(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{before}"));
    run(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{after}"));
}

/// The kubelet restarts containers of any pod; a pod that is gone comes back only if it belongs to somebody.
#[test]
fn a_lone_pod_heals_its_container_but_does_not_come_back_itself() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl run lone --image=nginx");
    run(&mut s, "kubectl create deployment web --image=nginx");
    run(&mut s, "kubectl exec lone -- sh -c 'kill 1'");
    run(&mut s, "wait 30s");
    assert_eq!(get(&mut s, "pod lone", ".status.containerStatuses[0].restartCount"), "1");
    assert_eq!(get(&mut s, "pod lone", ".status.phase"), "Running");
    run(&mut s, "kubectl delete pods --all");
    run(&mut s, "wait 5m");
    let left = run(&mut s, "kubectl get pods -o name");
    assert!(left.starts_with("pod/web-") && left.lines().count() == 1, "{left}");
}

/// The smallest thing that the scheduler and the kubelet know is a pod: all of its containers stand on one node.
#[test]
fn containers_of_a_pod_stand_on_one_node_and_share_one_address() {
    let mut s = at(Profile::Kubeadm);
    crate::session::create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {containers: [
            {name: web, image: nginx}, {name: side, image: busybox, command: [sleep, 1d]}]}}",
    );
    run(&mut s, "wait 10s");
    let addresses = ["web", "side"].map(|c| run(&mut s, &format!("kubectl exec two -c {c} -- hostname -i")));
    assert_eq!(addresses[0], addresses[1]);
    assert_eq!(addresses[0].trim(), get(&mut s, "pod two", ".status.podIP"));
    let page = run(&mut s, "kubectl exec two -c side -- wget -qO- http://localhost");
    assert!(page.contains("Welcome to nginx"), "{page}");
    // No part of it can be made or deleted alone.
    assert!(fails(&mut s, "kubectl get containers").contains("doesn't have a resource type"));
}
