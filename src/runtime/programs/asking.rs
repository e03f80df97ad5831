//! A command whose answer comes from outside: `kubectl` and the other words of the prompt on the learner's own machine.

use crate::api::ops::Stream;
use crate::runtime::kernel::outside::{Answered, Asking};
use crate::runtime::kernel::{Program, Read, STDERR, STDIN, STDOUT, Step, Sys, Wait};

use super::Start;

#[derive(Clone)]
enum Asked {
    New,
    Reading(Vec<u8>),
    Waiting { rest: Answered },
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    // What does not read leaves its input to others: `while read n; do kubectl get pod $n; done`.
    let takes = reads(&by_name(s.words)) && !s.sys.is_terminal(STDIN);
    Box::new(if takes { Asked::Reading(vec![]) } else { Asked::New })
}

/// The same with the command's name alone, where it was called by its path.
fn by_name(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    if let Some((_, name)) = words.first().and_then(|w| w.rsplit_once('/')) {
        words[0] = name.to_string();
    }
    words
}

/// Whether a command line takes something from its standard input.
fn reads(words: &[String]) -> bool {
    let of_kubectl = |w: &str| {
        [
            "-",
            "--interactive",
            "--password-stdin",
            "--stdin",
            "--stdin=true",
            "-f-",
            "--filename=-",
            "/dev/stdin",
            "--filename=/dev/stdin",
        ]
        .contains(&w)
            || (w.starts_with('-') && !w.starts_with("--") && !w.contains('=') && w.contains('i'))
    };
    let before = words.iter().take_while(|w| *w != "--").map(String::as_str);
    match words.first().map(String::as_str) {
        Some("kubectl" | "k" | "docker" | "minikube") => before.skip(1).any(of_kubectl),
        _ => true,
    }
}

/// Once, from the process that it runs in.
fn ask(stdin: Option<Vec<u8>>, sys: &mut Sys<'_>) -> Asked {
    let (process, words, env, cwd) = (sys.id, by_name(&sys.words()).into(), sys.env(), sys.cwd());
    sys.machine.counter.asked.push(Asking { process, words, env, cwd, stdin });
    Asked::Waiting { rest: Answered::default() }
}

impl Program for Asked {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Asked::Reading(data) = self {
            loop {
                match sys.read(STDIN, 65_536) {
                    Ok(Read::Data(d)) => data.extend(d),
                    Ok(Read::Empty) => return Step::Wait(Wait::readable(STDIN)),
                    Ok(Read::End) | Err(_) => break,
                }
            }
            let data = std::mem::take(data);
            *self = ask(Some(data), sys);
        }
        if let Asked::New = self {
            *self = ask(None, sys);
        }
        let Asked::Waiting { rest } = self else { return Step::Exit(1) };
        let id = sys.id;
        if let Some(more) = sys.machine.counter.answers.remove(&id) {
            rest.said.extend(more.said);
            rest.code = more.code;
        }
        while let Some((stream, data)) = rest.said.first_mut() {
            let fd = if *stream == Stream::Out { STDOUT } else { STDERR };
            match sys.drain(fd, data) {
                Ok(true) => {
                    rest.said.remove(0);
                }
                Ok(false) => return Step::Wait(Wait::writable(fd)),
                // Nobody reads it any more.
                Err(_) => return Step::Exit(141),
            }
        }
        match rest.code {
            Some(code) => Step::Exit(code),
            None => Step::Wait(Wait::default()),
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
