//! What outlives a container, a pod, and neither.

use kubetutor::cluster::profile::Profile;

use super::{at, fails};
use crate::session::{create, get, run};

fn pod(name: &str, volume: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 1,
            containers: [{{name: a, image: busybox, command: [sleep, 1d], volumeMounts: [{{name: v, mountPath: /data}}]}},
                {{name: b, image: busybox, command: [sleep, 1d], volumeMounts: [{{name: v, mountPath: /data}}]}}],
            volumes: [{{name: v, {volume}}}]}}}}"
    )
}

#[test]
fn containers_of_a_pod_share_a_volume_and_an_empty_dir_goes_with_the_pod() {
    let mut s = at(Profile::Minikube);
    create(&mut s, &pod("two", "emptyDir: {}"));
    run(&mut s, "wait 10s");
    run(&mut s, "kubectl exec two -c a -- sh -c 'echo note > /data/f'");
    assert_eq!(run(&mut s, "kubectl exec two -c b -- cat /data/f"), "note\n");
    // It outlives a container,
    run(&mut s, "kubectl exec two -c a -- sh -c 'kill -KILL 1; kill 1' || true");
    run(&mut s, "wait 30s");
    assert_eq!(run(&mut s, "kubectl exec two -c a -- cat /data/f"), "note\n");
    // but not the pod.
    run(&mut s, "kubectl delete pod two");
    create(&mut s, &pod("two", "emptyDir: {}"));
    run(&mut s, "wait 10s");
    fails(&mut s, "kubectl exec two -c a -- cat /data/f");
}

#[test]
fn what_lies_in_a_claims_volume_outlives_the_pod() {
    let mut s = at(Profile::Minikube);
    create(
        &mut s,
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: disk}, spec: {
            accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    );
    let volume = "persistentVolumeClaim: {claimName: disk}";
    create(&mut s, &pod("one", volume));
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pvc disk", ".status.phase"), "Bound");
    run(&mut s, "kubectl exec one -c a -- sh -c 'echo kept > /data/f'");
    run(&mut s, "kubectl delete pod one");
    create(&mut s, &pod("other", volume));
    run(&mut s, "wait 10s");
    assert_eq!(run(&mut s, "kubectl exec other -c b -- cat /data/f"), "kept\n");
}
