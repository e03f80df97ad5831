//! nginx in containers: what it serves is what its configuration says.

use kubetutor::prompt::Session;

use crate::session::{create, run, session};

/// A pod `front` with that configuration, and an echo server behind a Service `api`.
fn with(conf: &str) -> Session {
    let mut s = session();
    run(&mut s, &format!("cat > default.conf <<'EOF'\n{conf}\nEOF\n"));
    run(&mut s, "kubectl create configmap conf --from-file=default.conf");
    run(&mut s, "kubectl create deployment api --image=registry.k8s.io/echoserver:1.10 --port=8080 --replicas=2");
    run(&mut s, "kubectl expose deployment api --port=8080");
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: front}, spec: {containers: [{name: nginx, image: 'nginx:1.27', volumeMounts: [{name: c, mountPath: /etc/nginx/conf.d}]}], volumes: [{name: c, configMap: {name: conf}}]}}",
    );
    s
}

fn curl(s: &mut Session, what: &str) -> String {
    run(s, &format!("kubectl exec front -- curl -s -i {what}")).replace('\r', "")
}

#[test]
fn nginx_does_what_its_configuration_says() {
    let mut s = with(
        r#"
upstream back { server api:8080; }
server {
  listen 80 default_server;
  location = /health { return 200 'fine\n'; }
  location /old { return 301 /new?from=$uri; }
  location /strip/ { proxy_pass http://back/; proxy_set_header X-Real-IP $remote_addr; add_header X-By "nginx $server_port" always; }
  location /keep/ { proxy_pass http://back; }
  location ~* \.(txt|css)$ { root /data; }
  location /secret { deny all; }
  rewrite ^/user/(\d+)$ /strip/people?id=$1 last;
  location / { root /usr/share/nginx/html; try_files $uri $uri/ @other; }
  location @other { return 418 "no $request_uri here"; }
}
server { listen 80; server_name shop.example *.shop.example; return 200 "shop $host\n"; }
"#,
    );
    for (what, code, part) in [
        ("localhost/health", 200, "fine\n"),
        ("localhost/old", 301, "Location: http://localhost/new?from=/old\n"),
        ("localhost/", 200, "Welcome to nginx!"),
        ("localhost/strip/a/b?c=d", 200, "real path=/a/b?c=d\n"),
        ("localhost/strip/a/b?c=d", 200, "X-By: nginx 80\n"),
        ("localhost/strip/a", 200, "X-Real-IP: 127.0.0.1\n"),
        ("localhost/keep/a", 200, "real path=/keep/a\n"),
        ("localhost/user/7", 200, "real path=/people?id=7\n"),
        ("localhost/x.TXT", 404, "404 Not Found"),
        ("localhost/secret", 403, "403 Forbidden"),
        ("localhost/nope", 418, "no /nope here"),
        ("-X POST localhost/", 405, "405 Not Allowed"),
        ("-H 'Host: shop.example' localhost/any", 200, "shop shop.example\n"),
        ("-H 'Host: www.shop.example' localhost/any", 200, "shop www.shop.example\n"),
        ("-I localhost/", 200, "Content-Length: 615\n"),
    ] {
        let answer = curl(&mut s, what);
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")) && answer.contains(part), "{what}: {answer}");
        assert!(answer.contains("\nServer: nginx/1.27.5\n"), "{what}: {answer}");
    }
    // Both pods behind the upstream's name are asked through the Service.
    let asked: std::collections::BTreeSet<String> = (0..12)
        .filter_map(|_| curl(&mut s, "localhost/keep/").lines().find(|l| l.starts_with("Hostname")).map(String::from))
        .collect();
    assert_eq!(asked.len(), 2);
    let log = run(&mut s, "kubectl logs front");
    assert!(log.contains("\"GET /health HTTP/1.1\" 200 5 \"-\" \"curl/8.5.0\" \"-\"\n"), "{log}");
    assert!(log.contains("access forbidden") || log.contains("\"GET /secret HTTP/1.1\" 403"), "{log}");
    run(&mut s, "kubectl scale deployment api --replicas=0");
    assert!(curl(&mut s, "localhost/keep/").starts_with("HTTP/1.1 502 Bad Gateway\n"));
}

#[test]
fn a_new_configuration_is_tested_and_loaded_without_a_restart() {
    let mut s = with("server { listen 80; return 200 'one\\n'; }");
    assert!(curl(&mut s, "localhost").ends_with("one\n"));
    let change = |s: &mut Session, text: &str| {
        run(s, &format!("cat > default.conf <<'EOF'\n{text}\nEOF\n"));
        run(s, "kubectl create configmap conf --from-file=default.conf --dry-run=client -o yaml | kubectl apply -f -");
        run(s, "wait 90s");
    };
    change(&mut s, "server { listen 80; listen 8080; return 200 'two\\n'; }");
    assert!(curl(&mut s, "localhost").ends_with("one\n"), "nobody has told it");
    assert_eq!(
        s.eval("kubectl exec front -- nginx -t").stderr,
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n"
    );
    run(&mut s, "kubectl exec front -- nginx -s reload");
    assert!(curl(&mut s, "localhost").ends_with("two\n"));
    assert!(curl(&mut s, "localhost:8080").ends_with("two\n"));
    change(&mut s, "server { listen 80; retrun 200; }");
    let refused = s.eval("kubectl exec front -- nginx -t");
    assert!(
        refused.stderr.starts_with("nginx: [emerg] unknown directive \"retrun\" in /etc/nginx/conf.d/default.conf:1\n"),
        "{}",
        refused.stderr
    );
    run(&mut s, "kubectl exec front -- nginx -s reload");
    assert!(curl(&mut s, "localhost").ends_with("two\n"), "what cannot be read changes nothing");
}

#[test]
fn an_nginx_that_cannot_begin_says_why() {
    let mut s = with("server { listen 80; location / { proxy_pass http://nobody-there; } }");
    let log = run(&mut s, "kubectl logs front");
    assert!(log.contains("nginx: [emerg] host not found in upstream \"nobody-there\""), "{log}");
    run(
        &mut s,
        "kubectl run plain --image=nginx:1.27 --overrides='{\"spec\":{\"securityContext\":{\"runAsUser\":101}}}'",
    );
    let log = run(&mut s, "kubectl logs plain");
    assert!(log.contains("mkdir() \"/var/cache/nginx/client_temp\" failed (13: Permission denied)"), "{log}");
    // What is mounted over its logs keeps them.
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: kept}, spec: {volumes: [{name: l, emptyDir: {}}], containers: [{name: nginx, image: 'nginx:1.27', volumeMounts: [{name: l, mountPath: /var/log/nginx}]}, {name: tail, image: 'busybox:1.36', command: [sh, -c, 'tail -f /l/access.log'], volumeMounts: [{name: l, mountPath: /l}]}]}}",
    );
    run(&mut s, "kubectl exec kept -c nginx -- curl -s localhost -o /dev/null");
    assert!(run(&mut s, "kubectl exec kept -c tail -- cat /l/access.log").contains("\"GET / HTTP/1.1\" 200 615"));
    assert_eq!(run(&mut s, "kubectl logs kept -c nginx"), "");
}

#[test]
fn what_is_written_wrongly_or_to_do_harm_does_none() {
    let mut s = with(
        r#"
server {
  listen 80;
  set $a "$a x";
  set $b $c; set $c $b;
  location /own { return 200 "[$a$b]"; }
  location /root { root $request_filename; }
  location /api/ { proxy_pass http://api:8080; }
}
"#,
    );
    assert!(curl(&mut s, "localhost/own").starts_with("HTTP/1.1 200 OK\n"));
    assert!(curl(&mut s, "localhost/root").starts_with("HTTP/1.1 404 Not Found\n"));
    let echo = curl(&mut s, "localhost/api/a%20b");
    assert!(echo.contains("real path=/api/a%20b\n"), "{echo}");
    // An answer without a body is whole.
    run(&mut s, "kubectl run web --image=nginx:1.27 --port=80");
    run(&mut s, "kubectl proxy &");
    let page = run(&mut s, "curl -s -i localhost:8001/api/v1/namespaces/default/pods/web/proxy/");
    let tag = page.lines().find_map(|l| l.strip_prefix("ETag: ")).expect("a tag").trim().replace('"', "\\\"");
    let code = format!(
        "curl -s -o /dev/null -w '%{{http_code}}' -H \"If-None-Match: {tag}\" localhost:8001/api/v1/namespaces/default/pods/web/proxy/"
    );
    assert_eq!(run(&mut s, &code), "304");
}
