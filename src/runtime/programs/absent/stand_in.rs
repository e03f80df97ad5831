//! What runs in place of a program that cannot be executed: it listens on the port that its image names, and answers every request
//! with who it is. Where the image names none it only waits.

use super::super::server;
use super::{Printing, Start};
use crate::runtime::kernel::tree::name;
use crate::runtime::kernel::{Program, Reaction, Signal, Step, Sys, Wait};

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let called = name(s.words.first().map_or("", String::as_str)).to_string();
    let first = s.words.get(1).map_or("", String::as_str);
    if ["--version", "-v", "-V", "-version", "version"].contains(&first) {
        return version(s, &called);
    }
    let image = s.sys.root().and_then(|r| r.image.clone());
    let stand_in = image.as_ref().and_then(|i| i.stand_in.clone());
    let code_given = ["-e", "-c", "-p", "--eval"].contains(&first);
    match stand_in {
        Some(_) if code_given || (s.words.len() < 2 && is_interpreter(&called)) => cannot(&called),
        Some(what) => {
            let port = what.port.map_or_else(
                || "no port, as the image EXPOSEs none".to_string(),
                |p| format!("port {p}, which the image EXPOSEs"),
            );
            let line = s.words.join(" ");
            let said = format!("kubetutor: {line:?} cannot be executed here; a stand-in listens on {port}\n");
            let serving =
                what.port.map_or_else(|| Box::new(Waiting::default()) as Box<dyn Program>, |_| server::own(s));
            Box::new(Announced { said: said.into_bytes(), then: Some(serving) })
        }
        None if s.words.len() < 2 || code_given => cannot(&called),
        // Some script while an image is built.
        None => super::done(s),
    }
}

fn is_interpreter(called: &str) -> bool {
    ["node", "python", "python3", "ruby", "php", "java", "dotnet", "deno", "bun"].contains(&called)
}

fn cannot(called: &str) -> Box<dyn Program> {
    Box::new(Printing::error(
        format!("kubetutor: {called} is no more than a name here: it cannot execute anything\n"),
        1,
    ))
}

/// As the image's own variables have it.
fn version(s: &Start<'_, '_>, called: &str) -> Box<dyn Program> {
    let of = |v: &str| s.env.get(v).cloned();
    let text = match called {
        "node" => of("NODE_VERSION").map(|v| format!("v{v}\n")),
        "python" | "python3" => of("PYTHON_VERSION").map(|v| format!("Python {v}\n")),
        "java" => of("JAVA_VERSION").map(|v| format!("openjdk version \"{v}\"\n")),
        "ruby" => of("RUBY_VERSION").map(|v| format!("ruby {v}\n")),
        "php" => of("PHP_VERSION").map(|v| format!("PHP {v} (cli)\n")),
        "go" => of("GOLANG_VERSION").map(|v| format!("go version go{v} linux/amd64\n")),
        _ => None,
    };
    match text {
        Some(text) => Box::new(Printing { out: text.into_bytes(), err: vec![], code: 0 }),
        None => cannot(called),
    }
}

/// Says something, then is another program.
#[derive(Clone)]
struct Announced {
    said: Vec<u8>,
    then: Option<Box<dyn Program>>,
}

impl Program for Announced {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        if let Some(step) = super::super::flush(&mut self.said, &mut vec![], sys) {
            return step;
        }
        match self.then.take() {
            Some(program) => Step::Become(program, sys.words(), Default::default()),
            None => Step::Exit(0),
        }
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// Does nothing until it is told to end.
#[derive(Clone, Default)]
struct Waiting {
    stopped: bool,
}

impl Program for Waiting {
    fn run(&mut self, _: &mut Sys<'_>) -> Step {
        if self.stopped { Step::Exit(0) } else { Step::Wait(Wait::default()) }
    }
    fn signal(&mut self, signal: Signal) -> Reaction {
        if signal.asks_to_end() {
            self.stopped = true;
            return Reaction::Noted;
        }
        Reaction::Default
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
