//! A container that runs is not yet a service that answers.

use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::session::Pace;

use super::{at, wait};
use crate::session::{create, get, run};

#[test]
fn between_the_start_of_a_container_and_its_being_ready_nobody_is_sent_there() {
    let mut s = at(Profile::Kubeadm);
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: slow, labels: {app: slow}}, spec: {containers: [{
            name: slow, image: nginx, readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 60}}]}}",
    );
    run(&mut s, "kubectl expose pod slow --port=80");
    s.pace = Pace::Manual;
    wait(&mut s, 20_000);
    let row = |s: &mut _| run(s, "kubectl get pod slow --no-headers");
    let ready = |s: &mut _| {
        get(s, "endpointslices -l kubernetes.io/service-name=slow", ".items[0].endpoints[*].conditions.ready")
    };
    if get(&mut s, "pod slow", ".status.containerStatuses[0].ready") == "false" {
        assert!(row(&mut s).contains("0/1") && row(&mut s).contains("Running"));
        assert_eq!(ready(&mut s), "false");
    }
    wait(&mut s, 90_000);
    assert!(row(&mut s).contains("1/1"));
    assert_eq!(ready(&mut s), "true");
}

/// A liveness probe of any sort restarts what is stuck; a readiness probe leaves it alone.
#[test]
fn liveness_restarts_and_readiness_only_keeps_away() {
    let mut s = at(Profile::Kubeadm);
    let http = "httpGet: {path: /, port: 8080}";
    for (name, probe, asks) in [
        ("live-http", "livenessProbe", http),
        ("live-tcp", "livenessProbe", "tcpSocket: {port: 8080}"),
        ("live-exec", "livenessProbe", "exec: {command: [cat, /tmp/healthy]}"),
        ("ready", "readinessProbe", http),
    ] {
        create(
            &mut s,
            &format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: nginx,
                    {probe}: {{{asks}, periodSeconds: 2, failureThreshold: 2}}}}]}}}}"
            ),
        );
    }
    s.pace = Pace::Manual;
    wait(&mut s, 60_000);
    let field =
        |s: &mut _, pod: &str, of: &str| get(s, &format!("pod {pod}"), &format!(".status.containerStatuses[0].{of}"));
    for pod in ["live-http", "live-tcp", "live-exec"] {
        assert!(field(&mut s, pod, "restartCount").parse::<u32>().unwrap() >= 2, "{pod}");
    }
    assert_eq!((field(&mut s, "ready", "restartCount"), field(&mut s, "ready", "ready")), ("0".into(), "false".into()));
    let killing = get(&mut s, "events --field-selector reason=Killing", ".items[*].involvedObject.name");
    assert!(!killing.contains("ready") && killing.contains("live-tcp"), "{killing}");
}
