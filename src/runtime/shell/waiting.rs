//! Builtins that wait: `read` and `wait`, and how they go on.

use super::bash;
use super::builtins::{Ran, Waiting, wrong};
use super::input::read_line;
use super::run::Frame;
use super::simple::is_name;
use super::state::{Flavor, Shell};
use crate::api::Duration;
use crate::runtime::kernel::{Read, STDIN, Step, Sys, Wait};

pub(super) fn read(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let (mut raw, mut most, mut until, mut i, mut into) = (false, None, None, 1, None);
    while let Some(w) = words.get(i).filter(|w| w.len() > 1 && w.starts_with('-')) {
        i += 1;
        if w == "--" {
            break;
        }
        for (at, c) in w[1..].char_indices() {
            if "rs".contains(c) {
                raw |= c == 'r';
                continue;
            }
            let rest = &w[1 + at + c.len_utf8()..];
            let value = if rest.is_empty() { words.get(i).cloned().unwrap_or_default() } else { rest.to_string() };
            i += usize::from(rest.is_empty());
            match c {
                'p' if sys.is_terminal(STDIN) => drop(sh.print(2, value.as_bytes(), sys)),
                'p' | 'd' | 'u' => {}
                'n' | 'N' => most = value.parse().ok(),
                'a' if sh.flavor == Flavor::Bash => into = Some(value),
                't' => {
                    let seconds: f64 = value.parse().unwrap_or_default();
                    until = Duration::try_from_secs_f64(seconds).ok().map(|d| sys.now + d);
                }
                _ => return wrong(sh, &format!("read: Illegal option -{c}"), sys),
            }
            break;
        }
    }
    let array = into.is_some();
    let variables: Vec<String> = match into {
        Some(name) => vec![name],
        None => words[i.min(words.len())..].to_vec(),
    };
    if let Some(bad) = variables.iter().find(|v| !is_name(v)) {
        return wrong(sh, &format!("read: {bad}: bad variable name"), sys);
    }
    let variables = match (variables.is_empty(), sh.flavor) {
        (true, Flavor::Dash) => return wrong(sh, "read: arg count", sys),
        (true, _) => vec!["REPLY".into()],
        _ => variables,
    };
    Ran::Wait(Waiting::Read { variables, raw, most, until, data: vec![], array })
}

pub(super) fn wait(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut all = vec![];
    for w in &words[1..] {
        let found =
            w.parse::<u32>().ok().and_then(|n| sh.numbers.iter().rev().find(|(_, m)| *m == n)).map(|(id, _)| *id);
        match found {
            Some(id) => all.push(id),
            None if w.parse::<u32>().is_err() => return wrong(sh, &format!("wait: Illegal number: {w}"), sys),
            // Not one of its own.
            None => return Ran::Done(127),
        }
    }
    let report = all.last().copied();
    if words.len() == 1 {
        all = std::mem::take(&mut sh.background);
    }
    sh.status = 0;
    Ran::Wait(Waiting::Processes { all, report })
}

/// Goes on with a builtin that waited.
pub fn go_on(sh: &mut Shell, waiting: Waiting, sys: &mut Sys<'_>) -> Option<Step> {
    match waiting {
        Waiting::Processes { mut all, report } => {
            all.retain(|id| match sys.reap(Some(*id)) {
                Some((_, code)) => {
                    if Some(*id) == report {
                        sh.status = code;
                    }
                    sh.background.retain(|b| b != id);
                    false
                }
                None => sys.has_child(*id),
            });
            if all.is_empty() {
                return None;
            }
            sh.frames.push(Frame::Builtin(Waiting::Processes { all, report }));
            Some(Step::Wait(Wait::child()))
        }
        Waiting::Lines { array, keeps_ends, data } => bash::go_on_reading(sh, array, keeps_ends, data, sys),
        Waiting::Read { variables, raw, most, until, mut data, array } => {
            let enough = |d: &[u8]| most.is_some_and(|m| d.len() >= m);
            let mut ended = None;
            while ended.is_none() && !enough(&data) {
                let got = match most {
                    Some(_) => match sys.read(STDIN, 1) {
                        Ok(Read::Data(d)) if d != b"\n" => {
                            data.extend(d);
                            continue;
                        }
                        Ok(Read::Data(_)) => Ok(true),
                        Ok(other) => Err(other),
                        Err(_) => Err(Read::End),
                    },
                    None => read_line(STDIN, &mut data, sys),
                };
                match got {
                    Ok(_) if !raw && data.ends_with(b"\\\n") => data.truncate(data.len() - 2),
                    Ok(_) => ended = Some(0),
                    Err(Read::Empty) if until.is_none_or(|t| sys.now < t) => {
                        sh.frames.push(Frame::Builtin(Waiting::Read { variables, raw, most, until, data, array }));
                        return Some(Step::Wait(Wait::readable(STDIN).or_until(until)));
                    }
                    Err(_) => ended = Some(1),
                }
            }
            let text = String::from_utf8_lossy(&data).trim_end_matches('\n').to_string();
            if array {
                bash::give_array(sh, &variables[0], &text);
            } else {
                give(sh, &variables, &text, raw);
            }
            sh.status = ended.unwrap_or(0);
            None
        }
    }
}

/// Parts a line among variables; the last one takes the rest.
fn give(sh: &mut Shell, variables: &[String], line: &str, raw: bool) {
    let separators = sh.get("IFS").unwrap_or_else(|| " \t\n".into());
    let mut chars: Vec<(char, bool)> = vec![];
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if !raw => chars.extend(rest.next().map(|c| (c, true))),
            c => chars.push((c, false)),
        }
    }
    let white = |(c, q): &(char, bool)| !q && c.is_whitespace() && separators.contains(*c);
    let parts = |(c, q): &(char, bool)| !q && separators.contains(*c);
    let text = |part: &[(char, bool)]| part.iter().map(|(c, _)| *c).collect::<String>();
    let mut at = chars.iter().take_while(|c| white(c)).count();
    for (i, name) in variables.iter().enumerate() {
        let value = if i + 1 == variables.len() {
            let mut end = chars.len();
            while end > at && white(&chars[end - 1]) {
                end -= 1;
            }
            // One field alone loses the separator that ends it.
            let fields = chars[at..end].iter().filter(|c| parts(c) && !white(c)).count();
            if fields == 1 && end > at && parts(&chars[end - 1]) {
                end -= 1;
            }
            text(&chars[at..end])
        } else {
            let end = (at..chars.len()).find(|i| parts(&chars[*i])).unwrap_or(chars.len());
            let v = text(&chars[at..end]);
            at = end;
            while at < chars.len() && white(&chars[at]) {
                at += 1;
            }
            if at < chars.len() && parts(&chars[at]) && (at == end || white(&chars[end])) && !white(&chars[at]) {
                at += 1;
                while at < chars.len() && white(&chars[at]) {
                    at += 1;
                }
            }
            v
        };
        let _ = sh.set(name, value);
    }
}
