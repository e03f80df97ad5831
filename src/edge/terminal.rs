//! The prompt on a terminal: rustyline with completion, hints, highlighting, history.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nu_ansi_term::Style;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Editor, Helper};

use crate::explain::layout;
use crate::prompt::{Output, Pace, Session};
use crate::shell::{Shell, complete};

struct Face {
    shell: Rc<RefCell<Shell>>,
    history: Rc<RefCell<Vec<String>>>,
    colour: bool,
}

impl Helper for Face {}

impl Completer for Face {
    type Candidate = String;
    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        if self.shell.borrow().session.is_attached() {
            return Ok((at, vec![]));
        }
        let (start, mut all) = complete::candidates(&self.shell.borrow().session, &line[..at]);
        if let [one] = all.as_mut_slice() {
            one.push(' ');
        }
        Ok((start, all))
    }
}

impl Hinter for Face {
    type Hint = String;
    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<String> {
        let ours = at == line.len() && !self.shell.borrow().session.is_attached();
        ours.then(|| complete::hint(&self.history.borrow(), line)).flatten()
    }
}

impl Highlighter for Face {
    fn highlight_hint<'h>(&self, hint: &'h str) -> std::borrow::Cow<'h, str> {
        if self.colour { Style::new().dimmed().paint(hint).to_string().into() } else { hint.into() }
    }
    fn highlight<'l>(&self, line: &'l str, _: usize) -> std::borrow::Cow<'l, str> {
        let end = line.find(char::is_whitespace).unwrap_or(line.len());
        if self.colour && end > 0 {
            format!("{}{}", Style::new().bold().paint(&line[..end]), &line[end..]).into()
        } else {
            line.into()
        }
    }
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.colour
    }
}

impl Validator for Face {
    /// An open quote or here-document goes on in the next line.
    fn validate(&self, c: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let ours = !self.shell.borrow().session.is_attached();
        Ok(if ours && Session::unfinished(c.input()).is_some() {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

/// Columns that a story needs at least; a narrower terminal breaks its lines itself.
const NARROWEST: usize = 60;

/// Shows what a line brought: kubectl's output as it is, the rest dimmed.
pub fn show(o: &Output, colour: bool, width: usize) {
    let told = o
        .story
        .lines()
        .flat_map(|l| layout::fold(l, width))
        .map(|l| if colour { format!("{}\n", Style::new().dimmed().paint(l)) } else { format!("{l}\n") });
    super::print(&Output { story: told.collect(), ..o.clone() });
}

fn state_directory() -> Option<PathBuf> {
    let base = std::env::var("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|_| std::env::var("HOME").map(|h| PathBuf::from(h).join(".local/state")));
    let dir = base.ok()?.join("kubetutor");
    std::fs::create_dir_all(&dir).ok()?;
    Some(dir)
}

/// What was learnt so far.
pub fn progress() -> String {
    state_directory().and_then(|d| std::fs::read_to_string(d.join("progress")).ok()).unwrap_or_default()
}

fn keep_progress(shell: &Shell) {
    if let Some(d) = state_directory() {
        // Progress that cannot be kept is no reason to stop.
        let _ = std::fs::write(d.join("progress"), shell.progress.text());
    }
}

/// Ctrl-C while a command waits stops the command, not the program.
struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    fn watch(flag: Arc<AtomicBool>) -> Interrupt {
        let f = flag.clone();
        // A second handler cannot be set; the first one then serves.
        let _ = ctrlc::set_handler(move || f.store(true, Ordering::Relaxed));
        Interrupt(flag)
    }
}

/// Runs the prompt until it is left.
pub fn run(shell: Shell, greeting: &str, first: Option<String>) -> ExitCode {
    let colour = std::env::var_os("NO_COLOR").is_none();
    let interrupted = Interrupt::watch(shell.session.interrupted.clone());
    let shell = Rc::new(RefCell::new(shell));
    let history = Rc::new(RefCell::new(vec![]));
    let config = rustyline::Config::builder().completion_type(rustyline::CompletionType::List).build();
    let mut editor: Editor<Face, DefaultHistory> = match Editor::with_config(config) {
        Ok(e) => e,
        Err(e) => {
            eprintln!("kubetutor: {e}");
            return ExitCode::from(2);
        }
    };
    editor.set_helper(Some(Face { shell: shell.clone(), history: history.clone(), colour }));
    let file = state_directory().map(|d| d.join("history"));
    if let Some(f) = &file {
        let _ = editor.load_history(f);
        history.borrow_mut().extend(editor.history().iter().map(String::from));
    }
    let columns = editor.dimensions().map_or(usize::MAX, |(columns, _)| usize::from(columns));
    greeting.lines().flat_map(|l| layout::fold(l, columns)).for_each(|l| println!("{l}"));
    if let Some(line) = first {
        let o = shell.borrow_mut().line(&line);
        show(&o, colour, shell.borrow().session.width);
    }
    loop {
        if let Some((columns, _)) = editor.dimensions() {
            shell.borrow_mut().session.width = usize::from(columns).max(NARROWEST);
        }
        let prompt = shell.borrow().prompt();
        let thinking = std::time::Instant::now();
        let read = editor.readline(&prompt);
        interrupted.0.store(false, Ordering::Relaxed);
        if shell.borrow().session.pace == Pace::Live {
            // The clock of the wall went on while somebody was thinking.
            shell.borrow_mut().session.advance(thinking.elapsed());
        }
        // What is typed goes to a program in a container, whatever it is.
        if shell.borrow().session.is_attached() {
            let o = match read {
                Ok(line) => shell.borrow_mut().line(&line),
                Err(ReadlineError::Interrupted) => shell.borrow_mut().interrupt(),
                Err(_) => shell.borrow_mut().end_input(),
            };
            show(&o, colour, shell.borrow().session.width);
            continue;
        }
        match read {
            Ok(line) => {
                if line.trim().is_empty() {
                    continue;
                }
                let _ = editor.add_history_entry(&line);
                history.borrow_mut().push(line.clone());
                let mut quit = false;
                // A pasted block runs line by line, each shown as if it had been typed.
                for (i, block) in Session::blocks(&line).iter().enumerate() {
                    if i > 0 {
                        println!("{}{block}", shell.borrow().prompt());
                    }
                    interrupted.0.store(false, Ordering::Relaxed);
                    let o = shell.borrow_mut().line(block);
                    show(&o, colour, shell.borrow().session.width);
                    keep_progress(&shell.borrow());
                    quit = o.quit;
                    if quit {
                        break;
                    }
                }
                if quit {
                    break;
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(_) => break,
        }
    }
    if let Some(f) = &file {
        let _ = editor.save_history(f);
    }
    ExitCode::SUCCESS
}
