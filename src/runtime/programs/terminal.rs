//! Programs about terminals and the people at them.

use super::Call;
use super::filter::{Filter, Flow, Out};
use super::users::name_of;
use crate::runtime::kernel::{Errno, STDIN, Sys};

pub fn tty(c: &mut Call<'_, '_>) -> i32 {
    let quiet = c.args().iter().any(|a| a == "-s");
    let is_terminal = c.sys.is_terminal(STDIN);
    if !quiet {
        c.line(if is_terminal { "/dev/pts/0" } else { "not a tty" });
    }
    i32::from(!is_terminal)
}

pub fn stty(c: &mut Call<'_, '_>) -> i32 {
    if !c.sys.is_terminal(STDIN) {
        c.cannot("'standard input': Inappropriate ioctl for device", "standard input: Not a tty");
        return 1;
    }
    match c.args().first().map(String::as_str) {
        Some("size") => c.line("24 80"),
        None => c.line("speed 38400 baud; line = 0;\n-brkint -imaxbel"),
        _ => {}
    }
    0
}

pub fn clear(c: &mut Call<'_, '_>) -> i32 {
    c.out.extend(b"\x1b[H\x1b[J");
    0
}

pub fn reset(c: &mut Call<'_, '_>) -> i32 {
    c.out.extend(b"\x1bc\x1b(B\x1b[0m\x1b[J\x1b[?25h");
    0
}

/// Editors paint a screen, which nobody here has.
pub fn editor(c: &mut Call<'_, '_>) -> i32 {
    c.complain("needs a full-screen terminal, which this cluster does not have: use sed, or cat with a here-document");
    1
}

/// `less` and `more` without a terminal print all there is; so they do here with one.
#[derive(Clone)]
struct Pager {
    files: Vec<String>,
    failed: bool,
}

pub fn pager(words: &[String]) -> Result<Box<dyn Filter>, (String, i32)> {
    let files = words[1..].iter().filter(|w| !w.starts_with(['-', '+']) || *w == "-").cloned().collect();
    Ok(Box::new(Pager { files, failed: false }))
}

impl Filter for Pager {
    fn files(&self) -> Vec<String> {
        self.files.clone()
    }
    fn data(&mut self, data: &[u8], io: &mut Out, _: &mut Sys<'_>) -> Flow {
        io.out.extend(data);
        Flow::More
    }
    fn finish(&mut self, _: &mut Out, _: &mut Sys<'_>) -> i32 {
        i32::from(self.failed)
    }
    fn cannot_open(&self, program: &str, name: &str, why: Errno, _gnu: bool) -> String {
        format!("{program}: can't open '{name}': {}", why.text())
    }
    fn failed(&mut self) {
        self.failed = true;
    }
    fn clone_box(&self) -> Box<dyn Filter> {
        Box::new(self.clone())
    }
}

pub fn logname(c: &mut Call<'_, '_>) -> i32 {
    c.cannot("no login name", "getlogin: No such file or directory");
    1
}

/// Nobody is logged in in a container.
pub fn nobody(c: &mut Call<'_, '_>) -> i32 {
    if c.name() == "last" {
        c.line(if c.is_gnu() { "\nwtmp begins Mon Jan  1 00:00:00 2024" } else { "" });
    } else if !c.is_gnu() {
        c.line("USER\t\tTTY\t\tIDLE\tTIME\t\t HOST");
    }
    0
}

pub fn groups(c: &mut Call<'_, '_>) -> i32 {
    let who = c.sys.who();
    let mut all = vec![who.group];
    all.extend(who.groups.iter().filter(|g| **g != who.group));
    let names: Vec<String> =
        all.into_iter().map(|g| super::users::group_name(g, c.sys).unwrap_or_else(|| g.to_string())).collect();
    c.line(names.join(" "));
    0
}

/// Everything is on the disk at once.
pub fn sync(_: &mut Call<'_, '_>) -> i32 {
    0
}

/// `ps`: busybox's, and Debian's procps.
pub fn ps(c: &mut Call<'_, '_>) -> i32 {
    if !c.is_gnu() {
        return busybox_ps(c);
    }
    let letters: String = c.args().iter().map(|a| a.trim_start_matches('-')).collect();
    let dashed = c.args().first().is_some_and(|a| a.starts_with('-'));
    let own = c.sys.pid();
    let stamp = |c: &Call<'_, '_>, t| {
        super::moments::shown(t, if c.sys.now.since(t).as_secs() > 86_400 { "%b%d" } else { "%H:%M" })
    };
    let columns = c.args().iter().position(|a| a == "-o").and_then(|i| c.args().get(i + 1).cloned());
    if let Some(columns) = columns {
        return chosen(c, &columns);
    }
    let user_format = letters.contains('u') && !dashed;
    if user_format {
        c.line("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND");
    } else if letters.contains('f') {
        c.line("UID          PID    PPID  C STIME TTY          TIME CMD");
    } else if letters.contains('x') || letters.contains('a') && !dashed {
        c.line("    PID TTY      STAT   TIME COMMAND");
    } else {
        c.line("    PID TTY          TIME CMD");
    }
    for p in c.sys.processes() {
        let user = name_of(p.who.user, c.sys).unwrap_or_else(|| p.who.user.to_string());
        let (words, at) = (p.words.join(" "), stamp(c, p.started));
        let comm = p.words.first().map(|w| crate::runtime::kernel::tree::name(w).to_string()).unwrap_or_default();
        let parent = c.sys.machine.process(p.parent).map_or(0, |q| q.pid);
        let state = match (p.pid == own, p.pid == 1) {
            (true, _) => "R",
            (_, true) => "Ss",
            _ => "S",
        };
        if user_format {
            c.line(format!("{user:<8} {:>7}  0.0  0.0   4624  1024 ?        {state:<4} {at:<5}   0:00 {words}", p.pid));
        } else if letters.contains('f') {
            c.line(format!("{user:<8} {:>7} {parent:>7}  0 {at:<5} ?        00:00:00 {words}", p.pid));
        } else if letters.contains('x') || letters.contains('a') && !dashed {
            c.line(format!("{:>7} ?        {state:<4}   0:00 {words}", p.pid));
        } else {
            c.line(format!("{:>7} ?        00:00:00 {comm}", p.pid));
        }
    }
    0
}

fn busybox_ps(c: &mut Call<'_, '_>) -> i32 {
    let columns = c.args().iter().position(|a| a == "-o").and_then(|i| c.args().get(i + 1).cloned());
    if let Some(columns) = columns {
        return chosen(c, &columns);
    }
    c.line("PID   USER     TIME  COMMAND");
    for p in c.sys.processes() {
        let user = name_of(p.who.user, c.sys).unwrap_or_else(|| p.who.user.to_string());
        let words = p.words.join(" ");
        let shown = if words.is_empty() { "[]".to_string() } else { words };
        c.line(format!("{:>5} {user:<8}  0:00 {shown}", p.pid));
    }
    0
}

/// `ps -o pid,user,args`
fn chosen(c: &mut Call<'_, '_>, columns: &str) -> i32 {
    let columns: Vec<(String, String)> = columns
        .split(',')
        .map(|n| n.split_once('=').map_or_else(|| (n.to_string(), title(n)), |(n, t)| (n.into(), t.into())))
        .collect();
    let mut rows: Vec<Vec<String>> = vec![];
    if columns.iter().any(|(_, t)| !t.is_empty()) {
        rows.push(columns.iter().map(|(_, t)| t.clone()).collect());
    }
    for p in c.sys.processes() {
        let user = name_of(p.who.user, c.sys).unwrap_or_else(|| p.who.user.to_string());
        let parent = c.sys.machine.process(p.parent).map_or(0, |q| q.pid);
        let cell = |name: &str| match name {
            "pid" => p.pid.to_string(),
            "ppid" => parent.to_string(),
            "user" | "euser" | "ruser" => user.clone(),
            "uid" => p.who.user.to_string(),
            "comm" | "ucmd" => {
                p.words.first().map(|w| crate::runtime::kernel::tree::name(w).to_string()).unwrap_or_default()
            }
            "args" | "cmd" | "command" => p.words.join(" "),
            "stat" | "s" | "state" => "S".into(),
            "vsz" => "4400".into(),
            "rss" => "1024".into(),
            _ => "0".into(),
        };
        rows.push(columns.iter().map(|(n, _)| cell(n)).collect());
    }
    let widths: Vec<usize> = (0..columns.len()).map(|i| rows.iter().map(|r| r[i].len()).max().unwrap_or(0)).collect();
    for r in rows {
        let last = r.len() - 1;
        let cell = |(i, t): (usize, &String)| match columns[i].0.as_str() {
            _ if i == last => t.clone(),
            "pid" | "ppid" | "uid" | "vsz" | "rss" => format!("{t:>w$} ", w = widths[i].max(5)),
            _ => format!("{t:<w$} ", w = widths[i].max(8)),
        };
        let text: String = r.iter().enumerate().map(cell).collect();
        c.line(text);
    }
    0
}

fn title(name: &str) -> String {
    match name {
        "args" | "cmd" | "comm" | "command" => "COMMAND".into(),
        n => n.to_uppercase(),
    }
}
