//! Sizes and times as Docker writes them.
//! Docker: github.com/docker/go-units.

use crate::api::{Duration, Time};

/// With so many digits that matter.
fn digits(n: f64, count: i32) -> String {
    let whole = if n < 1.0 { 1 } else { n.log10().floor() as i32 + 1 };
    let text = format!("{n:.*}", usize::try_from((count - whole).max(0)).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut n, mut unit) = (bytes as f64, 0);
    while n >= 1000.0 && unit + 1 < UNITS.len() {
        n /= 1000.0;
        unit += 1;
    }
    format!("{}{}", digits(n, 3), UNITS[unit])
}

pub fn duration(d: Duration) -> String {
    let seconds = d.as_secs();
    let (minutes, hours) = (seconds / 60, (d.as_secs_f64() / 3600.0 + 0.5) as u64);
    match () {
        () if seconds < 1 => "Less than a second".into(),
        () if seconds == 1 => "1 second".into(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".into(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".into(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 14 => format!("{} days", hours / 24),
        () if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", hours / 24 / 365),
    }
}

pub fn ago(then: Time, now: Time) -> String {
    format!("{} ago", duration(now.since(then)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_written_for_people() {
        for (bytes, want) in [
            (0, "0B"),
            (999, "999B"),
            (2_500, "2.5kB"),
            (62_000_000, "62MB"),
            (187_400_000, "187MB"),
            (1_234_000_000, "1.23GB"),
        ] {
            assert_eq!(size(bytes), want);
        }
        for (seconds, want) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (61, "About a minute"),
            (3_000, "50 minutes"),
            (3_700, "About an hour"),
            (1_209_600, "2 weeks"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), want);
        }
    }
}
