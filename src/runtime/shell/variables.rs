//! Builtins about variables, arguments and options.

use super::bash;
use super::builtins::{Ran, number, say, wrong};
use super::simple::is_name;
use super::state::{Flavor, Options, Shell, Variable};
use crate::runtime::kernel::Sys;

pub(super) fn mark(sh: &mut Shell, words: &[String], mark: fn(&mut Variable), sys: &mut Sys<'_>) -> Ran {
    let is_option =
        |w: &&String| *w == "-p" || (sh.flavor == Flavor::Bash && ["-a", "-A", "-x", "-r"].contains(&w.as_str()));
    let args: Vec<&String> = words[1..].iter().filter(|w| !is_option(w)).collect();
    if args.is_empty() {
        let mut probe = Variable::default();
        mark(&mut probe);
        let shown = |v: &Variable| (probe.exported && v.exported) || (probe.read_only && v.read_only);
        let line = |(k, v): (&String, &Variable)| match &v.value {
            Some(value) => format!("{} {k}='{}'\n", words[0], value.replace('\'', "'\"'\"'")),
            None => format!("{} {k}\n", words[0]),
        };
        let text: String = sh.vars.iter().filter(|(_, v)| shown(v)).map(line).collect();
        return say(sh, &text, sys);
    }
    for a in args {
        let (name, value) = match a.split_once('=') {
            Some((n, v)) => (n, Some(v)),
            None => (a.as_str(), None),
        };
        if !is_name(name) {
            sh.fail(&format!("{}: {name}: bad variable name", words[0]), sys);
            return Ran::Goes;
        }
        if let Some(v) = value
            && let Err(e) = sh.set(name, v)
        {
            sh.fail(&format!("{}: {e}", words[0]), sys);
            return Ran::Goes;
        }
        mark(sh.vars.entry(name.into()).or_default());
    }
    Ran::Done(0)
}

pub(super) fn set(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    if words.len() == 1 {
        let line =
            |(k, v): (&String, &Variable)| Some(format!("{k}='{}'\n", v.value.as_ref()?.replace('\'', "'\"'\"'")));
        let text: String = sh.vars.iter().filter_map(line).collect();
        return say(sh, &text, sys);
    }
    match options(&mut sh.options, &words[1..]) {
        Err(what) => {
            sh.fail(&format!("set: {what}"), sys);
            Ran::Goes
        }
        Ok(Some(args)) => {
            sh.args = args;
            Ran::Done(0)
        }
        Ok(None) => Ran::Done(0),
    }
}

/// Options as `set` and `sh` take them, and the arguments after them, if there are any or `--` says that there are none.
pub fn options(options: &mut Options, words: &[String]) -> Result<Option<Vec<String>>, String> {
    let mut i = 0;
    while let Some(w) = words.get(i) {
        let on = match w.chars().next() {
            _ if w == "--" => return Ok(Some(words[i + 1..].to_vec())),
            Some('-') if w.len() > 1 => true,
            Some('+') if w.len() > 1 => false,
            _ => break,
        };
        i += 1;
        for c in w[1..].chars() {
            if c == 'o' {
                let Some(name) = words.get(i) else { return Ok(None) };
                i += 1;
                *options.named(name).ok_or_else(|| format!("Illegal option {}o {name}", &w[..1]))? = on;
            } else {
                match options.letter(c) {
                    Some(o) => *o = on,
                    // What makes no difference here.
                    None if "bhimIE".contains(c) => {}
                    None => return Err(format!("Illegal option {}{c}", &w[..1])),
                }
            }
        }
    }
    Ok((i < words.len()).then(|| words[i..].to_vec()))
}

pub(super) fn shift(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let n = match words.get(1) {
        None => 1,
        Some(n) => match number(sh, n, "shift", sys) {
            Ok(n) => n,
            Err(r) => return r,
        },
    };
    if n > sh.args.len() {
        return match sh.flavor {
            Flavor::Dash => {
                sh.fail("shift: can't shift that many", sys);
                Ran::Goes
            }
            _ => Ran::Done(1),
        };
    }
    sh.args.drain(..n);
    Ran::Done(0)
}

pub(super) fn unset(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let mut functions = false;
    for w in &words[1..] {
        match w.as_str() {
            "-f" => functions = true,
            "-v" => functions = false,
            name if functions => drop(sh.functions.remove(name)),
            name if sh.vars.get(name).is_some_and(|v| v.read_only) => {
                sh.fail(&format!("unset: {name}: is read only"), sys);
                return Ran::Goes;
            }
            name if name.ends_with(']') && sh.flavor == Flavor::Bash => bash::unset_element(sh, name),
            name => drop(sh.vars.remove(name)),
        }
    }
    Ran::Done(0)
}

pub(super) fn local(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    if sh.flavor == Flavor::Bash && words.get(1).is_some_and(|w| w.starts_with('-')) {
        return bash::declare(sh, words, sys);
    }
    for w in &words[1..] {
        let (name, value) = match w.split_once('=') {
            Some((n, v)) => (n, Some(v)),
            None => (w.as_str(), None),
        };
        if !is_name(name) {
            return wrong(sh, &format!("local: {name}: bad variable name"), sys);
        }
        if !sh.make_local(name) {
            sh.fail("local: not in a function", sys);
            return Ran::Goes;
        }
        match value {
            Some(v) => {
                if let Err(e) = sh.set(name, v) {
                    return wrong(sh, &e, sys);
                }
            }
            // dash goes on to show the outer value; the others begin with none.
            None if sh.flavor != Flavor::Dash => drop(sh.vars.remove(name)),
            None => {}
        }
    }
    Ran::Done(0)
}

pub(super) fn getopts(sh: &mut Shell, words: &[String], sys: &mut Sys<'_>) -> Ran {
    let (Some(letters), Some(variable)) = (words.get(1), words.get(2)) else {
        return wrong(sh, "getopts: Usage: getopts optstring var [arg]", sys);
    };
    let args: Vec<String> = if words.len() > 3 { words[3..].to_vec() } else { sh.args.clone() };
    let index = sh.get("OPTIND").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).max(1);
    let silent = letters.starts_with(':');
    let word = args.get(index - 1).cloned().unwrap_or_default();
    let at = sh.letter.max(1);
    let give = |sh: &mut Shell, value: &str, arg: Option<String>, index: usize, letter: usize| {
        let _ = sh.set(variable, value);
        match arg {
            Some(a) => drop(sh.set("OPTARG", a)),
            None => drop(sh.vars.remove("OPTARG")),
        }
        let _ = sh.set("OPTIND", index.to_string());
        sh.letter = letter;
    };
    if !word.starts_with('-') || word.len() < 2 || word == "--" {
        let index = if word == "--" { index + 1 } else { index };
        give(sh, "?", None, index, 0);
        return Ran::Done(1);
    }
    let letter = word[at..].chars().next().unwrap_or('?');
    let next = at + letter.len_utf8();
    let (after, following) = if next < word.len() { (index, next) } else { (index + 1, 0) };
    let known = letters.find(letter).filter(|_| letter != ':');
    let takes = known.is_some_and(|i| letters[i + letter.len_utf8()..].starts_with(':'));
    match (known, takes) {
        (None, _) => {
            if !silent {
                sh.print(2, format!("Illegal option -{letter}\n").as_bytes(), sys);
            }
            give(sh, "?", silent.then(|| letter.to_string()), after, following);
        }
        (Some(_), false) => give(sh, &letter.to_string(), None, after, following),
        (Some(_), true) if next < word.len() => give(sh, &letter.to_string(), Some(word[next..].into()), index + 1, 0),
        (Some(_), true) => match args.get(index) {
            Some(a) => give(sh, &letter.to_string(), Some(a.clone()), index + 2, 0),
            None => {
                if !silent {
                    sh.print(2, format!("No arg for -{letter} option\n").as_bytes(), sys);
                }
                let (value, arg) = if silent { (":", Some(letter.to_string())) } else { ("?", None) };
                give(sh, value, arg, index + 1, 0);
            }
        },
    }
    Ran::Done(0)
}
