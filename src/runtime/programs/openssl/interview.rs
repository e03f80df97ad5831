//! `openssl req` without a subject: it asks for one, field by field, and goes on with what was answered.

use super::config::Config;
use super::req;
use crate::runtime::kernel::{Program, Read, STDERR, STDIN, Step, Sys, Wait};
use crate::runtime::programs::Start;

const INTRODUCTION: &str = "You are about to be asked to enter information that will be incorporated
into your certificate request.
What you are about to enter is what is called a Distinguished Name or a DN.
There are quite a few fields but you can leave some blank
For some fields there will be a default value,
If you enter '.', the field will be left blank.
-----
";
const EXTRA: &str = "\nPlease enter the following 'extra' attributes\nto be sent with your certificate request\n";

/// What the usual file asks for: the field, in which words, and what it is if nothing is said.
const USUAL: [(&str, &str, &str); 7] = [
    ("C", "Country Name (2 letter code)", "AU"),
    ("ST", "State or Province Name (full name)", "Some-State"),
    ("L", "Locality Name (eg, city)", ""),
    ("O", "Organization Name (eg, company)", "Internet Widgits Pty Ltd"),
    ("OU", "Organizational Unit Name (eg, section)", ""),
    ("CN", "Common Name (e.g. server FQDN or YOUR name)", ""),
    ("emailAddress", "Email Address", ""),
];

#[derive(Clone)]
struct Question {
    /// Nothing: the answer goes nowhere.
    field: String,
    words: String,
    otherwise: String,
}

#[derive(Clone)]
struct Interview {
    questions: Vec<Question>,
    asked: usize,
    typed: Vec<u8>,
    subject: String,
    err: Vec<u8>,
}

/// `None`: there is nothing to ask.
pub fn start(s: &mut Start<'_, '_>) -> Option<Box<dyn Program>> {
    let w = req::read("req", s.words.get(2..)?).ok()?;
    if !req::is_new(&w) || w.has("subj") || w.has("batch") || (w.has("x509") && w.has("in")) {
        return None;
    }
    let question = |field: &str, words: &str, otherwise: &str| Question {
        field: field.into(),
        words: words.into(),
        otherwise: otherwise.into(),
    };
    let mut questions: Vec<Question> = match w.value("config") {
        Some(file) => {
            let text = s.sys.read_file(file).ok()?;
            let config = Config::parse(&String::from_utf8_lossy(&text));
            if config.get("req", "prompt") == Some("no") {
                return None;
            }
            let section = config.get("req", "distinguished_name")?;
            let ends = ["_default", "_min", "_max"];
            let fields = config.section(section)?.iter().filter(|(n, _)| !ends.iter().any(|e| n.ends_with(e)));
            let otherwise = |n: &str| config.get(section, &format!("{n}_default")).unwrap_or("").to_string();
            fields.map(|(n, v)| question(n.rsplit('.').next().unwrap_or(n), v, &otherwise(n))).collect()
        }
        None => USUAL.iter().map(|(f, w, o)| question(f, w, o)).collect(),
    };
    if !w.has("x509") && !w.has("config") {
        questions.push(question("", "A challenge password", ""));
        questions.push(question("", "An optional company name", ""));
    }
    let mut interview =
        Interview { questions, asked: 0, typed: vec![], subject: String::new(), err: INTRODUCTION.into() };
    interview.ask();
    Some(Box::new(interview))
}

impl Interview {
    fn ask(&mut self) {
        let Some(q) = self.questions.get(self.asked) else { return };
        if q.field.is_empty() && (self.asked == 0 || !self.questions[self.asked - 1].field.is_empty()) {
            self.err.extend(EXTRA.bytes());
        }
        self.err.extend(format!("{} [{}]:", q.words, q.otherwise).bytes());
    }

    fn answered(&mut self) {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.typed)).trim_end().to_string();
        let q = &self.questions[self.asked];
        let value = match text.as_str() {
            "" => q.otherwise.clone(),
            "." => String::new(),
            _ => text,
        };
        if !value.is_empty() && !q.field.is_empty() {
            let plain = |l: char| if "/+\\".contains(l) { format!("\\{l}") } else { l.to_string() };
            self.subject.push_str(&format!("/{}={}", q.field, value.chars().map(plain).collect::<String>()));
        }
        self.asked += 1;
        self.ask();
    }

    /// The same command, with a subject.
    fn go_on(&self, sys: &Sys<'_>) -> Step {
        let subject = if self.subject.is_empty() { "/".into() } else { self.subject.clone() };
        let words = sys.words().iter().cloned().chain(["-subj".into(), subject]).collect();
        Step::Become(super::simple(), words, sys.environment())
    }
}

impl Program for Interview {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        loop {
            match sys.drain(STDERR, &mut self.err) {
                Ok(false) => return Step::Wait(Wait::writable(STDERR)),
                Ok(true) => {}
                Err(_) => self.err.clear(),
            }
            if self.asked >= self.questions.len() {
                return self.go_on(sys);
            }
            // No more than the line: what follows is for others.
            match sys.read(STDIN, 1) {
                Ok(Read::Data(d)) if d == b"\n" => self.answered(),
                Ok(Read::Data(d)) => self.typed.extend(d),
                Ok(Read::Empty) => return Step::Wait(Wait::readable(STDIN)),
                Ok(Read::End) | Err(_) => {
                    self.err.extend(b"\nproblems making Certificate Request\n");
                    let _ = sys.drain(STDERR, &mut self.err);
                    return Step::Exit(1);
                }
            }
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
