//! Words of the network: what they show is how the simulated network is wired, and their packets go through it.

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;

use crate::session::{create, get, run, session};

/// A pod on a node that sleeps.
fn sleeper(s: &mut Session, name: &str, node: &str, image: &str) {
    create(
        s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, spec: {{nodeName: {node}, containers: [{{name: c, image: '{image}', command: [sleep, '36000']}}]}}}}"
        ),
    );
    run(s, &format!("kubectl wait --for=condition=Ready pod/{name} --timeout=300s"));
}

fn inside(s: &mut Session, pod: &str, line: &str) -> String {
    let o = s.eval(&format!("kubectl exec {pod} -- sh -c '{line}'"));
    o.stdout + &o.stderr
}

/// A pod of busybox and one of netshoot, on two nodes.
fn two() -> (Session, String, String) {
    let mut s = session();
    sleeper(&mut s, "a", "worker-1", "busybox:1.36");
    sleeper(&mut s, "b", "worker-2", "nicolaka/netshoot");
    let (a, b) = (get(&mut s, "pod/a", ".status.podIP"), get(&mut s, "pod/b", ".status.podIP"));
    (s, a, b)
}

#[test]
fn an_echo_request_goes_from_pod_to_pod_and_to_nodes() {
    let (mut s, a, b) = two();
    let said = inside(&mut s, "a", &format!("ping -c 2 {b}"));
    assert!(
        said.starts_with(&format!("PING {b} ({b}): 56 data bytes\n64 bytes from {b}: seq=0 ttl=62 time=0.")),
        "{said}"
    );
    assert!(
        said.contains("2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 0."),
        "{said}"
    );
    let said = inside(&mut s, "b", &format!("ping -c 1 {a}"));
    assert!(said.contains(&format!("bytes of data.\n64 bytes from {a}: icmp_seq=1 ttl=62 time=0.")), "{said}");
    // Its own node answers without passing anything on, another one after one step.
    for (to, ttl) in [("192.168.58.3", 64), ("192.168.58.4", 63), ("192.168.58.1", 63)] {
        let said = inside(&mut s, "a", &format!("ping -c 1 {to}"));
        assert!(said.contains(&format!("ttl={ttl} ")), "{to}: {said}");
    }
    let gateway = a.rsplit_once('.').unwrap().0.to_string() + ".1";
    assert!(inside(&mut s, "a", &format!("ping -c 1 {gateway}")).contains("ttl=64 "));
    let said = run(&mut s, "ping -c 1 192.168.58.3");
    assert!(said.contains("64 bytes from 192.168.58.3: icmp_seq=1 ttl=64 time="), "{said}");
    assert_eq!(s.eval(&format!("ping -c 1 -W 1 {a}")).code, 1);
}

#[test]
fn an_address_that_nobody_has_is_told_of_or_silent() {
    let (mut s, _, b) = two();
    let nobody = b.rsplit_once('.').unwrap().0.to_string() + ".200";
    let said = inside(&mut s, "b", &format!("ping -c 3 {nobody}; echo $?"));
    assert!(said.contains("icmp_seq=1 Destination Host Unreachable\n"), "{said}");
    assert!(said.contains("3 packets transmitted, 0 received, +3 errors, 100% packet loss, time "), "{said}");
    assert!(said.contains("\npipe 3\n1\n"), "{said}");
    let said = inside(&mut s, "a", &format!("ping -c 1 -W 2 {nobody}"));
    assert!(said.contains("1 packets transmitted, 0 packets received, 100% packet loss\n"), "{said}");
    let said = inside(&mut s, "b", "ping -c 1 nobody");
    assert!(said.starts_with("ping: nobody: Name does not resolve\n"), "{said}");
}

#[test]
fn an_address_of_a_service_answers_only_where_a_node_has_it() {
    let (mut s, ..) = two();
    let ask = "ping -c 1 -W 1 kubernetes.default";
    assert!(inside(&mut s, "a", ask).contains("100% packet loss"));
    run(&mut s, "proxy-mode ipvs");
    let said = inside(&mut s, "a", ask);
    assert!(
        said.contains("PING kubernetes.default (10.96.0.1): 56 data bytes\n64 bytes from 10.96.0.1: seq=0 ttl=64 "),
        "{said}"
    );
}

#[test]
fn policies_and_faults_stop_echo_requests() {
    let (mut s, _, b) = two();
    let ask = format!("ping -c 1 -W 1 {b}");
    let lost = "100% packet loss";
    run(&mut s, "fail network worker-1 worker-2");
    assert!(inside(&mut s, "a", &ask).contains(lost));
    run(&mut s, "heal network worker-1 worker-2");
    assert!(inside(&mut s, "a", &ask).contains(" 0% packet loss"));
    create(
        &mut s,
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {matchLabels: {app: b}}, ingress: [{ports: [{port: 80}]}]}}",
    );
    run(&mut s, "wait 5s");
    assert!(inside(&mut s, "a", &ask).contains(lost), "a policy that names ports lets no echo request in");
    run(&mut s, "kubectl patch networkpolicy p --type=merge -p '{\"spec\":{\"ingress\":[{}]}}'");
    run(&mut s, "wait 5s");
    assert!(inside(&mut s, "a", &ask).contains(" 0% packet loss"));
}

#[test]
fn a_route_is_traced_machine_by_machine() {
    let (mut s, a, b) = two();
    let gateway = a.rsplit_once('.').unwrap().0.to_string() + ".1";
    let said = inside(&mut s, "a", &format!("traceroute -n {b}"));
    let hosts: Vec<&str> = said.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
    assert_eq!(hosts, [gateway.as_str(), "192.168.58.4", b.as_str()], "{said}");
    assert!(
        said.starts_with(&format!("traceroute to {b} ({b}), 30 hops max, 46 byte packets\n 1  {gateway}  0.")),
        "{said}"
    );
    let said = inside(&mut s, "a", "traceroute -n -m 4 -q 1 -w 1 10.96.0.1");
    assert!(said.contains(" 2  192.168.58.1  ") && said.ends_with("\n 3  *\n 4  *\n"), "{said}");
}

#[test]
fn interfaces_and_routes_are_those_of_the_machine() {
    let (mut s, a, b) = two();
    let said = inside(&mut s, "b", "ip a");
    let [_, _, x, y] = b.parse::<std::net::Ipv4Addr>().unwrap().octets();
    assert!(said.contains(&format!("link/ether 0a:58:0a:f4:{x:02x}:{y:02x} brd ff:ff:ff:ff:ff:ff link-netnsid 0\n    inet {b}/24 brd 10.244.{x}.255 scope global eth0\n       valid_lft forever preferred_lft forever\n")), "{said}");
    assert_eq!(
        inside(&mut s, "b", "ip route"),
        format!(
            "default via 10.244.{x}.1 dev eth0 \n10.244.{x}.0/24 via 10.244.{x}.1 dev eth0 src {b} \n10.244.{x}.1 dev eth0 scope link src {b} \n"
        )
    );
    let said = inside(&mut s, "a", "ip a show eth0");
    assert!(said.contains("<BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue \n"), "{said}");
    let said = run(&mut s, "ip addr");
    assert!(said.contains("inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\n"), "{said}");
    assert!(said.contains("inet 192.168.58.1/24 brd 192.168.58.255 scope global br-"), "{said}");
    let _ = a;
}

#[test]
fn who_listens_is_seen_with_the_process() {
    let mut s = session();
    sleeper(&mut s, "b", "worker-2", "nicolaka/netshoot");
    let said = inside(&mut s, "b", "nc -lk -p 8080 & sleep 1; ss -tlnp; netstat -tlnp");
    assert!(said.contains("0.0.0.0:8080      0.0.0.0:*   users:((\"nc\",pid="), "{said}");
    assert!(
        said.contains("tcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN      "),
        "{said}"
    );
}

#[test]
fn a_node_shows_its_pods_ends_its_sockets_and_its_rules() {
    let mut s = Session::in_memory(&Options { profile: Profile::Minikube, ..Options::default() });
    run(&mut s, "kubectl run web --image=nginx");
    run(&mut s, "kubectl wait --for=condition=Ready pod/web --timeout=300s");
    let ip = get(&mut s, "pod/web", ".status.podIP");
    let said = run(&mut s, "minikube ssh -- ip route");
    assert!(
        said.starts_with("default via 192.168.49.1 dev eth0 \n") && said.contains(&format!("{ip} dev veth")),
        "{said}"
    );
    let said = run(&mut s, &format!("minikube ssh -- ping -c 1 {ip}"));
    assert!(said.contains("ttl=64 "), "{said}");
    let said = run(&mut s, "minikube ssh -- ss -tln");
    assert!(said.contains("0.0.0.0:6443 "), "{said}");
    let rules = run(&mut s, "minikube ssh -- iptables-save");
    assert!(
        rules.contains("-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"),
        "{rules}"
    );
    assert!(rules.contains("--dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y\n"), "{rules}");
    let listed = run(&mut s, "minikube ssh -- iptables -t nat -nL KUBE-SERVICES");
    assert!(listed.contains("/* default/kubernetes:https cluster IP */ tcp dpt:443\n"), "{listed}");
}
