//! The cluster as a whole, by the lines that a person types.

use kubetutor::api::Duration;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::Narration;
use proptest::prelude::*;

use crate::session::{seeded, session};

#[test]
fn the_same_lines_and_seed_give_the_same_run() {
    let lines = [
        "kubectl create deployment web --image=nginx:1.27 --replicas=3",
        "kubectl set image deployment/web nginx=nginx:1.28",
        "kubectl get pods -o wide",
        "why deploy/web",
        "trace",
    ];
    let all = |seed| -> Vec<(String, String, String, i32)> {
        let mut s = seeded(seed);
        lines.iter().map(|l| s.eval(l)).map(|o| (o.stdout, o.stderr, o.story, o.code)).collect()
    };
    let first = all(7);
    assert_eq!(first, all(7));
    assert_ne!(first, all(8), "another seed is another run");
    assert!(first.iter().all(|o| o.3 == 0), "{first:?}");
}

#[test]
fn back_takes_the_cluster_back_too() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx --replicas=2");
    let before = s.eval("kubectl get pods -o yaml").stdout;
    s.eval("kubectl scale deployment web --replicas=5");
    assert_ne!(s.eval("kubectl get pods -o yaml").stdout, before);
    s.eval("back");
    s.eval("back");
    assert_eq!(s.eval("kubectl get pods -o yaml").stdout, before);
}

#[test]
fn a_deleted_pod_comes_back_and_the_story_says_who_did_it() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx --replicas=2");
    let o = s.eval("kubectl delete pod -l app=web");
    assert_eq!(o.stdout.matches("deleted from default namespace").count(), 2, "{}", o.stdout);
    assert!(o.story.contains("replicaset"), "{}", o.story);
    let pods = s.eval("kubectl get pods --no-headers").stdout;
    assert_eq!(pods.lines().filter(|l| l.contains("1/1   Running")).count(), 2, "{pods}");
}

#[test]
fn without_its_runtime_a_kubelet_stops_nothing() {
    let mut s = session();
    s.eval("kubectl run p --image=nginx");
    let node = s.eval("kubectl get pod p -o jsonpath={.spec.nodeName}").stdout;
    s.eval(&format!("fail containerd {node}"));
    let o = s.eval("kubectl delete pod p --wait=false");
    assert!(o.story.contains("cannot stop p: the container runtime does not answer"), "{}", o.story);
    s.eval("wait 2m");
    assert!(s.eval("kubectl get pod p --no-headers").stdout.contains("Terminating"));
    s.eval(&format!("heal containerd {node}"));
    s.eval("wait 1m");
    assert_eq!(s.eval("kubectl get pod p").code, 1, "it is gone");
}

/// The probe asks for a page that nginx does not have until somebody writes it.
#[test]
fn a_readiness_probe_sees_the_files_of_the_container() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx");
    s.eval(
        r#"kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":{"httpGet":{"path":"/healthz","port":80},"periodSeconds":1}}]}}}}'"#,
    );
    s.eval("wait 10s");
    let events = s.eval("kubectl events").stdout;
    assert!(events.contains("Readiness probe failed: HTTP probe failed with statuscode: 404"), "{events}");
    let name = s.eval("kubectl get pods --sort-by=.metadata.creationTimestamp -o name").stdout;
    let newest = name.lines().last().unwrap_or_default().to_string();
    assert_eq!(
        s.eval("kubectl get deployment web -o jsonpath={.status.updatedReplicas}/{.status.readyReplicas}").stdout,
        "1/1"
    );
    s.eval(&format!("kubectl exec {newest} -- touch /usr/share/nginx/html/healthz"));
    s.eval("wait 5s");
    assert_eq!(
        s.eval(&format!("kubectl get {newest} -o jsonpath={{.status.containerStatuses[0].ready}}")).stdout,
        "true"
    );
}

#[test]
fn nobody_waits_for_probes_of_a_container_that_does_not_run() {
    let mut s = session();
    for (name, policy, script) in [("done", "Never", "sleep 1"), ("crashing", "Always", "sleep 1; exit 1")] {
        let probe = "readinessProbe: {exec: {command: [cat, /ready]}, periodSeconds: 2}";
        let o = s.eval(&format!(
            "kubectl create -f - <<'END'\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{restartPolicy: {policy}, \
             containers: [{{name: c, image: busybox, command: [sh, -c, '{script}'], {probe}}}]}}}}\nEND\n"
        ));
        assert_eq!(o.code, 0, "{}", o.stderr);
    }
    s.eval("wait 40s");
    let pods = s.eval("kubectl get pods --no-headers").stdout;
    assert!(pods.contains("Completed") && !pods.contains("Running"), "{pods}");
    let before = s.elapsed();
    s.eval("kubectl get pods");
    assert!(s.elapsed() < before + Duration::from_secs(1), "from {before:?} to {:?}", s.elapsed());
}

#[test]
fn what_an_absent_object_could_have_been_stands_apart() {
    let mut s = session();
    s.eval("kubectl create deployment frontend --image=nginx");
    for (line, stderr, hint) in [
        ("kubectl get deployment frontned", "deployments.apps \"frontned\" not found", "did you mean frontend?"),
        (
            "kubectl scale deployment fronten --replicas=2",
            "deployments.apps \"fronten\" not found",
            "did you mean frontend?",
        ),
        ("kubectl get deployment coredns-x", "deployments.apps \"coredns-x\" not found", ""),
        ("kubectl describe node worker1", "nodes \"worker1\" not found", "did you mean worker-1?"),
        (
            "kubectl get deploy frontend -n kube-system",
            "deployments.apps \"frontend\" not found",
            "did you mean frontend -n default?",
        ),
    ] {
        let o = s.eval(line);
        assert_eq!((o.stderr.trim_end(), o.code), (&*format!("Error from server (NotFound): {stderr}"), 1), "{line}");
        assert_eq!(o.story.trim(), hint, "{line}");
    }
}

/// Where a variable's value may come from, and what it may refer to.
#[test]
fn a_container_has_the_variables_that_its_definition_asks_for() {
    let mut s = session();
    s.eval("kubectl create configmap cfg --from-literal=A=1 --from-literal=B=two");
    s.eval("kubectl create deployment web --image=nginx");
    s.eval("kubectl expose deployment web --port=80");
    let ip = s.eval("kubectl get service web -o jsonpath={.spec.clusterIP}").stdout;
    let env = r#"[{name: A, value: own}, {name: FROM, value: "$(X_B) $(WEB_SERVICE_HOST) $$(A) $(NO)"},
      {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}},
      {name: MILLI, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}},
      {name: MIB, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}},
      {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]"#;
    s.eval(&format!(
        "kubectl apply -f - <<'END'\n{{apiVersion: v1, kind: Pod, metadata: {{name: e}}, spec: {{containers: [{{name: c, image: busybox,
          command: [sleep, '3600'], resources: {{requests: {{memory: 1500Ki}}, limits: {{cpu: 1500m, memory: 1Gi}}}},
          envFrom: [{{configMapRef: {{name: cfg}}}}, {{configMapRef: {{name: cfg}}, prefix: X_}}], env: {env}}}]}}}}\nEND\n"
    ));
    let node = s.eval("kubectl get pod e -o jsonpath={.spec.nodeName}").stdout;
    let seen = s.eval("kubectl exec e -- env").stdout;
    let from = format!("FROM=two {ip} $(A) $(NO)");
    let node = format!("NODE={node}");
    for line in ["A=own", "B=two", "X_A=1", &from, "CPU=2", "MILLI=1500", "MIB=2", &node, "WEB_SERVICE_PORT=80"] {
        assert!(seen.lines().any(|l| l == line), "{line} is not in\n{seen}");
    }
    s.eval("kubectl run lost --image=nginx --overrides='{\"spec\":{\"containers\":[{\"name\":\"lost\",\"image\":\"nginx\",\"envFrom\":[{\"secretRef\":{\"name\":\"nope\"}}]}]}}'");
    let status = s.eval("kubectl get pod lost --no-headers").stdout;
    assert!(status.contains("CreateContainerConfigError"), "{status}");
    assert!(s.eval("kubectl events --for pod/lost").stdout.contains("Error: secret \"nope\" not found"));
}

/// Process 1 is what was started, and the one that asks sees itself.
#[test]
fn ps_in_a_container_shows_what_was_started() {
    let mut s = session();
    s.eval("kubectl run own --image=nginx:1.27-alpine");
    s.eval("kubectl run asked --image=busybox -- sleep 3600");
    for (pod, main) in [("own", "nginx -g daemon off;"), ("asked", "sleep 3600")] {
        let seen = s.eval(&format!("kubectl exec {pod} -- ps")).stdout;
        let commands: Vec<&str> = seen.lines().filter_map(|l| l.get(21..)).collect();
        assert_eq!(commands, ["COMMAND", main, "ps"], "{seen}");
    }
}

#[test]
fn external_addresses_make_a_service_reachable_from_outside() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx");
    s.eval("kubectl expose deployment web --name=in --port=80");
    s.eval("kubectl expose deployment web --name=out --port=80 --external-ip=192.0.2.7");
    let policy = |s: &mut Session, name: &str| {
        s.eval(&format!("kubectl get service {name} -o jsonpath={{.spec.externalTrafficPolicy}}")).stdout
    };
    assert_eq!(policy(&mut s, "in"), "");
    assert_eq!(policy(&mut s, "out"), "Cluster");
}

#[test]
fn the_scale_of_a_workload_is_shown_as_a_table() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx --replicas=2");
    let seen = s.eval("kubectl get deployment web --subresource=scale").stdout;
    let cells: Vec<Vec<&str>> = seen.lines().map(|l| l.split_whitespace().take(3).collect()).collect();
    assert_eq!(cells, [["NAME", "DESIRED", "AVAILABLE"], ["web", "2", "2"]], "{seen}");
    assert!(s.eval("kubectl get service kubernetes --subresource=scale").stderr.contains("could not find"));
}

#[test]
fn several_kinds_and_several_names_are_each_of_each() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx --port=80");
    s.eval("kubectl expose deployment web");
    let both = s.eval("kubectl get deployments,services web -o name").stdout;
    assert_eq!(both, "deployment.apps/web\nservice/web\n");
    let typo = s.eval("kubectl get pods, services");
    assert_eq!(typo.stderr, "error: arguments in resource/name form must have a single resource and name\n");
}

#[test]
fn why_finds_an_object_by_the_beginning_of_its_name_alone() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx");
    s.eval("wait 2s");
    s.eval("kubectl expose deployment web --port=80");
    let pod = s.eval("kubectl get pods -o name").stdout;
    let pod = pod.trim();
    let name = pod.strip_prefix("pod/").unwrap_or(pod);
    assert!(!s.eval("why web").story.is_empty());
    assert_eq!(s.eval("why web").story, s.eval("why deployment/web").story);
    assert_eq!(s.eval(&format!("why {name}")).story, s.eval(&format!("why {pod}")).story);
    let none = s.eval("why nosuch");
    assert_eq!((none.code, none.stderr.as_str()), (2, "usage: why [KIND/]NAME|NUMBER\n"));
}

#[test]
fn formats_are_printed_or_called_unknown() {
    let mut s = session();
    assert_eq!(s.eval("kubectl get nodes -o go-template='{{.kind}}'").stdout, "List");
    assert_eq!(s.eval("kubectl get node worker-1 --template='{{.metadata.name}}'").stdout, "worker-1");
    assert!(s.eval("kubectl get node worker-1 -o kyaml").stdout.starts_with("---\n{\n  apiVersion: \"v1\",\n"));
    assert!(s.eval("kubectl get nodes -o xml").stderr.contains("allowed formats are: custom-columns"));
}

#[test]
fn story_goes_on_telling_the_last_thing_that_happened() {
    let mut s = session();
    let told = s.eval("kubectl create deployment web --image=nginx").story;
    for line in ["kubectl get pods", "kubectl get pods -w", "kubectl get podz", "kubectl describe deployment web"] {
        s.eval(line);
        let again = s.eval("story").story;
        assert!(again.contains("POST apps/v1 deployments/web"), "{line}: {again}\n{told}");
    }
}

#[test]
fn a_wrong_line_changes_nothing() {
    let mut s = session();
    let before = s.eval("kubectl get all -A -o yaml").stdout;
    for line in [
        "kubectl gett pods",
        "kubectl get podz",
        "kubectl get pods --nope",
        "kubectl delete deployment absent",
        "kubectl create deployment Web --image=nginx",
        "kubectl get pods -l 'a in ('",
        "nonsense",
        "kubectl create deployment web --image=nginx --replicas=many",
    ] {
        let o = s.eval(line);
        assert_ne!(o.code, 0, "{line}: {}", o.stdout);
        assert!(!o.stderr.is_empty(), "{line}");
    }
    assert_eq!(s.eval("kubectl get all -A -o yaml").stdout, before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is typed, the prompt answers: no panic, no hang.
    #[test]
    fn any_line_is_answered(line in "(kubectl )?(get|create|run|delete|apply|wait|story|trace|why|fail|back)?[ -~가-힣]{0,40}") {
        let mut s = session();
        s.narration = Narration::Brief;
        let o = s.eval(&line);
        prop_assert!(o.code >= 0);
    }
}

/// A class of attributes of volumes stays as long as somebody names it.
#[test]
fn a_class_of_attributes_goes_when_nobody_names_it_any_more() {
    let mut s = session();
    let apply = |s: &mut Session, object: &str| s.eval(&format!("kubectl apply -f - <<'END'\n{object}\nEND\n"));
    apply(
        &mut s,
        "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: gold}, driverName: a.b, parameters: {a: b}}",
    );
    apply(
        &mut s,
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {volumeAttributesClassName: gold, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    );
    s.eval("kubectl delete vac gold --wait=false");
    s.eval("wait 5s");
    assert_eq!(s.eval("kubectl get vac gold").code, 0, "the claim names it");
    s.eval("kubectl delete pvc c");
    s.eval("wait 5s");
    assert_eq!(s.eval("kubectl get vac gold").code, 1, "nobody names it");
}

/// The cluster writes its leases again and again; who owned their fields, and what they were, must not pile up.
#[test]
fn an_idle_cluster_does_not_remember_every_renewal() {
    use kubetutor::api::kinds::Lease;
    use kubetutor::api::{Duration, Key};
    let mut s = session();
    let world = &mut s.cluster.world;
    let key = Key::of::<Lease>("kube-node-lease", "worker-1");
    let mut renewals = vec![];
    for _ in 0..6 {
        world.run_until(world.now + Duration::from_secs(300));
        renewals.push(std::sync::Arc::downgrade(world.api.store().get(&key).expect("a lease")));
    }
    let kept: Vec<bool> = renewals.iter().map(|r| r.strong_count() > 0).collect();
    assert_eq!(kept[..3], [false; 3], "after a quarter of an hour they are forgotten");
    assert!(kept[5], "the last one is there");
}

/// A node that is gone may come back for forty seconds; then its pods are forced out, as no kubelet will end them.
#[test]
fn pods_of_a_node_that_is_gone_are_forced_out_and_replaced() {
    let mut s = session();
    s.eval("kubectl create deployment web --image=nginx --replicas=3");
    s.eval("kubectl delete node worker-1");
    s.eval("wait 30s");
    let pods = |s: &mut Session| s.eval("kubectl get pods --no-headers -o wide").stdout;
    assert!(pods(&mut s).contains(" worker-1 "), "it may come back");
    let told = s.eval("wait 40s").story;
    assert!(told.contains("node worker-1 has been gone for 40 seconds"), "{told}");
    let now = pods(&mut s);
    assert!(now.lines().count() == 3 && !now.contains(" worker-1 "), "{now}");
}

/// Who asks for a pod's removal before it has a node waits for no kubelet.
#[test]
fn a_pod_without_a_node_goes_at_once() {
    let mut s = session();
    let pod = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "finalizers": ["example.com/hold"]},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "nginx"}]}}"#;
    s.eval(&format!("kubectl create -f - <<'END'\n{pod}\nEND\n"));
    s.eval("kubectl delete pod p --wait=false");
    let told = s.eval("wait 30s").story;
    assert!(told.contains("p is to go and never had a node"), "{told}");
    assert_eq!(s.eval("kubectl get pod p -o jsonpath={.status.phase}").stdout, "Failed");
}
