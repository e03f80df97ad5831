//! `kubectl kustomize` beside a real one, byte for byte: `tests/reference/kustomize`.

use std::fs;
use std::path::{Path, PathBuf};

use kubetutor::cluster::Options as Cluster;
use kubetutor::cluster::profile::Profile;
use kubetutor::kubectl::Host;
use kubetutor::kubectl::kustomize::{Built, Options, build, text};
use kubetutor::prompt::session::Narration;
use kubetutor::prompt::{MemoryHost, Session, script};

const PLACE: &str = "/home/user";

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/kustomize")
}

/// Lays the files of a directory where a learner would have them.
fn lay(host: &mut MemoryHost, from: &Path, to: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = format!("{to}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            lay(host, &path, &to);
        } else {
            host.write(&to, &fs::read_to_string(&path).unwrap()).unwrap();
        }
    }
}

/// What is printed, and what is said.
fn built(name: &str) -> (String, String) {
    let mut host = MemoryHost::default();
    let case = reference().join(name);
    lay(&mut host, &case, &format!("{PLACE}/{name}"));
    let target = if case.join("overlay").is_dir() { format!("{name}/overlay") } else { name.to_string() };
    let Built { warnings, log, made } = build(&host, &target, Options::default());
    let log = log.iter().map(|message| format!("log.go:244] {message}"));
    let mut said: String = warnings.into_iter().chain(log).map(|line| line + "\n").collect();
    let printed = match made {
        Ok(made) => text(&made),
        Err(why) => {
            said.push_str(&format!("error: {}\n", why.trim_end_matches('\n')));
            String::new()
        }
    };
    (printed, said.replace(PLACE, "DIR"))
}

/// What is logged begins with the time and the number of the process.
fn without_times(text: &str) -> String {
    let cut = |line: &str| match line.split_once(" log.go:") {
        Some((stamp, rest)) if stamp.starts_with('I') => format!("log.go:{rest}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(cut).collect()
}

/// Go prints an address in memory, which is another each time.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let first = parts.next().unwrap_or_default().to_string();
    first + &parts.map(|p| format!("0x…{}", p.trim_start_matches(|c: char| c.is_ascii_hexdigit()))).collect::<String>()
}

fn differs(name: &str) -> Option<String> {
    let recorded = |ending: &str| fs::read_to_string(reference().join(format!("{name}.{ending}"))).unwrap_or_default();
    let (printed, said) = built(name);
    let mut out = String::new();
    for (what, ours, theirs) in [("printed", printed, recorded("out")), ("said", said, without_times(&recorded("err")))]
    {
        if without_addresses(&ours) != without_addresses(&theirs) {
            out.push_str(&format!("{name}: what is {what}\n--- kubectl\n{theirs}\n--- kubetutor\n{ours}\n"));
        }
    }
    (!out.is_empty()).then_some(out)
}

#[test]
fn kustomizations_are_built_as_kubectl_builds_them() {
    let mut names: Vec<String> = fs::read_dir(reference())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_string())
        .collect();
    names.sort();
    let differing: Vec<String> = names.iter().filter_map(|name| differs(name)).collect();
    assert!(names.len() > 80, "{} cases", names.len());
    assert!(differing.is_empty(), "{} of {} differ\n{}", differing.len(), names.len(), differing.join("\n"));
}

const SHOP: &str = "\
$ mkdir shop

$ cat > shop/kustomization.yaml <<'EOF'
namePrefix: my-
configMapGenerator: [{name: settings, literals: [a=1]}]
resources: [pod.yaml]
EOF
$ cat > shop/pod.yaml <<'EOF'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: 'nginx:1.25', envFrom: [{configMapRef: {name: settings}}]}]}
EOF
";

#[test]
fn verbs_take_a_kustomization_in_the_place_of_files() {
    let mut s =
        Session::new(&Cluster { profile: Profile::Bare, ..Cluster::default() }, Box::new(MemoryHost::default()));
    s.narration = Narration::Off;
    let done = |line: &str, says: &[&str]| {
        format!("$ {line}\n{}\n", says.iter().map(|l| format!("{l}\n")).collect::<String>())
    };
    let (map, pod) = ("configmap/my-settings-h29d89cmmt", "pod/my-p");
    let wanted = [
        done("kubectl create -k shop", &[&format!("{map} created"), &format!("{pod} created")]),
        done("kubectl get -k shop -o name", &[map, pod]),
        done("kubectl label -k shop x=y", &[&format!("{map} labeled"), &format!("{pod} labeled")]),
        done(
            "kubectl describe -k shop | grep ^Name:",
            &["Name:         my-settings-h29d89cmmt", "Name:             my-p"],
        ),
        done("kubectl apply -k shop -f shop/pod.yaml", &["! error: only one of -f or -k can be specified", "? 1"]),
        done("kubectl apply -k shop -R", &["! error: the -k flag can't be used with -f or -R", "? 1"]),
        done(
            "kubectl delete -k shop --wait=false",
            &[
                "configmap \"my-settings-h29d89cmmt\" deleted from default namespace",
                "pod \"my-p\" deleted from default namespace",
            ],
        ),
    ];
    let lines: String = wanted.iter().filter_map(|w| w.split_inclusive('\n').next()).collect();
    let said = script::run(&mut s, &format!("{SHOP}{lines}")).0;
    assert!(said.ends_with(wanted.concat().trim_end_matches('\n')) || said.ends_with(&wanted.concat()), "{said}");
}
