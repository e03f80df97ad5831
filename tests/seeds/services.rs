//! Who reaches pods from where, by which address, and that what arrives is spread.

use kubetutor::cluster::profile::Profile;
use kubetutor::explain::Language;
use kubetutor::prompt::Session;

use super::{at, fails};
use crate::session::{get, run};

fn web(profile: Profile, replicas: u32, type_: &str) -> Session {
    let mut s = at(profile);
    run(&mut s, &format!("kubectl create deployment web --image=nginx --replicas={replicas}"));
    run(&mut s, &format!("kubectl expose deployment web --type={type_} --port 80"));
    run(&mut s, "wait 10s");
    s
}

fn node_port(s: &mut Session) -> String {
    let address = get(s, "node worker-1", ".status.addresses[0].address");
    format!("{address}:{}", get(s, "service web", ".spec.ports[0].nodePort"))
}

/// How many requests each pod has had.
fn requests(s: &mut Session) -> Vec<u32> {
    let pods = get(s, "pods -l app=web", ".items[*].metadata.name");
    pods.split(' ').map(|p| run(s, &format!("kubectl logs {p}")).matches("GET /").count() as u32).collect()
}

/// A load balancer comes in at any healthy node; where traffic stays on its node, only where somebody is to answer.
#[test]
fn a_load_balancer_comes_in_where_it_is_answered() {
    let mut s = web(Profile::Cloud, 1, "LoadBalancer");
    run(&mut s, "wait 1m");
    // The first node that its way names. A question alone changes nothing, so that it would be answered alike each time.
    let entrance = |s: &mut Session| {
        run(s, "curl -s http://203.0.113.1");
        let way = s.eval("path me 203.0.113.1:80").story;
        let named = ["control-plane", "worker-1", "worker-2", "worker-3"].into_iter();
        let first = named.filter_map(|n| way.find(n).map(|at| (at, n))).min();
        first.unwrap_or_else(|| panic!("no node in {way:?}")).1.to_string()
    };
    let entrances = |s: &mut Session| (0..30).map(|_| entrance(s)).collect::<std::collections::BTreeSet<_>>();
    let everywhere = entrances(&mut s);
    assert!(everywhere.len() > 2, "{everywhere:?}");
    run(&mut s, r#"kubectl patch service web -p '{"spec":{"externalTrafficPolicy":"Local"}}'"#);
    let host = get(&mut s, "pod -l app=web", ".items[*].spec.nodeName");
    assert_eq!(entrances(&mut s), [host].into());
    run(&mut s, "for i in $(seq 20); do curl -sf -m 3 http://203.0.113.1 > /dev/null || exit 1; done");
}

#[test]
fn from_outside_a_node_port_answers_and_the_addresses_of_pods_and_services_do_not() {
    let mut s = web(Profile::Kubeadm, 1, "NodePort");
    let pod = get(&mut s, "pods", ".items[0].status.podIP");
    let service = get(&mut s, "service web", ".spec.clusterIP");
    fails(&mut s, &format!("curl -s -m 3 http://{pod}"));
    fails(&mut s, &format!("curl -s -m 3 http://{service}"));
    let at = node_port(&mut s);
    assert!(run(&mut s, &format!("curl -s http://{at}")).contains("Welcome to nginx"));
    // From within, all of them do, and so does the port at any other node.
    let other = at.replace(
        &get(&mut s, "node worker-1", ".status.addresses[0].address"),
        &get(&mut s, "node worker-2", ".status.addresses[0].address"),
    );
    run(&mut s, "kubectl run client --image=busybox -- sleep 1d");
    for to in [pod, service, "web".into(), at, other] {
        run(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{to}"));
    }
}

#[test]
fn a_service_keeps_its_address_while_its_pods_are_replaced() {
    let mut s = web(Profile::Kubeadm, 2, "ClusterIP");
    run(&mut s, "kubectl run client --image=busybox -- sleep 1d");
    let address = get(&mut s, "service web", ".spec.clusterIP");
    let ends =
        |s: &mut _| get(s, "endpointslices -l kubernetes.io/service-name=web", ".items[0].endpoints[*].addresses[0]");
    let before = ends(&mut s);
    run(&mut s, "kubectl delete pods -l app=web");
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "service web", ".spec.clusterIP"), address);
    let after = ends(&mut s);
    assert!(before.split(' ').all(|ip| !after.split(' ').any(|a| a == ip)), "{before} {after}");
    run(&mut s, &format!("kubectl exec client -- wget -qO- -T 2 http://{address}"));
}

/// Each mode of kube-proxy has a program of its own; all of them spread connections over the pods.
#[test]
fn whatever_kube_proxys_mode_traffic_is_spread_over_all_pods() {
    let words = [("userspace", "REDIRECT"), ("iptables", "KUBE-SERVICES"), ("ipvs", "rr"), ("nftables", "service-ips")];
    for (mode, word) in words {
        let mut s = web(Profile::Kubeadm, 3, "NodePort");
        s.eval(&format!("proxy-mode {mode}"));
        let rules = s.eval("proxy-mode").story;
        assert!(rules.contains(word), "{mode}: {rules}");
        let to = node_port(&mut s);
        run(&mut s, &format!("for i in $(seq 60); do curl -s http://{to} > /dev/null; done"));
        let had = requests(&mut s);
        assert_eq!(had.iter().sum::<u32>(), 60, "{mode}: {had:?}");
        assert!(had.iter().all(|n| (8..=34).contains(n)), "{mode}: {had:?}");
    }
}

/// A pod that is not ready gets nothing, without being restarted.
#[test]
fn what_is_not_ready_gets_no_traffic_and_lives_on() {
    let mut s = web(Profile::Kubeadm, 2, "NodePort");
    let probe = r#"{"spec":{"template":{"spec":{"containers":[{"name":"nginx","readinessProbe":{"exec":{"command":["test","!","-e","/tmp/busy"]},"periodSeconds":1,"failureThreshold":1}}]}}}}"#;
    run(&mut s, &format!("kubectl patch deployment web -p '{probe}'"));
    run(&mut s, "wait 20s");
    let first = get(&mut s, "pods -l app=web", ".items[0].metadata.name");
    run(&mut s, &format!("kubectl exec {first} -- touch /tmp/busy"));
    run(&mut s, "wait 5s");
    let to = node_port(&mut s);
    run(&mut s, &format!("for i in 1 2 3 4 5 6 7 8; do curl -s http://{to} > /dev/null; done"));
    assert_eq!(requests(&mut s), [0, 8]);
    assert_eq!(get(&mut s, &format!("pod {first}"), ".status.containerStatuses[0].restartCount"), "0");
    run(&mut s, &format!("kubectl exec {first} -- rm /tmp/busy"));
    run(&mut s, "wait 5s");
    run(&mut s, &format!("for i in $(seq 16); do curl -s http://{to} > /dev/null; done"));
    assert!(requests(&mut s)[0] > 0);
}

/// Where there is a cloud, its controller has an address made, says so, and gives it back.
#[test]
fn a_cloud_gives_a_load_balancer_an_address_and_elsewhere_it_stays_pending() {
    let external =
        |s: &mut _| run(s, "kubectl get service web --no-headers").split_whitespace().nth(3).map(String::from);
    let mut without = web(Profile::Minikube, 1, "LoadBalancer");
    run(&mut without, "wait 10m");
    assert_eq!(external(&mut without).as_deref(), Some("<pending>"));

    let mut s = web(Profile::Cloud, 2, "LoadBalancer");
    run(&mut s, "wait 1m");
    assert_eq!(external(&mut s).as_deref(), Some("203.0.113.1"));
    run(&mut s, "for i in $(seq 20); do curl -s http://203.0.113.1 > /dev/null; done");
    assert!(requests(&mut s).iter().all(|n| *n >= 4));
    let told = s.eval("why service/web").story;
    assert!(told.contains("the cloud has made a load balancer with the address 203.0.113.1"), "{told}");
    s.language = Language::Korean;
    let told = s.eval("why service/web").story;
    assert!(told.contains("로드 밸런서를 요청") && told.contains("주소가 203.0.113.1인"), "{told}");
    let events = get(&mut s, "events --field-selector involvedObject.kind=Service", ".items[*].reason");
    assert_eq!(events, "EnsuringLoadBalancer EnsuredLoadBalancer");
    // It is a node port, too; that is how the load balancer comes in.
    let to = node_port(&mut s);
    run(&mut s, &format!("curl -s http://{to}"));
    run(&mut s, "kubectl delete service web");
    fails(&mut s, "kubectl get service web");
    fails(&mut s, "curl -s -m 3 http://203.0.113.1");
    run(&mut s, "kubectl expose deployment web --type=LoadBalancer --port 80");
    run(&mut s, "wait 1m");
    run(&mut s, r#"kubectl patch service web -p '{"spec":{"type":"ClusterIP"}}'"#);
    run(&mut s, "wait 10s");
    assert_eq!(external(&mut s).as_deref(), Some("<none>"));
    assert_eq!(get(&mut s, "service web", ".metadata.finalizers"), "");
}

/// Services know addresses, protocols and ports (layer 4). What is said over a connection is none of their business: that is
/// the part of an Ingress (layer 7).
#[test]
fn a_service_passes_on_connections_whatever_is_said_over_them() {
    let mut s = at(Profile::Kubeadm);
    run(&mut s, "kubectl create deployment web --image=redis");
    run(&mut s, "kubectl expose deployment web --type=NodePort --port=6379");
    run(&mut s, "wait 10s");
    let to = node_port(&mut s).replace(':', " ");
    let answer = run(&mut s, &format!("printf 'GET\\r\\n' | nc -w 2 {to}"));
    assert!(answer.starts_with("-ERR"), "{answer}");
    let fields = run(&mut s, "kubectl explain service.spec.ports | grep -c -E '^  (port|protocol|targetPort)'");
    assert_eq!(fields, "3\n");
    assert!(fails(&mut s, "kubectl explain service.spec.rules").contains("does not exist"));
    run(&mut s, "kubectl create ingress paths --rule='example.com/shop*=web:6379'");
    assert_eq!(get(&mut s, "ingress paths", ".spec.rules[0].http.paths[0].path"), "/shop");
}

/// kube-proxy writes rules and stands beside: without it the old ones go on, and nothing new gets any.
#[test]
fn without_kube_proxy_old_services_are_reached_and_new_ones_are_not() {
    let mut s = web(Profile::Kubeadm, 1, "ClusterIP");
    run(&mut s, "kubectl run client --image=busybox -- sleep 1d");
    let node = get(&mut s, "pod client", ".spec.nodeName");
    run(&mut s, &format!("fail kube-proxy {node}"));
    run(&mut s, "kubectl expose deployment web --name=late --port=80");
    run(&mut s, "wait 5s");
    run(&mut s, "kubectl exec client -- wget -qO- -T 2 http://web");
    fails(&mut s, "kubectl exec client -- wget -qO- -T 2 http://late");
    run(&mut s, &format!("heal kube-proxy {node}"));
    run(&mut s, "wait 5s");
    run(&mut s, "kubectl exec client -- wget -qO- -T 2 http://late");
}
