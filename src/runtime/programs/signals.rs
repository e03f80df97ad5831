//! `kill`.

use super::Call;
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

pub fn kill_program(c: &mut Call<'_, '_>) -> i32 {
    let (out, errors, code) = kill(&c.args().to_vec(), c.sys);
    c.out.extend(out.as_bytes());
    errors.iter().for_each(|e| c.complain(e));
    code
}
