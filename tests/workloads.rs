//! What keeps pods and their storage, in what the recorded transcripts do not show: partitions, claims that go, pods beside old
//! ones, sets of more pods than there is room for.

use kubetutor::prompt::Session;

use crate::session::{create, get, run, session};

fn stateful_set(more: &str) -> String {
    let template = "{metadata: {labels: {app: db}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: 'nginx:1.25'}]}}";
    format!(
        "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: db}}, spec: {{serviceName: db, replicas: 3, selector: {{matchLabels: {{app: db}}}}, template: {template}{more}}}}}"
    )
}

fn daemon_set(more: &str) -> String {
    let template = "{metadata: {labels: {app: agent}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: 'nginx:1.25'}]}}";
    format!(
        "{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: agent}}, spec: {{selector: {{matchLabels: {{app: agent}}}}, template: {template}{more}}}}}"
    )
}

/// `db-0 nginx:1.25`, line by line.
fn images(s: &mut Session) -> Vec<String> {
    let path = "{range .items[*]}{.metadata.name} {.spec.containers[0].image}{\"\\n\"}{end}";
    run(s, &format!("kubectl get pods -o jsonpath='{path}'")).lines().map(Into::into).collect()
}

fn status(s: &mut Session, of: &str, field: &str) -> String {
    get(s, of, &format!(".status.{field}"))
}

#[test]
fn below_the_partition_pods_keep_the_old_template_even_when_they_are_made_anew() {
    let mut s = session();
    create(&mut s, &stateful_set(", updateStrategy: {rollingUpdate: {partition: 2}}"));
    run(&mut s, "kubectl set image sts/db web=nginx:1.26");
    assert_eq!(images(&mut s), ["db-0 nginx:1.25", "db-1 nginx:1.25", "db-2 nginx:1.26"]);
    run(&mut s, "kubectl delete pod db-0");
    assert_eq!(images(&mut s)[0], "db-0 nginx:1.25");
    let told = run(&mut s, "kubectl rollout status sts/db");
    assert_eq!(told, "partitioned roll out complete: 1 new pods have been updated...\n");
    assert_ne!(status(&mut s, "sts db", "currentRevision"), status(&mut s, "sts db", "updateRevision"));
    run(&mut s, r#"kubectl patch sts db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'"#);
    assert_eq!(images(&mut s), ["db-0 nginx:1.26", "db-1 nginx:1.26", "db-2 nginx:1.26"]);
    assert_eq!(status(&mut s, "sts db", "currentRevision"), status(&mut s, "sts db", "updateRevision"));
    run(&mut s, "kubectl rollout undo sts/db --to-revision=1");
    assert_eq!(images(&mut s)[2], "db-2 nginx:1.25");
    assert!(run(&mut s, "kubectl rollout history sts/db").contains("\n2         <none>\n3         <none>\n"));
}

#[test]
fn in_parallel_all_pods_start_at_once() {
    let started = |more: &str| {
        let mut s = session();
        create(&mut s, &stateful_set(more));
        let mut times: Vec<String> = run(&mut s, "kubectl get pods -o jsonpath={.items[*].metadata.creationTimestamp}")
            .split_whitespace()
            .map(Into::into)
            .collect();
        assert_eq!(times.len(), 3);
        times.dedup();
        times.len()
    };
    assert_eq!(started(", podManagementPolicy: Parallel"), 1);
    assert!(started("") > 1, "else one waits for the other");
}

#[test]
fn claims_go_with_pods_that_are_scaled_away_or_with_the_set_as_the_policy_says() {
    let claims = ", volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]";
    let left = |policy: &str| {
        let mut s = session();
        // Nobody makes volumes here, and pods wait for them.
        for n in 0..3 {
            let spec = "capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /mnt}";
            create(
                &mut s,
                &format!("{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: v{n}}}, spec: {{{spec}}}}}"),
            );
        }
        let policy = format!(", podManagementPolicy: Parallel, persistentVolumeClaimRetentionPolicy: {policy}{claims}");
        create(&mut s, &stateful_set(&policy));
        run(&mut s, "kubectl scale sts db --replicas=1");
        let scaled = run(&mut s, "kubectl get pvc -o name");
        run(&mut s, "kubectl delete sts db");
        run(&mut s, "wait 40s");
        [scaled, run(&mut s, "kubectl get pvc -o name")].map(|names| names.lines().count())
    };
    assert_eq!(left("{whenScaled: Retain, whenDeleted: Retain}"), [3, 3]);
    assert_eq!(left("{whenScaled: Delete, whenDeleted: Retain}"), [1, 1]);
    assert_eq!(left("{whenScaled: Delete, whenDeleted: Delete}"), [1, 0]);
    assert_eq!(left("{whenScaled: Retain, whenDeleted: Delete}"), [3, 0]);
}

#[test]
fn with_a_surge_a_daemon_is_never_missing() {
    let mut s = session();
    create(&mut s, &daemon_set(", updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"));
    assert_eq!(status(&mut s, "ds agent", "numberReady"), "3");
    let story = s.eval("kubectl set image ds/agent web=nginx:1.26").story;
    assert!(story.contains("a new pod may start beside the old one on worker-1"), "{story}");
    run(&mut s, "wait 30s");
    let all = images(&mut s);
    assert!(all.len() == 3 && all.iter().all(|p| p.ends_with("nginx:1.26")), "{all:?}");
    assert_eq!(run(&mut s, "kubectl rollout status ds/agent"), "daemon set \"agent\" successfully rolled out\n");
}

#[test]
fn with_on_delete_only_what_people_delete_is_replaced() {
    let mut s = session();
    create(&mut s, &daemon_set(", updateStrategy: {type: OnDelete}"));
    create(&mut s, &stateful_set(", updateStrategy: {type: OnDelete}"));
    run(&mut s, "kubectl set image ds/agent sts/db web=nginx:1.26");
    assert!(images(&mut s).iter().all(|p| p.ends_with("nginx:1.25")));
    run(&mut s, "kubectl delete pod db-1");
    run(&mut s, "kubectl delete pods -l app=agent");
    let all = images(&mut s);
    assert_eq!(all[3..], ["db-0 nginx:1.25", "db-1 nginx:1.26", "db-2 nginx:1.25"]);
    assert!(all[..3].iter().all(|p| p.ends_with("nginx:1.26")), "{all:?}");
    let e = s.eval("kubectl rollout status ds/agent").stderr;
    assert_eq!(e, "error: rollout status is only available for RollingUpdate strategy type\n");
}

#[test]
fn a_daemon_set_follows_the_nodes() {
    let mut s = session();
    create(&mut s, &daemon_set(""));
    let on = |s: &mut Session| {
        let nodes = run(s, "kubectl get pods -o jsonpath={.items[*].spec.nodeName}");
        let mut nodes: Vec<String> = nodes.split_whitespace().map(Into::into).collect();
        nodes.sort();
        nodes.join(" ")
    };
    assert_eq!(on(&mut s), "worker-1 worker-2 worker-3");
    let taint = |effect: &str| {
        format!(r#"kubectl patch node worker-2 -p '{{"spec":{{"taints":[{{"key":"k","effect":"{effect}"}}]}}}}'"#)
    };
    run(&mut s, &taint("NoSchedule"));
    assert_eq!(on(&mut s), "worker-1 worker-2 worker-3", "what is there stays");
    run(&mut s, "kubectl delete pods -l app=agent");
    assert_eq!(on(&mut s), "worker-1 worker-3");
    run(&mut s, r#"kubectl patch node worker-2 -p '{"spec":{"taints":null}}'"#);
    assert_eq!(on(&mut s), "worker-1 worker-2 worker-3");
    run(&mut s, &taint("NoExecute"));
    assert_eq!(on(&mut s), "worker-1 worker-3");
    assert_eq!(status(&mut s, "ds agent", "desiredNumberScheduled"), "2");
}

#[test]
fn a_daemon_that_failed_is_replaced_and_an_event_says_so() {
    let mut s = session();
    create(&mut s, &daemon_set(""));
    let first = run(&mut s, "kubectl get pods -o jsonpath='{.items[0].metadata.name} {.items[0].spec.nodeName}'");
    let (name, node) = first.split_once(' ').unwrap();
    run(
        &mut s,
        &format!(
            "kubectl patch pod {name} --subresource=status --type=merge -p '{{\"status\":{{\"phase\":\"Failed\"}}}}'"
        ),
    );
    run(&mut s, "wait 5s");
    let events = run(&mut s, "kubectl describe ds agent");
    let message = format!("Found failed daemon pod default/{name} on node {node}, will try to kill it");
    assert!(events.contains("Warning  FailedDaemonPod") && events.contains(&message), "{events}");
    assert_eq!(status(&mut s, "ds agent", "numberReady"), "3");
}

#[test]
fn old_templates_are_forgotten_beyond_the_limit() {
    let mut s = session();
    create(&mut s, &daemon_set(", revisionHistoryLimit: 1, updateStrategy: {rollingUpdate: {maxUnavailable: '100%'}}"));
    create(&mut s, &stateful_set(", revisionHistoryLimit: 1"));
    for tag in ["1.26", "1.27", "1.28"] {
        run(&mut s, &format!("kubectl set image ds/agent sts/db web=nginx:{tag}"));
        run(&mut s, "wait 20s");
    }
    let numbers = |s: &mut Session, of: &str| {
        let list = run(s, &format!("kubectl get controllerrevisions -l app={of} -o jsonpath={{.items[*].revision}}"));
        let mut all: Vec<String> = list.split_whitespace().map(Into::into).collect();
        all.sort();
        all.join(" ")
    };
    assert_eq!((numbers(&mut s, "agent"), numbers(&mut s, "db")), ("3 4".into(), "3 4".into()));
}

/// With room for three of ten the third batch, of four, is refused as a whole. (A Job tries again a second later.)
#[test]
fn all_pods_of_a_batch_are_tried_when_a_quota_is_used_up() {
    let mut s = session();
    run(&mut s, "kubectl create quota few --hard=pods=3");
    let template = "{spec: {restartPolicy: Never, containers: [{name: c, image: 'nginx:1.25'}]}}";
    let spec = format!("{{completions: 10, parallelism: 10, template: {template}}}");
    create(&mut s, &format!("{{apiVersion: batch/v1, kind: Job, metadata: {{name: a}}, spec: {spec}}}"));
    let path = r#"{range .items[?(@.reason=="FailedCreate")]}{.firstTimestamp}{"\n"}{end}"#;
    let mut refused: Vec<String> =
        run(&mut s, &format!("kubectl get events -o jsonpath='{path}'")).lines().map(Into::into).collect();
    refused.sort();
    assert_eq!(refused.iter().filter(|t| **t == refused[0]).count(), 4, "{refused:?}");
    assert_eq!(status(&mut s, "job a", "active"), "3");
}

#[test]
fn a_claim_of_a_volume_that_belongs_to_another_is_warned() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /v}, claimRef: {namespace: default, name: other}}}",
    );
    create(
        &mut s,
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {volumeName: v, storageClassName: '', accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    );
    let path = r#"{range .items[?(@.reason=="FailedBinding")]}{.type} {.message}{end}"#;
    let told = run(&mut s, &format!("kubectl get events -o jsonpath='{path}'"));
    assert_eq!(told, "Warning volume \"v\" already bound to a different claim.");
}

#[test]
fn a_stateful_set_may_want_more_pods_than_there_will_ever_be() {
    let mut s = session();
    create(&mut s, &stateful_set(", podManagementPolicy: OrderedReady").replace("replicas: 3", "replicas: 1"));
    run(&mut s, "kubectl create quota few --hard=pods=2");
    run(&mut s, "kubectl scale sts/db --replicas=2000000000");
    assert_eq!(images(&mut s), ["db-0 nginx:1.25", "db-1 nginx:1.25"]);
    assert_eq!(status(&mut s, "sts db", "replicas"), "2");
}

#[test]
fn endpoints_of_pods_whose_node_is_gone_are_left_out_and_an_event_says_so() {
    let mut s = session();
    run(&mut s, "kubectl create deployment web --image=nginx:1.25");
    run(&mut s, "kubectl expose deployment web --port=80");
    let node = run(&mut s, "kubectl get pods -o jsonpath={.items[0].spec.nodeName}");
    run(&mut s, &format!("kubectl delete node {node}"));
    run(&mut s, "kubectl label service web a=b");
    let path = r#"{range .items[?(@.reason=="FailedToUpdateEndpointSlices")]}{.type} {.source.component} {.message}{"\n"}{end}"#;
    let told = run(&mut s, &format!("kubectl get events -o jsonpath='{path}'"));
    let start =
        "Warning endpoint-slice-controller Error updating Endpoint Slices for Service default/web: skipping Pod web-";
    assert!(told.starts_with(start), "{told}");
    assert!(told.contains(&format!(" for Service default/web: Node {node} Not Found\n")), "{told}");
}

#[test]
fn numbers_as_large_as_they_may_be_are_no_trouble() {
    let mut s = session();
    // As in the real controller, what may be there at most is more than an int32 holds: there are too many already.
    run(&mut s, "kubectl create deployment big --image=nginx --replicas=2147483647");
    assert_eq!(status(&mut s, "deployment/big", "replicas"), "");
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=2");
    let surge = r#"{"spec":{"strategy":{"rollingUpdate":{"maxSurge":2147483647}}}}"#;
    run(&mut s, &format!("kubectl patch deployment web -p '{surge}'"));
    run(&mut s, "kubectl set image deployment/web nginx=nginx:1.27");
    assert_eq!(status(&mut s, "deployment/web", "availableReplicas"), "2");
    run(&mut s, "kubectl create job j --image=busybox -- sleep 5");
    let succeeded = r#"{"status":{"succeeded":2147483647}}"#;
    run(&mut s, &format!("kubectl patch job j --subresource=status --type=merge -p '{succeeded}'"));
    run(&mut s, "wait 1m");
    run(&mut s, "kubectl get pods");
}
