//! Schedules of CronJobs: how they are written, and (in [`due`]) when they are due next. Pure functions: the caller brings the
//! time.
//!
//! Real Kubernetes: github.com/robfig/cron/v3 ParseStandard, SpecSchedule.Next, and pkg/util/parsers.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::go_text::quoted;
use super::time_zone;

mod due;

/// When something is due.
#[derive(Clone, Debug)]
pub enum Schedule {
    Fields(Fields),
    /// Again and again after so long, a second at least.
    Every(Duration),
}

/// The minutes, hours and days at which something is due, each a set of bits.
#[derive(Clone, PartialEq, Debug)]
pub struct Fields {
    minute: u64,
    hour: u64,
    day_of_month: u64,
    month: u64,
    day_of_week: u64,
    /// The zone that the schedule itself names. (CronJobs have a field for that, and may no longer do it here.)
    zone: Option<TimeZone>,
}

/// Set where a star was written: a day must then be right by the month and by the week, otherwise by one of them.
const STAR: u64 = 1 << 63;

/// The values that a field can have, and their names.
struct Bounds {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAYS: Bounds = Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Bounds {
    fn all(&self) -> u64 {
        bits(self.min, self.max, 1) | STAR
    }

    fn first(&self) -> u64 {
        1 << self.min
    }
}

/// Reads a schedule.
///
/// # Errors
/// What is wrong with it, in the words of the library.
pub fn parse(text: &str) -> Result<Schedule, String> {
    if text.is_empty() {
        return Err("empty spec string".into());
    }
    let (zone, text) = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
        None => (None, text),
        Some(rest) => {
            // The library takes what comes before the first blank, and trips over a text that has none.
            let (name, rest) = rest
                .split_once(' ')
                .ok_or("invalid schedule format: runtime error: slice bounds out of range [:-1]")?;
            let zone = time_zone::load(name).map_err(|why| format!("provided bad location {name}: {why}"))?;
            (Some(zone), rest.trim())
        }
    };
    if text.starts_with('@') {
        return named(text, zone);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day_of_month, month, day_of_week] = words.as_slice() else {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", words.len(), words.join(" ")));
    };
    Ok(Schedule::Fields(Fields {
        minute: field(minute, &MINUTES)?,
        hour: field(hour, &HOURS)?,
        day_of_month: field(day_of_month, &DAYS)?,
        month: field(month, &MONTHS)?,
        day_of_week: field(day_of_week, &WEEKDAYS)?,
        zone,
    }))
}

/// `@hourly` and the like.
fn named(text: &str, zone: Option<TimeZone>) -> Result<Schedule, String> {
    let daily = Fields {
        minute: MINUTES.first(),
        hour: HOURS.first(),
        day_of_month: DAYS.all(),
        month: MONTHS.all(),
        day_of_week: WEEKDAYS.all(),
        zone,
    };
    Ok(Schedule::Fields(match text {
        "@yearly" | "@annually" => Fields { day_of_month: DAYS.first(), month: MONTHS.first(), ..daily },
        "@monthly" => Fields { day_of_month: DAYS.first(), ..daily },
        "@weekly" => Fields { day_of_week: WEEKDAYS.first(), ..daily },
        "@daily" | "@midnight" => daily,
        "@hourly" => Fields { hour: HOURS.all(), ..daily },
        _ => {
            let Some(duration) = text.strip_prefix("@every ") else {
                return Err(format!("unrecognized descriptor: {text}"));
            };
            let nanos = go_duration(duration).map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(0).max(1);
            return Ok(Schedule::Every(Duration::from_secs(seconds)));
        }
    }))
}

/// A list of ranges. Empty items are skipped.
fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    text.split(',').filter(|r| !r.is_empty()).try_fold(0, |set, r| Ok(set | range(r, bounds)?))
}

/// `*`, `5`, `1-5`, `*/10` or `1-30/2`.
fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end, mut star) = match ends.as_slice() {
        ["*" | "?", ..] => (bounds.min, bounds.max, STAR),
        [one] => {
            let n = number_or_name(one, bounds)?;
            (n, n, 0)
        }
        [first, last] => (number_or_name(first, bounds)?, number_or_name(last, bounds)?, 0),
        // The first number is read before the rest is counted.
        [first, ..] => {
            number_or_name(first, bounds)?;
            return Err(format!("too many hyphens: {text}"));
        }
        [] => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            if step > 1 {
                star = 0;
            }
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    match () {
        () if start < bounds.min => Err(format!("beginning of range ({start}) below minimum ({}): {text}", bounds.min)),
        () if end > bounds.max => Err(format!("end of range ({end}) above maximum ({}): {text}", bounds.max)),
        () if start > end => Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}")),
        () if step == 0 => Err(format!("step of range should be a positive number: {text}")),
        () => Ok(bits(start, end, step) | star),
    }
}

fn bits(start: u64, end: u64, step: u64) -> u64 {
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    (start..=end).step_by(step).fold(0, |set, n| set | 1 << n)
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    match bounds.names.iter().position(|n| n.eq_ignore_ascii_case(text)) {
        Some(i) => Ok(bounds.min + i as u64),
        None => number(text),
    }
}

/// A number as Go's `strconv.Atoi` reads it.
fn number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let why = if plain { "value out of range" } else { "invalid syntax" };
    let n: i64 = Some(text)
        .filter(|_| plain)
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {why}", quoted(text)))?;
    u64::try_from(n).map_err(|_| format!("negative number ({n}) not allowed: {text}"))
}

/// The digits that a text begins with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Nanoseconds of a duration as Go's `time.ParseDuration` reads it.
fn go_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos: i64 = 0;
    while !rest.is_empty() {
        let (whole, tail) = digits(rest);
        let (fraction, tail) = tail.strip_prefix('.').map_or(("", tail), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let scale: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("time: missing unit in duration {}", quoted(text))),
            _ => return Err(format!("time: unknown unit {} in duration {}", quoted(unit), quoted(text))),
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let part = format!("0.{fraction}").parse::<f64>().unwrap_or(0.0) * scale as f64;
        // A part of a unit is smaller than the unit, which is an i64.
        #[allow(clippy::cast_possible_truncation)]
        let part = part as i64;
        let value = whole.checked_mul(scale).and_then(|n| n.checked_add(part));
        nanos = value.and_then(|v| nanos.checked_add(v)).ok_or_else(invalid)?;
        rest = tail;
    }
    Ok(sign * nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::time::Time;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(go_duration("1h15m30.5s"), Ok(4_530_500_000_000));
        assert_eq!(go_duration("-1.5h"), Ok(-5_400_000_000_000));
        assert_eq!(go_duration(".5s"), Ok(500_000_000));
        assert_eq!(go_duration("."), Err("time: invalid duration \".\"".into()));
        assert_eq!(go_duration("9999999999h"), Err("time: invalid duration \"9999999999h\"".into()));
        assert_eq!(go_duration("3 s"), Err("time: unknown unit \" s\" in duration \"3 s\"".into()));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[-*/?,0-9A-Za-z@ =.]{0,30}", seconds in 0u64..4_000_000_000) {
            if let Ok(schedule) = parse(&text) {
                let _ = schedule.next(Time::from_nanos(seconds * 1_000_000_000), &TimeZone::UTC);
            }
        }
    }
}
