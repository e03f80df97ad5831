//! What kubelet asks of containers: over HTTP and HTTPS, in gRPC, and of programs that change their minds.

use kubetutor::prompt::Session;

use crate::session::{create, get, run, session};

const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

/// A pod of one container that is probed.
fn probed(image: &str, more: &str) -> Session {
    let mut s = session();
    create(
        &mut s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: '{image}', {more}}}]}}}}"
        ),
    );
    s
}

fn unhealthy(s: &mut Session) -> String {
    let path = "{range .items[?(@.reason==\"Unhealthy\")]}{.message}{\"\\n\"}{end}";
    run(s, &format!("kubectl get events -o jsonpath='{path}'"))
}

fn ip(s: &mut Session) -> String {
    get(s, "pod p", ".status.podIP")
}

fn restarts(s: &mut Session) -> u32 {
    get(s, "pod p", ".status.containerStatuses[0].restartCount").parse().unwrap()
}

fn is_ready(s: &mut Session) -> bool {
    get(s, "pod p", ".status.containerStatuses[0].ready") == "true"
}

#[test]
fn a_service_is_asked_for_its_health_in_grpc() {
    let mut s = probed(AGNHOST, "args: [grpc-health-checking], readinessProbe: {grpc: {port: 5000}, periodSeconds: 1}");
    assert!(is_ready(&mut s), "{}", unhealthy(&mut s));
    let told = run(&mut s, "kubectl exec p -- curl -s localhost:8080/make-not-serving");
    assert!(told.ends_with('s'), "{told}");
    run(&mut s, "wait 5s");
    assert!(!is_ready(&mut s));
    assert_eq!(unhealthy(&mut s), "Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")\n");
    run(&mut s, "kubectl exec p -- curl -s localhost:8080/make-serving");
    run(&mut s, "wait 3s");
    assert!(is_ready(&mut s));
    let described = run(&mut s, "kubectl describe pod p");
    assert!(described.contains("Readiness:      grpc <pod>:5000  delay=0s timeout=1s period=1s"), "{described}");
}

#[test]
fn a_service_that_serves_no_longer_is_begun_anew() {
    let mut s = probed(
        AGNHOST,
        "args: [grpc-health-checking, --delay-unhealthy-sec=10], livenessProbe: {grpc: {port: 5000}, periodSeconds: 5, failureThreshold: 1}",
    );
    run(&mut s, "wait 20s");
    assert!(restarts(&mut s) >= 1, "{}", unhealthy(&mut s));
}

#[test]
fn why_a_grpc_probe_fails_is_told() {
    let mut s = probed(
        AGNHOST,
        "args: [grpc-health-checking], readinessProbe: {grpc: {port: 5000, service: shop}, periodSeconds: 2}",
    );
    let why =
        "Readiness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service\n";
    assert_eq!(unhealthy(&mut s), why);
    // Where nobody listens, or somebody speaks another language, nobody ever connects.
    for (image, more) in [(AGNHOST, "args: [pause], "), ("nginx:1.27", "")] {
        let port = if more.is_empty() { 80 } else { 5000 };
        let mut s = probed(
            image,
            &format!("{more}readinessProbe: {{grpc: {{port: {port}}}, timeoutSeconds: 2, periodSeconds: 3}}"),
        );
        run(&mut s, "wait 4s");
        let to = ip(&mut s);
        let why = format!(
            "Readiness probe failed: timeout: failed to connect service \"{to}:{port}\" within 2s: context deadline exceeded\n"
        );
        assert_eq!(unhealthy(&mut s), why);
    }
}

#[test]
fn a_web_server_without_a_certificate_is_not_asked_over_https() {
    let mut s = probed("nginx:1.27", "readinessProbe: {httpGet: {port: 80, scheme: HTTPS}}");
    let to = ip(&mut s);
    let why =
        format!("Readiness probe failed: Get \"https://{to}:80/\": http: server gave HTTP response to HTTPS client\n");
    assert_eq!(unhealthy(&mut s), why);
}

#[test]
fn a_probe_sends_the_headers_that_it_is_given() {
    let probe = "readinessProbe: {httpGet: {port: 80, path: /x, httpHeaders: [{name: X-Custom-Header, value: Awesome}, {name: Host, value: shop.example}]}}";
    let mut s = probed("registry.k8s.io/echoserver:1.10", &probe.replace("port: 80", "port: 8080"));
    assert!(is_ready(&mut s));
    // A server that writes down who asked for what.
    let mut s = probed("nginx:1.27", &format!("{probe}, lifecycle: {{}}"));
    let log = run(&mut s, "kubectl logs p");
    assert!(log.contains("\"GET /x HTTP/1.1\" 404") && log.contains("kube-probe/1.36"), "{log}");
}

#[test]
fn a_probe_follows_where_the_same_server_leads() {
    let mut s = probed(
        AGNHOST,
        "args: [liveness], livenessProbe: {httpGet: {port: 8080, path: '/redirect?loc=%2Fhealthz'}, periodSeconds: 3, failureThreshold: 1}",
    );
    run(&mut s, "wait 6s");
    assert_eq!(restarts(&mut s), 0);
    run(&mut s, "wait 20s");
    assert!(restarts(&mut s) >= 1);
    assert!(unhealthy(&mut s).contains("Liveness probe failed: HTTP probe failed with statuscode: 500"));
    // Another server is not asked: that one answered is enough.
    let mut s = probed(
        AGNHOST,
        "args: [liveness], livenessProbe: {httpGet: {port: 8080, path: '/redirect?loc=http%3A%2F%2F0.0.0.0%2F'}, periodSeconds: 3, failureThreshold: 1}",
    );
    run(&mut s, "wait 30s");
    assert_eq!(restarts(&mut s), 0, "{}", unhealthy(&mut s));
}

#[test]
fn who_listens_only_to_itself_is_not_found_by_a_probe() {
    let more = "command: [sh, -c, 'nc -lk -p 9 -e true & sleep 600'], readinessProbe: {tcpSocket: {port: 9}}";
    let mut s = probed("busybox:1.36", more);
    assert!(is_ready(&mut s));
    let mut s = probed("busybox:1.36", "command: [sleep, '600'], readinessProbe: {tcpSocket: {port: 9}}");
    let to = ip(&mut s);
    assert_eq!(unhealthy(&mut s), format!("Readiness probe failed: dial tcp {to}:9: connect: connection refused\n"));
}

/// agnhost as one of many words.
fn agnhost(args: &str) -> Session {
    probed(AGNHOST, &format!("args: [{args}]"))
}

#[test]
fn netexec_tells_who_it_is_and_calls_others() {
    let mut s = agnhost("netexec");
    let to = ip(&mut s);
    let ask = |s: &mut Session, path: &str| run(s, &format!("kubectl exec p -- curl -s 'localhost:8080/{path}'"));
    assert_eq!(ask(&mut s, "hostname"), "p");
    assert_eq!(ask(&mut s, "echo?msg=two%20words"), "two words");
    assert_eq!(ask(&mut s, "shell?cmd=echo%20hi"), "{\"output\":\"hi\\n\"}");
    assert_eq!(ask(&mut s, "shell?cmd=exit%203"), "{\"error\":\"exit status 3\"}");
    assert_eq!(
        ask(&mut s, &format!("dial?host={to}&port=8080&request=hostName&tries=2")),
        "{\"responses\":[\"p\",\"p\"]}"
    );
    assert_eq!(
        ask(&mut s, &format!("dial?host={to}&port=8081&protocol=udp&request=hostname")),
        "{\"responses\":[\"p\"]}"
    );
    // Who is done first is answered first, and as what was asked.
    let both = "curl -s \"localhost:8080/shell?cmd=sleep%202%3Becho%20slow\" & curl -s \"localhost:8080/dial?host=localhost&port=8080&request=hostName\"; wait";
    assert_eq!(
        run(&mut s, &format!("kubectl exec p -- sh -c '{both}'")),
        "{\"responses\":[\"p\"]}{\"output\":\"slow\\n\"}"
    );
    let refused = ask(&mut s, &format!("dial?host={to}&port=9&request=hostName"));
    assert!(refused.starts_with("{\"errors\":[") && refused.contains("onnect"), "{refused}");
    assert_eq!(
        run(&mut s, "kubectl exec p -- curl -s -o /dev/null -w '%{http_code}' 'localhost:8080/echo?msg=x&code=404'"),
        "404"
    );
    s.eval("kubectl exec p -- curl -s 'localhost:8080/exit?code=3'");
    run(&mut s, "wait 2s");
    assert_eq!(get(&mut s, "pod p", ".status.containerStatuses[0].lastState.terminated.exitCode"), "3");
}

#[test]
fn connect_says_in_a_word_why_not() {
    let mut s = agnhost("netexec");
    let to = ip(&mut s);
    let mut ask = |what: &str| s.eval(&format!("kubectl exec p -- /agnhost connect {what}"));
    assert_eq!(ask(&format!("{to}:8080")).code, 0);
    assert_eq!(ask(&format!("{to}:8081 --protocol=udp")).code, 0);
    assert!(ask(&format!("{to}:9 --timeout=3s")).stderr.starts_with("REFUSED\n"));
    assert!(ask("nobody.example:80 --timeout=20s").stderr.starts_with("DNS: lookup nobody.example: no such host\n"));
    assert!(ask("somewhere").stderr.starts_with("UNKNOWN: address somewhere: missing port in address\n"));
}

#[test]
fn volumes_are_tried_out_by_mounttest() {
    let mut s = session();
    create(
        &mut s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{restartPolicy: Never, volumes: [{{name: v, emptyDir: {{}}}}], containers: [{{name: c, image: '{AGNHOST}', args: [mounttest, --file_mode=/v, --new_file_0660=/v/f, --file_perm=/v/f, --file_owner=/v/f], volumeMounts: [{{name: v, mountPath: /v}}]}}]}}}}"
        ),
    );
    run(&mut s, "wait 3s");
    assert_eq!(
        run(&mut s, "kubectl logs p"),
        "content of file \"/v/f\": mount-tester new file\n\nmode of file \"/v\": drwxrwxrwx\nperms of file \"/v/f\": -rw-rw----\nowner UID of \"/v/f\": 0\nowner GID of \"/v/f\": 0\n"
    );
    assert_eq!(get(&mut s, "pod p", ".status.phase"), "Succeeded");
}

#[test]
fn agnhost_is_many_small_programs() {
    for (args, expected) in [
        ("entrypoint-tester, a, --b", "[/agnhost entrypoint-tester a --b]\n"),
        ("dns-suffix", "default.svc.cluster.local,svc.cluster.local,cluster.local\n"),
        ("dns-server-list", "10.96.0.10\n"),
        ("nonsense", "Error: unknown command \"nonsense\" for \"app\"\nRun 'app --help' for usage.\n"),
        ("pause, --no", "Error: unknown flag: --no\n"),
    ] {
        let mut s = agnhost(args);
        run(&mut s, "wait 2s");
        assert_eq!(run(&mut s, "kubectl logs p"), expected, "{args}");
    }
    let mut s = agnhost("serve-hostname");
    assert_eq!(run(&mut s, "kubectl exec p -- curl -s localhost:9376"), "p");
    let mut s = agnhost("serve-hostname, --http=false, --tcp, --udp");
    assert_eq!(
        run(&mut s, "kubectl exec p -- sh -c 'nc localhost 9376 </dev/null; echo; echo x | nc -u -w 1 localhost 9376'"),
        "p\np"
    );
    let mut s = agnhost("test-webserver");
    assert!(run(&mut s, "kubectl exec p -- curl -s localhost/etc/hosts").contains("localhost"));
}
