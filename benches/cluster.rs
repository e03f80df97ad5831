//! How fast the cluster is: `cargo bench`.
//!
//! The figure that README names is pods per second until all of one Deployment run, on 100 nodes.

use std::io::Write;
use std::process::{Command, Stdio};

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

/// `kubetutor run --nodes 100` from its start to its end: a cluster is put together, every pod of one Deployment runs,
/// and the story is told. Each sample is a process of its own, as nobody meets a cluster whose memory is warm; so many
/// of them that the median outlasts a busy neighbour.
#[divan::bench(args = [1_000, 10_000], sample_count = 15, sample_size = 1)]
fn pods_to_running(bencher: Bencher<'_, '_>, replicas: usize) {
    let lines = format!(
        "kubectl create deployment web --image=nginx --replicas={replicas}\n\
         kubectl get deployment web -o jsonpath={{.status.readyReplicas}}\n"
    );
    bencher.counter(ItemsCount::new(replicas)).bench_local(|| {
        let told = run(&lines);
        assert!(told.ends_with(&replicas.to_string()), "{told}");
    });
}

/// What the program prints when it is given these lines.
fn run(lines: &str) -> String {
    let program = Command::new(env!("CARGO_BIN_EXE_kubetutor"))
        .args(["run", "--nodes", "100", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let told = program.and_then(|mut p| {
        p.stdin.take().into_iter().try_for_each(|mut stdin| stdin.write_all(lines.as_bytes()))?;
        p.wait_with_output()
    });
    match told {
        Ok(told) => String::from_utf8_lossy(&told.stdout).trim_end().to_string(),
        Err(e) => panic!("the program cannot be run: {e}"),
    }
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

/// One change where 20,000 pods run on 1,000 nodes, until all has settled and the story is told. The cluster is filled once.
#[divan::bench(args = ["scale", "label"], sample_count = 50, sample_size = 1)]
fn change_in_a_full_cluster(bencher: Bencher<'_, '_>, what: &str) {
    let mut s = session(1_000);
    s.eval("kubectl create deployment web --image=nginx --replicas=20000");
    s.eval("wait 60s");
    let mut count = 20_000;
    bencher.bench_local(|| {
        count += 1;
        let told = s.eval(&match what {
            "scale" => format!("kubectl scale deployment web --replicas={count}"),
            _ => format!("kubectl label deployment web count={count} --overwrite"),
        });
        assert_eq!(told.code, 0, "{}", told.stderr);
    });
    let running = s.eval("kubectl get deployment web -o jsonpath={.status.readyReplicas}").stdout;
    assert_eq!(running, if what == "scale" { count.to_string() } else { "20000".into() });
}
