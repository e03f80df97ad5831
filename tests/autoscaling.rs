//! HorizontalPodAutoscalers with metrics-server, in what the recorded transcripts do not show: load, behaviour, other kinds.

use kubetutor::api::Duration;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::Pace;

use crate::session::{create, get, run};

fn session(profile: Profile) -> Session {
    let mut s = Session::in_memory(&Options { profile, ..Options::default() });
    s.pace = Pace::Manual;
    s
}

fn wait(s: &mut Session, seconds: u64) {
    let until = s.cluster.world.now + Duration::from_secs(seconds);
    s.cluster.world.run_until(until);
}

/// A pod that keeps a CPU busy, of which it may have a fifth, until somebody says that it is enough.
const BUSY: &str = "{metadata: {labels: {app: web}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: busybox, command: [sh, -c, 'while [ ! -f /enough ]; do :; done; sleep 1d'], resources: {requests: {cpu: 100m}, limits: {cpu: 200m}}}]}}";

fn deployment() -> String {
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{selector: {{matchLabels: {{app: web}}}}, template: {BUSY}}}}}"
    )
}

fn autoscaler(target: &str, more: &str) -> String {
    format!(
        "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: web}}, spec: {{scaleTargetRef: {target}, metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}], {more}}}}}"
    )
}

const WEB: &str = "{apiVersion: apps/v1, kind: Deployment, name: web}";

fn replicas(s: &mut Session) -> String {
    get(s, "deploy web", ".spec.replicas")
}

/// `False FailedGetScale`, and the message.
fn condition(s: &mut Session, kind: &str) -> (String, String) {
    let at = format!(".status.conditions[?(@.type==\"{kind}\")]");
    let said = run(s, &format!("kubectl get hpa web -o jsonpath='{{{at}.status}} {{{at}.reason}}|{{{at}.message}}'"));
    let (first, message) = said.split_once('|').unwrap();
    (first.into(), message.into())
}

#[test]
fn a_busy_deployment_grows_in_steps_and_shrinks_five_minutes_after_it_has_become_quiet() {
    let mut s = session(Profile::Bare);
    create(&mut s, &deployment());
    create(&mut s, &autoscaler(WEB, "maxReplicas: 6"));
    wait(&mut s, 31);
    assert_eq!(replicas(&mut s), "4");
    assert_eq!(run(&mut s, "kubectl get hpa web --no-headers").split_whitespace().nth(3), Some("200%/50%"));
    wait(&mut s, 75);
    assert_eq!(replicas(&mut s), "6");
    assert_eq!(condition(&mut s, "ScalingLimited").0, "True TooManyReplicas");
    let top = run(&mut s, "kubectl top pods --no-headers");
    assert!(top.lines().count() == 6 && top.lines().all(|l| l.contains(" 200m ")), "{top}");
    for pod in get(&mut s, "pods", ".items[*].metadata.name").split(' ') {
        run(&mut s, &format!("kubectl exec {pod} -- touch /enough"));
    }
    wait(&mut s, 60);
    assert_eq!(condition(&mut s, "AbleToScale").0, "True ScaleDownStabilized");
    assert_eq!(
        get(&mut s, "hpa web", ".status.currentMetrics[0].resource.current"),
        "{\"averageUtilization\":0,\"averageValue\":\"0\"}"
    );
    wait(&mut s, 225);
    assert_eq!(replicas(&mut s), "6");
    wait(&mut s, 60);
    assert_eq!(replicas(&mut s), "1");
    let events = run(&mut s, "kubectl events --for hpa/web --no-headers");
    let sizes: Vec<&str> = events.lines().filter_map(|l| Some(l.split_once("New size: ")?.1)).collect();
    let metric = "cpu resource utilization (percentage of request)";
    let want = [
        format!("4; reason: {metric} above target"),
        format!("6; reason: {metric} above target"),
        "1; reason: All metrics below target".into(),
    ];
    assert_eq!(sizes, want);
}

#[test]
fn behaviour_says_how_fast() {
    let mut s = session(Profile::Bare);
    create(&mut s, &deployment());
    let behavior = "behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 60}]}}";
    create(&mut s, &autoscaler(WEB, &format!("maxReplicas: 6, {behavior}")));
    let mut seen = vec![];
    for _ in 0..5 {
        wait(&mut s, 31);
        seen.push(replicas(&mut s));
    }
    assert_eq!(seen, ["2", "2", "3", "3", "4"]);
    assert_eq!(condition(&mut s, "ScalingLimited").0, "True ScaleUpLimit");
}

#[test]
fn whatever_has_a_scale_is_scaled() {
    let mut s = session(Profile::Bare);
    let crd = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: apps.ex.io}, spec: {group: ex.io, scope: Namespaced, names: {plural: apps, singular: app, kind: App, listKind: AppList}, versions: [{name: v1, served: true, storage: true, subresources: {scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}, status: {type: object, properties: {size: {type: integer}}}}}}}]}}";
    create(&mut s, crd);
    wait(&mut s, 2);
    create(&mut s, "{apiVersion: ex.io/v1, kind: App, metadata: {name: a}, spec: {size: 1}}");
    let selected = |version: &str, kind: &str, more: &str| {
        let labels = format!("{{app: {kind}}}").to_lowercase();
        let template = BUSY.replace("{app: web}", &labels);
        let selector = if kind == "ReplicationController" { labels } else { format!("{{matchLabels: {labels}}}") };
        format!(
            "{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}, spec: {{replicas: 1, selector: {selector}, {more} template: {template}}}}}"
        )
    };
    let kinds = [
        ("apps/v1", "StatefulSet", ".spec.replicas"),
        ("apps/v1", "ReplicaSet", ".spec.replicas"),
        ("v1", "ReplicationController", ".spec.replicas"),
        ("ex.io/v1", "App", ".spec.size"),
    ];
    for (version, kind, _) in kinds {
        if kind != "App" {
            create(&mut s, &selected(version, kind, if kind == "StatefulSet" { "serviceName: a," } else { "" }));
        }
        let target = format!("{{apiVersion: {version}, kind: {kind}, name: a}}");
        let hpa = autoscaler(&target, "minReplicas: 2, maxReplicas: 3");
        create(&mut s, &hpa.replace("{name: web}", &format!("{{name: {}}}", kind.to_lowercase())));
    }
    wait(&mut s, 20);
    for (_, kind, path) in kinds {
        assert_eq!(get(&mut s, &format!("{kind} a"), path), "2", "{kind}");
    }
    // Who has changed it can be seen.
    let managers = run(&mut s, "kubectl get sts a -o yaml --show-managed-fields");
    assert!(
        managers.contains("manager: kube-controller-manager") && managers.contains("subresource: scale"),
        "{managers}"
    );
    // A scale without a selector tells nobody which pods to measure.
    wait(&mut s, 15);
    let events = run(&mut s, "kubectl events --for hpa/app --no-headers");
    assert!(events.contains("SelectorRequired") && events.contains("selector is required"), "{events}");
}

#[test]
fn what_cannot_be_scaled_says_why() {
    let none = "deployments.apps \"web\" not found";
    for (target, why) in [
        (WEB, none),
        ("{apiVersion: apps/v2, kind: Deployment, name: web}", none),
        ("{apiVersion: ex.io/v1, kind: Foo, name: web}", "no matches for kind \"Foo\" in group \"ex.io\""),
        ("{apiVersion: apps/v1, kind: DaemonSet, name: web}", "the server could not find the requested resource"),
    ] {
        let mut s = session(Profile::Bare);
        create(&mut s, &autoscaler(target, "maxReplicas: 3"));
        wait(&mut s, 16);
        let (is, message) = condition(&mut s, "AbleToScale");
        assert_eq!(is, "False FailedGetScale", "{target}");
        assert_eq!(message, format!("the HPA controller was unable to get the target's current scale: {why}"));
        let events = run(&mut s, "kubectl events --for hpa/web --no-headers");
        assert!(events.contains(&format!("FailedGetScale   HorizontalPodAutoscaler/web   {why}")), "{events}");
    }
}

#[test]
fn what_somebody_has_scaled_to_zero_is_left_alone() {
    let mut s = session(Profile::Bare);
    create(&mut s, &deployment());
    create(&mut s, &autoscaler(WEB, "minReplicas: 2, maxReplicas: 3"));
    run(&mut s, "kubectl scale deploy web --replicas=0");
    wait(&mut s, 16);
    assert_eq!(condition(&mut s, "ScalingActive").0, "False ScalingDisabled");
    assert_eq!(replicas(&mut s), "0");
    run(&mut s, "kubectl scale deploy web --replicas=9");
    wait(&mut s, 16);
    assert_eq!(replicas(&mut s), "3");
}

#[test]
fn two_autoscalers_of_the_same_pods_scale_nothing() {
    let mut s = session(Profile::Bare);
    create(&mut s, &deployment());
    create(&mut s, &autoscaler(WEB, "maxReplicas: 3"));
    create(
        &mut s,
        &autoscaler(WEB, "maxReplicas: 3").replace("{name: web}, spec: {scale", "{name: other}, spec: {scale"),
    );
    wait(&mut s, 60);
    let (is, message) = condition(&mut s, "ScalingActive");
    assert_eq!(is, "False AmbiguousSelector");
    assert_eq!(message, "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]");
    assert_eq!(replicas(&mut s), "1");
    run(&mut s, "kubectl delete hpa other");
    wait(&mut s, 31);
    assert_eq!(replicas(&mut s), "3");
}

#[test]
fn a_cluster_without_metrics_server_has_no_such_resource() {
    let mut s = session(Profile::Kubeadm);
    create(&mut s, &deployment());
    create(&mut s, &autoscaler(WEB, "maxReplicas: 3"));
    wait(&mut s, 20);
    let (is, message) = condition(&mut s, "ScalingActive");
    assert_eq!(is, "False FailedGetResourceMetric");
    let why = "the server could not find the requested resource (get pods.metrics.k8s.io)";
    assert!(message.ends_with(why), "{message}");
}

#[test]
fn metrics_server_needs_two_rounds_and_forgets_when_it_stops() {
    let mut s = session(Profile::Bare);
    create(&mut s, &deployment());
    let names = |s: &mut Session| {
        run(s, "kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods").matches("\"cpu\"").count()
    };
    // It asks 7.8 s, 22.8 s … after the start.
    wait(&mut s, 20);
    assert_eq!(names(&mut s), 0);
    wait(&mut s, 5);
    assert_eq!(names(&mut s), 1);
    let pod = get(&mut s, "pods", ".items[0].metadata.name");
    let missing = s.eval("kubectl top pod nope");
    assert_eq!(missing.stderr, "Error from server (NotFound): pods \"nope\" not found\n");
    assert!(run(&mut s, "kubectl top node --no-headers").contains(" 290m "));
    s.cluster.fault("metrics-server", None, true).unwrap();
    assert_eq!(s.eval("kubectl top pods").stderr, "error: Metrics API not available\n");
    wait(&mut s, 1);
    s.cluster.fault("metrics-server", None, false).unwrap();
    wait(&mut s, 14);
    assert_eq!(names(&mut s), 0);
    let young = s.eval(&format!("kubectl top pod {pod}"));
    assert_eq!(
        young.stderr,
        format!("Error from server (NotFound): podmetrics.metrics.k8s.io \"default/{pod}\" not found\n")
    );
    wait(&mut s, 2);
    assert_eq!(names(&mut s), 1);
    // A node whose kubelet is down tells nothing.
    s.cluster.fault("kubelet", None, true).unwrap();
    assert_eq!(names(&mut s), 0);
}
