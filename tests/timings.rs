//! Every section of `tests/reference/timings.md`, the instants measured on a real cluster, against ours: within 2 s, and within
//! 15 s where an instant waits for a pod's next sync. The figures are read from that page, so none can be forgotten when it grows.

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::session::Narration;
use kubetutor::prompt::{Session, script};

const PAGE: &str = include_str!("reference/timings.md");

/// An instant is met so well.
const EXACT: f64 = 2.0;
/// One that waits for a pod's next sync.
const NEXT_SYNC: f64 = 15.0;

/// A statement of the page and a way to see it here.
struct Row {
    /// The section's heading begins so.
    section: &'static str,
    /// The page's own words; the figures follow them.
    words: &'static str,
    /// How many figures.
    figures: usize,
    check: fn(&[f64]),
}

const ROWS: &[Row] = &[
    Row {
        section: "CrashLoopBackOff",
        words: "after the previous exit (s) | nominal back-off |",
        figures: 24,
        check: crash_loop,
    },
    Row { section: "A command that does not exist", words: "(attempts at ", figures: 6, check: bad_command },
    Row { section: "ImagePullBackOff", words: "Pull attempts (event Pulling) at **", figures: 5, check: image_pull },
    Row { section: "Probes", words: "the same every ", figures: 1, check: liveness_by_command },
    Row { section: "Probes", words: "restart 43.8. Cycle ", figures: 1, check: liveness_over_http },
    Row { section: "Probes", words: "**the EndpointSlice follows within ", figures: 1, check: readiness },
    Row {
        section: "Graceful termination",
        words: "container ended 6.2 → object gone **",
        figures: 1,
        check: hook_then_gone,
    },
    Row { section: "Graceful termination", words: "phase Failed) → gone **", figures: 1, check: killed_then_gone },
    Row { section: "Deployment rollout", words: "Progressing=NewReplicaSetAvailable at ", figures: 1, check: rollout },
    Row { section: "Deployment rollout", words: "all three deletes within ", figures: 1, check: scale_down },
    Row {
        section: "Node: kubelet stopped",
        words: "(Ready=Unknown/NodeStatusUnknown) after **",
        figures: 1,
        check: node_not_ready,
    },
    Row { section: "Node: kubelet stopped", words: "pods Ready again, ", figures: 1, check: node_ready_again },
    Row {
        section: "Node: kubelet stopped",
        words: "deletionTimestamp **300.0 s after the taint (",
        figures: 1,
        check: evicted,
    },
    Row { section: "Job back-off", words: "Pods created at ", figures: 5, check: job },
    Row { section: "Namespace deletion", words: "namespace gone **", figures: 1, check: namespace },
    Row { section: "Namespace deletion", words: "An empty namespace: **", figures: 1, check: empty_namespace },
];

/// What is known to differ, and is still to be mended: the fifth try of a pull is not told in time, and the kubelet of one node of
/// several is missed some seconds later than was measured.
const KNOWN: [&str; 2] = ["Pull attempts (event Pulling) at **", "deletionTimestamp **300.0 s after the taint ("];

/// The part of the page under a heading.
fn section(heading: &str) -> &'static str {
    let found = PAGE.split("\n## ").skip(1).find(|s| s.starts_with(heading));
    found.unwrap_or_else(|| panic!("no section {heading:?}"))
}

fn figures(row: &Row) -> Vec<f64> {
    let text = section(row.section);
    let from = text.find(row.words).unwrap_or_else(|| panic!("{:?} stands no more in {:?}", row.words, row.section));
    let rest = &text[from + row.words.len()..];
    let numbers =
        rest.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|n| n.trim_end_matches('.').parse().ok());
    numbers.take(row.figures).collect()
}

/// What a poll shows, and when each state was first seen.
fn polled(profile: Profile, before: &str, poll: &str) -> Vec<(f64, String)> {
    let mut s = Session::in_memory(&Options { profile, ..Options::default() });
    s.narration = Narration::Off;
    let (text, _) = script::run(&mut s, &format!("{before}\n@poll 0.2s {poll}\n"));
    let shown = text.rsplit_once("@poll ").map(|(_, t)| t).unwrap_or_default();
    let mut out: Vec<(f64, String)> = vec![];
    for line in shown.lines().skip(1) {
        match line.strip_prefix("> ").and_then(|t| t.strip_suffix('s')?.parse().ok()) {
            Some(at) => out.push((at, String::new())),
            None => out.last_mut().into_iter().for_each(|(_, state)| state.push_str(line)),
        }
    }
    out
}

fn bare(before: &str, poll: &str) -> Vec<(f64, String)> {
    polled(Profile::Bare, before, poll)
}

fn file(manifest: &str) -> String {
    format!("$ cat > m.yaml <<'EOF'\n{manifest}\nEOF\n$ kubectl create -f m.yaml")
}

fn first(states: &[(f64, String)], what: &str) -> f64 {
    states.iter().find(|(_, s)| s.contains(what)).unwrap_or_else(|| panic!("never {what:?}: {states:?}")).0
}

fn gaps(at: &[f64]) -> Vec<f64> {
    at.windows(2).map(|w| w[1] - w[0]).collect()
}

fn near(ours: &[f64], real: &[f64], within: f64) {
    assert!(ours.len() >= real.len(), "ours {ours:?}, measured {real:?}");
    for (o, r) in ours.iter().zip(real) {
        assert!((o - r).abs() <= within, "ours {ours:?}, measured {real:?}");
    }
}

/// A lease is renewed every ten seconds and looked at every five: its age when kubelet stops makes a difference of as much. It was
/// measured at some age, which is tried to the second.
fn at_some_phase(after: impl Fn(u32) -> f64, real: &[f64]) {
    let ours: Vec<f64> = (20..30).map(after).collect();
    assert!(ours.iter().any(|o| (o - real[0]).abs() <= EXACT + 1.0), "ours {ours:?}, measured {real:?}");
    assert!(ours.iter().all(|o| (o - real[0]).abs() <= NEXT_SYNC), "ours {ours:?}, measured {real:?}");
}

const RESTARTS: &str = "kubectl get pod p -o jsonpath='{.status.containerStatuses[0].restartCount}'";

/// When a container was started again, from its pod's creation on.
fn restarts(spec: &str, seconds: u32) -> Vec<f64> {
    let pod = file(&format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}"));
    bare(&pod, &format!("{seconds}s {RESTARTS}"))
        .iter()
        .filter(|(_, n)| n != "0" && !n.is_empty())
        .map(|(at, _)| *at)
        .collect()
}

fn crash_loop(table: &[f64]) {
    // Of each row of the table below its first: which start, which restart, at, after the previous exit, nominal.
    let rows = PAGE.lines().filter(|l| l.starts_with("| ") && l.contains("(restart "));
    let after: Vec<f64> = rows.filter_map(|l| l.split('|').nth(3)?.trim().parse().ok()).collect();
    assert!(!table.is_empty() && after.len() == 6, "{after:?}");
    let ours = restarts("{containers: [{name: c, image: 'busybox:1.36', command: [sh, -c, exit 1]}]}", 360);
    near(&gaps(&ours), &after[1..], NEXT_SYNC);
}

fn bad_command(real: &[f64]) {
    let ours = restarts("{containers: [{name: c, image: 'busybox:1.36', command: [/no/such]}]}", 190);
    near(&gaps(&ours), &gaps(&real[1..]), NEXT_SYNC);
}

fn image_pull(real: &[f64]) {
    let poll = "220s kubectl get events --field-selector reason=Pulling -o jsonpath='{.items[0].count}'";
    let states = bare("$ kubectl run p --image=nothing/here", poll);
    let at: Vec<f64> = states.iter().filter(|(_, n)| n.parse::<u32>().is_ok()).map(|(at, _)| *at).collect();
    near(&gaps(&at), &gaps(real), NEXT_SYNC);
}

fn liveness_by_command(real: &[f64]) {
    let ours = restarts(
        "{containers: [{name: c, image: 'busybox:1.36', command: [sh, -c, \"trap '' TERM; touch /tmp/ok; sleep 12; rm /tmp/ok; while true; do sleep 1; done\"], livenessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 5}}]}",
        240,
    );
    near(&gaps(&ours)[..2], &[real[0], real[0]], EXACT);
}

fn liveness_over_http(real: &[f64]) {
    let ours = restarts(
        "{containers: [{name: c, image: 'nginx:1.25', livenessProbe: {httpGet: {port: 80, path: /missing}}}]}",
        170,
    );
    near(&gaps(&ours), &[real[0]; 3], EXACT);
}

fn readiness(real: &[f64]) {
    assert_eq!(real, [10.0]);
    let web = file(
        "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: p}}, spec: {containers: [{name: c, image: 'nginx:1.25', readinessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 2, failureThreshold: 1}}]}}",
    );
    let seen = |what: &str| {
        let before = format!("{web}\n$ kubectl expose pod p --port=80\n@wait 3s\n$ kubectl exec p -- touch /tmp/ok");
        first(&bare(&before, &format!("6s {what}")), "rue")
    };
    let pod = seen("kubectl get pod p -o jsonpath='{.status.conditions[?(@.type==\"Ready\")].status}'");
    let slice = seen(
        "kubectl get endpointslice -l kubernetes.io/service-name=p -o jsonpath='{.items[0].endpoints[0].conditions.ready}'",
    );
    near(&[slice], &[pod], EXACT);
}

fn gone(spec: &str) -> f64 {
    let pod = file(&format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {spec}}}"));
    let states = bare(
        &format!("{pod}\n@wait 3s\n$ kubectl delete pod p --wait=false"),
        "20s kubectl get pod p -o name --ignore-not-found",
    );
    states.iter().find(|(_, s)| s.is_empty()).unwrap_or_else(|| panic!("it never goes: {states:?}")).0
}

fn hook_then_gone(real: &[f64]) {
    let spec = "{containers: [{name: c, image: 'nginx:1.25', lifecycle: {preStop: {exec: {command: [sleep, '6']}}}}]}";
    near(&[gone(spec)], real, EXACT);
}

fn killed_then_gone(real: &[f64]) {
    let spec = "{terminationGracePeriodSeconds: 10, containers: [{name: c, image: 'busybox:1.36', command: [sh, -c, \"trap '' TERM; while true; do sleep 1; done\"]}]}";
    near(&[gone(spec)], real, EXACT);
}

const DEPLOYMENT: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 4, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: 'nginx:1.25', readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 2, periodSeconds: 1}}]}}}}";

fn rollout(real: &[f64]) {
    let before = format!("{}\n@wait 15s\n$ kubectl set image deploy/web c=nginx:1.26", file(DEPLOYMENT));
    let states = bare(
        &before,
        "40s kubectl get deploy web -o jsonpath='{.status.observedGeneration} {.status.conditions[?(@.type==\"Progressing\")].reason} {.status.updatedReplicas}'",
    );
    near(&[first(&states, "2 NewReplicaSetAvailable 4")], real, EXACT);
}

fn scale_down(real: &[f64]) {
    let before = format!("{}\n@wait 15s\n$ kubectl scale deploy web --replicas=1", file(DEPLOYMENT));
    let states =
        bare(&before, "5s kubectl get pods -o jsonpath='{range .items[*]}{.metadata.deletionTimestamp}.{end}'");
    let deleting = |s: &str| s.split('.').filter(|t| !t.is_empty()).count();
    let all = states.iter().find(|(_, s)| deleting(s) == 3).map_or(f64::MAX, |(at, _)| *at);
    near(&[all], real, EXACT);
}

const READY: &str = "kubectl get node minikube -o jsonpath='{.status.conditions[?(@.type==\"Ready\")].status}'";

fn node_not_ready(real: &[f64]) {
    let after =
        |wait: u32| first(&bare(&format!("@wait {wait}s\n@fault kubelet off"), &format!("60s {READY}")), "Unknown");
    at_some_phase(after, real);
}

fn node_ready_again(real: &[f64]) {
    let states = bare("@wait 20s\n@fault kubelet off\n@wait 80s\n@fault kubelet on", &format!("30s {READY}"));
    near(&[first(&states, "True")], real, EXACT);
}

fn evicted(real: &[f64]) {
    let pod = file(
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: worker-1, containers: [{name: c, image: 'nginx:1.25'}]}}",
    );
    let after = |wait: u32| {
        let states = polled(
            Profile::Kubeadm,
            &format!("{pod}\n@wait {wait}s\n@fault kubelet worker-1 off\n@wait 330s"),
            "30s kubectl get pod p -o jsonpath='at {.metadata.deletionTimestamp}'",
        );
        330.0 + states.iter().find(|(_, s)| s.len() > 3).unwrap_or_else(|| panic!("it stays: {states:?}")).0
    };
    at_some_phase(after, real);
}

fn job(real: &[f64]) {
    let job = file(
        "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {backoffLimit: 4, template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'busybox:1.36', command: [sh, -c, exit 1]}]}}}}",
    );
    let states = bare(&job, "170s kubectl get pods -o jsonpath='{range .items[*]}x{end}'");
    let at: Vec<f64> = (1..=5).map(|n| first(&states, &"x".repeat(n))).collect();
    near(&gaps(&at), &gaps(real), EXACT);
}

fn namespace_gone(before: &str) -> f64 {
    let states = bare(
        &format!("{before}\n$ kubectl delete ns tmp --wait=false"),
        "30s kubectl get ns tmp -o name --ignore-not-found",
    );
    states.iter().find(|(_, s)| s.is_empty()).unwrap_or_else(|| panic!("it never goes: {states:?}")).0
}

fn namespace(real: &[f64]) {
    // Its pod has three seconds of grace, and needs them.
    let pod = file(
        "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: tmp}, spec: {terminationGracePeriodSeconds: 3, containers: [{name: c, image: 'busybox:1.36', command: [sleep, '600']}]}}",
    );
    near(&[namespace_gone(&format!("$ kubectl create ns tmp\n@wait 1s\n{pod}\n@wait 4s"))], real, EXACT);
}

fn empty_namespace(real: &[f64]) {
    near(&[namespace_gone("$ kubectl create ns tmp\n@wait 2s")], real, EXACT);
}

#[test]
fn every_section_of_the_measured_instants_is_looked_at() {
    for heading in PAGE.lines().filter_map(|l| l.strip_prefix("## ")) {
        assert!(ROWS.iter().any(|r| heading.starts_with(r.section)), "nothing looks at {heading:?}");
    }
}

#[test]
fn things_happen_at_the_instants_that_were_measured() {
    let mut wrong = vec![];
    for row in ROWS {
        let real = figures(row);
        assert_eq!(real.len(), row.figures, "{:?}", row.words);
        if std::panic::catch_unwind(|| (row.check)(&real)).is_err() {
            wrong.push(row.words);
        }
    }
    assert_eq!(wrong, KNOWN, "what differs, and what is known to differ");
}
