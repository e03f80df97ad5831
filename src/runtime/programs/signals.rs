//! `kill`, and its like that go by names: `pidof`, `pgrep`, `pkill`, `killall`.

use super::Call;
use super::options::Options;
use super::regex::{Matcher, Syntax};
use crate::runtime::kernel::tree::name;
use crate::runtime::kernel::{Signal, Sys};

/// Sends signals: what is printed, what is complained of, and the exit code.
pub fn kill(args: &[String], sys: &mut Sys<'_>) -> (String, Vec<String>, i32) {
    let (mut signal, mut rest) = (Signal::TERM, args);
    match args.first().map(String::as_str) {
        Some("-l") => {
            let one = |a: &String| {
                a.parse::<i32>()
                    .ok()
                    .map(|n| Signal(n & 0x7f).name())
                    .or_else(|| Signal::parse(a).map(|s| s.0.to_string()))
            };
            let text: String = match args.len() {
                1 => Signal::NAMES.iter().map(|(n, i)| format!("{i:>2}) {n}\n")).collect(),
                _ => args[1..].iter().filter_map(one).map(|n| n + "\n").collect(),
            };
            return (text, vec![], 0);
        }
        Some("-s") => {
            let Some(s) = args.get(1).and_then(|s| Signal::parse(s)) else {
                return (String::new(), vec!["bad signal name".into()], 1);
            };
            (signal, rest) = (s, &args[2..]);
        }
        Some("--") => rest = &args[1..],
        Some(a) if a.len() > 1 && a.starts_with('-') => {
            let Some(s) = Signal::parse(&a[1..]) else {
                return (String::new(), vec![format!("bad signal name '{}'", &a[1..])], 1);
            };
            (signal, rest) = (s, &args[1..]);
        }
        _ => {}
    }
    if rest.first().is_some_and(|a| a == "--") {
        rest = &rest[1..];
    }
    if rest.is_empty() {
        return (String::new(), vec!["you need to specify whom to kill".into()], 1);
    }
    let mut errors = vec![];
    for a in rest {
        let Ok(pid) = a.parse::<i64>() else {
            errors.push(format!("invalid number '{a}'"));
            continue;
        };
        let targets = match u32::try_from(pid) {
            // All that one sees but oneself and the first.
            Err(_) if pid == -1 => {
                sys.processes().iter().map(|p| p.pid).filter(|p| *p > 1 && *p != sys.pid()).collect()
            }
            Err(_) => vec![u32::try_from(pid.unsigned_abs()).unwrap_or_default()],
            Ok(0) => vec![sys.pid()],
            Ok(pid) => vec![pid],
        };
        for pid in targets {
            if let Err(e) = sys.kill(pid, signal) {
                errors.push(format!("can't kill pid {a}: {}", e.text()));
            }
        }
    }
    let code = i32::from(!errors.is_empty());
    (String::new(), errors, code)
}

/// Processes of a name, or with a text in their words.
fn named(pattern: &str, whole_line: bool, exact: bool, sys: &Sys<'_>) -> Vec<(u32, String)> {
    let m = Matcher::new(pattern, Syntax::Extended, false).ok();
    let own = sys.pid();
    sys.processes()
        .into_iter()
        .filter(|p| p.pid != own)
        .filter_map(|p| {
            let comm = p.words.first().map(|w| name(w).to_string()).unwrap_or_default();
            let line = p.words.join(" ");
            let text = if whole_line { &line } else { &comm };
            let fits = if exact { text == pattern } else { m.as_ref().is_some_and(|m| m.is_match(text.as_bytes())) };
            fits.then_some((p.pid, if whole_line { line } else { comm }))
        })
        .collect()
}

pub fn pidof(c: &mut Call<'_, '_>) -> i32 {
    let single = c.args().iter().any(|a| a == "-s");
    let names: Vec<String> = c.args().iter().filter(|a| !a.starts_with('-')).cloned().collect();
    let mut pids: Vec<u32> = names.iter().flat_map(|n| named(name(n), false, true, c.sys)).map(|(p, _)| p).collect();
    pids.reverse();
    pids.truncate(if single { 1 } else { usize::MAX });
    if pids.is_empty() {
        return 1;
    }
    let text: Vec<String> = pids.iter().map(u32::to_string).collect();
    c.line(text.join(" "));
    0
}

/// `pgrep` and `pkill`.
pub fn pgrep(c: &mut Call<'_, '_>) -> i32 {
    let kills = c.name() == "pkill";
    let (mut signal, mut words) = (Signal::TERM, vec![c.words[0].clone()]);
    for a in c.args() {
        match a.strip_prefix('-').filter(|_| kills).and_then(Signal::parse) {
            Some(s) => signal = s,
            None => words.push(a.clone()),
        }
    }
    let o = match Options::parse(&words, "flxnovcae", "suP", &[("full", 'f'), ("signal", 's'), ("exact", 'x')]) {
        Ok(o) => o,
        Err(e) => {
            c.err.extend(e.bytes());
            return 2;
        }
    };
    let Some(pattern) = o.rest.first() else {
        c.complain("no matching criteria specified");
        return 2;
    };
    if let Some(s) = o.value('s').and_then(Signal::parse) {
        signal = s;
    }
    let mut found = named(pattern, o.has('f'), o.has('x'), c.sys);
    if o.has('n') || o.has('o') {
        found = if o.has('n') { found.pop() } else { found.into_iter().next() }.into_iter().collect();
    }
    if found.is_empty() {
        return 1;
    }
    if o.has('c') {
        c.line(found.len().to_string());
        return 0;
    }
    for (pid, text) in found {
        if kills {
            let _ = c.sys.kill(pid, signal);
        } else {
            c.line(if o.has('l') || o.has('a') { format!("{pid} {text}") } else { pid.to_string() });
        }
    }
    0
}

pub fn killall(c: &mut Call<'_, '_>) -> i32 {
    let (mut signal, mut quiet, mut names) = (Signal::TERM, false, vec![]);
    let mut args = c.args().to_vec().into_iter();
    while let Some(a) = args.next() {
        match a.strip_prefix('-') {
            Some("q") => quiet = true,
            Some("s") => signal = args.next().and_then(|s| Signal::parse(&s)).unwrap_or(signal),
            Some(s) if Signal::parse(s).is_some() => signal = Signal::parse(s).unwrap_or(signal),
            Some(_) => {}
            None => names.push(a),
        }
    }
    let mut code = 0;
    for n in names {
        let found = named(&n, false, true, c.sys);
        if found.is_empty() {
            if !quiet {
                c.cannot(format!("{n}: no process found"), format!("{n}: no process killed"));
            }
            code = 1;
        }
        for (pid, _) in found {
            let _ = c.sys.kill(pid, signal);
        }
    }
    code
}

pub fn kill_program(c: &mut Call<'_, '_>) -> i32 {
    let (out, errors, code) = kill(c.words.get(1..).unwrap_or_default(), c.sys);
    c.out.extend(out.as_bytes());
    errors.iter().for_each(|e| c.complain(e));
    code
}
