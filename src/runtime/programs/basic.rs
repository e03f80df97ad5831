//! Small programs that need nothing but their words.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Call, Printing, Start, echo as echoing, find, printf as formatting, replace, which};
use crate::runtime::kernel::tree::name;
use crate::runtime::kernel::{Program, Step, Sys};
use crate::runtime::shell;

pub fn test(c: &mut Call<'_, '_>) -> i32 {
    let mut args = c.args().to_vec();
    if c.name() == "[" && args.pop().is_none_or(|last| last != "]") {
        c.err.extend(b"[: missing ]\n");
        return 2;
    }
    match shell::evaluate_test(&args, c.sys) {
        Ok(r) => i32::from(!r),
        Err(e) => {
            c.complain(e);
            2
        }
    }
}

pub fn basename(c: &mut Call<'_, '_>) -> i32 {
    let args = c.args();
    let Some(path) = args.first() else {
        c.complain("missing operand");
        return 1;
    };
    let trimmed = path.trim_end_matches('/');
    let base = if trimmed.is_empty() && !path.is_empty() { "/" } else { name(trimmed) };
    let short = args.get(1).and_then(|s| base.strip_suffix(s.as_str())).filter(|s| !s.is_empty());
    let text = short.unwrap_or(base).to_string();
    c.line(text);
    0
}

pub fn dirname(c: &mut Call<'_, '_>) -> i32 {
    let Some(path) = c.args().first() else {
        c.complain("missing operand");
        return 1;
    };
    let trimmed = path.trim_end_matches('/');
    let dir = match trimmed.rfind('/') {
        None if trimmed.is_empty() && !path.is_empty() => "/",
        None => ".",
        Some(i) => match trimmed[..i].trim_end_matches('/') {
            "" => "/",
            d => d,
        },
    };
    let dir = dir.to_string();
    c.line(dir);
    0
}

pub fn echo(c: &mut Call<'_, '_>) -> i32 {
    c.out = echoing::echo(c.args(), echoing::Style::Options);
    0
}

pub fn printf(c: &mut Call<'_, '_>) -> i32 {
    let Some(format) = c.args().first().cloned() else {
        c.complain("usage: printf FORMAT [ARG]...");
        return 1;
    };
    let done = formatting::format(&format, &c.args()[1..]);
    c.out = done.out;
    done.errors.iter().for_each(|e| c.complain(e));
    i32::from(!done.errors.is_empty())
}

pub fn pwd(c: &mut Call<'_, '_>) -> i32 {
    let cwd = c.sys.cwd();
    c.line(&*cwd);
    0
}

pub fn hostname(c: &mut Call<'_, '_>) -> i32 {
    let text = match c.args().first().map(String::as_str) {
        None => c.sys.hostname(),
        Some("-i" | "-I") => c.sys.machine.address.map(|a| a.to_string()).unwrap_or_default(),
        Some("-s") => c.sys.hostname().split('.').next().unwrap_or_default().into(),
        Some("-f" | "-d") => c.sys.hostname(),
        Some(other) if other.starts_with('-') => {
            c.complain(format!("invalid option -- '{}'", &other[1..]));
            return 1;
        }
        Some(_) => {
            c.complain("sethostname: Operation not permitted");
            return 1;
        }
    };
    c.line(text);
    0
}

pub fn uname(c: &mut Call<'_, '_>) -> i32 {
    let host = c.sys.hostname();
    let all = [('s', "Linux"), ('n', &host), ('r', "6.6.0"), ('v', "#1 SMP"), ('m', "x86_64"), ('o', "Linux")];
    let letters: String = c.args().iter().filter_map(|a| a.strip_prefix('-')).collect();
    let wanted = |l: char| letters.contains('a') || letters.contains(l) || (letters.is_empty() && l == 's');
    let text: Vec<&str> = all.iter().filter(|(l, _)| wanted(*l)).map(|(_, t)| *t).collect();
    c.line(text.join(" "));
    0
}

fn variables(env: &BTreeMap<String, String>) -> String {
    env.iter().map(|(k, v)| format!("{k}={v}\n")).collect()
}

pub fn printenv(c: &mut Call<'_, '_>) -> i32 {
    let env = c.sys.env();
    if c.args().is_empty() {
        c.out = variables(&env).into_bytes();
        return 0;
    }
    let mut code = 0;
    for name in c.args().to_vec() {
        match env.get(&name) {
            Some(v) => c.line(v),
            None => code = 1,
        }
    }
    code
}

/// `env [-i] [-u NAME] [NAME=VALUE]… [PROGRAM …]`
#[derive(Clone)]
struct Env {
    env: Arc<BTreeMap<String, String>>,
    words: Vec<String>,
}

impl Program for Env {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        become_or_fail(&self.words, &self.env, "env", sys)
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}

/// Another program takes this one's place, or it is said why not.
pub fn become_or_fail(words: &[String], env: &Arc<BTreeMap<String, String>>, name: &str, sys: &mut Sys<'_>) -> Step {
    match replace(words, env, sys) {
        Ok(step) => step,
        Err((text, code)) => {
            let text = format!("{name}: {text}\n");
            Step::Become(
                Box::new(Printing::error(text, code)),
                sys.words(),
                crate::runtime::kernel::Environment::Own(env.clone()),
            )
        }
    }
}

pub fn env(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let mut env = (**s.env).clone();
    let mut words = s.words[1..].iter().peekable();
    while let Some(w) = words.peek() {
        match w.as_str() {
            "-i" | "-" => env.clear(),
            "-u" => {
                words.next();
                if let Some(name) = words.peek() {
                    env.remove(*name);
                }
            }
            w => match w.split_once('=') {
                Some((k, v)) => drop(env.insert(k.into(), v.into())),
                None => break,
            },
        }
        words.next();
    }
    let words: Vec<String> = words.cloned().collect();
    if words.is_empty() {
        return Box::new(Printing { out: variables(&env).into_bytes(), err: vec![], code: 0 });
    }
    Box::new(Env { env: Arc::new(env), words })
}

pub fn seq(c: &mut Call<'_, '_>) -> i32 {
    const MOST: usize = 1_000_000;
    let (mut separator, mut width, mut numbers) = ("\n".to_string(), false, vec![]);
    let mut args = c.args().iter();
    while let Some(a) = args.next() {
        match a.as_str() {
            "-w" => width = true,
            "-s" => separator = args.next().cloned().unwrap_or_default(),
            s if s.starts_with("-s") => separator = s[2..].into(),
            n => numbers.push(n.to_string()),
        }
    }
    let parsed: Option<Vec<f64>> = numbers.iter().map(|n| n.parse().ok()).collect();
    let (first, step, last) = match parsed.as_deref() {
        Some([l]) => (1.0, 1.0, *l),
        Some([f, l]) => (*f, 1.0, *l),
        Some([f, s, l]) if *s != 0.0 => (*f, *s, *l),
        _ => {
            let text = format!(
                "invalid number '{}'",
                numbers.iter().find(|n| n.parse::<f64>().is_err()).cloned().unwrap_or_default()
            );
            c.complain(text);
            return 1;
        }
    };
    let places = |n: &String| n.split_once('.').map_or(0, |(_, f)| f.len());
    let places = numbers.iter().map(places).max().unwrap_or(0);
    let widest = numbers.iter().map(String::len).max().unwrap_or(0);
    let mut shown = vec![];
    for i in 0..MOST {
        #[allow(clippy::cast_precision_loss, reason = "a count of lines")]
        let n = first + step * i as f64;
        if (step > 0.0 && n > last + 1e-9) || (step < 0.0 && n < last - 1e-9) {
            break;
        }
        shown.push(if width { format!("{n:0widest$.places$}") } else { format!("{n:.places$}") });
    }
    if !shown.is_empty() {
        c.line(shown.join(&separator));
    }
    0
}

pub fn which_program(c: &mut Call<'_, '_>) -> i32 {
    let path = c.sys.variable("PATH").unwrap_or_default();
    let mut code = 0;
    for n in c.args().to_vec() {
        match which(&n, &path, c.sys) {
            Ok(p) => c.line(p),
            Err(_) => code = 1,
        }
    }
    code
}

/// One program that is many: the name comes as its first word.
pub fn busybox(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let Some(applet) = s.words.get(1) else {
        let names: Vec<&str> = super::TABLE.iter().filter(|e| e.busybox).map(|e| e.name).collect();
        let text = format!(
            "BusyBox v1.36.1 multi-call binary.\n\nUsage: busybox [function [arguments]...]\n\nCurrently defined functions:\n\t{}\n",
            names.join(", ")
        );
        return Box::new(Printing { out: text.into_bytes(), err: vec![], code: 0 });
    };
    if applet == "--list" {
        let names: String = super::TABLE.iter().filter(|e| e.busybox).map(|e| format!("{}\n", e.name)).collect();
        return Box::new(Printing { out: names.into_bytes(), err: vec![], code: 0 });
    }
    match find(applet).filter(|e| e.busybox && e.name != "busybox") {
        Some(e) => Box::new(Applet { name: e.name, words: s.words[1..].into(), env: s.env.clone() }),
        None => Box::new(Printing::error(format!("{applet}: applet not found\n"), 127)),
    }
}

#[derive(Clone)]
struct Applet {
    name: &'static str,
    words: Arc<[String]>,
    env: Arc<BTreeMap<String, String>>,
}

impl Program for Applet {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let Some(e) = find(self.name) else { return Step::Exit(127) };
        let program = super::begin(e, &mut Start { words: &self.words, env: &self.env, sys });
        Step::Become(program, self.words.clone(), crate::runtime::kernel::Environment::Own(self.env.clone()))
    }
    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
