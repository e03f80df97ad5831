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
        let no_time = Speeds { sandbox: Duration::ZERO, create: Duration::ZERO, start: Duration::ZERO };
        let mut m = Machine {
            runtime: Simulated::new(Catalogue::public(), no_time),
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
