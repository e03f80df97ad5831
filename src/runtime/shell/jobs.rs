//! What runs beside a shell, by the numbers that people call it by: `jobs`, `kill %1`.

use super::Shell;
use super::builtins::{Ran, say};
use crate::runtime::kernel::{ProcessId, Sys};

/// Those that have not ended. Who has is forgotten.
fn running(sh: &mut Shell, sys: &mut Sys<'_>) -> Vec<ProcessId> {
    sh.background.retain(|id| sys.has_child(*id) && sys.reap(Some(*id)).is_none());
    sh.background.clone()
}

/// The process that `%1`, `%%` or `%+` stands for.
pub fn by_number(sh: &mut Shell, word: &str, sys: &mut Sys<'_>) -> Option<ProcessId> {
    let number = word.strip_prefix('%')?;
    let all = running(sh, sys);
    match number {
        "" | "%" | "+" => all.last().copied(),
        "-" => all.iter().rev().nth(1).copied(),
        n => all.get(n.parse::<usize>().ok()?.checked_sub(1)?).copied(),
    }
}

/// The words that a process was begun with, or those of what it has begun.
fn words(id: ProcessId, sys: &Sys<'_>) -> String {
    let all = sys.processes();
    let below = all.iter().find(|p| p.parent == id);
    let found = all.iter().find(|p| p.id == id);
    let own = found.filter(|p| below.is_none() || p.words.first().is_some_and(|w| !w.ends_with("sh")));
    own.or(below).map(|p| p.words.join(" ")).unwrap_or_default()
}

pub fn jobs(sh: &mut Shell, _: &[String], sys: &mut Sys<'_>) -> Ran {
    let all = running(sh, sys);
    let n = all.len();
    let line = |(i, id): (usize, &ProcessId)| {
        let sign = match n - i {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        format!("[{}]{sign}  {:<24}{} &\n", i + 1, "Running", words(*id, sys))
    };
    let text: String = all.iter().enumerate().map(line).collect();
    say(sh, &text, sys)
}
