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
