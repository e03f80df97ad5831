//! How a shell begins: `sh`, `sh -c TEXT`, `sh FILE`, or commands from its standard input.

use super::{Printing, Start};
use crate::runtime::kernel::tree::name;
use crate::runtime::kernel::{Program, STDIN};
use crate::runtime::programs::Tools;
use crate::runtime::shell::{Flavor, Shell, input::Input, set_options};

fn flavor(s: &Start<'_, '_>) -> Flavor {
    let called = name(s.words.first().map_or("", String::as_str)).trim_start_matches('-');
    match (called, super::tools(s.sys)) {
        ("bash", _) => Flavor::Bash,
        ("dash", _) => Flavor::Dash,
        ("ash", _) | (_, Tools::Busybox) => Flavor::Ash,
        _ => Flavor::Dash,
    }
}

pub fn start(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let flavor = flavor(s);
    let (mut words, mut text, mut options, mut typed) = (s.words[1..].to_vec(), false, vec![], false);
    while let Some(w) = words.first().filter(|w| w.len() > 1 && (w.starts_with('-') || w.starts_with('+'))).cloned() {
        words.remove(0);
        match w.as_str() {
            "--" => break,
            "--login" | "--norc" | "--noprofile" | "--posix" => continue,
            _ => {}
        }
        text |= w.starts_with('-') && w.contains('c');
        typed |= w.starts_with('-') && w.contains('i');
        let letters: String = w.chars().filter(|c| !"cils".contains(*c)).collect();
        if letters.len() > 1 {
            options.push(letters.clone());
            if letters.ends_with('o') && !words.is_empty() {
                options.push(words.remove(0));
            }
        }
    }
    let called = s.words.first().cloned().unwrap_or_default();
    let mut sh = if text {
        if words.is_empty() {
            let text = format!("{called}: -c requires an argument\n");
            return Box::new(Printing::error(text, 2));
        }
        let script = words.remove(0);
        let mut sh = Shell::of_script(flavor, s.env, &script);
        sh.name = if words.is_empty() { called } else { words.remove(0) };
        sh
    } else if let Some(path) = words.first().cloned() {
        words.remove(0);
        match s.sys.read_file(&path) {
            Ok(content) => {
                let mut sh = Shell::of_script(flavor, s.env, &String::from_utf8_lossy(&content));
                sh.name = path;
                sh
            }
            Err(e) => {
                let text = match flavor {
                    Flavor::Dash => format!("{called}: 0: cannot open {path}: No such file\n"),
                    Flavor::Ash => format!("{called}: can't open '{path}': {}\n", e.text()),
                    Flavor::Bash => format!("{called}: {path}: {}\n", e.text()),
                };
                return Box::new(Printing::error(text, if flavor == Flavor::Bash { 127 } else { 2 }));
            }
        }
    } else {
        let typed = typed || s.sys.is_terminal(STDIN);
        let mut sh = Shell::new(flavor, s.env, Input::stdin(typed));
        sh.name = called;
        sh
    };
    sh.args = words;
    if let Err(e) = set_options(&mut sh.options, &options) {
        return Box::new(Printing::error(format!("{}: {e}\n", sh.name), 2));
    }
    Box::new(sh)
}
