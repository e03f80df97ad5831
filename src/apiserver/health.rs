//! The server's health, as it tells it itself, and the list of all its paths.
//! Real Kubernetes: apiserver/pkg/server/healthz, apiserver/pkg/server/routes/index.go.

use serde_json::Value;

use super::discovery::Served;
use crate::api::request::Request;

/// What a server in one process has checked by the time it answers: everything. In the order in which it is listed.
const CHECKS: [&str; 4] = ["ping", "log", "loopback-serving-certificate", "etcd"];
const READY_CHECKS: [&str; 5] = ["ping", "log", "etcd", "etcd-readiness", "informer-sync"];
const HOOKS: [&str; 28] = [
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "storage-object-count-tracker-hook",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "peer-endpoint-reconciler-controller",
    "start-cluster-authentication-info-controller",
    "start-kube-apiserver-identity-lease-controller",
    "start-kube-apiserver-identity-lease-garbage-collector",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "aggregator-reload-proxy-client-cert",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
];
const LAST_HOOKS: [&str; 2] = ["apiservice-openapi-controller", "apiservice-openapiv3-controller"];
const KINDS_OF_CHECK: [&str; 3] = ["healthz", "livez", "readyz"];

/// The checks behind `/healthz`, `/livez` or `/readyz`.
fn checks(of: &str) -> Vec<String> {
    let first: &[&str] = if of == "readyz" { &READY_CHECKS } else { &CHECKS };
    let hook = |h: &&str| format!("poststarthook/{h}");
    let mut all: Vec<String> = first.iter().map(ToString::to_string).collect();
    all.extend(HOOKS.iter().map(hook));
    all.push("autoregister-completion".into());
    all.extend(LAST_HOOKS.iter().map(hook));
    if of == "readyz" {
        all.push("shutdown".into());
    }
    all
}

/// The answer to a path such as `livez`, `readyz/etcd`; `None` if it is none.
pub fn check(path: &str, request: &Request) -> Option<Value> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (of, one) = path.split_once('/').map_or((path, None), |(of, one)| (of, Some(one)));
    if !KINDS_OF_CHECK.contains(&of) {
        return None;
    }
    let checks = checks(of);
    if let Some(one) = one {
        return checks.iter().any(|c| c == one).then(|| "ok".into());
    }
    if !request.query.iter().any(|(k, _)| k == "verbose") {
        return Some("ok".into());
    }
    let excluded: Vec<&str> = request.query.iter().filter(|(k, _)| k == "exclude").map(|(_, v)| v.as_str()).collect();
    let mut text = String::new();
    for c in &checks {
        let how = if excluded.contains(&c.as_str()) { "excluded: ok" } else { "ok" };
        text.push_str(&format!("[+]{c} {how}\n"));
    }
    let mut unknown: Vec<String> =
        excluded.iter().filter(|e| !checks.iter().any(|c| c == *e)).map(|e| format!("{e:?}")).collect();
    unknown.sort_unstable();
    if !unknown.is_empty() {
        text.push_str(&format!("warn: some health checks cannot be excluded: no matches for {}\n", unknown.join(",")));
    }
    text.push_str(&format!("{of} check passed\n"));
    Some(text.into())
}

/// The answer to such a path while etcd is gone: `None` if that is not looked at.
pub fn failing(path: &str, request: &Request) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (of, one) = path.split_once('/').map_or((path, None), |(of, one)| (of, Some(one)));
    if !KINDS_OF_CHECK.contains(&of) {
        return None;
    }
    let fails = |c: &str| c == "etcd" || c == "etcd-readiness";
    if let Some(one) = one {
        return fails(one).then(|| "internal server error: etcd failed: reason withheld".into());
    }
    let excluded = |c: &str| request.query.iter().any(|(k, v)| k == "exclude" && v == c);
    let checks = checks(of);
    if !checks.iter().any(|c| fails(c) && !excluded(c)) {
        return None;
    }
    let mut text = String::new();
    for c in &checks {
        text.push_str(&match (fails(c), excluded(c)) {
            (_, true) => format!("[+]{c} excluded: ok\n"),
            (true, _) => format!("[-]{c} failed: reason withheld\n"),
            _ => format!("[+]{c} ok\n"),
        });
    }
    text.push_str(&format!("{of} check failed\n"));
    Some(text)
}

/// Every path that the server answers, in the order of the alphabet.
pub fn root_paths(served: &Served) -> Vec<String> {
    let mut all: Vec<String> = [
        "/.well-known/openid-configuration",
        "/api",
        "/apis",
        "/apis/",
        "/flagz",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/openid/v1/jwks",
        "/statusz",
        "/version",
    ]
    .map(Into::into)
    .to_vec();
    for k in &served.0 {
        match k.group() {
            "" => all.push(format!("/api/{}", k.version())),
            group => all.extend([format!("/apis/{group}"), format!("/apis/{group}/{}", k.version())]),
        }
    }
    for of in KINDS_OF_CHECK {
        all.push(format!("/{of}"));
        all.extend(checks(of).into_iter().map(|c| format!("/{of}/{c}")));
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KindRef;
    use crate::api::request::Request;

    #[test]
    fn the_paths_are_those_of_a_real_server() {
        let path = format!("{}/tests/reference/discovery/root_paths.json", env!("CARGO_MANIFEST_DIR"));
        let real: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("recorded")).expect("JSON");
        assert_eq!(
            serde_json::to_value(root_paths(&Served(KindRef::built_in().collect()))).expect("JSON"),
            real["paths"]
        );
    }

    #[test]
    fn health_is_told_at_length_when_asked() {
        let ask = |path: &str, query: &[(&str, &str)]| {
            let request = query.iter().fold(Request::get(path), |r, (k, v)| r.query(k, *v));
            check(path, &request).and_then(|v| v.as_str().map(String::from))
        };
        assert_eq!(ask("livez", &[]).as_deref(), Some("ok"));
        assert_eq!(ask("livez/etcd", &[]).as_deref(), Some("ok"));
        assert_eq!(ask("livez/nope", &[]), None);
        let text = ask("readyz", &[("verbose", ""), ("exclude", "etcd"), ("exclude", "nope")]).expect("an answer");
        assert!(text.starts_with("[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]etcd-readiness ok\n"), "{text}");
        assert!(text.ends_with("[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for \"nope\"\nreadyz check passed\n"), "{text}");
    }
}
