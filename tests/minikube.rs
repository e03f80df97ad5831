//! `minikube` at the prompt: machines that start, stop, join and leave, ways into the cluster, images without a registry.

use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;

use crate::docker::at_home;
use crate::session::{get, run};

fn fails(s: &mut Session, line: &str, code: i32) -> String {
    let o = s.eval(line);
    assert_eq!(o.code, code, "{line}: {}{}", o.stdout, o.stderr);
    o.stderr
}

fn exposed() -> Session {
    let mut s = at_home(Profile::Minikube);
    run(&mut s, "kubectl create deployment first-app --image=academind/kub-first-app");
    run(&mut s, "kubectl expose deployment first-app --type=LoadBalancer --port=8080");
    run(&mut s, "wait 10s");
    s
}

#[test]
fn a_service_is_shown_with_its_url_as_in_the_notes() {
    let mut s = exposed();
    let port = get(&mut s, "service first-app", ".spec.ports[0].nodePort");
    let url = format!("http://192.168.49.2:{port}");
    let want = format!(
        "|-----------|-----------|-------------|---------------------------|\n\
         | NAMESPACE |   NAME    | TARGET PORT |            URL            |\n\
         |-----------|-----------|-------------|---------------------------|\n\
         | default   | first-app |        8080 | {url} |\n\
         |-----------|-----------|-------------|---------------------------|\n\
         🎉  Opening service default/first-app in default browser...\n"
    );
    assert_eq!(run(&mut s, "minikube service first-app"), want);
    assert_eq!(run(&mut s, "minikube service first-app --url"), format!("{url}\n"));
    assert!(run(&mut s, "curl -s $(minikube service first-app --url)").contains("Hello from this NodeJS app!"));
    assert!(run(&mut s, "minikube service list").contains("| default     | kubernetes | No node port |"));
    assert!(
        fails(&mut s, "minikube service nope", 115)
            .contains("❌  Exiting due to SVC_NOT_FOUND: Service 'nope' was not found in 'default' namespace.")
    );
    assert!(s.eval("minikube service kubernetes").stderr.contains("😿  service default/kubernetes has no node port"));
    run(&mut s, "kubectl scale deployment first-app --replicas=0");
    run(&mut s, "wait 40s");
    assert!(fails(&mut s, "minikube service first-app", 115).contains("SVC_UNREACHABLE"));
}

#[test]
fn an_open_tunnel_gives_load_balancers_an_address_and_a_closed_one_takes_it_back() {
    let mut s = exposed();
    let external = |s: &mut Session| get(s, "service first-app", ".status.loadBalancer.ingress[*].ip");
    assert_eq!(external(&mut s), "");
    assert!(run(&mut s, "kubectl get service first-app").contains("<pending>"));
    let o = s.eval("minikube tunnel");
    assert!(o.stdout.contains("\tservices: [first-app]\n"), "{}", o.stdout);
    assert!(o.story.contains("writes its own ClusterIP"), "{}", o.story);
    let address = get(&mut s, "service first-app", ".spec.clusterIP");
    assert_eq!(external(&mut s), address);
    assert!(run(&mut s, &format!("curl -s {address}:8080")).contains("Hello from this NodeJS app!"));
    // One that is made while it is open has an address at once.
    run(&mut s, "kubectl expose deployment first-app --name=second --type=LoadBalancer --port=8080");
    assert_ne!(get(&mut s, "service second", ".status.loadBalancer.ingress[0].ip"), "");
    run(&mut s, "minikube tunnel --cleanup");
    assert_eq!(external(&mut s), "");
    assert_ne!(s.eval(&format!("curl -s -m 2 {address}:8080")).code, 0);
    run(&mut s, "minikube tunnel");
    assert_eq!(external(&mut s), address);
}

#[test]
fn an_image_goes_straight_onto_the_nodes() {
    let mut s = at_home(Profile::Minikube);
    run(&mut s, "docker build -q -t kub-first-app:1 .");
    let o = s.eval("kubectl create deployment first-app --image=kub-first-app:1");
    assert!(o.story.contains("minikube image load it"), "{}", o.story);
    let o = s.eval("minikube image load kub-first-app:1");
    assert_eq!((o.code, o.stdout.as_str()), (0, ""));
    assert!(o.story.contains("no registry has it"), "{}", o.story);
    assert!(run(&mut s, "minikube image ls").contains("docker.io/library/kub-first-app:1\n"));
    run(&mut s, "wait 2m");
    assert_eq!(get(&mut s, "deployment first-app", ".status.readyReplicas"), "1");
    let events = run(&mut s, "kubectl describe pod");
    assert!(events.contains("Container image \"kub-first-app:1\" already present on machine"), "{events}");
    // :latest is asked for every time, unless one says otherwise.
    run(&mut s, "docker tag kub-first-app:1 other && minikube image load other");
    let o = s.eval("kubectl run a --image=other");
    assert!(o.story.contains("minikube has other, but the pod's imagePullPolicy is Always"), "{}", o.story);
    run(&mut s, "kubectl run b --image=other --image-pull-policy=IfNotPresent");
    assert_eq!(get(&mut s, "pod b", ".status.phase"), "Running");
    assert_eq!(get(&mut s, "pod a", ".status.phase"), "Pending");
    run(&mut s, "minikube image rm other");
    assert!(!run(&mut s, "minikube image ls").contains("other"));
    let o = s.eval("minikube image build -t built:1 .");
    assert_eq!(o.code, 0, "{}", o.stderr);
    assert!(run(&mut s, "minikube image ls").contains("docker.io/library/built:1\n"));
    assert!(!run(&mut s, "docker images").contains("built"));
    assert!(fails(&mut s, "minikube image load nope:3", 80).contains("GUEST_IMAGE_LOAD"));
}

#[test]
fn a_cluster_stops_starts_and_is_deleted() {
    let mut s = exposed();
    let running = "minikube\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n\n";
    assert_eq!(run(&mut s, "minikube status"), running);
    assert_eq!(run(&mut s, "minikube ip"), "192.168.49.2\n");
    assert_eq!(
        run(&mut s, "minikube stop"),
        "✋  Stopping node \"minikube\"  ...\n🛑  Powering off \"minikube\" via SSH ...\n🛑  1 node stopped.\n"
    );
    let o = s.eval("minikube status");
    assert_eq!(
        (o.code, o.stdout.as_str()),
        (
            7,
            "minikube\ntype: Control Plane\nhost: Stopped\nkubelet: Stopped\napiserver: Stopped\nkubeconfig: Stopped\n\n"
        )
    );
    assert!(fails(&mut s, "kubectl get pods", 1).contains("The connection to the server localhost:8080 was refused"));
    assert!(fails(&mut s, "minikube ip", 83).contains("host is not running: state=Stopped"));
    let started = run(&mut s, "minikube start");
    assert!(started.contains("🔄  Restarting existing docker container for \"minikube\" ...\n"), "{started}");
    assert!(started.ends_with(
        "🏄  Done! kubectl is now configured to use \"minikube\" cluster and \"default\" namespace by default\n"
    ));
    assert_eq!(run(&mut s, "minikube status"), running);
    run(&mut s, "wait 1m");
    assert!(run(&mut s, "kubectl get pods").contains("1/1     Running   1 ("));
    run(&mut s, "docker build -q -t kept .");
    assert!(run(&mut s, "minikube delete").ends_with("💀  Removed all traces of the \"minikube\" cluster.\n"));
    assert!(fails(&mut s, "minikube status", 85).contains("🤷  Profile \"minikube\" not found."));
    fails(&mut s, "kubectl get pods", 1);
    // A new one is empty; what Docker has is Docker's.
    let started = run(&mut s, "minikube start --nodes 2 --driver=docker");
    assert!(started.contains("✨  Using the docker driver based on user configuration\n"), "{started}");
    assert_eq!(get(&mut s, "nodes", ".items[*].metadata.name"), "minikube minikube-m02");
    assert_eq!(get(&mut s, "pods", ".items[*].metadata.name"), "");
    assert!(run(&mut s, "docker images").contains("kept"));
}

#[test]
fn nodes_join_stop_start_and_leave() {
    let mut s = at_home(Profile::Minikube);
    let o = s.eval("minikube node add");
    assert!(o.stdout.contains("🏄  Successfully added m02 to minikube!\n"), "{}", o.stdout);
    assert!(o.story.contains("DaemonSets get a pod there"), "{}", o.story);
    assert_eq!(run(&mut s, "minikube node list"), "minikube\t192.168.49.2\nminikube-m02\t192.168.49.3\n");
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=4");
    run(&mut s, "kubectl expose deployment web --type=NodePort --port=80");
    run(&mut s, "wait 10s");
    let nodes = get(&mut s, "pods -l app=web", ".items[*].spec.nodeName");
    assert_eq!(nodes.matches("minikube-m02").count(), 2, "{nodes}");
    let port = get(&mut s, "service web", ".spec.ports[0].nodePort");
    for _ in 0..4 {
        run(&mut s, &format!("curl -s 192.168.49.3:{port}"));
    }
    run(&mut s, "minikube node stop m02");
    assert!(s.eval("minikube status").stdout.contains("minikube-m02\ntype: Worker\nhost: Stopped\nkubelet: Stopped\n"));
    run(&mut s, "wait 1m");
    assert!(run(&mut s, "kubectl get node minikube-m02").contains("NotReady"));
    run(&mut s, "minikube node start minikube-m02");
    assert!(!run(&mut s, "kubectl get node minikube-m02").contains("NotReady"));
    run(&mut s, "minikube node delete m02");
    assert_eq!(get(&mut s, "nodes", ".items[*].metadata.name"), "minikube");
    run(&mut s, "wait 2m");
    let nodes = get(&mut s, "pods -l app=web", ".items[*].spec.nodeName");
    assert_eq!(nodes, "minikube minikube minikube minikube");
    // The same machine may come again.
    run(&mut s, "minikube node add");
    assert_eq!(get(&mut s, "nodes", ".items[*].metadata.name"), "minikube minikube-m02");
    run(&mut s, "kubectl run there --image=nginx --overrides='{\"spec\":{\"nodeName\":\"minikube-m02\"}}'");
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pod there", ".status.phase"), "Running");
    assert!(fails(&mut s, "minikube node delete minikube", 80).contains("control plane"));
    assert!(fails(&mut s, "minikube node stop m09", 85).contains("Could not find node m09"));
}

#[test]
fn addons_are_switched_on_and_off_and_what_cannot_be_had_is_said() {
    let mut s = at_home(Profile::Minikube);
    assert!(
        run(&mut s, "minikube addons list")
            .contains("| storage-provisioner         | minikube | enabled ✅ | minikube                     |\n")
    );
    fails(&mut s, "kubectl top nodes", 1);
    assert!(
        run(&mut s, "minikube addons enable metrics-server").ends_with("🌟  The 'metrics-server' addon is enabled\n")
    );
    run(&mut s, "wait 2m");
    assert!(run(&mut s, "kubectl top nodes").contains("minikube"));
    run(&mut s, "minikube addons disable metrics-server");
    fails(&mut s, "kubectl top nodes", 1);
    run(&mut s, "minikube addons disable default-storageclass");
    assert_eq!(get(&mut s, "storageclasses", ".items[*].metadata.name"), "");
    run(&mut s, "minikube addons enable default-storageclass");
    assert_eq!(get(&mut s, "storageclasses", ".items[*].metadata.name"), "standard");
    let o = s.eval("minikube addons enable ingress");
    assert!(o.code == 10 && o.story.contains("there is no controller for Ingress objects here"), "{o:?}");
    assert!(fails(&mut s, "minikube addons enable nope", 10).contains("property name \"nope\" not found"));
    // A claim waits for the provisioner.
    run(&mut s, "minikube addons disable storage-provisioner");
    run(
        &mut s,
        "kubectl apply -f - <<'EOF'\n{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}\nEOF",
    );
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "pvc c", ".status.phase"), "Pending");
    run(&mut s, "minikube addons enable storage-provisioner");
    run(&mut s, "wait 20s");
    assert_eq!(get(&mut s, "pvc c", ".status.phase"), "Bound");
}

#[test]
fn the_rest_of_minikube_answers_too() {
    let mut s = at_home(Profile::Minikube);
    assert_eq!(run(&mut s, "minikube ssh -- hostname"), "minikube\n");
    assert_eq!(fails(&mut s, "minikube ssh 'exit 4'", 4), "ssh: Process exited with status 4\n");
    s.eval("minikube ssh");
    assert!(s.is_attached());
    assert!(s.eval("hostname").stdout.contains("minikube"));
    s.eval("exit");
    assert!(!s.is_attached());
    assert!(run(&mut s, "minikube kubectl -- get nodes").contains("minikube"));
    assert!(run(&mut s, "minikube profile list").contains("| minikube | docker | containerd | 192.168.49.2 | 6443 | v1.36.3 | OK     |     1 | *              | *                  |\n"));
    let o = s.eval("minikube dashboard");
    assert!(
        o.stdout.starts_with("🎉  Opening http://127.0.0.1:")
            && o.stdout.contains("/services/http:kubernetes-dashboard:/proxy/"),
        "{}",
        o.stdout
    );
    assert!(o.story.contains("no browser"), "{}", o.story);
    assert!(run(&mut s, "minikube dashboard --url").starts_with("http://127.0.0.1:"));
    assert!(run(&mut s, "minikube version").starts_with("minikube version: v1."));
    let help = run(&mut s, "minikube help");
    for part in [
        "Basic Commands:\n  start          Starts a local Kubernetes cluster\n",
        "  tunnel ",
        "Who makes this cluster: minikube",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(run(&mut s, "minikube logs").contains("==> describe nodes <=="));
    for (line, code, said) in [
        ("minikube foo", 14, "Error: unknown command \"foo\" for \"minikube\"\nRun 'minikube --help' for usage.\n"),
        (
            "minikube stat",
            14,
            "Error: unknown command \"stat\" for \"minikube\"\n\nDid you mean this?\n\tstart\nRun 'minikube --help' for usage.\n",
        ),
        ("minikube start --foo", 14, "Error: unknown flag: --foo\nSee 'minikube start --help' for usage.\n"),
        ("minikube node", 14, "\n💡  Exiting due to MK_USAGE: Usage: minikube node [add|start|stop|delete|list]\n\n"),
        ("minikube mount", 1, "kubetutor: minikube mount is not here; `minikube help` lists what is\n"),
    ] {
        assert_eq!(fails(&mut s, line, code), said, "{line}");
    }
}

#[test]
fn a_cluster_that_minikube_did_not_make_it_knows_nothing_of() {
    for (profile, en, ko) in [
        (Profile::Kubeadm, "made by kubeadm", "kubeadm으로"),
        (Profile::Cloud, "the provider makes the machines and the control plane", "컨트롤 플레인은 제공자가 만들고"),
    ] {
        let mut s = at_home(profile);
        for line in ["minikube start", "minikube service web", "minikube status"] {
            let o = s.eval(line);
            assert_eq!(o.code, 85, "{line}");
            assert!(o.story.contains(en), "{}", o.story);
        }
        s.language = kubetutor::explain::Language::Korean;
        assert!(s.eval("minikube status").story.contains(ko));
        run(&mut s, "minikube version");
    }
}
