//! A run: a cluster, work that somebody does there, faults in random order; and what is looked at all the while and in the end.

use std::collections::{BTreeMap, BTreeSet};

use kubetutor::api::kinds::{DaemonSet, Deployment, Job, Node, Pod, StatefulSet, node};
use kubetutor::api::{Duration, RecordId, Resource, Uid, pods};
use kubetutor::cluster::Options;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::{Narration, Pace};
use kubetutor::store::Scope;

const WORKLOADS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: nginx, readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {terminationGracePeriodSeconds: 5, containers: [{name: db, image: redis}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: busybox, command: [sh, -c, "trap 'exit 0' TERM; while true; do sleep 5; done"]}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  completions: 3
  parallelism: 2
  backoffLimit: 50
  template:
    spec: {restartPolicy: OnFailure, containers: [{name: sum, image: busybox, command: [sh, -c, "sleep 20; echo done"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"#;

/// Faults, each with the ways to break it; whatever is broken is mended in the end.
const FAULTS: [&str; 22] = [
    "kubelet worker-1",
    "kubelet worker-2",
    "kubelet control-plane",
    "containerd worker-1",
    "containerd worker-3",
    "node worker-1",
    "node worker-2",
    "network worker-1 worker-2",
    "network control-plane worker-3",
    "memory worker-3",
    "disk worker-2",
    "clock worker-1",
    "apiserver",
    "etcd",
    "etcd slow",
    "scheduler",
    "controller-manager",
    "controller replicaset",
    "controller endpointslice",
    "registry",
    "kube-proxy worker-1",
    "coredns",
];

/// What a person does meanwhile. In the end each of them has been done.
const WORK: [&str; 6] = [
    "kubectl scale deployment web --replicas=5",
    "kubectl set image deployment/web web=nginx:1.27",
    "kubectl scale statefulset db --replicas=3",
    "kubectl rollout restart daemonset agent",
    "kubectl delete pod -l app=web --wait=false",
    "kubectl label service web x=y --overwrite",
];

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

struct Run {
    s: Session,
    seed: u64,
    broken: BTreeSet<&'static str>,
    told: Vec<String>,
    /// On which node each pod was ever seen.
    places: BTreeMap<Uid, String>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut s = Session::in_memory(&Options { seed, ..Options::default() });
        (s.narration, s.pace, s.terminal) = (Narration::Off, Pace::Manual, false);
        s.host.write("all.yaml", WORKLOADS).unwrap();
        assert_eq!(s.eval("kubectl apply -f all.yaml").code, 0);
        Run { s, seed, broken: BTreeSet::new(), told: vec![], places: BTreeMap::new() }
    }

    fn pass(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.s.advance(Duration::from_secs(1));
            self.check();
        }
    }

    /// What may never be.
    fn check(&mut self) {
        let at = || format!("seed {} after {:?}", self.seed, self.told);
        let mut addresses = BTreeMap::new();
        let host: BTreeSet<String> = self.s.cluster.plan.nodes.iter().map(|n| n.ip.clone()).collect();
        for (uid, node, ip) in self.s.cluster.network().unwrap().pods() {
            let place = self.places.entry(uid).or_insert_with(|| node.to_string());
            assert_eq!(place, node, "a pod on two nodes: {}", at());
            if !host.contains(&ip.to_string()) {
                let other = addresses.insert(ip, uid);
                assert_eq!(other, None, "{ip} twice: {}", at());
            }
        }
        // An address that is free again may be given away before the API hears that its last owner has ended: by a kubelet that
        // cannot say so.
        let alive: BTreeSet<Uid> = self.s.cluster.alive().into_iter().collect();
        let mut told = BTreeMap::new();
        let scope = Scope::all(Pod::kind_ref());
        for o in self.s.cluster.world.api.store().list(&scope) {
            let Some(pod) = o.get::<Pod>().filter(|p| !pods::is_terminal(p) && alive.contains(&p.marks_uid())) else {
                continue;
            };
            let on_host = pod.spec.as_ref().is_some_and(|s| s.host_network == Some(true));
            let ip = pod.status.as_ref().and_then(|s| s.pod_ip.as_deref()).filter(|_| !on_host);
            if let Some(ip) = ip {
                assert_eq!(told.insert(ip, pod.name()), None, "{ip} is told twice: {}", at());
            }
        }
    }

    fn eval(&mut self, line: &'static str) -> i32 {
        self.told.push(format!("{:.0}s {line}", self.s.elapsed().as_secs_f64()));
        self.s.eval(line).code
    }

    fn turn(&mut self, fault: &'static str) {
        let word = if self.broken.remove(fault) { "heal" } else { "fail" };
        let told = format!("{:.0}s {word} {fault}", self.s.elapsed().as_secs_f64());
        // Two ways of one thing are not broken at once: then nothing happens.
        if self.s.eval(&format!("{word} {fault}")).code == 0 {
            self.told.push(told);
            if word == "fail" {
                self.broken.insert(fault);
            }
        }
    }

    /// What a learner would call the state of the cluster.
    fn state(&self) -> Vec<String> {
        let c = &self.s.cluster;
        let mut out = vec![];
        for n in c.objects::<Node>() {
            let taints = n.spec.iter().flat_map(|s| s.taints.iter().flatten()).map(|t| t.key.clone());
            out.push(format!("{} {} {:?}", n.name(), node::is_ready(&n), taints.collect::<Vec<_>>()));
        }
        for d in c.objects::<Deployment>() {
            let s = d.status.as_ref();
            out.push(format!(
                "{} {:?} {:?}",
                d.name(),
                s.and_then(|s| s.ready_replicas),
                s.and_then(|s| s.updated_replicas)
            ));
        }
        for d in c.objects::<StatefulSet>() {
            out.push(format!("{} {:?}", d.name(), d.status.as_ref().and_then(|s| s.ready_replicas)));
        }
        for d in c.objects::<DaemonSet>() {
            let s = d.status.as_ref();
            out.push(format!(
                "{} {:?} {:?}",
                d.name(),
                s.map(|s| s.number_ready),
                s.and_then(|s| s.updated_number_scheduled)
            ));
        }
        for j in c.objects::<Job>() {
            out.push(format!("{} {:?}", j.name(), j.status.as_ref().and_then(|s| s.succeeded)));
        }
        let mut running: Vec<String> = c
            .objects::<Pod>()
            .iter()
            .filter(|p| !pods::is_terminal(p))
            .map(|p| {
                let app = p.metadata.labels.iter().flatten().find(|(k, _)| *k == "app" || *k == "k8s-app");
                let image = p.spec.as_ref().map(|s| s.containers[0].image.clone().unwrap_or_default());
                format!("{} {} {image:?} {}", app.map_or("", |(_, v)| v), pods::phase(p), pods::is_ready(p))
            })
            .collect();
        running.sort();
        out.extend(running);
        out
    }

    /// Every process belongs to a pod that is there.
    fn no_orphans(&self) {
        let there: BTreeSet<Uid> = self.s.cluster.objects::<Pod>().iter().map(|p| p.marks_uid()).collect();
        let statics = self.s.cluster.objects::<Pod>().iter().filter(|p| p.is_mirror()).count();
        let orphans = self.s.cluster.alive().into_iter().filter(|uid| !there.contains(uid)).count();
        // Static pods run under a number of their own, beside the mirror in the API.
        assert_eq!(orphans, statics, "seed {}: containers outlive their pods after {:?}", self.seed, self.told);
    }
}

/// What is needed of a pod's identity here.
trait Identified {
    fn marks_uid(&self) -> Uid;
    fn is_mirror(&self) -> bool;
}

impl Identified for Pod {
    fn marks_uid(&self) -> Uid {
        Uid::of(self.uid())
    }
    fn is_mirror(&self) -> bool {
        self.metadata.annotations.iter().flatten().any(|(k, _)| k == "kubernetes.io/config.mirror")
    }
}

/// A run under faults: what happened, and what the ledger came to.
fn chaos(seed: u64) -> (Run, Vec<String>) {
    let mut run = Run::new(seed);
    let mut numbers = Numbers(seed);
    let mut left: Vec<&str> = WORK.to_vec();
    run.pass(numbers.below(40));
    for _ in 0..6 + numbers.below(8) {
        match numbers.below(3) {
            0 if !left.is_empty() => {
                let line = left.remove(numbers.below(left.len()));
                if run.eval(line) != 0 {
                    left.push(line);
                }
            }
            _ => run.turn(FAULTS[numbers.below(FAULTS.len())]),
        }
        let long = numbers.below(4) == 0;
        run.pass(if long { numbers.below(420) } else { numbers.below(30) });
    }
    let broken: Vec<&str> = run.broken.iter().copied().collect();
    broken.into_iter().rev().for_each(|f| run.turn(f));
    // The API server may wait five minutes before it is started again.
    run.pass(400);
    for line in left {
        assert_eq!(run.eval(line), 0, "seed {seed}: {line} after {:?}", run.told);
        run.pass(5);
    }
    run.pass(60);
    run.s.advance(Duration::from_secs(1_500));
    run.check();
    let state = run.state();
    (run, state)
}

/// The same work without any fault.
fn calm() -> Vec<String> {
    let mut run = Run::new(1);
    run.pass(60);
    for line in WORK {
        assert_eq!(run.eval(line), 0, "{line}");
        run.pass(30);
    }
    run.s.advance(Duration::from_secs(1_500));
    run.no_orphans();
    run.state()
}

/// What every seed must come to.
pub struct Wanted(Vec<String>);

impl Wanted {
    pub fn new() -> Wanted {
        Wanted(calm())
    }

    /// A whole run, and every tenth one again: the same seed gives the same ledger.
    pub fn check(&self, seed: u64) {
        let (run, state) = chaos(seed);
        assert_eq!(state, self.0, "seed {seed} after {:#?}", run.told);
        run.no_orphans();
        if seed.is_multiple_of(10) {
            let (again, _) = chaos(seed);
            let (one, other) = (&run.s.cluster.world.ledger, &again.s.cluster.world.ledger);
            let records = one.since(RecordId(0)).zip(other.since(RecordId(0)));
            for (a, b) in records {
                assert_eq!(format!("{a:?}"), format!("{b:?}"), "seed {seed} gave another run");
            }
            assert_eq!(one.next_id(), other.next_id(), "seed {seed} gave another run");
        }
    }
}
