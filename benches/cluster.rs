//! How fast the cluster is: `cargo bench`.
//!
//! The figure that README names is pods per second until all of one Deployment run, on 100 nodes.

use divan::Bencher;
use divan::counter::ItemsCount;
use kubetutor::cluster::Options;
use kubetutor::prompt::Session;

fn main() {
    divan::main();
}

fn session(nodes: u32) -> Session {
    Session::in_memory(&Options { nodes: Some(nodes), ..Options::default() })
}

/// From the command to the moment at which every pod runs, with its story. Each sample is one run; so many that the
/// median outlasts a busy neighbour.
#[divan::bench(args = [1_000, 10_000], sample_count = 15, sample_size = 1)]
fn pods_to_running(bencher: Bencher<'_, '_>, replicas: usize) {
    let line = format!("kubectl create deployment web --image=nginx --replicas={replicas}");
    bencher.counter(ItemsCount::new(replicas)).with_inputs(|| session(100)).bench_local_values(|mut s| {
        let told = s.eval(&line);
        assert_eq!(told.code, 0, "{}", told.stderr);
        let ready = s.eval("kubectl get deployment web -o jsonpath={.status.readyReplicas}").stdout;
        assert_eq!(ready, replicas.to_string());
        // Taking the cluster down is not what is measured.
        s
    });
}

/// What a person waits for: a whole cluster, put together and settled.
#[divan::bench(args = [1, 100])]
fn cold_start(nodes: u32) -> Session {
    session(nodes)
}

/// Ordinary commands, each with its story, on a cluster with a Deployment of three.
#[divan::bench(args = [
    "kubectl get pods",
    "kubectl get pods -o yaml",
    "kubectl describe deployment web",
    "kubectl scale deployment web --replicas=5",
    "kubectl set image deployment/web nginx=nginx:1.27",
    "why deploy/web",
])]
fn command(bencher: Bencher<'_, '_>, line: &str) {
    let before = || {
        let mut s = session(1);
        s.eval("kubectl create deployment web --image=nginx --replicas=3");
        s
    };
    bencher.with_inputs(before).bench_local_values(|mut s| {
        let told = s.eval(line);
        assert_eq!(told.code, 0, "{}", told.stderr);
        s
    });
}
