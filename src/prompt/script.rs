//! Scripts in the format of the recorded transcripts: `run --plain`.

use super::session::{Output, Pace, Session};
use crate::api::Duration;
use crate::api::time::parse_go_duration;

/// Runs a whole script and gives back the transcript.
pub fn run(session: &mut Session, text: &str) -> (String, i32) {
    session.pace = Pace::Manual;
    session.terminal = false;
    let mut out = String::new();
    let mut code = 0;
    for block in Session::blocks(text) {
        let line = block.as_str();
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            let o = session.eval(command);
            if command.starts_with("cat >") && command.contains('\n') {
                continue;
            }
            code = o.code;
            step(&mut out, line, &o, true);
            continue;
        }
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("@wait"), Some(d), _, _) => session.advance(duration(d)),
            (Some("@for"), Some(d), Some(_), _) => {
                let command = line.splitn(3, ' ').nth(2).unwrap_or("");
                let o = session.eval_for(duration(d), command);
                step(&mut out, line, &o, o.code != 130 && o.code != 0);
            }
            (Some("@poll"), Some(every), Some(d), Some(command)) => {
                poll(session, line, duration(every), duration(d), command, &mut out)
            }
            (Some("@bg"), Some(id), Some(_), _) => {
                session.start_background(id, line.splitn(3, ' ').nth(2).unwrap_or(""));
                // Whoever reads the output at its end knows from here what command it is of.
                out.push_str(&format!("{line}\n\n"));
            }
            (Some("@end"), Some(id), _, _) => {
                let o = session.end_background(id).unwrap_or_default();
                step(&mut out, line, &o, o.code != 0);
            }
            (Some("@fault"), Some(name), Some(a), b) => {
                let (place, state) = match b {
                    Some(b) => (Some(a), b),
                    None => (None, a),
                };
                // A fault of something that is not simulated yet changes nothing.
                let _ = session.cluster.fault(name, place, state.trim() == "off");
            }
            _ => {}
        }
    }
    (out, code)
}

fn duration(text: &str) -> Duration {
    parse_go_duration(text).unwrap_or(Duration::ZERO)
}

/// Output lines that look like markers are set apart by a backslash.
fn escaped(line: &str) -> String {
    let marker = ["# ", "$ ", "! ", "? ", "@", "> ", "\\"].iter().any(|m| line.starts_with(m)) || line == "#";
    if marker { format!("\\{line}") } else { line.to_string() }
}

fn body(out: &mut String, o: &Output, with_code: bool) {
    for l in o.stdout.lines() {
        out.push_str(&escaped(l));
        out.push('\n');
    }
    for l in o.stderr.lines() {
        out.push_str(&format!("! {l}\n"));
    }
    if with_code && o.code != 0 {
        out.push_str(&format!("? {}\n", o.code));
    }
}

fn step(out: &mut String, echo: &str, o: &Output, with_code: bool) {
    out.push_str(echo);
    out.push('\n');
    body(out, o, with_code);
    out.push('\n');
}

fn poll(session: &mut Session, echo: &str, every: Duration, whole: Duration, command: &str, out: &mut String) {
    out.push_str(echo);
    out.push('\n');
    let start = session.cluster.world.now;
    let mut last: Option<Output> = None;
    let mut passed = Duration::ZERO;
    while passed <= whole {
        let at = start + passed;
        let now = session.cluster.world.now;
        session.advance(at.since(now));
        let o = session.eval_now(command);
        if last.as_ref() != Some(&o) {
            out.push_str(&format!("> {:.1}s\n", passed.as_secs_f64()));
            body(out, &o, true);
            last = Some(o);
        }
        passed += every.max(Duration::from_millis(10));
    }
    out.push('\n');
}
