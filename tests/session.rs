//! What tests that type lines share: a session, and lines that must succeed.

use kubetutor::cluster::Options;
use kubetutor::prompt::Session;

pub fn session() -> Session {
    seeded(1)
}

pub fn seeded(seed: u64) -> Session {
    Session::in_memory(&Options { seed, ..Options::default() })
}

/// Runs a line that must succeed.
pub fn run(s: &mut Session, line: &str) -> String {
    let o = s.eval(line);
    assert_eq!(o.code, 0, "{line}: {}", o.stderr);
    o.stdout
}

pub fn create(s: &mut Session, manifest: &str) {
    run(s, &format!("kubectl create -f - <<'END'\n{manifest}\nEND\n"));
}

pub fn get(s: &mut Session, what: &str, path: &str) -> String {
    run(s, &format!("kubectl get {what} -o jsonpath='{{{path}}}'"))
}

/// As transcript 28 has it.
#[test]
fn who_asks_for_the_components_hears_which_does_not_answer() {
    let mut s = session();
    let healthy = run(&mut s, "kubectl get componentstatuses");
    assert!(!healthy.contains("Unhealthy"), "{healthy}");
    run(&mut s, "fail scheduler");
    let rows = run(&mut s, "kubectl get cs scheduler --no-headers");
    let refused = "Get \"https://127.0.0.1:10259/healthz\": dial tcp 127.0.0.1:10259: connect: connection refused";
    assert_eq!(rows.split_whitespace().take(2).collect::<Vec<_>>(), ["scheduler", "Unhealthy"]);
    assert!(rows.contains(refused), "{rows}");
    assert_eq!(run(&mut s, "kubectl get cs etcd-0 -o jsonpath={.conditions[0].message}"), "ok");
    let absent = s.eval("kubectl get cs nope");
    assert!(
        absent.stderr.contains("Error from server (NotFound): componentstatus \"nope\" not found"),
        "{}",
        absent.stderr
    );
}
