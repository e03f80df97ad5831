//! Verbs of kubectl that need a cluster: what is asked for again, what is waited for, what a person edits.

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::kubectl::editor::{Editor, Unedited};
use kubetutor::prompt::host::EditText;
use kubetutor::prompt::session::Narration;
use kubetutor::prompt::{MemoryHost, Session, script};

use crate::session::{run, session};

fn bare() -> Options {
    Options { profile: Profile::Bare, ..Options::default() }
}

/// The transcript of a script, as `run --plain` writes it.
fn transcript(edit: EditText, text: &str) -> String {
    let mut s = Session::new(&bare(), Box::new(MemoryHost::with_editors(edit)));
    s.narration = Narration::Off;
    script::run(&mut s, text).0
}

fn no_editor(_: &Editor, _: &str) -> Result<String, Unedited> {
    Err(Unedited::Absent)
}

const BUDGET: &str = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";

/// What the budget's controller would write, or writes.
const SEEN: &str = r#"kubectl patch pdb web --subresource=status --type=merge -p '{"status":{"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1,"disruptionsAllowed":0}}'"#;

/// A deployment of one pod, which a budget keeps.
fn kept_pod() -> String {
    format!(
        "$ kubectl create deployment web --image=nginx:1.25\n@wait 5s\n\
         $ cat > pdb.yaml <<'EOF'\n{BUDGET}EOF\n$ kubectl create -f pdb.yaml\n$ {SEEN}\n@wait 1s\n"
    )
}

#[test]
fn drain_asks_again_every_five_seconds_until_a_budget_gives_way() {
    let text = transcript(
        no_editor,
        &format!(
            "{}@bg d kubectl drain minikube\n@wait 11s\n$ kubectl delete pdb web\n@wait 6s\n@end d\n\
             $ kubectl get node minikube --no-headers\n",
            kept_pod()
        ),
    );
    let drained = text.split("@end d").nth(1).unwrap();
    let asked = drained.matches("\nevicting pod default/web-").count();
    // A command in the background is looked at when something happens in the cluster.
    assert!((3..=4).contains(&asked), "every 5 s for about 15 s: {text}");
    let refused = "(will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.";
    assert_eq!(drained.matches(refused).count(), asked - 1, "{text}");
    assert!(drained.contains(" evicted\nnode/minikube drained\n"), "{text}");
    assert!(drained.contains("Ready,SchedulingDisabled"), "{text}");
}

#[test]
fn what_a_budget_keeps_is_deleted_where_nobody_asks_it() {
    let text = transcript(
        no_editor,
        &format!(
            "{}$ kubectl drain minikube --timeout=1s\n$ kubectl drain minikube --disable-eviction\n\
             $ kubectl uncordon node/minikube\n",
            kept_pod()
        ),
    );
    let pending =
        "reached: 1s, continuing command...\n! There are pending nodes to be drained:\n!  minikube\n! error when";
    assert!(text.contains(pending), "{text}");
    assert!(text.contains(" deleted\nnode/minikube drained\n\n"), "{text}");
    assert!(text.ends_with("node/minikube uncordoned\n\n"), "{text}");
}

/// What is refused for ever is not asked for ever.
#[test]
fn a_drain_that_nothing_ends_is_stopped() {
    let mut s = Session::in_memory(&bare());
    s.eval("kubectl create deployment web --image=nginx:1.25");
    s.eval(&format!("kubectl create -f - <<'EOF'\n{BUDGET}EOF"));
    s.eval(SEEN);
    let o = s.eval("kubectl drain minikube");
    assert_eq!(o.code, 130);
    let asked = o.stdout.matches("evicting pod").count();
    assert!((12..=13).contains(&asked), "{asked} times in a minute: {}", o.stdout);
    assert!(o.story.contains("as Ctrl-C would"), "{}", o.story);
}

/// The editor of these tests.
fn fake(editor: &Editor, text: &str) -> Result<String, Unedited> {
    match editor.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["replace", from, to] => Ok(text.replace(from, to)),
        // First it writes one thing, and when that comes back, another.
        ["mend", from, wrong, right] => {
            let new = if text.contains(wrong) { (wrong, right) } else { (from, wrong) };
            Ok(text.replace(new.0, new.1))
        }
        ["stale"] => {
            Ok(text.replace("resourceVersion: \"", "resourceVersion: \"9").replace("replicas: 1", "replicas: 2"))
        }
        ["empty"] => Ok(String::new()),
        ["gone"] => Err(Unedited::Absent),
        _ => Err(Unedited::Failed),
    }
}

/// What each line brings, after a deployment `web` has come up. Numbers of temporary files are left out.
#[track_caller]
fn edits(lines: &[(&str, &str)]) {
    let mut script = String::from("$ kubectl create deployment web --image=nginx:1.25\n@wait 5s\n");
    lines.iter().for_each(|(line, _)| script.push_str(&format!("$ {line}\n")));
    let text = transcript(fake, &script);
    let mut steps = text.split("\n\n").skip(1);
    for (line, want) in lines {
        let step = steps.next().unwrap_or_default();
        let got = step.split_once('\n').map_or("", |(_, body)| body);
        let temporary =
            got.split("/tmp/kubectl-edit-").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
        assert_eq!(temporary.collect::<Vec<_>>().join("FILE"), *want, "{line}");
    }
}

#[test]
fn what_a_person_saves_is_patched_unless_nothing_changed() {
    edits(&[
        ("KUBE_EDITOR='replace 1.25 1.27' kubectl edit deploy/web", "deployment.apps/web edited"),
        ("KUBE_EDITOR='replace 1.25 1.27' kubectl edit deploy/web", "! Edit cancelled, no changes made."),
        (
            "EDITOR='replace 1.27 1.28' kubectl edit deploy web --output-patch",
            "Patch: {\"spec\":{\"template\":{\"spec\":{\"$setElementOrder/containers\":[{\"name\":\"nginx\"}],\"containers\":[{\"image\":\"nginx:1.28\",\"name\":\"nginx\"}]}}}}\n\
             deployment.apps/web edited",
        ),
        (
            "KUBE_EDITOR='replace nginx:1.28 nginx:1.29' kubectl edit deploy/web svc/kubernetes",
            "deployment.apps/web edited\nservice/kubernetes skipped",
        ),
        ("KUBE_EDITOR=gone kubectl edit deploy/web", "! error: unable to launch the editor \"gone\"\n? 1"),
        (
            "KUBE_EDITOR='no such' kubectl edit deploy/web",
            "! error: there was a problem with the editor \"no such\"\n? 1",
        ),
        ("kubectl edit hpa", "! error: edit cancelled, no objects found\n? 1"),
        (
            "kubectl edit deploy/web -o name",
            "! error: unable to match a printer suitable for the output format \"name\", allowed formats are: json,kyaml,yaml\n? 1",
        ),
        ("kubectl get deploy web -o jsonpath={.spec.template.spec.containers[0].image}", "nginx:1.29"),
    ]);
}

#[test]
fn what_is_invalid_is_edited_again_and_what_is_given_up_is_kept() {
    edits(&[
        // The same text once more is given up.
        (
            "KUBE_EDITOR='replace IfNotPresent Sometimes' kubectl edit deploy/web",
            "! error: deployments.apps \"web\" is invalid\n! A copy of your changes has been stored to \"FILE.yaml\"\n\
             ! error: Edit cancelled, no valid changes were saved.\n? 1",
        ),
        (
            "KUBE_EDITOR='mend IfNotPresent Sometimes Always' kubectl edit deploy/web",
            "deployment.apps/web edited\n! error: deployments.apps \"web\" is invalid",
        ),
        ("kubectl get deploy web -o jsonpath={.spec.template.spec.containers[0].imagePullPolicy}", "Always"),
        (
            "KUBE_EDITOR=empty kubectl edit deploy/web",
            "! error: deployments.apps \"web\" is invalid\n! A copy of your changes has been stored to \"FILE.yaml\"\n\
             ! error: Edit cancelled, no valid changes were saved.\n? 1",
        ),
        ("KUBE_EDITOR=empty kubectl edit deploy/web --validate=false", "! Edit cancelled, saved file was empty."),
        (
            "KUBE_EDITOR='replace apps/v1 apps/v9' kubectl edit deploy/web",
            "! A copy of your changes has been stored to \"FILE.yaml\"\n\
             ! error: Edit cancelled, no valid changes were saved.\n? 1",
        ),
        (
            "KUBE_EDITOR='replace default other' kubectl edit deploy/web",
            "! A copy of your changes has been stored to \"FILE.yaml\"\n\
             ! error: the namespace from the provided object \"other\" does not match the namespace \"default\". You must pass '--namespace=other' to perform this operation.\n? 1",
        ),
        (
            "KUBE_EDITOR='replace progressDeadlineSeconds: patience:' kubectl edit deploy/web",
            "! error: deployments.apps \"web\" is invalid\n! A copy of your changes has been stored to \"FILE.yaml\"\n\
             ! error: Edit cancelled, no valid changes were saved.\n? 1",
        ),
        (
            "KUBE_EDITOR=stale kubectl edit deploy/web",
            "! error: deployments.apps \"web\" could not be patched: Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again\n\
             ! You can run `kubectl replace -f FILE.yaml` to try this update again.\n? 1",
        ),
        ("kubectl edit deploy/nope", "! Error from server (NotFound): deployments.apps \"nope\" not found\n? 1"),
    ]);
}

#[test]
fn an_object_is_edited_before_it_is_made() {
    let text = transcript(
        fake,
        "$ kubectl create configmap c --from-literal=a=one --dry-run=client -o yaml > c.yaml\n\
         $ KUBE_EDITOR='replace one one' kubectl create -f c.yaml --edit\n\
         $ KUBE_EDITOR='replace one two' kubectl create -f c.yaml --edit --save-config\n\
         $ kubectl get cm c -o jsonpath={.data.a}\n\
         $ KUBE_EDITOR='replace two three' kubectl apply edit-last-applied cm/c\n\
         $ kubectl apply view-last-applied cm/c\n",
    );
    assert!(text.contains("! Edit cancelled, no changes made.\n"), "{text}");
    assert!(text.contains("configmap/c created\n"), "{text}");
    assert!(text.contains("{.data.a}\ntwo\n"), "{text}");
    assert!(text.contains("configmap/c edited\n") && text.contains("  a: three\n"), "{text}");
}

#[test]
fn attach_shows_what_is_printed_from_now_on() {
    let text = transcript(
        no_editor,
        "$ kubectl run tick --image=busybox:1.36 --restart=Never -- sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 1; done'\n\
         @wait 2s\n$ kubectl attach tick -q\n@wait 4s\n$ kubectl attach tick\n$ kubectl attach tick -c x\n$ kubectl attach\n",
    );
    let attached = text.split("$ kubectl attach tick -q\n").nth(1).unwrap();
    let (lines, rest) = attached.split_once("\n\n").unwrap();
    assert!(lines.ends_with("5") && !lines.contains('1') && lines.lines().count() >= 2, "{text}");
    assert!(
        rest.contains("! error: cannot attach a container in a completed pod; current phase is Succeeded\n"),
        "{text}"
    );
    assert!(rest.contains("! error: at least 1 argument is required for attach\n"), "{text}");
}

#[test]
fn raw_answers_and_watches_come_as_the_server_writes_them() {
    let mut s = Session::in_memory(&bare());
    s.eval("kubectl create configmap a --from-literal=b='<'");
    let path = "/api/v1/namespaces/default/configmaps";
    let object = s.eval(&format!("kubectl get --raw {path}/a")).stdout;
    assert!(
        object.starts_with(
            r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":""#
        ),
        "{object}"
    );
    assert!(object.ends_with("\"data\":{\"b\":\"\\u003c\"}}\n"), "{object}");
    let list = s.eval(&format!("kubectl get --raw '{path}?fieldSelector=metadata.name%3Da'")).stdout;
    assert!(list.contains(r#""items":[{"metadata":{"name":"a","#), "{list}");
    for watch in [
        format!("{path}?watch=1&fieldSelector=metadata.name%3Da&timeoutSeconds=1"),
        "/api/v1/watch/namespaces/default/configmaps/a?timeoutSeconds=1".into(),
    ] {
        let told = s.eval(&format!("kubectl get --raw '{watch}'"));
        assert_eq!((told.stdout, told.code), (format!("{{\"type\":\"ADDED\",\"object\":{}}}\n", object.trim_end()), 0));
    }
    let cut = s.eval("kubectl get --raw /api/v1/watch").stderr;
    assert!(
        cut.contains("failed to create RequestInfo: unable to determine kind and namespace from url, /api/v1/watch"),
        "{cut}"
    );
}

#[test]
fn a_context_is_renamed_changed_and_deleted() {
    let mut s = Session::in_memory(&bare());
    for (line, want) in [
        ("kubectl config set-context dev --cluster=minikube --namespace=dev", "Context \"dev\" created.\n"),
        ("kubectl config use-context dev", "Switched to context \"dev\".\n"),
        ("kubectl config rename-context dev test", "Context \"dev\" renamed to \"test\".\n"),
        ("kubectl config current-context", "test\n"),
        ("kubectl config set contexts.test.namespace other", "Property \"contexts.test.namespace\" set.\n"),
        ("kubectl config view --minify -o jsonpath={..namespace}", "other"),
        ("kubectl config set-credentials u --username=a --password=b", "User \"u\" set.\n"),
        ("kubectl config set-credentials u --token=c", "User \"u\" set.\n"),
        ("kubectl config view --raw -o jsonpath={.users[1].user}", "{\"token\":\"c\"}"),
        ("kubectl config view -o jsonpath={.users[1].user}", "{\"token\":\"REDACTED\"}"),
        ("kubectl config unset users.u", "Property \"users.u\" unset.\n"),
        ("kubectl config delete-context test", "deleted context test from /home/user/.kube/config\n"),
        ("kubectl config get-contexts -o name", "minikube\n"),
    ] {
        assert_eq!(s.eval(line).stdout, want, "{line}");
    }
}

#[test]
fn wait_finds_what_is_made_while_it_waits() {
    let text = transcript(
        no_editor,
        "@bg w kubectl wait --for=create --for=jsonpath='{.data.a}'=1 configmap/c --timeout=60s\n@wait 5s\n\
         $ kubectl create configmap c --from-literal=a=0\n@wait 2s\n\
         $ kubectl patch configmap c -p '{\"data\":{\"a\":\"1\"}}'\n@wait 2s\n@end w\n\
         $ kubectl wait --for=create configmap/other --timeout=1s\n$ kubectl wait --for=delete configmap/c --timeout=0s\n",
    );
    let waited = text.split("@end w\n").nth(1).unwrap();
    assert!(waited.starts_with("configmap/c condition met\nconfigmap/c condition met\n"), "{text}");
    assert!(waited.contains("! error: timed out waiting for the condition\n"), "{text}");
    assert!(waited.contains("! error: condition not met for configmaps/c\n"), "{text}");
}

#[test]
fn wait_takes_objects_in_the_order_of_the_command_line() {
    let text = transcript(
        no_editor,
        "$ kubectl run late --image=nginx:1.25\n$ kubectl create configmap soon\n\
         $ kubectl wait --for=jsonpath='{.metadata.name}' pod/late configmap/soon\n\
         $ kubectl wait --for=condition=Never pod/late --timeout=2s\n",
    );
    assert!(text.contains("pod/late condition met\nconfigmap/soon condition met\n"), "{text}");
    assert!(text.contains("! error: timed out waiting for the condition on pods/late\n"), "{text}");
}

#[test]
fn an_ingress_tells_where_its_paths_lead() {
    let text = transcript(
        no_editor,
        "$ kubectl create deployment web --image=nginx:1.25 --port=80\n$ kubectl expose deployment web\n@wait 5s\n\
         $ kubectl create ingress web --rule='a.example/*=web:80,tls=cert' --rule='a.example/no=no:80' --annotation a=b\n\
         $ kubectl describe ingress web\n",
    );
    assert!(text.contains("TLS:\n  cert terminates a.example\n"), "{text}");
    let path = text.lines().find(|l| l.trim_start().starts_with("/ ")).unwrap_or_default();
    assert!(path.contains("web:80 (10.244."), "{text}");
    assert!(path.trim_end().ends_with(":80)"), "{text}");
    assert!(text.contains("no:80 (<error: services \"no\" not found>)\n"), "{text}");
    assert!(text.contains("Annotations:  a: b\n"), "{text}");
}

#[test]
fn a_budget_made_by_kubectl_is_seen_by_its_controller() {
    let text = transcript(
        no_editor,
        "$ kubectl create deployment web --image=nginx:1.25 --replicas=3\n@wait 5s\n\
         $ kubectl create pdb web --selector=app=web --min-available=50%\n@wait 2s\n$ kubectl describe pdb web\n\
         $ kubectl create pdb no --selector=app=web --min-available=2Mi\n",
    );
    assert!(text.contains("Min available:  50%\nSelector:       app=web\n"), "{text}");
    assert!(
        text.contains("    Allowed disruptions:  1\n    Current:              3\n    Desired:              2\n"),
        "{text}"
    );
    assert!(text.contains("! error: invalid format specified for min-available\n"), "{text}");
}

#[test]
fn a_token_is_given_out_to_whoever_asks_for_a_service_account() {
    let text = transcript(
        no_editor,
        "$ kubectl create token default --duration=20m --audience=me\n$ kubectl create token nobody\n\
         $ kubectl create token default --bound-object-kind=Pod\n$ kubectl create token default --duration=1ms\n\
         $ kubectl create token default -o jsonpath='{.spec.expirationSeconds}'\n",
    );
    let token = text.lines().nth(1).unwrap_or_default();
    assert_eq!(token.split('.').count(), 3, "{text}");
    assert!(text.contains("! error: failed to create token: serviceaccounts \"nobody\" not found\n"), "{text}");
    assert!(text.contains("! error: --bound-object-name is required if --bound-object-kind is provided\n"), "{text}");
    assert!(text.contains("! error: --duration cannot be expressed in units less than seconds\n"), "{text}");
    assert!(text.contains("3600"), "{text}");
}

#[test]
fn a_claim_and_its_volume_tell_of_each_other() {
    let text = transcript(
        no_editor,
        "$ cat > v.yaml <<'EOF'\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\n\
         spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /d}, storageClassName: manual}\n---\n\
         apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n\
         spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: manual}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {name: user}\nspec: {containers: [{name: c, image: 'nginx:1.25'}], \
         volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}\nEOF\n\
         $ kubectl apply -f v.yaml\n@wait 20s\n$ kubectl describe pv disk\n$ kubectl describe pvc data\n",
    );
    assert!(text.contains("Claim:           default/data\n"), "{text}");
    assert!(
        text.contains("    Type:          HostPath (bare host directory volume)\n    Path:          /d\n"),
        "{text}"
    );
    assert!(
        text.contains("Capacity:      1Gi\nAccess Modes:  RWO\nVolumeMode:    Filesystem\nUsed By:       user\n"),
        "{text}"
    );
}

#[test]
fn explain_takes_fields_and_nothing_else_for_a_path() {
    let text = transcript(no_editor, "$ kubectl explain pods.spec.restartPolicy\n$ kubectl explain pod.spec..x\n");
    assert!(text.contains("FIELD: restartPolicy <string>\n"), "{text}");
    assert!(text.contains("! error: invalid jsonpath syntax, first node must be field node\n"), "{text}");
}

#[test]
fn who_may_not_read_events_sees_no_page_of_a_config_map_and_a_page_of_others_without() {
    let mut s = Session::new(&bare(), Box::new(MemoryHost::with_editors(no_editor)));
    for line in [
        "kubectl create configmap c",
        "kubectl create serviceaccount a",
        "kubectl create role r --verb=get --resource=configmaps,serviceaccounts",
        "kubectl create rolebinding r --role=r --user=jane",
    ] {
        assert_eq!(s.eval(line).code, 0, "{line}");
    }
    let page = s.eval("kubectl describe configmap c --as jane");
    assert_eq!(page.stdout, "");
    assert!(page.stderr.starts_with("Error from server (Forbidden): events is forbidden"), "{}", page.stderr);
    assert!(s.eval("kubectl describe serviceaccount a --as jane").stdout.contains("<none>"));
}

/// kubectl says what it warns of when it does, and not at the end.
#[test]
fn what_is_said_on_both_outputs_comes_in_its_order() {
    let mut s = session();
    run(&mut s, "kubectl create deployment web --image=nginx:1.27");
    run(&mut s, "kubectl expose deployment web --port=80");
    let both = run(&mut s, "kubectl get endpoints web 2>&1");
    let lines: Vec<&str> = both.lines().collect();
    assert!(lines[0].starts_with("Warning: v1 Endpoints is deprecated") && lines[1].starts_with("NAME"), "{both}");
    // What a program prints on both comes as it came.
    run(&mut s, "kubectl run p --image=busybox:1.36 -- sleep 3600");
    let both = s.eval("kubectl exec p -- sh -c 'echo one; ls /nope; echo two' 2>&1").stdout;
    assert_eq!(both, "one\nls: /nope: No such file or directory\ntwo\n");
    let o = s.eval("kubectl get endpoints web");
    let pieces: Vec<&str> = o.pieces().into_iter().map(|(_, text)| text).collect();
    assert!(pieces.len() == 2 && pieces[0].starts_with("Warning:") && pieces[1].starts_with("NAME"), "{pieces:?}");
    let o = s.eval("kubectl get pod nobody web; kubectl get svc web -o name");
    let pieces: Vec<&str> = o.pieces().into_iter().map(|(_, text)| text).collect();
    assert_eq!(pieces.last(), Some(&"service/web\n"), "{pieces:?}");
}
