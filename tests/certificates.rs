//! Somebody gets a certificate and comes with it: asked for, approved, signed, put into a kubeconfig, and judged by RBAC.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kubetutor::cluster::Options;
use kubetutor::prompt::Session;

const REQUEST: &[u8] = include_bytes!("data/certificates/jane.csr");
/// Subject `O=system:nodes, CN=system:node:worker-9`, with a key of P-256.
const NODE: &[u8] = include_bytes!("data/certificates/node.csr");
const KEY: &str = include_str!("data/certificates/jane.key");

fn session() -> Session {
    let mut s = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
    s.host.write("jane.key", KEY).unwrap();
    let wanted = format!(
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: jane}}\nspec:\n  \
         request: {}\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [client auth]\n",
        STANDARD.encode(REQUEST)
    );
    s.host.write("csr.yaml", &wanted).unwrap();
    assert_eq!(s.eval("kubectl apply -f csr.yaml").code, 0);
    s
}

fn issue(s: &mut Session) {
    let o = s.eval("kubectl certificate approve jane");
    assert!(o.story.contains("signs it with the cluster's certificate authority"), "{}", o.story);
    assert!(s.eval("kubectl get csr jane").stdout.contains("Approved,Issued"));
    let encoded = s.eval("kubectl get csr jane -o jsonpath='{.status.certificate}'").stdout;
    s.host.write("jane.crt", &String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()).unwrap();
}

#[test]
fn a_signed_request_makes_a_user_whom_rbac_judges() {
    let mut s = session();
    assert!(s.eval("kubectl get csr").stdout.contains("Pending"));
    issue(&mut s);
    let set =
        s.eval("kubectl config set-credentials jane --client-certificate=jane.crt --client-key=jane.key --embed-certs");
    assert_eq!((set.stdout.as_str(), set.code), ("User \"jane\" set.\n", 0), "{}", set.stderr);
    s.eval("kubectl config set-context jane --cluster=kubernetes --user=jane");
    let refused = s.eval("kubectl --context jane get pods").stderr;
    let text = "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!(refused.trim_end(), text);
    let who = s.eval("kubectl --context=jane auth whoami").stdout;
    assert!(who.contains("jane") && who.contains("[dev system:authenticated]"), "{who}");
    s.eval("kubectl create rolebinding jane --clusterrole=view --user=jane");
    let seen = s.eval("kubectl --context jane get pods");
    assert_eq!((seen.stderr.as_str(), seen.code), ("No resources found in default namespace.\n", 0));
    // Nor may jane delete.
    assert!(s.eval("kubectl --user=jane delete pod x").stderr.contains("User \"jane\" cannot delete"));
}

#[test]
fn a_kubeconfig_of_its_own_is_read_and_written() {
    let mut s = session();
    issue(&mut s);
    s.eval("kubectl config view --raw > admin.conf");
    assert_eq!(s.eval("kubectl --kubeconfig=admin.conf get nodes").code, 0);
    assert!(s.eval("kubectl --kubeconfig=admin.conf auth whoami").stdout.contains("kubernetes-admin"));
    for line in [
        "kubectl config --kubeconfig=jane.conf set-cluster k --server=https://127.0.0.1:6443",
        "kubectl config --kubeconfig=jane.conf set-credentials jane --client-certificate=jane.crt --client-key=jane.key",
        "kubectl config --kubeconfig=jane.conf set-context jane --cluster=k --user=jane --namespace=kube-system",
        "kubectl config --kubeconfig=jane.conf use-context jane",
    ] {
        let o = s.eval(line);
        assert_eq!(o.code, 0, "{line}: {}", o.stderr);
    }
    assert!(s.host.read("jane.conf").unwrap().contains("current-context: jane"));
    assert!(!s.eval("kubectl config get-contexts").stdout.contains("jane"));
    let refused = s.eval("kubectl --kubeconfig=jane.conf get pods").stderr;
    assert!(refused.contains("User \"jane\"") && refused.contains("namespace \"kube-system\""), "{refused}");
    assert!(s.eval("KUBECONFIG=jane.conf kubectl get pods").stderr.contains("User \"jane\""));
}

#[test]
fn who_comes_with_nothing_or_with_something_false_is_told() {
    let mut s = session();
    issue(&mut s);
    let mut says = |line: &str| {
        let o = s.eval(line);
        assert_eq!(o.code, 1, "{line}");
        o.stderr.trim_end().to_string()
    };
    let unauthorized = "error: You must be logged in to the server (Unauthorized)";
    assert_eq!(says("kubectl --token=abc get pods"), unauthorized);
    assert_eq!(says("kubectl --user=nobody get pods"), "error: auth info \"nobody\" does not exist");
    assert_eq!(says("kubectl --cluster=none get pods"), "error: cluster \"none\" does not exist");
    let gone = "error: invalid configuration: [unable to read client-cert no.crt for kubernetes-admin due to open no.crt: \
                no such file or directory, unable to read client-key no.key for kubernetes-admin due to open no.key: no \
                such file or directory]";
    assert_eq!(says("kubectl --client-certificate=no.crt --client-key=no.key get pods"), gone);
    let other = "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?";
    assert_eq!(says("kubectl --server=https://10.0.0.1:6443 get pods"), other);
}

#[test]
fn what_a_kubelet_asks_for_needs_nobodys_word() {
    let mut s = session();
    let wanted = s.host.read("csr.yaml").unwrap().replace("kube-apiserver-client", "kube-apiserver-client-kubelet");
    let wanted =
        wanted.replace("name: jane", "name: node").replace("[client auth]", "[digital signature, client auth]");
    s.host.write("node.yaml", &wanted.replace(&STANDARD.encode(REQUEST), &STANDARD.encode(NODE))).unwrap();
    let o = s.eval("kubectl apply -f node.yaml");
    assert!(o.story.contains("create nodeclient"), "{}", o.story);
    assert!(s.eval("kubectl get csr node").stdout.contains("Approved,Issued"));
    let why = s.eval("kubectl get csr node -o jsonpath='{.status.conditions[0].reason}'").stdout;
    assert_eq!(why, "AutoApproved");
}

#[test]
fn what_a_signer_does_not_take_fails_and_what_was_denied_goes_after_an_hour() {
    let mut s = session();
    s.eval("kubectl certificate deny jane");
    let wrong = s.host.read("csr.yaml").unwrap().replace("[client auth]", "[client auth, server auth]");
    s.host.write("wrong.yaml", &wrong.replace("name: jane", "name: wrong")).unwrap();
    s.eval("kubectl apply -f wrong.yaml");
    let o = s.eval("kubectl certificate approve wrong");
    assert!(o.story.contains("invalid usage for client certificate: server auth"), "{}", o.story);
    assert!(s.eval("kubectl get csr wrong").stdout.contains("Approved,Failed"));
    let why =
        s.eval("kubectl get csr wrong -o jsonpath='{.status.conditions[1].reason}: {.status.conditions[1].message}'");
    assert_eq!(why.stdout, "SignerValidationFailure: invalid usage for client certificate: server auth");
    s.advance(std::time::Duration::from_secs(2 * 3_600 + 60));
    assert_eq!(s.eval("kubectl get csr -o name").stdout, "certificatesigningrequest.certificates.k8s.io/wrong\n");
}
