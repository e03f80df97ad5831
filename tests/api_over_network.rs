//! The API server as programs reach it over the network: from pods with their tokens, and through `kubectl proxy`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use serde_json::Value;

use crate::session::{create, get, run, session};

const FILES: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A session with a pod that has curl, as the account `reader`.
fn with_pod() -> Session {
    let mut s = session();
    run(&mut s, "kubectl create serviceaccount reader");
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {serviceAccountName: reader, containers: [{name: c, image: 'curlimages/curl', command: [sleep, '3600']}]}}",
    );
    s
}

/// What curl prints in the pod; `more`: its options, and what comes after the host.
fn ask(s: &mut Session, more: &str) -> String {
    let script = format!(
        "T=$(cat {FILES}/token); curl -s --cacert {FILES}/ca.crt -H \"Authorization: Bearer $T\" https://kubernetes.default.svc{more}"
    );
    s.eval(&format!("kubectl exec p -- sh -c '{script}'")).stdout
}

fn claims(token: &str) -> Value {
    let part = token.trim().split('.').nth(1).expect("a token of three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn a_pod_may_do_what_its_account_may() {
    let mut s = with_pod();
    let pods = "/api/v1/namespaces/default/pods";
    let refused = ask(&mut s, pods);
    assert!(
        refused.contains("pods is forbidden: User \\\"system:serviceaccount:default:reader\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"default\\\""),
        "{refused}"
    );
    run(&mut s, "kubectl create role look --verb=get,list --resource=pods");
    run(&mut s, "kubectl create rolebinding look --role=look --serviceaccount=default:reader");
    let list = ask(&mut s, pods);
    // To people it is shown in lines.
    assert!(list.starts_with("{\n  \"kind\": \"PodList\",\n  \"apiVersion\": \"v1\",\n"), "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"][0]["metadata"]["name"], "p");
    assert!(ask(&mut s, &format!("{pods}/p -X DELETE")).contains("\"code\": 403"));
}

#[test]
fn who_shows_nothing_is_nobody_and_a_bad_token_is_refused() {
    let mut s = with_pod();
    let anonymous =
        run(&mut s, &format!("kubectl exec p -- curl -s --cacert {FILES}/ca.crt https://kubernetes.default.svc/api"));
    assert!(anonymous.contains("forbidden: User \\\"system:anonymous\\\" cannot get path \\\"/api\\\""), "{anonymous}");
    assert_eq!(run(&mut s, "kubectl exec p -- curl -sk https://10.96.0.1/healthz"), "ok");
    let bad = run(&mut s, "kubectl exec p -- curl -sk -H 'Authorization: Bearer x.y.z' https://10.96.0.1/api");
    assert!(bad.contains("\"reason\": \"Unauthorized\"") && bad.contains("\"code\": 401"), "{bad}");
}

#[test]
fn a_server_is_believed_only_with_its_authority() {
    let mut s = with_pod();
    let o = s.eval("kubectl exec p -- curl -s -S https://kubernetes.default.svc/healthz");
    assert!(
        o.stderr.starts_with("curl: (60) SSL certificate problem: unable to get local issuer certificate\n"),
        "{}",
        o.stderr
    );
    // Its certificate says `kubernetes.default.svc`, not what somebody else calls it.
    run(&mut s, "kubectl create service externalname other --external-name=kubernetes.default.svc.cluster.local");
    let o = s.eval(&format!("kubectl exec p -- curl -s -S --cacert {FILES}/ca.crt https://other/healthz"));
    assert!(
        o.stderr
            .starts_with("curl: (60) SSL: no alternative certificate subject name matches target host name 'other'"),
        "{}",
        o.stderr
    );
    assert_eq!(
        run(&mut s, "kubectl exec p -- curl -s http://10.96.0.1:443/"),
        "Client sent an HTTP request to an HTTPS server.\n"
    );
    let o = s.eval("kubectl exec p -- curl -s -S --cacert /nowhere https://10.96.0.1/healthz");
    assert_eq!((o.code, o.stderr.starts_with("curl: (77) error setting certificate")), (77, true), "{}", o.stderr);
}

#[test]
fn a_token_says_whose_it_is_and_is_renewed() {
    let mut s = with_pod();
    let first = run(&mut s, &format!("kubectl exec p -- cat {FILES}/token"));
    let c = claims(&first);
    assert_eq!(c["sub"], "system:serviceaccount:default:reader");
    assert_eq!(c["kubernetes.io"]["pod"]["uid"], get(&mut s, "pod p", ".metadata.uid").as_str());
    assert_eq!(c["kubernetes.io"]["node"]["name"], get(&mut s, "pod p", ".spec.nodeName").as_str());
    let iat = c["iat"].as_i64().unwrap();
    // It is good for a year for those who never read it again, and warned of after the hour that was asked for.
    assert_eq!(
        (c["exp"].as_i64(), c["kubernetes.io"]["warnafter"].as_i64()),
        (Some(iat + 31_536_000), Some(iat + 3_607))
    );
    assert_eq!(run(&mut s, &format!("kubectl exec p -- cat {FILES}/token")), first);
    run(&mut s, "wait 50m");
    let second = claims(&run(&mut s, &format!("kubectl exec p -- cat {FILES}/token")));
    assert_eq!(second["iat"].as_i64(), Some(iat + 2_885));
    // With its pod it is over.
    run(&mut s, "kubectl create role look --verb=get,list --resource=pods");
    run(&mut s, "kubectl create rolebinding look --role=look --serviceaccount=default:reader");
    assert_eq!(run(&mut s, &format!("kubectl get pods -o name --token={}", first.trim())), "pod/p\n");
    run(&mut s, "kubectl delete pod p --now");
    let o = s.eval(&format!("kubectl get pods --token={}", first.trim()));
    assert_eq!(o.stderr, "error: You must be logged in to the server (Unauthorized)\n");
}

#[test]
fn a_volume_may_ask_for_a_token_of_its_own() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {automountServiceAccountToken: false, volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: vault-token, audience: vault, expirationSeconds: 7200}}]}}], containers: [{name: c, image: 'busybox:1.36', command: [sleep, '3600'], volumeMounts: [{name: t, mountPath: /t}]}]}}",
    );
    let c = claims(&run(&mut s, "kubectl exec p -- cat /t/vault-token"));
    assert_eq!(c["aud"], serde_json::json!(["vault"]));
    assert_eq!(c["exp"].as_i64().unwrap() - c["iat"].as_i64().unwrap(), 7_200);
    assert!(!s.eval(&format!("kubectl exec p -- ls {FILES}")).stderr.is_empty());
}

#[test]
fn kubectl_proxy_goes_on_beside_other_commands_until_it_is_ended() {
    for profile in [Profile::Bare, Profile::Minikube] {
        let mut s = Session::in_memory(&Options { profile, ..Options::default() });
        assert_eq!(run(&mut s, "kubectl proxy &"), "Starting to serve on 127.0.0.1:8001\n");
        assert_eq!(run(&mut s, "curl -s localhost:8001/healthz"), "ok");
        let made = run(
            &mut s,
            "curl -s -X POST -H 'Content-Type: application/json' -d '{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\"},\"data\":{\"a\":\"1\"}}' localhost:8001/api/v1/namespaces/default/configmaps",
        );
        let made: Value = serde_json::from_str(&made).unwrap();
        assert_eq!(made["metadata"]["managedFields"][0]["manager"], "curl");
        assert_eq!(run(&mut s, "kubectl get cm x -o name"), "configmap/x\n");
        // What was asked through it is told as what kubectl asks is.
        let deleted = s.eval("curl -s -X DELETE localhost:8001/api/v1/namespaces/default/configmaps/x");
        assert!(deleted.story.contains("DELETE v1 configmaps/x"), "{}", deleted.story);
        let code = "curl -s -o /dev/null -w '%{http_code}' localhost:8001/api/v1/namespaces/default/pods/x/exec";
        assert_eq!(run(&mut s, code), "403");
        let o = s.eval("kubectl proxy");
        assert_eq!(
            (o.stdout.as_str(), o.stderr.as_str()),
            ("", "error: listen tcp 127.0.0.1:8001: bind: address already in use\n")
        );
        assert_eq!(run(&mut s, "jobs"), "[1]+  Running                 kubectl proxy &\n");
        run(&mut s, "kill %1");
        assert_eq!(s.eval("curl -s localhost:8001/healthz").code, 7);
        assert_eq!(run(&mut s, "jobs"), "");
    }
}

#[test]
fn kubectl_proxy_keeps_to_what_it_was_told() {
    let mut s = session();
    run(&mut s, "mkdir -p www && echo '<h1>hi</h1>' > www/index.html");
    run(&mut s, "kubectl proxy --port=8011 --www=./www --www-prefix=/my/ --api-prefix=/k8s-api &");
    assert_eq!(run(&mut s, "curl -s localhost:8011/my/"), "<h1>hi</h1>\n");
    assert!(run(&mut s, "curl -s localhost:8011/k8s-api/api/v1/namespaces").contains("NamespaceList"));
    assert_eq!(run(&mut s, "curl -s localhost:8011/api/v1"), "404 page not found\n");
    run(&mut s, "kubectl proxy --port=8012 --reject-methods=DELETE,POST --accept-paths=^/api/v1/namespaces &");
    assert_eq!(run(&mut s, "curl -s -X DELETE localhost:8012/api/v1/namespaces/x"), "Forbidden\n");
    assert_eq!(run(&mut s, "curl -s localhost:8012/version"), "Forbidden\n");
    assert!(run(&mut s, "curl -s localhost:8012/api/v1/namespaces/default").contains("\"Namespace\""));
    let hosts = run(&mut s, "curl -s -H 'Host: shop.example' localhost:8012/api/v1/namespaces");
    assert_eq!(hosts, "Forbidden\n");
    // Whoever it is started as, it asks as them.
    run(&mut s, "kubectl proxy --port=8013 --as=jane &");
    assert!(run(&mut s, "curl -s localhost:8013/api/v1/namespaces").contains("User \\\"jane\\\" cannot list"));
    // Whether one may act as somebody is judged with each request.
    run(&mut s, "kubectl create serviceaccount low");
    run(
        &mut s,
        "kubectl proxy --port=8014 --token=$(kubectl create token low) --as=kubernetes-admin --as-group=system:masters &",
    );
    let refused = run(&mut s, "curl -s localhost:8014/api/v1/namespaces");
    assert!(refused.contains("system:serviceaccount:default:low\\\" cannot impersonate"), "{refused}");
}

/// Real Kubernetes: pkg/controller/serviceaccount/tokens_controller.go.
#[test]
fn a_secret_that_asks_for_a_token_gets_one_that_holds_as_long_as_both_are_there() {
    let mut s = session();
    run(&mut s, "kubectl create serviceaccount robot");
    run(&mut s, "kubectl create clusterrolebinding robot --clusterrole=view --serviceaccount=default:robot");
    let told = s.eval(
        "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\nmetadata:\n  name: robot-token\n  annotations:\n    kubernetes.io/service-account.name: robot\nEOF",
    );
    assert!(told.story.contains("robot-token asks for a token of the account robot"), "{}", told.story);
    let uid = get(&mut s, "secret robot-token", ".metadata.annotations.kubernetes\\.io/service-account\\.uid");
    assert_eq!(uid, get(&mut s, "sa robot", ".metadata.uid"));
    let held = run(&mut s, "kubectl describe secret robot-token");
    for key in ["ca.crt:", "namespace:  7 bytes", "token:      eyJ"] {
        assert!(held.contains(key), "{held}");
    }
    let token = run(&mut s, "kubectl get secret robot-token -o jsonpath='{.data.token}' | base64 -d");
    let said = claims(&token);
    assert_eq!((said["iss"].as_str(), said.get("exp")), (Some("kubernetes/serviceaccount"), None));
    let who = format!("kubectl --token={token} auth whoami -o jsonpath='{{.status.userInfo.username}}'");
    assert_eq!(run(&mut s, &who), "system:serviceaccount:default:robot");
    assert_eq!(run(&mut s, &format!("kubectl --token={token} auth can-i list pods")), "yes\n");
    // With the account both go.
    run(&mut s, "kubectl delete serviceaccount robot");
    assert_eq!(
        s.eval("kubectl get secret robot-token").stderr,
        "Error from server (NotFound): secrets \"robot-token\" not found\n"
    );
    assert!(s.eval(&who).stderr.contains("Unauthorized"), "{}", s.eval(&who).stderr);
}

/// Real Kubernetes: pkg/registry/core/{pod/strategy.go,service/storage/storage.go} ResourceLocation.
#[test]
fn the_api_server_passes_on_what_pods_and_services_answer() {
    let mut s = Session::in_memory(&Options { profile: Profile::Minikube, ..Options::default() });
    let image = "registry.k8s.io/echoserver:1.10";
    run(&mut s, &format!("kubectl create deployment e --image={image} --replicas=2"));
    run(&mut s, "kubectl expose deployment e --port=80 --target-port=8080");
    run(&mut s, "kubectl run web --image=nginx:1.27 --port=80");
    run(&mut s, "kubectl proxy &");
    let ns = "/api/v1/namespaces/default";
    let mut curl = |path: &str| run(&mut s, &format!("curl -s -w ' %{{http_code}}' localhost:8001{ns}{path}"));
    let page = curl("/pods/web/proxy/");
    assert!(page.contains("Welcome to nginx!") && page.ends_with(" 200"), "{page}");
    // The pod sees the node, and through whom it was asked.
    let echo = curl("/services/e:80/proxy/a/b?c=d");
    for part in ["client_address=192.168.49.2", "real path=/a/b?c=d", "X-Forwarded-For: 127.0.0.1, 192.168.49.1"] {
        assert!(echo.contains(part), "{part}: {echo}");
    }
    assert!(echo.contains(&format!("X-Forwarded-Uri: {ns}/services/e:80/proxy/a/b\n")), "{echo}");
    for (path, code, said) in [
        ("/pods/web/proxy", 301, ""),
        ("/pods/web/proxy/nope", 404, "404 Not Found"),
        ("/pods/web:81/proxy/", 503, "error trying to reach service: dial tcp 10.244.0."),
        ("/pods/a:b:c:d/proxy/", 400, "invalid pod request \\\"a:b:c:d\\\""),
        ("/pods/nobody/proxy/", 404, "pods \\\"nobody\\\" not found"),
        ("/services/e:81/proxy/", 503, "no service port 81 found for service \\\"e\\\""),
        ("/services/e:http/proxy/", 503, "no endpoints available for service \\\"e:http\\\""),
    ] {
        let answer = curl(path);
        assert!(answer.contains(said) && answer.ends_with(&format!(" {code}")), "{path}: {answer}");
    }
    // All of those behind a Service are asked.
    let names: std::collections::BTreeSet<String> = (0..20)
        .filter_map(|_| curl("/services/e/proxy/").lines().find(|l| l.starts_with("Hostname")).map(String::from))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    // kubectl asks so, too, and says what comes as it is.
    assert!(run(&mut s, &format!("kubectl get --raw {ns}/pods/web/proxy/")).contains("Welcome to nginx!"));
    let refused = |s: &mut Session, more: &str| s.eval(&format!("kubectl get --raw {ns}{more}")).stderr;
    assert_eq!(
        refused(&mut s, "/pods/web/proxy/nope"),
        "Error from server (NotFound): the server could not find the requested resource\n"
    );
    assert_eq!(
        refused(&mut s, "/pods/web/proxy/ --as=jane"),
        "Error from server (Forbidden): pods \"web\" is forbidden: User \"jane\" cannot get resource \"pods/proxy\" in API group \"\" in the namespace \"default\"\n"
    );
    run(&mut s, "kubectl scale deployment e --replicas=0");
    assert_eq!(
        refused(&mut s, "/services/e:80/proxy/"),
        "Error from server (ServiceUnavailable): no endpoints available for service \"e\"\n"
    );
    // It is told what became of the request.
    let told = s.eval(&format!("curl -s localhost:8001{ns}/pods/web/proxy/")).story;
    assert!(told.contains("passed the request on as /"), "{told}");
}

#[test]
fn where_no_server_runs_nobody_answers() {
    let mut s = with_pod();
    run(&mut s, "kubectl proxy &");
    run(&mut s, "fail apiserver");
    let o = s.eval("curl -s -S localhost:8001/healthz");
    assert_eq!((o.code, o.stdout.as_str()), (52, ""));
}

#[test]
fn a_forwarded_port_goes_on_beside_other_commands() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: 'nginx:1.27'}]}}",
    );
    run(&mut s, "kubectl port-forward pod/web 8080:80 &");
    assert!(run(&mut s, "curl -s localhost:8080").contains("Welcome to nginx!"));
    // What changes is told when there is somebody to tell.
    run(&mut s, "kubectl get pods -w &");
    let told = run(&mut s, "kubectl delete pod web --now");
    assert!(
        told.contains("Terminating") && told.contains("lost connection to pod") || told.contains("Terminating"),
        "{told}"
    );
    assert_eq!(s.eval("curl -s localhost:8080").code, 7);
}

/// As transcript 35 has it.
#[test]
fn a_forwarded_port_is_told_before_anybody_calls() {
    let mut s = session();
    run(&mut s, "kubectl run web --image=nginx:1.27 --port=80");
    run(&mut s, "kubectl expose pod web");
    let said = s.eval("kubectl port-forward svc/web 8080:80").stdout;
    assert_eq!(said.trim_end(), "Forwarding from 127.0.0.1:8080 -> 80\nForwarding from [::1]:8080 -> 80");
    let said = s.eval("kubectl port-forward --address 0.0.0.0 web 8081:80 8082:80").stdout;
    assert_eq!(said.trim_end(), "Forwarding from 0.0.0.0:8081 -> 80\nForwarding from 0.0.0.0:8082 -> 80");
}
