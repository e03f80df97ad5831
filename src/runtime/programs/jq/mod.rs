//! `jq`, by the crates of jaq, with jq's own words.
//!
//! Start with [`jq`]: options, then [`input`] takes the texts apart, [`filter`] makes a filter of the program and runs it, [`print`]
//! writes what comes out. Where jaq differs from jq, `prelude.jq`, [`natives`] and [`filter`] set it right; [`errors`] says what went wrong as jq says it.
//!
//! Deliberately absent: modules, colors, `--stream`.

mod errors;
mod filter;
mod input;
mod natives;
mod print;

use std::collections::BTreeMap;

use jaq_json::Val;

use super::Call;
use crate::runtime::kernel::Errno;
use filter::{Ended, Given};
use print::Layout;

#[derive(Default)]
struct Options {
    layout: Layout,
    raw: bool,
    joined: bool,
    null_input: bool,
    raw_input: bool,
    slurp: bool,
    by_status: bool,
    program: Option<String>,
    from_file: Option<String>,
    files: Vec<String>,
    named: Vec<(String, Val)>,
    positional: Vec<Val>,
}

/// What ends it before it begins: what is said, and the code.
type Refused = (String, i32);

const USAGE: &str = "Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://jqlang.github.io/jq\n";
const SUMMARY: &str = "Usage:\tjq [OPTIONS] FILTER [FILES...]\n\tjq [OPTIONS] --args FILTER [ARGUMENTS...]\n\tjq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]\n\njq is a tool for processing JSON inputs, applying the given filter to\nits JSON text inputs and producing the filter's results as JSON on\nstandard output.\n";

/// Where the words after the program go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Files,
    Texts,
    Values,
}

fn options(c: &mut Call<'_, '_>) -> Result<Options, Refused> {
    let mut o = Options::default();
    let words = c.args().to_vec();
    let mut left = words.iter();
    let (mut rest, mut ended) = (Rest::Files, false);
    while let Some(w) = left.next() {
        if ended || !w.starts_with('-') || w == "-" {
            plain(&mut o, w, rest)?;
            continue;
        }
        let Some(long) = w.strip_prefix("--") else {
            for letter in w[1..].chars() {
                match letter {
                    'r' => o.raw = true,
                    'j' => (o.raw, o.joined) = (true, true),
                    'a' => o.layout.ascii = true,
                    'c' => o.layout.indent = None,
                    'n' => o.null_input = true,
                    'e' => o.by_status = true,
                    's' => o.slurp = true,
                    'S' => o.layout.sorted = true,
                    'R' => o.raw_input = true,
                    'M' | 'C' => {}
                    'f' => o.from_file = Some(String::new()),
                    'h' => return Err((SUMMARY.into(), 0)),
                    'V' => return Err(("jq-1.7.1\n".into(), 0)),
                    _ => return Err((format!("jq: Unknown option: {w}\n{USAGE}"), 2)),
                }
            }
            continue;
        };
        let mut two = |what: &str| match (left.next(), left.next()) {
            (Some(a), Some(b)) => Ok((a.clone(), b.clone())),
            _ => Err((format!("jq: --{long} takes two parameters (e.g. --{long} {what})\n{USAGE}"), 2)),
        };
        match long {
            "" => ended = true,
            "raw-output" => o.raw = true,
            "join-output" => (o.raw, o.joined) = (true, true),
            "ascii-output" => o.layout.ascii = true,
            "compact-output" => o.layout.indent = None,
            "null-input" => o.null_input = true,
            "exit-status" => o.by_status = true,
            "slurp" => o.slurp = true,
            "sort-keys" => o.layout.sorted = true,
            "raw-input" => o.raw_input = true,
            "monochrome-output" | "color-output" | "unbuffered" => {}
            "tab" => o.layout.indent = Some("\t".into()),
            "from-file" => o.from_file = Some(String::new()),
            "help" => return Err((SUMMARY.into(), 0)),
            "version" => return Err(("jq-1.7.1\n".into(), 0)),
            "args" => rest = Rest::Texts,
            "jsonargs" => rest = Rest::Values,
            "indent" => {
                let Some(n) = left.next() else {
                    return Err((format!("jq: --indent takes one parameter\n{USAGE}"), 2));
                };
                o.layout.indent = match n.parse::<i64>().unwrap_or(0) {
                    0 => None,
                    n if n < 0 => return Err((format!("jq: Cannot indent less than zero\n{USAGE}"), 2)),
                    n if n > 7 => return Err((format!("jq: Cannot indent more than 7 characters\n{USAGE}"), 2)),
                    n => Some(" ".repeat(usize::try_from(n).unwrap_or(2))),
                };
            }
            "arg" => {
                let (name, value) = two("name value")?;
                o.named.push((name, Val::from(value)));
            }
            "argjson" => {
                let (name, text) = two("name text")?;
                let wrong = || (format!("jq: Invalid JSON text passed to --argjson\n{USAGE}"), 2);
                o.named.push((name, input::single(text.as_bytes()).ok_or_else(wrong)?));
            }
            "slurpfile" | "rawfile" => {
                let (name, file) = two("name filename")?;
                let content = c.read(&file).map_err(|e| {
                    (format!("jq: Bad JSON in --{long} {name} {file}: Could not open {file}: {}\n", e.text()), 2)
                })?;
                let value = match long {
                    "rawfile" => Val::from(String::from_utf8_lossy(&content).into_owned()),
                    _ => {
                        let all = input::values(&content, 0).into_iter().map(|i| i.value).collect::<Result<Val, _>>();
                        all.map_err(|e| (format!("jq: Bad JSON in --{long} {name} {file}: {e}\n"), 2))?
                    }
                };
                o.named.push((name, value));
            }
            _ => return Err((format!("jq: Unknown option: {w}\n{USAGE}"), 2)),
        }
    }
    Ok(o)
}

fn plain(o: &mut Options, word: &str, rest: Rest) -> Result<(), Refused> {
    if o.from_file.as_deref() == Some("") {
        o.from_file = Some(word.into());
    } else if o.program.is_none() && o.from_file.is_none() {
        o.program = Some(word.into());
    } else {
        match rest {
            Rest::Files => o.files.push(word.into()),
            Rest::Texts => o.positional.push(Val::from(word.to_string())),
            Rest::Values => {
                let wrong = || (format!("jq: Invalid JSON text passed to --jsonargs\n{USAGE}"), 2);
                o.positional.push(input::single(word.as_bytes()).ok_or_else(wrong)?);
            }
        }
    }
    Ok(())
}

pub fn jq(c: &mut Call<'_, '_>) -> i32 {
    match run(c) {
        Ok(code) => code,
        Err((text, 0)) => {
            c.out.extend(text.bytes());
            0
        }
        Err((text, code)) => {
            c.err.extend(text.bytes());
            code
        }
    }
}

fn run(c: &mut Call<'_, '_>) -> Result<i32, Refused> {
    let mut o = options(c)?;
    if let Some(file) = &o.from_file {
        let content = c.read(file).map_err(|e| (format!("jq: error: Could not open {file}: {}\n", e.text()), 2))?;
        o.program = Some(String::from_utf8_lossy(&content).into_owned());
    }
    let program = match o.program.clone() {
        Some(p) => p,
        None if c.args().is_empty() && !c.sys.is_terminal(0) => ".".into(),
        None => return Err((format!("{SUMMARY}\n{USAGE}"), 2)),
    };
    let mut code = 0;
    let inputs = match gather(c, &o, &mut code) {
        Some(inputs) => inputs,
        // The standard input has not come yet.
        None => return Ok(0),
    };
    let text = |t: &str| Val::from(t.to_string());
    let env: Val = Val::obj(c.sys.env().iter().map(|(k, v)| (text(k), text(v))).collect());
    let mut named: BTreeMap<String, Val> = BTreeMap::new();
    for (name, value) in &o.named {
        named.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let all = named.iter().map(|(k, v)| (text(k), v.clone())).collect();
    let arguments = [(text("positional"), o.positional.iter().cloned().collect()), (text("named"), Val::obj(all))];
    named.insert("ENV".into(), env.clone());
    named.insert("ARGS".into(), Val::obj(arguments.into_iter().collect()));
    let now = c.sys.now.unix_seconds_and_nanos();
    let given = Given {
        program: &program,
        variables: named.into_iter().collect(),
        now: now.0 as f64,
        env,
        null_input: o.null_input,
    };
    let mut last: Option<bool> = None;
    let (mut out, mut err) = (vec![], vec![]);
    let ended = filter::run(given, inputs, &mut err, &mut |v: &Val| {
        match v {
            Val::TStr(s) if o.raw => out.extend(s.iter()),
            v => print::value(&mut out, v, &o.layout),
        }
        if !o.joined {
            out.push(b'\n');
        }
        last = Some(!matches!(v, Val::Null | Val::Bool(false)));
    });
    c.out.extend(out);
    c.err.extend(err);
    Ok(match (ended, last) {
        (Ended::Refused(text), _) => return Err((text, 3)),
        (Ended::Halted(code), _) => code,
        (Ended::Broken(failed), _) if failed != 0 => failed,
        (_, None) if o.by_status => 4,
        (_, Some(false)) if o.by_status => 1,
        _ => code,
    })
}

/// All of the inputs. `None`: some have not come yet.
fn gather(c: &mut Call<'_, '_>, o: &Options, code: &mut i32) -> Option<Vec<input::Item>> {
    let mut content = vec![];
    // With no use for it, nobody waits for the standard input.
    let asked = !o.null_input || o.program.as_deref().is_some_and(|p| p.contains("input")) || o.from_file.is_some();
    if o.files.is_empty() && asked {
        match c.read("-") {
            Ok(all) => content.extend(all.iter()),
            Err(Errno::Again) => return None,
            Err(_) => {}
        }
    }
    for file in &o.files {
        match c.read(file) {
            Ok(all) => content.extend(all.iter()),
            Err(Errno::Again) => return None,
            Err(e) => {
                c.err.extend(format!("jq: error: Could not open {file}: {}\n", e.text()).bytes());
                *code = 2;
            }
        }
    }
    let lines = content.iter().filter(|b| **b == b'\n').count();
    let text = |t: &[u8]| Val::from(String::from_utf8_lossy(t).into_owned());
    let mut items = match (o.raw_input, o.slurp) {
        (true, true) => return Some(vec![input::Item { value: Ok(text(&content)), line: lines }]),
        (true, false) => {
            let rows = content.split_inclusive(|b| *b == b'\n').enumerate();
            let row = |(i, r): (usize, &[u8])| input::Item {
                value: Ok(text(r.strip_suffix(b"\n").unwrap_or(r))),
                line: i + usize::from(r.ends_with(b"\n")),
            };
            rows.map(row).collect()
        }
        _ => input::values(&content, 0),
    };
    if o.slurp {
        let mut all = vec![];
        let mut wrong = None;
        for item in items {
            match item.value {
                Ok(v) => all.push(v),
                Err(e) => wrong = Some(e),
            }
        }
        let value = wrong.map_or_else(|| Ok(all.into_iter().collect()), Err);
        items = vec![input::Item { value, line: lines }];
    }
    Some(items)
}
