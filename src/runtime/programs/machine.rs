//! What a machine tells of itself: `free`, `uptime`, `top`, `nproc`, and a few that are asked rarely.

use super::Call;
use super::files::options;
use super::users::name_of;
use crate::runtime::kernel::proc;

/// The CPUs of a node.
pub const CPUS: u32 = 2;

pub fn nproc(c: &mut Call<'_, '_>) -> i32 {
    let ignored = c.args().iter().find_map(|a| a.strip_prefix("--ignore=")?.parse::<u32>().ok()).unwrap_or(0);
    c.line(CPUS.saturating_sub(ignored).max(1).to_string());
    0
}

pub fn free(c: &mut Call<'_, '_>) -> i32 {
    let o = match options(c, "bkmghtw", "sc", &[("human", 'h'), ("mega", 'm'), ("kilo", 'k')]) {
        Ok(o) => o,
        Err(code) => return code,
    };
    let m = proc::memory(c.sys);
    let human = |kb: u64| super::listing::human(usize::try_from(kb * 1024).unwrap_or(usize::MAX));
    let gnu = c.is_gnu();
    let unit = |kb: u64| match o.last_of("bkmgh") {
        Some('b') => (kb * 1024).to_string(),
        Some('m') => (kb / 1024).to_string(),
        Some('g') => (kb / 1024 / 1024).to_string(),
        Some('h') if gnu => human(kb) + "i",
        Some('h') => human(kb),
        _ => kb.to_string(),
    };
    let row = |all: [u64; 6]| all.map(|n| format!("{:>11}", unit(n))).join(" ");
    let names = ["total", "used", "free", "shared", "buff/cache", "available"].map(|n| format!("{n:>11}"));
    let (left, none) = if gnu { ("Mem:    ", "Swap:   ") } else { ("Mem:   ", "Swap:  ") };
    c.line(format!("{} {}", " ".repeat(left.len()), names.join(" ")));
    let used = m.total - m.free - m.cache;
    c.line(format!("{left} {}", row([m.total, used, m.free, 0, m.cache, m.available])));
    let swap = [0, 0, 0].map(|n: u64| format!("{:>11}", unit(n))).join(" ");
    c.line(format!("{none} {swap}"));
    0
}

/// `1:02`, `3 days,  4:05`, `5 min`.
fn length(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let time = if hours > 0 { format!("{hours:>2}:{minutes:02}") } else { format!("{minutes} min") };
    match days {
        0 => time,
        1 => format!("1 day, {time}"),
        n => format!("{n} days, {time}"),
    }
}

fn first_line(c: &Call<'_, '_>) -> String {
    let now = super::moments::shown(c.sys.now, "%H:%M:%S");
    let up = length(super::storage::up(c.sys.now));
    format!("{now} up {up},  0 users,  load average: 0.00, 0.01, 0.05")
}

pub fn uptime(c: &mut Call<'_, '_>) -> i32 {
    if c.args().iter().any(|a| a == "-p") {
        let text = format!("up {}", length(super::storage::up(c.sys.now)));
        c.line(text);
        return 0;
    }
    let text = format!(" {}", first_line(c));
    c.line(text);
    0
}

pub fn w(c: &mut Call<'_, '_>) -> i32 {
    let text = format!(" {}", first_line(c));
    c.line(text);
    c.line("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT");
    0
}

/// One screen: somebody who watches sees it once.
pub fn top(c: &mut Call<'_, '_>) -> i32 {
    let m = proc::memory(c.sys);
    let used = m.total - m.free - m.cache;
    let processes = c.sys.processes();
    if c.is_gnu() {
        let line = format!("top - {}", first_line(c));
        c.line(line);
        let n = processes.len();
        c.line(format!(
            "Tasks: {n:>3} total,   1 running, {:>3} sleeping,   0 stopped,   0 zombie",
            n.saturating_sub(1)
        ));
        c.line("%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st");
        #[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
        let mebi = |kb: u64| format!("{:.1}", kb as f64 / 1024.0);
        c.line(format!(
            "MiB Mem : {:>8} total, {:>8} free, {:>8} used, {:>8} buff/cache",
            mebi(m.total),
            mebi(m.free),
            mebi(used),
            mebi(m.cache)
        ));
        c.line(format!("MiB Swap:      0.0 total,      0.0 free,      0.0 used. {:>8} avail Mem", mebi(m.available)));
        c.line("");
        c.line("    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND");
        for p in processes {
            let user = name_of(p.who.user, c.sys).unwrap_or_else(|| p.who.user.to_string());
            let command =
                p.words.first().map(|w| crate::runtime::kernel::tree::name(w).to_string()).unwrap_or_default();
            c.line(format!("{:>7} {user:<8}  20   0    4624   1024    896 S   0.0   0.0   0:00.00 {command}", p.pid));
        }
        return 0;
    }
    c.line(format!("Mem: {used}K used, {}K free, 0K shrd, 0K buff, {}K cached", m.free, m.cache));
    c.line("CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq");
    c.line(format!("Load average: 0.00 0.01 0.05 1/{} {}", processes.len(), c.sys.pid()));
    c.line("  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND");
    for p in processes {
        let user = name_of(p.who.user, c.sys).unwrap_or_else(|| p.who.user.to_string());
        let parent = c.sys.machine.process(p.parent).map_or(0, |q| q.pid);
        c.line(format!("{:>5} {parent:>5} {user:<8} S     4400   0%   0   0% {}", p.pid, p.words.join(" ")));
    }
    0
}

pub fn arch(c: &mut Call<'_, '_>) -> i32 {
    c.line("x86_64");
    0
}

/// A number made from the address, as the C library does.
pub fn hostid(c: &mut Call<'_, '_>) -> i32 {
    let o = c.sys.machine.address.map_or([127, 0, 0, 1], |a| a.octets());
    c.line(format!("{:02x}{:02x}{:02x}{:02x}", o[1], o[0], o[3], o[2]));
    0
}

pub fn uuidgen(c: &mut Call<'_, '_>) -> i32 {
    let b = c.sys.noise(16);
    let hex: String = b.iter().map(|b| format!("{b:02x}")).collect();
    let variant = ["8", "9", "a", "b"][usize::from(b[8] & 3)];
    c.line(format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32]));
    0
}

/// Modules and messages of the kernel are not for containers.
pub fn dmesg(c: &mut Call<'_, '_>) -> i32 {
    c.cannot("read kernel buffer failed: Operation not permitted", "klogctl: Operation not permitted");
    1
}
