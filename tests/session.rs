//! What tests that type lines share: a session, and lines that must succeed.

use kubetutor::cluster::Options;
use kubetutor::prompt::{Pace, Session};

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

/// The prompt is a shell: what people paste from notes and exercises runs.
#[test]
fn a_line_is_read_as_a_shell_reads_it() {
    let mut s = Session::in_memory(&Options { nodes: Some(2), ..Options::default() });
    s.terminal = false;
    let mut says = |line: &str| {
        let o = s.eval(line);
        format!("{}{}", o.stdout, o.stderr)
    };
    says("kubectl create deployment web --image=nginx --replicas=2");
    assert_eq!(says("POD=$(kubectl get pod -o name | sort | head -1); echo ${POD%%-*}"), "pod/web\n");
    assert!(says("kubectl get $POD --no-headers").starts_with("web-"));
    assert_eq!(says("for i in 1 2; do kubectl run p$i --image=nginx; done"), "pod/p1 created\npod/p2 created\n");
    assert_eq!(says("kubectl label po p{1..2} app=v1"), "pod/p1 labeled\npod/p2 labeled\n");
    assert_eq!(
        says("kubectl get po -l app=v1 -o name | while read p; do echo \"<$p>\"; kubectl get $p -o name; done"),
        "<pod/p1>\npod/p1\n<pod/p2>\npod/p2\n"
    );
    assert_eq!(
        says("kubectl get pods -l app=v1 -o name | xargs -n1 kubectl delete --now"),
        "pod \"p1\" deleted from default namespace\npod \"p2\" deleted from default namespace\n"
    );
    assert_eq!(
        says("export do='--dry-run=client -o yaml'; kubectl run x --image=nginx $do > x.yaml; grep -c image x.yaml"),
        "1\n"
    );
    assert_eq!(
        says(
            "cat x.yaml | sed s/nginx/httpd/ | kubectl apply -f - && kubectl get pod x -o jsonpath='{.spec.containers[0].image}'"
        ),
        "pod/x created\nhttpd"
    );
    assert_eq!(
        says(
            "cat > c.yaml <<EOF\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: $(echo made)}\nEOF\nkubectl apply -f c.yaml"
        ),
        "configmap/made created\n"
    );
    assert_eq!(says("kubectl get pod nosuch 2>/dev/null || echo code $?"), "code 1\n");
    assert_eq!(
        says("mkdir -p d/e && cd d && echo hi > e/f && cat e/f && cd - >/dev/null && rm -r d && ls"),
        "hi\nc.yaml\nx.yaml\n"
    );
    assert_eq!(says("f() { kubectl get \"$@\" -o name; }; f cm made"), "configmap/made\n");
}

#[test]
fn a_line_that_sleeps_lets_the_clusters_time_pass_and_an_endless_one_is_stopped() {
    let mut s = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
    (s.pace, s.terminal) = (Pace::Manual, false);
    let before = s.cluster.world.now;
    s.eval("sleep 30");
    assert_eq!(s.cluster.world.now.since(before).as_secs(), 30);
    let o = s.eval("while true; do sleep 1; done");
    assert_eq!(o.code, 130);
    assert!(o.story.contains("stopped") || !o.story.is_empty(), "{}", o.story);
    // What reads finds nothing where nobody types.
    assert_eq!(s.eval("cat; echo end").stdout, "end\n");
}

#[test]
fn a_mistyped_word_is_answered_with_what_it_could_have_been() {
    let mut s = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
    let o = s.eval("kubctl get pods");
    assert_eq!((o.stderr.as_str(), o.code), ("bash: kubctl: command not found\n", 127));
    assert!(o.story.contains("`kubectl`"), "{}", o.story);
    assert!(s.eval("get pods").story.contains("`kubectl get pods`"));
    assert_eq!(s.eval("echo 'open").stderr, "a closing ' is missing\n");
}

#[test]
fn the_scheduler_is_asked_again_what_it_thinks_of_a_pod_and_a_node() {
    let mut s = session();
    run(&mut s, "kubectl create deployment web --image=nginx");
    let told = s.eval("scores web").story;
    for part in ["worker-1", "worker-2", "worker-3", "NodeResourcesFit ×1", "TaintToleration ×3", "together"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert!(told.contains("control-plane has a taint") && told.contains("[TaintToleration]"), "{told}");
    let not = s.eval("why not web on control-plane").story;
    assert!(not.contains("a pod never moves") && not.contains("[TaintToleration]"), "{not}");
    let wanted = r#"{"spec":{"containers":[{"name":"big","image":"nginx","resources":{"requests":{"cpu":"64"}}}]}}"#;
    run(&mut s, &format!("kubectl run big --image=nginx --overrides='{wanted}'"));
    let not = s.eval("why not big on worker-2").story;
    assert!(not.contains("64") && not.contains("[NodeResourcesFit]") && !not.contains("worker-1"), "{not}");
    s.eval("lang ko");
    assert!(s.eval("scores big").story.contains("아직 노드가 없다면"));
    assert_eq!(s.eval("why not nosuch on worker-1").code, 1);
    assert_eq!(s.eval("why not big on nosuch").code, 1);
}

#[test]
fn the_api_servers_own_service_comes_back_within_ten_seconds() {
    let mut s = session();
    let versions = |s: &mut Session| {
        run(s, "kubectl get svc,endpointslices kubernetes -o jsonpath='{.items[*].metadata.resourceVersion}'")
    };
    let before = versions(&mut s);
    s.advance(std::time::Duration::from_secs(60));
    assert_eq!(versions(&mut s), before, "what is as it should be is left alone");
    run(&mut s, "kubectl delete svc kubernetes");
    s.advance(std::time::Duration::from_secs(11));
    assert!(run(&mut s, "kubectl get svc kubernetes --no-headers").contains("10.96.0.1"));
    assert!(run(&mut s, "kubectl get endpointslice kubernetes --no-headers").contains("6443"));
}
