//! Programs that do nothing but take memory and CPU time: `stress`, as the image `polinux/stress` has it, and the one of `vish/stress`.

use super::{Printing, Start};
use crate::api::Duration;
use crate::api::quantity::Quantity;
use crate::runtime::kernel::{Program, STDERR, STDOUT, Step, Sys, Wait};

/// More workers make no difference.
const MOST: u32 = 1024;
/// Work is done in pieces of this.
const PIECE: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Stress {
    /// What it says when it begins.
    says: Vec<u8>,
    to: u32,
    /// Bytes that it has yet to take, and so many at a time.
    left: u64,
    step: u64,
    /// Between two of these times.
    pause: Duration,
    cpus: u32,
    until: Option<Duration>,
    began: Option<crate::api::Time>,
    /// When it takes memory next.
    takes: Option<crate::api::Time>,
}

/// `64M`, `1G`: as `stress` has it.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// `90s`, `2m`, or a number of seconds.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).map(Duration::from_secs)
}

pub fn stress(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let refused = |why: String| -> Box<dyn Program> { Box::new(Printing::error(why, 1)) };
    let name = &s.words[0];
    let (mut cpus, mut workers, mut each, mut until) = (0, 0, 256 << 20, None);
    let (mut io, mut hdd) = (0, 0);
    let mut words = s.words[1..].iter();
    while let Some(word) = words.next() {
        let (flag, own) = word.split_once('=').map_or((word.as_str(), None), |(f, v)| (f, Some(v.to_string())));
        if ["-v", "--verbose", "-q", "--quiet", "-n", "--dry-run", "--vm-keep"].contains(&flag) {
            continue;
        }
        if ["-?", "--help"].contains(&flag) {
            return Box::new(Printing { out: b"`stress' imposes certain types of compute stress on your system\n\nUsage: stress [OPTION [ARG]] ...\n".to_vec(), err: vec![], code: 0 });
        }
        let Some(value) = own.or_else(|| words.next().cloned()) else {
            return refused(format!("{name}: FAIL: [1] (244) missing argument to option '{flag}'\n"));
        };
        let number = value.parse::<u32>().ok().map(|n| n.min(MOST));
        let known = match flag {
            "-c" | "--cpu" => number.map(|n| cpus = n),
            "-i" | "--io" => number.map(|n| io = n),
            "-m" | "--vm" => number.map(|n| workers = n),
            "-d" | "--hdd" => number.map(|n| hdd = n),
            "--vm-bytes" => bytes(&value).map(|n| each = n),
            "-t" | "--timeout" => seconds(&value).map(|d| until = Some(d)),
            "--vm-hang" | "--vm-stride" | "--hdd-bytes" | "--backoff" => Some(()),
            _ => return refused(format!("{name}: FAIL: [1] (244) unrecognized option: {flag}\n")),
        };
        if known.is_none() {
            return refused(format!("{name}: FAIL: [1] (244) invalid number: {value}\n"));
        }
    }
    if cpus + workers + io + hdd == 0 {
        return refused(format!("{name}: FAIL: [1] (244) no work to do\n"));
    }
    let total = each.saturating_mul(workers.into());
    let says =
        format!("stress: info: [{}] dispatching hogs: {cpus} cpu, {io} io, {workers} vm, {hdd} hdd\n", s.sys.pid());
    let says = says.into_bytes();
    Box::new(Stress {
        says,
        to: STDOUT,
        left: total,
        step: total.max(1),
        pause: Duration::ZERO,
        cpus: cpus + workers,
        until,
        began: None,
        takes: None,
    })
}

/// The one of `vish/stress`. Real: github.com/vishh/stress.
pub fn vish(s: &mut Start<'_, '_>) -> Box<dyn Program> {
    let (mut total, mut step, mut cpus, mut pause) = (0, 4 << 10, 0, Duration::from_millis(1));
    let mut words = s.words[1..].iter();
    while let Some(word) = words.next() {
        let flag = word.trim_start_matches('-');
        let (flag, own) = flag.split_once('=').map_or((flag, None), |(f, v)| (f, Some(v.to_string())));
        if flag == "logtostderr" {
            continue;
        }
        let Some(value) = own.or_else(|| words.next().cloned()) else {
            return Box::new(Printing::error(format!("flag needs an argument: -{flag}\n"), 2));
        };
        let amount = || Quantity::parse(&value).and_then(|q| u64::try_from(q.units()).ok());
        match flag {
            "mem-total" => total = amount().unwrap_or(0),
            "mem-alloc-size" => step = amount().unwrap_or(step),
            "mem-alloc-sleep" => pause = crate::api::time::parse_go_duration(&value).unwrap_or(pause),
            "cpus" => cpus = value.parse::<u32>().unwrap_or(0).min(MOST),
            other => return Box::new(Printing::error(format!("flag provided but not defined: -{other}\n"), 2)),
        }
    }
    let line = |what: &str, place: &str| {
        let stamp = s.sys.now.klog_stamp();
        format!("I{stamp}       1 {place}] {what}\n")
    };
    let says = line(
        &format!(
            "Allocating {:?} memory, in {:?} chunks, with a {}ms sleep between allocations",
            total.to_string(),
            step.to_string(),
            pause.as_millis()
        ),
        "main.go:26",
    ) + &(0..cpus).map(|_| line("Spawning a thread to consume CPU", "main.go:39")).collect::<String>();
    Box::new(Stress {
        says: says.into_bytes(),
        to: STDERR,
        left: total,
        step: step.max(1),
        pause,
        cpus,
        until: None,
        began: None,
        takes: None,
    })
}

impl Program for Stress {
    fn run(&mut self, sys: &mut Sys<'_>) -> Step {
        let began = *self.began.get_or_insert(sys.now);
        let _ = sys.drain(self.to, &mut self.says);
        if let Some(d) = self.until.filter(|d| sys.now.since(began) >= *d) {
            let line = format!("stress: info: [{}] successful run completed in {}s\n", sys.pid(), d.as_secs());
            let _ = sys.write(STDOUT, line.as_bytes());
            return Step::Exit(0);
        }
        // Small pieces are taken together: nobody looks as often as that.
        if self.left > 0 && self.takes.is_none_or(|at| sys.now >= at) {
            self.takes = Some(sys.now + self.pause.max(PIECE));
            let times = if self.pause.is_zero() { 1 } else { (PIECE.as_nanos() / self.pause.as_nanos().max(1)).max(1) };
            let take = self.step.saturating_mul(u64::try_from(times).unwrap_or(u64::MAX)).min(self.left);
            if !sys.allocate(take) {
                return Step::Exit(137);
            }
            self.left -= take;
        }
        let mut next = sys.now + PIECE;
        if self.cpus == 0 {
            next = self.takes.unwrap_or(next);
        }
        for _ in 0..self.cpus {
            next = next.max(sys.work(PIECE));
        }
        let rests = self.left == 0 && self.cpus == 0;
        let end = self.until.map(|d| began + d);
        match (rests, end) {
            (true, None) => Step::Wait(Wait::default()),
            (true, Some(end)) => Step::Wait(Wait::until(end)),
            (false, end) => Step::Wait(Wait::until(end.map_or(next, |e| e.min(next)))),
        }
    }

    fn clone_box(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }
}
