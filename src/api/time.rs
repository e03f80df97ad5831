//! Instants of the cluster's clock. They are data: nothing here reads a clock.

use std::ops::{Add, Sub};

pub use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime as MetaMicroTime, Time as MetaTime};

/// An instant, in nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Time(u64);

/// The number of a record of the ledger. A cause's number is always smaller than its effect's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct RecordId(pub u64);

impl Time {
    /// When time starts for `run`, lessons and tests: 2026-01-01T00:00:00Z.
    pub const ZERO: Time = Time(1_767_225_600_000_000_000);

    pub fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    pub fn nanos(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The instant as the API writes it, cut to whole seconds as `metav1.Time` does.
    pub fn meta(self) -> MetaTime {
        MetaTime(Time(self.0 - self.0 % 1_000_000_000).timestamp())
    }

    /// The instant with microseconds, as leases and events carry it.
    pub fn meta_micro(self) -> MetaMicroTime {
        MetaMicroTime(Time(self.0 - self.0 % 1_000).timestamp())
    }

    pub fn from_meta(t: &MetaTime) -> Time {
        Time(u64::try_from(t.0.as_nanosecond()).unwrap_or(0))
    }

    pub fn from_meta_micro(t: &MetaMicroTime) -> Time {
        Time(u64::try_from(t.0.as_nanosecond()).unwrap_or(0))
    }

    pub fn parse(rfc3339: &str) -> Option<Time> {
        let t: Timestamp = rfc3339.parse().ok()?;
        u64::try_from(t.as_nanosecond()).ok().map(Time)
    }

    /// `2026-01-01T00:00:00Z`
    pub fn rfc3339(self) -> String {
        self.meta().0.to_string()
    }

    /// `2026-01-01 00:00:00.000000000 +0000`, as `diff` heads its files.
    pub fn diff_stamp(self) -> String {
        self.timestamp().strftime("%Y-%m-%d %H:%M:%S.%9f +0000").to_string()
    }

    /// `0101 00:00:00.000000`, as klog begins its lines.
    pub fn klog_stamp(self) -> String {
        self.timestamp().strftime("%m%d %H:%M:%S.%6f").to_string()
    }

    /// `2026/01/01 00:00:00`, as Go's log package begins its lines.
    pub fn go_log_stamp(self) -> String {
        self.timestamp().strftime("%Y/%m/%d %H:%M:%S").to_string()
    }

    /// `2026-01-01 00:00:00.000000000 +0000 UTC`, as Go prints a time.
    pub fn go_time(self) -> String {
        let (_, nanos) = self.unix_seconds_and_nanos();
        let fraction = format!("{nanos:09}");
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        self.timestamp().strftime(&format!("%Y-%m-%d %H:%M:%S{point}{fraction} +0000 UTC")).to_string()
    }

    /// `Thu, 01 Jan 2026 00:00:00 GMT`, as web servers write times.
    pub fn http_date(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// `..2026_01_01_00_00_00.123456789`, as kubelet names what it lays out.
    pub fn atomic_writer_stamp(self) -> String {
        self.timestamp().strftime("..%Y_%m_%d_%H_%M_%S.%9f").to_string()
    }

    /// `01/Jan/2026:00:00:00 +0000`, as they do in their logs.
    pub fn common_log_stamp(self) -> String {
        self.timestamp().strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// `01 Jan 2026 00:00:00.000`, as Redis does in its log.
    pub fn redis_log_stamp(self) -> String {
        self.timestamp().strftime("%d %b %Y %H:%M:%S.%3f").to_string()
    }

    /// Seconds since 1970, and the rest in nanoseconds.
    pub fn unix_seconds_and_nanos(self) -> (i64, i32) {
        let t = self.timestamp();
        (t.as_second(), t.subsec_nanosecond())
    }

    /// `Thu, 01 Jan 2026 00:00:00 +0000`, as `kubectl describe` writes times.
    pub fn rfc1123z(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, d: Duration) -> Time {
        Time(self.0.saturating_add(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, d: Duration) -> Time {
        Time(self.0.saturating_sub(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// What Go's `time.Parse` says of a text that is no time as objects hold them; `None` of one that is.
pub fn unreadable(text: &str, micro: bool) -> Option<String> {
    if text.parse::<Timestamp>().is_ok() {
        return None;
    }
    const PARTS: [(&str, usize); 11] = [
        ("2006", 4),
        ("-", 0),
        ("01", 2),
        ("-", 0),
        ("02", 2),
        ("T", 0),
        ("15", 2),
        (":", 0),
        ("04", 2),
        (":", 0),
        ("05", 2),
    ];
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let head = format!("parsing time {} as {layout:?}", quoted(text));
    let mut rest = text;
    for (part, digits) in PARTS {
        let next = match digits {
            0 => rest.strip_prefix(part),
            n => rest.get(..n).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).map(|_| &rest[n..]),
        };
        match next {
            Some(r) => rest = r,
            None => return Some(format!("{head}: cannot parse {} as {part:?}", quoted(rest))),
        }
    }
    Some(format!("{head}: cannot parse {} as \"Z07:00\"", quoted(rest)))
}

/// As Go's package of times quotes: byte by byte, what is no ASCII too.
fn quoted(text: &str) -> String {
    let sign = |b: u8| match b {
        b'"' | b'\\' => format!("\\{}", char::from(b)),
        b' '..=b'~' | 0x7f => char::from(b).to_string(),
        _ => format!("\\x{b:02x}"),
    };
    format!("\"{}\"", text.bytes().map(sign).collect::<String>())
}

/// A duration as kubectl and the API server print ages: `5s`, `2m30s`, `47h`, `3d4h`, `2y10d`.
///
/// Real Kubernetes: `k8s.io/apimachinery/pkg/util/duration.HumanDuration`.
pub fn human(d: Duration) -> String {
    let s = d.as_secs();
    let (m, h, days) = (s / 60, s / 3600, s / 86_400);
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    match () {
        () if s < 120 => format!("{s}s"),
        () if m < 10 => two(m, "m", s % 60, "s"),
        () if m < 180 => format!("{m}m"),
        () if h < 8 => two(h, "h", m % 60, "m"),
        () if h < 48 => format!("{h}h"),
        () if h < 192 => two(h / 24, "d", h % 24, "h"),
        () if days < 365 * 2 => format!("{days}d"),
        () if days < 365 * 8 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

/// How long ago something was; what is yet to come is invalid, but for clocks that are two seconds apart.
pub fn ago(then: Time, now: Time) -> String {
    if then.since(now).as_secs() > 1 { "<invalid>".into() } else { human(now.since(then)) }
}

/// Reads a duration as Go writes it: `1h2m3.5s`, `250ms`. A bare `0` is allowed, another bare number is not.
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(r) => (-1.0, r),
        None => (1.0, text),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit_end] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    // A negative duration means "at once" everywhere we read one.
    Duration::try_from_secs_f64((sign * seconds).max(0.0)).ok()
}

/// A duration as Go prints it, for messages: `1m30s`, `63ms`, `2.5s`.
pub fn go_duration(d: Duration) -> String {
    let nanos = d.as_nanos();
    let trim = |value: f64, digits: usize| {
        let s = format!("{value:.digits$}");
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_string() } else { s }
    };
    if nanos == 0 {
        return "0s".into();
    }
    if nanos < 1_000_000_000 {
        return match nanos {
            n if n < 1_000 => format!("{n}ns"),
            n if n < 1_000_000 => format!("{}µs", trim(n as f64 / 1e3, 3)),
            n => format!("{}ms", trim(n as f64 / 1e6, 6)),
        };
    }
    let (h, m) = (d.as_secs() / 3600, d.as_secs() / 60 % 60);
    let s = trim((nanos % 60_000_000_000) as f64 / 1e9, 9);
    match (h, m) {
        (0, 0) => format!("{s}s"),
        (0, _) => format!("{m}m{s}s"),
        _ => format!("{h}h{m}m{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        for (seconds, want) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (600, "10m"),
            (10_800, "3h"),
            (11_100, "3h5m"),
            (28_800, "8h"),
            (172_800, "2d"),
            (183_600, "2d3h"),
            (691_200, "8d"),
            (63_072_000, "2y"),
        ] {
            assert_eq!(human(Duration::from_secs(seconds)), want);
        }
    }

    #[test]
    fn go_durations_read_and_print() {
        assert_eq!(parse_go_duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_go_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_go_duration("5"), None);
        assert_eq!(parse_go_duration("x"), None);
        assert_eq!(go_duration(Duration::from_millis(63)), "63ms");
        assert_eq!(go_duration(Duration::from_millis(2500)), "2.5s");
        assert_eq!(go_duration(Duration::from_secs(90)), "1m30s");
    }
}
