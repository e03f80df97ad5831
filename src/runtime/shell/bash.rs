//! What bash does itself and other shells do not.

use super::arithmetic;
use super::builtins::{Ran, Waiting};
use super::run::Frame;
use super::simple::is_name;
use super::state::{Elements, Shell, Variable};
use crate::runtime::kernel::{Read, STDIN, Step, Sys, Wait};

/// `declare`, `typeset`, and `local` with options.
pub fn declare(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let is_option = |w: &&String| w.len() > 1 && w.starts_with(['-', '+']);
    let letters: String = words[1..].iter().take_while(is_option).map(|w| w.trim_start_matches(['-', '+'])).collect();
    let names: Vec<&String> = words[1..].iter().skip_while(is_option).collect();
    if letters.contains('p') || names.is_empty() {
        return shown(sh, &names, sys);
    }
    if letters.contains('f') || letters.contains('F') {
        return Ran::Done(i32::from(!names.iter().all(|n| sh.functions.contains_key(*n))));
    }
    for w in names {
        let (name, value) = w.split_once('=').map_or((w.as_str(), None), |(n, v)| (n, Some(v)));
        if !is_name(name) {
            sh.complain(&format!("{}: `{w}': not a valid identifier", words[0]), sys);
            return Ran::Done(1);
        }
        // In a function, what is declared belongs to it.
        if !letters.contains('g') && sh.make_local(name) && value.is_none() && words[0] == "local" {
            sh.vars.remove(name);
        }
        if letters.contains('A') || letters.contains('a') {
            sh.declare_array(name, letters.contains('A'));
        }
        if let Some(v) = value {
            let v = match (letters.contains('i'), letters.contains('u'), letters.contains('l')) {
                (true, ..) => arithmetic::evaluate(sh, v).unwrap_or_default().to_string(),
                (_, true, _) => v.to_uppercase(),
                (_, _, true) => v.to_lowercase(),
                _ => v.to_string(),
            };
            if let Err(e) = sh.set(name, v) {
                sh.complain(&e, sys);
                return Ran::Done(1);
            }
        }
        let v = sh.vars.entry(name.into()).or_default();
        v.exported |= letters.contains('x');
        v.read_only |= letters.contains('r');
    }
    Ran::Done(0)
}

fn quoted(v: &str) -> String {
    format!("\"{}\"", v.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

fn line(name: &str, v: &Variable) -> String {
    let mut letters = String::new();
    if let Some(e) = &v.elements {
        letters.push(if e.named { 'A' } else { 'a' });
    }
    letters.extend(v.read_only.then_some('r'));
    letters.extend(v.exported.then_some('x'));
    if letters.is_empty() {
        letters.push('-');
    }
    let value = match (&v.elements, &v.value) {
        (Some(e), _) => {
            let key = |(n, name): &(u64, String)| if e.named { name.clone() } else { n.to_string() };
            let all: Vec<String> = e.all.iter().map(|(k, v)| format!("[{}]={}", key(k), quoted(v))).collect();
            format!("=({})", all.join(" "))
        }
        (None, Some(v)) => format!("={}", quoted(v)),
        _ => String::new(),
    };
    format!("declare -{letters} {name}{value}\n")
}

fn shown(sh: &mut Shell, names: &[&String], sys: &mut Sys<'_>) -> Ran {
    let mut code = 0;
    let wanted: Vec<String> =
        if names.is_empty() { sh.vars.keys().cloned().collect() } else { names.iter().map(|n| (*n).clone()).collect() };
    for n in wanted {
        match sh.vars.get(&n).map(|v| line(&n, v)) {
            Some(text) => drop(sh.print(1, text.as_bytes(), sys)),
            None => {
                sh.complain(&format!("declare: {n}: not found"), sys);
                code = 1;
            }
        }
    }
    Ran::Done(code)
}

/// `unset a[1]`
pub fn unset_element(sh: &mut Shell, text: &str) {
    let Some((name, index)) = text.trim_end_matches(']').split_once('[') else { return };
    let key = match sh.has_names(name) {
        true => (0, index.to_string()),
        false => (
            arithmetic::evaluate(sh, index).ok().and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX),
            String::new(),
        ),
    };
    let _ = sh.change_array(name, |e| drop(e.all.remove(&key)));
}

/// `read -a`
pub fn give_array(sh: &mut Shell, name: &str, text: &str) {
    let separators = sh.get("IFS").unwrap_or_else(|| " \t\n".into());
    let only_blanks = separators.chars().all(char::is_whitespace);
    let words = text.split(|c| separators.contains(c)).filter(|w| !only_blanks || !w.is_empty());
    put(sh, name, words.map(String::from).collect());
}

fn put(sh: &mut Shell, name: &str, values: Vec<String>) {
    let all = values.into_iter().enumerate().map(|(i, v)| ((i as u64, String::new()), v)).collect();
    let _ = sh.change_array(name, |e| *e = Elements { named: false, all });
}

/// `mapfile -t lines`
pub fn mapfile(_: &mut Shell, words: &[String], _: &mut Sys<'_>) -> Ran {
    let array = words[1..].iter().find(|w| !w.starts_with('-')).cloned().unwrap_or_else(|| "MAPFILE".into());
    let keeps_ends = !words.iter().any(|w| w == "-t");
    Ran::Wait(Waiting::Lines { array, keeps_ends, data: vec![] })
}

/// What is read at most.
const MOST_BYTES: usize = 8 << 20;

pub fn go_on_reading(
    sh: &mut Shell,
    array: String,
    keeps_ends: bool,
    mut data: Vec<u8>,
    sys: &mut Sys<'_>,
) -> Option<Step> {
    loop {
        match sys.read(STDIN, 65_536) {
            Ok(Read::Data(d)) if data.len() < MOST_BYTES => data.extend(d),
            Ok(Read::Empty) => {
                sh.frames.push(Frame::Builtin(Waiting::Lines { array, keeps_ends, data }));
                return Some(Step::Wait(Wait::readable(STDIN)));
            }
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&data).into_owned();
    let lines = text.split_inclusive('\n').map(|l| if keeps_ends { l } else { l.trim_end_matches('\n') });
    put(sh, &array, lines.map(String::from).collect());
    sh.status = 0;
    None
}
