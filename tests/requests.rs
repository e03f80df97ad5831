//! What `why NUMBER` tells of requests: how far each came, and who ended it.

use kubetutor::cluster::Options;
use kubetutor::explain::Language;
use kubetutor::ledger::What;
use kubetutor::prompt::Session;

/// Types a line, and asks for the reason of the request of kubectl's that it led to.
fn why(s: &mut Session, line: &str) -> String {
    s.eval(line);
    let ledger = &s.cluster.world.ledger;
    let number =
        ledger.all().rev().find(|r| r.actor == "kubectl" && matches!(r.what, What::Request(_))).map(|r| r.id.0);
    let number = number.expect("a request");
    s.eval(&format!("why {number}")).story
}

#[test]
fn a_request_is_told_from_station_to_station() {
    let mut s = Session::in_memory(&Options::default());
    let told = why(&mut s, "kubectl run web --image=nginx");
    for part in [
        "POST v1 pods/web in namespace default, asked for by kubernetes-admin:",
        "authorization: kubernetes-admin needs no rule, as a member of system:masters",
        "admission: ServiceAccount changed ",
        "spec.serviceAccountName",
        "admission: Priority changed ",
        "spec.priority",
        "admission: DefaultTolerationSeconds changed spec.tolerations",
        " fields were filled in by defaults and admission",
        "storage: it is revision ",
    ] {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
    assert!(!told.contains("ResourceQuota"), "who did nothing is not named:\n{told}");
}

#[test]
fn who_ended_a_request_is_named() {
    let mut s = Session::in_memory(&Options::default());
    s.eval("kubectl create quota few --hard=pods=1");
    s.eval("kubectl run first --image=nginx");
    s.eval("kubectl create namespace strict");
    s.eval("kubectl label namespace strict pod-security.kubernetes.io/enforce=restricted");
    s.eval("kubectl create role maker --verb=create --resource=roles,configmaps");
    s.eval("kubectl create rolebinding maker --role=maker --user=jane");
    for (line, ends) in [
        (
            "kubectl run second --image=nginx",
            "admission: it ended at ResourceQuota: pods \"second\" is forbidden: exceeded quota: few",
        ),
        (
            "kubectl run open --image=nginx -n strict",
            "admission: it ended at PodSecurity: pods \"open\" is forbidden: violates PodSecurity",
        ),
        (
            "kubectl create configmap c -n gone",
            "admission: it ended at NamespaceLifecycle: namespaces \"gone\" not found",
        ),
        ("kubectl create namespace Strict", "it ended at validation: Namespace \"Strict\" is invalid"),
        ("kubectl create namespace strict", "it ended at the store: namespaces \"strict\" already exists"),
        (
            "kubectl run third --image=nginx --as=jane",
            "authorization: no rule allows it, so it ended here: pods is forbidden: User \"jane\" cannot create",
        ),
        (
            "kubectl create role more --verb=delete --resource=pods --as=jane",
            "it ended where nobody may give away what they do not have: roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"jane\"",
        ),
        (
            "kubectl create configmap mine --as=jane",
            "authorization: RBAC: allowed by RoleBinding \"maker/default\" of Role \"maker\" to User \"jane\"",
        ),
    ] {
        let told = why(&mut s, line);
        assert!(told.contains(ends), "{line}: {ends:?} is not in:\n{told}");
    }
    for (line, part) in [
        (
            "kubectl delete pc system-node-critical",
            "it ended at the store: priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden",
        ),
        (
            "kubectl annotate node worker-1 a=b --as=system:node:worker-1 --as-group=system:nodes",
            "authorization: the node authorizer lets system:node:worker-1 do what a kubelet needs for its own node",
        ),
        (
            "kubectl annotate node worker-2 a=b --as=system:node:worker-1 --as-group=system:nodes",
            "authorization: no rule allows it, so it ended here: nodes \"worker-2\" is forbidden",
        ),
    ] {
        let told = why(&mut s, line);
        assert!(told.contains(part), "{line}: {part:?} is not in:\n{told}");
    }
    s.language = Language::Korean;
    let told = why(&mut s, "kubectl run fourth --image=nginx");
    assert!(told.contains("어드미션(admission): ResourceQuota 플러그인에서 끝남"), "{told}");
    let none = s.eval("why 1").story;
    assert!(none.contains("1번은 요청이 아님"), "{none}");
}

#[test]
fn a_refused_look_at_a_collection_is_told_by_its_name() {
    let mut s = Session::in_memory(&Options::default());
    let told = why(&mut s, "kubectl get pods --as jane");
    assert!(told.contains("GET v1 pods in namespace default, asked for by jane:"), "{told}");
    assert!(told.contains("impersonation: kubernetes-admin acts as jane"), "{told}");
    assert!(told.contains("authorization: no rule allows it"), "{told}");
    let trace = s.eval("trace").story;
    assert!(trace.contains("  list pods/default → pods is forbidden"), "{trace}");
}

#[test]
fn a_token_is_told_to_be_signed_and_not_stored() {
    let mut s = Session::in_memory(&Options::default());
    let told = why(&mut s, "kubectl create token default");
    assert!(told.contains("POST v1 serviceaccounts/default/token in namespace default"), "{told}");
    assert!(told.contains("storage: nothing, a token is signed and not stored"), "{told}");
}
