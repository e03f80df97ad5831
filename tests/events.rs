//! Every pattern of `tests/reference/events.txt`, which lists the Events of a real cluster, against the Events of ours: in recorded
//! transcripts that are played again, and in a few scripts for what those do not show. A pattern that nothing brings about fails
//! unless [`EXCEPTIONS`] names it and says why it does not apply; one that is named there and does come about fails too.

use std::collections::BTreeSet;

use kubetutor::api::kinds::Event;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::session::Narration;
use kubetutor::prompt::{Session, script};
use regex::Regex;

const LIST: &str = include_str!("reference/events.txt");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/transcripts");

/// An Event as the list tells of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Seen {
    kind: String,
    component: String,
    warning: bool,
    reason: String,
    /// The list of a pod's spec that its container stands in, or nothing.
    part: String,
    message: String,
}

/// A line of the list.
#[derive(Debug)]
struct Pattern {
    line: &'static str,
    kind: &'static str,
    component: &'static str,
    warning: bool,
    reason: &'static str,
    parts: Vec<&'static str>,
    message: &'static str,
}

/// Longer messages were cut off there when the list was made.
const CUT: usize = 250;

/// What a pattern stands for. (Whoever made the list wrote `pod <name>` for `pod: web-0`, and `node <node>` for `Node minikube`.)
fn expression(pattern: &str) -> Regex {
    let placeholder = Regex::new("(pod|node) <[a-z]+>|<[a-z]+>|…").unwrap();
    let (mut text, mut from) = (String::from("(?s)^"), 0);
    for found in placeholder.find_iter(pattern) {
        text.push_str(&regex::escape(&pattern[from..found.start()]));
        text.push_str(match found.as_str() {
            p if p.starts_with("pod") => "pod:? ?.+?",
            n if n.starts_with("node") => "[Nn]ode .+?",
            _ => ".*?",
        });
        from = found.end();
    }
    text.push_str(&regex::escape(&pattern[from..]));
    if pattern.chars().count() < CUT {
        text.push_str("\\s*$");
    }
    Regex::new(&text).unwrap()
}

fn patterns() -> Vec<Pattern> {
    let (mut kind, mut component) = ("", "");
    let mut all = vec![];
    for line in LIST.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            (kind, component) = heading.split_once(" — ").expect("kind — component");
        } else if line.starts_with("Normal") || line.starts_with("Warning") {
            let mut words = line.split_whitespace();
            let mut next = || words.next().expect("five columns");
            let (how, reason, _, _, part) = (next(), next(), next(), next(), next());
            let message = line.split_once(part).expect("a field path").1.trim();
            let parts = part.split(',').map(|p| p.trim_start_matches("spec.").trim_end_matches("{x}")).collect();
            all.push(Pattern { line, kind, component, warning: how == "Warning", reason, parts, message });
        }
    }
    all
}

impl Pattern {
    /// Those of its field paths with which it was not seen. (Where the list has none, it was not noted down.)
    fn missing(&self, seen: &BTreeSet<Seen>) -> Vec<&'static str> {
        let message = expression(self.message);
        let alike: Vec<&Seen> = seen
            .iter()
            .filter(|s| s.kind == self.kind && s.component == self.component && s.warning == self.warning)
            .filter(|s| s.reason == self.reason && message.is_match(&s.message))
            .collect();
        self.parts.iter().copied().filter(|part| !alike.iter().any(|s| *part == "-" || s.part == *part)).collect()
    }
}

fn look(s: &Session, seen: &mut BTreeSet<Seen>) {
    for e in s.cluster.objects::<Event>() {
        let path = e.involved_object.field_path.unwrap_or_default();
        seen.insert(Seen {
            kind: e.involved_object.kind.unwrap_or_default(),
            // Who writes by the newer of the two kinds of Events has no source, as the older one sees it.
            component: e.source.and_then(|s| s.component).or(e.reporting_component).unwrap_or_default(),
            warning: e.type_.as_deref() == Some("Warning"),
            reason: e.reason.unwrap_or_default(),
            part: path.trim_start_matches("spec.").split('{').next().unwrap_or_default().into(),
            message: e.message.unwrap_or_default(),
        });
    }
}

/// Runs a script and looks at all Events after each step.
fn events_of(options: &Options, text: &str) -> BTreeSet<Seen> {
    let mut s = Session::in_memory(options);
    s.narration = Narration::Off;
    let mut seen = BTreeSet::new();
    look(&s, &mut seen);
    for block in Session::blocks(text) {
        script::run(&mut s, &block);
        look(&s, &mut seen);
    }
    seen
}

/// The lines of a transcript that are typed, without what was answered.
fn typed(transcript: &str) -> String {
    let (mut out, mut here) = (String::new(), false);
    for line in transcript.lines() {
        if here || line.starts_with("$ ") || line.starts_with('@') {
            out.push_str(line);
            out.push('\n');
        }
        here = if here { line != "EOF" } else { line.starts_with("$ ") && line.contains("<<'EOF'") };
    }
    out
}

fn transcript(name: &str) -> BTreeSet<Seen> {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}.txt")).expect("a transcript");
    events_of(&Options { profile: Profile::Bare, ..Options::default() }, &typed(&text))
}

/// Transcripts that between them bring about most of the list.
const TRANSCRIPTS: &[&str] = &[
    "13-probes-liveness",
    "14-probes-readiness",
    "15-probes-types",
    "17-init-containers",
    "23-rollout-deadline",
    "25-volumes-config",
    "26-pvc",
    "31-fault-kubelet-short",
    "32-fault-runtime",
    "34-logs",
    "38-taint-cordon-drain",
    "39-tolerations",
    "44-jobs",
    "45-cronjobs",
    "46-statefulset",
    "47-statefulset-pvc",
    "48-daemonset",
    "49-hpa-top",
    "55-termination",
    "56-resources-qos",
    "59-pdb-priority",
    "63-immutable-and-conflict",
    "64-debug",
    "66-security-context",
    "72-bad-commands-pods",
    "75-scheduling-pressure",
    "76-fault-proxy-dns",
    "77-fault-metrics",
];

/// What those do not show.
const SCRIPTS: &[(Profile, &str)] = &[
    // An image's name that is none, programs that are not there, probes that fail in other ways.
    (
        Profile::Bare,
        r#"$ cat > pods.yaml <<'EOF'
{apiVersion: v1, kind: Pod, metadata: {name: name}, spec: {containers: [{name: c, image: "Not An Image"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: program}, spec: {containers: [{name: c, image: 'busybox:1.36', command: [/no/such]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other}, spec: {containers: [{name: c, image: 'busybox:1.36', command: [/no/such/program]}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: alive}
spec: {containers: [{name: c, image: 'busybox:1.36', command: [sleep, '900'], livenessProbe: {exec: {command: [cat, /tmp/ok]}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec: {containers: [{name: c, image: 'busybox:1.36', command: [sleep, '900'], readinessProbe: {tcpSocket: {port: 80}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: elsewhere}
spec: {containers: [{name: c, image: 'nginx:1.25', readinessProbe: {tcpSocket: {host: 10.244.0.200, port: 80}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: hangs}
spec: {containers: [{name: c, image: 'nginx:1.25', readinessProbe: {httpGet: {port: 80}, periodSeconds: 2}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: slow}
spec: {containers: [{name: c, image: 'nginx:1.25', readinessProbe: {exec: {command: [sleep, '3']}, periodSeconds: 4, timeoutSeconds: 4}}]}
EOF
$ kubectl create -f pods.yaml
@wait 20s
$ fail container hangs hang
@wait 7s
$ kubectl delete pod slow
@wait 10s
"#,
    ),
    // A kubelet comes back to pods that are to go, a node is deleted and comes back, nodes are cordoned and uncordoned.
    (
        Profile::Kubeadm,
        r#"$ kubectl cordon worker-2
@wait 15s
$ kubectl uncordon worker-2
@wait 15s
$ kubectl delete node worker-2
@wait 10s
$ kubectl create deployment web --image=nginx --replicas=4
@wait 10s
$ fail kubelet worker-1
$ kubectl delete pods --all --wait=false
@wait 60s
$ heal kubelet worker-1
@wait 20s
"#,
    ),
    // The container runtime stops between the making of a sandbox and that of its container.
    (
        Profile::Bare,
        r#"$ kubectl run p --image=nginx:1.25
@wait 250ms
@fault containerd minikube off
@wait 90s
@fault containerd minikube on
@wait 20s
"#,
    ),
];

/// What does not apply here, and why.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "CgroupV1",
    "the recorded machine had version 1 of control groups, which the nodes here, as most there are, have no more",
)];

#[test]
fn every_event_of_a_real_cluster_comes_about_here() {
    let mut seen = BTreeSet::new();
    TRANSCRIPTS.iter().for_each(|name| seen.extend(transcript(name)));
    for (profile, text) in SCRIPTS {
        seen.extend(events_of(&Options { profile: *profile, ..Options::default() }, text));
    }
    let all = patterns();
    assert!(all.len() > 90, "the list has {} patterns", all.len());
    let excepted = |p: &Pattern| EXCEPTIONS.iter().any(|(reason, _)| p.reason == *reason);
    let missing = |p: &&Pattern| !p.missing(&seen).is_empty();
    let wrong: Vec<String> = all
        .iter()
        .filter(|p| excepted(p) != missing(p))
        .map(|p| format!("{} by {}: {:?} {}", p.kind, p.component, p.missing(&seen), p.line))
        .collect();
    assert!(wrong.is_empty(), "never comes about, or does though it is excepted:\n{}", wrong.join("\n"));
}
