//! `docker` at the prompt: what the learner builds on their own machine, and how a cluster gets it or does not.

use kubetutor::api::Duration;
use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::explain::Language;
use kubetutor::prompt::Session;

use crate::session::{get, run};

/// The Dockerfile of the study notes' course.
pub const DOCKERFILE: &str = "FROM node:14-alpine\nWORKDIR /app\nCOPY package.json .\nRUN npm install\nCOPY . .\nEXPOSE 8080\nCMD [ \"node\", \"app.js\" ]\n";

/// A learner in the directory of a small application.
pub fn at_home(profile: Profile) -> Session {
    let mut s = Session::in_memory(&Options { profile, ..Options::default() });
    s.width = 2_000;
    for (path, text) in [
        ("Dockerfile", DOCKERFILE),
        ("package.json", "{}\n"),
        ("app.js", "// listens on 8080\n"),
        (".dockerignore", "secret\n"),
        ("secret", "x"),
    ] {
        s.host.write(path, text).unwrap();
    }
    s
}

fn output(s: &mut Session, line: &str) -> (i32, String, String) {
    let o = s.eval(line);
    (o.code, o.stdout, o.stderr)
}

#[test]
fn a_build_reads_the_learners_own_files_and_says_what_stands_in() {
    let mut s = at_home(Profile::Kubeadm);
    let o = s.eval("docker build -t kub-first-app .");
    assert_eq!(o.code, 0, "{}", o.stderr);
    for part in [
        "[1/5] FROM docker.io/library/node:14-alpine",
        "[4/5] RUN npm install",
        "naming to docker.io/library/kub-first-app done",
    ] {
        assert!(o.stderr.contains(part), "{part}: {}", o.stderr);
    }
    assert!(o.story.contains("node app.js cannot be executed here"), "{}", o.story);
    assert!(o.story.contains("no node of the cluster has it"), "{}", o.story);
    let images = run(&mut s, "docker images");
    let rows: Vec<Vec<&str>> = images.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"]);
    assert_eq!(rows[1][..2], ["kub-first-app", "latest"]);
    assert_eq!(
        run(&mut s, "docker run --rm kub-first-app ls -a /app"),
        ".\n..\n.dockerignore\nDockerfile\napp.js\nnode_modules\npackage.json\n"
    );
    // The same again comes out of the cache, and another file does not.
    assert_eq!(s.eval("docker build -t kub-first-app .").stderr.matches("CACHED").count(), 4);
    run(&mut s, "echo '// more' >> app.js");
    assert_eq!(s.eval("docker build -t kub-first-app:2 .").stderr.matches("CACHED").count(), 3);
    s.language = Language::Korean;
    let o = s.eval("docker build --no-cache -t kub-first-app .");
    assert!(o.story.contains("여기서 실행할 수 없음"), "{}", o.story);
}

#[test]
fn what_is_wrong_with_a_build_is_said_as_docker_says_it() {
    let mut s = at_home(Profile::Kubeadm);
    run(&mut s, "mkdir empty");
    for (line, why) in [
        (
            "docker build -t x nowhere",
            "ERROR: failed to build: unable to prepare context: path \"nowhere\" not found\n",
        ),
        (
            "docker build empty",
            "ERROR: failed to build: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory\n",
        ),
        (
            "docker build -t Kub .",
            "ERROR: failed to build: invalid tag \"Kub\": invalid reference format: repository name must be lowercase\n",
        ),
        (
            "docker build",
            "docker: 'docker build' requires 1 argument\n\nUsage:  docker build [OPTIONS] PATH | URL | -\n\nRun 'docker build --help' for more information\n",
        ),
    ] {
        assert_eq!(output(&mut s, line), (1, String::new(), why.into()), "{line}");
    }
    let (code, _, said) = output(&mut s, "printf 'FROM nosuch\\n' | docker build -");
    assert_eq!(code, 1);
    assert!(said.contains("nosuch: failed to resolve source metadata for docker.io/library/nosuch:latest: pull access denied, repository does not exist or may require authorization"), "{said}");
    let (code, _, said) = output(&mut s, "printf 'FROM alpine\\nCOPY secret .\\n' > D && docker build -f D .");
    assert!(code == 1 && said.contains("\"/secret\": not found"), "{said}");
}

#[test]
fn an_image_that_only_the_learners_machine_has_is_pulled_in_vain_until_it_is_pushed() {
    let mut s = at_home(Profile::Kubeadm);
    run(&mut s, "docker build -q -t kub-first-app .");
    let o = s.eval("kubectl create deployment first-app --image=kub-first-app");
    assert!(o.story.contains("ErrImagePull"), "{}", o.story);
    assert!(o.story.contains("kub-first-app exists, but only in Docker's store on your own machine"), "{}", o.story);
    let events = run(&mut s, "kubectl describe pod");
    assert!(events.contains("Failed to pull image \"kub-first-app\": failed to pull and unpack image \"docker.io/library/kub-first-app:latest\": failed to resolve image: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"), "{events}");
    run(&mut s, "wait 30s");
    assert!(run(&mut s, "kubectl describe pod").contains("Error: ImagePullBackOff"));
    // Under that name nobody but Docker may write, and under one's own only who has logged in.
    for (line, story) in
        [("docker push kub-first-app", "docker tag kub-first-app:latest"), ("docker push me/app", "docker login -u me")]
    {
        run(&mut s, "docker tag kub-first-app me/app");
        let o = s.eval(line);
        assert_eq!((o.code, o.stderr.as_str()), (1, "denied: requested access to the resource is denied\n"), "{line}");
        assert!(o.story.contains(story), "{}", o.story);
    }
    assert_eq!(run(&mut s, "docker login -u me"), "Login Succeeded\n");
    let pushed = run(&mut s, "docker push me/app");
    assert!(
        pushed.starts_with("Using default tag: latest\nThe push refers to repository [docker.io/me/app]\n"),
        "{pushed}"
    );
    assert!(pushed.contains("latest: digest: sha256:"), "{pushed}");
    run(&mut s, "kubectl set image deployment/first-app kub-first-app=me/app");
    run(&mut s, "wait 10s");
    assert_eq!(get(&mut s, "deployment first-app", ".status.readyReplicas"), "1");
    let o = s.eval("kubectl describe pod");
    assert!(o.story.contains("Real Kubernetes: the program itself would run"), "{}", o.story);
    assert!(run(&mut s, "kubectl logs deploy/first-app").contains("a stand-in listens on port 8080"));
    run(&mut s, "kubectl expose deployment first-app --type=NodePort --port=8080");
    let at = get(&mut s, "service first-app", ".spec.ports[0].nodePort");
    let node = get(&mut s, "node worker-1", ".status.addresses[0].address");
    let said = run(&mut s, &format!("curl -s {node}:{at}"));
    assert!(said.starts_with("a stand-in for the program of kub-first-app:latest answers"), "{said}");
}

#[test]
fn a_registry_on_the_learners_machine_is_none_for_the_nodes() {
    let mut s = at_home(Profile::Kubeadm);
    run(&mut s, "docker build -q -t localhost:5000/app .");
    let refused = "Get \"http://localhost:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused\n";
    assert_eq!(output(&mut s, "docker push localhost:5000/app").2, refused);
    run(&mut s, "docker run -d -p 5000:5000 --name registry registry:2");
    run(&mut s, "docker push localhost:5000/app");
    run(&mut s, "docker rmi localhost:5000/app && docker pull localhost:5000/app");
    run(&mut s, "kubectl run app --image=localhost:5000/app");
    let events = run(&mut s, "kubectl describe pod app");
    assert!(events.contains("Head \"https://localhost:5000/v2/app/manifests/latest\": dial tcp 127.0.0.1:5000: connect: connection refused"), "{events}");
}

#[test]
fn a_container_on_the_learners_machine_is_reached_by_its_published_port() {
    let mut s = at_home(Profile::Kubeadm);
    let id = run(&mut s, "docker run -d -p 8080:80 --name web -e A=b nginx");
    assert_eq!(id.trim().len(), 64);
    assert!(run(&mut s, "curl -s localhost:8080").contains("Welcome to nginx!"));
    let ps = run(&mut s, "docker ps");
    assert!(ps.contains("\"/docker-entrypoint.s…\"") || ps.contains("\"/docker-entrypoint.…\""), "{ps}");
    assert!(ps.contains("0.0.0.0:8080->80/tcp, [::]:8080->80/tcp   web\n"), "{ps}");
    assert_eq!(run(&mut s, "docker exec web printenv A"), "b\n");
    assert!(run(&mut s, "docker logs web").contains("GET / HTTP/1.1"));
    assert_eq!(run(&mut s, "docker inspect -f '{{.State.Status}} {{.HostConfig.AutoRemove}}' web"), "running false\n");
    assert_eq!(run(&mut s, "docker port web"), "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n");
    let taken = s.eval("docker run -d -p 8080:80 nginx");
    assert_eq!(taken.code, 125);
    assert!(taken.stderr.contains("Bind for 0.0.0.0:8080 failed: port is already allocated"), "{}", taken.stderr);
    let again = s.eval("docker run -d --name web nginx");
    assert!(
        again.stderr.contains("Conflict. The container name \"/web\" is already in use by container"),
        "{}",
        again.stderr
    );
    // Nobody starts it again, and nobody listens meanwhile.
    run(&mut s, "docker stop web");
    assert_eq!(s.eval("curl -s localhost:8080").code, 7);
    assert!(run(&mut s, "docker ps -a").contains("Exited (0)"));
    run(&mut s, "docker start web");
    run(&mut s, "curl -s localhost:8080");
    let kept = s.eval("docker rm web");
    assert_eq!(
        kept.stderr,
        "Error response from daemon: cannot remove container \"web\": container is running: stop the container before removing or force remove\n"
    );
    assert_eq!(run(&mut s, "docker rm -f web"), "web\n");
    // `back` takes it back, cluster, Docker and all.
    run(&mut s, "back");
    assert!(run(&mut s, "docker ps").contains(" web\n"));
}

#[test]
fn containers_run_in_the_foreground_are_typed_to_and_exit_as_their_programs_do() {
    let mut s = at_home(Profile::Kubeadm);
    assert_eq!(run(&mut s, "docker run --rm busybox echo hi"), "hi\n");
    assert_eq!(s.eval("docker run --rm busybox sh -c 'exit 3'").code, 3);
    let none = s.eval("docker run --rm busybox nope");
    assert_eq!(none.code, 127);
    assert!(none.stderr.contains("exec: \"nope\": executable file not found in $PATH"), "{}", none.stderr);
    assert_eq!(run(&mut s, "echo hello | docker run -i --rm busybox cat"), "hello\n");
    assert_eq!(run(&mut s, "docker run --rm -v $PWD:/src:ro -w /src busybox cat app.js"), "// listens on 8080\n");
    assert_eq!(
        run(
            &mut s,
            "docker run --rm -v data:/d busybox sh -c 'echo kept > /d/f' && docker run --rm -v data:/d busybox cat /d/f"
        ),
        "kept\n"
    );
    let o = s.eval("docker run -it --rm alpine");
    assert!(s.is_attached() && o.stdout.ends_with("# "), "{o:?}");
    assert!(s.eval("echo $((6 * 7))").stdout.contains("42"));
    s.eval("exit");
    assert!(!s.is_attached());
    assert_eq!(run(&mut s, "docker ps -aq"), "");
    // A server in the foreground goes on until Ctrl-C.
    let o = s.eval("docker run nginx");
    assert_eq!(o.code, 130, "{o:?}");
    s.cluster.world.run_until(s.cluster.world.now + Duration::from_secs(1));
    assert!(run(&mut s, "docker ps").lines().count() == 1);
}

#[test]
fn what_docker_does_not_know_it_says_with_its_own_exit_codes() {
    let mut s = at_home(Profile::Kubeadm);
    for (line, code, said) in [
        ("docker foo", 1, "docker: unknown command: docker foo\n\nRun 'docker --help' for more information\n"),
        (
            "docker ps --foo",
            125,
            "unknown flag: --foo\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n",
        ),
        (
            "docker --foo",
            125,
            "unknown flag: --foo\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n",
        ),
        ("docker tag nope x", 1, "Error response from daemon: No such image: nope:latest\n"),
        ("docker rmi nope", 1, "Error response from daemon: No such image: nope:latest\n"),
        ("docker stop nope", 1, "Error response from daemon: No such container: nope\n"),
        ("docker inspect nope", 1, "error: no such object: nope\n"),
        (
            "docker pull nope",
            1,
            "Error response from daemon: pull access denied for nope, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\n",
        ),
        (
            "docker pull nginx:nope",
            1,
            "Error response from daemon: manifest for nginx:nope not found: manifest unknown: manifest unknown\n",
        ),
        ("docker push nope", 1, "An image does not exist locally with the tag: nope\n"),
        ("docker compose up", 1, "kubetutor: docker compose up is not here; `docker --help` lists what is\n"),
    ] {
        let (got, _, stderr) = output(&mut s, line);
        assert_eq!((got, stderr.as_str()), (code, said), "{line}");
    }
    run(&mut s, "fail registry");
    assert!(output(&mut s, "docker pull nginx").2.contains("request canceled while waiting for connection"));
    for line in [
        "docker",
        "docker help",
        "docker run --help",
        "docker version",
        "docker info",
        "docker image ls",
        "docker container ls",
    ] {
        assert_ne!(run(&mut s, line), "", "{line}");
    }
}

#[test]
fn a_container_shares_the_kernel_of_its_machine_and_little_else() {
    let mut s = at_home(Profile::Kubeadm);
    assert_eq!(run(&mut s, "docker run --rm busybox uname -r"), run(&mut s, "uname -r"));
    assert_ne!(run(&mut s, "docker run --rm busybox hostname"), run(&mut s, "hostname"));
    assert_ne!(run(&mut s, "docker run --rm alpine cat /etc/os-release"), run(&mut s, "cat /etc/os-release"));
    assert_eq!(run(&mut s, "docker run --rm busybox sh -c 'echo $$'"), "1\n");
}
