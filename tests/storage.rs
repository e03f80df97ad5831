//! Volumes that minikube's storage-provisioner makes for claims.

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;

use crate::session::{create, get, run};

fn minikube() -> Session {
    Session::in_memory(&Options { profile: Profile::Minikube, ..Options::default() })
}

fn claim(name: &str, more: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{{more}accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}"
    )
}

fn pod(name: &str, claim: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: nginx, volumeMounts: [{{name: v, mountPath: /data}}]}}], volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}]}}}}"
    )
}

/// The reasons of the Events about a claim, and who wrote them up to the name of the run.
fn told(s: &mut Session, name: &str) -> Vec<(String, String)> {
    let events = format!("events --field-selector involvedObject.name={name}");
    let all = get(s, &events, "range .items[*]}{.source.component} {.reason}{\"\\n\"}{end");
    let line = |l: &str| {
        let (by, reason) = l.split_once(' ').unwrap();
        (by.split('_').next().unwrap().to_string(), reason.to_string())
    };
    let mut all: Vec<_> = all.lines().map(line).collect();
    all.sort();
    all
}

#[test]
fn a_claim_gets_a_directory_of_the_node_and_its_volume_goes_with_it() {
    let mut s = minikube();
    create(&mut s, &claim("notes", ""));
    run(&mut s, "wait 5s");
    let volume = format!("pvc-{}", get(&mut s, "pvc notes", ".metadata.uid"));
    assert_eq!(get(&mut s, "pvc notes", ".status.phase} {.spec.volumeName"), format!("Bound {volume}"));
    let v = format!("pv {volume}");
    for (field, want) in [
        (".status.phase", "Bound"),
        (".spec.hostPath.path", "/tmp/hostpath-provisioner/default/notes"),
        (".spec.claimRef.name", "notes"),
        (".spec.capacity.storage", "1Gi"),
        (".spec.storageClassName", "standard"),
        (".spec.persistentVolumeReclaimPolicy", "Delete"),
        (".metadata.annotations.pv\\.kubernetes\\.io/provisioned-by", "k8s.io/minikube-hostpath"),
    ] {
        assert_eq!(get(&mut s, &v, field), want, "{field}");
    }
    let made = "k8s.io/minikube-hostpath".to_string();
    let want = [
        (made.clone(), "Provisioning".to_string()),
        (made, "ProvisioningSucceeded".into()),
        ("persistentvolume-controller".into(), "ExternalProvisioning".into()),
    ];
    assert_eq!(told(&mut s, "notes"), want);
    create(&mut s, &pod("writer", "notes"));
    run(&mut s, "kubectl wait --for=condition=Ready pod/writer --timeout=60s");
    run(&mut s, "kubectl delete pod writer");
    run(&mut s, "kubectl delete pvc notes");
    run(&mut s, "wait 5s");
    assert_eq!(run(&mut s, "kubectl get pv -o name"), "");
}

#[test]
fn what_somebody_retains_stays_and_a_block_device_is_not_made() {
    let mut s = minikube();
    create(&mut s, &claim("kept", ""));
    run(&mut s, "wait 5s");
    let volume = get(&mut s, "pvc kept", ".spec.volumeName");
    run(
        &mut s,
        &format!("kubectl patch pv {volume} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'"),
    );
    run(&mut s, "kubectl delete pvc kept");
    run(&mut s, "wait 20s");
    assert_eq!(get(&mut s, &format!("pv {volume}"), ".status.phase"), "Released");
    create(&mut s, &claim("raw", "volumeMode: Block, "));
    run(&mut s, "wait 5s");
    assert_eq!(get(&mut s, "pvc raw", ".status.phase"), "Pending");
    let failed = ("k8s.io/minikube-hostpath".to_string(), "ProvisioningFailed".to_string());
    assert!(told(&mut s, "raw").contains(&failed));
}

#[test]
fn a_class_that_waits_for_a_pod_is_served_when_its_node_is_known() {
    let mut s = minikube();
    create(
        &mut s,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: k8s.io/minikube-hostpath, volumeBindingMode: WaitForFirstConsumer}",
    );
    create(&mut s, &claim("late", "storageClassName: late, "));
    run(&mut s, "wait 20s");
    assert_eq!(get(&mut s, "pvc late", ".status.phase"), "Pending");
    create(&mut s, &pod("first", "late"));
    run(&mut s, "kubectl wait --for=condition=Ready pod/first --timeout=60s");
    assert_eq!(get(&mut s, "pvc late", ".status.phase"), "Bound");
}

#[test]
fn a_stateful_set_has_a_volume_for_each_pod() {
    let mut s = minikube();
    create(
        &mut s,
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: nginx, volumeMounts: [{name: data, mountPath: /data}]}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}",
    );
    run(&mut s, "kubectl rollout status statefulset/db --timeout=120s");
    assert_eq!(get(&mut s, "pvc", ".items[*].status.phase"), "Bound Bound");
    assert_eq!(
        get(&mut s, "pv", ".items[*].spec.hostPath.path").split(' ').collect::<std::collections::BTreeSet<_>>(),
        ["/tmp/hostpath-provisioner/default/data-db-0", "/tmp/hostpath-provisioner/default/data-db-1"].into()
    );
}

/// Real Kubernetes: "Configure a Pod to Use a PersistentVolume for Storage".
#[test]
fn a_nodes_disk_is_what_its_pods_mount() {
    let mut s = minikube();
    run(&mut s, "minikube ssh -- 'sudo mkdir -p /mnt/data && echo from the node | sudo tee /mnt/data/index.html'");
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {volumes: [{name: d, hostPath: {path: /mnt/data}}], containers: [{name: nginx, image: 'nginx:1.27', volumeMounts: [{name: d, mountPath: /usr/share/nginx/html}]}]}}",
    );
    assert_eq!(run(&mut s, "kubectl exec web -- curl -s localhost"), "from the node\n");
    run(&mut s, "kubectl exec web -- sh -c 'echo from the pod > /usr/share/nginx/html/other'");
    assert_eq!(run(&mut s, "minikube ssh -- cat /mnt/data/other"), "from the pod\n");
    // Who looks at the node from a pod sees the same, and can make it the root of all files.
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: look}, spec: {volumes: [{name: h, hostPath: {path: /}}], containers: [{name: c, image: 'busybox:1.36', command: [sleep, '3600'], volumeMounts: [{name: h, mountPath: /host}]}]}}",
    );
    assert_eq!(run(&mut s, "kubectl exec look -- cat /host/mnt/data/other"), "from the pod\n");
    assert_eq!(
        run(&mut s, "kubectl exec look -- chroot /host sh -c 'cd /mnt/data; cat other; pwd; ls -d /host || echo none'"),
        "from the pod\n/mnt/data\nnone\n"
    );
    let o = s.eval("kubectl exec look -- chroot /tmp sh");
    assert_eq!((o.code, o.stdout.as_str()), (125, ""), "{}", o.stderr);
}
