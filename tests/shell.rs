//! The shell and the programs of containers, beside dash and busybox: `tests/reference/shell` holds scripts and what the real
//! ones printed.

use kubetutor::api::ops::{Answerer, Completion, ContainerId, ContainerSpec, PodRef, RuntimeCall, Stream};
use kubetutor::api::{Duration, Op, OpId, Outcome, Time, Uid};
use kubetutor::runtime::simulated::Speeds;
use kubetutor::runtime::{Catalogue, Simulated};

/// What a script did.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: i32,
    pub took: Duration,
}

/// A machine with one container that sleeps.
pub struct Machine {
    runtime: Simulated,
    now: Time,
    container: ContainerId,
    ops: u64,
}

impl Machine {
    pub fn new(image: &str) -> Machine {
        Machine::with(Catalogue::public(), image)
    }

    pub fn with(catalogue: &'static Catalogue, image: &str) -> Machine {
        let no_time = Speeds { sandbox: Duration::ZERO, create: Duration::ZERO, start: Duration::ZERO };
        let mut m = Machine {
            runtime: Simulated::new(catalogue, no_time),
            now: Time::ZERO,
            container: ContainerId::of("none"),
            ops: 0,
        };
        let pod = PodRef { namespace: "default".into(), name: "box".into(), uid: Uid::of("box") };
        m.call(RuntimeCall::CreateSandbox { pod: pod.clone(), host_network: false, ip: Some("10.244.0.2".into()) });
        let spec = ContainerSpec {
            name: "box".into(),
            image: image.into(),
            command: vec!["sleep".into(), "100000000".into()],
            hostname: "box".into(),
            ..ContainerSpec::default()
        };
        let made = m.call(RuntimeCall::CreateContainer { pod, spec: spec.into() });
        let Some(Outcome::Created { id, .. }) = made else { panic!("{made:?}") };
        m.container = id;
        m.call(RuntimeCall::StartContainer { id });
        m
    }

    fn call(&mut self, call: RuntimeCall) -> Option<Outcome> {
        self.ops += 1;
        let mut out = vec![];
        self.runtime.submit(OpId(self.ops), &Op::Runtime { node: "n".into(), call }, self.now, &mut out);
        out.into_iter().find(|c: &Completion| c.op == OpId(self.ops)).map(|c| c.outcome)
    }

    /// Runs a command to its end, or for an hour.
    pub fn exec(&mut self, command: &[&str]) -> Ran {
        let began = self.now;
        let command = command.iter().map(|w| (*w).to_string()).collect();
        let call = RuntimeCall::Exec { id: self.container, command, stdin: false, tty: false };
        let mut outcome = self.call(call);
        let op = OpId(self.ops);
        while outcome.is_none() && self.now.since(began) < Duration::from_secs(3600) {
            let Some(next) = self.runtime.next_wake() else { break };
            self.now = next.max(self.now);
            let mut out = vec![];
            self.runtime.wake(self.now, &mut out);
            outcome = out.into_iter().find(|c| c.op == op).map(|c| c.outcome);
        }
        let (mut text, mut errors) = (vec![], vec![]);
        for (stream, said) in self.runtime.said(op) {
            if stream == Stream::Out { text.extend(said) } else { errors.extend(said) }
        }
        let code = match outcome {
            Some(Outcome::Ended { code }) => code,
            Some(Outcome::Failed { message }) => {
                errors.extend(message.into_bytes());
                126
            }
            other => panic!("{other:?}"),
        };
        let read = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
        Ran { out: read(text), err: read(errors), code, took: self.now.since(began) }
    }
}

#[test]
fn a_script_runs_in_a_container_as_it_would_in_a_real_one() {
    let mut m = Machine::new("busybox");
    for (script, out, code) in [
        ("echo a b; false", "a b\n", 1),
        ("i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done", "0\n1\n2\n", 0),
        ("x=$(echo one; sleep 2; echo two); echo \"[$x]\"", "[one\ntwo]\n", 0),
        ("yes | head -n 2", "y\ny\n", 0),
        ("echo hi | while read x; do echo \"<$x>\"; done", "<hi>\n", 0),
        ("f() { local y=$1; return 3; }; f 1; echo $?", "3\n", 0),
        ("set -e; false; echo never", "", 1),
        ("sleep 5 & wait $!; echo $?", "0\n", 0),
        ("cat <<EOF\n\"a\" $((1+1))\nEOF", "\"a\" 2\n", 0),
        ("trap 'echo bye' EXIT; exit 4", "bye\n", 4),
        ("(exit 3) || echo $?", "3\n", 0),
        ("nosuch; echo $?", "127\n", 0),
        ("case abc in a*) echo yes;; *) echo no;; esac", "yes\n", 0),
        ("echo *; cd /etc && echo pass*", "bin dev etc home proc root sys tmp usr var\npasswd\n", 0),
    ] {
        let ran = m.exec(&["sh", "-c", script]);
        assert_eq!((ran.out.as_str(), ran.code), (out, code), "{script}\n{}", ran.err);
    }
}

#[test]
fn a_trap_waits_for_the_program_in_the_foreground() {
    let mut m = Machine::new("busybox");
    let ran = m.exec(&["sh", "-c", "trap 'echo told; exit 0' TERM; (sleep 1; kill $$) & sleep 5; echo slept"]);
    assert_eq!((ran.out.as_str(), ran.code, ran.took), ("told\n", 0, Duration::from_secs(5)));
}

/// A script of the reference: what it is, and what the real dash printed and ended with.
struct Recorded {
    file: String,
    script: String,
    out: String,
    code: i32,
}

fn recorded() -> Vec<Recorded> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/shell");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "txt") && !f.ends_with("known.txt"));
    files.sort();
    let mut all = vec![];
    for f in files {
        let text = std::fs::read_to_string(&f).unwrap();
        let file = f.file_stem().unwrap().to_string_lossy().to_string();
        for block in text.split("===\n").skip(1) {
            let at = block.match_indices("--- ").find(|(i, _)| {
                block[i + 4..].starts_with(|c: char| c.is_ascii_digit()) && (*i == 0 || block[..*i].ends_with('\n'))
            });
            let (at, _) = at.unwrap_or_else(|| panic!("not recorded: {block}"));
            let (head, out) = block[at + 4..].split_once('\n').unwrap();
            let (code, out) = match head.strip_suffix(" -n") {
                Some(code) => (code, out.strip_suffix('\n').unwrap()),
                None => (head, out),
            };
            let code = code.parse().unwrap();
            all.push(Recorded { file: file.clone(), script: block[..at].into(), out: out.into(), code });
        }
    }
    all
}

/// Scripts that are known to differ, with the reason: blocks of the script after a line that says why.
fn known() -> Vec<(String, String)> {
    let text = include_str!("reference/shell/known.txt");
    let parted = |b: &str| b.split_once('\n').map(|(why, script)| (why.trim().to_string(), script.to_string()));
    text.split("===").skip(1).filter_map(parted).collect()
}

/// An image with dash and busybox's programs, as the recordings were made.
const RECORDING: &str = "images:\n- {name: dash, tags: [latest], base: busybox, programs: {/bin/dash: dash}}\n";

#[test]
fn scripts_do_in_a_container_what_dash_does_with_busybox() {
    let known = known();
    let (mut differ, mut alike) = (vec![], 0);
    let all = recorded();
    static CATALOGUE: std::sync::OnceLock<Catalogue> = std::sync::OnceLock::new();
    let catalogue = CATALOGUE.get_or_init(|| Catalogue::read(RECORDING));
    for r in &all {
        let mut m = Machine::with(catalogue, "dash");
        let begin = "mkdir /tmp/w; cd /tmp/w; export HOME=/root; exec dash -c \"$1\" < /dev/null";
        let ran = m.exec(&["dash", "-c", begin, "dash", &r.script]);
        let same = (ran.out.as_str(), ran.code) == (r.out.as_str(), r.code);
        let why = known.iter().find(|(_, s)| *s == r.script).map(|(why, _)| why);
        match (same, why) {
            (true, None) | (false, Some(_)) => alike += usize::from(same),
            (true, Some(why)) => differ.push(format!("no longer differs ({why}):\n{}", r.script)),
            (false, None) => differ.push(format!(
                "{}:\n{}--- want {}\n{}--- got {}\n{}{}",
                r.file, r.script, r.code, r.out, ran.code, ran.out, ran.err
            )),
        }
    }
    let gone = known.iter().filter(|(_, s)| all.iter().all(|r| r.script != *s));
    differ.extend(gone.map(|(_, s)| format!("not among the scripts:\n{s}")));
    assert!(differ.is_empty(), "{alike} of {} are alike\n{}", all.len(), differ.join("\n\n"));
}
