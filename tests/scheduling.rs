//! The scheduler with the controllers and kubelets around it: volumes that wait for their pod, gates, ports, preemption.

use kubetutor::cluster::Options;
use kubetutor::prompt::Session;

use crate::session::{create, get, run, session};

const CLASS: &str = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, provisioner: kubernetes.io/no-provisioner, volumeBindingMode: WaitForFirstConsumer}";
const CLAIM: &str = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: local, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
const USER: &str = "{apiVersion: v1, kind: Pod, metadata: {name: user}, spec: {containers: [{name: c, image: nginx}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}";

fn volume(name: &str, node: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{storageClassName: local, accessModes: [ReadWriteOnce], capacity: {{storage: 1Gi}}, local: {{path: /mnt}}, nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: [{node}]}}]}}]}}}}}}}}"
    )
}

fn message(s: &mut Session, pod: &str) -> String {
    get(s, &format!("pod {pod}"), ".status.conditions[?(@.type==\"PodScheduled\")].message")
}

#[test]
fn a_claim_that_waits_for_its_pod_gets_a_volume_where_the_pod_can_stand() {
    let mut s = session();
    create(&mut s, CLASS);
    create(&mut s, USER);
    assert_eq!(message(&mut s, "user"), "0/4 nodes are available: persistentvolumeclaim \"data\" not found. not found");
    create(&mut s, CLAIM);
    run(&mut s, "wait 3s");
    assert_eq!(
        message(&mut s, "user"),
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 node(s) didn't find available persistent volumes to bind. \
         no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    );
    assert_eq!(get(&mut s, "pvc data", ".status.phase"), "Pending");
    create(&mut s, &volume("disk", "worker-2"));
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pvc data", ".spec.volumeName"), "disk");
    assert_eq!(get(&mut s, "pod user", ".spec.nodeName"), "worker-2");
    assert_eq!(get(&mut s, "pod user", ".status.phase"), "Running");
    assert_eq!(get(&mut s, "pv disk", ".spec.claimRef.name"), "data");
}

#[test]
fn a_provisioner_is_asked_for_the_node_that_was_chosen() {
    let mut s = session();
    create(&mut s, &CLASS.replace("kubernetes.io/no-provisioner", "example.com/disks"));
    create(&mut s, CLAIM);
    create(&mut s, USER);
    run(&mut s, "wait 5s");
    let node = get(&mut s, "pvc data", ".metadata.annotations.volume\\.kubernetes\\.io/selected-node");
    assert!(node.starts_with("worker-"), "{node}");
    assert_eq!(get(&mut s, "pod user", ".spec.nodeName"), "", "the pod waits for its volume");
    // The provisioner gives up: the pod looks for a node anew, and asks again.
    run(&mut s, "kubectl annotate pvc data volume.kubernetes.io/selected-node-");
    run(&mut s, "wait 2s");
    let told = message(&mut s, "user");
    let broken = "running PreBind plugin \"VolumeBinding\": binding volumes: provisioning failed for PVC \"data\"";
    assert_eq!(told, broken);
    run(&mut s, "wait 5s");
    let again = get(&mut s, "pvc data", ".metadata.annotations.volume\\.kubernetes\\.io/selected-node");
    assert!(again.starts_with("worker-"), "{again}");
    create(
        &mut s,
        &volume("disk", &again).replace("accessModes", "claimRef: {namespace: default, name: data}, accessModes"),
    );
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pod user", ".spec.nodeName"), again);
}

#[test]
fn a_gate_holds_a_pod_back_until_it_is_removed() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: gated}, spec: {schedulingGates: [{name: example.com/wait}], containers: [{name: c, image: nginx}]}}",
    );
    run(&mut s, "wait 5s");
    assert_eq!(message(&mut s, "gated"), "Scheduling is blocked due to non-empty scheduling gates");
    assert_eq!(run(&mut s, "kubectl get events --field-selector involvedObject.name=gated"), "");
    run(&mut s, r#"kubectl patch pod gated -p '{"spec":{"schedulingGates":null}}'"#);
    run(&mut s, "wait 5s");
    assert_eq!(get(&mut s, "pod gated", ".status.phase"), "Running");
}

#[test]
fn a_more_important_pod_takes_the_place_of_others() {
    let mut s = Session::in_memory(&Options { seed: 1, nodes: Some(1), ..Options::default() });
    let cpu = get(&mut s, "node worker-1", ".status.allocatable.cpu").parse::<i64>().unwrap() * 1000;
    run(&mut s, "kubectl create priorityclass high --value=1000");
    let pod = |name: &str, cpu: i64, class: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 1, {class} containers: [{{name: c, image: nginx, resources: {{requests: {{cpu: {cpu}m}}}}}}]}}}}"
        )
    };
    create(&mut s, &pod("small", cpu / 10, ""));
    create(&mut s, &pod("large", cpu / 2, ""));
    run(&mut s, "wait 5s");
    create(&mut s, &pod("patient", cpu * 3 / 4, ""));
    assert!(message(&mut s, "patient").ends_with(
        "preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."
    ));
    let told = s
        .eval(&format!("kubectl create -f - <<'END'\n{}\nEND\n", pod("vip", cpu * 6 / 10, "priorityClassName: high,")));
    assert_eq!(told.code, 0, "{}", told.stderr);
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pod vip", ".spec.nodeName"), "worker-1");
    let left = get(&mut s, "pods", ".items[*].metadata.name");
    assert!(left.contains("small") && !left.contains("large"), "{left}");
    let uid = get(&mut s, "pod vip", ".metadata.uid");
    let events = get(&mut s, "events --field-selector reason=Preempted", ".items[*].message");
    assert_eq!(events, format!("Preempted by pod {uid} on node worker-1"));
}

#[test]
fn a_pod_whose_binding_is_refused_is_tried_again() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: later}, spec: {
          matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods/binding]}]},
          validations: [{expression: 'false', message: not now}]}}",
    );
    create(
        &mut s,
        "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: later}, spec: {
          policyName: later, validationActions: [Deny]}}",
    );
    run(&mut s, "wait 5s");
    run(&mut s, "kubectl run p --image=nginx");
    let why = "running Bind plugin \"DefaultBinder\": pods \"p\" is forbidden: ValidatingAdmissionPolicy 'later' with binding 'later' \
               denied request: not now";
    assert_eq!(message(&mut s, "p"), why);
    assert_eq!(
        get(&mut s, "pod p", ".status.conditions[?(@.type==\"PodScheduled\")].reason"),
        "SchedulerError",
        "that is no fault of the pod"
    );
    assert!(run(&mut s, "kubectl events").contains(why));
    run(&mut s, "kubectl delete validatingadmissionpolicybinding later");
    run(&mut s, "wait 15s");
    assert_eq!(get(&mut s, "pod p", ".status.phase"), "Running");
}

#[test]
fn a_pod_that_waits_for_its_volume_says_where_and_leaves_the_room_when_it_goes() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: never}, provisioner: x.y/nobody, volumeBindingMode: WaitForFirstConsumer}",
    );
    create(&mut s, &CLAIM.replace("local", "never"));
    let alone = |name: &str, more: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeSelector: {{kubernetes.io/hostname: worker-1}}, \
             containers: [{{name: c, image: nginx, ports: [{{containerPort: 80, hostPort: 80}}]}}]{more}}}}}"
        )
    };
    create(&mut s, &alone("first", ", volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]"));
    run(&mut s, "wait 3s");
    assert_eq!(get(&mut s, "pod first", ".status.nominatedNodeName"), "worker-1");
    assert_eq!(get(&mut s, "pod first", ".spec.nodeName"), "");
    create(&mut s, &alone("second", ""));
    run(&mut s, "wait 3s");
    assert!(message(&mut s, "second").contains("1 node(s) didn't have free ports for the requested pod ports"));
    run(&mut s, "kubectl delete pod first");
    run(&mut s, "wait 15s");
    assert_eq!(get(&mut s, "pod second", ".status.phase"), "Running");
}

/// As a real scheduler told it: a pod whose claim is not there is not even tried, and nobody is told.
#[test]
fn a_pod_waits_for_its_claim_of_devices_and_then_for_the_devices() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {resourceClaims: [{name: gpu, resourceClaimName: mine}], \
         containers: [{name: c, image: nginx, resources: {claims: [{name: gpu}]}}]}}",
    );
    run(&mut s, "wait 3s");
    assert_eq!(get(&mut s, "pod p", ".status.conditions"), "");
    assert_eq!(run(&mut s, "kubectl get events --field-selector involvedObject.name=p"), "");
    let why = s.eval("why pod/p").story;
    assert!(why.contains("there is no ResourceClaim mine"), "{why}");
    create(
        &mut s,
        "{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: mine}, spec: {devices: {requests: \
         [{name: one, exactly: {deviceClassName: gpu.example.com}}]}}}",
    );
    run(&mut s, "wait 3s");
    assert_eq!(
        message(&mut s, "p"),
        "0/4 nodes are available: request one: device class gpu.example.com does not exist. no new claims to deallocate, preemption: \
         0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    );
    create(&mut s, "{apiVersion: resource.k8s.io/v1, kind: DeviceClass, metadata: {name: gpu.example.com}, spec: {}}");
    run(&mut s, "wait 5s");
    assert_eq!(
        message(&mut s, "p"),
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 cannot allocate all claims. still not schedulable, preemption: \
         0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    );
}
