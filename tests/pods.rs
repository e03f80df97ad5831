//! The life of pods beyond what the recorded transcripts show: hooks, volumes whose sources come, change and go, deadlines, and
//! containers that are added to look around.

use kubetutor::prompt::Session;

use crate::session::{create, get, run, session};

fn pod(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: {{app: p}}}}, spec: {spec}}}")
}

/// Reasons and messages of a pod's events, line by line.
fn events(s: &mut Session) -> String {
    let path = "{range .items[*]}{.reason}: {.message}{\"\\n\"}{end}";
    run(s, &format!("kubectl get events --field-selector involvedObject.name=p -o jsonpath='{path}'"))
}

/// The seconds that a command took.
fn took(s: &mut Session, line: &str) -> u64 {
    let before = s.cluster.world.now;
    run(s, line);
    s.cluster.world.now.since(before).as_secs()
}

#[test]
fn a_debugging_container_sees_the_processes_of_its_target() {
    let mut s = session();
    create(&mut s, &pod("{containers: [{name: web, image: 'nginx:1.25'}]}"));
    let told = run(&mut s, "kubectl debug p --image=busybox:1.36 -c dbg --target=web -- sleep 600");
    assert!(told.starts_with("Targeting container \"web\". If you don't see processes"), "{told}");
    let seen = run(&mut s, "kubectl exec p -c dbg -- ps");
    assert!(seen.contains("nginx") && seen.contains("sleep 600"), "{seen}");
    assert!(events(&mut s).contains("Started: Container started"));
    assert_eq!(get(&mut s, "pod p", ".status.ephemeralContainerStatuses[0].name"), "dbg");
    // It is no part of the pod's readiness, and is never started again.
    assert_eq!(get(&mut s, "pod p", ".status.ephemeralContainerStatuses[0].ready"), "false");
    let pid = seen.lines().find(|l| l.contains("sleep 600")).and_then(|l| l.split_whitespace().next()).unwrap();
    // Who ends the container from within ends with it.
    assert_eq!(s.eval(&format!("kubectl exec p -c dbg -- kill -9 {pid}")).code, 137);
    run(&mut s, "wait 3s");
    assert_eq!(get(&mut s, "pod p", ".status.ephemeralContainerStatuses[0].state.terminated.exitCode"), "137");
    assert_eq!(get(&mut s, "pod p", ".status.phase"), "Running");
}

#[test]
fn one_is_attached_to_the_container_that_one_debugs_with() {
    let mut s = session();
    create(&mut s, &pod("{containers: [{name: web, image: 'nginx:1.25'}]}"));
    let o = s.eval("kubectl debug p -i --image=busybox:1.36 -c dbg -- sh -c 'sleep 2; echo here I am'");
    assert_eq!(o.code, 0, "{}", o.stderr);
    assert!(o.stdout.contains("here I am"), "{} {}", o.stdout, o.stderr);
}

#[test]
fn a_node_is_looked_into_by_a_pod_of_its_own() {
    let mut s = session();
    let told = run(&mut s, "kubectl debug node/worker-1 --image=busybox:1.36 --profile=sysadmin -- sleep 600");
    let name = told.split_whitespace().nth(3).unwrap().to_string();
    assert!(told.ends_with("with container debugger on node worker-1.\n"), "{told}");
    assert_eq!(get(&mut s, &format!("pod {name}"), ".spec.hostPID"), "true");
    assert_eq!(get(&mut s, &format!("pod {name}"), ".spec.containers[0].securityContext.privileged"), "true");
    assert_eq!(get(&mut s, &format!("pod {name}"), ".status.phase"), "Running");
}

#[test]
fn processes_that_are_shared_have_the_sandbox_for_their_first() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{shareProcessNamespace: true, containers: [{name: a, image: 'nginx:1.25'}, {name: b, image: 'busybox:1.36', command: [sleep, '600']}]}",
        ),
    );
    let seen = run(&mut s, "kubectl exec p -c b -- ps");
    assert!(seen.lines().any(|l| l.trim_start().starts_with("1 ") && l.contains("/pause")), "{seen}");
    assert!(seen.contains("nginx") && seen.contains("sleep 600"), "{seen}");
}

#[test]
fn a_hook_before_the_end_uses_up_grace_and_its_failure_is_told() {
    let mut s = session();
    let slow = "{terminationGracePeriodSeconds: 20, containers: [{name: c, image: 'nginx:1.25', lifecycle: {preStop: {sleep: {seconds: 6}}}}]}";
    create(&mut s, &pod(slow));
    let gone = took(&mut s, "kubectl delete pod p");
    assert!((6..=8).contains(&gone), "{gone} s");
    // One that outlasts the grace leaves the program two seconds.
    let stubborn = "{terminationGracePeriodSeconds: 5, containers: [{name: c, image: 'busybox:1.36', command: [sh, -c, \"trap '' TERM; while true; do sleep 1; done\"], lifecycle: {preStop: {sleep: {seconds: 4}}}}]}";
    create(&mut s, &pod(stubborn));
    let gone = took(&mut s, "kubectl delete pod p");
    assert!((6..=8).contains(&gone), "{gone} s");
    create(
        &mut s,
        &pod(
            "{containers: [{name: c, image: 'nginx:1.25', lifecycle: {preStop: {exec: {command: [sh, -c, 'exit 3']}}}}]}",
        ),
    );
    run(&mut s, "kubectl delete pod p");
    assert!(events(&mut s).contains("FailedPreStopHook: PreStopHook failed\n"), "{}", events(&mut s));
}

#[test]
fn a_failing_hook_after_the_start_is_a_crash() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{containers: [{name: c, image: 'nginx:1.25', lifecycle: {postStart: {exec: {command: [sh, -c, 'echo no; exit 3']}}}}]}",
        ),
    );
    run(&mut s, "wait 13s");
    let told = events(&mut s);
    assert!(told.contains("FailedPostStartHook: PostStartHook failed\n"), "{told}");
    assert!(told.contains("Killing: FailedPostStartHook\n"), "{told}");
    assert!(told.contains("BackOff: Back-off restarting failed container c"), "{told}");
    assert_eq!(get(&mut s, "pod p", ".status.containerStatuses[0].ready"), "false");
}

#[test]
fn a_hook_over_http_is_content_with_any_answer() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{containers: [{name: c, image: 'nginx:1.25', lifecycle: {preStop: {httpGet: {port: 80, path: /missing}}}}]}",
        ),
    );
    run(&mut s, "kubectl delete pod p");
    assert!(!events(&mut s).contains("FailedPreStopHook"), "{}", events(&mut s));
    create(
        &mut s,
        &pod("{containers: [{name: c, image: 'nginx:1.25', lifecycle: {preStop: {httpGet: {port: 8081}}}}]}"),
    );
    run(&mut s, "kubectl delete pod p");
    assert!(events(&mut s).contains("FailedPreStopHook"), "{}", events(&mut s));
}

const MOUNTS: &str = "{containers: [{name: c, image: 'nginx:1.25', env: [{name: V, valueFrom: {configMapKeyRef: {name: conf, key: k, optional: true}}}], volumeMounts: [{name: conf, mountPath: /conf}, {name: conf, mountPath: /one, subPath: k}]}], volumes: [{name: conf, configMap: {name: conf}}]}";

#[test]
fn a_pod_waits_for_the_configmap_that_it_mounts() {
    let mut s = session();
    create(&mut s, &pod(MOUNTS));
    run(&mut s, "wait 130s");
    assert_eq!(get(&mut s, "pod p", ".status.containerStatuses[0].state.waiting.reason"), "ContainerCreating");
    let told = events(&mut s);
    assert!(
        told.contains("FailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap \"conf\" not found\n"),
        "{told}"
    );
    assert!(told.contains("FailedMount: Unable to attach or mount volumes: unmounted volumes=[conf], unattached volumes=[], failed to process volumes=[]: context deadline exceeded\n"), "{told}");
    run(&mut s, "kubectl create configmap conf --from-literal=k=old");
    run(&mut s, "wait 122s");
    assert_eq!(get(&mut s, "pod p", ".status.phase"), "Running");
    assert_eq!(run(&mut s, "kubectl exec p -- cat /conf/k"), "old");
}

#[test]
fn a_changed_configmap_reaches_its_volume_at_the_next_sync_but_no_subpath_and_no_variable() {
    let mut s = session();
    run(&mut s, "kubectl create configmap conf --from-literal=k=old");
    create(&mut s, &pod(MOUNTS));
    run(&mut s, r#"kubectl patch configmap conf -p '{"data":{"k":"new"}}'"#);
    run(&mut s, "wait 90s");
    assert_eq!(run(&mut s, "kubectl exec p -- cat /conf/k /one"), "newold");
    assert_eq!(run(&mut s, "kubectl exec p -- printenv V"), "old\n");
    // A container that is made anew mounts what is there now; and what has gone it keeps.
    run(&mut s, "kubectl delete configmap conf");
    run(&mut s, "kubectl exec p -- sh -c 'kill 1'");
    run(&mut s, "wait 20s");
    assert_eq!(run(&mut s, "kubectl exec p -- cat /conf/k /one"), "newnew");
}

#[test]
fn new_labels_reach_the_volume_of_the_downward_api() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{containers: [{name: c, image: 'nginx:1.25', volumeMounts: [{name: info, mountPath: /info}]}], volumes: [{name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}]}",
        ),
    );
    assert_eq!(run(&mut s, "kubectl exec p -- cat /info/labels"), "app=\"p\"");
    run(&mut s, "kubectl label pod p tier=web");
    run(&mut s, "wait 2s");
    assert_eq!(run(&mut s, "kubectl exec p -- cat /info/labels"), "app=\"p\"\ntier=\"web\"");
}

#[test]
fn a_pod_past_its_deadline_is_failed() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{activeDeadlineSeconds: 5, terminationGracePeriodSeconds: 1, containers: [{name: c, image: 'busybox:1.36', command: [sleep, '600']}]}",
        ),
    );
    run(&mut s, "wait 12s");
    let status = run(&mut s, "kubectl get pod p -o jsonpath='{.status.phase} {.status.reason} {.status.message}'");
    assert_eq!(status, "Failed DeadlineExceeded Pod was active on the node longer than the specified deadline");
    assert!(
        events(&mut s).contains("DeadlineExceeded: Pod was active on the node longer than the specified deadline\n")
    );
}

#[test]
fn who_must_not_be_root_is_not_started_as_root() {
    let mut s = session();
    create(
        &mut s,
        &pod(
            "{securityContext: {runAsNonRoot: true}, containers: [{name: c, image: 'nginx:1.25'}, {name: d, image: 'nginx:1.25', securityContext: {runAsUser: 0}}, {name: e, image: 'busybox:1.36', command: [sleep, '600'], securityContext: {runAsUser: 7}}]}",
        ),
    );
    let told = events(&mut s);
    assert!(
        told.contains("Failed: Error: container has runAsNonRoot and image will run as root (pod: \"p_default("),
        "{told}"
    );
    assert!(told.contains("Failed: Error: container's runAsUser breaks non-root policy (pod: \"p_default("), "{told}");
    let reasons = get(&mut s, "pod p", ".status.containerStatuses[*].state.waiting.reason");
    assert_eq!(reasons, "CreateContainerConfigError CreateContainerConfigError");
    assert_eq!(run(&mut s, "kubectl exec p -c e -- id -u"), "7\n");
}
