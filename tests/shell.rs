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
        let no_time = Speeds { sandbox: (0, 0), create: (0, 0), start: (0, 0) };
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

/// What a script prints in an image, beside what it ends with.
fn check(image: &str, shell: &str, cases: &[(&str, &str, i32)]) {
    for (script, out, code) in cases {
        let ran = Machine::new(image).exec(&[shell, "-c", script]);
        assert_eq!((ran.out.as_str(), ran.code), (*out, *code), "{script}\n{}", ran.err);
    }
}

#[test]
fn bash_knows_what_scripts_of_bash_use() {
    check(
        "debian",
        "bash",
        &[
            (
                "a=(x 'y z' w); echo ${a[0]} ${#a[@]}; for i in \"${a[@]}\"; do echo \"<$i>\"; done",
                "x 3\n<x>\n<y z>\n<w>\n",
                0,
            ),
            ("a=(1 2); a+=(3); a[5]=6; echo ${a[@]} ${!a[@]} ${#a[@]} ${a[-1]}", "1 2 3 6 0 1 2 5 4 6\n", 0),
            ("a=(a b c d); echo ${a[@]:1:2}; unset 'a[1]'; echo ${a[*]}; echo \"${a[*]}\"", "b c\na c d\na c d\n", 0),
            (
                "declare -A m=([k]=v [x]=y); m[z]=w; echo ${m[k]} ${m[z]} ${#m[@]}; for k in \"${!m[@]}\"; do echo $k; done",
                "v w 3\nk\nx\nz\n",
                0,
            ),
            ("echo {1..5} a{b,c}d {x..z} {3..1}", "1 2 3 4 5 abd acd x y z 3 2 1\n", 0),
            ("x=hello; echo ${x^^} ${x^} ${x:1:3} ${x/l/L} ${x//l/L} ${#x}", "HELLO Hello ell heLlo heLLo 5\n", 0),
            ("echo $'a\\tb\\n' | cat -A; cat <<< \"here $((1+1))\"", "a^Ib$\n$\nhere 2\n", 0),
            ("((x = 3)); ((x > 2)) && echo yes; for ((i=0;i<3;i++)); do echo -n $i; done; echo", "yes\n012\n", 0),
            ("[[ abc == a* && 1 -lt 2 ]] && echo m; [[ foo =~ ^f(o+)$ ]] && echo re", "m\nre\n", 0),
            ("function f { local -r y=1; echo $y; }; f; declare -i n=1+2; echo $n", "1\n3\n", 0),
            ("read -r a b <<< 'one two'; echo $b; read -a w <<< '1 2 3'; echo ${#w[@]}", "two\n3\n", 0),
            (
                "mapfile -t l < <(printf 'a\\nb\\n') 2>/dev/null; printf 'a\\nb\\n' > f; mapfile -t l < f; echo ${l[1]}",
                "b\n",
                0,
            ),
            ("set -euo pipefail; false | true; echo never", "", 1),
            (
                "echo -e 'a\\tb'; source /dev/null; printf '%s\\n' \"$BASH_VERSION\" | head -c 0; i=5; let i+=2; echo $i",
                "a\tb\n7\n",
                0,
            ),
        ],
    );
}

#[test]
fn programs_of_debian_say_things_in_their_own_words() {
    for (script, err, code) in [
        ("ls nosuch", "ls: cannot access 'nosuch': No such file or directory\n", 2),
        ("cat nosuch", "cat: nosuch: No such file or directory\n", 1),
        ("rm nosuch", "rm: cannot remove 'nosuch': No such file or directory\n", 1),
        ("mkdir a/b", "mkdir: cannot create directory 'a/b': No such file or directory\n", 1),
        ("cp nosuch x", "cp: cannot stat 'nosuch': No such file or directory\n", 1),
        ("mv nosuch x", "mv: cannot stat 'nosuch': No such file or directory\n", 1),
        ("touch a/b", "touch: cannot touch 'a/b': No such file or directory\n", 1),
        ("head nosuch", "head: cannot open 'nosuch' for reading: No such file or directory\n", 1),
        ("tail nosuch", "tail: cannot open 'nosuch' for reading: No such file or directory\n", 1),
        ("grep x nosuch", "grep: nosuch: No such file or directory\n", 2),
        ("sed p nosuch", "sed: can't read nosuch: No such file or directory\n", 2),
        ("ps", "sh: 1: ps: not found\n", 127),
    ] {
        let ran = Machine::new("debian").exec(&["sh", "-c", script]);
        assert_eq!((ran.err.as_str(), ran.code), (err, code), "{script}");
    }
}

#[test]
fn what_a_machine_tells_of_its_memory_is_the_same_everywhere() {
    let mut m = Machine::new("busybox");
    let of = |m: &mut Machine, script: &str| m.exec(&["sh", "-c", script]).out.trim().to_string();
    let total = of(&mut m, "awk '/MemTotal/ {print $2}' /proc/meminfo");
    assert_eq!(of(&mut m, "free | awk '/Mem/ {print $2}'"), total);
    let sum = of(&mut m, "top -b -n1 | awk '/^Mem/ {print $2 + $4 + $10}'");
    assert_eq!(sum, total);
    let used = of(&mut m, "free | awk '/Mem/ {print ($3 + $4 + $6 == $2)}'");
    assert_eq!(used, "1");
}

#[test]
fn what_kubectl_cp_asks_for_works() {
    let mut m = Machine::new("busybox");
    let ran = m.exec(&[
        "sh",
        "-c",
        "mkdir -p /d/e; echo hi > /d/e/f; tar cf - -C / d | (mkdir /o; tar xmf - -C /o); cat /o/d/e/f",
    ]);
    assert_eq!((ran.out.as_str(), ran.code), ("hi\n", 0), "{}", ran.err);
}

const WORDS: &[&str] = &[
    "-n",
    "-r",
    "-i",
    "-e",
    "-f",
    "-c",
    "-d",
    "-x",
    "-l",
    "a",
    "b",
    "/",
    "/etc/passwd",
    "/dev/zero",
    "/tmp",
    "-",
    "--",
    "s/a/b/g",
    "{print $1}",
    "BEGIN{while(1)x=x \"y\"}",
    ":a;ba",
    "1",
    "-1",
    "99999999999",
    "*",
    "(",
    "[",
    "\\",
    "{}",
    ";",
    "+",
    "echo",
    "sh",
    "%s",
    "=",
    "if=/dev/zero",
    "bs=1M",
    "of=/tmp/x",
    "cf",
    "xf",
    "0.1",
    "10",
    "^(a|b)*$",
    "-name",
    "-exec",
    "x=1",
    "é",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]
    /// Whatever is asked of a program, it ends or goes on in bounded steps: nothing panics, and memory stays small.
    #[test]
    fn no_program_runs_away(program in 0usize..1000, words in proptest::collection::vec(0usize..WORDS.len(), 0..5), fed: bool) {
        let names: Vec<&str> = kubetutor::runtime::programs::TABLE.iter().map(|e| e.name).filter(|n| *n != "yes").collect();
        let name = names[program % names.len()];
        let words: Vec<&str> = words.into_iter().map(|i| WORDS[i]).collect();
        let mut line: Vec<&str> = vec!["timeout", "1", "busybox", name];
        line.extend(&words);
        let script = if fed { "printf 'b 2\\na 1\\n' | \"$@\" | head -c 100000" } else { "\"$@\" < /dev/null | head -c 100000" };
        let mut all = vec!["sh", "-c", script, "sh"];
        all.extend(&line);
        let ran = Machine::new("busybox").exec(&all);
        proptest::prop_assert!(ran.out.len() <= 100_000 && ran.err.len() < 10_000_000);
    }

    #[test]
    fn no_script_runs_away(pieces in proptest::collection::vec(0usize..40, 0..12)) {
        const PIECES: [&str; 40] = [
            "echo ", "a ", "$x ", "; ", "\n", "| ", "&& ", "|| ", "& ", "( ", ") ", "{ ", "} ", "if ", "then ", "fi ", "while ", "do ", "done ",
            "for i in ", "case x in ", "esac ", "x=1 ", "\"", "'", "`", "$( ", "$((1+ ", "> /tmp/f ", "< /tmp/f ", "<<E\n", "E\n", "f() ", "set -e ",
            "trap 'echo t' EXIT ", "wait ", "eval ", "sed s/a/b/ ", "awk 1 ", "true ",
        ];
        let script: String = pieces.into_iter().map(|i| PIECES[i]).collect();
        let ran = Machine::new("busybox").exec(&["timeout", "1", "sh", "-c", &script]);
        proptest::prop_assert!(ran.out.len() < 10_000_000);
    }
}
