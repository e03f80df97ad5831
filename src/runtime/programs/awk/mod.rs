//! `awk`: patterns and what is done where they fit. [`parser`] reads a program, [`compile`] turns it into steps, [`machine`] takes them:
//! whatever waits (input, commands, a slow reader) is data until it goes on.
//!
//! Simplified: letters are counted, not bytes; the index of `a[i++] += 1` is evaluated twice.

mod arrays;
mod compile;
mod functions;
mod lexer;
mod machine;
mod parser;
mod streams;
mod syntax;
mod values;

use std::sync::Arc;

use super::options::Options;
use super::{Printing, Start};
use crate::runtime::kernel::Program;
use machine::Machine;

/// The number that a text begins with.
pub fn number(text: &str) -> f64 {
    values::leading_number(text).0
}

pub fn awk(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    match made(s) {
        Ok(m) => Box::new(m),
        Err((text, code)) => Box::new(Printing::error(text, code)),
    }
}

/// Options come first: what follows the program is input.
fn parted(words: &[String]) -> (Vec<String>, Vec<String>) {
    let mut i = 1;
    while let Some(w) = words.get(i).filter(|w| w.len() > 1 && w.starts_with('-')) {
        i += 1;
        if w == "--" {
            break;
        }
        if ["-F", "-v", "-f"].contains(&w.as_str()) {
            i += 1;
        }
    }
    let i = i.min(words.len());
    (words[..i].to_vec(), words[i..].to_vec())
}

fn made(s: &mut Start<'_, '_>) -> Result<Machine, (String, i32)> {
    let (options, mut rest) = parted(s.words);
    let o = Options::parse(&options, "", "Fvf", &[("field-separator", 'F'), ("assign", 'v'), ("file", 'f')])
        .map_err(|e| (e, 1))?;
    let mut text = vec![];
    for f in o.values('f') {
        let content = s.sys.read_file(f).map_err(|e| (format!("awk: {f}: {}\n", e.text()), 1))?;
        text.push(String::from_utf8_lossy(&content).into_owned());
    }
    if text.is_empty() {
        if rest.is_empty() {
            return Err(("Usage: awk [-F SEP] [-v VAR=VAL]... [-f FILE | PROGRAM] [FILE]...\n".into(), 1));
        }
        text.push(rest.remove(0));
    }
    let wrong = |e: String| (format!("awk: {e}\n"), 1);
    let program = parser::parse(&text.join("\n")).map_err(wrong)?;
    let code = compile::compile(&program).map_err(wrong)?;
    let mut m = Machine::new(Arc::new(code), s.env, &s.words[0], rest);
    m.gnu = super::tools(s.sys) == super::Tools::Debian;
    if let Some(f) = o.value('F') {
        m.set_special("FS", &lexer::escaped(if f == "t" { "\t" } else { f }));
    }
    for v in o.values('v') {
        let Some((name, value)) = v.split_once('=') else {
            return Err((format!("awk: bad -v assignment '{v}'\n"), 1));
        };
        m.assign(name, &lexer::escaped(value));
    }
    Ok(m)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_program_is_read_or_refused(p in "[a-c0-9{}()\\[\\]$+*/!~<>|&;,=\" \n%^?:-]{0,60}") {
            if let Ok(p) = parser::parse(&p) {
                let _ = compile::compile(&p);
            }
        }
    }

    #[test]
    fn programs_are_read_as_awk_reads_them() {
        for (text, well) in [
            ("{ print $1 }", true),
            ("BEGIN { for (i = 0; i < 3; i++) print i; }", true),
            ("/a/,/b/ { x[$1]++ } END { for (k in x) print k, x[k] | \"sort\" }", true),
            ("function f(a, b) { return a + b }\nBEGIN { print f(1, 2) > \"/dev/stderr\" }", true),
            ("{ while ((getline line < \"f\") > 0) n++ }", true),
            ("$1 ~ /x/ && !($2 in seen) { if (a) b; else c }", true),
            ("BEGIN { \"date\" | getline d; close(\"date\") }", true),
            ("{ print", false),
            ("BEGIN", false),
            ("{ f( }", false),
        ] {
            let done = parser::parse(text).and_then(|p| compile::compile(&p));
            assert_eq!(done.is_ok(), well, "{text}: {:?}", done.err());
        }
    }
}
