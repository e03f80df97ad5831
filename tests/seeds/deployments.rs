//! What Deployments do in steps, and what they do not do.

use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::session::Pace;

use super::{at, fails, wait};
use crate::session::{create, get, run};

/// The notes' strategy: three at a time, in both directions.
#[test]
fn a_rolling_update_goes_three_at_a_time_if_told_to() {
    let mut s = at(Profile::Kubeadm);
    create(
        &mut s,
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: echo}, spec: {
            replicas: 9, selector: {matchLabels: {app: echo}},
            strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 3, maxUnavailable: 3}},
            template: {metadata: {labels: {app: echo}}, spec: {containers: [{name: echo, image: 'nginx:1.26'}]}}}}",
    );
    run(&mut s, "wait 20s");
    s.pace = Pace::Manual;
    run(&mut s, "kubectl set image deployment/echo echo=nginx:1.27");
    let number = |s: &mut _, field: &str| get(s, "deployment echo", field).parse::<i32>().unwrap_or(0);
    let mut most = 0;
    for _ in 0..200 {
        wait(&mut s, 100);
        let (all, available) = (number(&mut s, ".status.replicas"), number(&mut s, ".status.availableReplicas"));
        assert!(all <= 9 + 3 && available >= 9 - 3, "{all} pods, {available} available");
        most = most.max(all);
    }
    assert_eq!((most, number(&mut s, ".status.updatedReplicas")), (12, 9));
    let done = run(&mut s, "kubectl rollout status deployment/echo");
    assert!(done.contains("successfully rolled out"), "{done}");
}

/// An update makes new pods and deletes old ones: none is changed.
#[test]
fn no_pod_is_updated_but_others_take_its_place_in_another_replica_set() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx:1.26 --replicas=2");
    let uids = |s: &mut _| get(s, "pods", ".items[*].metadata.uid").split(' ').map(String::from).collect::<Vec<_>>();
    let before = uids(&mut s);
    run(&mut s, "kubectl set image deployment/web nginx=nginx:1.27");
    run(&mut s, "wait 10s");
    let after = uids(&mut s);
    assert_eq!((before.len(), after.len()), (2, 2));
    assert!(after.iter().all(|u| !before.contains(u)), "{before:?} {after:?}");
    let sets = run(&mut s, "kubectl get rs --no-headers -o custom-columns=R:.spec.replicas --sort-by=.spec.replicas");
    assert_eq!(sets.split_whitespace().collect::<Vec<_>>(), ["0", "2"]);
}

/// The Deployment's part is its pods. Who wants to reach them makes a Service, of whatever type.
#[test]
fn a_deployment_has_no_service_until_somebody_exposes_it() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx --port=80");
    assert!(fails(&mut s, "kubectl get service web").contains("NotFound"));
    assert!(fails(&mut s, "kubectl create deployment lb --image=nginx --type=LoadBalancer").contains("unknown flag"));
    run(&mut s, "kubectl expose deployment web");
    assert_eq!(get(&mut s, "service web", ".spec.type"), "ClusterIP");
}

/// A tag that stays the same changes nothing in the template, so there is nothing to roll out; a restart is asked for.
#[test]
fn the_same_tag_is_no_update_but_a_restart_is() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx:1.26");
    let pod = |s: &mut _| get(s, "pods", ".items[0].metadata.name");
    let before = pod(&mut s);
    assert_eq!(run(&mut s, "kubectl set image deployment/web nginx=nginx:1.26"), "");
    assert_eq!(pod(&mut s), before);
    run(&mut s, "kubectl rollout restart deployment/web");
    run(&mut s, "wait 10s");
    assert_ne!(pod(&mut s), before);
    assert_eq!(run(&mut s, "kubectl rollout history deployment/web | grep -c '^[0-9]'"), "2\n");
}

#[test]
fn several_deployments_live_side_by_side_each_with_pods_of_its_own_kind() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=2");
    run(&mut s, "kubectl create deployment other --image=httpd");
    run(&mut s, "kubectl scale deployment web --replicas=1");
    let images =
        run(&mut s, "kubectl get pods -o jsonpath='{.items[*].spec.containers[*].image}' | tr ' ' '\\n' | sort");
    assert_eq!(images, "httpd\nnginx\n");
    run(&mut s, "kubectl delete deployment web");
    assert!(run(&mut s, "kubectl get pods -o name").starts_with("pod/other-"));
}
