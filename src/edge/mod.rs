//! The only room with the terminal, files, the environment and the wall clock.
//!
//! Start with [`main`], which reads the command line. [`terminal`] is the prompt, [`files`] real files for
//! kubectl, [`editor`] the programs that it opens them with.
//!
//! Deliberately absent: any knowledge of Kubernetes.

// Files, the environment and the clock live here and nowhere else.
#![allow(clippy::disallowed_methods)]

pub mod editor;
pub mod files;
pub mod terminal;

/// A cluster is many small objects that come and go together; mimalloc keeps them close and gives them back fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use crate::cluster::Options;
use crate::cluster::profile::Profile;
use crate::explain::Language;
use crate::kubectl::Host;
use crate::lessons;
use crate::prompt::session::{Narration, Stream};
use crate::prompt::{MemoryHost, Pace, Session, script};
use crate::shell::Shell;
use crate::shell::progress::Progress;

const USAGE: &str = "\
kubetutor: learn Kubernetes by using it and watching it think.

  kubetutor                        the prompt (without a terminal: as `run -`)
  kubetutor run [OPTIONS] FILE|-   runs prompt lines from a file or stdin
  kubetutor learn [LESSON]         the course
  kubetutor lesson check [DIR]     proves the lessons
  kubetutor lesson book DIR        writes the course as pages of a book, in both languages
  kubetutor kubectl ARGS...        one kubectl command on a fresh cluster

Options:
  --profile kubeadm|minikube|cloud|bare   what the cluster looks like (kubeadm)
  --nodes N                               number of workers
  --pace auto|manual|live|step            how time goes on (auto)
  --narrate off|brief|full                how much is told (brief)
  --lang ko|en                            the language (else KUBETUTOR_LANG, else the locale)
  --seed N                                another seed, another run (1)
  --plain                                 reads and writes transcripts
  --fail-fast                             stops at the first command that fails
  --version, --help
";

/// The command line, read.
struct Arguments {
    options: Options,
    pace: Pace,
    narration: Narration,
    language: Language,
    plain: bool,
    fail_fast: bool,
    help: bool,
    words: Vec<String>,
}

fn language_of_the_place() -> Language {
    ["KUBETUTOR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|v| std::env::var(v).ok())
        .find(|v| !v.is_empty())
        .and_then(|v| Language::parse(&v))
        .unwrap_or(Language::English)
}

fn parse(args: &[String]) -> Result<Arguments, String> {
    let mut a = Arguments {
        options: Options::default(),
        pace: Pace::Auto,
        narration: Narration::Brief,
        language: language_of_the_place(),
        plain: false,
        fail_fast: false,
        help: false,
        words: vec![],
    };
    let mut i = 0;
    while i < args.len() {
        let (name, mut inline) = match args[i].split_once('=') {
            Some((n, v)) if n.starts_with("--") => (n.to_string(), Some(v.to_string())),
            _ => (args[i].clone(), None),
        };
        i += 1;
        // What follows `kubectl` is kubectl's.
        if a.words.first().is_some_and(|w| w == "kubectl") || !name.starts_with("--") && name != "-h" {
            a.words.push(args[i - 1].clone());
            continue;
        }
        let mut value = || {
            inline
                .take()
                .or_else(|| {
                    i += 1;
                    args.get(i - 1).cloned()
                })
                .ok_or_else(|| format!("{name} needs a value"))
        };
        let bad = |v: &str| format!("{name}: {v:?} is not possible; see --help");
        match name.as_str() {
            "--profile" => {
                let v = value()?;
                a.options.profile = Profile::parse(&v).ok_or_else(|| bad(&v))?;
            }
            "--nodes" => {
                let v = value()?;
                a.options.nodes = Some(v.parse().ok().filter(|n| *n <= 5_000).ok_or_else(|| bad(&v))?);
            }
            "--pace" => {
                let v = value()?;
                a.pace = Pace::parse(&v).ok_or_else(|| bad(&v))?;
            }
            "--narrate" => {
                let v = value()?;
                a.narration = match v.as_str() {
                    "off" => Narration::Off,
                    "brief" => Narration::Brief,
                    "full" => Narration::Full,
                    _ => return Err(bad(&v)),
                };
            }
            "--lang" => {
                let v = value()?;
                a.language = Language::parse(&v).ok_or_else(|| bad(&v))?;
            }
            "--seed" => {
                let v = value()?;
                a.options.seed = v.parse().map_err(|_| bad(&v))?;
            }
            "--help" | "-h" => a.help = true,
            "--plain" => a.plain = true,
            "--fail-fast" => a.fail_fast = true,
            _ => return Err(format!("{name} is unknown; see --help")),
        }
    }
    Ok(a)
}

/// Where the YAML scanner panics, `api::yaml` takes that for an answer: nobody needs to see it.
fn hide_panics_of_the_yaml_scanner() {
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|l| l.file().contains("libyaml-safer")) {
            show(panic);
        }
    }));
}

/// What `main.rs` starts.
pub fn main() -> ExitCode {
    hide_panics_of_the_yaml_scanner();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if matches!(args.first().map(String::as_str), Some("--version" | "-V")) {
        println!("kubetutor {} (Kubernetes v1.36)", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    let a = match parse(&args) {
        Ok(a) => a,
        Err(e) => {
            eprintln!("kubetutor: {e}");
            return ExitCode::from(2);
        }
    };
    if a.help {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match a.words.first().map(String::as_str) {
        Some("run") => run(&a, a.words.get(1).map_or("-", String::as_str)),
        Some("kubectl") => {
            let mut s = session(&a);
            s.narration = Narration::Off;
            let line = a.words.iter().map(|w| format!("'{}'", w.replace('\'', "'\\''"))).collect::<Vec<_>>().join(" ");
            let o = s.eval(&line);
            print(&o);
            exit(o.code)
        }
        Some("learn") => prompt(&a, Some(a.words.join(" "))),
        Some("lesson") if a.words.get(1).is_some_and(|w| w == "check") => {
            lesson_check(a.words.get(2).map(String::as_str))
        }
        Some("lesson") if a.words.get(1).is_some_and(|w| w == "book") && a.words.len() == 3 => book(&a.words[2]),
        None if std::io::stdin().is_terminal() => prompt(&a, None),
        None => run(&a, "-"),
        Some(other) => {
            eprintln!("kubetutor: {other} is unknown; see --help");
            ExitCode::from(2)
        }
    }
}

fn prompt(a: &Arguments, first: Option<String>) -> ExitCode {
    let start = std::time::Instant::now();
    let shell = Shell::new(session(a), Progress::parse(&terminal::progress()));
    let greeting = shell.greeting(start.elapsed().as_millis());
    terminal::run(shell, &greeting, first)
}

/// Proves all lessons, or those of a directory.
fn lesson_check(dir: Option<&str>) -> ExitCode {
    let course = match dir {
        None => lessons::course(),
        Some(d) => read_lessons(d),
    };
    let course = match course {
        Ok(c) => c,
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    };
    let (mut steps, mut problems) = (0, vec![]);
    for l in &course {
        steps += l.steps.len();
        problems.extend(lessons::proof::prove(l));
    }
    for p in &problems {
        eprintln!("{p}");
    }
    println!("{} lessons, {steps} steps, {} problems", course.len(), problems.len());
    if problems.is_empty() && steps > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the course below a directory: `en/src` and `ko/src`.
fn book(dir: &str) -> ExitCode {
    let write = || -> Result<(), String> {
        let course = lessons::course()?;
        for (name, language) in [("en", Language::English), ("ko", Language::Korean)] {
            let to = std::path::Path::new(dir).join(name).join("src");
            std::fs::create_dir_all(&to).map_err(|e| format!("{}: {e}", to.display()))?;
            for (file, text) in lessons::book::pages(&course, language)? {
                std::fs::write(to.join(&file), text).map_err(|e| format!("{}: {e}", to.join(&file).display()))?;
            }
        }
        Ok(())
    };
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("kubetutor: {e}");
            ExitCode::FAILURE
        }
    }
}

fn read_lessons(dir: &str) -> Result<Vec<lessons::Lesson>, String> {
    let mut names: Vec<std::path::PathBuf> = std::fs::read_dir(dir)
        .map_err(|e| format!("{dir}: {e}"))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .collect();
    names.sort();
    let mut out = vec![];
    for p in names {
        let read = |f: &str| std::fs::read_to_string(p.join(f)).map_err(|e| format!("{}: {e}", p.join(f).display()));
        let name = p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        out.push(lessons::parse::lesson(&(&name, &read("lesson.yaml")?, &read("en.md")?, &read("ko.md")?))?);
    }
    Ok(out)
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1))
}

fn session(a: &Arguments) -> Session {
    let host: Box<dyn Host> =
        if a.plain { Box::new(MemoryHost::with_editors(editor::edit_text)) } else { Box::new(files::RealFiles) };
    let mut s = Session::new(&a.options, host);
    s.pace = a.pace;
    s.narration = a.narration;
    s.language = a.language;
    s
}

/// Prints. Where nobody reads any more (`| head`), there is nothing left to do.
fn put(text: &str) {
    let mut out = std::io::stdout();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// The process ends: its memory goes back at once, not object by object.
fn leave(s: Session) {
    std::mem::forget(s);
}

fn print(o: &crate::prompt::Output) {
    for (stream, text) in o.pieces() {
        match stream {
            Stream::Out => put(text),
            Stream::Err => {
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
        }
    }
    put(&o.story);
}

fn run(a: &Arguments, file: &str) -> ExitCode {
    let mut text = String::new();
    let read = if file == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|t| text = t)
    };
    if let Err(e) = read {
        eprintln!("kubetutor: {file}: {e}");
        return ExitCode::from(2);
    }
    let mut s = session(a);
    if a.plain {
        s.narration = Narration::Off;
        let (out, code) = script::run(&mut s, &text);
        put(&out);
        leave(s);
        return exit(code);
    }
    let mut code = 0;
    for whole in Session::blocks(&text) {
        let o = s.eval(&whole);
        print(&o);
        code = if whole.trim().is_empty() || whole.trim_start().starts_with('#') { code } else { o.code };
        if o.quit || (a.fail_fast && o.code != 0) {
            break;
        }
    }
    leave(s);
    exit(code)
}
