//! A command that runs in the files of an image and leaves them changed: what an image's builder does for `RUN`.
//!
//! It runs on a machine of its own that is there for this command only, and reaches nobody.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::catalogue::{Catalogue, Image};
use super::kernel::files::Identity;
use super::kernel::net::{MachineId, Reached};
use super::kernel::{Errno, Machine, Root};
use super::simulated::{Simulated, Speeds};
use super::starting::Ends;
use crate::api::file_tree::{Kind, Tree};
use crate::api::ops::{Answerer, Completion, ContainerId, ContainerSpec, Stream};
use crate::api::{Duration, OpId, Outcome, Time};

/// What a command left behind.
#[derive(Clone, Debug)]
pub struct Ran {
    pub said: Vec<(Stream, Vec<u8>)>,
    pub code: i32,
    pub files: Tree,
    pub took: Duration,
}

/// A command that has not ended by then does not end.
const LONGEST: Duration = Duration::from_secs(1800);
/// How often the machine may be woken for one command.
const MOST_TURNS: usize = 100_000;
/// What a process takes at least.
const LEAST_MILLIS: u64 = 120;
const LEAST: Duration = Duration::from_millis(LEAST_MILLIS);
const NETWORK: Duration = Duration::from_millis(40);

/// What a command is given.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    pub image: &'a Arc<Image>,
    pub words: &'a [String],
    pub env: &'a BTreeMap<String, String>,
    pub cwd: &'a str,
    pub stdin: Option<&'a [u8]>,
}

/// Runs it. The error is what the runtime says if it cannot be started.
pub fn run(g: &Given<'_>, begin: Time) -> Result<Ran, String> {
    let least = (LEAST_MILLIS, LEAST_MILLIS);
    let speeds = Speeds { sandbox: least, create: least, start: least };
    let mut s = Simulated::new(Catalogue::public(), speeds);
    let id = MachineId::Host("buildkitsandbox".into());
    let mut machine = Machine::new(id.clone(), Some(Ipv4Addr::LOCALHOST));
    let env = g.env.clone();
    let spec = ContainerSpec { hostname: "buildkitsandbox".into(), env, ..ContainerSpec::default() };
    let slot = machine.add(|sink| {
        let mut root = Root::new(ContainerId::of("build"), spec.into(), Some(g.image.clone()), sink);
        root.who = Identity { user: g.image.user, group: g.image.group, groups: [].into() };
        root
    });
    let stdin = g.stdin.map(|text| {
        let pipe = machine.pipe_from_outside(false);
        machine.feed(pipe, text);
        pipe
    });
    let sink = machine.sink(false);
    s.machines.insert(id.clone(), Arc::new(machine));
    let process = s.launch(&id, slot, g.words, g.cwd, &Ends { stdin, sink }, begin)?;
    if let (Some(m), Some(pipe)) = (s.machine_mut(&id), stdin) {
        m.finish_input(pipe);
    }
    let op = OpId(0);
    s.follow_process(op, id.clone(), process, sink);
    let (mut now, mut out) = (begin, vec![]);
    s.run(&id, now, &mut out);
    for _ in 0..MOST_TURNS {
        if let Some(code) = ended(&out) {
            let said = s.heard(op);
            let files = s.machines.get(&id).and_then(|m| m.root(slot)).map(|r| r.tree.clone()).unwrap_or_default();
            return Ok(Ran { said, code, files: at_rest(files), took: LEAST.max(now.since(begin)) });
        }
        for dial in s.take_dials() {
            s.answered(dial.connection, Reached::Failed { why: Errno::Unreachable, by: None, after: NETWORK }, now);
        }
        match s.next_wake().filter(|t| t.since(begin) <= LONGEST) {
            Some(next) => now = next.max(now),
            None => break,
        }
        s.wake(now, &mut out);
    }
    Err(format!("it had not ended after {} minutes", LONGEST.as_secs() / 60))
}

fn ended(out: &[Completion]) -> Option<i32> {
    out.iter().find_map(|c| match c.outcome {
        Outcome::Ended { code } => Some(code),
        _ => None,
    })
}

/// What a container's own machine puts there is no part of its image.
fn at_rest(mut files: Tree) -> Tree {
    if matches!(files.get("/dev/termination-log").map(|n| &n.kind), Some(Kind::File(b)) if !b.is_empty()) {
        files.remove("/dev/termination-log");
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::image::ImageRef;

    fn ran(image: &str, line: &str) -> Ran {
        let found = Catalogue::public().find(&ImageRef::parse(image).unwrap()).unwrap();
        let words = ["/bin/sh", "-c", line].map(String::from);
        let env = [("A".to_string(), "apple".to_string())].into();
        let g = Given { image: found, words: &words, env: &env, cwd: "/tmp", stdin: None };
        run(&g, Time::ZERO).unwrap()
    }

    #[test]
    fn a_command_leaves_its_files_its_words_and_its_code() {
        let r = ran("alpine", "echo $A > fruit && sleep 3 && echo done && exit 3");
        let said: Vec<u8> = r.said.iter().flat_map(|(_, t)| t.clone()).collect();
        assert_eq!((String::from_utf8(said).unwrap().as_str(), r.code), ("done\n", 3));
        assert!(matches!(&r.files.get("/tmp/fruit").unwrap().kind, Kind::File(b) if b.as_slice() == b"apple\n"));
        assert!(r.took >= Duration::from_secs(3));
    }

    #[test]
    fn it_reaches_nobody_and_does_not_run_for_ever() {
        assert_ne!(ran("alpine", "wget -qO- http://10.96.0.1/").code, 0);
        let found = Catalogue::public().find(&ImageRef::parse("alpine").unwrap()).unwrap();
        let words = ["sleep", "100000"].map(String::from);
        let g = Given { image: found, words: &words, env: &BTreeMap::new(), cwd: "/", stdin: None };
        assert!(run(&g, Time::ZERO).unwrap_err().contains("30 minutes"));
        let words = ["nothing".to_string()];
        let g = Given { image: found, words: &words, env: &BTreeMap::new(), cwd: "/", stdin: None };
        assert!(run(&g, Time::ZERO).unwrap_err().contains("executable file not found"));
    }
}
