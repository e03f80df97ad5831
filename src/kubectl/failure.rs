//! How kubectl says that something went wrong.
//! Real Kubernetes: k8s.io/kubectl/pkg/cmd/util/helpers.go checkErr.

use crate::api::{Reason, Status};

/// A failed command: what is printed to stderr, the exit code, and hints of our own that are set apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Printed to stdout before: help that a wrong call brings.
    pub stdout: String,
    pub message: String,
    /// The same in a list of several failures, where that is worded differently.
    pub among: Option<String>,
    pub code: i32,
    /// What the server had against it, if that is what failed.
    pub reason: Option<Reason>,
    pub hint: Option<Hint>,
}

/// What could have been meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    DidYouMean(String),
    Absent(Box<Absent>),
}

/// There is no such object. Whoever knows the cluster may know one that is called nearly so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absent {
    pub group: String,
    pub resource: String,
    pub name: String,
}

impl Failure {
    /// `error: …`
    pub fn error(message: impl Into<String>) -> Failure {
        let mut message = message.into();
        // The end of the last line is added by whoever prints it, but only to what has none.
        if message.ends_with('\n') {
            message.pop();
        }
        let text = if message.starts_with("error: ") { message } else { format!("error: {message}") };
        Failure::plain(text)
    }

    pub fn plain(message: impl Into<String>) -> Failure {
        Failure { stdout: String::new(), message: message.into(), among: None, code: 1, reason: None, hint: None }
    }

    pub fn help(text: String) -> Failure {
        Failure { stdout: text, ..Failure::plain("") }
    }

    /// A mistake in the flags.
    pub fn usage(message: String, verb: &str) -> Failure {
        Failure::plain(format!("error: {message}\nSee 'kubectl {verb} --help' for usage."))
    }

    /// A mistake in the arguments.
    pub fn see(message: impl std::fmt::Display, verb: &str) -> Failure {
        Failure::plain(format!("error: {message}\nSee 'kubectl {verb} -h' for help and examples"))
    }

    /// What the API server said, as kubectl words it.
    pub fn status(s: &Status) -> Failure {
        Failure { reason: Some(s.reason), ..Failure::plain(status_text(s)) }.hint(absent(s))
    }

    /// The same, with what was being done: `error when creating "x.yaml": …`.
    pub fn status_while(s: &Status, doing: &str) -> Failure {
        if s.is(Reason::Unreachable) {
            return Failure { reason: Some(s.reason), ..Failure::error(format!("{doing}: {}", s.message)) };
        }
        if s.is(Reason::Invalid) && s.details.is_some() {
            let among = format!("Error from server (Invalid): {doing}: {}", s.message);
            return Failure { among: Some(among), ..Failure::status(s) };
        }
        let prefix = if s.reason_name().is_empty() {
            "Error from server".to_string()
        } else {
            format!("Error from server ({})", s.reason_name())
        };
        let message = format!("{prefix}: {doing}: {}", s.message);
        Failure { reason: Some(s.reason), ..Failure::plain(message) }.hint(absent(s))
    }

    /// Whether what it is about is not there.
    pub fn is_absence(&self) -> bool {
        self.reason == Some(Reason::NotFound)
    }

    pub fn hint(mut self, hint: Option<Hint>) -> Failure {
        self.hint = self.hint.or(hint);
        self
    }
}

fn absent(s: &Status) -> Option<Hint> {
    let d = s.details.as_ref().filter(|d| s.is(Reason::NotFound) && !d.name.is_empty())?;
    Some(Hint::Absent(Box::new(Absent { group: d.group.clone(), resource: d.kind.clone(), name: d.name.clone() })))
}

pub fn status_text(s: &Status) -> String {
    if let Some(address) = s.unreachable() {
        if let Some(at) = s.message.find("dial ").filter(|_| !s.message.ends_with("connection refused")) {
            return format!("Unable to connect to the server: {}", &s.message[at..]);
        }
        return format!("The connection to the server {address} was refused - did you specify the right host or port?");
    }
    if s.is(Reason::Unauthorized) {
        return format!("error: You must be logged in to the server ({})", s.message);
    }
    if s.is(Reason::Invalid)
        && let Some(d) = &s.details
    {
        let nameless = d.kind.is_empty() && d.name.is_empty();
        let head = match nameless {
            false => format!("The {} {:?} is invalid", d.kind, d.name),
            true if d.causes.is_empty() => format!("The request is invalid: {}", s.message),
            true => "The request is invalid".to_string(),
        };
        let mut texts: Vec<String> = vec![];
        for c in &d.causes {
            let t = format!("{}: {}", c.field, c.message);
            if !texts.contains(&t) {
                texts.push(t);
            }
        }
        return match texts.as_slice() {
            [] => head,
            [one] => format!("{head}: {one}"),
            many => format!("{head}: \n{}", many.iter().map(|t| format!("* {t}")).collect::<Vec<_>>().join("\n")),
        };
    }
    match s.reason_name() {
        "" => format!("Error from server: {}", s.message),
        reason => format!("Error from server ({reason}): {}", s.message),
    }
}

pub fn unknown_command(word: &str) -> Failure {
    let names: Vec<&str> = super::verbs::help::commands().collect();
    // In the order in which the help lists them.
    let near = near(word, &names);
    let mut text = format!("error: unknown command {word:?} for \"kubectl\"");
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?");
        for n in &near {
            text.push_str(&format!("\n\t{n}"));
        }
    }
    Failure::plain(text)
}

/// The one word that was most likely meant, if any is near.
pub fn likeliest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    // In a short word two wrong letters make another word.
    let far = if word.chars().count() <= 4 { 1 } else { 2 };
    // Two letters that changed places are one mistake; and of two that are as near, the one of the same length was meant.
    let near =
        nearest(&word, known).into_iter().map(|k| (strsim::osa_distance(&word, k), k.len().abs_diff(word.len()), k));
    near.filter(|(d, _, k)| *d <= far || k.starts_with(&word)).min().map(|(.., k)| k)
}

/// Words at most two edits away, or that begin so; as cobra suggests.
fn near<'a>(word: &str, known: &[&'a str]) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let is_near = |k: &str| strsim::levenshtein(&word, &k.to_lowercase()) <= 2 || k.to_lowercase().starts_with(&word);
    known.iter().copied().filter(|k| is_near(k)).collect()
}

/// The same by the alphabet, each once.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Vec<&'a str> {
    let mut out = near(word, known);
    out.sort_unstable();
    out.dedup();
    out
}
