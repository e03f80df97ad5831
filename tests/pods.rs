//! The life of pods beyond what the recorded transcripts show: hooks, volumes whose sources come, change and go, deadlines, and
//! containers that are added to look around.

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
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
    // The next try is due within two minutes, and then there is a container to be started.
    run(&mut s, "wait 126s");
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

/// Sidecars were there first, and stay until the others have ended: the last one goes first.
#[test]
fn sidecars_stop_after_the_others_in_reverse_order() {
    let mut s = session();
    let says = |what: &str, wait: u32| {
        format!(
            "[sh, -c, \"trap 'sleep {wait}; echo {what} >> /out/order; exit 0' TERM; while true; do sleep 1; done\"]"
        )
    };
    let sidecar = |name: &str| {
        format!(
            "{{name: {name}, image: busybox, restartPolicy: Always, command: {}, volumeMounts: [{{name: out, mountPath: /out}}]}}",
            says(name, 0)
        )
    };
    create(
        &mut s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{volumes: [{{name: out, hostPath: {{path: /out}}}}], nodeName: worker-1, initContainers: [{}, {}], containers: [{{name: main, image: busybox, command: {}, volumeMounts: [{{name: out, mountPath: /out}}]}}]}}}}",
            sidecar("first"),
            sidecar("second"),
            says("main", 4)
        ),
    );
    s.eval("wait 20s");
    let story = s.eval("kubectl delete pod p").story;
    assert!(story.contains("sidecar second stops"), "{story}");
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: look}, spec: {nodeName: worker-1, restartPolicy: Never, volumes: [{name: out, hostPath: {path: /out}}], containers: [{name: c, image: busybox, command: [cat, /out/order], volumeMounts: [{name: out, mountPath: /out}]}]}}",
    );
    s.eval("wait 10s");
    let order = run(&mut s, "kubectl logs look");
    let names: Vec<&str> = order.lines().collect();
    assert_eq!(names, ["main", "second", "first"]);
    let events = run(&mut s, "kubectl get events --field-selector reason=Killing,involvedObject.name=p -o name");
    assert_eq!(events.lines().count(), 3);
}

/// What a container leaves behind about its end: in a file of its own choice, or, if it fails and is asked to, the end of its log.
#[test]
fn a_containers_last_word_is_in_the_pods_status() {
    let mut s = session();
    let pod = |name: &str, more: &str, script: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{restartPolicy: Never, containers: [{{name: c, image: busybox, {more}, command: [sh, -c, '{script}']}}]}}}}"
        )
    };
    let fallback = "terminationMessagePolicy: FallbackToLogsOnError";
    create(&mut s, &pod("own", "terminationMessagePath: /tmp/last", "echo -n goodbye > /tmp/last; exit 3"));
    create(&mut s, &pod("log", fallback, "echo broken; exit 3"));
    create(&mut s, &pod("fine", fallback, "echo done; exit 0"));
    create(&mut s, &pod("both", fallback, "echo log; echo -n file > /dev/termination-log; exit 1"));
    create(&mut s, &pod("long", fallback, "for i in $(seq 1 200); do echo line $i; done; exit 1"));
    s.eval("wait 15s");
    let mut word =
        |name: &str| get(&mut s, &format!("pod {name}"), ".status.containerStatuses[0].state.terminated.message");
    assert_eq!([word("own"), word("log"), word("fine"), word("both")], ["goodbye", "broken\n", "", "file"]);
    let long = word("long");
    assert!(long.starts_with("line 121\n") && long.ends_with("line 200\n"), "{long}");
}

#[test]
fn the_logs_of_all_pods_of_a_deployment_are_told_apart() {
    let mut s = session();
    run(&mut s, "kubectl create deployment web --image=busybox --replicas=2 -- sh -c 'hostname; sleep 900'");
    s.eval("wait 10s");
    let out = run(&mut s, "kubectl logs deployment/web --all-pods");
    let names = run(&mut s, "kubectl get pods -o jsonpath='{.items[*].metadata.name}'");
    for name in names.split(' ') {
        assert!(out.contains(&format!("[pod/{name}/busybox] {name}\n")), "{out}");
    }
    assert_eq!(out.lines().count(), 2);
    let one = s.eval("kubectl logs deployment/web");
    assert!(one.stderr.starts_with("Found 2 pods, using pod/"), "{}", one.stderr);
}

/// The authority that pods are given is the one that signs what the API server shows them.
#[test]
fn a_pod_finds_the_clusters_authority_where_it_looks_for_it() {
    let mut s = session();
    run(&mut s, "kubectl run p --image=nginx");
    let given = run(&mut s, "kubectl exec p -- cat /var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
    assert!(given.starts_with("-----BEGIN CERTIFICATE-----"), "{given}");
    assert_eq!(given, get(&mut s, "configmap kube-root-ca.crt", ".data.ca\\.crt"));
}

/// Real Kubernetes: k8s.io/kubectl/pkg/cmd/run/run.go handleAttachPod.
#[test]
fn what_was_seen_while_one_was_attached_is_not_shown_again() {
    let mut s = session();
    let slow =
        run(&mut s, "kubectl run slow --image=busybox:1.36 -i --rm --restart=Never -- sh -c 'sleep 3; echo done'");
    assert_eq!(slow, "done\npod \"slow\" deleted from default namespace\n");
    // At a terminal it is no surprise that there is one.
    let o = s.eval("kubectl run talk --image=busybox:1.36 -it --rm --restart=Never -- sh");
    assert!(!o.stderr.contains("Unable to use a TTY"), "{}", o.stderr);
    assert!(s.eval("echo one").stdout.contains("one\n"));
    assert!(s.eval("echo two").stdout.contains("two\n"));
    let end = s.eval("exit").stdout;
    assert!(!end.contains("one") && !end.contains("two") && end.contains("pod \"talk\" deleted"), "{end}");
}

/// Real Kubernetes: k8s.io/kubectl/pkg/cmd/get/get.go watch.
#[test]
fn a_watch_begins_with_a_list_and_goes_on_while_programs_will_say_something() {
    let mut s = session();
    run(&mut s, "kubectl run a --image=busybox:1.36 --restart=Never -- sh -c 'echo first; sleep 20; echo last'");
    run(&mut s, "kubectl run a-longer-name --image=nginx:1.27");
    let seen = s.eval("kubectl get pods -w").stdout;
    let lines: Vec<&str> = seen.lines().collect();
    let columns: Vec<Option<usize>> = lines[..3].iter().map(|l| l.find("/1").or(l.find("READY"))).collect();
    assert_eq!(lines[0].find("READY"), lines[1].find("1/1"), "{seen}");
    assert!(columns[1].is_some() && columns[1] == columns[2], "{seen}");
    assert!(seen.contains("Completed"), "it ends after 20 s, and somebody looks: {seen}");
    run(&mut s, "kubectl run b --image=busybox:1.36 --restart=Never -- sh -c 'echo first; sleep 20; echo last'");
    assert_eq!(run(&mut s, "kubectl logs -f b"), "first\nlast\n");
}

/// Real Kubernetes: pkg/kubelet/nodestatus/setters.go MachineInfo; "Advertise Extended Resources for a Node".
#[test]
fn what_a_person_says_that_a_node_has_pods_may_have_soon() {
    let mut s = session();
    let put = "kubectl patch node worker-1 --subresource=status --type=json -p '[{\"op\":\"add\",\"path\":\"/status/capacity/example.com~1dongle\",\"value\":\"4\"}]'";
    run(&mut s, put);
    let pod = |name: &str, n: u32| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: 'nginx:1.27', resources: {{limits: {{example.com/dongle: {n}}}}}}}]}}}}"
        )
    };
    create(&mut s, &pod("three", 3));
    create(&mut s, &pod("two", 2));
    run(&mut s, "wait 15s");
    assert_eq!(get(&mut s, "node worker-1", ".status.allocatable.example\\.com/dongle"), "4");
    assert_eq!(get(&mut s, "pod three", ".status.phase"), "Running");
    assert_eq!(get(&mut s, "pod two", ".status.phase"), "Pending");
    run(&mut s, "kubectl delete pod three --now");
    assert_eq!(get(&mut s, "pod two", ".status.phase"), "Running");
    run(&mut s, &put.replace("\"add\"", "\"remove\"").replace(",\"value\":\"4\"", ""));
    run(&mut s, "wait 15s");
    assert_eq!(get(&mut s, "node worker-1", ".status.allocatable.example\\.com/dongle"), "");
}

/// Real Kubernetes: "Assign Memory Resources to Containers and Pods".
#[test]
fn a_program_that_takes_more_memory_than_it_may_is_ended() {
    let mut s = Session::in_memory(&Options { profile: Profile::Minikube, ..Options::default() });
    run(&mut s, "minikube addons enable metrics-server");
    let pod = |name: &str, image: &str, limit: &str, command: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{restartPolicy: Never, containers: [{{name: c, image: {image}, resources: {{limits: {{memory: {limit}}}}}, {command}}}]}}}}"
        )
    };
    let stress =
        |bytes: &str| format!("command: [stress], args: ['--vm', '1', '--vm-bytes', {bytes}, '--vm-hang', '1']");
    create(&mut s, &pod("fits", "polinux/stress", "200Mi", &stress("150M")));
    create(&mut s, &pod("not", "polinux/stress", "100Mi", &stress("250M")));
    create(
        &mut s,
        &pod(
            "slow",
            "vish/stress",
            "500Mi",
            "args: [-cpus, '2', -mem-total, 600Mi, -mem-alloc-size, 100Mi, -mem-alloc-sleep, 1s]",
        ),
    );
    assert_eq!(run(&mut s, "kubectl logs fits"), "stress: info: [1] dispatching hogs: 0 cpu, 0 io, 1 vm, 0 hdd\n");
    run(&mut s, "wait 60s");
    let state = ".status.containerStatuses[0].state.terminated.reason";
    assert_eq!(get(&mut s, "pod fits", state), "");
    assert_eq!(get(&mut s, "pod not", state), "OOMKilled");
    assert_eq!(get(&mut s, "pod slow", state), "OOMKilled");
    let top = run(&mut s, "kubectl top pod fits --no-headers");
    let memory: u32 = top.split_whitespace().nth(2).and_then(|m| m.strip_suffix("Mi")?.parse().ok()).expect("a number");
    assert!((150..170).contains(&memory), "{top}");
    run(&mut s, "kubectl run echo --image=hashicorp/http-echo:1.0 --port=5678 -- -text=hi");
    run(&mut s, "kubectl expose pod echo");
    assert_eq!(
        run(
            &mut s,
            "kubectl run ask --image=busybox:1.36 -i --rm -q --restart=Never -- sh -c 'sleep 2; wget -qO- echo:5678'"
        ),
        "hi\n"
    );
    let bad = s.eval("kubectl run wrong --image=polinux/stress -i --rm -q --restart=Never -- stress --vm x");
    assert!(bad.stdout.contains("invalid number: x") || bad.stderr.contains("invalid number: x"), "{bad:?}");
}

/// Real Kubernetes: "Configure a Security Context for a Pod or Container"; pkg/volume/volume_linux.go SetVolumeOwnership.
#[test]
fn what_a_group_shares_belongs_to_the_group() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}, volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: 'busybox:1.36', command: [sleep, '3600'], volumeMounts: [{name: v, mountPath: /data/demo}]}]}}",
    );
    let line = run(&mut s, "kubectl exec p -- ls -ld /data/demo");
    assert!(line.starts_with("drwxrwsrwx ") && line.contains(" 2000 "), "{line}");
    run(&mut s, "kubectl exec p -- sh -c 'cd /data/demo; echo hello > file; mkdir sub; echo x > sub/y'");
    assert_eq!(
        run(&mut s, "kubectl exec p -- stat -c '%u %g' /data/demo/file /data/demo/sub /data/demo/sub/y"),
        "1000 2000\n1000 2000\n1000 2000\n"
    );
    assert!(run(&mut s, "kubectl exec p -- ls -ld /data/demo/sub").starts_with("drwxr-sr-x "));
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: h}, spec: {hostNetwork: true, nodeName: worker-1, containers: [{name: c, image: 'busybox:1.36', command: [sleep, '3600']}]}}",
    );
    assert_eq!(run(&mut s, "kubectl exec h -- hostname"), "worker-1\n");
    let o = s.eval("kubectl apply -f https://k8s.io/examples/pods/simple-pod.yaml");
    assert_eq!(
        (o.code, o.stderr.as_str()),
        (1, "Unable to connect to the server: dial tcp: lookup k8s.io: no such host\n")
    );
}
