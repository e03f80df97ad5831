//! The table of commands of note 004, typed one after the other, each looked at for what it did. Texts, flags and errors are
//! those of the transcripts; `edit` needs an editor and is in `verbs.rs`.

use kubetutor::cluster::profile::Profile;

use super::at;
use crate::session::{get, run};

#[test]
fn each_command_of_the_table_does_what_it_says() {
    let mut s = at(Profile::Bare);
    run(&mut s, "kubectl create deployment web --image=nginx:1.25");
    run(&mut s, "kubectl scale deployment web --replicas=2");
    assert_eq!(get(&mut s, "deployment web", ".spec.replicas"), "2");
    run(&mut s, "kubectl set image deployment/web nginx=nginx:1.26");
    assert_eq!(get(&mut s, "deployment web", ".spec.template.spec.containers[0].image"), "nginx:1.26");
    run(&mut s, "kubectl get deployment web -o yaml > web.yaml && sed -i 's/replicas: 2/replicas: 3/' web.yaml");
    let differs = s.eval("kubectl diff -f web.yaml");
    assert!(differs.code == 1 && differs.stdout.contains("+  replicas: 3"), "{}", differs.stdout);
    run(&mut s, "kubectl apply -f web.yaml");
    assert_eq!(get(&mut s, "deployment web", ".spec.replicas"), "3");
    assert!(run(&mut s, "kubectl describe deployment web").contains("3 desired"));
    run(&mut s, "kubectl expose deployment web --port=80");
    run(&mut s, "wait 10s");
    let ends = get(&mut s, "endpointslices -l kubernetes.io/service-name=web", ".items[0].endpoints[*].addresses[0]");
    assert_eq!(ends.split(' ').count(), 3, "{ends}");
    run(&mut s, "kubectl scale deployment web --replicas=1");
    run(&mut s, "kubectl autoscale deployment web --cpu=50% --min=2 --max=4");
    run(&mut s, "wait 1m");
    assert_eq!(get(&mut s, "deployment web", ".spec.replicas"), "2");
    run(&mut s, "kubectl rollout undo deployment web");
    assert_eq!(get(&mut s, "deployment web", ".spec.template.spec.containers[0].image"), "nginx:1.25");
    run(&mut s, "wait 20s");
    assert_eq!(run(&mut s, "kubectl exec deploy/web -- sh -c 'echo hello $((6 * 7))'"), "hello 42\n");
    run(&mut s, "echo from here > here.txt");
    let pod = get(&mut s, "pods -l app=web", ".items[0].metadata.name");
    run(&mut s, &format!("kubectl cp here.txt {pod}:/tmp/there.txt"));
    run(&mut s, &format!("kubectl cp {pod}:/tmp/there.txt back.txt"));
    assert_eq!(run(&mut s, "cat back.txt"), "from here\n");
    run(&mut s, &format!("kubectl exec {pod} -- wget -qO- http://localhost > page.html"));
    assert!(run(&mut s, &format!("kubectl logs {pod}")).contains("GET /"));
    assert!(run(&mut s, "kubectl cluster-info").contains("Kubernetes control plane"));
    run(&mut s, "kubectl delete service,deployment,hpa web");
    assert_eq!(run(&mut s, "kubectl get deployments,hpa -o name"), "");
}

/// `run` makes a pod. "Once" it is only if it is not restarted, and it stays unless it is taken away.
#[test]
fn run_makes_a_pod_that_runs_once_if_it_is_not_restarted() {
    let mut s = at(Profile::Bare);
    run(&mut s, "kubectl run once --image=busybox --restart=Never -- sh -c 'echo done'");
    run(&mut s, "kubectl run again --image=busybox -- sh -c 'echo done'");
    run(&mut s, "wait 1m");
    assert_eq!(run(&mut s, "kubectl logs once"), "done\n");
    assert_eq!(get(&mut s, "pod once", ".status.phase"), "Succeeded");
    let restarts = get(&mut s, "pod again", ".status.containerStatuses[0].restartCount");
    assert!(restarts.parse::<u32>().unwrap() >= 2, "{restarts}");
}

/// CPU and memory of nodes and pods, and no storage, whatever the note says.
#[test]
fn top_tells_of_cpu_and_memory_and_of_no_storage() {
    let mut s = at(Profile::Bare);
    run(&mut s, "kubectl run web --image=nginx");
    run(&mut s, "wait 1m");
    let head = |s: &mut _, of: &str| {
        let table = run(s, &format!("kubectl top {of}"));
        table.lines().next().map(|l| l.split_whitespace().map(String::from).collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(head(&mut s, "nodes"), ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]);
    assert_eq!(head(&mut s, "pods"), ["NAME", "CPU(cores)", "MEMORY(bytes)"]);
}
