//! Command lines of kubectl, and what of them holds as long as a command goes on.

use kubetutor::api::Duration;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;
use kubetutor::prompt::session::{Narration, Output};

/// A cluster with no story.
fn session() -> Session {
    let mut s = Session::in_memory(&Options { profile: Profile::Bare, ..Options::default() });
    s.narration = Narration::Off;
    s
}

/// Types a line that works.
fn well(s: &mut Session, line: &str) -> Output {
    let out = s.eval(line);
    assert_eq!(out.code, 0, "{line}: {}{}", out.stdout, out.stderr);
    out
}

/// What a line that does not work says.
fn refused(s: &mut Session, line: &str) -> String {
    let out = s.eval(line);
    assert_ne!(out.code, 0, "{line}: {}", out.stdout);
    out.stderr
}

/// Jane may do this with that.
fn let_jane(s: &mut Session, name: &str, rule: &str) {
    well(s, &format!("kubectl create clusterrole {name} {rule}"));
    well(s, &format!("kubectl create clusterrolebinding {name} --clusterrole={name} --user=jane"));
}

#[test]
fn who_waits_goes_on_acting_as_somebody_else() {
    let mut s = session();
    well(&mut s, "kubectl create deployment web --image=nginx:1.25");
    well(&mut s, "kubectl rollout status deployment/web");
    let_jane(&mut s, "looks", "--verb=get,list,patch --resource=nodes,pods,daemonsets");
    let said = refused(&mut s, "kubectl drain minikube --as=jane --timeout=20s");
    assert!(said.contains("User \"jane\" cannot create resource \"pods/eviction\""), "{said}");
    assert!(well(&mut s, "kubectl get pods").stdout.contains("1/1     Running"));
    let said = refused(&mut s, "kubectl wait deployment/web --for=delete --timeout=5s --as=jane");
    assert!(said.contains("User \"jane\" cannot"), "{said}");
}

#[test]
fn what_is_made_anew_while_waiting_belongs_to_who_asked() {
    let mut s = session();
    well(&mut s, "kubectl create configmap c --from-literal=a=b");
    well(&mut s, "kubectl get configmap c -o yaml > c.yaml");
    well(&mut s, "kubectl replace --force -f c.yaml");
    let made = well(&mut s, "kubectl get configmap c -o yaml --show-managed-fields").stdout;
    assert!(made.contains("manager: kubectl-replace\n"), "{made}");
    let_jane(&mut s, "removes", "--verb=get,delete --resource=configmaps");
    let said = refused(&mut s, "kubectl replace --force -f c.yaml --as=jane");
    assert!(said.contains("User \"jane\" cannot create resource \"configmaps\""), "{said}");
}

#[test]
fn logs_and_connections_to_pods_are_judged() {
    let mut s = session();
    well(&mut s, "kubectl run web --image=nginx:1.25");
    well(&mut s, "kubectl wait pod/web --for=condition=Ready");
    let_jane(&mut s, "looks", "--verb=get --resource=pods");
    for (line, what) in [
        ("kubectl logs web --as=jane", "get resource \"pods/log\""),
        ("kubectl logs -f web --as=jane", "get resource \"pods/log\""),
        ("kubectl exec web --as=jane -- true", "create resource \"pods/exec\""),
        ("kubectl attach web --as=jane", "create resource \"pods/attach\""),
    ] {
        let said = refused(&mut s, line);
        let wanted = format!(
            "Error from server (Forbidden): pods \"web\" is forbidden: User \"jane\" cannot {what} in API group \"\" in the namespace \"default\"\n"
        );
        assert!(said.ends_with(&wanted), "{line}: {said}");
    }
    let_jane(&mut s, "connects", "--verb=get,create --resource=pods/log,pods/exec,pods/attach");
    well(&mut s, "kubectl exec web --as=jane -- true");
    well(&mut s, "kubectl logs web --as=jane");
}

#[test]
fn a_watched_table_keeps_its_empty_cells() {
    let mut s = session();
    well(&mut s, "kubectl create configmap one");
    well(&mut s, "kubectl create configmap two");
    well(&mut s, "kubectl label configmap two b=c");
    let shown = s.eval_for(Duration::from_secs(1), "kubectl get configmaps -w -L a,b").stdout;
    let place = |line: &str, letter| shown.lines().find(|l| l.starts_with(line)).and_then(|l| l.rfind(letter));
    assert!(place("two", 'c').is_some(), "{shown}");
    assert_eq!(place("two", 'c'), place("NAME", 'B'), "{shown}");
}

/// Every verb that takes files is told in which namespace their objects are.
#[test]
fn a_manifest_of_another_namespace_is_refused() {
    let mut s = session();
    well(&mut s, "kubectl create namespace other");
    s.host.write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\n").unwrap();
    s.host.write("d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n").unwrap();
    let why = "error: the namespace from the provided object \"default\" does not match the namespace \"other\". You must pass '--namespace=default' to perform this operation.\n";
    for verb in ["create", "replace", "delete", "get", "describe", "apply", "diff", "apply --server-side"] {
        assert_eq!(refused(&mut s, &format!("kubectl {verb} -f c.yaml -n other")), why, "{verb}");
    }
    well(&mut s, "kubectl create -f c.yaml -n default");
    well(&mut s, "kubectl create -f d.yaml -n other");
    assert_eq!(well(&mut s, "kubectl get cm d -n other -o name").stdout, "configmap/d\n");
}

#[test]
fn flags_that_a_verb_does_not_take_are_refused_and_so_are_those_whose_feature_is_not_there() {
    let mut s = session();
    well(&mut s, "kubectl create deployment web --image=nginx:1.25");
    for line in ["kubectl rollout restart deployment -A", "kubectl scale deployment web --replicas=2 -A"] {
        assert!(refused(&mut s, line).starts_with("error: unknown shorthand flag: 'A' in -A\n"), "{line}");
    }
    let said = refused(&mut s, "kubectl describe deployment --field-selector metadata.name=web");
    assert!(said.starts_with("error: unknown flag: --field-selector\n"), "{said}");
    let said = refused(&mut s, "kubectl label deployment web a=b --local");
    assert_eq!(said, "error: kubetutor does not do what --local asks for yet: leave it out\n");
    well(&mut s, "kubectl label deployment web a=b --local=false");
    assert_eq!(well(&mut s, "kubectl rollout pause deployment web -o name").stdout, "deployment.apps/web\n");
    let owners = |s: &mut Session| well(s, "kubectl get deployment web -o yaml --show-managed-fields").stdout;
    assert!(owners(&mut s).contains("manager: kubectl-rollout\n"), "{}", owners(&mut s));
    well(&mut s, "kubectl rollout resume deployment web");
    well(&mut s, "kubectl rollout restart deployment web --field-manager=me");
    assert!(owners(&mut s).contains("manager: me\n"), "{}", owners(&mut s));
}

#[test]
fn a_page_is_shown_as_far_as_one_may_read() {
    let mut s = session();
    well(&mut s, "kubectl create deployment web --image=nginx:1.25");
    well(&mut s, "kubectl rollout status deployment/web");
    let_jane(&mut s, "looks", "--verb=get,list --resource=deployments,replicasets.apps,nodes");
    let page = well(&mut s, "kubectl describe deployment web --as=jane").stdout;
    assert!(page.ends_with("Events:          <none>\n"), "{page}");
    let page = well(&mut s, "kubectl describe replicasets --as=jane").stdout;
    assert!(page.contains("Pods Status:    error in fetching pods: pods is forbidden: User \"jane\""), "{page}");
    let page = well(&mut s, "kubectl describe nodes --as=jane").stdout;
    assert!(page.contains("Failed to get lease: leases.coordination.k8s.io \"minikube\" is forbidden"), "{page}");
    assert!(page.lines().any(|l| l.starts_with("Pods:  ") && l.ends_with("  not authorized")), "{page}");
}

const CUSTOM_SERVICE: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: services.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: services, kind: Service}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]
";

#[test]
fn a_page_belongs_to_a_kind_of_a_group() {
    let mut s = session();
    s.host.write("crd.yaml", CUSTOM_SERVICE).unwrap();
    s.host
        .write("x.yaml", "apiVersion: example.com/v1\nkind: Service\nmetadata: {name: x}\nspec: {size: 3}\n")
        .unwrap();
    well(&mut s, "kubectl create -f crd.yaml");
    well(&mut s, "kubectl wait --for=condition=Established crd/services.example.com");
    well(&mut s, "kubectl create -f x.yaml");
    let page = well(&mut s, "kubectl describe services.example.com x").stdout;
    assert!(page.contains("API Version:  example.com/v1\n") && page.contains("  Size:  3\n"), "{page}");
    well(&mut s, "kubectl create deployment web --image=nginx");
    well(&mut s, "kubectl autoscale deployment web --max=3 --cpu=50%");
    let page = |s: &mut Session, version: &str| {
        well(s, &format!("kubectl describe hpa.{version}.autoscaling web --show-events=false")).stdout
    };
    let (old, new) = (page(&mut s, "v1"), page(&mut s, "v2"));
    assert!(old.contains("resource cpu on pods"), "{old}");
    assert_eq!(old, new);
}

#[test]
fn a_word_with_a_slash_is_a_type_and_a_name() {
    let mut s = session();
    for line in ["kubectl cordon node/a/b", "kubectl logs pod/web/log", "kubectl certificate approve csr/a/b"] {
        let said = refused(&mut s, line);
        assert!(said.ends_with("error: arguments in resource/name form may not have more than one slash\n"), "{said}");
    }
    for line in ["kubectl uncordon node/", "kubectl logs /web", "kubectl exec pods,nodes/web -- true"] {
        let said = refused(&mut s, line);
        assert!(said.ends_with("arguments in resource/name form must have a single resource and name\n"), "{said}");
    }
}

const CONTROLLER: &str = "\
apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec:
  replicas: 1
  selector: {app: rc}
  template: {metadata: {labels: {app: rc}}, spec: {containers: [{name: c, image: 'nginx:1.25'}]}}
";

/// A selector may be a map, or expressions; and some kinds have none.
#[test]
fn logs_of_what_has_pods_are_those_of_its_first_pod() {
    let mut s = session();
    s.host.write("rc.yaml", CONTROLLER).unwrap();
    let expressions = CONTROLLER
        .replace("apiVersion: v1\nkind: ReplicationController", "apiVersion: apps/v1\nkind: ReplicaSet")
        .replace("selector: {app: rc}", "selector: {matchExpressions: [{key: app, operator: In, values: [rs]}]}")
        .replace("app: rc", "app: rs");
    s.host.write("rs.yaml", &expressions).unwrap();
    well(&mut s, "kubectl create -f rc.yaml -f rs.yaml");
    well(&mut s, "kubectl wait pods --all --for=condition=Ready");
    well(&mut s, "kubectl logs rc/rc");
    well(&mut s, "kubectl logs rs/rc");
    well(&mut s, "kubectl create cronjob tick --image=busybox --schedule='* * * * *'");
    let said = refused(&mut s, "kubectl logs cronjob/tick");
    assert_eq!(said, "error: cannot get the logs from *v1.CronJob: selector for *v1.CronJob not implemented\n");
}

#[test]
fn a_rollout_of_nothing_is_no_failure_and_has_no_negative_revision() {
    let mut s = session();
    let out = well(&mut s, "kubectl rollout status deployment -l app=none");
    assert_eq!(out.stderr, "No resources found in default namespace.\n");
    let said = refused(&mut s, "kubectl rollout status deployment web --revision=-1");
    assert_eq!(said, "error: revision must be a positive integer: -1\n");
}

/// Nothing is asked ten times a second where nothing can have changed.
#[test]
fn who_waits_for_a_time_is_asked_when_something_happens() {
    let mut s = session();
    well(&mut s, "kubectl create deployment web --image=nowhere/none:1");
    let before = s.elapsed();
    let said = refused(&mut s, "kubectl wait deployment/web --for=condition=Available --timeout=2h");
    assert_eq!(said, "error: timed out waiting for the condition on deployments/web\n");
    let took = s.elapsed().as_secs() - before.as_secs();
    assert!((7200..7300).contains(&took), "{took}");
}

#[test]
fn a_kubeconfig_leads_to_the_server_of_its_current_context() {
    let mut s = session();
    well(&mut s, "kubectl config set-cluster other --server=https://other:6443");
    well(&mut s, "kubectl config set-context other --cluster=other --user=x");
    well(&mut s, "kubectl config use-context other");
    assert_eq!(s.config.server(), "https://other:6443");
}

/// As a real kubectl says it.
#[test]
fn a_question_about_what_nobody_knows_is_warned_of_and_answered() {
    let mut s = session();
    let out = well(&mut s, "kubectl auth can-i foo bar");
    assert_eq!(out.stdout, "yes\n");
    assert_eq!(
        out.stderr,
        "Warning: the server doesn't have a resource type 'bar'\n\nWarning: verb 'foo' is not a known verb\n\n"
    );
}
