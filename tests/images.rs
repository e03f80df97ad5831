//! What must work in the images of the catalogue, each with commands that people type there.

use kubetutor::prompt::Session;

use crate::session::{create, run, session};

/// An image, how its pod is begun (nothing: as the image says), and what commands in it print.
type Image = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const SLEEP: &str = "command: [sleep, '36000']";

const IMAGES: &[Image] = &[
    (
        "nginx:1.27",
        "",
        &[
            ("nginx -v 2>&1 || cat /etc/nginx/nginx.conf", "nginx"),
            ("cat /usr/share/nginx/html/index.html", "Welcome to nginx!"),
            ("echo changed > /usr/share/nginx/html/index.html; curl -s localhost", "changed"),
            ("cat /etc/os-release", "Debian"),
            ("ip a 2>&1; ping -c 1 localhost 2>&1; ifconfig 2>&1", "not found"),
            ("getent hosts kubernetes.default", "10.96.0.1       kubernetes.default.svc.cluster.local\n"),
            ("ls /etc/nginx/conf.d", "default.conf"),
            ("hostname", "p"),
            ("openssl version", "OpenSSL 3"),
            ("env", "KUBERNETES_SERVICE_HOST=10.96.0.1"),
        ],
    ),
    (
        "nginx:1.18.0-alpine",
        "",
        &[
            ("wget -qO- localhost", "Welcome to nginx!"),
            ("curl -s localhost", "Welcome to nginx!"),
            ("cat /etc/os-release", "Alpine"),
        ],
    ),
    ("registry.k8s.io/nginx-slim:0.24", "", &[("curl -s localhost", "Welcome to nginx!")]),
    ("nginxinc/nginx-unprivileged", "", &[("curl -s localhost:8080", "Welcome to nginx!"), ("id -u", "101")]),
    (
        "registry.k8s.io/busybox:1.27.2",
        "command: [sleep, '3600']",
        &[("nslookup kubernetes.default", "Address 1: 10.96.0.1 ")],
    ),
    ("dgkanatsios/simpleapp", "", &[("curl -s localhost:8080", "Hello world from p and version 2.0\n")]),
    ("bash:5", "command: [sleep, '3600']", &[("bash -c 'a=(1 2); echo ${#a[@]}'", "2\n")]),
    ("httpd:2.4", "", &[("cat /usr/local/apache2/htdocs/index.html", "It works!"), ("pwd", "/usr/local/apache2")]),
    ("httpd:alpine", "", &[("wget -qO- localhost", "It works!")]),
    (
        "busybox:1.36",
        SLEEP,
        &[
            ("nslookup kubernetes.default.svc.cluster.local", "10.96.0.1"),
            ("wget -qO- --no-check-certificate https://10.96.0.1/healthz", "ok"),
            ("ps", "sleep 36000"),
            ("df -h /", "overlay"),
            ("for i in 1 2 3; do echo $i; done | awk '{s+=$1} END {print s}'", "6"),
            ("vi --help 2>&1; id", "uid=0(root)"),
            ("date +%Y", "2026"),
        ],
    ),
    (
        "busybox:1.28.4",
        SLEEP,
        &[
            ("echo hi | tr a-z A-Z", "HI"),
            (
                "nslookup kubernetes.default",
                "Server:    10.96.0.10\nAddress 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local\n\nName:      kubernetes.default\nAddress 1: 10.96.0.1 kubernetes.default.svc.cluster.local\n",
            ),
            ("nslookup nobody 2>&1; echo $?", "nslookup: can't resolve 'nobody'\n1"),
            ("ip a", "eth0@if"),
            ("ip route", "dev eth0 scope link  src 10.244."),
            ("ifconfig eth0", "eth0      Link encap:Ethernet  HWaddr 0A:58:0A:F4:"),
            ("route -n", "0.0.0.0         10.244."),
            ("ping -c 1 -W 1 10.96.0.10; echo $?", "1 packets transmitted, 0 packets received, 100% packet loss\n1"),
            ("ping -c 1 127.0.0.1", "64 bytes from 127.0.0.1: seq=0 ttl=64 time=0."),
            ("ping -c 1 nobody 2>&1; echo $?", "ping: bad address 'nobody'\n1"),
            (
                "nc -l -p 8080 & sleep 1; netstat -tln",
                "tcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN",
            ),
            ("arp -n", "[ether]  on eth0"),
        ],
    ),
    (
        "alpine:3.20",
        SLEEP,
        &[
            ("cat /etc/os-release", "Alpine Linux"),
            ("apk add curl", "kubetutor"),
            ("sh -c 'echo $0'", "sh"),
            ("jq . 2>&1", "not found"),
            ("apk add jq openssl >/dev/null; echo [1] | jq -c .[0]; openssl rand -hex 2 | wc -c", "1\n5"),
        ],
    ),
    (
        "redis:7",
        "",
        &[
            ("cat /etc/os-release", "Debian"),
            ("pwd; redis-cli ping", "/data\nPONG\n"),
            ("redis-cli set mykey hello && redis-cli get mykey", "OK\nhello\n"),
            ("redis-cli info server", "redis_version:7.4.6\r\n"),
            ("cat /proc/1/cmdline", "redis-server *:6379"),
        ],
    ),
    (
        "redis:6.0.5-alpine",
        "args: [--maxmemory, 10mb]",
        &[
            ("redis-cli --version", "redis-cli 6.0.5"),
            ("redis-cli config get maxmemory", "maxmemory\n10485760\n"),
            ("ps", "redis-server *:6379"),
            ("printf 'PING\\r\\nQUIT\\r\\n' | nc localhost 6379", "+PONG\r\n+OK\r\n"),
        ],
    ),
    (
        "mysql:8.0",
        "env: [{name: MYSQL_ROOT_PASSWORD, value: x}]",
        &[("env", "MYSQL_ROOT_PASSWORD=x"), ("ls /var/lib/mysql", "")],
    ),
    ("postgres:16", "env: [{name: POSTGRES_PASSWORD, value: x}]", &[("env", "POSTGRES_PASSWORD=x")]),
    ("mongo:7", "", &[("cat /etc/os-release", "Debian")]),
    ("node:20", SLEEP, &[("node --version", "v"), ("openssl rand -hex 4 | wc -c", "9"), ("ls /home", "node")]),
    ("python:3.12", SLEEP, &[("python3 --version", "Python 3"), ("echo hi | openssl dgst -sha256", "98ea6e4f")]),
    ("registry.k8s.io/echoserver:1.10", "", &[("env", "HOSTNAME=p")]),
    (
        "gcr.io/google-samples/kubernetes-bootcamp:v1",
        "",
        &[("curl -s localhost:8080", "Hello Kubernetes bootcamp! | Running on: p | v1")],
    ),
    ("registry.k8s.io/hpa-example", "", &[("curl -s localhost", "OK!")]),
    (
        "perl:5.34",
        SLEEP,
        &[("perl -Mbignum=bpi -wle 'print bpi(20)'", "3.1415926535897932385"), ("perl -v", "This is perl 5")],
    ),
    (
        "curlimages/curl:8.10.1",
        SLEEP,
        &[
            ("curl --version", "curl 8"),
            ("openssl 2>&1", "not found"),
            ("id -u", "100"),
            ("curl -sk https://kubernetes.default.svc/livez", "ok"),
        ],
    ),
    (
        "nicolaka/netshoot",
        SLEEP,
        &[
            ("dig +short kubernetes.default.svc.cluster.local", "10.96.0.1"),
            ("dig +noall +answer kubernetes.default.svc.cluster.local", "IN\tA\t10.96.0.1"),
            ("dig nobody.default.svc.cluster.local", "status: NXDOMAIN"),
            ("nslookup kubernetes.default", "Name:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n"),
            (
                "nc -zv kubernetes.default 443 2>&1",
                "Connection to kubernetes.default (10.96.0.1) 443 port [tcp/https] succeeded!\n",
            ),
            (
                "ping -c 2 -q localhost",
                "2 packets transmitted, 2 received, 0% packet loss, time 1000ms\nrtt min/avg/max/mdev = ",
            ),
            ("ip -br -4 addr", "eth0@if"),
            ("ip route", "default via 10.244."),
            ("ss -tln", "State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"),
            ("iptables-save 2>&1", "Permission denied (you must be root)"),
            ("echo '{\"a\":[1]}' | jq .a[0]", "1\n"),
            ("openssl genrsa 512 2>/dev/null | openssl rsa -noout -check", "RSA key ok"),
            ("bash -c 'echo ${BASH_VERSION:+bash}'", ""),
        ],
    ),
    (
        "registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7",
        "",
        &[
            (
                "nslookup kubernetes.default",
                "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nName:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n",
            ),
            ("nslookup nobody; echo $?", "** server can't find nobody: NXDOMAIN\n\n1"),
            ("dig -x 10.96.0.1 +short", "kubernetes.default.svc.cluster.local."),
        ],
    ),
    ("codongmin/kub-first-app", "", &[("pwd", "/app"), ("curl -s localhost:8080", "")]),
    (
        "registry.k8s.io/e2e-test-images/agnhost:2.53",
        "args: [netexec]",
        &[("curl -s localhost:8080/hostname", "p"), ("/agnhost help", "netexec")],
    ),
];

fn begun(image: &str, how: &str) -> Session {
    let mut s = session();
    let how = if how.is_empty() { String::new() } else { format!(", {how}") };
    create(
        &mut s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, image: '{image}'{how}}}]}}}}"
        ),
    );
    run(&mut s, "kubectl wait --for=condition=Ready pod/p --timeout=300s");
    s
}

#[test]
fn commands_work_in_their_images() {
    let mut wrong = vec![];
    for (image, how, commands) in IMAGES {
        let mut s = begun(image, how);
        for (command, expected) in *commands {
            let o = s.eval(&format!("kubectl exec p -- sh -c '{}'", command.replace('\'', "'\\''")));
            if !o.stdout.contains(expected) {
                wrong.push(format!("{image}: {command}: {}{}, not {expected:?}", o.stdout, o.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// These hold one program and no shell.
#[test]
fn programs_without_a_shell_answer() {
    for (image, port, expected) in [
        ("traefik/whoami", 80, "Hostname: p\n"),
        ("gcr.io/google-samples/hello-app:2.0", 8080, "Hello, world!\nVersion: 2.0.0\nHostname: p\n"),
        ("registry.k8s.io/echoserver:1.10", 8080, "Hostname: p"),
        ("mongo:7", 27017, "It looks like you are trying to access MongoDB over HTTP"),
    ] {
        let mut s = begun(image, "");
        run(&mut s, &format!("kubectl port-forward pod/p 9000:{port} &"));
        let told = run(&mut s, "curl -s localhost:9000");
        assert!(told.contains(expected), "{image}: {told}");
    }
}
